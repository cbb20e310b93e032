package pointcloud

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/internal/golden"
)

// planeTolerance is what the oracle states for each of a, b, c, d: Open3D's 20
// seeds agree to the last bit, an implementation of its formula to 1.3e-15.
const planeTolerance = 1e-6

// planeScene is one scene of plane_dbscan.json.
type planeScene struct {
	Name      string
	PC        golden.Ref  `json:"organized_pc"`
	BandCount int         `json:"n_edge_points_with_corner_duplicates"`
	Band      *golden.Ref `json:"edge_points"`
	Plane     [4]float64  `json:"plane_seed0"`
	Removed   golden.Ref  `json:"removed_mask_seed0"`
	Ambiguous int         `json:"ambiguous_pixels"`
	AmbigBand float64     `json:"ambiguity_band"`
}

// planeScenes reads the scenes made with Open3D 0.16.1 and BTF @612eb7b.
func planeScenes(t testing.TB) []planeScene {
	var j struct{ Planes []planeScene }
	golden.JSON(t, "plane_dbscan/plane_dbscan.json", &j)
	if len(j.Planes) != 3 {
		t.Fatalf("%d scenes, want 3", len(j.Planes))
	}
	return j.Planes
}

// organised makes a cloud from an H×W×3 oracle array; (0,0,0) is missing.
func organised(t testing.TB, ref golden.Ref) *Cloud {
	a := golden.NPY(t, ref.File)
	c := &Cloud{XYZ: a.Float32s(), Height: a.Shape[0], Width: a.Shape[1]}
	c.MarkMissing(Missing{})
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	return c
}

// planeError is the largest difference of a, b, c, d; the oracle has c > 0.
func planeError(p Plane, want [4]float64) float64 {
	s := 1.0
	if p.Normal.Z < 0 {
		s = -1
	}
	worst := 0.0
	for i, v := range []float64{p.Normal.X, p.Normal.Y, p.Normal.Z, p.D} {
		worst = max(worst, math.Abs(s*v-want[i]))
	}
	return worst
}

func TestOraclePlane(t *testing.T) {
	for _, s := range planeScenes(t) {
		c := organised(t, s.PC)
		c.MarkMissing(Missing{AnyZero: true})
		band := edgeBand(c.Valid, c.Width, c.Height, defaultEdgeBand, true)
		if len(band) != s.BandCount {
			t.Errorf("%s: band of %d points, want %d", s.Name, len(band), s.BandCount)
		}
		if s.Band != nil {
			var xyz []float32
			for _, i := range band {
				xyz = append(xyz, c.XYZ[3*i:3*i+3]...)
			}
			if !slices.Equal(xyz, golden.NPY(t, s.Band.File).Float32s()) {
				t.Errorf("%s: band has other points or another order", s.Name)
			}
		}
		worst := 0.0
		for seed := range uint64(8) {
			p, _, err := segmentPlane(t.Context(), c, band, PlaneOptions{Seed: seed})
			if err != nil {
				t.Fatalf("%s, seed %d: %v", s.Name, seed, err)
			}
			worst = max(worst, planeError(p, s.Plane))
		}
		t.Logf("%s: largest difference from Open3D %.1e", s.Name, worst)
		if worst > planeTolerance {
			t.Errorf("%s: plane off by %g, tolerance %g", s.Name, worst, planeTolerance)
		}
	}
}

