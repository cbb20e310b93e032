package metrics

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// bootstrapOf makes a bootstrap of images, the score of each its maximum.
func bootstrapOf(t testing.TB, images []Image[float32]) (*Bootstrap[float32], *Pixels[float32]) {
	t.Helper()
	p, err := pool(images)
	if err != nil {
		t.Fatal(err)
	}
	grid, err := p.BootstrapThresholds()
	if err != nil {
		t.Fatal(err)
	}
	b, err := NewBootstrap[float32](grid)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range images {
		if err := b.Add(m, float64(slices.Max(m.Scores)), slices.Contains(m.Truth, true)); err != nil {
			t.Fatal(err)
		}
	}
	return b, p
}

// With every scan drawn once a replica is the set, and its curves differ from
// the exact ones by what lies between thresholds.
func TestBootstrapThresholds(t *testing.T) {
	const tolerance = 5e-4 // some 600 thresholds
	b, p := bootstrapOf(t, inspection(12, 100, 31))
	times := make([]int, len(b.scans))
	for i := range times {
		times[i] = 1
	}
	fpr, tpr, pro := b.curves(times)
	auc, err := areaUpTo(fpr, tpr, 1)
	if err != nil {
		t.Fatal(err)
	}
	if want, err := p.ROCAUC(); err != nil || math.Abs(auc-want.Value) > tolerance {
		t.Errorf("ROC AUC at the thresholds %v, want %v", auc, want)
	}
	exact, err := p.PROCurve(PROOptions{Exact: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, limit := range Limits() {
		a, err := areaUpTo(fpr, pro, limit)
		if err != nil {
			t.Fatal(err)
		}
		if want, err := exact.Area(limit); err != nil || math.Abs(a/limit-want.Value) > tolerance {
			t.Errorf("AU-PRO at %v: %v, want %v", limit, a/limit, want)
		}
	}
}

func TestBootstrapReplicas(t *testing.T) {
	images := inspection(12, 60, 32)
	b, p := bootstrapOf(t, images)
	r, err := b.Replicas(400, 7, Limits()...)
	if err != nil {
		t.Fatal(err)
	}
	again, err := b.Replicas(400, 7, Limits()...)
	if err != nil || !slices.Equal(r.PixelAUROC, again.PixelAUROC) || !slices.Equal(r.AUPRO[2], again.AUPRO[2]) {
		t.Error("the same seed gave other replicas")
	}
	other, err := b.Replicas(400, 8, Limits()...)
	if err != nil || slices.Equal(r.PixelAUROC, other.PixelAUROC) {
		t.Error("another seed gave the same replicas")
	}
	auc, err := p.ROCAUC()
	if err != nil {
		t.Fatal(err)
	}
	i, err := Interval(r.PixelAUROC, 0.95)
	if err != nil || !(i.Low < auc.Value && auc.Value < i.High) || i.High-i.Low > 0.2 {
		t.Errorf("interval %v, %v around %v", i, err, auc)
	}
	// Each replica's image figure is that of the scans it drew.
	rng := rand.New(rand.NewPCG(7, 1))
	times := make([]int, len(images))
	for k := range 20 {
		if err := b.draw(rng, times); err != nil {
			t.Fatal(err)
		}
		var scores []float64
		var labels []bool
		for i, n := range times {
			for range n {
				scores = append(scores, b.scans[i].score)
				labels = append(labels, slices.Contains(images[i].Truth, true))
			}
		}
		if want, err := ROCAUC(scores, labels); err != nil || want.Value != r.ImageAUROC[k] {
			t.Errorf("replica %d: image ROC AUC %v, want %v, %v", k, r.ImageAUROC[k], want, err)
		}
	}
}

func TestBootstrapErrors(t *testing.T) {
	b, _ := bootstrapOf(t, inspection(4, 20, 33))
	if _, err := b.Replicas(1, 0, 0.3); !errors.Is(err, ErrOption) {
		t.Errorf("one replica: %v", err)
	}
	if _, err := b.Replicas(10, 0, 1.5); !errors.Is(err, ErrOption) {
		t.Errorf("limit 1.5: %v", err)
	}
	if err := b.Add(inspection(1, 20, 1)[0], math.NaN(), false); !errors.Is(err, ErrNotFinite) {
		t.Errorf("NaN: %v", err)
	}
	for _, grid := range [][]float64{nil, {1, 1}, {1, 2}, {math.NaN(), 1}} {
		if _, err := NewBootstrap[float32](grid); !errors.Is(err, ErrOption) {
			t.Errorf("thresholds %v: %v", grid, err)
		}
	}
	empty, err := NewBootstrap[float64]([]float64{1, 0})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := empty.Replicas(10, 0, 0.3); !errors.Is(err, ErrOneClass) {
		t.Errorf("no scan: %v", err)
	}
	good := Image[float64]{Width: 2, Height: 1, Scores: []float64{0, 1}}
	for _, defective := range []bool{false, true} {
		if err := empty.Add(good, 1, defective); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := empty.Replicas(10, 0, 0.3); !errors.Is(err, ErrNoRegion) {
		t.Errorf("no region: %v", err)
	}
	p, err := pool([]Image[float64]{good})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.BootstrapThresholds(); !errors.Is(err, ErrOneClass) {
		t.Errorf("thresholds of good images: %v", err)
	}
	for _, level := range []float64{0, 1, math.NaN()} {
		if _, err := Interval([]float64{1, 2}, level); !errors.Is(err, ErrOption) {
			t.Errorf("level %v: %v", level, err)
		}
	}
	if _, err := Interval(nil, 0.9); !errors.Is(err, ErrEmpty) {
		t.Errorf("no replica: %v", err)
	}
	if i, err := Interval([]float64{4, 1, 3, 2, 5}, 0.5); err != nil || i != (Bounds{2, 4, 0.5}) {
		t.Errorf("quartiles %v, %v", i, err)
	}
}
