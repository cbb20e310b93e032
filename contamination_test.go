package iad3d_test

import (
	"errors"
	"iter"
	"testing"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/internal/synth"
	"github.com/iad3d/iad3d/rgbd"
)

// withBent yields eight sound scans and a bent part.
func withBent(t *testing.T) iter.Seq2[*rgbd.Scan, error] {
	return func(yield func(*rgbd.Scan, error) bool) {
		for s := range training(t, 8) {
			if !yield(s, nil) {
				return
			}
		}
		yield(render(t, "bent", 0, synth.Test).Scan, nil)
	}
}

// TestContamination holds that a defect in a training scan hides its like less in a
// model that does not trust its scans, least in one that leaves scans out, and that
// this one keeps fewer rows.
func TestContamination(t *testing.T) {
	bent := render(t, "bent", 0, synth.Test)
	// excess is by how much the same defect, seen again, exceeds a sound scan.
	excess := func(trusting bool, contamination float64) (*iad3d.Detector, float64) {
		c := small(iad3d.ProtocolDefault)
		c.Trusting, c.Contamination = trusting, contamination
		d, err := iad3d.Fit(t.Context(), c, withBent(t))
		if err != nil {
			t.Fatal(err)
		}
		r, err := d.Score(t.Context(), bent.Scan)
		if err != nil {
			t.Fatal(err)
		}
		return d, r.Score / d.Calibration().Held[0].Score
	}
	trusting, plain := excess(true, 0)
	if _, wary := excess(false, 0); wary < 1.2*plain {
		t.Errorf("the defect scores %.3f times a sound scan, %.3f in a trusting model", wary, plain)
	}
	for _, contamination := range []float64{iad3d.ContaminationAuto, 0.12} {
		doubting, wary := excess(false, contamination)
		if wary < 1.2*plain {
			t.Errorf("contamination %v: the defect scores %.3f times a sound scan, %.3f in a trusting model", contamination, wary, plain)
		}
		had, _ := trusting.BankSize()
		if has, _ := doubting.BankSize(); has >= had || has < had/2 {
			t.Errorf("contamination %v: %d rows of %d", contamination, has, had)
		}
	}
}

// TestUnscaled holds that distances are left alone when asked for, before and after
// a detour over a file.
func TestUnscaled(t *testing.T) {
	c := small(iad3d.ProtocolDefault)
	c.Features, c.Unscaled = []string{iad3d.FeatureFPFH}, true
	d := mustFit(t, c, 4)
	s := render(t, rgbd.Good, 0, synth.Test).Scan
	plain, err := d.Score(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	loaded := reloaded(t, d)
	again, err := loaded.Score(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	c.Unscaled = false
	scaled, err := mustFit(t, c, 4).Score(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if again.Score != plain.Score || scaled.Score == plain.Score {
		t.Errorf("unscaled %v, loaded %v, scaled %v", plain.Score, again.Score, scaled.Score)
	}
	c.Protocol, c.Unscaled = iad3d.ProtocolBTF, true
	if _, err := iad3d.Fit(t.Context(), c, training(t, 1)); !errors.Is(err, iad3d.ErrConfig) {
		t.Errorf("BTF: %v", err)
	}
}
