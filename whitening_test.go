package iad3d_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/internal/standin"
	"github.com/iad3d/iad3d/internal/synth"
)

// TestUnwhitened holds that what a network makes of photos is whitened unless that is not
// wanted, and what it makes of normals, or filters of photos, is not.
func TestUnwhitened(t *testing.T) {
	s := render(t, "dent", 0, synth.Test).Scan
	score := func(feature string, unwhitened bool, opts ...iad3d.Option) float64 {
		t.Helper()
		c := small(iad3d.ProtocolDefault)
		c.Features, c.Unwhitened = []string{feature}, unwhitened
		d, err := iad3d.Fit(t.Context(), c, training(t, 3), opts...)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "model")
		if err := d.Save(path); err != nil {
			t.Fatal(err)
		}
		loaded, err := iad3d.Load(path, opts...)
		if err != nil {
			t.Fatal(err)
		}
		defer loaded.Close()
		if loaded.Config().Unwhitened != unwhitened {
			t.Errorf("%s: unwhitened is %v in the model", feature, !unwhitened)
		}
		r, err := loaded.Score(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		return r.Score
	}
	net := iad3d.WithBackbone(standin.New())
	if a, b := score(iad3d.FeatureRGB, false, net), score(iad3d.FeatureRGB, true, net); a == b {
		t.Errorf("a network's rows come to %v whitened and not", a)
	}
	if a, b := score(iad3d.FeatureRGB, false), score(iad3d.FeatureRGB, true); a != b {
		t.Errorf("filters' rows come to %v and %v", a, b)
	}
	if a, b := score(iad3d.FeatureNormals, false, net), score(iad3d.FeatureNormals, true, net); a != b {
		t.Errorf("rows of normals come to %v and %v", a, b)
	}
	if _, err := iad3d.Fit(t.Context(), iad3d.Config{Protocol: iad3d.ProtocolBTF, Unwhitened: true}, training(t, 1)); !errors.Is(err, iad3d.ErrConfig) {
		t.Errorf("BTF: %v", err)
	}
}

// TestWhitenedUpdate holds that an update takes a model's whitening over, also over its
// file: what is added and removed again leaves the banks as they were.
func TestWhitenedUpdate(t *testing.T) {
	net := iad3d.WithBackbone(standin.New())
	c := small(iad3d.ProtocolDefault)
	c.Features, c.Rows = []string{iad3d.FeatureRGB}, 50_000
	d, err := iad3d.Fit(t.Context(), c, trainScans(t, 0, 8), net)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "model")
	if err := d.Save(path); err != nil {
		t.Fatal(err)
	}
	loaded, err := iad3d.Load(path, net)
	if err != nil {
		t.Fatal(err)
	}
	defer loaded.Close()
	more, err := loaded.Update(t.Context(), trainScans(t, 8, 9), nil, net)
	if err != nil {
		t.Fatal(err)
	}
	held := more.Calibration().Held
	back, err := more.Update(t.Context(), trainScans(t, 0, 0), []string{held[len(held)-1].Name}, net)
	if err != nil {
		t.Fatal(err)
	}
	s := render(t, "dent", 0, synth.Test).Scan
	want, err := d.Score(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	between, err := more.Score(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	got, err := back.Score(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if got.Score != want.Score || !slices.Equal(got.Map.Data, want.Map.Data) {
		t.Errorf("score %v after one came and went, %v before", got.Score, want.Score)
	}
	if r := between.Score / want.Score; r == 1 || r < 0.8 || r > 1.1 {
		t.Errorf("score %v with one scan more, %v before", between.Score, want.Score)
	}
}

// TestWhitenedBits holds that workers change no bit of a model whose rows are whitened.
func TestWhitenedBits(t *testing.T) {
	var files [2][]byte
	for i := range files {
		c := small(iad3d.ProtocolDefault)
		c.Features, c.Workers = []string{iad3d.FeatureFPFH, iad3d.FeatureRGB}, 1+4*i
		d, err := iad3d.Fit(t.Context(), c, training(t, 4), iad3d.WithBackbone(standin.New()))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "model")
		if err := d.Save(path); err != nil {
			t.Fatal(err)
		}
		if files[i], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Error("one and five workers write different models")
	}
}
