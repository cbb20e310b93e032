package iad3d_test

import (
	"errors"
	"iter"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/internal/synth"
	"github.com/iad3d/iad3d/io/model"
	"github.com/iad3d/iad3d/rgbd"
)

func trainScans(t *testing.T, from, to int) iter.Seq2[*rgbd.Scan, error] {
	return func(yield func(*rgbd.Scan, error) bool) {
		for i := from; i < to; i++ {
			if !yield(render(t, rgbd.Good, i, synth.Train).Scan, nil) {
				return
			}
		}
	}
}

// rounded is how far apart scores are that are computed from rows in other steps.
const rounded = 0.01

// TestUpdateIsAFitOfAll holds that a model that was given eight scans later, over the
// model file, scores as one of all twelve: but for the weights, which stay, and for
// rounding, in steps that the first eight tell. Both trust their scans: what is odd
// among eight is another thing than among twelve.
func TestUpdateIsAFitOfAll(t *testing.T) {
	c := small(iad3d.ProtocolDefault)
	c.Features = []string{iad3d.FeatureFPFH} // a single feature's weight is a factor only
	c.Rows = 500                             // so that rows are let go
	c.Trusting = true
	path := filepath.Join(t.TempDir(), "model")
	first, err := iad3d.Fit(t.Context(), c, trainScans(t, 0, 8))
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Save(path); err != nil {
		t.Fatal(err)
	}
	loaded, err := iad3d.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	defer loaded.Close()
	updated, err := loaded.Update(t.Context(), trainScans(t, 8, 12), nil)
	if err != nil {
		t.Fatal(err)
	}
	all, err := iad3d.Fit(t.Context(), c, trainScans(t, 0, 12))
	if err != nil {
		t.Fatal(err)
	}
	s := render(t, "dent", 0, synth.Test).Scan
	a, err := updated.Score(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	b, err := all.Score(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	factor := updated.Calibration().Weights[0] / all.Calibration().Weights[0]
	if math.Abs(a.Score/(factor*b.Score)-1) > rounded {
		t.Errorf("score %v, of a fit of all %v at %v times the weight", a.Score, b.Score, factor)
	}
	if math.Abs(factor-1) > 0.15 {
		t.Errorf("the weight is %v times that of a fit of all", factor)
	}
	h, w := updated.Calibration().Held, all.Calibration().Held
	if len(h) != 12 || updated.Provenance().Scans != 12 || updated.Thresholds().Scans != 12 {
		t.Fatalf("%d scans held out, provenance %+v", len(h), updated.Provenance())
	}
	for i := range h {
		got, want := h[i].Score/factor, w[i].Score
		if h[i].Scan != w[i].Scan || h[i].Name != w[i].Name || i >= 8 && math.Abs(got/want-1) > rounded {
			t.Errorf("scan %d: %+v, of a fit of all %+v", i, h[i], w[i])
		}
	}
	if err := updated.Save(path + "2"); err != nil {
		t.Fatal(err)
	}
	if first.Provenance().Scans != 8 || len(loaded.Calibration().Held) != 8 {
		t.Error("the model that was updated changed")
	}
}

// TestUpdateTrusts holds that a scan that an update adds is taken for sound, whatever the
// others have, also by a later update over the model file: it may be there for a place
// that was called abnormal, and was not.
func TestUpdateTrusts(t *testing.T) {
	bent := render(t, "bent", 0, synth.Test).Scan
	score := func(d *iad3d.Detector) float64 {
		t.Helper()
		r, err := d.Score(t.Context(), bent)
		if err != nil {
			t.Fatal(err)
		}
		return r.Score
	}
	c := small(iad3d.ProtocolDefault)
	c.Rows = 50_000
	without := mustFit(t, c, 8)
	with, err := iad3d.Fit(t.Context(), c, withBent(t))
	if err != nil {
		t.Fatal(err)
	}
	taught, err := without.Update(t.Context(), scansOf(bent), nil)
	if err != nil {
		t.Fatal(err)
	}
	later, err := reloaded(t, taught).Update(t.Context(), trainScans(t, 9, 10), nil)
	if err != nil {
		t.Fatal(err)
	}
	if doubted, a, b := score(with), score(taught), score(later); a > 0.8*doubted || b > 0.8*doubted {
		t.Errorf("the scan scores %v and %v after it was added, %v in a fit with it", a, b, doubted)
	}
}

// TestUpdateOfBefore holds that a model without odd rows is updated without any: those
// of earlier versions, whose thresholds are of scores by all.
func TestUpdateOfBefore(t *testing.T) {
	d, err := iad3d.Load(filepath.Join(releasedDir, "0.1.0-surface-sound.model"))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	more, err := d.Update(t.Context(), scansOf(sheet(3, 0, false)), nil)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "model")
	if err := more.Save(path); err != nil {
		t.Fatal(err)
	}
	head, err := model.ReadHeader(path)
	if err != nil {
		t.Fatal(err)
	}
	if banks := head.Meta["iad3d.banks"]; !strings.Contains(banks, "taught") || strings.Contains(banks, "odd") {
		t.Errorf("banks %s, want taught rows and none odd", banks)
	}
}

func TestUpdateRemoves(t *testing.T) {
	c := small(iad3d.ProtocolDefault)
	c.Features = []string{iad3d.FeatureFPFH}
	c.Rows = 50_000 // none is let go
	d, err := iad3d.Fit(t.Context(), c, trainScans(t, 0, 9))
	if err != nil {
		t.Fatal(err)
	}
	name := d.Calibration().Held[8].Name
	less, err := d.Update(t.Context(), trainScans(t, 0, 0), []string{name})
	if err != nil {
		t.Fatal(err)
	}
	eight, err := iad3d.Fit(t.Context(), c, trainScans(t, 0, 8))
	if err != nil {
		t.Fatal(err)
	}
	n, _ := less.BankSize()
	if want, _ := eight.BankSize(); n != want || len(less.Calibration().Held) != 8 {
		t.Errorf("%d rows and %d scans are left, want %d and 8", n, len(less.Calibration().Held), want)
	}
	back, err := less.Update(t.Context(), trainScans(t, 8, 9), nil)
	if err != nil {
		t.Fatal(err)
	}
	if a, _ := back.BankSize(); a <= n {
		t.Errorf("%d rows after the scan came back", a)
	}
	twice, err := d.Update(t.Context(), trainScans(t, 0, 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := twice.Calibration().Held[9].Name, d.Calibration().Held[0].Name+"-2"; got != want {
		t.Errorf("the same name again is %q, want %q", got, want)
	}
	for what, f := range map[string]func() error{
		"a name that is not there": func() error { _, err := d.Update(t.Context(), trainScans(t, 0, 0), []string{"x"}); return err },
		"nothing left": func() error {
			var names []string
			for _, h := range d.Calibration().Held[1:] {
				names = append(names, h.Name)
			}
			_, err := d.Update(t.Context(), trainScans(t, 0, 0), names)
			return err
		},
		"btf": func() error {
			btf := mustFit(t, small(iad3d.ProtocolBTF), 2)
			_, err := btf.Update(t.Context(), trainScans(t, 3, 4), nil)
			return err
		},
	} {
		if err := f(); !errors.Is(err, iad3d.ErrUpdate) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