// noisyPlane returns n points of a random plane that passes at distance d of
// the origin, Gaussian noise of sigma across it, and the share of outliers
// replaced by points of a box.
func noisyPlane(r *rand.Rand, n int, d, sigma, outliers float64) (*Cloud, Plane) {
	normal := r3.Vector{X: r.NormFloat64(), Y: r.NormFloat64(), Z: r.NormFloat64()}.Normalize()
	u := normal.Ortho()
	v := normal.Cross(u)
	c := &Cloud{}
	for range n {
		p := normal.Mul(-d + sigma*r.NormFloat64()).Add(u.Mul(r.Float64() - 0.5)).Add(v.Mul(r.Float64() - 0.5))
		if r.Float64() < outliers {
			p = r3.Vector{X: r.Float64() - 0.5, Y: r.Float64() - 0.5, Z: r.Float64() - 0.5}
		}
		c.XYZ = append(c.XYZ, float32(p.X), float32(p.Y), float32(p.Z))
	}
	return c, Plane{Normal: normal, D: d}
}

// TestSegmentPlaneFindsKnownPlane: 1400 points with σ = 0.5 mm spread over 1 m
// (standard deviation 0.29 m) fix a slope to 5e-4/(0.29·√1400) = 5e-5; five times
// that is allowed.
func TestSegmentPlaneFindsKnownPlane(t *testing.T) {
	const tolerance = 2.5e-4
	r := rand.New(rand.NewPCG(21, 0))
	for trial := range 12 {
		c, want := noisyPlane(r, 2000, 0.7*r.Float64(), 5e-4, 0.3)
		p, on, err := SegmentPlane(t.Context(), c, PlaneOptions{SampleSize: 5, Seed: uint64(trial)})
		if err != nil {
			t.Fatal(err)
		}
		if p.Normal.Sub(want.Normal).Norm() > tolerance || math.Abs(p.D-want.D) > tolerance {
			t.Errorf("plane %v, want %v", p, want)
		}
		if math.Abs(p.Normal.Norm()-1) > 1e-15 || p.D < 0 {
			t.Errorf("plane %v: normal must have length 1, D must not be negative", p)
		}
		if !slices.IsSorted(on) || len(on) < 1300 || len(on) > 1500 {
			t.Errorf("%d points on the plane, want about 1400, ascending", len(on))
		}
	}
}

// TestFitPlaneMinimises checks the property that defines the fit: along the
// dominant axis residuals are orthogonal to the coordinates (normal equations).
func TestFitPlaneMinimises(t *testing.T) {
	const tolerance = 1e-9 // rounding, relative to the scatter
	r := rand.New(rand.NewPCG(22, 0))
	for range 30 {
		c, _ := noisyPlane(r, 300, r.Float64(), 0.05, 0)
		var pts []float64
		for _, v := range c.XYZ {
			pts = append(pts, float64(v))
		}
		p, ok := fitPlane(pts, c.ValidIndices())
		if !ok {
			t.Fatal("no plane")
		}
		var sum float64
		var dot, size r3.Vector
		for i := range c.Len() {
			q, d := c.At(i), p.Distance(c.At(i))
			sum += d
			dot = dot.Add(q.Mul(d))
			size = size.Add(r3.Vector{X: q.X * q.X, Y: q.Y * q.Y, Z: q.Z * q.Z})
		}
		// The residual may correlate with the dominant coordinate only.
		free := []float64{math.Abs(dot.X / size.X), math.Abs(dot.Y / size.Y), math.Abs(dot.Z / size.Z)}
		slices.Sort(free)
		if math.Abs(sum) > tolerance*300 || free[1] > tolerance {
			t.Errorf("residuals: sum %g, correlations %v", sum, free)
		}
	}
}

