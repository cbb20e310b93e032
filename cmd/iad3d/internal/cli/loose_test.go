package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/io/scan"
)

// TestLoose goes the whole way with clouds that have no raster.
func TestLoose(t *testing.T) {
	dir := t.TempDir()
	line, model, out := filepath.Join(dir, "line"), filepath.Join(dir, "m.iad3d"), filepath.Join(dir, "out")
	made := document[synthDocument](t, "synth", "--loose", "--out", line, "--parts", "washer", "--defects", "bump", "--size", "128", "--train", "3", "--good", "1", "--json")
	if p := made.Parts[0]; p.Train != 3 || p.Validation != 0 || p.Test != 2 {
		t.Errorf("made %+v", p)
	}
	set := []string{"--dataset", "real3d", "--root", line}
	fit := document[fitDocument](t, append([]string{"fit", "--out", model, "--fpfh-k", "20,40", "--centres", "600", "--coreset", "0.5", "--json"}, set...)...)
	if !fit.Config.Loose || fit.Config.Centres != 600 || fit.Config.Points != 5000 {
		t.Errorf("configuration %+v", fit.Config)
	}
	if text := fine(t, "inspect", model); !strings.Contains(text, "raster       none: loose points, one per ") {
		t.Errorf("inspect says\n%s", text)
	}

	bump := filepath.Join(line, "washer", "test", "000_bump.pcd")
	var r struct {
		Points int
		Peak   struct {
			Point struct {
				Index    int
				Position [3]float64
			}
		}
		Files map[string]string
	}
	if err := json.Unmarshal([]byte(fine(t, "score", "--model", model, "--out", out, "--json", bump)), &r); err != nil {
		t.Fatal(err)
	}
	for _, ext := range []string{".ply", ".pcd"} {
		s, err := scan.Read(filepath.Join(out, "000_bump"+ext), scan.Options{})
		if err != nil {
			t.Fatal(err)
		}
		v := s.Cloud.Field("score")
		if len(v) != r.Points || r.Points == 0 {
			t.Fatalf("%d scores of %d points", len(v), r.Points)
		}
		for _, x := range v {
			if x > v[r.Peak.Point.Index] {
				t.Fatalf("score %v above the peak's %v", x, v[r.Peak.Point.Index])
			}
		}
	}
	if r.Files["points"] != filepath.Join(out, "000_bump.ply") {
		t.Errorf("files %v", r.Files)
	}
	fine(t, "score", "--model", model, "--out", out, bump) // once more, over its own files
	if text := fine(t, "score", "--model", model, bump); !strings.Contains(text, "(point ") {
		t.Errorf("score says\n%s", text)
	}
	if err := os.WriteFile(filepath.Join(out, "000_bump.ply"), []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	refuse(t, exitUsage, []string{"000_bump.ply exists and was not written by iad3d"}, "score", "--model", model, "--out", out, bump)

	rated := filepath.Join(dir, "rated")
	e := document[evalDocument](t, append([]string{"eval", "--model", model, "--out", rated, "--json"}, set...)...)
	if e.ImageAUROC != 1 || e.PixelAUROC < 0.6 || e.AUPRO <= 0 || !strings.Contains(e.Convention, "of points in place of pixels") {
		t.Errorf("%+v", e.Evaluation)
	}
	b, err := os.ReadFile(filepath.Join(rated, scoresFile))
	if err != nil || !strings.HasPrefix(string(b), "name,defect,score,peak_point,peak_x,peak_y,peak_z,peak_value\n000_bump,bump,") {
		t.Errorf("scores %q, %v", b, err)
	}
	s, err := scan.Read(filepath.Join(rated, "000_bump.ply"), scan.Options{})
	if err != nil || s.Cloud.Field("label") == nil || s.Cloud.Field("score") == nil {
		t.Errorf("fields %v, %v", s, err)
	}
}

func TestLooseRefused(t *testing.T) {
	dir := t.TempDir()
	line := filepath.Join(dir, "line")
	fine(t, "synth", "--loose", "--out", line, "--parts", "washer", "--defects", "bump", "--size", "64", "--train", "1", "--good", "1")
	set := []string{"--dataset", "real3d", "--root", line, "--out", filepath.Join(dir, "m.iad3d")}
	refuse(t, exitUsage, []string{"the btf protocol needs scans with a raster"}, append([]string{"fit", "--protocol", "btf"}, set...)...)
	refuse(t, exitUsage, []string{"of loose scans there is only fpfh"}, append([]string{"fit", "--features", "rgb"}, set...)...)
	refuse(t, exitUsage, []string{"--points 0: want more than 0"}, append([]string{"fit", "--points", "0"}, set...)...)
}
