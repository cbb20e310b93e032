package iad3d_test

import (
	"bytes"
	"errors"
	"iter"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/internal/synth"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
)

func looseScan(t *testing.T, defect string, index int, split string) *rgbd.Labelled {
	t.Helper()
	l, err := synth.Loose(t.Context(), "washer", defect, index, split, synth.Options{Size: 128})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func looseTraining(t *testing.T, n int) iter.Seq2[*rgbd.Scan, error] {
	return func(yield func(*rgbd.Scan, error) bool) {
		for i := range n {
			if !yield(looseScan(t, rgbd.Good, i, synth.Train).Scan, nil) {
				return
			}
		}
	}
}

// smallLoose keeps the tests fast.
func smallLoose() iad3d.Config {
	return iad3d.Config{FPFHK: []int{20, 40}, Points: 3000, Centres: 800, Pool: 16, Coreset: 0.5}
}

func mustFitLoose(t *testing.T, c iad3d.Config, n int) *iad3d.Detector {
	t.Helper()
	d, err := iad3d.Fit(t.Context(), c, looseTraining(t, n))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestLoose(t *testing.T) {
	c := smallLoose()
	d := mustFitLoose(t, c, 6)
	got := d.Config()
	if !got.Loose || !got.KeepPlane || got.Voxel <= 0 || got.Points != 3000 {
		t.Errorf("configuration %+v", got)
	}
	var good, bad float64
	for i := range 3 {
		s := looseScan(t, rgbd.Good, i, synth.Test)
		r, err := d.Score(t.Context(), s.Scan)
		if err != nil {
			t.Fatal(err)
		}
		good = max(good, r.Score)
	}
	s := looseScan(t, "bump", 0, synth.Test)
	r, err := d.Score(t.Context(), s.Scan)
	if err != nil {
		t.Fatal(err)
	}
	bad = r.Score
	if r.Map != nil || len(r.Points) != s.Cloud.Len() {
		t.Errorf("map %v, %d scores of %d points", r.Map, len(r.Points), s.Cloud.Len())
	}
	if bad <= good {
		t.Errorf("score %v of a bump, sound scans up to %v", bad, good)
	}
	p := r.Peak.Point
	if p == nil || r.Points[p.Index] != slices.Max(r.Points) || r.Peak.Value != slices.Max(r.Points) {
		t.Fatalf("peak %+v", r.Peak)
	}
	if at := s.Cloud.At(p.Index); at.X != p.Position[0] || at.Y != p.Position[1] || at.Z != p.Position[2] {
		t.Errorf("peak %+v, the point is at %v", *p, at)
	}
	// The same cloud in millimetres, far from the origin, with a hole in it.
	mm := &rgbd.Scan{Name: "mm", Cloud: s.Cloud.In(pointcloud.Millimetre)}
	mm.Cloud.Offset.X = 1e6
	mm.Cloud.XYZ = append(mm.Cloud.XYZ, float32(math.NaN()), 0, 0)
	mm.Cloud.Valid = append(slices.Repeat([]bool{true}, s.Cloud.Len()), false)
	m, err := d.Score(t.Context(), mm)
	if err != nil {
		t.Fatal(err)
	}
	const rounding = 0.05 // of float32 coordinates: points near a voxel's side change it
	if math.Abs(m.Score/r.Score-1) > rounding {
		t.Errorf("score %v in metres, %v in millimetres", r.Score, m.Score)
	}
	if n := len(m.Points); n != len(r.Points)+1 || m.Points[n-1] != 0 {
		t.Errorf("%d scores, of the missing point %v", n, m.Points[n-1])
	}
	if m.Peak.Point.Position[0] < 0.9e6 {
		t.Errorf("peak at %v, want the offset added", m.Peak.Point.Position)
	}
}

// TestLooseSameBits: workers, a second fit and the way through a file change
// nothing.
func TestLooseSameBits(t *testing.T) {
	one, many := smallLoose(), smallLoose()
	one.Workers, many.Workers = 1, 5
	dir := t.TempDir()
	var files [][]byte
	var results []*iad3d.Result
	s := looseScan(t, "dent", 0, synth.Test)
	for i, c := range []iad3d.Config{one, many} {
		d := mustFitLoose(t, c, 2)
		path := filepath.Join(dir, string(rune('a'+i)))
		if err := d.Save(path); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		loaded, err := iad3d.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		defer loaded.Close()
		files = append(files, b)
		for _, d := range []*iad3d.Detector{d, loaded} {
			r, err := d.Score(t.Context(), s.Scan)
			if err != nil {
				t.Fatal(err)
			}
			results = append(results, r)
		}
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Error("two fits give two files")
	}
	for _, r := range results[1:] {
		if r.Score != results[0].Score || !slices.Equal(r.Points, results[0].Points) || *r.Peak.Point != *results[0].Peak.Point {
			t.Errorf("score %v, before %v", r.Score, results[0].Score)
		}
	}
}

func TestLooseErrors(t *testing.T) {
	d := mustFitLoose(t, smallLoose(), 2)
	raster := render(t, rgbd.Good, 0, synth.Test).Scan
	tiny := looseScan(t, rgbd.Good, 0, synth.Test).Scan
	tiny.Cloud.Unit = pointcloud.Millimetre // numbers in metres: a speck
	huge := looseScan(t, rgbd.Good, 0, synth.Test).Scan
	for i := range huge.Cloud.XYZ {
		huge.Cloud.XYZ[i] *= 1e6
	}
	for want, s := range map[string]*rgbd.Scan{
		"the model is one of loose scans": raster,
		"another unit than mm":            tiny,
		"another than m?":                 huge,
	} {
		if _, err := d.Score(t.Context(), s); !errors.Is(err, rgbd.ErrScan) || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	rasters := mustFit(t, small(iad3d.ProtocolDefault), 1)
	if _, err := rasters.Score(t.Context(), looseScan(t, rgbd.Good, 0, synth.Test).Scan); !errors.Is(err, rgbd.ErrScan) || !strings.Contains(err.Error(), "the model is one of rasters") {
		t.Errorf("error %v", err)
	}
	if rasters.Config().Points != 0 || rasters.Config().Loose {
		t.Errorf("configuration of rasters %+v", rasters.Config())
	}
	for name, c := range map[string]iad3d.Config{
		"BTF": {Protocol: iad3d.ProtocolBTF}, "colour": {Features: []string{"fpfh", "rgb"}}, "points": {Points: 10}, "voxel": {Voxel: -1},
		"voxel NaN": {Voxel: math.NaN()}, "pool": {Pool: -1}, "centres": {Centres: 1e9},
	} {
		if _, err := iad3d.Fit(t.Context(), c, looseTraining(t, 1)); !errors.Is(err, iad3d.ErrConfig) {
			t.Errorf("%s: error %v, want %v", name, err, iad3d.ErrConfig)
		}
	}
}

func TestEvaluateLoose(t *testing.T) {
	d := mustFitLoose(t, smallLoose(), 6)
	set := func(yield func(*rgbd.Labelled, error) bool) {
		for i := range 2 {
			if !yield(looseScan(t, rgbd.Good, i, synth.Test), nil) || !yield(looseScan(t, "bump", i, synth.Test), nil) {
				return
			}
		}
	}
	e, err := d.Evaluate(t.Context(), set, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v; %s", e.Metrics, e.Convention)
	if e.ImageAUROC < 0.99 || e.PixelAUROC < 0.8 || e.Good != 2 || e.Defects[0].Regions < 2 || !strings.Contains(e.Convention, "of points in place of pixels") {
		t.Errorf("%+v", e)
	}
	if _, err := d.Evaluate(t.Context(), func(yield func(*rgbd.Labelled, error) bool) {
		l := looseScan(t, "bump", 0, synth.Test)
		l.PointTruth = nil
		yield(l, nil)
	}, nil); !errors.Is(err, iad3d.ErrEvaluate) {
		t.Errorf("error %v, want %v", err, iad3d.ErrEvaluate)
	}
}
