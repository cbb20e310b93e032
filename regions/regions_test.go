package regions

import (
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/pointcloud"
)

// sheet is a plane through (0, 0, away) seen by a pinhole of focal length f pixels:
// depth grows by slope per millimetre of x. Lengths are millimetres. lift raises
// the pixels of the box by height along the optical axis.
func sheet(w, h int, f, away, slope float64, box PixelBox, lift float64) (*pointcloud.Cloud, *grid.Map) {
	c := &pointcloud.Cloud{Width: w, Height: h, Unit: pointcloud.Millimetre}
	m := grid.New(h, w, 1)
	for y := range h {
		for x := range w {
			u, v := (float64(x)-float64(w-1)/2)/f, (float64(y)-float64(h-1)/2)/f
			z := away / (1 - slope*u)
			if x >= box.X && x < box.X+box.Width && y >= box.Y && y < box.Y+box.Height {
				z -= lift
				m.Set(y, x, 0, 2)
			}
			c.XYZ = append(c.XYZ, float32(u*z), float32(v*z), float32(z))
		}
	}
	return c, m
}

func find(t *testing.T, m *grid.Map, c *pointcloud.Cloud, o Options) *Found {
	t.Helper()
	f, err := Find(t.Context(), m, c, o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// near fails unless got is within the tolerance of want: float32 coordinates at a
// distance of 400 mm have steps of 3e-5 mm.
func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s is %v, want %v within %v", what, got, want, tolerance)
	}
}

func TestBlockOnASheet(t *testing.T) {
	box := PixelBox{X: 30, Y: 20, Width: 12, Height: 8}
	for _, lift := range []float64{1.5, -1.5} {
		c, m := sheet(90, 70, 500, 400, 0, box, lift)
		f := find(t, m, c, Options{Threshold: 1})
		if len(f.Regions) != 1 {
			t.Fatalf("%d regions", len(f.Regions))
		}
		r := f.Regions[0]
		cell := math.Pow((400-lift)/500, 2)
		near(t, "area", r.Area, 96*cell, 1e-3*96)
		near(t, "surface", r.Surface, 96*cell, 1e-3*96)
		near(t, "diameter", r.Diameter, 2*math.Sqrt(96*cell/math.Pi), 1e-2)
		near(t, "x", r.Centroid[0], (35.5-44.5)/500*(400-lift), 1e-3)
		near(t, "y", r.Centroid[1], (23.5-34.5)/500*(400-lift), 1e-3)
		near(t, "z", r.Centroid[2], 400-lift, 1e-3)
		near(t, "height", r.Height.Height, lift, 1e-3)
		near(t, "median", r.Height.Median, lift, 1e-3)
		near(t, "normal", r.Height.Normal[2], -1, 1e-6)
		if !r.Height.Certain || !r.Height.Quadric || r.PixelBox != box || r.Pixels != 96 || r.Missing != 0 || r.Peak != (Peak{30, 20, 2}) || r.Mean != 2 || r.ID != 1 {
			t.Errorf("%+v %+v", r, *r.Height)
		}
		near(t, "deviation", float64(f.Deviation[24*90+33]), lift, 1e-3)
		if v := f.Deviation[0]; v == v {
			t.Errorf("far off the region the deviation is %v", v)
		}
	}
}

// TestTilted holds that a height is measured along the normal, and the surface is
// that of the part.
func TestTilted(t *testing.T) {
	const slope = 1 // 45°
	c, m := sheet(90, 70, 500, 400, slope, PixelBox{X: 40, Y: 30, Width: 10, Height: 10}, 1)
	r := find(t, m, c, Options{Threshold: 1}).Regions[0]
	near(t, "height", r.Height.Median, math.Sqrt2/2, 0.01)
	near(t, "surface/area", r.Surface/r.Area, math.Sqrt2, 0.01)
	near(t, "normal x", r.Height.Normal[0], math.Sqrt2/2, 0.01)
}

