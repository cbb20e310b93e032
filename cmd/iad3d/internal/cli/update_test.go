package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iad3d/iad3d"
)

// TestUpdate adds test scans to a model, takes one out again, and sees what is refused.
func TestUpdate(t *testing.T) {
	path := testModel(t)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	good := filepath.Join(testLine(t), "gear", "test", "good", "xyz")
	out := filepath.Join(t.TempDir(), "grown.iad3d")
	doc := document[updateDocument](t, "update", path, good, "--out", out)
	if len(doc.Added) != 2 || doc.Provenance.Scans != 5 || doc.Thresholds.Scans != 5 || doc.Model != out || len(doc.SHA256) != 64 {
		t.Errorf("document %+v", doc)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Error("the model that was read changed")
	}
	name := doc.Calibration.Held[4].Name
	text := fine(t, "update", out, "--remove", name)
	for _, want := range []string{out, "0 scans added, 1 removed, 4 in all", "promised"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q does not say %q", text, want)
		}
	}
	d, err := iad3d.Load(out)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if d.Provenance().Scans != 4 {
		t.Errorf("%d scans in %s", d.Provenance().Scans, out)
	}
	refuse(t, exitUsage, []string{"nothing to do"}, "update", path)
	refuse(t, exitUsage, []string{"no scan \"x\""}, "update", path, "--remove", "x", "--out", out)
	refuse(t, exitInput, []string{"no such file"}, "update", path, filepath.Join(good, "none.tiff"), "--out", out)
	refuse(t, exitModel, []string{"no such file"}, "update", filepath.Join(good, "none.iad3d"), good)
}
