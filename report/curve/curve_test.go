package curve_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"image/png"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/metrics"
	"github.com/iad3d/iad3d/report/curve"
)

func roc(t testing.TB) *metrics.Curve {
	t.Helper()
	c, err := metrics.ROCCurve([]float64{.1, .4, .35, .8, .5, .2}, []bool{false, false, true, true, true, false})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestPictures(t *testing.T) {
	f := curve.Figure{Title: "nut: pixel ROC", Lines: []curve.Line{{Name: "ours", Curve: roc(t)}, {Name: "theirs", Curve: roc(t)}}, Limit: 0.3}
	var first, again bytes.Buffer
	if err := curve.PNG(&first, f); err != nil {
		t.Fatal(err)
	}
	if err := curve.PNG(&again, f); err != nil || !bytes.Equal(first.Bytes(), again.Bytes()) {
		t.Errorf("not the same picture twice, %v", err)
	}
	im, err := png.Decode(&first)
	if err != nil || im.Bounds().Dx() < 500 || im.Bounds().Dy() < 400 {
		t.Fatalf("%v, %v", im.Bounds(), err)
	}
	colours := map[string]bool{}
	for y := range im.Bounds().Dy() {
		for x := range im.Bounds().Dx() {
			colours[fmt.Sprint(im.At(x, y))] = true
		}
	}
	if len(colours) < 3 {
		t.Errorf("%d colours in the picture", len(colours))
	}
	var svg bytes.Buffer
	if err := curve.SVG(&svg, f); err != nil {
		t.Fatal(err)
	}
	for _, says := range []string{"<svg", "nut: pixel ROC", "theirs", "false-positive rate", "</svg>"} {
		if !strings.Contains(svg.String(), says) {
			t.Errorf("the drawing does not have %q", says)
		}
	}
}

func TestCSV(t *testing.T) {
	c := roc(t)
	bare := *c
	bare.Threshold = nil
	var b bytes.Buffer
	if err := curve.CSV(&b, curve.Line{Name: "a", Curve: c}, curve.Line{Name: "b", Curve: &bare}); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != 1+2*len(c.X) || strings.Join(rows[0], ",") != "curve,x_axis,x,y_axis,y,threshold" {
		t.Fatalf("%q, %v", rows, err)
	}
	for i := range c.X {
		for k, want := range map[int]float64{2: c.X[i], 4: c.Y[i], 5: c.Threshold[i]} {
			if got, err := strconv.ParseFloat(rows[i+1][k], 64); err != nil || got != want {
				t.Errorf("row %q, want %v", rows[i+1], want)
			}
		}
		if rows[1+len(c.X)+i][5] != "" {
			t.Errorf("threshold of a curve without: %q", rows[1+len(c.X)+i])
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestRefuse(t *testing.T) {
	pr, err := metrics.PRCurve([]float64{.1, .4}, []bool{false, true})
	if err != nil {
		t.Fatal(err)
	}
	good := curve.Line{Name: "roc", Curve: roc(t)}
	for name, f := range map[string]curve.Figure{
		"nothing":    {},
		"empty":      {Lines: []curve.Line{{Name: "x", Curve: new(metrics.Curve)}}},
		"other axis": {Lines: []curve.Line{good, {Name: "pr", Curve: pr}}},
		"limit":      {Lines: []curve.Line{good}, Limit: 2},
	} {
		if err := curve.PNG(io.Discard, f); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	f := curve.Figure{Lines: []curve.Line{good}}
	for _, err := range []error{curve.PNG(full{}, f), curve.SVG(full{}, f), curve.CSV(full{}, good)} {
		if err == nil {
			t.Error("a full disk is no error")
		}
	}
	if err := curve.PNG(io.Discard, curve.Figure{Lines: []curve.Line{{Name: "pr", Curve: pr}}}); err != nil {
		t.Errorf("one point: %v", err)
	}
}

func ExampleCSV() {
	c, err := metrics.ROCCurve([]float64{.1, .4, .9}, []bool{false, false, true})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := curve.CSV(os.Stdout, curve.Line{Name: "roc", Curve: c}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// curve,x_axis,x,y_axis,y,threshold
	// roc,false-positive rate,0,true-positive rate,0,0.9000000000000001
	// roc,false-positive rate,0,true-positive rate,1,0.9
	// roc,false-positive rate,1,true-positive rate,1,0.1
}