// TestUnits holds that a cloud in metres and one in millimetres give the same, and
// that the offset is added.
func TestUnits(t *testing.T) {
	c, m := sheet(90, 70, 500, 400, 0.1, PixelBox{X: 40, Y: 30, Width: 10, Height: 10}, 1)
	mm := find(t, m, c, Options{Threshold: 1}).Regions[0]
	metres := c.Clone()
	metres.Unit, metres.Offset = pointcloud.Metre, r3.Vector{X: 2}
	for i := range metres.XYZ {
		metres.XYZ[i] /= 1000
	}
	m2 := find(t, m, metres, Options{Threshold: 1}).Regions[0]
	near(t, "area", m2.Area, mm.Area, 1e-3)
	near(t, "height", m2.Height.Height, mm.Height.Height, 1e-3)
	near(t, "x", m2.Centroid[0], mm.Centroid[0]+2000, 1e-3)
	near(t, "z", m2.Centroid[2], mm.Centroid[2], 1e-3)
	near(t, "box", m2.Box.Min[0], mm.Box.Min[0]+2000, 1e-3)
}

// TestLenses holds that parallel rays, and a raster that no camera explains, give
// areas too.
func TestLenses(t *testing.T) {
	const w, h, pitch = 60, 50, 0.4
	for kind, bend := range map[lensKind]float64{parallel: 0, unknown: 0.02} {
		c := &pointcloud.Cloud{Width: w, Height: h, Unit: pointcloud.Millimetre}
		m := grid.New(h, w, 1)
		for y := range h {
			for x := range w {
				// A raster whose columns drift apart along x.
				px := pitch * (float64(x) + bend*float64(x*x))
				c.XYZ = append(c.XYZ, float32(px), float32(pitch*float64(y)), float32(200+3*math.Sin(float64(x)/9)+2*math.Cos(float64(y)/7)))
				if x >= 20 && x < 30 && y >= 20 && y < 30 {
					m.Set(y, x, 0, 1)
				}
			}
		}
		if l := findLens(c); l.kind != kind {
			t.Errorf("bend %v: lens %v, want %v", bend, l.kind, kind)
		}
		r := find(t, m, c, Options{}).Regions[0]
		want := 100 * pitch * pitch * (1 + 2*bend*24.5)
		near(t, "area", r.Area, want, 0.05*want)
	}
	c, _ := sheet(90, 70, 500, 400, 0.3, PixelBox{}, 0)
	if l := findLens(c); l.kind != pinhole {
		t.Errorf("lens %v", l.kind)
	} else {
		near(t, "1/f", l.x.step, 1.0/500, 1e-7)
	}
}

func TestMissing(t *testing.T) {
	box := PixelBox{X: 30, Y: 20, Width: 10, Height: 10}
	c, m := sheet(90, 70, 500, 400, 0, box, -3)
	c.Valid = make([]bool, c.Len())
	for i := range c.Valid {
		c.Valid[i] = i%90 < 35 || i%90 >= 40 || i/90 < 20 || i/90 >= 30
	}
	r := find(t, m, c, Options{Threshold: 1}).Regions[0]
	near(t, "missing", r.Missing, 0.5, 0)
	near(t, "x", r.Centroid[0], (34.5-44.5)/500*403, 1e-3)
	near(t, "area", r.Area, 100*math.Pow(403.0/500, 2), 0.1)
	near(t, "height", r.Height.Height, -3, 1e-3)

	for i := range c.Valid { // nothing at all
		c.Valid[i] = m.Data[i] == 0
	}
	r = find(t, m, c, Options{Threshold: 1}).Regions[0]
	near(t, "missing", r.Missing, 1, 0)
	near(t, "z", r.Centroid[2], 400, 1e-3)
	if r.Height != nil {
		t.Errorf("height %+v of nothing", *r.Height)
	}
	if r.Box.Min != r.Centroid {
		t.Errorf("box %v", r.Box)
	}
}

