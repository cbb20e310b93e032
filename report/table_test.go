package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"image"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/iad3d/iad3d"
)

func evaluation() *iad3d.Evaluation {
	return &iad3d.Evaluation{
		Metrics:    iad3d.Metrics{ImageAUROC: 0.75, PixelAUROC: 0.96, AUPRO: 0.875},
		Convention: "ROC AUC: ties count one half; AU-PRO: limit 0.3 <official>",
		Good:       2,
		Defective:  11,
		Defects: []iad3d.DefectMetrics{
			{Defect: "bent", Scans: 1, Regions: 1, Metrics: iad3d.Metrics{ImageAUROC: 1, PixelAUROC: 0.99996, AUPRO: 0.5}},
			{Defect: "größer", Scans: 10, Regions: 12, Metrics: iad3d.Metrics{ImageAUROC: 0.5, PixelAUROC: 0.92, AUPRO: 1}},
		},
		Scans: []iad3d.ScanScore{
			{Name: "good/000", Defect: "good", Score: 0.1, Peak: iad3d.Peak{X: 3, Y: 4, Value: 0.1}},
			{Name: `a,"b"` + "\n", Defect: "bent", Score: 1.0 / 3, Peak: iad3d.Peak{X: 223, Y: 0, Value: 12.5}},
		},
	}
}

