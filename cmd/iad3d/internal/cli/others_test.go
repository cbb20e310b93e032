package cli

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// TestOtherPrograms reads results with Open3D, tifffile, jsonschema and Python's own
// readers of CSV and XML, where they are installed (Debian: python3-open3d,
// python3-tifffile, python3-jsonschema).
func TestOtherPrograms(t *testing.T) {
	t.Parallel() // it waits a lot
	python := ""
	for _, p := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(p, "-c", "import open3d, tifffile, jsonschema, numpy").Run() == nil {
			python = p
			break
		}
	}
	if python == "" {
		t.Skip("no Python with Open3D, tifffile and jsonschema")
	}
	_, bad, flags := between(t)
	out := filepath.Join(t.TempDir(), "out")
	fine(t, append(append([]string{"score", "--model", testModel(t), "--out", out, "--ply", "--junit", filepath.Join(out, "junit.xml")}, flags...),
		filepath.Join(testLine(t), "gear", "test", "good"), bad, testScan(t, "bent"))...)
	text, err := exec.Command(python, filepath.Join("testdata", "others.py"), out, filepath.Join("..", "..", "..", "..", "docs", "result.schema.json")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	t.Logf("\n%s", text)
}