func TestPlaneSign(t *testing.T) {
	for name, f := range map[string]struct {
		at   func(u, v float32) []float32
		want Plane
	}{
		"in front of the camera": {func(u, v float32) []float32 { return []float32{u, v, 0.5} }, Plane{r3.Vector{Z: -1}, 0.5}},
		"behind":                 {func(u, v float32) []float32 { return []float32{u, v, -0.5} }, Plane{r3.Vector{Z: 1}, 0.5}},
		"through the origin, x":  {func(u, v float32) []float32 { return []float32{0, u, v} }, Plane{r3.Vector{X: 1}, 0}},
		"through the origin, z":  {func(u, v float32) []float32 { return []float32{u, v, 0} }, Plane{r3.Vector{Z: 1}, 0}},
		"huge":                   {func(u, v float32) []float32 { return []float32{5e37 * u, 5e37 * v, 5e37} }, Plane{r3.Vector{Z: -1}, float64(float32(5e37))}},
	} {
		c := &Cloud{}
		for i := range 81 {
			c.XYZ = append(c.XYZ, f.at(float32(i%9-4), float32(i/9-4))...)
		}
		p, on, err := SegmentPlane(t.Context(), c, PlaneOptions{})
		if err != nil || len(on) != 81 {
			t.Errorf("%s: %d points, %v", name, len(on), err)
			continue
		}
		if p != f.want {
			t.Errorf("%s: %v, want %v", name, p, f.want)
		}
	}
	if d := (Plane{r3.Vector{Z: -1}, 0.5}).Distance(r3.Vector{Z: 0.4}); math.Abs(d-0.1) > 1e-15 {
		t.Errorf("a point 0.1 above the table has distance %g", d)
	}
}

