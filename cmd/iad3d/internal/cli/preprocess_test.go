package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/internal/synth"
	"github.com/iad3d/iad3d/io/dataset"
)

// fineLine returns a line whose pixels are small enough for the clusters of
// preprocessing: class washer, a training, a validation and 2 test scans.
var fineLine = sync.OnceValues(func() (string, error) {
	line := filepath.Join(fixture.dir, "fine")
	return line, synth.Write(context.Background(), line, synth.Options{
		Seed: 1, Size: 112, Train: 1, Validation: 1, Good: 1, Parts: []string{"washer"}, Defects: []string{"hole"},
	}, nil)
})

func mustFineLine(t *testing.T) string {
	t.Helper()
	line, err := fineLine()
	if err != nil {
		t.Fatal(err)
	}
	return line
}

func TestPreprocess(t *testing.T) {
	line := mustFineLine(t)
	unchanged(t, line)
	before := get(t, filepath.Join(line, "washer", "test", "hole", "xyz", "000.tiff"))
	for _, test := range []struct {
		flags []string
		o     iad3d.PreprocessOptions
		side  int
	}{
		{nil, iad3d.PreprocessOptions{}, 112},
		{[]string{"--btf"}, iad3d.PreprocessOptions{BTF: true}, 200},
		{[]string{"--pad", "150", "--seed", "4"}, iad3d.PreprocessOptions{Pad: 150, Seed: 4}, 150},
	} {
		out := filepath.Join(t.TempDir(), "new")
		doc := document[preprocessDocument](t, append([]string{"preprocess", "--dataset", "mvtec3d", "--root", line, "--out", out}, test.flags...)...)
		if doc.Out != filepath.Join(out, "washer") || doc.Class != "washer" || doc.Scans != 4 || doc.Kept == 0 || doc.Removed == 0 {
			t.Errorf("document %+v", doc)
		}
		if got, want := tree(t, out), tree(t, line); !slices.Equal(got, want) {
			t.Errorf("files %q, want %q", got, want)
		}
		from, to := open(t, line), open(t, out)
		for _, split := range dataset.Splits() {
			items := to.Items(split)
			for i, it := range from.Items(split) {
				s, err := from.Load(it)
				if err != nil {
					t.Fatal(err)
				}
				want, err := iad3d.Preprocess(t.Context(), s.Scan, test.o)
				if err != nil {
					t.Fatal(err)
				}
				got, err := to.Load(items[i])
				if err != nil {
					t.Fatal(err)
				}
				if got.Cloud.Width != test.side || !slices.Equal(got.Cloud.XYZ, want.Scan.Cloud.XYZ) || !slices.Equal(got.Cloud.Valid, want.Scan.Cloud.Valid) {
					t.Errorf("%s: another cloud, %d pixels wide", it.Name, got.Cloud.Width)
				}
				if !bytes.Equal(got.Colour.Pix, want.Scan.Colour.Pix) {
					t.Errorf("%s: another colour image", it.Name)
				}
				if (got.Truth == nil) != (s.Truth == nil) || s.Truth != nil && !bytes.Equal(got.Truth.Pix, want.Truth(s.Truth).Pix) {
					t.Errorf("%s: another ground truth", it.Name)
				}
			}
		}
		for _, f := range []string{"class_ids.json", "calibration/camera_parameters.json"} {
			if !bytes.Equal(get(t, filepath.Join(out, "washer", f)), get(t, filepath.Join(line, "washer", f))) {
				t.Errorf("%s differs", f)
			}
		}
		refuse(t, exitUsage, []string{doc.Out + " is not empty"}, "preprocess", "--dataset", "mvtec3d", "--root", line, "--out", out)
	}
	if !bytes.Equal(before, get(t, filepath.Join(line, "washer", "test", "hole", "xyz", "000.tiff"))) {
		t.Error("a scan was changed in place")
	}
	for _, out := range []string{line, filepath.Join(line, "washer"), filepath.Join(line, "washer", "test")} {
		refuse(t, exitUsage, []string{"lies in the data set"}, "preprocess", "--dataset", "mvtec3d", "--root", line, "--out", out)
	}
}

func open(t *testing.T, root string) *dataset.Set {
	t.Helper()
	set, err := dataset.OpenMVTec3D(root, "washer")
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestPreprocessFiles(t *testing.T) {
	test := filepath.Join(mustFineLine(t), "washer", "test")
	out := filepath.Join(t.TempDir(), "clean")
	text := fine(t, "preprocess", "--out", out, filepath.Join(test, "hole"), filepath.Join(test, "good"), filepath.Join(test, "hole"))
	if !strings.HasPrefix(text, out+": 3 scans, ") {
		t.Errorf("text %q", text)
	}
	want := []string{".", "rgb", "rgb/good_000.png", "rgb/hole_000-2.png", "rgb/hole_000.png", "xyz", "xyz/good_000.tiff", "xyz/hole_000-2.tiff", "xyz/hole_000.tiff"}
	if got := tree(t, out); !slices.Equal(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
	fine(t, "inspect", filepath.Join(out, "xyz", "hole_000.tiff")) // colour and cloud fit
}

// TestPreprocessLeavesNothing ends in the middle: a bad scan comes last, or the
// context ends.
func TestPreprocessLeavesNothing(t *testing.T) {
	line := filepath.Join(t.TempDir(), "line")
	if err := os.CopyFS(line, os.DirFS(mustFineLine(t))); err != nil {
		t.Fatal(err)
	}
	bad := put(t, filepath.Join(line, "washer", "test", "hole", "xyz", "000.tiff"), []byte("no cloud"))
	out := t.TempDir()
	unchanged(t, out)
	refuse(t, exitInput, []string{bad, "is a text file"}, "preprocess", "--dataset", "mvtec3d", "--root", line, "--out", out)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r := runContext(ctx, "preprocess", "--dataset", "mvtec3d", "--root", mustFineLine(t), "--out", out); r.code != exitInterrupted {
		t.Errorf("%+v", r)
	}
}
