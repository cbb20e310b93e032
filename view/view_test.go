package view_test

import (
	"errors"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/view"
)

// scene is a box of w×h pixels: a floor half a metre away with a little noise, a wall
// along the upper edge where asked for, and a round part of 30 pixels around (x, y).
func scene(seed uint64, w, h, x, y int, wall bool) *pointcloud.Cloud {
	r := rand.New(rand.NewPCG(seed, 1))
	c := &pointcloud.Cloud{Width: w, Height: h}
	for v := range h {
		for u := range w {
			z := 0.5 + 1e-5*r.NormFloat64()
			if wall && v < h/8 {
				z = 0.42
			}
			if d := math.Hypot(float64(u-x), float64(v-y)); d < 15 {
				z -= 0.01 + 0.0004*(15-d)
			}
			c.XYZ = append(c.XYZ, float32(0.0005*float64(u)), float32(0.0005*float64(v)), float32(z))
		}
	}
	return c
}

func learn(t *testing.T, wall bool) *view.Finder {
	t.Helper()
	var pilots []*pointcloud.Cloud
	for i := range 6 {
		pilots = append(pilots, scene(uint64(i), 200, 160, 80+5*i, 90+3*i, wall))
	}
	f, err := view.Learn(t.Context(), pilots, view.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if f.KeepPlane {
		t.Fatal("the floor stays")
	}
	return f
}

func TestPartIsFound(t *testing.T) {
	for _, wall := range []bool{false, true} {
		f := learn(t, wall)
		if (f.Surroundings != nil) != wall {
			t.Errorf("wall %v: surroundings of %d pixels", wall, len(f.Surroundings))
		}
		if f.Side < 29 || f.Side > 40 {
			t.Errorf("wall %v: a window of %d pixels for parts of 29", wall, f.Side)
		}
		v, err := f.Find(t.Context(), scene(99, 200, 160, 120, 70, wall), 2*f.Side)
		if err != nil {
			t.Fatal(err)
		}
		centre := image.Pt(v.X+v.Side/2, v.Y+v.Side/2)
		if d := centre.Sub(image.Pt(120, 70)); d.X*d.X+d.Y*d.Y > 4 {
			t.Errorf("wall %v: centre %v, want about (120, 70)", wall, centre)
		}
		area := float64(v.Cloud.CountValid()) / 4
		if want := math.Pi * 15 * 15; math.Abs(area/want-1) > 0.1 {
			t.Errorf("wall %v: the part has %.0f pixels, want %.0f", wall, area, want)
		}
	}
}

// TestFixedPartStays holds that a part that never moves is not taken for a wall, even
// when it touches the edge.
// TestUp holds that Up is the normal of a floor that the camera sees aslant, and the
// optical axis where no floor is taken away.
func TestUp(t *testing.T) {
	tilt := func(c *pointcloud.Cloud) *pointcloud.Cloud {
		for i := range c.Len() { // about the first column
			c.XYZ[3*i], c.XYZ[3*i+2] = 0.8*c.XYZ[3*i], c.XYZ[3*i+2]+0.6*c.XYZ[3*i]
		}
		return c
	}
	var pilots []*pointcloud.Cloud
	for i := range 3 {
		pilots = append(pilots, tilt(scene(uint64(i), 200, 160, 80+5*i, 90+3*i, false)))
	}
	for _, keep := range []bool{false, true} {
		f, err := view.Learn(t.Context(), pilots, view.Options{KeepPlane: keep})
		if err != nil {
			t.Fatal(err)
		}
		v, err := f.Find(t.Context(), tilt(scene(99, 200, 160, 120, 70, false)), f.Side)
		if err != nil {
			t.Fatal(err)
		}
		want := r3.Vector{Z: -1}
		if !keep {
			want = r3.Vector{X: 0.6, Z: -0.8}
		}
		if d := v.Up.Sub(want).Norm(); d > 2e-3 {
			t.Errorf("plane kept %v: up %v, want %v", keep, v.Up, want)
		}
		q := v.Turned(view.Turns / 4)
		if want := (r3.Vector{X: -v.Up.Y, Y: v.Up.X, Z: v.Up.Z}); q.Up.Sub(want).Norm() > 1e-9 {
			t.Errorf("a quarter turn takes %v to %v", v.Up, q.Up)
		}
	}
}

func TestFixedPartStays(t *testing.T) {
	var pilots []*pointcloud.Cloud
	for i := range 6 {
		pilots = append(pilots, scene(uint64(i), 200, 160, 8, 80, false))
	}
	f, err := view.Learn(t.Context(), pilots, view.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if f.Surroundings != nil {
		t.Fatal("the part was taken for its surroundings")
	}
	if _, err := f.Find(t.Context(), scene(50, 200, 160, 8, 80, false), 64); err != nil {
		t.Error(err)
	}
}

// TestWallThatMovedIsSeen holds that only what lies where the wall was is taken away.
func TestWallThatMovedIsSeen(t *testing.T) {
	f := learn(t, true)
	c := scene(7, 200, 160, 120, 90, true)
	for i := range 200 * 20 {
		if i%200 > 50 && i%200 < 90 {
			c.XYZ[3*i+2] -= 0.02 // something leans against it
		}
	}
	v, err := f.Find(t.Context(), c, 64)
	if err != nil {
		t.Fatal(err)
	}
	if v.Y > 5 || v.Side < 90 {
		t.Errorf("window at (%d, %d) of %d pixels does not show what leans against the wall", v.X, v.Y, v.Side)
	}
}

// TestWallsEdgeMoves holds that a strip of a wall that stands a little nearer than it was
// learnt is not taken for part, and that something that only touches the wall is.
func TestWallsEdgeMoves(t *testing.T) {
	f := learn(t, true)
	moved := func(strip int, thing image.Rectangle) *view.View {
		t.Helper()
		c := scene(7, 200, 160, 120, 90, true)
		for i := range c.Len() {
			if p := image.Pt(i%200, i/200); p.Y >= 20 && p.Y < 20+strip || p.In(thing) {
				c.XYZ[3*i+2] = 0.42
			}
		}
		v, err := f.Find(t.Context(), c, 64)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for strip := range 10 {
		if v := moved(strip, image.Rectangle{}); v.Side > 40 || v.Y < 60 {
			t.Errorf("a strip of %d rows: window at (%d, %d) of %d pixels", strip, v.X, v.Y, v.Side)
		}
	}
	if v := moved(0, image.Rect(20, 20, 26, 45)); v.X > 20 || v.Y > 22 {
		t.Errorf("window at (%d, %d) of %d pixels does not show what touches the wall", v.X, v.Y, v.Side)
	}
	if v := moved(20, image.Rectangle{}); v.Y > 20 || v.Side < 200 {
		t.Errorf("window at (%d, %d) of %d pixels does not show that the wall is another", v.X, v.Y, v.Side)
	}
}

// TestOtherResolution holds that the same scene at half the resolution gives the
// same window.
func TestOtherResolution(t *testing.T) {
	f := learn(t, false)
	c := scene(3, 200, 160, 120, 70, false)
	half := &pointcloud.Cloud{Width: 100, Height: 80}
	for y := range 80 {
		for x := range 100 {
			half.XYZ = append(half.XYZ, c.XYZ[3*(2*y*200+2*x):][:3]...)
		}
	}
	a, err := f.Find(t.Context(), c, 64)
	if err != nil {
		t.Fatal(err)
	}
	b, err := f.Find(t.Context(), half, 64)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(float64(a.Side-2*b.Side)) > 3 || math.Abs(float64(a.X-2*b.X)) > 4 || math.Abs(float64(a.Y-2*b.Y)) > 4 {
		t.Errorf("windows (%d, %d, %d) and (%d, %d, %d)", a.X, a.Y, a.Side, b.X, b.Y, b.Side)
	}
}

func TestNothingIsAnError(t *testing.T) {
	f := learn(t, false)
	if _, err := f.Find(t.Context(), scene(1, 200, 160, -100, -100, false), 64); !errors.Is(err, view.ErrEmpty) || !errors.Is(err, pointcloud.ErrNoPart) {
		t.Errorf("%v", err)
	}
	empty := scene(1, 200, 160, 80, 80, false)
	empty.Valid = make([]bool, empty.Len())
	if _, err := f.Find(t.Context(), empty, 64); !errors.Is(err, view.ErrEmpty) {
		t.Errorf("%v", err)
	}
}

// TestPasteUndoesCrop holds that what is cut out goes back to its place.
func TestPasteUndoesCrop(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 20, 10))
	for y := range 10 {
		for x := range 20 {
			img.SetNRGBA(x, y, color.NRGBA{uint8(10 * x), uint8(20 * y), 7, 255})
		}
	}
	v := &view.View{X: 12, Y: -3, Side: 9}
	crop := v.Crop(img)
	m := grid.New(9, 9, 1)
	for i := range m.Data {
		m.Data[i] = float32(crop.Pix[4*i])
	}
	back := v.Paste(m, 10, 20)
	for y := range 10 {
		for x := range 20 {
			want := float32(0)
			if x >= 12 && y < 6 {
				want = float32(10 * x)
			}
			if back.At(y, x, 0) != want {
				t.Fatalf("pixel (%d, %d) is %v, want %v", x, y, back.At(y, x, 0), want)
			}
		}
	}
}

// TestTurned holds that four quarter turns are none, that one turns points, pixels and
// colours alike, and that lengths stay.
func TestTurned(t *testing.T) {
	v := &view.View{X: 1, Y: 2, Side: 4, Cloud: &pointcloud.Cloud{Width: 2, Height: 2, Valid: []bool{true, true, false, true},
		XYZ: []float32{1, 2, 9, 3, 4, 9, 5, 6, 9, 7, 8, 9}}}
	q := v.Turned(3)
	// The upper left pixel comes to the upper right; right becomes down.
	if p := q.Cloud.At(1); p.X != -2 || p.Y != 1 || p.Z != 9 {
		t.Errorf("the first point went to %v", p)
	}
	if q.Cloud.IsValid(0) || !q.Cloud.IsValid(1) {
		t.Error("what is not measured did not turn with the rest")
	}
	img := image.NewNRGBA(image.Rect(0, 0, 8, 8))
	img.SetNRGBA(1, 2, color.NRGBA{200, 0, 0, 255})
	if got := q.Crop(img).NRGBAAt(3, 0).R; got != 200 {
		t.Errorf("the upper left colour did not come to the upper right: %d", got)
	}
	whole := q.Turned(6).Turned(3)
	for i := range 4 {
		if whole.Cloud.At(i) != v.Cloud.At(i) || whole.Cloud.IsValid(i) != v.Cloud.IsValid(i) {
			t.Errorf("point %d after four turns: %v", i, whole.Cloud.At(i))
		}
	}
	if got := whole.Crop(img).NRGBAAt(0, 0).R; got != 200 {
		t.Error("the colours after four turns")
	}
}

// TestTurnedBySteps holds that a turned view shows what a camera would of the turned
// part, but for half a pixel: points and colours of a smooth surface at every step.
func TestTurnedBySteps(t *testing.T) {
	const n, pitch = 40, 0.5
	height := func(x, y float64) float64 { return 300 + 0.3*x - 0.2*y + 0.02*x*y }
	c := &pointcloud.Cloud{Width: n, Height: n}
	img := image.NewNRGBA(image.Rect(0, 0, n+7, n+7)) // the window is at (3, 4) in it
	for y := range n {
		for x := range n {
			px, py := pitch*(float64(x)-(n-1)/2.), pitch*(float64(y)-(n-1)/2.)
			c.XYZ = append(c.XYZ, float32(px), float32(py), float32(height(px, py)))
			c.Valid = append(c.Valid, true)
			img.SetNRGBA(x+3, y+4, color.NRGBA{uint8(5 * x), uint8(5 * y), 7, 255})
		}
	}
	v := &view.View{X: 3, Y: 4, Side: n, Cloud: c}
	for step := -1; step <= 2*view.Turns; step++ {
		q := v.Turned(step)
		photo := q.Crop(img)
		sin, cos := math.Sincos(float64(step) * 2 * math.Pi / view.Turns)
		shown := 0
		for y := range n {
			for x := range n {
				px, py := pitch*(float64(x)-(n-1)/2.), pitch*(float64(y)-(n-1)/2.)
				bx, by := cos*px+sin*py, cos*py-sin*px // where it was
				if !q.Cloud.IsValid(y*n + x) {
					if math.Hypot(px, py) < pitch*(n/2-1) {
						t.Fatalf("step %d: pixel %d, %d is missing", step, x, y)
					}
					continue
				}
				shown++
				p := q.Cloud.At(y*n + x)
				if math.Hypot(p.X-px, p.Y-py) > 0.71*pitch || math.Abs(p.Z-height(cos*p.X+sin*p.Y, cos*p.Y-sin*p.X)) > 1e-4 {
					t.Fatalf("step %d: pixel %d, %d shows %v", step, x, y, p)
				}
				if math.Hypot(px, py) > pitch*(n/2-2) {
					continue
				}
				want := [2]float64{5 * (bx/pitch + (n-1)/2.), 5 * (by/pitch + (n-1)/2.)}
				got := photo.NRGBAAt(x, y)
				if math.Abs(float64(got.R)-want[0]) > 1 || math.Abs(float64(got.G)-want[1]) > 1 || got.B != 7 || got.A != 255 {
					t.Fatalf("step %d: pixel %d, %d is %v, want %v", step, x, y, got, want)
				}
			}
		}
		if step%3 == 0 && shown != n*n {
			t.Errorf("step %d: %d of %d points are left", step, shown, n*n)
		}
	}
}

func TestNormalsImage(t *testing.T) {
	v := &view.View{Cloud: &pointcloud.Cloud{Width: 2, Height: 1, XYZ: make([]float32, 6), Valid: []bool{true, false}, Normals: []float64{0, 0, -1, 1, 0, 0}}}
	img := v.Normals()
	if got, want := img.NRGBAAt(0, 0), (color.NRGBA{128, 128, 255, 255}); got != want {
		t.Errorf("a surface that faces the camera is %v, want %v", got, want)
	}
	if got := img.NRGBAAt(1, 0); got != (color.NRGBA{view.Neutral[0], view.Neutral[1], view.Neutral[2], 255}) {
		t.Errorf("nothing is %v", got)
	}
}

func TestRestoreRefuses(t *testing.T) {
	for _, f := range []*view.Finder{
		{}, {Width: 10, Height: 10, Side: 4}, {Width: 10, Height: 10, Side: 1000}, {Width: 1 << 20, Height: 10, Side: 20},
		{Width: 10, Height: 10, Side: 10, Surroundings: make([]float32, 7)},
		{Width: 2, Height: 1, Side: 8, Surroundings: []float32{float32(math.NaN()), 0}},
	} {
		if err := f.Restore(0, 0); !errors.Is(err, view.ErrFinder) {
			t.Errorf("%+v: %v", f, err)
		}
	}
}
