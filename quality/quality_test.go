package quality

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/iad3d/iad3d/internal/golden"
	"github.com/iad3d/iad3d/internal/synth"
	"github.com/iad3d/iad3d/io/dataset"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
)

func measure(t testing.TB, c *pointcloud.Cloud) *Measurement {
	t.Helper()
	m, err := Measure(t.Context(), c, 0)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// wavy is a smooth surface of side×side pixels, 0.1 m wide at 0.5 m, with noise.
func wavy(side int, sigma float64, r *rand.Rand) *pointcloud.Cloud {
	c := &pointcloud.Cloud{Width: side, Height: side}
	for y := range side {
		for x := range side {
			u, v := 0.1*float64(x)/float64(side), 0.1*float64(y)/float64(side)
			c.XYZ = append(c.XYZ, float32(u), float32(v), float32(0.5+0.003*math.Sin(40*u)+sigma*r.NormFloat64()))
		}
	}
	return c
}

func TestMeasure(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	c := wavy(150, 0.1e-3, r)
	m := measure(t, c)
	near := func(what string, got, want, share float64) {
		t.Helper()
		if math.Abs(got-want) > share*want {
			t.Errorf("%s: %g, want %g", what, got, want)
		}
	}
	near("fill", m.Fill, 1, 0)
	near("spacing", m.Spacing, 100.0/150, 0.3) // rows: the sixth neighbour is at √2 of the pitch
	near("noise", m.Noise, 0.1, 0.15)
	near("range", m.Range.Median, 505, 0.02)

	mm := c.Clone()
	mm.Unit = pointcloud.Millimetre
	for i := range mm.XYZ {
		mm.XYZ[i] *= 1000
	}
	n := measure(t, mm)
	near("noise in mm", n.Noise, m.Noise, 1e-3)
	near("spacing in mm", n.Spacing, m.Spacing, 1e-3)
	near("range in mm", n.Range.Median, m.Range.Median, 1e-3)

	c.Valid = slices.Repeat([]bool{true}, c.Len())
	for i := range c.Valid {
		c.Valid[i] = i%4 != 0
	}
	near("fill with holes", measure(t, c).Fill, 0.75, 1e-3)

	for name, c := range map[string]*pointcloud.Cloud{
		"empty": {}, "no valid point": {XYZ: make([]float32, 12), Width: 2, Height: 2, Valid: make([]bool, 4)},
		"one": {XYZ: []float32{1, 2, 3}}, "equal": {XYZ: slices.Repeat([]float32{1, 2, 3}, 500)},
	} {
		m := measure(t, c)
		for _, v := range []float64{m.Fill, m.Noise, m.Spacing, m.Range.Near, m.Range.Median, m.Range.Far} {
			if v-v != 0 {
				t.Errorf("%s: %+v is not finite", name, m)
			}
		}
	}
	if _, err := Measure(t.Context(), &pointcloud.Cloud{XYZ: make([]float32, 4)}, 0); !errors.Is(err, pointcloud.ErrShape) {
		t.Errorf("four coordinates: %v", err)
	}
	if a, b := measure(t, mm), n; *a != *b {
		t.Errorf("not the same twice: %+v, %+v", a, b)
	}
}

// change is a way to spoil a capture and what must be found wrong with it.
type change struct {
	name  string
	spoil func(c *pointcloud.Cloud)
	want  []string
}

func changes(r *rand.Rand) []change {
	lose := func(share float64) func(c *pointcloud.Cloud) {
		return func(c *pointcloud.Cloud) {
			for i := range c.Valid {
				if r.Float64() < share {
					c.Valid[i] = false
					clear(c.XYZ[3*i : 3*i+3])
				}
			}
		}
	}
	each := func(fn func(p []float32)) func(c *pointcloud.Cloud) {
		return func(c *pointcloud.Cloud) {
			for i := range c.Valid {
				if c.Valid[i] {
					fn(c.XYZ[3*i : 3*i+3])
				}
			}
		}
	}
	return []change{
		{"untouched", func(*pointcloud.Cloud) {}, nil},
		{"a few pixels lost", lose(0.05), nil},
		{"a tenth nearer", each(func(p []float32) { p[0], p[1], p[2] = 0.9*p[0], 0.9*p[1], 0.9*p[2] }), nil},
		{"most pixels lost", lose(0.8), []string{"fill", "spacing_mm"}},
		{"half of the image lost", func(c *pointcloud.Cloud) {
			for i := range c.Len() / 2 {
				c.Valid[i] = false
			}
		}, []string{"fill"}},
		{"nothing measured", lose(2), []string{"points"}},
		{"noise of half a millimetre", each(func(p []float32) { p[2] += float32(0.5e-3 * r.NormFloat64()) }), []string{"noise_mm"}},
		{"twice as far", each(func(p []float32) { p[0], p[1], p[2] = 2*p[0], 2*p[1], 2*p[2] }), []string{"range_mm", "spacing_mm"}},
		{"farther, the field of view kept", each(func(p []float32) { p[2] += 0.2 }), []string{"range_mm"}},
	}
}

// TestSpoiltCaptures spoils scans of the synthetic line in one way each.
func TestSpoiltCaptures(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	const part = "gland"
	shot := func(split, defect string, i, size int) *pointcloud.Cloud {
		l, err := synth.Scan(t.Context(), part, defect, i, split, synth.Options{Size: size})
		if err != nil {
			t.Fatal(err)
		}
		return l.Cloud
	}
	var good []*Measurement
	for i := range 3 { // no more than three good scans
		good = append(good, measure(t, shot(synth.Train, rgbd.Good, i, 112)))
	}
	limits, err := Learn(good)
	if err != nil {
		t.Fatal(err)
	}
	check := func(name string, c *pointcloud.Cloud, want []string) {
		t.Helper()
		m := measure(t, c)
		var got []string
		for _, reason := range limits.Check(m) {
			got = append(got, reason.What)
			t.Logf("%s: %s", name, reason)
		}
		for _, w := range want {
			if !slices.Contains(got, w) {
				t.Errorf("%s: found %v, want %v (%s)", name, got, want, m)
			}
		}
		if len(want) == 0 && len(got) > 0 {
			t.Errorf("%s: refused for %v (%s)", name, got, m)
		}
	}
	for i, x := range changes(r) {
		c := shot(synth.Test, rgbd.Good, i%4, 112)
		x.spoil(c)
		check(x.name, c, x.want)
	}
	check("half the resolution", shot(synth.Test, rgbd.Good, 0, 56), []string{"spacing_mm"})
	check("twice the resolution", shot(synth.Test, rgbd.Good, 0, 224), []string{"spacing_mm"})
	for _, defect := range synth.Defects() {
		check("defect "+defect, shot(synth.Test, defect, 0, 112), nil)
	}

	raw, err := json.Marshal(limits)
	if err != nil {
		t.Fatal(err)
	}
	var back Limits
	if err := json.Unmarshal(raw, &back); err != nil || back != *limits {
		t.Errorf("limits do not survive JSON: %s", raw)
	}
}

func TestLearn(t *testing.T) {
	m := func(fill, noise, distance, spacing float64) *Measurement {
		return &Measurement{Organised: true, Points: 100, Valid: 50, Fill: fill, Noise: noise, Range: Range{Median: distance}, Spacing: spacing}
	}
	if _, err := Learn(nil); !errors.Is(err, ErrNoScans) {
		t.Errorf("no scan: %v", err)
	}
	if _, err := Learn([]*Measurement{{}}); !errors.Is(err, ErrNoScans) {
		t.Errorf("an empty scan: %v", err)
	}
	same, err := Learn([]*Measurement{m(0.6, 0.05, 500, 0.3), m(0.6, 0.05, 500, 0.3), m(0.6, 0.05, 500, 0.3)})
	if err != nil {
		t.Fatal(err)
	}
	if r := same.Check(m(0.55, 0.1, 450, 0.35)); len(r) > 0 {
		t.Errorf("three equal scans set a limit that ordinary variation breaks: %v", r)
	}
	r := same.Check(m(0.12, 0.5, 900, 0.9))
	if len(r) != 4 {
		t.Errorf("%d reasons: %v, want 4", len(r), r)
	}
	// One bad scan among the good ones moves nothing much.
	var scans []*Measurement
	for i := range 9 {
		d := 0.002 * float64(i)
		scans = append(scans, m(0.6+d, 0.05+d/10, 500+d, 0.3+d/10))
	}
	clean, err := Learn(scans)
	if err != nil {
		t.Fatal(err)
	}
	mixed, err := Learn(append(scans, m(0.02, 2, 3000, 4)))
	if err != nil {
		t.Fatal(err)
	}
	if mixed.Fill.Min < clean.Fill.Min-0.05 || mixed.Noise.Max > 1.3*clean.Noise.Max || len(mixed.Check(m(0.02, 2, 3000, 4))) != 4 {
		t.Errorf("one bad scan moves the limits from %+v to %+v", clean, mixed)
	}
	if r := (&Limits{}).Check(m(0, 0, 0, 0)); r != nil {
		t.Errorf("limits learnt from nothing refuse: %v", r)
	}
	if r := same.Check(&Measurement{Organised: true, Valid: 1, Fill: math.NaN(), Noise: math.NaN(), Spacing: math.NaN()}); len(r) != 4 {
		t.Errorf("NaN passes: %v", r)
	}
	loose := m(0.1, 0.05, 2000, 0.3)
	loose.Organised = false
	if r := same.Check(loose); len(r) > 0 {
		t.Errorf("a loose cloud is judged by its fill rate or range: %v", r)
	}
}

// TestLooseClouds: fill rate and distance mean nothing there, the rest does.
func TestLooseClouds(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	loose := func(side int, sigma, scale float64) *Measurement {
		c := wavy(side, sigma, r)
		c.Width, c.Height = 0, 0
		for i := range c.XYZ {
			c.XYZ[i] = float32(scale*float64(c.XYZ[i])) + 3 // anywhere
		}
		return measure(t, c)
	}
	limits, err := Learn([]*Measurement{loose(120, 0.1e-3, 1), loose(125, 0.1e-3, 1), loose(122, 0.12e-3, 1)})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		m    *Measurement
		want string
	}{{loose(118, 0.1e-3, 1), ""}, {loose(120, 0.5e-3, 1), "noise_mm"}, {loose(60, 0.1e-3, 1), "spacing_mm"}, {loose(120, 0.1e-3, 1000), "spacing_mm"}} {
		got := ""
		for _, reason := range limits.Check(x.m) {
			t.Log(reason)
			if reason.What == x.want {
				got = x.want
			} else if x.want == "" {
				got = reason.What
			}
		}
		if got != x.want {
			t.Errorf("%s: found %q, want %q", x.m, got, x.want)
		}
	}
}

