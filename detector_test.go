package iad3d_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"iter"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/internal/synth"
	"github.com/iad3d/iad3d/io/model"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
)

// line is a small synthetic inspection line.
var line = synth.Options{Size: 96}

func render(t *testing.T, defect string, index int, split string) *rgbd.Labelled {
	t.Helper()
	s, err := synth.Scan(t.Context(), "washer", defect, index, split, line)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func training(t *testing.T, n int) iter.Seq2[*rgbd.Scan, error] {
	return func(yield func(*rgbd.Scan, error) bool) {
		for i := range n {
			if !yield(render(t, rgbd.Good, i, synth.Train).Scan, nil) {
				return
			}
		}
	}
}

// small keeps the tests fast; each protocol is otherwise as it is.
func small(p iad3d.Protocol) iad3d.Config {
	c := iad3d.Config{Protocol: p, Size: 96, Cells: 24}
	if p == iad3d.ProtocolDefault {
		c.FPFHK = []int{30, 60}
	}
	return c
}

func mustFit(t *testing.T, c iad3d.Config, n int) *iad3d.Detector {
	t.Helper()
	d, err := iad3d.Fit(t.Context(), c, training(t, n))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// reloaded returns the detector after a detour over a file.
func reloaded(t *testing.T, d *iad3d.Detector) *iad3d.Detector {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model")
	if err := d.Save(path); err != nil {
		t.Fatal(err)
	}
	loaded, err := iad3d.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { loaded.Close() })
	return loaded
}

func TestDefectsAreFound(t *testing.T) {
	d := mustFit(t, small(iad3d.ProtocolDefault), 6)
	worstGood := 0.0
	for i := range 4 {
		r, err := d.Score(t.Context(), render(t, rgbd.Good, i, synth.Test).Scan)
		if err != nil {
			t.Fatal(err)
		}
		worstGood = max(worstGood, r.Score)
	}
	for _, defect := range []string{"bent", "missing"} {
		s := render(t, defect, 0, synth.Test)
		r, err := d.Score(t.Context(), s.Scan)
		if err != nil {
			t.Fatal(err)
		}
		if r.Score <= worstGood {
			t.Errorf("%s scores %v, a good scan %v", defect, r.Score, worstGood)
		}
		if n := nearestTruth(s.Truth, r.Peak); n > 6 {
			t.Errorf("%s: the peak %v is %.0f pixels from the defect", defect, r.Peak, n)
		}
		if r.Map.W != s.Cloud.Width || r.Map.H != s.Cloud.Height || r.Map.C != 1 {
			t.Errorf("map of %d×%d×%d for a scan of %d×%d", r.Map.W, r.Map.H, r.Map.C, s.Cloud.Width, s.Cloud.Height)
		}
	}
}

func nearestTruth(m *image.Gray, p iad3d.Peak) float64 {
	best := math.Inf(1)
	for i, v := range m.Pix {
		if v > 0 {
			best = min(best, math.Hypot(float64(i%m.Stride-p.X), float64(i/m.Stride-p.Y)))
		}
	}
	return best
}

// TestSameBits holds that neither workers, nor a detour over the model file, nor
// another run changes a bit.
func TestSameBits(t *testing.T) {
	for _, p := range iad3d.Protocols() {
		t.Run(string(p), func(t *testing.T) {
			c := small(p)
			c.Workers = 1
			path := filepath.Join(t.TempDir(), "one")
			one := mustFit(t, c, 3)
			if err := one.Save(path); err != nil {
				t.Fatal(err)
			}
			c.Workers = 5
			other := filepath.Join(t.TempDir(), "five")
			if err := mustFit(t, c, 3).Save(other); err != nil {
				t.Fatal(err)
			}
			a, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			b, err := os.ReadFile(other)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(a, b) {
				t.Error("models of 1 and 5 workers differ")
			}
			loaded, err := iad3d.Load(path)
			if err != nil {
				t.Fatal(err)
			}
			defer loaded.Close()
			if loaded.Provenance() != one.Provenance() {
				t.Errorf("provenance %+v, saved %+v", loaded.Provenance(), one.Provenance())
			}
			s := render(t, "hole", 1, synth.Test)
			want, err := one.Score(t.Context(), s.Scan)
			if err != nil {
				t.Fatal(err)
			}
			got, err := loaded.Score(t.Context(), s.Scan)
			if err != nil {
				t.Fatal(err)
			}
			if got.Score != want.Score || !slices.Equal(got.Map.Data, want.Map.Data) || got.Peak != want.Peak {
				t.Errorf("the loaded detector scores %v, the fitted one %v", got.Score, want.Score)
			}
		})
	}
}

// TestConcurrentScores holds that one detector serves many goroutines.
func TestConcurrentScores(t *testing.T) {
	for _, p := range iad3d.Protocols() {
		d := mustFit(t, small(p), 2)
		scans := []*rgbd.Labelled{render(t, rgbd.Good, 0, synth.Test), render(t, "crack", 0, synth.Test)}
		var want []*iad3d.Result
		for _, s := range scans {
			r, err := d.Score(t.Context(), s.Scan)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, r)
		}
		var wg sync.WaitGroup
		for g := range 8 {
			wg.Go(func() {
				r, err := d.Score(t.Context(), scans[g%2].Scan)
				if err != nil {
					t.Error(err)
					return
				}
				if w := want[g%2]; r.Score != w.Score || !slices.Equal(r.Map.Data, w.Map.Data) {
					t.Errorf("%s: goroutine %d scores %v, serially %v", p, g, r.Score, w.Score)
				}
			})
		}
		wg.Wait()
	}
}

