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

// TestSoundEdge holds that the band beside an edge of the part that all captures see from
// the other side is no defect: a ray to the table there passes the part, while the same
// place of the table is behind the part for them.
func TestSoundEdge(t *testing.T) {
	const w, h, f, top, table = 160, 120, 1000, 380, 400
	block := func(pose pointcloud.Rigid, seed uint64, part bool) *pointcloud.Cloud {
		r := rand.New(rand.NewPCG(seed, 1))
		c := &pointcloud.Cloud{Width: w, Height: h, Unit: pointcloud.Millimetre, Valid: make([]bool, w*h)}
		back := pose.Inverse()
		for i := range w * h {
			u, v := (float64(i%w)-float64(w-1)/2)/f, (float64(i/w)-float64(h-1)/2)/f
			o, d := back.Apply(r3.Vector{}), back.Apply(r3.Vector{X: u, Y: v, Z: 1}).Sub(back.Apply(r3.Vector{}))
			z := (top - o.Z) / d.Z
			within := func() bool { p := o.Add(d.Mul(z)); return math.Abs(p.X) < 12 && math.Abs(p.Y) < 10 }
			c.Valid[i] = within()
			if !c.Valid[i] {
				z = (table - o.Z) / d.Z
				c.Valid[i] = !part && !within() // a ray to the floor of the block meets its side
			}
			z += 0.02 * r.NormFloat64()
			c.XYZ = append(c.XYZ, float32(u*z), float32(v*z), float32(z))
		}
		return c
	}
	var sounds []Sound
	for k := range 3 {
		a := 0.04 + 0.005*float64(k)
		pose := pointcloud.FromQuaternion(math.Cos(a/2), 0, math.Sin(a/2), 0, r3.Vector{X: -math.Sin(a) * top, Z: (1 - math.Cos(a)) * top})
		c := block(pose, uint64(k), true)
		pose.T = pose.T.Mul(1e-3)
		sounds = append(sounds, Sound{Cloud: c, Pose: pose})
	}
	for _, x := range []int{80 - 32, 80 + 32} { // the left and the right edge
		r := find(t, blob(w, h, x, 60, 20), block(pointcloud.Identity(), 9, false), Options{Threshold: 1.2, Sound: sounds}).Regions[0]
		if r.Extent != ByMap {
			t.Errorf("the edge at column %d: %v, %+v", x, r.Extent, r.PixelBox)
		}
	}
}

// TestSoundGaps holds that pixels which the sensor leaves out at random, as in glare, are
// no defect, that a hole among them is one, and that what a slot of the part divides, of
// which no capture saw anything, is one region.
func TestSoundGaps(t *testing.T) {
	const w, h, f = 160, 120, 1000
	at := pointcloud.Identity()
	sounds := []Sound{{Cloud: hills(w, h, f, at, 0, 1), Pose: at}, {Cloud: hills(w, h, f, at, 0, 2), Pose: at}}
	disc := func(x, y int, r float64) func(i int) bool {
		return func(i int) bool { return math.Hypot(float64(i%w-x), float64(i/w-y)) < r }
	}
	drop := func(c *pointcloud.Cloud, where func(i int) bool) {
		for i := range c.Valid {
			c.Valid[i] = c.Valid[i] && !where(i)
		}
	}
	r := rand.New(rand.NewPCG(7, 8))
	for _, share := range []float64{0.2, 0.3, 0.4} {
		glare := disc(60, 50, 25)
		c := hills(w, h, f, at, 0, 3)
		drop(c, func(i int) bool { return glare(i) && r.Float64() < share })
		if got := find(t, blob(w, h, 60, 50, 35), c, Options{Threshold: 1.2, Sound: sounds}).Regions[0]; got.Extent != ByMap {
			t.Errorf("%v of the pixels lost: %d pixels by %s", share, got.Pixels, got.Extent)
		}
		hole := disc(60, 50, 9)
		drop(c, hole)
		got := find(t, blob(w, h, 60, 50, 35), c, Options{Threshold: 1.2, Sound: sounds}).Regions[0]
		if got.Extent != ByGeometry {
			t.Errorf("a hole where %v of the pixels are lost: by %s", share, got.Extent)
		}
		near(t, "pixels", float64(got.Pixels), math.Pi*81, 0.25*math.Pi*81)
	}

	slot := func(i int) bool { return i/w >= 48 && i/w < 53 }
	c := hills(w, h, f, at, 0, 3)
	drop(c, slot)
	drop(c, disc(60, 50, 12))
	for _, s := range sounds {
		drop(s.Cloud, slot)
	}
	found := find(t, blob(w, h, 60, 50, 35), c, Options{Threshold: 1.2, Sound: sounds})
	if len(found.Regions) != 1 || found.Regions[0].PixelBox.Height < 22 {
		t.Errorf("a slot: %d regions, %+v", len(found.Regions), found.Regions[0].PixelBox)
	}
}

// TestField holds that a capture's single gaps are filled and its edges stay.
func TestField(t *testing.T) {
	c, _ := sheet(5, 5, 500, 400, 0, PixelBox{}, 0)
	c.Valid = slices.Repeat([]bool{true}, 25)
	for _, i := range []int{12, 3, 4, 8, 9} {
		c.Valid[i] = false
	}
	for i, z := range fieldOf(c).z {
		if missing := i == 3 || i == 4 || i == 8 || i == 9; missing != math.IsNaN(z) || !missing && math.Abs(z-400) > 1e-3 {
			t.Errorf("pixel %d: %v", i, z)
		}
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

	// A stain that fades out over five pixels is as large as what can be seen of it, and a
	// patch of gloss beside it, most of which lies outside the outline, no part of it.
	fading := func(x, y int) float64 {
		out := max(40-x, x-59, 30-y, y-49, 0)
		return -30 * max(0, 1-float64(out)/6)
	}
	for name, off := range map[string]func(x, y int) float64{
		"fading": fading,
		"gloss at the edge": func(x, y int) float64 {
			if x >= 68 && x < 90 && y >= 36 && y < 60 {
				return 22
			}
			return fading(x, y)
		},
	} {
		r := find(t, blob(w, h, 50, 40, 24), c, Options{Threshold: 1.2, Sound: sounds, Colour: photo(1, 3, off)}).Regions[0]
		if r.Extent != ByColour || r.PixelBox.Width < 28 || r.PixelBox.Width > 32 || r.PixelBox.Height < 28 || r.PixelBox.Height > 32 {
			t.Errorf("%s: %+v", name, r)
		}
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

// TestBoxSums compares with the sums that a loop makes.
func TestBoxSums(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 1))
	for range 50 {
		w, h, reach := 1+r.IntN(9), 1+r.IntN(9), r.IntN(4)
		v := make([]int, w*h)
		for i := range v {
			v[i] = r.IntN(5)
		}
		for i, got := range boxSums(v, w, h, reach) {
			want := 0
			for j, x := range v {
				if max(j%w-i%w, i%w-j%w, j/w-i/w, i/w-j/w) <= reach {
					want += x
				}
			}
			if got != want {
				t.Fatalf("%d×%d, reach %d, pixel %d: %d, want %d", w, h, reach, i, got, want)
			}
		}
	}
}