// TestCableGland learns from the real training scans. All test scans, sound and
// defective, are valid captures.
func TestCableGland(t *testing.T) {
	set, err := dataset.OpenMVTec3D(golden.Shared(t, "data/mvtec3d"), "cable_gland")
	if err != nil {
		t.Fatal(err)
	}
	var good []*Measurement
	for _, it := range set.Items(dataset.Train) {
		l, err := set.Load(it)
		if err != nil {
			t.Fatal(err)
		}
		good = append(good, measure(t, l.Cloud))
	}
	limits, err := Learn(good)
	if err != nil {
		t.Fatal(err)
	}
	few, err := Learn(good[:3])
	if err != nil {
		t.Fatal(err)
	}
	var fill, sound, noise, distance, spacing []float64
	for _, split := range []dataset.Split{dataset.Validation, dataset.Test} {
		for _, it := range set.Items(split) {
			l, err := set.Load(it)
			if err != nil {
				t.Fatal(err)
			}
			if g := pointcloud.GuessUnit(l.Cloud); g.Unit != pointcloud.Metre || !g.Sure {
				t.Errorf("%s: guessed unit %+v", it.Name, g)
			}
			m := measure(t, l.Cloud)
			if r := limits.Check(m); len(r) > 0 {
				t.Errorf("%s %s is refused: %v", split, it.Name, r)
			}
			if r := few.Check(m); len(r) > 0 {
				t.Errorf("%s %s is refused by limits of three scans: %v", split, it.Name, r)
			}
			if l.Defect == rgbd.Good {
				sound = append(sound, m.Fill)
			}
			fill, noise, distance, spacing = append(fill, m.Fill), append(noise, m.Noise), append(distance, m.Range.Median), append(spacing, m.Spacing)
		}
	}
	t.Logf("fill rate of sound test and validation scans %.4g to %.4g", slices.Min(sound), slices.Max(sound))
	for _, x := range []struct {
		what string
		b    Bound
		v    []float64
	}{{"fill", limits.Fill, fill}, {"noise", limits.Noise, noise}, {"range", limits.Range, distance}, {"spacing", limits.Spacing, spacing}} {
		t.Logf("%-8s good %.4g to %.4g, allowed %.4g to %.4g, %d test and validation scans %.4g to %.4g",
			x.what, x.b.SeenMin, x.b.SeenMax, x.b.Min, x.b.Max, len(x.v), slices.Min(x.v), slices.Max(x.v))
	}
}

func ExampleLearn() {
	good := []*Measurement{
		{Organised: true, Points: 1000, Valid: 610, Fill: 0.61, Noise: 0.04, Range: Range{Median: 450}, Spacing: 0.5},
		{Organised: true, Points: 1000, Valid: 640, Fill: 0.64, Noise: 0.05, Range: Range{Median: 452}, Spacing: 0.5},
	}
	limits, _ := Learn(good)
	for _, reason := range limits.Check(&Measurement{Organised: true, Points: 1000, Valid: 120, Fill: 0.12, Noise: 0.04, Range: Range{Median: 451}, Spacing: 0.5}) {
		fmt.Println("invalid capture:", reason)
	}
	// Output: invalid capture: fill rate 12 %, the good scans had 61–64 %
}

// BenchmarkMeasure measures a real scan of 400×400 pixels.
func BenchmarkMeasure(b *testing.B) {
	set, err := dataset.OpenMVTec3D(golden.Shared(b, "data/mvtec3d"), "cable_gland")
	if err != nil {
		b.Fatal(err)
	}
	l, err := set.Load(set.Items(dataset.Test)[0])
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Measure(b.Context(), l.Cloud, 1); err != nil {
			b.Fatal(err)
		}
	}
}
