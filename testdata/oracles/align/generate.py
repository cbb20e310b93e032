#!/usr/bin/env python3
"""Values of Open3D 0.16.1 for packages align and pointcloud.

Run in this folder; it writes the .npy files and align.json beside itself (gzip
them: gzip -9n *.npy align.json). The same program gives the same bytes.
"""
import json
import numpy as np
import open3d as o3d

o3d.utility.set_verbosity_level(o3d.utility.VerbosityLevel.Error)
rng = np.random.default_rng(20261125)


def surface(n):
    """A bumpy patch, 1 wide, without symmetry."""
    u = rng.random((n, 2))
    x, y = u[:, 0], u[:, 1]
    z = 0.15 * np.sin(5 * x + 1) * np.cos(4 * y) + 0.1 * np.exp(-30 * ((x - 0.3) ** 2 + (y - 0.6) ** 2)) + 0.08 * x * y
    p = np.stack([x, y, z], 1) + 0.002 * rng.standard_normal((n, 3))
    return p.astype(np.float32)


def cloud(points, normals=None):
    c = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(points.astype(np.float64)))
    if normals is not None:
        c.normals = o3d.utility.Vector3dVector(normals)
    return c


def motion(axis, degrees, shift):
    axis = np.array(axis) / np.linalg.norm(axis)
    m = np.eye(4)
    m[:3, :3] = o3d.geometry.get_rotation_matrix_from_axis_angle(axis * np.radians(degrees))
    m[:3, 3] = shift
    return m


target = surface(1500)
t = cloud(target)
t.estimate_normals(o3d.geometry.KDTreeSearchParamHybrid(0.1, 30))
t.orient_normals_to_align_with_direction([0.0, 0.0, 1.0])
normals = np.asarray(t.normals)

source = surface(1200)
source = source[source[:, 0] < 0.8]  # partial overlap
away = motion([1, 2, 3], 4, [0.01, -0.02, 0.015])
source = (source.astype(np.float64) @ away[:3, :3].T + away[:3, 3]).astype(np.float32)

np.save("target_points.npy", target)
np.save("target_normals.npy", normals)
np.save("source_points.npy", source)

cases = []
for name, distance, start in [
    ("identity", 0.1, np.eye(4)),
    ("near", 0.05, motion([0, 0, 1], 1, [0.002, 0.003, 0])),
    ("turned", 0.2, motion([3, 1, 2], -7, [0.03, 0, -0.02])),
]:
    r = o3d.pipelines.registration.registration_icp(
        cloud(source), t, distance, start,
        o3d.pipelines.registration.TransformationEstimationPointToPlane(),
        o3d.pipelines.registration.ICPConvergenceCriteria(1e-15, 1e-15, 300))
    one = o3d.pipelines.registration.registration_icp(
        cloud(source), t, distance, start,
        o3d.pipelines.registration.TransformationEstimationPointToPlane(),
        o3d.pipelines.registration.ICPConvergenceCriteria(1e-15, 1e-15, 1))
    before = o3d.pipelines.registration.evaluate_registration(cloud(source), t, distance, start)
    cases.append({
        "name": name, "max_distance": distance, "start": start.tolist(),
        "before": {"fitness": before.fitness, "inlier_rmse": before.inlier_rmse},
        "one_step": one.transformation.tolist(),
        "converged": {"transformation": r.transformation.tolist(), "fitness": r.fitness,
                      "inlier_rmse": r.inlier_rmse, "matched": len(r.correspondence_set)},
    })

voxels = []
for size in [0.03, 0.11]:
    d = t.voxel_down_sample(size)
    p, n = np.asarray(d.points), np.asarray(d.normals)
    order = np.lexsort((p[:, 2], p[:, 1], p[:, 0]))
    name = "voxel_%g" % size
    np.save(name + "_points.npy", p[order])
    np.save(name + "_normals.npy", n[order])
    voxels.append({"size": size, "points": name + "_points.npy", "normals": name + "_normals.npy"})

json.dump({"open3d": o3d.__version__, "icp": cases, "voxel_down_sample": voxels}, open("align.json", "w"), indent=1)
