package align

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/iad3d/iad3d/internal/golden"
	"github.com/iad3d/iad3d/internal/synth"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
)

// drawn returns n points p(u, v) for even random u and v of [0, 1).
func drawn(n int, seed uint64, p func(u, v float64) (x, y, z float64)) *pointcloud.Cloud {
	r := rand.New(rand.NewPCG(seed, 5))
	c := &pointcloud.Cloud{}
	for range n {
		x, y, z := p(r.Float64(), r.Float64())
		c.XYZ = append(c.XYZ, float32(x), float32(y), float32(z))
	}
	return c
}

// bumpy is a surface with a pose of its own.
func bumpy(n int, seed uint64) *pointcloud.Cloud {
	return drawn(n, seed, func(x, y float64) (_, _, z float64) {
		z = 0.15*math.Sin(5*x+1)*math.Cos(4*y) + 0.3*math.Exp(-30*((x-0.3)*(x-0.3)+(y-0.6)*(y-0.6))) + 0.08*x*y
		return 0.1 * x, 0.1 * y, 0.1 * z
	})
}

// degenerate are clouds that have no pose.
func degenerate() map[string]struct {
	c    *pointcloud.Cloud
	want error
} {
	holes := bumpy(3000, 1)
	holes.Valid = make([]bool, holes.Len())
	nan := bumpy(3000, 1)
	nan.XYZ[7] = float32(math.NaN())
	type entry = struct {
		c    *pointcloud.Cloud
		want error
	}
	return map[string]entry{
		"empty":       {&pointcloud.Cloud{}, ErrPoints},
		"not valid":   {holes, ErrPoints},
		"few":         {bumpy(20, 1), ErrPoints},
		"one spot":    {&pointcloud.Cloud{XYZ: slices.Repeat([]float32{1, 2, 3}, 5000)}, ErrPoints},
		"two spots":   {&pointcloud.Cloud{XYZ: slices.Repeat([]float32{1, 2, 3, 4, 5, 6}, 5000)}, ErrPoints},
		"three spots": {&pointcloud.Cloud{XYZ: slices.Repeat([]float32{1, 2, 3, 4, 5, 6, 0, 0, 1}, 5000)}, ErrPoints},
		"line":        {drawn(3000, 1, func(u, _ float64) (x, y, z float64) { return u, 2 * u, 3 * u }), ErrPoints},
		"plane":       {drawn(3000, 1, func(u, v float64) (x, y, z float64) { return u, v, 0.3 * u }), ErrSlides},
		"noisy plane": {noisy(drawn(9000, 1, func(u, v float64) (x, y, z float64) { return u, v, 0.3 * u }), 2e-3, rand.New(rand.NewPCG(1, 1))), ErrSlides},
		"sphere": {drawn(3000, 1, func(u, v float64) (x, y, z float64) {
			z, a := 2*u-1, 2*math.Pi*v
			s := math.Sqrt(1 - z*z)
			return s * math.Cos(a), s * math.Sin(a), z
		}), ErrSlides},
		"NaN":  {nan, pointcloud.ErrShape},
		"odd":  {&pointcloud.Cloud{XYZ: make([]float32, 301)}, pointcloud.ErrShape},
		"huge": {&pointcloud.Cloud{XYZ: slices.Repeat([]float32{3e38, -3e38, 0, 0, 3e38, 1, -3e38, 0, 3e38}, 100)}, ErrPoints},
	}
}

