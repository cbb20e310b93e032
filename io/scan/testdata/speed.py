"""Compares reading speed with Open3D, in turns, in processor time (user and system).

go test -c -o /tmp/scan.test ./io/scan
python3 io/scan/testdata/speed.py /tmp/scan.test /tmp/speed

A million points of a wavy surface in raster order, with noise of 0.1 mm, colours
and normals. Files are written by Open3D; float.ply is what iad3d convert makes of the first.
"""
import os
import re
import statistics
import subprocess
import sys
import time

import numpy as np
import open3d as o3d

binary, folder = sys.argv[1:3]
os.makedirs(folder, exist_ok=True)
rng = np.random.default_rng(1)
x, y = np.meshgrid(np.linspace(0, 1, 1000), np.linspace(0, 1, 1000))
z = 0.05 * np.sin(9 * x) * np.cos(7 * y) + 0.6
xyz = np.stack([x, y, z], 2).reshape(-1, 3) + rng.normal(0, 1e-4, (1000000, 3))
cloud = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(xyz.astype(np.float32).astype(float)))
cloud.colors = o3d.utility.Vector3dVector(np.clip(np.stack([x, y, 0.5 + 0 * x], 2).reshape(-1, 3), 0, 1))
o3d.io.write_point_cloud(f"{folder}/double.ply", cloud)
o3d.io.write_point_cloud(f"{folder}/colour.pcd", cloud, compressed=True)
bare = o3d.geometry.PointCloud(cloud.points)
o3d.io.write_point_cloud(f"{folder}/bare.pcd", bare, compressed=True)
cloud.normals = o3d.utility.Vector3dVector(np.tile([0.0, 0.6, -0.8], (1000000, 1)))
o3d.io.write_point_cloud(f"{folder}/normals.pcd", cloud, compressed=True)
o3d.io.write_point_cloud(f"{folder}/text.ply", bare, write_ascii=True)
raw = np.empty(1000000, dtype=[("p", "<f4", 3), ("c", "u1", 3)])
raw["p"], raw["c"] = np.asarray(cloud.points), np.rint(np.asarray(cloud.colors) * 255)
with open(f"{folder}/float.ply", "wb") as f:
    f.write(b"ply\nformat binary_little_endian 1.0\nelement vertex 1000000\n")
    f.write(b"".join(b"property float %c\n" % c for c in b"xyz"))
    f.write(b"property uchar red\nproperty uchar green\nproperty uchar blue\nend_header\n")
    f.write(raw.tobytes())

names = sorted(n for n in os.listdir(folder) if n.endswith((".ply", ".pcd")))
ours, theirs = {n: [] for n in names}, {n: [] for n in names}
turns, reads = 5, 10
for turn in range(turns):
    out = subprocess.run([binary, "-test.run=^$", "-test.bench=Read", f"-test.benchtime={reads}x"], env={**os.environ, "IAD3D_SPEED": folder},
                         capture_output=True, text=True, check=True).stdout
    for n in names:
        m = re.search(re.escape(n.replace(".", "_")) + r"\S*\s.*?([\d.]+) cpu-ms/op", out)
        ours[n].append(float(m.group(1)))
        start = time.process_time()
        for _ in range(reads):
            c = o3d.io.read_point_cloud(f"{folder}/{n}")
        theirs[n].append((time.process_time() - start) / reads * 1000)
        assert len(c.points) == 1000000
print(f"processor milliseconds of a read, median of {turns} turns of {reads} (least); Open3D {o3d.__version__}")
for n in names:
    a, b = ours[n], theirs[n]
    print(f"{n:12} {os.path.getsize(f'{folder}/{n}')/1e6:6.1f} MB  iad3d {statistics.median(a):7.1f} ({min(a):.1f})  Open3D {statistics.median(b):7.1f} ({min(b):.1f})")