func TestSegmentPlaneErrors(t *testing.T) {
	line := func(n int, from, step r3.Vector) *Cloud {
		c := &Cloud{}
		for i := range n {
			p := from.Add(step.Mul(float64(i)))
			c.XYZ = append(c.XYZ, float32(p.X), float32(p.Y), float32(p.Z))
		}
		return c
	}
	square := &Cloud{}
	for i := range 100 {
		square.XYZ = append(square.XYZ, float32(i%10), float32(i/10), 0.5)
	}
	invalid := square.Clone()
	invalid.Valid = make([]bool, invalid.Len())
	cube := &Cloud{XYZ: []float32{1, 1, 1, 1, -1, -1, -1, 1, -1, -1, -1, 1}}
	for name, f := range map[string]struct {
		c    *Cloud
		o    PlaneOptions
		want error
	}{
		"empty":                       {&Cloud{}, PlaneOptions{}, ErrFewPoints},
		"all invalid":                 {invalid, PlaneOptions{}, ErrFewPoints},
		"fewer than a sample":         {line(49, r3.Vector{}, r3.Vector{X: 1}), PlaneOptions{}, ErrFewPoints},
		"collinear":                   {line(50, r3.Vector{}, r3.Vector{X: 0.01, Y: 0.02, Z: 0.03}), PlaneOptions{}, ErrNoPlane},
		"collinear, far away":         {line(60, r3.Vector{X: 1000, Y: 700, Z: -3000}, r3.Vector{X: 0.7, Y: 0.1, Z: 0.3}), PlaneOptions{}, ErrNoPlane},
		"one spot":                    {line(60, r3.Vector{X: 1, Y: 2, Z: 3}, r3.Vector{}), PlaneOptions{}, ErrNoPlane},
		"all at the origin":           {line(60, r3.Vector{}, r3.Vector{}), PlaneOptions{}, ErrNoPlane},
		"no point near its own plane": {cube, PlaneOptions{SampleSize: 4, Distance: 1e-3}, ErrNoPlane},
	} {
		p, on, err := SegmentPlane(t.Context(), f.c, f.o)
		if !errors.Is(err, f.want) || p != (Plane{}) || on != nil {
			t.Errorf("%s: plane %v through %d points, error %v, want %v", name, p, len(on), err, f.want)
		}
	}
	for _, o := range []PlaneOptions{{Distance: -1}, {Distance: math.NaN()}, {SampleSize: 2}, {SampleSize: -1}, {Iterations: -1}} {
		if _, _, err := SegmentPlane(t.Context(), square, o); err == nil {
			t.Errorf("options %+v were accepted", o)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := SegmentPlane(ctx, square, PlaneOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

// TestSegmentPlaneUnit: defaults are lengths, so the same scan in millimetres
// has the same points on its plane.
func TestSegmentPlaneUnit(t *testing.T) {
	m, _ := noisyPlane(rand.New(rand.NewPCG(23, 0)), 1000, 0.5, 2e-3, 0.1)
	mm := m.Clone()
	mm.Unit = Millimetre
	for i := range mm.XYZ {
		mm.XYZ[i] *= 1024 // a power of two near 1000: the same significands
	}
	_, want, err := SegmentPlane(t.Context(), m, PlaneOptions{Distance: 0.004})
	if err != nil {
		t.Fatal(err)
	}
	_, got, err := SegmentPlane(t.Context(), mm, PlaneOptions{Distance: 4.096})
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("scaled by 1024: %d points on the plane, want %d; %v", len(got), len(want), err)
	}
	zero, _, err := SegmentPlane(t.Context(), mm, PlaneOptions{})
	if err != nil {
		t.Fatal(err)
	}
	four, _, err := SegmentPlane(t.Context(), mm, PlaneOptions{Distance: 4})
	if err != nil || zero != four {
		t.Errorf("default in millimetres gives %v, 4 mm %v; %v", zero, four, err)
	}
}

func TestSegmentPlaneIsDeterministic(t *testing.T) {
	c, _ := noisyPlane(rand.New(rand.NewPCG(24, 0)), 3000, 0.5, 3e-3, 0.2)
	before := c.Clone()
	want, wantOn, err := SegmentPlane(t.Context(), c, PlaneOptions{SampleSize: 10, Seed: 9, Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	for workers := range 7 {
		p, on, err := SegmentPlane(t.Context(), c, PlaneOptions{SampleSize: 10, Seed: 9, Workers: workers})
		if err != nil || p != want || !slices.Equal(on, wantOn) {
			t.Errorf("%d workers: %v, want %v; %v", workers, p, want, err)
		}
	}
	if !slices.Equal(c.XYZ, before.XYZ) {
		t.Error("the input was changed")
	}
}

// TestSampleConsensusImproves: more samples never give a worse candidate, and
// of candidates with all points near them the tighter one wins.
func TestSampleConsensusImproves(t *testing.T) {
	for _, distance := range []float64{2e-3, 1} {
		c, _ := noisyPlane(rand.New(rand.NewPCG(26, 0)), 400, 0.5, 3e-3, 0)
		var pts []float64
		for _, v := range c.XYZ {
			pts = append(pts, float64(v))
		}
		var last candidate
		better := 0
		for n := range planeBatch {
			b, err := sampleConsensus(t.Context(), pts, PlaneOptions{Distance: distance, SampleSize: 3, Iterations: n + 1})
			if err != nil {
				t.Fatal(err)
			}
			if b.points < last.points || b.points == last.points && b.sum > last.sum {
				t.Errorf("distance %g: %d samples give %+v, fewer gave %+v", distance, n+1, b, last)
			}
			if b != last {
				better++
			}
			last = b
		}
		if better < 2 || distance == 1 && last.points != 400 {
			t.Errorf("distance %g: %d improvements, last %+v", distance, better, last)
		}
	}
}

// TestSegmentPlaneStopsEarly: a clean plane needs a few samples, not 2^31.
func TestSegmentPlaneStopsEarly(t *testing.T) {
	c, _ := noisyPlane(rand.New(rand.NewPCG(27, 0)), 1000, 0.5, 1e-4, 0.01)
	if _, on, err := SegmentPlane(t.Context(), c, PlaneOptions{Iterations: math.MaxInt32}); err != nil || len(on) < 980 {
		t.Errorf("%d points on the plane, %v", len(on), err)
	}
}

func BenchmarkSegmentPlane(b *testing.B) {
	c, _ := noisyPlane(rand.New(rand.NewPCG(25, 0)), 15600, 0.5, 1e-3, 0.1) // the edge band of 400×400 pixels
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := SegmentPlane(b.Context(), c, PlaneOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}
