package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// victim is a command whose outputs, all below a folder of its own, must outlive its
// being killed. A new command that writes has its line in victims.
type victim struct {
	name string
	// old and new are the arguments of a run that makes what is there before, nil for
	// nothing, and of the one that is killed.
	old, new func(out string) []string
	// varies tells the outputs whose bytes differ from run to run, of which only is
	// asked that they are complete; others must have the bytes of one of the two runs.
	varies func(path string) bool
	// clear is the folder below OUT that is taken away before it is killed: it would go
	// on where an earlier run was, or refuse what is not empty.
	clear string
}

func victims(t *testing.T) []victim {
	line, model := testLine(t), testModel(t)
	other := filepath.Join(fixture.dir, "other.iad3d")
	fine(t, "fit", "--dataset", "mvtec3d", "--root", line, "--features", "fpfh", "--rows", "400", "--out", other)
	scans := []string{testScan(t, "bent"), testScan(t, "dent"), testScan(t, "good")}
	at := func(args ...string) func(string) []string {
		return func(out string) []string {
			list := slices.Clone(args)
			for i := range list {
				list[i] = strings.ReplaceAll(list[i], "OUT", out)
			}
			return list
		}
	}
	set := []string{"--dataset", "mvtec3d", "--root", line}
	bench := append([]string{"bench", "--methods", "fpfh,raw", "--out", "OUT/bench"}, set...)
	return []victim{
		{
			name: "fit",
			old:  at(append([]string{"fit", "--rows", "400", "--out", "OUT/m.iad3d"}, set...)...),
			new:  at(append([]string{"fit", "--out", "OUT/m.iad3d"}, set...)...),
		},
		{
			name: "update",
			old:  at("update", model, scans[2], "--out", "OUT/u.iad3d"),
			new:  at("update", model, strings.Replace(scans[2], "000.tiff", "001.tiff", 1), "--out", "OUT/u.iad3d"),
		},
		{
			name: "score --out",
			old:  at(append([]string{"score", "--model", other, "--out", "OUT/s"}, scans...)...),
			new:  at(append([]string{"score", "--model", model, "--out", "OUT/s"}, scans...)...),

			varies: lists,
		},
		{
			name: "eval --out",
			old:  at(append([]string{"eval", "--model", other, "--out", "OUT/e"}, set...)...),
			new:  at(append([]string{"eval", "--model", model, "--out", "OUT/e"}, set...)...),

			varies: lists,
		},
		{name: "bench", old: at(bench...), new: at(bench...), varies: always, clear: "bench"}, // times
		{
			name:   "report",
			old:    at(append([]string{"report", "--model", other, "--out", "OUT/r.html"}, scans...)...),
			new:    at(append([]string{"report", "--model", model, "--out", "OUT/r.html"}, scans...)...),
			varies: always, // when it was made
		},
		{
			name:  "preprocess",
			new:   at(append([]string{"preprocess", "--out", "OUT/p"}, set...)...),
			clear: "p",
		},
		{
			name:  "synth",
			new:   at("synth", "--size", "48", "--train", "2", "--out", "OUT/line"),
			clear: "line",
		},
		{
			name: "convert",
			old:  at("convert", "--force", scans[0], "OUT/c.ply"),
			new:  at("convert", "--force", scans[1], "OUT/c.ply"),
		},
	}
}

func always(string) bool { return true }

// lists tells the files that name the folder they lie in, or times.
func lists(path string) bool {
	return slices.Contains([]string{"evaluation.json", "results.jsonl", "summary.json", "regions.csv"}, filepath.Base(path))
}

// intact looks at an output whose bytes are not known.
func intact(path string, content []byte) error {
	switch filepath.Ext(path) {
	case ".json":
		var v any
		if err := json.Unmarshal(content, &v); err != nil {
			return err
		}
	case ".html":
		if !bytes.HasSuffix(bytes.TrimSpace(content), []byte("</html>")) {
			return fmt.Errorf("%d bytes that do not end", len(content))
		}
	case ".jsonl":
		for line := range bytes.Lines(content) {
			if !json.Valid(line) {
				return fmt.Errorf("line %.40q", line)
			}
		}
	case ".csv", ".md":
		if !bytes.HasSuffix(content, []byte("\n")) || len(content) < 20 {
			return fmt.Errorf("%d bytes", len(content))
		}
	}
	return nil
}
