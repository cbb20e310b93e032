package metrics

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Counting at a point's threshold gives the point, and the area of the ROC curve
// is the AUC.
func TestCurvesAgainstCounts(t *testing.T) {
	rng := rand.New(rand.NewPCG(41, 1))
	for range 200 {
		scores, labels := sample(rng, 2+rng.IntN(150), 1+rng.IntN(60))
		roc, err := ROCCurve(scores, labels)
		if err != nil {
			t.Fatal(err)
		}
		pr, err := PRCurve(scores, labels)
		if err != nil {
			t.Fatal(err)
		}
		for i := range roc.X {
			if c, err := Confuse(scores, labels, roc.Threshold[i], AtLeast); err != nil || c.FPR() != roc.X[i] || c.TPR() != roc.Y[i] {
				t.Fatalf("ROC point %d (%v, %v), counted %v at %v", i, roc.X[i], roc.Y[i], c, roc.Threshold[i])
			}
		}
		for i := range pr.X {
			if c, err := Confuse(scores, labels, pr.Threshold[i], AtLeast); err != nil || c.Recall() != pr.X[i] || c.Precision() != pr.Y[i] {
				t.Fatalf("PR point %d (%v, %v), counted %v at %v", i, pr.X[i], pr.Y[i], c, pr.Threshold[i])
			}
		}
		last := len(roc.X) - 1
		if roc.X[0] != 0 || roc.Y[0] != 0 || roc.X[last] != 1 || roc.Y[last] != 1 {
			t.Fatalf("ROC curve from (%v, %v) to (%v, %v)", roc.X[0], roc.Y[0], roc.X[last], roc.Y[last])
		}
		area, err := roc.Area(1)
		if err != nil {
			t.Fatal(err)
		}
		if auc, _ := ROCAUC(scores, labels); math.Abs(area.Value-auc.Value) > 1e-12 {
			t.Fatalf("area %v, AUC %v", area, auc)
		}
		if _, err := pr.Area(1); err == nil {
			t.Fatal("a precision-recall curve has an area over the false-positive rate")
		}
		iou, err := IoUMax(scores, labels)
		if err != nil {
			t.Fatal(err)
		}
		for _, level := range scores {
			if c, _ := Confuse(scores, labels, level, AtLeast); c.IoU() > iou.IoU {
				t.Fatalf("IoU %v at %v, more than %+v", c.IoU(), level, iou)
			}
		}
	}
}

func TestThin(t *testing.T) {
	p, err := pool(inspection(3, 80, 2))
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.ROCCurve()
	if err != nil {
		t.Fatal(err)
	}
	thin := c.Thin(0.01)
	n := len(thin.X)
	if n < 20 || n > 500 || len(thin.Threshold) != n || thin.X[0] != 0 || thin.X[n-1] != 1 || thin.Y[n-1] != 1 {
		t.Errorf("%d of %d points", n, len(c.X))
	}
	for i := range c.X { // none is far from the thin curve
		near := false
		for j := range thin.X {
			near = near || math.Abs(c.X[i]-thin.X[j]) < 0.01 && math.Abs(c.Y[i]-thin.Y[j]) < 0.01
		}
		if !near {
			t.Fatalf("point (%v, %v) lies apart", c.X[i], c.Y[i])
		}
	}
}
