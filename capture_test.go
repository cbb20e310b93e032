package iad3d_test

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/internal/golden"
	"github.com/iad3d/iad3d/internal/synth"
	"github.com/iad3d/iad3d/io/dataset"
	"github.com/iad3d/iad3d/rgbd"
)

// TestInvalidCapture: a noisy or empty capture is called invalid, a defective part
// is not; and a model file keeps what it goes by.
func TestInvalidCapture(t *testing.T) {
	d := mustFit(t, small(iad3d.ProtocolDefault), 4)
	loaded := reloaded(t, d)
	if a, b := d.Limits(), loaded.Limits(); a == nil || !reflect.DeepEqual(a, b) || a.Scans != 4 {
		t.Errorf("limits %+v, from the file %+v", a, b)
	}
	noisy, empty := render(t, rgbd.Good, 0, synth.Test), render(t, rgbd.Good, 0, synth.Test)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range noisy.Cloud.Len() {
		noisy.Cloud.XYZ[3*i+2] += float32(0.003 * rng.NormFloat64())
		empty.Cloud.Valid[i] = empty.Cloud.Valid[i] && i%2 == 0
	}
	for _, c := range []struct {
		scan *rgbd.Labelled
		want string // What of a reason; empty: valid
	}{
		{render(t, rgbd.Good, 0, synth.Test), ""}, {render(t, "dent", 0, synth.Test), ""}, {render(t, "missing", 0, synth.Test), ""},
		{noisy, "noise_mm"}, {empty, "fill"},
	} {
		r, err := loaded.Score(t.Context(), c.scan.Scan)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, reason := range r.Invalid {
			found = found || reason.What == c.want
		}
		if (c.want != "") != found || c.want == "" && r.Invalid != nil {
			t.Errorf("%s: %v, want %q", c.scan.Name, r.Invalid, c.want)
		}
	}
}

// TestCapturesOfCableGland: no scan of the real test split is called invalid.
func TestCapturesOfCableGland(t *testing.T) {
	set, err := dataset.OpenMVTec3D(golden.Shared(t, "data/mvtec3d"), "cable_gland")
	if err != nil {
		t.Fatal(err)
	}
	d, err := iad3d.Fit(t.Context(), iad3d.Config{Size: 96, Cells: 12, FPFHK: []int{20}}, rgbd.WithoutLabels(set.Scans(t.Context(), dataset.Train)))
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for s, err := range set.Scans(t.Context(), dataset.Test) {
		if err != nil {
			t.Fatal(err)
		}
		r, err := d.Score(t.Context(), s.Scan)
		if err != nil {
			t.Fatal(err)
		}
		if seen++; r.Invalid != nil {
			t.Errorf("%s: %v", s.Name, r.Invalid)
		}
	}
	if seen == 0 || !strings.Contains(set.Class, "cable") {
		t.Errorf("%d scans of %s", seen, set.Class)
	}
}
