package cli

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/internal/ortlib"
	"github.com/iad3d/iad3d/internal/synth"
	"github.com/iad3d/iad3d/io/model"
	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/io/xyztiff"
	"github.com/iad3d/iad3d/rgbd"
	"github.com/iad3d/iad3d/rgbd/onnx"
)

func TestExitCode(t *testing.T) {
	for _, test := range []struct {
		err  error
		want int
	}{
		{errors.New("x"), exitInternal},
		{os.ErrNotExist, exitInternal}, // not said to be input
		{usagef("x"), exitUsage},
		{iad3d.ErrConfig, exitUsage},
		{synth.ErrOptions, exitUsage},
		{synth.ErrOccupied, exitUsage},
		{&scan.Error{Path: "x", Err: os.ErrNotExist}, exitInput},
		{rgbd.ErrScan, exitInput},
		{iad3d.ErrEvaluate, exitInput},
		{iad3d.ErrNoScans, exitInput},
		{ortlib.ErrOptions, exitUsage},
		{onnx.ErrOptions, exitUsage},
		{onnx.ErrLibrary, exitInput},
		{ortlib.ErrLibrary, exitInput},
		{onnx.ErrModel, exitModel},
		{model.ErrModel, exitModel},
		{fmt.Errorf("%w: %w", model.ErrModel, iad3d.ErrConfig), exitModel},
	} {
		if got := exitCode(fmt.Errorf("wrapped: %w", test.err)); got != test.want {
			t.Errorf("%v: %d, want %d", test.err, got, test.want)
		}
	}
}

// badScan is a scan's file that cannot be used, and what must be said about it.
type badScan struct {
	name  string
	spoil func(t *testing.T, xyz, rgb string) // changes a good scan's files
	says  []string
	names string // the file that the message must name: xyz, or rgb
}

func badScans() []badScan {
	const side = 64 // of the line's scans
	return []badScan{
		{"truncated", func(t *testing.T, xyz, _ string) {
			put(t, xyz, get(t, xyz)[:20000])
		}, []string{"strip 26 of 64", "file of 20000 bytes"}, "xyz"},
		{"header cut", func(t *testing.T, xyz, _ string) {
			put(t, xyz, get(t, xyz)[:6])
		}, []string{"not a valid TIFF file"}, "xyz"},
		{"empty", func(t *testing.T, xyz, _ string) {
			put(t, xyz, nil)
		}, []string{"is empty"}, "xyz"},
		{"text", func(t *testing.T, xyz, _ string) {
			put(t, xyz, []byte("version https://git-lfs.github.com/spec/v1\noid 1\n"))
		}, []string{"is a text file named .tiff", "git-lfs"}, "xyz"},
		{"image", func(t *testing.T, xyz, rgb string) {
			put(t, xyz, get(t, rgb))
		}, []string{"is a PNG image, not a cloud"}, "xyz"},
		{"no valid point", func(t *testing.T, xyz, _ string) {
			var b bytes.Buffer
			im := &xyztiff.Image{Width: side, Height: side, Samples: 3, F32: make([]float32, 3*side*side)}
			if err := xyztiff.Encode(&b, im, xyztiff.EncodeOptions{}); err != nil {
				t.Fatal(err)
			}
			put(t, xyz, b.Bytes())
		}, []string{"no measured point"}, "xyz"},
		{"colour of another size", func(t *testing.T, _, rgb string) {
			var b bytes.Buffer
			if err := png.Encode(&b, image.NewNRGBA(image.Rect(0, 0, 48, 32))); err != nil {
				t.Fatal(err)
			}
			put(t, rgb, b.Bytes())
		}, []string{"colour image is 48×32", "is 64×64"}, "rgb"},
		{"colour cut", func(t *testing.T, _, rgb string) {
			put(t, rgb, get(t, rgb)[:100])
		}, []string{"PNG image"}, "rgb"},
	}
}

// copyLine copies the line's class into a new folder and returns it.
func copyLine(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(dir, os.DirFS(testLine(t))); err != nil {
		t.Fatal(err)
	}
	return dir
}

// spoiled returns a copy of the line in which one of a split's good scans is bad,
// and the file that messages must name.
func (b *badScan) spoiled(t *testing.T, split, stem string) (line, file string) {
	line = copyLine(t)
	good := filepath.Join(line, "gear", split, "good")
	xyz, rgb := filepath.Join(good, "xyz", stem+".tiff"), filepath.Join(good, "rgb", stem+".png")
	b.spoil(t, xyz, rgb)
	if b.names == "rgb" {
		return line, rgb
	}
	return line, xyz
}

