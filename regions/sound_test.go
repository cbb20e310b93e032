package regions

import (
	"image"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/pointcloud"
)

// hills is a surface without symmetry, with noise, that a pinhole sees from a pose;
// dent presses the disc of 4 mm around (3, -2) in by depth. Millimetres.
func hills(w, h int, f float64, pose pointcloud.Rigid, depth float64, seed uint64) *pointcloud.Cloud {
	r := rand.New(rand.NewPCG(seed, 1))
	c := &pointcloud.Cloud{Width: w, Height: h, Unit: pointcloud.Millimetre, Valid: make([]bool, w*h)}
	surface := func(x, y float64) float64 {
		z := 400 + 2*math.Sin(x/7) + 1.5*math.Cos(y/5+x/11)
		if x > 10 {
			z -= 3 // a step
		}
		if math.Hypot(x-3, y+2) < 4 {
			z += depth
		}
		return z
	}
	back := pose.Inverse()
	for y := range h {
		for x := range w {
			u, v := (float64(x)-float64(w-1)/2)/f, (float64(y)-float64(h-1)/2)/f
			z := 400.0 // along the ray in the camera's frame; the surface lies in the part's
			for range 40 {
				p := back.Apply(r3.Vector{X: u * z, Y: v * z, Z: z})
				z += surface(p.X, p.Y) - p.Z
			}
			z += 0.02 * r.NormFloat64()
			c.XYZ = append(c.XYZ, float32(u*z), float32(v*z), float32(z))
			c.Valid[y*w+x] = r.Float64() > 0.01
		}
	}
	return c
}

// blob is a smooth map around a pixel: 3 in the middle, 1 at r pixels and beyond.
func blob(w, h, x0, y0 int, r float64) *grid.Map {
	m := grid.New(h, w, 1)
	for i := range m.Data {
		d := math.Hypot(float64(i%w-x0), float64(i/w-y0)) / r
		m.Data[i] = 1 + 2*float32(max(0, 1-d))
	}
	return m
}

// TestSound holds that a dent beside a step is outlined and measured against captures
// that were taken from other poses, where a map is far wider than it.
func TestSound(t *testing.T) {
	const w, h, f = 160, 120, 1000
	turned := pointcloud.FromQuaternion(math.Cos(0.1), 0.004, -0.003, math.Sin(0.1), r3.Vector{X: 1.5, Y: -1, Z: 2})
	metres := func(g pointcloud.Rigid) pointcloud.Rigid { g.T = g.T.Mul(1e-3); return g }
	sounds := []Sound{
		{Cloud: hills(w, h, f, pointcloud.Identity(), 0, 1), Pose: pointcloud.Identity()},
		{Cloud: hills(w, h, f, turned, 0, 2), Pose: metres(turned)},
	}
	const depth = 0.8
	c := hills(w, h, f, pointcloud.Identity(), depth, 3)
	const x, y = 87, 54 // of the dent
	m := blob(w, h, x+4, y, 40)
	found := find(t, m, c, Options{Threshold: 1.2, Sound: sounds})
	if len(found.Regions) != 1 {
		t.Fatalf("%d regions", len(found.Regions))
	}
	r := found.Regions[0]
	near(t, "area", r.Area, math.Pi*16, 0.1*math.Pi*16)
	near(t, "x", r.Centroid[0], 3, 0.2)
	near(t, "y", r.Centroid[1], -2, 0.2)
	near(t, "height", r.Height.Height, -depth, 0.15)
	if r.Extent != ByGeometry || !r.Height.Sound || !r.Height.Certain || r.Peak != (Peak{x + 4, y, 3}) || r.Outline < 4*r.Area {
		t.Errorf("%+v %+v", r, *r.Height)
	}
	if d := float64(found.Deviation[10*w+10]); math.Abs(d) > 0.1 {
		t.Errorf("far off the region the deviation is %v", d)
	}

	without := find(t, m, c, Options{Threshold: 1.2}).Regions[0]
	if without.Extent != ByMap || without.Height.Sound || without.Area < 2*r.Area {
		t.Errorf("without captures: %+v", without)
	}

	// A hole that gives no data at all.
	for i := range c.Valid {
		if float64(c.XYZ[3*i+2]) > 0 && math.Hypot(float64(c.XYZ[3*i])-3, float64(c.XYZ[3*i+1])+2) < 4 {
			c.Valid[i] = false
		}
	}
	r = find(t, m, c, Options{Threshold: 1.2, Sound: sounds}).Regions[0]
	near(t, "area", r.Area, math.Pi*16, 0.15*math.Pi*16)
	if r.Extent != ByGeometry || r.Missing < 0.9 {
		t.Errorf("a hole: %+v", r)
	}

	// Nothing differs: the map decides.
	sound := hills(w, h, f, pointcloud.Identity(), 0, 4)
	if r := find(t, m, sound, Options{Threshold: 1.2, Sound: sounds}).Regions[0]; r.Extent != ByMap {
		t.Errorf("a sound part: %+v", r)
	}
}