func TestToleranceOrderAndShares(t *testing.T) {
	c, m := sheet(90, 70, 500, 400, 0, PixelBox{X: 10, Y: 10, Width: 6, Height: 6}, 0)
	m.Set(50, 60, 0, 9) // one pixel, 0.64 mm²
	m.Set(51, 61, 0, 7) // touches it at the corner
	geometry, colour := grid.New(70, 90, 1), grid.New(70, 90, 1)
	for i, v := range m.Data {
		geometry.Data[i], colour.Data[i] = v/4, v*3/4
	}
	parts := []Part{{"geometry", geometry}, {"colour", colour}}
	f := find(t, m, c, Options{Threshold: 1, Parts: parts})
	if len(f.Regions) != 2 || f.Regions[0].Peak != (Peak{60, 50, 9}) || f.Regions[0].Pixels != 2 || f.Regions[0].Mean != 8 || f.Ignored != 0 {
		t.Fatalf("%+v", f.Regions)
	}
	if want := []Share{{"geometry", 0.25}, {"colour", 0.75}}; !reflect.DeepEqual(f.Regions[1].Shares, want) {
		t.Errorf("shares %v", f.Regions[1].Shares)
	}
	if f.Labels[50*90+60] != 1 || f.Labels[10*90+10] != 2 {
		t.Error("labels are not the IDs")
	}
	f = find(t, m, c, Options{Threshold: 1, MinArea: 2})
	if len(f.Regions) != 1 || f.Ignored != 1 || f.Regions[0].Pixels != 36 || f.Labels[50*90+60] != 0 {
		t.Errorf("with a tolerance of 2 mm²: %d regions, %d ignored", len(f.Regions), f.Ignored)
	}
	small := grid.New(35, 45, 1)
	for i := range small.Data {
		small.Data[i] = m.At(i/45*2, i%45*2, 0)
	}
	f = find(t, small, c, Options{Threshold: 1})
	if len(f.Regions) == 0 || len(f.Labels) != c.Len() {
		t.Error("a map of half the size was not stretched")
	}
}

// TestConnected compares with a slow twin that spreads labels until none changes.
func TestConnected(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		m := grid.New(1+r.IntN(12), 1+r.IntN(12), 1)
		for i := range m.Data {
			m.Data[i] = float32(r.IntN(2))
		}
		want := make([]int, len(m.Data))
		for i, v := range m.Data {
			if v > 0 {
				want[i] = i + 1
			}
		}
		for changed := true; changed; {
			changed = false
			for i := range want {
				around(i, m.W, m.H, func(j int) {
					if want[i] > 0 && want[j] > want[i] {
						want[j], changed = want[i], true
					}
				})
			}
		}
		areas, labels := connected(m, 0.5)
		for i, l := range labels {
			switch {
			case (l > 0) != (want[i] > 0):
				t.Fatalf("pixel %d has the label %d", i, l)
			case l > 0 && int(areas[l-1].pixels[0])+1 != want[i]:
				t.Fatalf("pixel %d is in the area of %d, want that of %d", i, areas[l-1].pixels[0], want[i]-1)
			}
		}
	}
}

func TestFindRefuses(t *testing.T) {
	c, m := sheet(9, 7, 500, 400, 0, PixelBox{}, 0)
	nan := grid.New(7, 9, 1)
	nan.Data[5] = float32(math.NaN())
	loose := &pointcloud.Cloud{XYZ: c.XYZ}
	none := c.Clone()
	none.Valid = make([]bool, c.Len())
	for name, test := range map[string]struct {
		c *pointcloud.Cloud
		m *grid.Map
		o Options
	}{
		"loose":      {loose, m, Options{}},
		"no point":   {none, m, Options{}},
		"NaN":        {c, nan, Options{}},
		"threshold":  {c, m, Options{Threshold: math.NaN()}},
		"area":       {c, m, Options{MinArea: -1}},
		"surface":    {c, m, Options{Surface: make([]bool, 3)}},
		"part":       {c, m, Options{Parts: []Part{{"colour", grid.New(3, 3, 1)}}}},
		"no map":     {c, &grid.Map{}, Options{}},
		"nil part":   {c, m, Options{Parts: []Part{{"colour", nil}}}},
		"nan in one": {c, m, Options{Parts: []Part{{"colour", nan}}}},
	} {
		if _, err := Find(t.Context(), test.m, test.c, test.o); !errors.Is(err, ErrInput) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestNoise holds that a threshold within the noise costs little: of some ten
// thousand regions only the highest have their relief measured.
func TestNoise(t *testing.T) {
	c, m := sheet(400, 300, 800, 400, 0, PixelBox{}, 0)
	r := rand.New(rand.NewPCG(3, 4))
	for i := range m.Data {
		m.Data[i] = r.Float32()
	}
	f := find(t, m, c, Options{Threshold: 0.9})
	measured := 0
	for i, g := range f.Regions {
		if g.ID != i+1 {
			t.Fatalf("region %d has the ID %d", i+1, g.ID)
		}
		if g.Height != nil {
			measured++
		}
	}
	if len(f.Regions) < 5000 || measured > mostReliefs {
		t.Errorf("%d regions, of %d the height is measured", len(f.Regions), measured)
	}
}