func TestBadScan(t *testing.T) {
	for _, b := range badScans() {
		t.Run(b.name, func(t *testing.T) {
			out := t.TempDir()
			unchanged(t, out)

			line, file := b.spoiled(t, "train", "002")
			says := append([]string{file}, b.says...)
			refuse(t, exitInput, says, "fit", "--dataset", "mvtec3d", "--root", line, "--out", filepath.Join(out, "m.iad3d"))

			line, file = b.spoiled(t, "train", "000")
			says = append([]string{file}, b.says...)
			refuse(t, exitInput, says, "preprocess", "--dataset", "mvtec3d", "--root", line, "--out", out)

			line, file = b.spoiled(t, "test", "001")
			refuse(t, exitInput, append([]string{file}, b.says...), "eval", "--model", testModel(t), "--dataset", "mvtec3d", "--root", line, "--json")
			xyz := filepath.Join(line, "gear", "test", "good", "xyz", "001.tiff")
			// The score command has the path in another spelling.
			says = append([]string{filepath.Base(file)}, b.says...)
			refuse(t, exitInput, says, "score", "--model", testModel(t), "--out", filepath.Join(out, "new"), xyz)
			refuse(t, exitInput, says, "inspect", xyz)
			refuse(t, exitInput, says, "preprocess", "--out", filepath.Join(out, "new"), xyz)
		})
	}
}

func TestBadFolder(t *testing.T) {
	out, empty := t.TempDir(), t.TempDir()
	unchanged(t, out)
	missing := filepath.Join(empty, "missing")
	for _, test := range []struct {
		dir, class, says string
	}{
		{empty, "", empty + ": no train, validation or test folder"},
		{missing, "", missing + ": no such file or directory"},
		{testLine(t), "bagel", `no class "bagel"; found gear`},
	} {
		set := []string{"--dataset", "mvtec3d", "--root", test.dir, "--class", test.class}
		says := []string{test.says}
		refuse(t, exitInput, says, append(set, "fit", "--out", filepath.Join(out, "m.iad3d"))...)
		refuse(t, exitInput, says, append(set, "eval", "--model", testModel(t), "--out", filepath.Join(out, "e"))...)
		refuse(t, exitInput, says, append(set, "preprocess", "--out", filepath.Join(out, "p"))...)
	}
	refuse(t, exitInput, []string{empty + ": no .tiff, .pcd, .ply or other cloud files"}, "score", "--model", testModel(t), "--out", filepath.Join(out, "s"), empty)
	refuse(t, exitInput, []string{missing + ": no such file or directory"}, "score", "--model", testModel(t), missing)
	refuse(t, exitInput, []string{empty + ": is a folder, not a file"}, "inspect", empty)
	refuse(t, exitInput, []string{missing + ": no such file or directory"}, "inspect", missing)

	// A set without defective scans has no figures.
	line := copyLine(t)
	for _, d := range []string{"bent", "dent"} {
		if err := os.RemoveAll(filepath.Join(line, "gear", "test", d)); err != nil {
			t.Fatal(err)
		}
	}
	refuse(t, exitInput, []string{"2 good and 0 defective scans"}, "eval", "--model", testModel(t), "--dataset", "mvtec3d", "--root", line)
}

func TestBadModel(t *testing.T) {
	whole := get(t, testModel(t))
	flipped := slices.Clone(whole)
	flipped[len(flipped)-1] ^= 1
	dir := t.TempDir()
	for _, test := range []struct {
		name    string
		content []byte
		says    string
		inspect int // exit code of inspect, which may take the file for a scan
	}{
		{"cut.iad3d", whole[:len(whole)-1], "truncated", exitModel},
		{"header.iad3d", whole[:300], "truncated", exitModel},
		{"empty.iad3d", nil, "truncated: the file is empty", exitModel},
		{"flipped.iad3d", flipped, "damaged: SHA-256", exitModel},
		{"long.iad3d", append(slices.Clone(whole), 0), "damaged: 1 bytes after the last tensor", exitModel},
		{"text.iad3d", []byte("this is no model, but a text file\n"), "not an iad3d model", exitInput},
		{"missing.iad3d", nil, "no such file or directory", exitInput},
	} {
		path := filepath.Join(dir, test.name)
		if test.name != "missing.iad3d" {
			put(t, path, test.content)
		}
		out := t.TempDir()
		unchanged(t, out)
		says := []string{path, test.says}
		refuse(t, exitModel, says, "score", "--model", path, "--out", filepath.Join(out, "s"), testScan(t, "dent"))
		refuse(t, exitModel, says, "eval", "--model", path, "--dataset", "mvtec3d", "--root", testLine(t), "--out", filepath.Join(out, "e"))
		refuse(t, test.inspect, []string{path}, "inspect", path)
	}
	refuse(t, exitModel, []string{"not an iad3d model"}, "score", "--model", testScan(t, "dent"), testScan(t, "dent"))
}
