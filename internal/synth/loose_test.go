package synth

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/rgbd"
)

func TestLoose(t *testing.T) {
	o := Options{Size: 96}
	for _, defect := range []string{rgbd.Good, "dent", "hole"} {
		raster, err := Scan(t.Context(), "gear", defect, 0, Test, o)
		if err != nil {
			t.Fatal(err)
		}
		l, err := Loose(t.Context(), "gear", defect, 0, Test, o)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Check(); err != nil {
			t.Fatal(err)
		}
		if l.Cloud.Organised() || l.Colour != nil || l.Truth != nil || l.Name != raster.Name || l.Cloud.Len() == 0 || l.Cloud.Len() >= raster.Cloud.CountValid() {
			t.Errorf("%s: %d points, of %d", defect, l.Cloud.Len(), raster.Cloud.CountValid())
		}
		measured := 0 // of the defect
		for i, v := range raster.Truth.Pix {
			if v > 0 && raster.Cloud.IsValid(i) {
				measured++
			}
		}
		marked := 0
		for _, bad := range l.PointTruth {
			if bad {
				marked++
			}
		}
		if marked != measured || (l.PointTruth == nil) != (defect == rgbd.Good) {
			t.Errorf("%s: %d points marked, %d pixels are", defect, marked, measured)
		}
		again, err := Loose(t.Context(), "gear", defect, 0, Test, o)
		if err != nil || !slices.Equal(again.Cloud.XYZ, l.Cloud.XYZ) {
			t.Errorf("%s: another scan, %v", defect, err)
		}
	}
}

func TestWriteLoose(t *testing.T) {
	dir := t.TempDir()
	o := Options{Size: 64, Train: 1, Good: 1, Parts: []string{"washer"}, Defects: []string{"dent"}}
	if err := WriteLoose(t.Context(), dir, o, nil); err != nil {
		t.Fatal(err)
	}
	want := []string{"gt/000_dent.txt", "synth.json", "test/000_dent.pcd", "test/000_good.pcd", "train/000_template.pcd"}
	var got []string
	files, err := filepath.Glob(filepath.Join(dir, "washer", "*"))
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob(filepath.Join(dir, "washer", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range append(files, more...) {
		if info, err := os.Stat(f); err == nil && !info.IsDir() {
			rel, _ := filepath.Rel(filepath.Join(dir, "washer"), f)
			got = append(got, filepath.ToSlash(rel))
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("files %q", got)
	}
	b, err := os.ReadFile(filepath.Join(dir, "washer", "gt", "000_dent.txt"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := Loose(t.Context(), "washer", "dent", 0, Test, o)
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(b, []byte("\n")); n != l.Cloud.Len() || !strings.Contains(string(b), " 1\n") {
		t.Errorf("%d rows for %d points", n, l.Cloud.Len())
	}
	if err := Write(t.Context(), dir, o, nil); !errors.Is(err, ErrOccupied) {
		t.Errorf("error %v, want %v", err, ErrOccupied)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := WriteLoose(ctx, t.TempDir(), o, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	if err := WriteLoose(t.Context(), t.TempDir(), Options{Size: 1}, nil); !errors.Is(err, ErrOptions) {
		t.Errorf("error %v, want %v", err, ErrOptions)
	}
}