// TestSoundColour holds that a stain is outlined by its colour, in photos of different
// brightness, beside a highlight that is off by less, and on a part whose gloss is off
// by nearly as much.
func TestSoundColour(t *testing.T) {
	const w, h, f = 120, 100, 1000
	photo := func(gain float64, seed uint64, off func(x, y int) float64) *image.NRGBA {
		r := rand.New(rand.NewPCG(seed, 2))
		img := image.NewNRGBA(image.Rect(0, 0, w, h))
		for i := range w * h {
			v := [3]float64{100 + float64(i%w)/2, 120, 80}
			v[0] += off(i%w, i/w)
			for k := range 3 {
				img.Pix[4*i+k] = uint8(gain*v[k] + r.NormFloat64())
			}
			img.Pix[4*i+3] = 255
		}
		return img
	}
	sound := func(int, int) float64 { return 0 }
	stain := func(x, y int) float64 {
		if x >= 40 && x < 60 && y >= 30 && y < 50 {
			return -30
		}
		return 0
	}
	at := pointcloud.Identity()
	sounds := []Sound{
		{hills(w, h, f, at, 0, 1), photo(1.05, 1, sound), at},
		{hills(w, h, f, at, 0, 2), photo(0.95, 2, sound), at},
	}
	c := hills(w, h, f, at, 0, 3)
	for name, off := range map[string]func(x, y int) float64{
		"stain": stain,
		"beside a highlight": func(x, y int) float64 {
			v := stain(x, y)
			if v == 0 && x >= 55 && x < 90 && y >= 25 && y < 70 {
				return 11
			}
			return v
		},
		"on gloss": func(x, y int) float64 { return stain(x, y) + 7*math.Sin(float64(x)/6.4) },
	} {
		r := find(t, blob(w, h, 52, 38, 35), c, Options{Threshold: 1.2, Sound: sounds, Colour: photo(1, 3, off)}).Regions[0]
		if r.Extent != ByColour || r.PixelBox.X < 38 || r.PixelBox.X > 41 || r.PixelBox.Width < 19 || r.PixelBox.Width > 23 {
			t.Errorf("%s: %+v", name, r)
		}
		near(t, name+": pixels", float64(r.Pixels), 400, 100) // smoothing adds a pixel around
	}
}

// TestCores compares with a slow twin: the areas above half of each peak's height, of
// the peaks that are the highest of theirs.
func TestCores(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		m := grid.New(3+r.IntN(8), 3+r.IntN(8), 1)
		for _, i := range r.Perm(len(m.Data)) { // all different
			m.Data[i] = 1 + float32(r.Perm(50)[0]) + float32(i)/1000
		}
		const base, threshold = 0, 5
		outlines, _ := connected(m, threshold)
		for _, o := range outlines {
			var want [][]int32
			for _, peak := range o.pixels {
				level := max(threshold, m.Data[peak]/2)
				areas, labels := connected(m, level)
				if l := labels[peak]; l > 0 && slices.MaxFunc(areas[l-1].pixels, func(a, b int32) int { return int(1e3 * (m.Data[a] - m.Data[b])) }) == peak {
					want = append(want, areas[l-1].pixels)
				}
			}
			got := cores(m, o, threshold, base)
			slices.SortFunc(got, slices.Compare)
			slices.SortFunc(want, slices.Compare)
			if !slices.EqualFunc(got, want, slices.Equal) {
				t.Fatalf("%d cores, want %d: %v, want %v", len(got), len(want), got, want)
			}
		}
	}
}

func TestSoundRefused(t *testing.T) {
	c, m := sheet(9, 7, 500, 400, 0, PixelBox{}, 0)
	at := pointcloud.Identity()
	img := image.NewNRGBA(image.Rect(0, 0, 3, 3))
	for name, o := range map[string]Options{
		"no cloud":    {Sound: []Sound{{Pose: at}}},
		"loose":       {Sound: []Sound{{Cloud: &pointcloud.Cloud{XYZ: c.XYZ}, Pose: at}}},
		"photo":       {Sound: []Sound{{Cloud: c, Colour: img, Pose: at}}},
		"no pose":     {Sound: []Sound{{Cloud: c}}},
		"scan's size": {Colour: img},
	} {
		if _, err := Find(t.Context(), m, c, o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
