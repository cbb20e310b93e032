"""Writes reference.json: what Open3D says about the files in ../shared/data/scans.

python3 io/scan/testdata/reference.py ../shared/data/scans > io/scan/testdata/reference.json
"""
import json
import os
import sys

import numpy as np
import open3d as o3d

root = sys.argv[1]
files = {}
for folder, _, names in os.walk(root):
    for name in names:
        path = os.path.join(folder, name)
        rel = os.path.relpath(path, root).replace(os.sep, "/")
        kind = os.path.splitext(name)[1].lower()
        if kind == ".stl":
            mesh = o3d.io.read_triangle_mesh(path)
            points = np.asarray(mesh.vertices)
            files[rel] = {
                "triangles": len(mesh.triangles),
                "points": len(np.unique(points.astype(np.float32) + 0, axis=0)),
                "finite": len(np.unique(points.astype(np.float32) + 0, axis=0)),
                "min": points.min(0).tolist(), "max": points.max(0).tolist(),
                "area": mesh.get_surface_area(),
            }
        if kind in (".pcd", ".ply"):
            cloud = o3d.io.read_point_cloud(path, remove_nan_points=False, remove_infinite_points=False)
            points = np.asarray(cloud.points)
            finite = np.isfinite(points).all(1)
            entry = {"points": len(points), "finite": int(finite.sum())}
            if finite.any():
                entry["min"] = points[finite].min(0).tolist()
                entry["max"] = points[finite].max(0).tolist()
                # Weights tell an order of the points from another.
                weights = (1 + np.arange(len(points)) % 1000)[finite, None]
                entry["sum"] = (points[finite] * weights).sum(0).tolist()
            if cloud.has_normals():
                normals = np.asarray(cloud.normals)
                some = np.isfinite(normals).all(1)
                entry["normals"] = (normals * (1 + np.arange(len(points)) % 1000)[:, None])[some].sum(0).tolist()
                entry["finite_normals"] = int(some.sum())
            if cloud.has_colors():
                colours = np.rint(np.asarray(cloud.colors) * 255)
                entry["colours"] = (colours * (1 + np.arange(len(points)) % 1000)[:, None]).sum(0).tolist()
            files[rel] = entry
json.dump({"program": "Open3D " + o3d.__version__, "files": files},
          sys.stdout, indent=1, sort_keys=True)
print()