func TestInputIsLeftAlone(t *testing.T) {
	d := mustFit(t, small(iad3d.ProtocolDefault), 3)
	s := render(t, "dent", 0, synth.Test)
	before := s.Cloud.Clone()
	if _, err := d.Score(t.Context(), s.Scan); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(before.XYZ, s.Cloud.XYZ) || !slices.Equal(before.Valid, s.Cloud.Valid) || s.Cloud.Normals != nil {
		t.Error("Score changed the caller's cloud")
	}
}

// TestMillimetres holds that the unit is a matter of representation.
func TestMillimetres(t *testing.T) {
	s := render(t, "bent", 0, synth.Test)
	mm := &rgbd.Scan{Name: s.Name, Cloud: s.Cloud.Clone(), Colour: s.Colour}
	mm.Cloud.Unit = pointcloud.Millimetre
	for i := range mm.Cloud.XYZ {
		mm.Cloud.XYZ[i] *= 1000
	}
	for _, p := range iad3d.Protocols() {
		d := mustFit(t, small(p), 3)
		a, err := d.Score(t.Context(), s.Scan)
		if err != nil {
			t.Fatal(err)
		}
		b, err := d.Score(t.Context(), mm)
		if err != nil {
			t.Fatal(err)
		}
		const rounding = 0.02 // of float32 coordinates, near ties of pairs included
		if math.Abs(a.Score/b.Score-1) > rounding {
			t.Errorf("%s: score %v in metres, %v in millimetres", p, a.Score, b.Score)
		}
	}
}

func TestUnusableScans(t *testing.T) {
	sheet := func() *rgbd.Scan { return capture("sheet", 0, 0) }
	empty := sheet()
	for i := range empty.Cloud.Valid {
		empty.Cloud.Valid[i] = false
	}
	loose := sheet()
	loose.Cloud.Width, loose.Cloud.Height = 0, 0
	loose.Colour = image.NewNRGBA(image.Rect(0, 0, 3, 3))
	coloured := sheet()
	coloured.Colour = image.NewNRGBA(image.Rect(0, 0, 3, 3))
	nan := sheet()
	nan.Cloud.XYZ[5] = float32(math.NaN())
	for name, s := range map[string]*rgbd.Scan{
		"no cloud": {Name: "x"}, "no valid point": empty, "loose with an image": loose, "colour of another size": coloured, "NaN counted as valid": nan,
	} {
		for _, p := range iad3d.Protocols() {
			_, err := iad3d.Fit(t.Context(), small(p), func(yield func(*rgbd.Scan, error) bool) { yield(s, nil) })
			if !errors.Is(err, rgbd.ErrScan) || !strings.Contains(err.Error(), s.Name) {
				t.Errorf("%s, %s: error %v, want one naming the scan and wrapping %v", name, p, err, rgbd.ErrScan)
			}
		}
	}
}

