package malformed_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/iad3d/iad3d/internal/malformed"
	"github.com/iad3d/iad3d/io/camera"
	"github.com/iad3d/iad3d/io/dataset"
	"github.com/iad3d/iad3d/io/depthpng"
	"github.com/iad3d/iad3d/io/model"
	"github.com/iad3d/iad3d/io/npy"
	"github.com/iad3d/iad3d/io/obj"
	"github.com/iad3d/iad3d/io/pcd"
	"github.com/iad3d/iad3d/io/ply"
	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/io/stl"
	"github.com/iad3d/iad3d/io/xyztext"
	"github.com/iad3d/iad3d/io/xyztiff"
)

// reader is what is asked of a format's reader: what it makes of a file, and which
// classes of errors it has.
type reader struct {
	decode  func(b []byte) error
	classes map[malformed.Class]error
}

func classes(format, unsupported, limit error) map[malformed.Class]error {
	all := map[malformed.Class]error{malformed.Invalid: format, malformed.TooLarge: limit}
	if unsupported != nil {
		all[malformed.Unsupported] = unsupported
	}
	return all
}

// readers returns a reader for each format; those that need a file put it into dir.
func readers(dir string) map[malformed.Format]reader {
	manifest := func(name string) func(b []byte) error {
		return func(b []byte) error {
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, b, 0o644); err != nil {
				return err
			}
			_, err := dataset.OpenManifest(path, "", dataset.Options{})
			return err
		}
	}
	return map[malformed.Format]reader{
		malformed.TIFF: {func(b []byte) error {
			_, err := xyztiff.Decode(bytes.NewReader(b), int64(len(b)), xyztiff.Options{})
			return err
		}, classes(xyztiff.ErrFormat, xyztiff.ErrUnsupported, xyztiff.ErrLimit)},
		malformed.PNG: {func(b []byte) error {
			_, err := depthpng.Decode(bytes.NewReader(b), int64(len(b)), depthpng.Options{})
			return err
		}, classes(depthpng.ErrFormat, depthpng.ErrUnsupported, depthpng.ErrLimit)},
		malformed.PLY: {func(b []byte) error { _, err := ply.Decode(bytes.NewReader(b), ply.Options{}); return err }, classes(ply.ErrFormat, ply.ErrUnsupported, ply.ErrLimit)},
		malformed.PCD: {func(b []byte) error { _, err := pcd.Decode(bytes.NewReader(b), pcd.Options{}); return err }, classes(pcd.ErrFormat, pcd.ErrUnsupported, pcd.ErrLimit)},
		malformed.STL: {func(b []byte) error { _, err := stl.Decode(bytes.NewReader(b), stl.Options{}); return err }, classes(stl.ErrFormat, nil, stl.ErrLimit)},
		malformed.OBJ: {func(b []byte) error { _, err := obj.Decode(bytes.NewReader(b), obj.Options{}); return err }, classes(obj.ErrFormat, nil, obj.ErrLimit)},
		malformed.Text: {func(b []byte) error {
			_, err := xyztext.Decode(bytes.NewReader(b), xyztext.Options{})
			return err
		}, classes(xyztext.ErrFormat, nil, xyztext.ErrLimit)},
		malformed.NPY: {func(b []byte) error { _, err := npy.Decode(bytes.NewReader(b), npy.Options{}); return err }, classes(npy.ErrFormat, npy.ErrUnsupported, npy.ErrLimit)},
		malformed.NPZ: {func(b []byte) error {
			z, err := npy.OpenArchive(bytes.NewReader(b), int64(len(b)), npy.Options{})
			if err != nil {
				return err
			}
			for _, name := range z.Names() {
				if _, err := z.Decode(name); err != nil {
					return err
				}
			}
			return nil
		}, classes(npy.ErrFormat, npy.ErrUnsupported, npy.ErrLimit)},
		malformed.Camera: {func(b []byte) error { _, err := camera.Decode(bytes.NewReader(b)); return err },
			map[malformed.Class]error{malformed.Invalid: camera.ErrFormat, malformed.Distorted: camera.ErrDistortion}},
		malformed.Model: {func(b []byte) error {
			path := filepath.Join(dir, "model")
			if err := os.WriteFile(path, b, 0o644); err != nil {
				return err
			}
			f, err := model.Open(path)
			if err != nil {
				if !errors.Is(err, model.ErrModel) {
					return fmt.Errorf("not a model.ErrModel: %v", err)
				}
				return err
			}
			return f.Close()
		}, map[malformed.Class]error{malformed.Truncated: model.ErrTruncated, malformed.Damaged: model.ErrDamaged, malformed.Newer: model.ErrNewer, malformed.NotModel: model.ErrNotModel}},
		malformed.Manifest: {manifest("m.csv"), map[malformed.Class]error{malformed.Input: nil}},
		malformed.List:     {manifest("m.yaml"), map[malformed.Class]error{malformed.Input: nil}},
	}
}

