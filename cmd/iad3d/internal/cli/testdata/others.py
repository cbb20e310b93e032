"""Reads with other programs what `iad3d score --out DIR --ply --junit DIR/junit.xml` wrote.

Prints one line per check; used by TestOtherPrograms, or by hand: others.py DIR SCHEMA
"""
import csv
import glob
import json
import os
import sys
import xml.etree.ElementTree

import jsonschema
import numpy as np
import open3d as o3d
import tifffile

out, schema = sys.argv[1:3]
validator = jsonschema.Draft202012Validator(json.load(open(schema)))
validator.check_schema(validator.schema)
lines = [json.loads(line) for line in open(os.path.join(out, "results.jsonl"))]
for line in lines:
    validator.validate(line)
print(f"jsonschema: {len(lines)} lines are valid")

for line in lines:
    scores = tifffile.imread(line["files"]["map"])
    x, y, value = (line["peak"][k] for k in ("x", "y", "value"))
    assert scores.shape == (line["height"], line["width"]) and scores.dtype == np.float32, scores.shape
    assert scores[y, x] == np.float32(value) == scores.max(), (scores[y, x], value)
print(f"tifffile {tifffile.__version__}: {len(lines)} maps, float32, the peaks where the results say")

points = 0
for line in lines:
    cloud = o3d.t.io.read_point_cloud(line["files"]["cloud"])
    score, region = cloud.point["score"].numpy(), cloud.point["region"].numpy()
    assert cloud.point["positions"].shape[0] == len(score) and cloud.point["colors"].shape[1] == 3
    assert score.max() <= np.float32(line["peak"]["value"])
    assert region.max() == len(line["regions"]), (region.max(), len(line["regions"]))
    legacy = o3d.io.read_point_cloud(line["files"]["cloud"])
    assert legacy.has_colors() and len(legacy.points) == len(score)
    for r in line["regions"]:
        inside = cloud.point["positions"].numpy()[region[:, 0] == r["id"]] * 1000
        low, high = np.array(r["box_mm"]["min"]), np.array(r["box_mm"]["max"])
        assert np.allclose(inside.min(0), low, atol=1e-3) and np.allclose(inside.max(0), high, atol=1e-3)
    points += len(score)
print(f"Open3D {o3d.__version__}: {len(lines)} clouds of {points} points, colours, score, region and boxes as the results say")

rows = list(csv.DictReader(open(os.path.join(out, "regions.csv"))))
assert len(rows) == sum(len(line["regions"]) for line in lines)
print(f"csv: {len(rows)} regions")

suite = xml.etree.ElementTree.parse(os.path.join(out, "junit.xml")).getroot()
assert int(suite.get("tests")) == len(lines) == len(suite.findall("testcase"))
print(f"ElementTree: {len(lines)} test cases, {suite.get('failures')} failures")
