package pointcloud

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// tableWith is a scan of 120×100 pixels, 0.5 mm apart, of a table half a metre
// away with sigma metres of noise, a bow of bow metres, and what height, in
// metres, says stands on it.
func tableWith(sigma, bow float64, height func(x, y int) float64) *Cloud {
	r := rand.New(rand.NewPCG(4, 2))
	c := &Cloud{Width: 120, Height: 100}
	for y := range c.Height {
		for x := range c.Width {
			u, v := float64(x-60)/60, float64(y-50)/50
			z := 0.5 + bow*(u*u+v*v)/2 + sigma*r.NormFloat64() - height(x, y)
			c.XYZ = append(c.XYZ, float32(x)*0.0005, float32(y)*0.0005, float32(z))
		}
	}
	return c
}

// block is a part of 40×30 pixels in the middle.
func block(height float64) func(x, y int) float64 {
	return func(x, y int) float64 {
		if x >= 40 && x < 80 && y >= 35 && y < 65 {
			return height
		}
		return 0
	}
}

const blockPoints = 40 * 30

func foreground(t *testing.T, c *Cloud) *Foreground {
	t.Helper()
	f, err := FindForeground(t.Context(), c, ForegroundOptions{})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, p := range f.Part {
		if p {
			n++
		}
	}
	if n != f.Points {
		t.Errorf("%d points counted, %d marked", f.Points, n)
	}
	return f
}

func TestForegroundIsThePart(t *testing.T) {
	for name, c := range map[string]*Cloud{
		"2 mm part, quiet table":  tableWith(2e-5, 0, block(0.002)),
		"4 mm part, noisy table":  tableWith(1e-4, 0, block(0.004)),
		"12 mm part, bowed table": tableWith(5e-5, 0.003, block(0.012)),
		"25 mm part, 4 mm of bow": tableWith(5e-5, 0.004, block(0.025)),
		"hollow: below the table": tableWith(5e-5, 0, block(-0.01)),
	} {
		f := foreground(t, c)
		if !f.Found || f.Points != blockPoints || !f.Part[50*120+60] {
			t.Errorf("%s: found %v, %d points, want the %d of the part (removal %.2g)", name, f.Found, f.Points, blockPoints, f.Removal)
		}
	}
}

func TestForegroundDropsShreds(t *testing.T) {
	speck := func(x, y int) float64 { // table dust, 0.8 mm high, and a chip of 5 mm
		switch {
		case x >= 5 && x < 8 && y >= 20 && y < 23:
			return 0.0008
		case x >= 100 && x < 103 && y >= 70 && y < 73:
			return 0.005
		}
		return block(0.01)(x, y)
	}
	f := foreground(t, tableWith(2e-5, 0, speck))
	if f.Part[21*120+6] {
		t.Error("dust on the table belongs to the part")
	}
	if !f.Part[71*120+101] || f.Points != blockPoints+9 {
		t.Errorf("the chip is lost: %d points, want %d", f.Points, blockPoints+9)
	}
}

func TestForegroundWithoutPlane(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	rough := tableWith(0, 0, func(int, int) float64 { return 0.1 * r.Float64() })
	waves := tableWith(2e-5, 0, func(x, y int) float64 { return 0.05 * math.Sin(float64(x)/25) * math.Cos(float64(y)/25) })
	equal := &Cloud{Width: 20, Height: 20, XYZ: slices.Repeat([]float32{-1, -1, -1}, 400)}
	tiny := &Cloud{Width: 2, Height: 2, XYZ: make([]float32, 12)}
	for name, c := range map[string]*Cloud{"rough": rough, "waves": waves, "all equal": equal, "tiny": tiny} {
		if f := foreground(t, c); f.Found || f.Points != c.Len() {
			t.Errorf("%s: found %v, %d of %d points", name, f.Found, f.Points, c.Len())
		}
	}
	if f := foreground(t, tableWith(2e-5, 0, block(0))); !f.Found || f.Points != 0 {
		t.Errorf("an empty table: found %v, %d points", f.Found, f.Points)
	}
	// A part of which all points coincide has no pixel pitch.
	lump := tableWith(2e-5, 0, block(0))
	for i := range lump.Len() {
		if block(1)(i%120, i/120) > 0 {
			copy(lump.XYZ[3*i:], []float32{-1, -1, -1})
		}
	}
	if f := foreground(t, lump); f.Points != blockPoints {
		t.Errorf("a lump of equal points: %d points, want %d", f.Points, blockPoints)
	}
}

func TestForegroundIsReproducible(t *testing.T) {
	c := tableWith(1e-4, 0.001, block(0.006))
	before := c.Clone()
	want := foreground(t, c)
	if !slices.Equal(c.XYZ, before.XYZ) || c.Valid != nil {
		t.Error("the cloud was changed")
	}
	for _, workers := range []int{1, 5} {
		f, err := FindForeground(t.Context(), c, ForegroundOptions{Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(f.Part, want.Part) || f.Plane != want.Plane {
			t.Errorf("%d workers find another foreground", workers)
		}
	}
	mm := c.Clone()
	mm.Unit = Millimetre
	for i := range mm.XYZ {
		mm.XYZ[i] *= 1000
	}
	if f := foreground(t, mm); f.Points != want.Points || math.Abs(f.Removal/want.Removal/1000-1) > 1e-3 {
		t.Errorf("in millimetres: %d points, removal %v; in metres %d, %v", f.Points, f.Removal, want.Points, want.Removal)
	}
}

func TestForegroundErrors(t *testing.T) {
	if _, err := FindForeground(t.Context(), &Cloud{XYZ: make([]float32, 9)}, ForegroundOptions{}); !errors.Is(err, ErrShape) {
		t.Errorf("loose points: error %v, want %v", err, ErrShape)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := FindForeground(ctx, tableWith(1e-4, 0, block(0.01)), ForegroundOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}
