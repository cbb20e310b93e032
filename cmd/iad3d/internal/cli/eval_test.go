package cli

import (
	"encoding/csv"
	"encoding/json"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/io/dataset"
)

func evalArgs(t *testing.T, more ...string) []string {
	return append([]string{"eval", "--model", testModel(t), "--dataset", "mvtec3d", "--root", testLine(t)}, more...)
}

// libraryEvaluation is what a program that uses the library would get.
func libraryEvaluation(t *testing.T) *iad3d.Evaluation {
	t.Helper()
	d, err := iad3d.Load(testModel(t))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	set, err := dataset.OpenMVTec3D(testLine(t), "gear")
	if err != nil {
		t.Fatal(err)
	}
	e, err := d.Evaluate(t.Context(), set.Scans(t.Context(), dataset.Test), nil)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestEval(t *testing.T) {
	doc := document[evalDocument](t, evalArgs(t)...)
	if doc.Class != "gear" || doc.Model != testModel(t) || doc.Dataset != "mvtec3d" || doc.Root != testLine(t) || doc.Seconds <= 0 {
		t.Errorf("document %+v", doc)
	}
	if want := libraryEvaluation(t); !reflect.DeepEqual(doc.Evaluation, want) {
		t.Errorf("evaluation %+v, want %+v", doc.Evaluation, want)
	}

	// The names that scripts rely on.
	var keys map[string]any
	if err := json.Unmarshal([]byte(fine(t, evalArgs(t, "--json")...)), &keys); err != nil {
		t.Fatal(err)
	}
	for _, k := range []string{"image_auroc", "pixel_auroc", "au_pro"} {
		if v, ok := keys[k].(float64); !ok || v < 0 || v > 1 {
			t.Errorf("%s is %v", k, keys[k])
		}
	}
	if s, ok := keys["convention"].(string); !ok || s == "" {
		t.Errorf("convention is %v", keys["convention"])
	}
	if keys["good"] != 2.0 || keys["defective"] != 2.0 {
		t.Errorf("%v good and %v defective scans", keys["good"], keys["defective"])
	}
}

func TestEvalText(t *testing.T) {
	rows := slices.Collect(strings.Lines(fine(t, evalArgs(t)...)))
	if rows[0] != "gear by "+testModel(t)+"\n" {
		t.Errorf("first line %q", rows[0])
	}
	e := libraryEvaluation(t)
	f := func(v float64) string { return strconv.FormatFloat(v, 'f', 4, 64) }
	want := []string{"all", "2", f(e.ImageAUROC), f(e.PixelAUROC), f(e.AUPRO)}
	if !slices.ContainsFunc(rows, func(r string) bool { return slices.Equal(strings.Fields(r), want) }) {
		t.Errorf("no row %q in %q", want, rows)
	}
}

func TestEvalOut(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	doc := document[evalDocument](t, evalArgs(t, "--out", out)...)
	want := []string{".", "bent_000.png", "bent_000.tiff", "dent_000.png", "dent_000.tiff", "evaluation.json",
		"good_000.png", "good_000.tiff", "good_001.png", "good_001.tiff", "scores.csv"}
	if got := tree(t, out); !slices.Equal(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
	var stored evalDocument
	if err := json.Unmarshal(get(t, filepath.Join(out, "evaluation.json")), &stored); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(stored, doc) {
		t.Errorf("stored %+v, written %+v", stored, doc)
	}
	rows, err := csv.NewReader(strings.NewReader(string(get(t, filepath.Join(out, "scores.csv"))))).ReadAll()
	if err != nil || len(rows) != 5 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i, s := range doc.Scans {
		if rows[i+1][0] != s.Name || rows[i+1][2] != strconv.FormatFloat(s.Score, 'g', -1, 64) {
			t.Errorf("row %q, want %+v", rows[i+1], s)
		}
	}

	inside := filepath.Join(testLine(t), "gear", "results")
	unchanged(t, testLine(t))
	refuse(t, exitUsage, []string{"lies in the data set"}, evalArgs(t, "--out", inside)...)
}