func TestDegenerateClouds(t *testing.T) {
	ref, err := NewReference(t.Context(), bumpy(5000, 1), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, x := range degenerate() {
		if _, err := NewReference(t.Context(), x.c, Options{}); !errors.Is(err, x.want) {
			t.Errorf("%s as reference: %v, want %v", name, err, x.want)
		}
		f, err := ref.Align(t.Context(), x.c)
		if !errors.Is(err, ErrFit) && !errors.Is(err, ErrPoints) && !errors.Is(err, pointcloud.ErrShape) {
			t.Errorf("%s is aligned: %+v, %v", name, f, err)
		}
	}
}

func TestOptionsRefused(t *testing.T) {
	for _, o := range []Options{
		{CoarsePoints: 3}, {CoarsePoints: -1}, {CoarsePoints: 5000, FinePoints: 100}, {Tolerance: -1}, {Tolerance: math.NaN()},
		{MinOverlap: 2}, {MinOverlap: -1}, {MaxRMS: math.NaN()}, {Tolerance: math.Inf(1)},
	} {
		if _, err := NewReference(t.Context(), bumpy(5000, 1), o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
	target, err := NewTarget(&pointcloud.Cloud{XYZ: []float32{0, 0, 0}, Normals: []float64{0, 0, 1}})
	if err != nil {
		t.Fatal(err)
	}
	c := bumpy(100, 1)
	for _, o := range []ICPOptions{{}, {MaxDistance: -1}, {MaxDistance: 1, Iterations: -1}, {MaxDistance: 1, Done: math.NaN()}, {MaxDistance: 1}} {
		if _, err := ICP(t.Context(), c, target, pointcloud.Identity(), o); err == nil {
			t.Errorf("ICP with %+v is accepted", o)
		}
	}
	if _, err := ICP(t.Context(), c, target, pointcloud.Rigid{}, ICPOptions{MaxDistance: 1, Plain: true}); err == nil {
		t.Error("ICP starts from no motion at all")
	}
	if _, err := ICP(t.Context(), c, target, pointcloud.Identity(), ICPOptions{MaxDistance: 1e-9, Plain: true}); !errors.Is(err, ErrFit) {
		t.Errorf("ICP without matches: %v", err)
	}
	if _, err := NewTarget(c); !errors.Is(err, ErrPoints) {
		t.Errorf("a target without normals: %v", err)
	}
}

// TestOtherPartsAreRefused lays parts of the line, the flat ones that are most
// alike, and another surface on each other: none fits.
func TestOtherPartsAreRefused(t *testing.T) {
	names := []string{"bracket", "gear", "washer"}
	if testing.Short() {
		names = names[:2]
	}
	parts := map[string]*pointcloud.Cloud{}
	for _, name := range names {
		parts[name], _ = part(t, name, rgbd.Good, 1)
	}
	r := rand.New(rand.NewPCG(7, 7))
	parts["bumpy"] = bumpy(20_000, 2)
	for _, a := range append(names, "bumpy") {
		ref, err := NewReference(t.Context(), parts[a], Options{})
		if err != nil {
			t.Fatal(a, err)
		}
		for b, c := range parts {
			f, err := ref.Align(t.Context(), c.Moved(randomPose(r, 0.1)))
			if a == b {
				t.Logf("%s on itself: %+v, %d free", a, *f, ref.Free())
			} else if f != nil {
				t.Logf("%s on %s: overlap %.2f, residual %.3f mm", b, a, f.Overlap, 1000*f.RMS)
			}
			if (a == b) != (err == nil) || err != nil && !errors.Is(err, ErrFit) {
				t.Errorf("%s on %s: %v", b, a, err)
			}
		}
	}
}

// TestMirroredPartIsRefused: the left part is not the right one.
func TestMirroredPartIsRefused(t *testing.T) {
	m := bunny(t)
	r := rand.New(rand.NewPCG(8, 8))
	ref, err := NewReference(t.Context(), m.sample(20_000, r), Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := m.sample(20_000, r)
	for i := 0; i < len(c.XYZ); i += 3 {
		c.XYZ[i] = -c.XYZ[i]
	}
	if f, err := ref.Align(t.Context(), c); !errors.Is(err, ErrFit) {
		t.Errorf("the mirrored bunny: %+v, %v", f, err)
	}
}

func TestAlignIsTheSameForAnyWorkers(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	c := cut(bumpy(8000, 3), 0.2, r).Moved(randomPose(r, 0.1))
	var first *Fit
	for _, workers := range []int{1, 2, 5} {
		ref, err := NewReference(t.Context(), bumpy(8000, 1), Options{Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		f, err := ref.Align(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = f
		}
		if *f != *first {
			t.Errorf("%d workers: %+v, one: %+v", workers, f, first)
		}
	}
	ref, err := NewReference(t.Context(), bumpy(8000, 1), Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ref.Align(ctx, c); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := NewReference(ctx, c, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestUnitsAndNormals: a cloud in millimetres fits a reference in metres; normals
// of the cloud help when they agree and are no harm when they do not.
func TestUnitsAndNormals(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 10))
	ref := bumpy(8000, 1)
	var err error
	if ref.Normals, err = pointcloud.EstimateNormals(t.Context(), ref, pointcloud.NormalOptions{}); err != nil {
		t.Fatal(err)
	}
	reference, err := NewReference(t.Context(), ref, Options{})
	if err != nil {
		t.Fatal(err)
	}
	g := randomPose(r, 0.1)
	c := bumpy(8000, 2)
	c.Normals, err = pointcloud.EstimateNormals(t.Context(), c, pointcloud.NormalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	chance := c.Clone()
	for i := range chance.Normals {
		chance.Normals[i] = r.NormFloat64()
	}
	millimetres := c.Clone()
	for i := range millimetres.XYZ {
		millimetres.XYZ[i] *= 1000
	}
	millimetres.Unit = pointcloud.Millimetre
	moved := g
	moved.T = g.T.Mul(1000)
	for name, x := range map[string]*pointcloud.Cloud{
		"normals": c.Moved(g), "chance normals": chance.Moved(g), "millimetres": millimetres.Moved(moved),
	} {
		f, err := reference.Align(t.Context(), x)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if angle := f.Pose.After(g).Angle().Degrees(); angle > rightAngle {
			t.Errorf("%s: off by %g°", name, angle)
		}
	}
}

func TestAnotherSurfaceIsRefused(t *testing.T) {
	ref := &pointcloud.Cloud{XYZ: golden.NPY(t, "fpfh/bunny397_points.npy").Float32s()}
	reference, err := NewReference(t.Context(), ref, Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = reference.Align(t.Context(), bumpy(3000, 1))
	t.Log(err)
	if !errors.Is(err, ErrFit) {
		t.Errorf("another surface: %v", err)
	}
}

// TestClutterAndMissingReference: the cloud shows a fifth of the part that the
// reference lacks, and a tenth of its points are no part at all.
func TestClutterAndMissingReference(t *testing.T) {
	const poses = 5
	r := rand.New(rand.NewPCG(11, 11))
	ref, err := NewReference(t.Context(), cut(bumpy(8000, 1), 0.2, r), Options{MinOverlap: 0.6})
	if err != nil {
		t.Fatal(err)
	}
	for range poses {
		g := randomPose(r, 0.1)
		c := noisy(bumpy(8000, r.Uint64()), 0.1e-3, r)
		for range c.Len() / 10 {
			c.XYZ = append(c.XYZ, float32(0.1*r.Float64()), float32(0.1*r.Float64()), float32(0.1*r.Float64()))
		}
		f, err := ref.Align(t.Context(), c.Moved(g))
		if err != nil {
			t.Fatal(err)
		}
		angle := f.Pose.After(g).Angle().Degrees()
		t.Logf("off by %.3f°, overlap %.2f", angle, f.Overlap)
		if angle > rightAngle {
			t.Errorf("off by %g°", angle)
		}
	}
}

// TestOrganisedScans: rasters are seen from the origin, so that only one side of
// their normals is tried; with a loose cloud both are.
func TestOrganisedScans(t *testing.T) {
	raster := func(i int) *pointcloud.Cloud {
		l, err := synth.Scan(t.Context(), "bracket", rgbd.Good, i, synth.Test, synth.Options{})
		if err != nil {
			t.Fatal(err)
		}
		f, err := pointcloud.FindForeground(t.Context(), l.Cloud, pointcloud.ForegroundOptions{})
		if err != nil {
			t.Fatal(err)
		}
		l.Cloud.Valid = f.Part
		return l.Cloud
	}
	loose, a := part(t, "bracket", rgbd.Good, 0)
	_, b := part(t, "bracket", rgbd.Good, 1)
	scan := raster(1)
	for name, c := range map[string]*pointcloud.Cloud{"raster": raster(0), "loose": loose} {
		ref, err := NewReference(t.Context(), c, Options{})
		if err != nil {
			t.Fatal(err)
		}
		f, err := ref.Align(t.Context(), scan)
		if err != nil {
			t.Fatal(name, err)
		}
		angle := f.Pose.After(b).After(a.Inverse()).Angle().Degrees()
		t.Logf("raster on %s: off by %.3f°, sides known: %v", name, angle, ref.view.sided)
		if angle > rightAngle || ref.view.sided != (name == "raster") {
			t.Errorf("raster on %s: off by %g°", name, angle)
		}
	}
}
