package metrics

import (
	"errors"
	"math"
	"testing"

	"github.com/iad3d/iad3d/internal/golden"
)

// metrics_rank/iou.json: jaccard_score, f1_score and the others of
// scikit-learn 1.2.1 on five synthetic maps.
func TestConfuseAgainstScikitLearn(t *testing.T) {
	type value struct {
		Value    float64
		Warnings []string
	}
	var oracle struct {
		Maps, GTs golden.Ref
		Cases     []struct {
			Threshold      float64
			Op             string
			TP, FP, FN, TN int
			IoU            value   `json:"iou_global"`
			Background     value   `json:"iou_background_global"`
			F1             value   `json:"f1_global"`
			Precision      value   `json:"precision_global"`
			Recall         value   `json:"recall_global"`
			PerImage       []value `json:"iou_per_image"`
		}
	}
	golden.JSON(t, "metrics_rank/iou.json", &oracle)
	maps := golden.NPY(t, oracle.Maps.File)
	scores, truth := maps.Float32s(), isDefect(golden.NPY(t, oracle.GTs.File).Uint8s())
	size := maps.Shape[1] * maps.Shape[2]
	near := func(name string, got float64, want value) {
		t.Helper()
		if !(math.Abs(got-want.Value) <= oracleTolerance) {
			t.Errorf("%s = %v, want %v", name, got, want.Value)
		}
	}
	for _, c := range oracle.Cases {
		by := map[string]Comparison{">=": AtLeast, ">": Above}[c.Op]
		if by.String() != c.Op {
			t.Errorf("String() = %q, want %q", by, c.Op)
		}
		var all Counts
		for k, want := range c.PerImage {
			n, err := Confuse(scores[k*size:(k+1)*size], truth[k*size:(k+1)*size], c.Threshold, by)
			if err != nil {
				t.Fatal(err)
			}
			all = all.Plus(n)
			if len(want.Warnings) == 0 { // with one, the union is empty and the value a matter of taste
				near("IoU of one image", n.IoU(), want)
			}
		}
		if want := (Counts{TP: c.TP, FP: c.FP, FN: c.FN, TN: c.TN}); all != want {
			t.Errorf("threshold %s %v: %+v, want %+v", c.Op, c.Threshold, all, want)
		}
		near("IoU", all.IoU(), c.IoU)
		near("BackgroundIoU", all.BackgroundIoU(), c.Background)
		near("F1", all.F1(), c.F1)
		near("Precision", all.Precision(), c.Precision)
		near("Recall", all.Recall(), c.Recall)
	}
}

func TestConfuseErrors(t *testing.T) {
	if _, err := Confuse([]float64{1}, []bool{true}, math.NaN(), AtLeast); !errors.Is(err, ErrOption) {
		t.Errorf("NaN threshold: %v", err)
	}
	if _, err := Confuse([]float64{1}, []bool{true}, 1, 2); !errors.Is(err, ErrOption) {
		t.Errorf("unknown comparison: %v", err)
	}
	for _, by := range []Comparison{AtLeast, Above} {
		n, err := Confuse([]float64{math.MaxFloat64, 0}, []bool{true, false}, math.Inf(1), by)
		if want := (Counts{FN: 1, TN: 1}); err != nil || n != want {
			t.Errorf("nothing reaches infinity: %+v, %v", n, err)
		}
	}
}

func TestCountsWithoutDenominator(t *testing.T) {
	var c Counts
	for name, v := range map[string]float64{
		"precision": c.Precision(), "recall": c.Recall(), "F1": c.F1(), "IoU": c.IoU(), "background IoU": c.BackgroundIoU(),
	} {
		if v != 0 {
			t.Errorf("%s of nothing is %v, want 0", name, v)
		}
	}
}
