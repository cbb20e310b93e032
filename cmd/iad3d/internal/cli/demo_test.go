package cli

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/internal/synth"
)

// runSmall runs a demo of two parts with few, small scans.
func runSmall(t *testing.T, out string, seed uint64, asJSON bool) (stdout string, err error) {
	t.Helper()
	var o, e bytes.Buffer
	a := &app{stdout: &o, stderr: &e, json: asJSON}
	err = a.runDemo(t.Context(), &demoOptions{out: out, seed: seed, line: synth.Options{
		Size: 64, Train: 2, Validation: -1, Good: 1, Parts: []string{"cap", "washer"}, Defects: []string{"dent", "stained"},
	}})
	if e.Len() > 0 {
		t.Errorf("standard error %q", e.String())
	}
	return o.String(), err
}

func TestDemo(t *testing.T) {
	out := filepath.Join(t.TempDir(), "demo")
	text, err := runSmall(t, out, 1, false)
	if err != nil {
		t.Fatal(err)
	}
	table := string(get(t, filepath.Join(out, "table.txt")))
	if !strings.HasPrefix(text, table+"\nWhere to look, after ") {
		t.Errorf("text does not begin with the table:\n%s", text)
	}
	for _, word := range []string{"\ncap ", "\nwasher ", "\nmean ", "\ndent ", "\nstained "} {
		if !strings.Contains(table, word) {
			t.Errorf("no %q in the table:\n%s", word, table)
		}
	}
	var want []string
	for _, part := range []string{"cap", "washer"} {
		want = append(want, "models/"+part+".iad3d")
		for _, n := range []string{"dent_000", "good_000", "stained_000"} {
			want = append(want, "heatmaps/"+part+"/"+n+".png", "maps/"+part+"/"+n+".tiff")
		}
	}
	files := tree(t, out)
	for _, w := range want {
		if !slices.Contains(files, w) {
			t.Errorf("no %s", w)
		}
	}

	// What it proposes to do next works.
	_, next, _ := strings.Cut(text, "\nNext: iad3d ")
	fine(t, strings.Fields(next)...)

	again, err := runSmall(t, out, 1, true)
	if err != nil {
		t.Fatal(err)
	}
	var doc demoDocument
	if err := json.Unmarshal([]byte(again), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.Out != out || len(doc.Parts) != 2 || doc.Parts[1].Class != "washer" || doc.Parts[1].Good != 1 || doc.Parts[1].Defective != 2 {
		t.Errorf("document %+v", doc)
	}
	if !slices.Equal(tree(t, out), files) || string(get(t, filepath.Join(out, "table.txt"))) != table {
		t.Error("the second run left something else")
	}
	if _, err := runSmall(t, out, 2, false); exitCode(err) != exitUsage || !strings.Contains(err.Error(), out) {
		t.Errorf("another seed: %v", err)
	}
}

func TestDemoRefusesForeignFolder(t *testing.T) {
	out := t.TempDir()
	put(t, filepath.Join(out, "line", "mine.txt"), nil)
	unchanged(t, out)
	refuse(t, exitUsage, []string{out, "was not written by demo"}, "demo", "--out", out)
	refuse(t, exitUsage, []string{"mine.txt"}, "demo", "--out", filepath.Join(out, "line", "mine.txt"))
}
