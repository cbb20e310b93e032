package align

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/golang/geo/r3"
	"gonum.org/v1/gonum/mat"

	"github.com/iad3d/iad3d/internal/golden"
	"github.com/iad3d/iad3d/pointcloud"
)

const (
	// Both programs end at the same least-squares solution of the same matches;
	// the last step of either moves by rounding alone.
	convergedPose = 1e-9
	// A fitness is a quotient of whole numbers, a root mean square a sum in
	// another order.
	exactShare = 1e-12
	// Open3D turns by three angles one after the other, ICP about one axis: equal
	// to second order in an angle of up to 7°, 0.12 radians.
	onePose = 2e-3
)

type icpOracle struct {
	ICP []struct {
		Name        string
		MaxDistance float64 `json:"max_distance"`
		Start       [4][4]float64
		Before      quality
		OneStep     [4][4]float64 `json:"one_step"`
		Converged   struct {
			Transformation [4][4]float64
			quality
			Matched int
		}
	}
}

type quality struct {
	Fitness float64
	RMSE    float64 `json:"inlier_rmse"`
}

func rigid(m [4][4]float64) pointcloud.Rigid {
	var g pointcloud.Rigid
	for i := range 3 {
		g.R[i] = r3.Vector{X: m[i][0], Y: m[i][1], Z: m[i][2]}
	}
	g.T = r3.Vector{X: m[0][3], Y: m[1][3], Z: m[2][3]}
	return g
}

// distance is the largest difference of two motions' numbers.
func distance(g, h pointcloud.Rigid) float64 {
	d := 0.0
	for i := range 3 {
		v := g.R[i].Sub(h.R[i]).Abs()
		d = max(d, v.X, v.Y, v.Z)
	}
	v := g.T.Sub(h.T).Abs()
	return max(d, v.X, v.Y, v.Z)
}

// TestICPAgreesWithOpen3D compares with Open3D 0.16.1 registration_icp, point to
// plane, on clouds that overlap in part; testdata/oracles/align/generate.py made
// the values.
func TestICPAgreesWithOpen3D(t *testing.T) {
	var o icpOracle
	golden.JSON(t, "align/align.json", &o)
	target, err := NewTarget(&pointcloud.Cloud{
		XYZ:     golden.NPY(t, "align/target_points.npy").Float32s(),
		Normals: golden.NPY(t, "align/target_normals.npy").Float64s(),
	})
	if err != nil {
		t.Fatal(err)
	}
	source := &pointcloud.Cloud{XYZ: golden.NPY(t, "align/source_points.npy").Float32s()}
	for _, x := range o.ICP {
		start := rigid(x.Start)
		one, err := ICP(t.Context(), source, target, start, ICPOptions{MaxDistance: x.MaxDistance, Plain: true, Iterations: 1})
		if err != nil {
			t.Fatal(err)
		}
		end, err := ICP(t.Context(), source, target, start, ICPOptions{MaxDistance: x.MaxDistance, Plain: true, Iterations: 300, Done: 1e-14})
		if err != nil {
			t.Fatal(err)
		}
		dOne, dEnd := distance(one.Pose, rigid(x.OneStep)), distance(end.Pose, rigid(x.Converged.Transformation))
		t.Logf("%s: one step differs by %.2g, the end by %.2g after %d steps", x.Name, dOne, dEnd, end.Steps)
		if dOne > onePose || dEnd > convergedPose || !end.Converged {
			t.Errorf("%s: pose differs", x.Name)
		}
		if end.Matched != x.Converged.Matched || math.Abs(end.Fitness-x.Converged.Fitness) > exactShare ||
			math.Abs(end.RMSE-x.Converged.RMSE) > convergedPose {
			t.Errorf("%s: %d matched, fitness %v, distance %v, want %+v", x.Name, end.Matched, end.Fitness, end.RMSE, x.Converged)
		}
	}
}

// TestEigenAgreesWithGonum compares eigenvalues, and the vectors by what they do.
func TestEigenAgreesWithGonum(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for trial := range 300 {
		n := 2 + trial%5
		a := make([]float64, n*n)
		for i := range n {
			for j := range i + 1 {
				v := r.NormFloat64() * math.Pow(10, float64(trial%7-3))
				if trial%11 == 0 {
					v = float64(r.IntN(2)) // equal eigenvalues
				}
				a[i*n+j], a[j*n+i] = v, v
			}
		}
		var peer mat.EigenSym
		if !peer.Factorize(mat.NewSymDense(n, append([]float64(nil), a...)), false) {
			t.Fatal("gonum does not converge")
		}
		scale := mat.Norm(mat.NewDense(n, n, append([]float64(nil), a...)), 2) + 1e-300
		values, vectors := eigen(append([]float64(nil), a...), n)
		for k, want := range peer.Values(nil) {
			if math.Abs(values[k]-want) > 1e-13*scale {
				t.Fatalf("eigenvalue %v, gonum finds %v", values[k], want)
			}
			v := vectors[k*n : (k+1)*n]
			length := 0.0
			for i := range n {
				av := 0.0
				for j := range n {
					av += a[i*n+j] * v[j]
				}
				if math.Abs(av-values[k]*v[i]) > 1e-13*scale {
					t.Fatalf("%v is no eigenvector of %v", v, a)
				}
				length += v[i] * v[i]
			}
			if math.Abs(length-1) > 1e-13 {
				t.Fatalf("length %v", length)
			}
		}
	}
}

func TestHornFindsTheMotion(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	for range 100 {
		g := randomPose(r, 1)
		pairs, idx := make([]pair, 5), []int32{0, 1, 2, 3, 4}
		for i := range pairs {
			p := r3.Vector{X: r.NormFloat64(), Y: r.NormFloat64(), Z: r.NormFloat64()}
			pairs[i] = pair{p, g.Apply(p)}
		}
		if d := distance(horn(pairs, idx), g); d > 1e-12 {
			t.Fatalf("off by %g", d)
		}
	}
}