func written(t *testing.T, write func(io.Writer) error) string {
	t.Helper()
	var b strings.Builder
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTextAlignsAnyName(t *testing.T) {
	e := evaluation()
	e.Defects[0].Defect = "be\x1b[2Jnt\n"
	got := written(t, func(w io.Writer) error { return Text(w, e) })
	want := "" +
		"defect     scans  image AUROC  pixel AUROC  AU-PRO\n" +
		"be\uFFFD[2Jnt\uFFFD      1       1.0000       1.0000  0.5000\n" +
		"größer        10       0.5000       0.9200  1.0000\n" +
		"all           11       0.7500       0.9600  0.8750\n" +
		"against 2 good scans\n" +
		"ROC AUC: ties count one half; AU-PRO: limit 0.3 <official>\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestSummary(t *testing.T) {
	other := evaluation()
	other.Convention = "at 224×224"
	other.Metrics = iad3d.Metrics{ImageAUROC: 0.25, PixelAUROC: 0.98, AUPRO: 0.125}
	got := written(t, func(w io.Writer) error {
		return Summary(w, []NamedEvaluation{{"bracket", evaluation()}, {"gland", other}, {"cap", evaluation()}})
	})
	// The means are (0.75 + 0.25 + 0.75)/3 and so on.
	want := `class    image AUROC  pixel AUROC  AU-PRO
bracket       0.7500       0.9600  0.8750
gland         0.2500       0.9800  0.1250
cap           0.7500       0.9600  0.8750
mean          0.5833       0.9667  0.6250
ROC AUC: ties count one half; AU-PRO: limit 0.3 <official>
at 224×224
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if err := Summary(io.Discard, nil); err == nil {
		t.Error("a summary of nothing")
	}
}

func TestCSV(t *testing.T) {
	got := written(t, func(w io.Writer) error { return CSV(w, evaluation()) })
	want := "name,defect,score,peak_x,peak_y,peak_value\n" +
		"good/000,good,0.1,3,4,0.1\n" +
		"\"a,\"\"b\"\"\n\",bent,0.3333333333333333,223,0,12.5\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	rows, err := csv.NewReader(strings.NewReader(got)).ReadAll()
	if err != nil || len(rows) != 3 || rows[2][0] != evaluation().Scans[1].Name {
		t.Errorf("read back: %q, %v", rows, err)
	}
}

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func TestJSON(t *testing.T) {
	got := written(t, func(w io.Writer) error { return JSON(w, evaluation()) })
	d := json.NewDecoder(strings.NewReader(got))
	var doc map[string]any
	if err := d.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	if d.More() {
		t.Error("more than one document")
	}
	if want := []string{"au_pro", "convention", "defective", "defects", "good", "image_auroc", "pixel_auroc", "scans"}; !slices.Equal(keys(doc), want) {
		t.Errorf("keys %q, want %q", keys(doc), want)
	}
	if doc["au_pro"] != 0.875 || doc["convention"] != evaluation().Convention || !strings.Contains(got, "<official>") {
		t.Errorf("figures in\n%s", got)
	}
	bent := doc["defects"].([]any)[0].(map[string]any)
	if want := []string{"au_pro", "defect", "image_auroc", "pixel_auroc", "regions", "scans"}; !slices.Equal(keys(bent), want) {
		t.Errorf("keys of a defect %q, want %q", keys(bent), want)
	}
	scan := doc["scans"].([]any)[1].(map[string]any)
	if want := []string{"defect", "name", "peak", "score"}; !slices.Equal(keys(scan), want) || scan["score"] != 1.0/3 {
		t.Errorf("scan %v, want the keys %q", scan, want)
	}
	var empty iad3d.Evaluation
	if got := written(t, func(w io.Writer) error { return JSON(w, &empty) }); strings.Contains(got, "null") {
		t.Errorf("null in\n%s", got)
	}
	if empty.Scans != nil {
		t.Error("the evaluation changed")
	}
}

func TestLine(t *testing.T) {
	r := spotResult(7, 5, image.Rect(2, 3, 3, 4), 0.1)
	r.Source = "xyz/<003>.tiff"
	var w counting
	for _, f := range []Files{{}, {Heatmap: "a.png"}, {Map: "a.npy", Heatmap: "a.png"}} {
		if err := Line(&w, r, f); err != nil {
			t.Fatal(err)
		}
	}
	const head = `{"scan":"bent/003","source":"xyz/<003>.tiff","score":2.5,"peak":{"x":2,"y":3,"value":0.1},"width":7,"height":5`
	want := head + "}\n" + head + `,"files":{"heatmap":"a.png"}}` + "\n" + head + `,"files":{"map":"a.npy","heatmap":"a.png"}}` + "\n"
	if w.String() != want || w.calls != 3 {
		t.Errorf("%d writes of\n%s\nwant 3 of\n%s", w.calls, w.String(), want)
	}
	r.Map = nil
	if err := Line(io.Discard, r, Files{}); err == nil || !strings.Contains(err.Error(), "xyz/<003>.tiff: no map") {
		t.Errorf("result without map: %v", err)
	}
}

type counting struct {
	bytes.Buffer
	calls int
}

func (c *counting) Write(b []byte) (int, error) {
	c.calls++
	return c.Buffer.Write(b)
}

func TestNothingWritesNaN(t *testing.T) {
	nan := math.NaN()
	writers := map[string]func(io.Writer, *iad3d.Evaluation) error{"Text": Text, "CSV": CSV, "JSON": JSON}
	for name, write := range writers {
		for want, spoil := range map[string]func(*iad3d.Evaluation){
			"all scans: image AUROC NaN": func(e *iad3d.Evaluation) { e.ImageAUROC = nan },
			"AU-PRO +Inf":                func(e *iad3d.Evaluation) { e.AUPRO = math.Inf(1) },
			"größer":                     func(e *iad3d.Evaluation) { e.Defects[1].PixelAUROC = nan },
			"good/000: score NaN":        func(e *iad3d.Evaluation) { e.Scans[0].Score = nan },
			"peak value NaN":             func(e *iad3d.Evaluation) { e.Scans[1].Peak.Value = float32(nan) },
		} {
			e := evaluation()
			spoil(e)
			var b bytes.Buffer
			if err := write(&b, e); err == nil || !strings.Contains(err.Error(), want) || b.Len() > 0 {
				t.Errorf("%s: error %v after %q, want one with %q", name, err, b.String(), want)
			}
		}
	}
	e := evaluation()
	e.PixelAUROC = nan
	if err := Summary(io.Discard, []NamedEvaluation{{"cap", e}}); err == nil || !strings.Contains(err.Error(), "cap") {
		t.Errorf("Summary: %v", err)
	}
	r := spotResult(7, 5, image.Rect(2, 3, 3, 4), 2)
	r.Score = nan
	if err := Line(io.Discard, r, Files{}); err == nil {
		t.Error("Line wrote a NaN")
	}
}

func TestWriteErrorsReachTheCaller(t *testing.T) {
	full := errors.New("disk full")
	w := failing{full}
	for name, err := range map[string]error{
		"Text":    Text(w, evaluation()),
		"CSV":     CSV(w, evaluation()),
		"JSON":    JSON(w, evaluation()),
		"Summary": Summary(w, []NamedEvaluation{{"cap", evaluation()}}),
		"Line":    Line(w, spotResult(7, 5, image.Rect(2, 3, 3, 4), 2), Files{}),
	} {
		if !errors.Is(err, full) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTextWithoutRegions holds a kind of defect that the ground truth does not
// show.
func TestTextWithoutRegions(t *testing.T) {
	e := evaluation()
	e.Defects[1].Regions, e.Defects[1].PixelAUROC, e.Defects[1].AUPRO = 0, 0, 0
	var b strings.Builder
	if err := Text(&b, e); err != nil {
		t.Fatal(err)
	}
	line := strings.Fields(strings.Split(b.String(), "\n")[2])
	if want := []string{e.Defects[1].Defect, "10", "0.5000", "-", "-"}; !slices.Equal(line, want) {
		t.Errorf("row %q, want %q", line, want)
	}
}
