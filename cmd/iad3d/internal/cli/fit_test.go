package cli

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/io/model"
)

func fitArgs(t *testing.T, out string, more ...string) []string {
	return append([]string{"fit", "--dataset", "mvtec3d", "--root", testLine(t), "--class", "gear", "--out", out}, more...)
}

func TestFit(t *testing.T) {
	out := filepath.Join(t.TempDir(), "new", "m.iad3d")
	doc := document[fitDocument](t, fitArgs(t, out, "--protocol", "btf", "--features", "fpfh", "--seed", "7", "--coreset", "0.2", "--size", "64", "--cells", "16")...)
	head, err := model.ReadHeader(out)
	if err != nil {
		t.Fatal(err)
	}
	if doc.Model != out || doc.SHA256 != head.SHA256 || doc.Bytes != head.Size || doc.Class != "gear" {
		t.Errorf("document %+v, header %+v", doc, head)
	}
	// 3 scans of 16×16 cells, a fifth of them kept, 33 values each.
	if doc.Provenance.Scans != 3 || doc.Provenance.Rows != 768 || doc.Bank != (bankSize{153, 33}) {
		t.Errorf("document %+v", doc)
	}
	c := doc.Config
	if c.Protocol != iad3d.ProtocolBTF || c.Seed != 7 || c.Coreset != 0.2 || c.Cells != 16 || c.Size != 64 || !c.KeepPlane {
		t.Errorf("configuration %+v", c)
	}
	d, err := iad3d.Load(out)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if d.Provenance() != doc.Provenance {
		t.Errorf("provenance %+v in the file, %+v in the document", d.Provenance(), doc.Provenance)
	}
	text := fine(t, fitArgs(t, out)...) // replaces a model
	if !strings.HasPrefix(text, out+": ") || !strings.Contains(text, "from 3 scans of gear") || strings.Count(text, "\n") != 1 {
		t.Errorf("text %q", text)
	}
}

func TestFitIsDeterministic(t *testing.T) {
	want := get(t, testModel(t))
	for _, threads := range []string{"0", "1", "2", "5"} {
		out := filepath.Join(t.TempDir(), "m.iad3d")
		fine(t, fitArgs(t, out, "--threads", threads)...)
		if !bytes.Equal(get(t, out), want) {
			t.Errorf("another model with --threads %s", threads)
		}
	}
	out := filepath.Join(t.TempDir(), "m.iad3d")
	fine(t, fitArgs(t, out, "--coreset", "0.11")...)
	if bytes.Equal(get(t, out), want) {
		t.Error("the same model with another coreset")
	}
}

func TestFitRefusesTarget(t *testing.T) {
	dir := t.TempDir()
	text := put(t, filepath.Join(dir, "notes.txt"), []byte("please keep these notes"))
	unchanged(t, dir)
	for _, test := range []struct{ out, says string }{
		{dir, dir + " is a folder; name a file"},
		{text, text + " exists and is not a model"},
		{filepath.Join(text, "m.iad3d"), "not a directory"},
		{filepath.Join(text, "a", "b", "m.iad3d"), "not a directory"},
	} {
		refuse(t, exitUsage, []string{test.says}, fitArgs(t, test.out)...)
	}
	if string(get(t, text)) != "please keep these notes" {
		t.Error("the notes are gone")
	}
	if got := run(t, fitArgs(t, filepath.Join(dir, "m"), "--coreset", "2")...); got.code != exitUsage {
		t.Errorf("coreset 2: %+v", got)
	}
}

// TestFitInterrupted ends a fit at several moments. A fast machine may be done
// before the later ones; the model must then be whole.
func TestFitInterrupted(t *testing.T) {
	for _, after := range []time.Duration{0, 5, 20, 50, 100, 150} {
		dir := t.TempDir()
		out := filepath.Join(dir, "m.iad3d")
		args := fitArgs(t, out)
		ctx, cancel := context.WithTimeout(t.Context(), after*time.Millisecond)
		r := runContext(ctx, args...)
		cancel()
		switch {
		case r.code == exitFine && after > 0:
			if !bytes.Equal(get(t, out), get(t, testModel(t))) {
				t.Errorf("after %v ms: another model", after)
			}
		case r.code != exitInterrupted || r.stderr != "iad3d: interrupted\n" || r.stdout != "":
			t.Errorf("after %v ms: %+v", after, r)
		default:
			if _, err := os.Stat(out); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("after %v ms: %v", after, tree(t, dir))
			}
		}
	}
}