// is reports whether err is of the class and of no other of the reader's.
func (r *reader) is(err error, class malformed.Class) bool {
	if class == malformed.Input {
		_, ok := errors.AsType[*scan.Error](err)
		return ok
	}
	for c, sentinel := range r.classes {
		if errors.Is(err, sentinel) != (c == class) {
			return false
		}
	}
	return r.classes[class] != nil
}

// known reports whether err is of any class of the reader.
func (r *reader) known(err error) bool {
	for c := range r.classes {
		if r.is(err, c) {
			return true
		}
	}
	return false
}

const (
	longMessage = 600             // characters
	longTime    = 5 * time.Second // on a busy machine; a bomb of 64 MiB takes 0.3 s
)

// bound is what a refused file of so many bytes may cost.
func bound(size int) uint64 { return 16<<20 + 8*uint64(size) }

func allocated(fn func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestFiles: every file is refused with its class, in a line of moderate length, in
// little time and memory.
func TestFiles(t *testing.T) {
	all := readers(t.TempDir())
	count := map[malformed.Format]int{}
	names := map[string]bool{}
	for _, f := range malformed.Files() {
		r := all[f.Format]
		count[f.Format]++
		name := string(f.Format) + ": " + f.What
		if names[name] {
			t.Errorf("%s: there twice", name)
		}
		names[name] = true
		var err error
		start := time.Now()
		used := allocated(func() { err = r.decode(f.Data) })
		took := time.Since(start)
		switch {
		case err == nil:
			t.Errorf("%s: read", name)
		case !r.is(err, f.Class):
			t.Errorf("%s: %.200v, want %s", name, err, f.Class)
		case len(err.Error()) > longMessage || strings.ContainsAny(err.Error(), "\n\x00"):
			t.Errorf("%s: message of %d characters: %.100q", name, len(err.Error()), err)
		}
		if used > bound(len(f.Data)) {
			t.Errorf("%s: %d bytes allocated for a file of %d", name, used, len(f.Data))
		}
		if took > longTime {
			t.Errorf("%s: %v", name, took)
		}
	}
	const least = 300
	if len(names) < least {
		t.Errorf("%d files, want %d", len(names), least)
	}
	t.Logf("%d files: %v", len(names), count)
}

// TestPrefixes: of each sound file every beginning is refused, with a known class,
// but for what lies behind the point from which the format calls it whole.
func TestPrefixes(t *testing.T) {
	all := readers(t.TempDir())
	beginnings := 0
	for _, s := range malformed.SoundFiles() {
		r := all[s.Format]
		name := string(s.Format) + ": " + s.What
		if err := r.decode(s.Data); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for n := range s.Data {
			beginnings++
			err := r.decode(s.Data[:n])
			if err == nil && n < s.Closed {
				t.Errorf("%s: %d of %d bytes are read", name, n, len(s.Data))
			}
			if err != nil && !r.known(err) {
				t.Errorf("%s: %d of %d bytes: %v", name, n, len(s.Data), err)
			}
		}
	}
	t.Logf("%d beginnings", beginnings)
}

// clouds are the formats that package scan recognises.
var clouds = map[malformed.Format]string{
	malformed.TIFF: ".tiff", malformed.PNG: ".png", malformed.PLY: ".ply", malformed.PCD: ".pcd", malformed.STL: ".stl",
	malformed.OBJ: ".obj", malformed.Text: ".xyz", malformed.NPY: ".npy", malformed.NPZ: ".npz",
}

// TestScan: through the door that programs use every file is refused, too, whatever
// its name, and the message names it.
func TestScan(t *testing.T) {
	dir := t.TempDir()
	for _, f := range malformed.Files() {
		ext, ok := clouds[f.Format]
		if !ok {
			continue
		}
		for _, ext := range []string{ext, ".pcd"} {
			path := filepath.Join(dir, "scan"+ext)
			if err := os.WriteFile(path, f.Data, 0o644); err != nil {
				t.Fatal(err)
			}
			s, err := scan.Read(path, scan.Options{})
			if e, ok := errors.AsType[*scan.Error](err); !ok || e.Path != path || !strings.HasPrefix(err.Error(), path+": ") {
				t.Errorf("%s: %s as %s: %v, %v", f.Format, f.What, ext, s, err)
			}
		}
	}
}
