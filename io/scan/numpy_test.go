package scan_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/io/npy"
	"github.com/iad3d/iad3d/io/scan"
)

// archived writes arrays of points into an NPZ file.
func archived(t *testing.T, path string, arrays ...npy.Named) string {
	t.Helper()
	var b bytes.Buffer
	if err := npy.EncodeArchive(&b, arrays, true); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestNumPyClouds(t *testing.T) {
	dir := t.TempDir()
	raster := npy.FromFloat32s([]float32{0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 1, 1, 2, 2, 2}, 3, 2, 3)
	one := archived(t, filepath.Join(dir, "a.npz"), npy.Named{Name: "xyz", Array: raster})
	s, err := scan.Read(one, scan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if c := s.Cloud; c.Width != 2 || c.Height != 3 || c.CountValid() != 5 || c.IsValid(0) {
		t.Errorf("%+v", c)
	}
	info, err := scan.Inspect(one)
	if err != nil || info.Format != "NPZ" || info.Fields[0] != "x float32" || !strings.Contains(info.Detail, "xyz") {
		t.Errorf("%+v, %v", info, err)
	}
	var b bytes.Buffer
	lost, err := scan.Write(&b, "x.npy", s.Cloud, scan.WriteOptions{})
	if err != nil || len(lost) > 0 {
		t.Fatalf("%v, %v", lost, err)
	}
	path := filepath.Join(dir, "named.tiff") // what it is, its content says
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	again, err := scan.Read(path, scan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if c := again.Cloud; c.Width != 2 || c.Height != 3 || c.CountValid() != 5 || c.At(1) != s.Cloud.At(1) {
		t.Errorf("%+v", c)
	}
	if info, err := scan.Inspect(path); err != nil || info.Format != "NPY" {
		t.Errorf("%+v, %v", info, err)
	}

	two := archived(t, filepath.Join(dir, "b.npz"), npy.Named{Name: "xyz", Array: raster}, npy.Named{Name: "rgb", Array: raster})
	if _, err := scan.Read(two, scan.Options{}); err == nil || !strings.Contains(err.Error(), "2 arrays (xyz, rgb)") {
		t.Errorf("two arrays: %v", err)
	}
	flat := archived(t, filepath.Join(dir, "c.npz"), npy.Named{Name: "map", Array: npy.FromFloat32s(make([]float32, 6), 2, 3, 1)})
	if _, err := scan.Read(flat, scan.Options{}); err == nil || !strings.Contains(err.Error(), "a cloud is H×W×3 or N×3") {
		t.Errorf("no cloud: %v", err)
	}
	if _, err := scan.Read(archived(t, filepath.Join(dir, "d.npz")), scan.Options{}); err == nil {
		t.Error("an empty archive is a scan")
	}
}
