package iad3d_test

import (
	"errors"
	"iter"
	"math"
	"strings"
	"testing"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/align"
	"github.com/iad3d/iad3d/internal/synth"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
)

// looseBracket is the part of a demo scan as loose points.
func looseBracket(t *testing.T, part string, index int) *rgbd.Scan {
	t.Helper()
	l, err := synth.Scan(t.Context(), part, rgbd.Good, index, synth.Train, synth.Options{Size: 160})
	if err != nil {
		t.Fatal(err)
	}
	f, err := pointcloud.FindForeground(t.Context(), l.Cloud, pointcloud.ForegroundOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var idx []int32
	for i, ok := range f.Part {
		if ok {
			idx = append(idx, int32(i))
		}
	}
	return &rgbd.Scan{Name: l.Name, Cloud: l.Cloud.Select(idx)}
}

func scansOf(scans ...*rgbd.Scan) iter.Seq2[*rgbd.Scan, error] {
	return func(yield func(*rgbd.Scan, error) bool) {
		for _, s := range scans {
			if !yield(s, nil) {
				return
			}
		}
	}
}

// TestAlign moves a scan and finds the motion again, in the fitted and in the
// loaded detector; another part is refused.
func TestAlign(t *testing.T) {
	c := iad3d.Config{Align: true}
	first := looseBracket(t, "bracket", 0)
	d, err := iad3d.Fit(t.Context(), c, scansOf(first, looseBracket(t, "bracket", 1)))
	if err != nil {
		t.Fatal(err)
	}
	loaded := reloaded(t, d)
	motion := pointcloud.FromQuaternion(0.3, -0.5, 0.7, 0.2, r3.Vector{X: 0.1, Y: -0.2, Z: 0.5})
	moved := &rgbd.Scan{Name: "moved", Cloud: first.Cloud.Moved(motion)}
	r, err := d.Score(t.Context(), moved)
	if err != nil {
		t.Fatal(err)
	}
	if r.Fit == nil {
		t.Fatal("no fit")
	}
	if off := r.Fit.Pose.After(motion); off.Angle() > 0.5*math.Pi/180 || off.T.Norm() > 2e-3 {
		t.Errorf("turned back but for %.2f°, moved back but for %.2g m", off.Angle()*180/math.Pi, off.T.Norm())
	}
	if r.Fit.Overlap < 0.9 || !(r.Fit.RMS > 0 && r.Fit.RMS < 1e-3) {
		t.Errorf("overlap %v, residual %v m", r.Fit.Overlap, r.Fit.RMS)
	}
	again, err := loaded.Score(t.Context(), moved)
	if err != nil {
		t.Fatal(err)
	}
	if *again.Fit != *r.Fit || again.Score != r.Score {
		t.Errorf("loaded: %+v, fitted: %+v", again.Fit, r.Fit)
	}

	_, err = d.Score(t.Context(), looseBracket(t, "washer", 0))
	if !errors.Is(err, rgbd.ErrScan) || !errors.Is(err, align.ErrFit) {
		t.Errorf("another part: %v", err)
	}
	if _, err := iad3d.Fit(t.Context(), c, scansOf(first, looseBracket(t, "washer", 0))); !errors.Is(err, align.ErrFit) {
		t.Errorf("fit with another part: %v", err)
	}
	if _, err := iad3d.Fit(t.Context(), c, training(t, 1)); !errors.Is(err, iad3d.ErrConfig) || !strings.Contains(err.Error(), "has a raster") {
		t.Errorf("a raster: %v", err)
	}
}