func TestFitErrors(t *testing.T) {
	broken := errors.New("broken file")
	if _, err := iad3d.Fit(t.Context(), iad3d.Config{}, func(yield func(*rgbd.Scan, error) bool) { yield(nil, broken) }); !errors.Is(err, broken) {
		t.Errorf("error %v, want the sequence's", err)
	}
	if _, err := iad3d.Fit(t.Context(), iad3d.Config{}, func(func(*rgbd.Scan, error) bool) {}); !errors.Is(err, iad3d.ErrNoScans) {
		t.Errorf("error %v, want %v", err, iad3d.ErrNoScans)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := iad3d.Fit(ctx, iad3d.Config{}, goodScans(1)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	for name, c := range map[string]iad3d.Config{
		"protocol": {Protocol: "x"}, "feature": {Features: []string{"x"}}, "size": {Size: 5000}, "cells": {Size: 64, Cells: 64},
		"normal_k": {NormalK: 2}, "fpfh_k": {FPFHK: []int{1}}, "coreset": {Coreset: 1.5}, "coreset NaN": {Coreset: math.NaN()},
		"neighbors": {Neighbors: -1}, "top": {Top: 2}, "blur": {Blur: math.Inf(1)}, "two features": {Features: []string{"fpfh", "fpfh"}},
		"memory": {Size: 4096, FPFHK: []int{1000}}, "many sizes": {FPFHK: []int{2, 3, 4, 5, 6, 7, 8, 9, 10}}, "a size twice": {FPFHK: []int{40, 40}}, "BTF with neighbours": {Protocol: iad3d.ProtocolBTF, Neighbors: 3},
	} {
		if _, err := iad3d.Fit(t.Context(), c, goodScans(1)); !errors.Is(err, iad3d.ErrConfig) {
			t.Errorf("%s: error %v, want one wrapping %v", name, err, iad3d.ErrConfig)
		}
	}
}

// TestNothingThere holds a table without a part: an inspection line must be able
// to tell that from a broken file.
func TestNothingThere(t *testing.T) {
	d := mustFit(t, small(iad3d.ProtocolDefault), 3)
	if d.Config().KeepPlane {
		t.Fatal("the plane was not found")
	}
	table := capture("table", 0, 0)
	table.Colour = image.NewNRGBA(image.Rect(0, 0, table.Cloud.Width, table.Cloud.Height))
	for i := range table.Cloud.Len() {
		table.Cloud.XYZ[3*i+2] = 0.5
	}
	if _, err := d.Score(t.Context(), table); !errors.Is(err, rgbd.ErrScan) || !errors.Is(err, pointcloud.ErrNoPart) {
		t.Errorf("error %v, want one wrapping %v", err, pointcloud.ErrNoPart)
	}
	flat, err := iad3d.Fit(t.Context(), small(iad3d.ProtocolDefault), func(yield func(*rgbd.Scan, error) bool) { yield(table, nil) })
	if err != nil {
		t.Fatal(err)
	}
	if !flat.Config().KeepPlane {
		t.Error("a part that is a plane was removed")
	}
}

// TestConfigIsACopy holds that a detector does not change with its caller's slices.
func TestConfigIsACopy(t *testing.T) {
	c := iad3d.Config{Features: []string{"fpfh"}, FPFHK: []int{20}, Cells: 8}
	d, err := iad3d.Fit(t.Context(), c, goodScans(1))
	if err != nil {
		t.Fatal(err)
	}
	c.Features[0], c.FPFHK[0] = "x", 1
	got := d.Config()
	if got.Features[0] != "fpfh" || got.FPFHK[0] != 20 {
		t.Errorf("configuration %+v follows the caller's", got)
	}
	got.FPFHK[0] = 7
	if d.Config().FPFHK[0] != 20 {
		t.Error("Config hands out the detector's own slice")
	}
}

func TestLoadErrors(t *testing.T) {
	dir := t.TempDir()
	save := func(name string, meta map[string]string, tensors ...model.Tensor) string {
		path := filepath.Join(dir, name)
		if err := model.Save(path, meta, tensors); err != nil {
			t.Fatal(err)
		}
		return path
	}
	bank := model.Float32s("bank", []int{3, 33}, make([]float32, 99))
	good := map[string]string{"iad3d.config": `{"protocol":"btf","features":["fpfh"],"size":60,"cells":10,"normal_k":30,"fpfh_k":[100],"coreset":0.1,"neighbors":1,"blur":4}`, "iad3d.provenance": `{}`}
	with := func(key, v string) map[string]string {
		m := map[string]string{key: v}
		for k, v := range good {
			if _, ok := m[k]; !ok {
				m[k] = v
			}
		}
		return m
	}
	if d, err := iad3d.Load(save("good", good, bank)); err != nil {
		t.Fatalf("the sound model is refused: %v", err)
	} else {
		d.Close()
	}
	for name, path := range map[string]string{
		"missing file":     filepath.Join(dir, "none"),
		"no configuration": save("a", map[string]string{"iad3d.provenance": "{}"}, bank),
		"broken JSON":      save("b", with("iad3d.config", "{"), bank),
		"senseless":        save("c", with("iad3d.config", `{"size":-1}`), bank),
		"no bank":          save("d", good),
		"bank of one axis": save("e", good, model.Float32s("bank", []int{99}, make([]float32, 99))),
		"bank of NaN":      save("f", good, model.Float32s("bank", []int{3, 33}, slices.Repeat([]float32{float32(math.NaN())}, 99))),
		"bank of no rows":  save("g", good, model.Float32s("bank", []int{0, 33}, nil)),
		"bank too small":   save("h", good, model.Float32s("bank", []int{2, 33}, make([]float32, 66))),
		"bank too narrow":  save("i", good, model.Float32s("bank", []int{3, 32}, make([]float32, 96))),
		"no sizes":         save("j", with("iad3d.config", strings.Replace(good["iad3d.config"], "[100]", "[]", 1)), bank),
		"other protocol":   save("k", with("iad3d.config", strings.Replace(good["iad3d.config"], "btf", "x", 1)), bank),
		"other feature":    save("l", with("iad3d.config", strings.Replace(good["iad3d.config"], "fpfh", "x", 1)), bank),
	} {
		if _, err := iad3d.Load(path); !errors.Is(err, model.ErrModel) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: error %v, want one naming the file and wrapping %v", name, err, model.ErrModel)
		}
	}
}

func TestEvaluate(t *testing.T) {
	set := func(scans ...*rgbd.Labelled) iter.Seq2[*rgbd.Labelled, error] {
		return func(yield func(*rgbd.Labelled, error) bool) {
			for _, s := range scans {
				if !yield(s, nil) {
					return
				}
			}
		}
	}
	good, bent := render(t, rgbd.Good, 0, synth.Test), render(t, "bent", 0, synth.Test)
	untold := *bent
	untold.Truth = nil
	cropped := *bent
	cropped.Truth = image.NewGray(image.Rect(0, 0, 5, 5))
	unlabelled := *good
	unlabelled.Truth = nil
	for _, p := range iad3d.Protocols() {
		d := mustFit(t, small(p), 4)
		seen := 0
		e, err := d.Evaluate(t.Context(), set(&unlabelled, bent), func(*rgbd.Labelled, *iad3d.Result) error { seen++; return nil })
		if err != nil {
			t.Fatal(err)
		}
		if seen != 2 || e.Good != 1 || e.Defective != 1 || len(e.Scans) != 2 || len(e.Defects) != 1 || e.Defects[0].Metrics != e.Metrics || e.Defects[0].Regions == 0 {
			t.Errorf("%s: %+v after %d scans", p, e, seen)
		}
		if e.PixelAUROC < 0.7 {
			t.Errorf("%s: pixel AUROC %v of a bent washer", p, e.PixelAUROC)
		}
		if btf := strings.Contains(e.Convention, "96×96"); btf != (p == iad3d.ProtocolBTF) {
			t.Errorf("%s: convention %q", p, e.Convention)
		}
		blank := *render(t, "dent", 0, synth.Test)
		blank.Truth = image.NewGray(blank.Truth.Rect)
		if e, err = d.Evaluate(t.Context(), set(good, bent, &blank), nil); err != nil {
			t.Fatal(err)
		}
		if len(e.Defects) != 2 || e.Defects[1].Defect != "dent" || e.Defects[1].Regions != 0 || e.Defects[1].PixelAUROC != 0 {
			t.Errorf("a kind without truth pixels: %+v", e.Defects)
		}
		for name, s := range map[string]iter.Seq2[*rgbd.Labelled, error]{
			"truth of no pixel": set(good, &blank),
			"nothing":           set(), "only good": set(good), "only defective": set(bent), "no truth": set(good, &untold),
		} {
			if _, err := d.Evaluate(t.Context(), s, nil); !errors.Is(err, iad3d.ErrEvaluate) {
				t.Errorf("%s, %s: error %v, want one wrapping %v", p, name, err, iad3d.ErrEvaluate)
			}
		}
	}
	d := mustFit(t, small(iad3d.ProtocolDefault), 2)
	if _, err := d.Evaluate(t.Context(), set(good, &cropped), nil); !errors.Is(err, iad3d.ErrEvaluate) {
		t.Errorf("truth of another size: error %v", err)
	}
}

func TestIntervals(t *testing.T) {
	d := mustFit(t, small(iad3d.ProtocolDefault), 4)
	set := func(yield func(*rgbd.Labelled, error) bool) {
		for i := range 4 {
			for _, defect := range []string{rgbd.Good, "dent", "bent"} {
				if !yield(render(t, defect, i, synth.Test), nil) {
					return
				}
			}
		}
	}
	plain, err := d.Evaluate(t.Context(), set, nil)
	if err != nil {
		t.Fatal(err)
	}
	e, err := d.Evaluate(t.Context(), set, nil, iad3d.WithIntervals(200, 3))
	if err != nil {
		t.Fatal(err)
	}
	if plain.Intervals != nil || e.Metrics != plain.Metrics {
		t.Errorf("%+v, without intervals %+v", e.Metrics, plain.Metrics)
	}
	for _, f := range []struct {
		name  string
		value float64
		in    iad3d.Interval
	}{
		{"image AUROC", e.ImageAUROC, e.Intervals.ImageAUROC},
		{"pixel AUROC", e.PixelAUROC, e.Intervals.PixelAUROC},
		{"AU-PRO", e.AUPRO, e.Intervals.AUPRO},
	} {
		if !(f.in.Low <= f.value && f.value <= f.in.High && f.in.Low <= f.in.High && f.in.High <= 1) {
			t.Errorf("%s %v, interval %+v", f.name, f.value, f.in)
		}
	}
	if n := len(e.Intervals.Replicas.AUPRO[0]); n != 200 {
		t.Errorf("%d replicas", n)
	}
	for _, n := range []int{-1, 1, 2_000_000} {
		if _, err := d.Evaluate(t.Context(), set, nil, iad3d.WithIntervals(n, 0)); !errors.Is(err, iad3d.ErrConfig) {
			t.Errorf("%d replicas: %v", n, err)
		}
	}
}
