package iad3d_test

import (
	"iter"
	"slices"
	"testing"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/internal/synth"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
)

// parts yields sound scans of the line's bracket, each in another pose.
func parts(t *testing.T, n int) iter.Seq2[*rgbd.Scan, error] {
	return func(yield func(*rgbd.Scan, error) bool) {
		for i := range n {
			l, err := synth.Scan(t.Context(), "bracket", rgbd.Good, i, synth.Train, synth.Options{Seed: 5, Size: 160})
			if err != nil || !yield(l.Scan, nil) {
				return
			}
		}
	}
}

// TestLaySound holds that a model keeps captures of a rigid part, that a scan is laid
// on them as one of them is on another, and that the model file keeps all of it.
func TestLaySound(t *testing.T) {
	config := iad3d.Config{Cells: 20, Rows: 300}
	d, err := iad3d.Fit(t.Context(), config, parts(t, 4))
	if err != nil {
		t.Fatal(err)
	}
	loaded := reloaded(t, d)
	bad, err := synth.Scan(t.Context(), "bracket", "dent", 0, synth.Test, synth.Options{Seed: 5, Size: 160})
	if err != nil {
		t.Fatal(err)
	}
	got, err := d.LaySound(t.Context(), bad.Scan)
	if err != nil || len(got) < 2 {
		t.Fatalf("%d captures, %v", len(got), err)
	}
	again, err := loaded.LaySound(t.Context(), bad.Scan)
	if err != nil || len(again) != len(got) {
		t.Fatalf("loaded: %d captures, %v", len(again), err)
	}
	for i, s := range got {
		o := again[i]
		if s.Pose != o.Pose || !slices.Equal(s.Cloud.XYZ, o.Cloud.XYZ) || !slices.Equal(s.Cloud.Valid, o.Cloud.Valid) || !slices.Equal(s.Colour.Pix, o.Colour.Pix) {
			t.Errorf("capture %d is another one in the file", i)
		}
		if s.Cloud.CountValid() < 1000 || s.Cloud.Unit != pointcloud.Metre {
			t.Errorf("capture %d: %d points in %v", i, s.Cloud.CountValid(), s.Cloud.Unit)
		}
		near := 0 // points of the scan that lie on the capture
		tree, err := pointcloud.BuildTree(t.Context(), s.Cloud)
		if err != nil {
			t.Fatal(err)
		}
		idx := bad.Cloud.ValidIndices()
		for _, j := range idx {
			if hit, ok := tree.Nearest(s.Pose.Apply(bad.Cloud.At(int(j))), 0.001); ok && hit.Index >= 0 {
				near++
			}
		}
		if float64(near) < 0.9*float64(s.Cloud.CountValid()) {
			t.Errorf("capture %d: %d points of the scan lie on its %d", i, near, s.Cloud.CountValid())
		}
	}

	other, err := synth.Scan(t.Context(), "gland", rgbd.Good, 0, synth.Test, synth.Options{Seed: 5, Size: 160})
	if err != nil {
		t.Fatal(err)
	}
	if s, err := d.LaySound(t.Context(), other.Scan); s != nil || err != nil {
		t.Errorf("another part: %d captures, %v", len(s), err)
	}
	grown, err := loaded.Update(t.Context(), parts(t, 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := grown.LaySound(t.Context(), bad.Scan); err != nil || len(s) != len(got) {
		t.Errorf("updated: %d captures, %v", len(s), err)
	}
	single, err := iad3d.Fit(t.Context(), config, parts(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	if s, err := single.LaySound(t.Context(), bad.Scan); s != nil || err != nil {
		t.Errorf("of one scan: %d captures, %v", len(s), err)
	}
}
