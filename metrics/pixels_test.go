package metrics

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/grid"
)

func TestPixelsRejects(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	good := Image[float64]{Width: 2, Height: 1, Scores: []float64{1, 2}, Truth: []bool{true, false}}
	for _, c := range []struct {
		m     Image[float64]
		want  error
		words string
	}{
		{Image[float64]{}, ErrEmpty, "image 1"},
		{Image[float64]{Width: 2, Height: 2, Scores: []float64{1, 2}}, ErrLength, "2×2 pixels, 2 scores"},
		{Image[float64]{Width: 0, Height: 2, Scores: []float64{1, 2}}, ErrLength, "0×2"},
		{Image[float64]{Width: -2, Height: -1, Scores: []float64{1, 2}}, ErrLength, "-2×-1"},
		{Image[float64]{Width: math.MaxInt, Height: 2, Scores: []float64{1, 2}}, ErrLength, "2 scores"},
		{Image[float64]{Width: 2, Height: 1, Scores: []float64{1, 2}, Truth: []bool{}}, ErrLength, "0 truth pixels"},
		{Image[float64]{Width: 2, Height: 2, Scores: []float64{1, 2, nan, 4}}, ErrNotFinite, "pixel (0, 1)"},
		{Image[float64]{Width: 2, Height: 2, Scores: []float64{1, -inf, 3, 4}}, ErrNotFinite, "pixel (1, 0)"},
	} {
		var p Pixels[float64]
		if err := p.Add(good); err != nil {
			t.Fatal(err)
		}
		err := p.Add(c.m)
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), "image 1") || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%v: error %v, want %v with %q", c.m, err, c.want, c.words)
		}
		if auc, err := p.ROCAUC(); auc.Value != 0 || err != nil || p.Images() != 1 || p.OKPixels() != 1 || p.DefectPixels() != 1 || p.Regions() != 1 {
			t.Errorf("%v: the pool changed: ROCAUC %v, %v", c.m, auc, err)
		}
	}
}

func TestPixelsWithoutImages(t *testing.T) {
	var p Pixels[float32]
	_, auc := p.ROCAUC()
	_, ap := p.AveragePrecision()
	_, aupr := p.AUPRTrapezoid()
	_, f1 := p.F1Max()
	_, pro := p.PROCurve(PROOptions{})
	_, iou := p.IoUMax()
	_, roc := p.ROCCurve()
	_, pr := p.PRCurve()
	_, loco := p.LOCOSampling(LOCODistance)
	for _, err := range []error{auc, ap, aupr, f1, pro, iou, roc, pr, loco} {
		if !errors.Is(err, ErrEmpty) {
			t.Errorf("error %v, want ErrEmpty", err)
		}
	}
}

// A pool that was asked for figures can be added to, a nil truth is a good
// image, and the figures are those of the pixels in one slice.
func TestPixelsGrow(t *testing.T) {
	var p Pixels[float32]
	var scores []float32
	var labels []bool
	for k, m := range inspection(5, 48, 12) {
		if k%4 == 0 { // a good part
			m.Truth = nil
			labels = append(labels, make([]bool, len(m.Scores))...)
		} else {
			labels = append(labels, m.Truth...)
		}
		scores = append(scores, m.Scores...)
		if err := p.Add(m); err != nil {
			t.Fatal(err)
		}
		if k == 0 {
			continue
		}
		auc, _ := p.ROCAUC()
		ap, _ := p.AveragePrecision()
		aupr, _ := p.AUPRTrapezoid()
		f1, _ := p.F1Max()
		wantAUC, _ := ROCAUC(scores, labels)
		wantAP, _ := AveragePrecision(scores, labels)
		wantAUPR, _ := AUPRTrapezoid(scores, labels)
		wantF1, err := F1Max(scores, labels)
		if err != nil || auc != wantAUC || ap != wantAP || aupr != wantAUPR || f1 != wantF1 {
			t.Errorf("%d images: %v %v %v %v, want %v %v %v %v", k+1, auc, ap, aupr, f1, wantAUC, wantAP, wantAUPR, wantF1)
		}
	}
}

func TestFromMap(t *testing.T) {
	m := grid.New(2, 3, 1)
	m.Set(1, 2, 0, 5)
	truth := make([]bool, 6)
	truth[5] = true
	auc, err := PixelROCAUC([]Image[float32]{FromMap(m, truth)})
	if auc.Value != 1 || err != nil {
		t.Errorf("ROCAUC %v, %v; want 1", auc, err)
	}
	if _, err := PixelROCAUC([]Image[float32]{FromMap(grid.New(2, 3, 2), truth)}); !errors.Is(err, ErrLength) {
		t.Errorf("two channels: %v, want ErrLength", err)
	}
}

func TestPROOptions(t *testing.T) {
	m := []Image[float64]{{Width: 2, Height: 1, Scores: []float64{1, 2}, Truth: []bool{false, true}}}
	for _, n := range []int{-1, 1, mostThresholds + 1} {
		if _, err := PROCurve(m, PROOptions{Thresholds: n}); !errors.Is(err, ErrOption) {
			t.Errorf("%d thresholds: %v, want ErrOption", n, err)
		}
	}
	for _, limit := range []float64{0, -0.1, 1.1, math.NaN(), math.Inf(1)} {
		if a, err := AUPRO(m, limit, PROOptions{}); !errors.Is(err, ErrOption) {
			t.Errorf("limit %v: %v, %v; want ErrOption", limit, a, err)
		}
	}
	if _, err := AUPRO[float64](nil, OfficialLimit, PROOptions{}); !errors.Is(err, ErrEmpty) {
		t.Errorf("no image: %v, want ErrEmpty", err)
	}
}
