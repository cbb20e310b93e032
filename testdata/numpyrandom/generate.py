# Draws of numpy's RandomState and the matrix of scikit-learn's SparseRandomProjection.
import json, hashlib, numpy as np, sklearn
from sklearn.random_projection import SparseRandomProjection, _sparse_random_matrix
out={"numpy":np.__version__,"sklearn":sklearn.__version__,"draws":[], "matrices":[]}
for seed in (0,1,4294967295):
    r=np.random.RandomState(seed)
    out["draws"].append({"seed":seed,
      "uniform":[float(v) for v in r.random_sample(5)],
      "below":[int(r.randint(n)) for n in (1,2,3,1000,1024,1025,2**31)],
      "perm":[int(v) for v in r.permutation(20)],
      "binomial":[[n,p,[int(v) for v in r.binomial(n,p,size=12)]] for n,p in ((1,.5),(10,.1),(1000,.03),(1536,1536**-.5),(1569,1569**-.5),(60000,60000**-.5),(10**6,.3),(10**9,.5),(61,.5))]})
for seed,d,dim in ((0,1536,243),(1,1569,243),(7,128,119),(3,10001,50),(2,400,400)):
    m=_sparse_random_matrix(dim,d,random_state=np.random.RandomState(seed)).toarray()
    s=np.sign(m).astype(np.int8)
    out["matrices"].append({"seed":seed,"d":d,"dim":dim,"nonzero":int((s!=0).sum()),"sum":int(s.sum()),"scale":float(np.abs(m).max()),"sha256":hashlib.sha256(s.tobytes()).hexdigest()})
print(json.dumps(out))
