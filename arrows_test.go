package iad3d_test

import (
	"os/exec"
	"strings"
	"testing"
)

const modulePath = "github.com/iad3d/iad3d"

// arrows says which packages of the module a package may import; a trailing /*
// allows every package directly below. Test files are free. Adding an arrow is a
// decision about the structure: CONTRIBUTING.md has the map.
var arrows = map[string][]string{
	"cmd/iad3d":              {"cmd/iad3d/internal/cli"},
	"cmd/iad3d/internal/cli": {".", "inspection", "io/*", "mapeval", "metrics", "regions", "report", "report/*", "rgbd", "rgbd/onnx", "pointcloud", "quality", "internal/bench", "internal/synth", "internal/atomicfile", "internal/ortlib", "internal/watch"},
	".":                      {"align", "pointcloud", "quality", "fpfh", "rgbd", "fusion", "memory", "grid", "view", "metrics", "internal/cholesky", "internal/order", "internal/parallel", "internal/portable", "io/model"},
	"view":                   {"pointcloud", "grid", "internal/order", "internal/parallel", "internal/portable"},
	"mapeval":                {"metrics", "grid", "io/groundtruth", "io/scoremap", "io/scan"},
	"report/curve":           {"metrics"},
	"docs/pictures":          {".", "inspection", "internal/synth", "regions", "report", "rgbd"},
	"report/page":            {".", "grid", "inspection", "metrics", "pointcloud", "regions", "report", "rgbd"},
	"report":                 {".", "align", "metrics", "grid", "inspection", "pointcloud", "regions", "rgbd"},
	"internal/synth":         {"rgbd", "grid", "pointcloud", "io/pcd", "io/xyztiff", "internal/parallel", "internal/atomicfile"},
	"metrics":                {"grid"},
	"fusion":                 {"grid", "internal/simd"},
	"memory":                 {"grid", "internal/cholesky", "internal/order", "internal/simd", "internal/parallel", "internal/portable", "internal/numpyrandom"},
	"fpfh":                   {"pointcloud", "grid", "internal/parallel", "internal/simd", "internal/portable"},
	"align":                  {"pointcloud", "fpfh", "internal/parallel"},
	"quality":                {"pointcloud", "internal/order"},
	"regions":                {"grid", "pointcloud"},
	"inspection":             {".", "pointcloud", "regions", "rgbd"},
	"rgbd":                   {"pointcloud", "grid", "internal/parallel", "internal/portable", "internal/simd"},
	"rgbd/onnx":              {"rgbd", "grid", "internal/ortlib", "internal/simd", "internal/tinyonnx"},
	"io/dataset":             {"rgbd", "pointcloud", "io/scan"},
	"io/scan":                {"rgbd", "pointcloud", "io/xyztiff", "io/depthpng", "io/camera", "io/pcd", "io/ply", "io/stl", "io/obj", "io/npy", "io/xyztext"},
	"io/xyztiff":             {"pointcloud", "internal/limit"},
	"io/scoremap":            {"io/npy", "io/scan", "io/xyztiff"},
	"io/groundtruth":         {"io/dataset", "io/scan", "pointcloud"},
	"io/npy":                 {"internal/limit", "internal/points", "pointcloud"},
	"io/depthpng":            {"internal/limit"},
	"io/camera":              {"rgbd"},
	"io/ply":                 {"pointcloud", "internal/points"},
	"io/stl":                 {"pointcloud", "internal/points"},
	"io/obj":                 {"pointcloud", "internal/points"},
	"io/xyztext":             {"pointcloud", "internal/points"},
	"io/pcd":                 {"pointcloud", "internal/points"},
	"io/model":               {"internal/atomicfile", "internal/limit"},
	"pointcloud":             {"internal/order", "internal/parallel", "internal/simd", "internal/portable"},
	"grid":                   {"internal/parallel", "internal/simd", "internal/portable"},
	"internal/cholesky":      {},
	"internal/order":         {},
	"internal/parallel":      {},
	"internal/portable":      {},
	"internal/numpyrandom":   {"internal/portable"},
	"internal/simd":          {},
	"internal/limit":         {},
	"internal/cputime":       {},
	"internal/malformed":     {},
	"internal/atomicfile":    {},
	"internal/golden":        {},
	"internal/bench":         {".", "metrics", "rgbd", "io/dataset", "io/model", "io/scan", "internal/atomicfile"},
	"internal/standin":       {"grid", "rgbd"},
	"internal/ortlib":        {"internal/atomicfile"},
	"internal/tinyonnx":      {},
	"internal/watch":         {},
	"internal/points":        {"pointcloud"},
	"internal/pointstest":    {"pointcloud"},
}

// TestArrows holds the one-way structure: every import between packages of this
// module must be in the table, and every package must have its place there.
func TestArrows(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		from := local(fields[0])
		allowed, ok := arrows[from]
		if !ok {
			t.Errorf("package %s has no place in the map", from)
			continue
		}
		for _, path := range fields[1:] {
			if to := local(path); to != "" && !permitted(allowed, to) {
				t.Errorf("%s imports %s, which is not an arrow of the map", from, to)
			}
		}
	}
	if !permitted([]string{"io/*"}, "io/scan") || permitted([]string{"io/*"}, "io/a/b") || permitted([]string{"io/*"}, "memory") || permitted(nil, ".") {
		t.Error("the check itself is broken")
	}
}

// local returns the path within the module, "." for its root, "" for others.
func local(path string) string {
	if path == modulePath {
		return "."
	}
	rel, ok := strings.CutPrefix(path, modulePath+"/")
	if !ok {
		return ""
	}
	return rel
}

func permitted(allowed []string, to string) bool {
	for _, a := range allowed {
		if a == to {
			return true
		}
		if dir, ok := strings.CutSuffix(a, "/*"); ok {
			if rest, ok := strings.CutPrefix(to, dir+"/"); ok && !strings.Contains(rest, "/") {
				return true
			}
		}
	}
	return false
}
