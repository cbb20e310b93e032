package cli

import (
	"bytes"
	"context"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/internal/synth"
)

func TestSynth(t *testing.T) {
	args := []string{"synth", "--size", "48", "--parts", "washer,gear", "--defects", "hole,stained", "--train", "2", "--validation", "0", "--good", "1", "--per-defect", "2", "--seed", "5"}
	a, b := filepath.Join(t.TempDir(), "new", "line"), t.TempDir()
	doc := document[synthDocument](t, append(args, "--out", a)...)
	doc.Seconds = 0
	want := synthDocument{Out: a, Seed: 5, Size: 48, Parts: []madeClass{{"washer", 2, 0, 5}, {"gear", 2, 0, 5}}}
	if !reflect.DeepEqual(doc, want) {
		t.Errorf("document %+v, want %+v", doc, want)
	}
	files := tree(t, a)
	n := 0
	for _, f := range files {
		if strings.HasSuffix(f, ".tiff") {
			n++
		}
	}
	if n != 14 || slices.Contains(files, "gear/validation") {
		t.Errorf("%d scans in %q", n, files)
	}
	text := fine(t, append(args, "--out", b, "--threads", "1")...)
	if !strings.HasPrefix(text, b+": 14 scans of washer, gear; ") {
		t.Errorf("text %q", text)
	}
	if !slices.Equal(tree(t, b), files) {
		t.Error("another run made other files")
	}
	for _, f := range files {
		if strings.Contains(filepath.Base(f), ".") && f != "." && !bytes.Equal(get(t, filepath.Join(a, f)), get(t, filepath.Join(b, f))) {
			t.Errorf("%s differs between runs", f)
		}
	}
	fine(t, append(args, "--out", a)...) // into its own folder again
	refuse(t, exitUsage, []string{filepath.Join(a, "washer"), "not made with these options"}, append(args, "--out", a, "--seed", "6")...)
}

func TestSynthRefuses(t *testing.T) {
	dir := t.TempDir()
	file := put(t, filepath.Join(dir, "file"), nil)
	unchanged(t, dir)
	refuse(t, exitUsage, []string{file, "not a folder"}, "synth", "--out", file)
	refuse(t, exitUsage, []string{`no part "wheel"`}, "synth", "--out", filepath.Join(dir, "x"), "--parts", "wheel")
	refuse(t, exitUsage, []string{`no defect "rust"`}, "synth", "--out", filepath.Join(dir, "x"), "--defects", "rust")
	refuse(t, exitUsage, []string{"size 5"}, "synth", "--out", filepath.Join(dir, "x"), "--size", "5")
}

func TestSynthInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := runContext(ctx, "synth", "--out", filepath.Join(t.TempDir(), "line"))
	if r.code != exitInterrupted || r.stderr != "iad3d: interrupted\n" {
		t.Errorf("%+v", r)
	}
}

func TestSynthHelp(t *testing.T) {
	help := fine(t, "synth", "--help")
	for _, s := range append(synth.Parts(), synth.Defects()...) {
		if !strings.Contains(help, s) {
			t.Errorf("help does not name %s", s)
		}
	}
}
