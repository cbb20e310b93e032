package view_test

import (
	"context"
	"image"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/view"
)

// surface makes a view of n×n pixels of a surface z(x, y) with its normals, seen by
// parallel rays, a millimetre per pixel; NaN is not measured.
func surface(n int, z func(x, y float64) (z, zx, zy float64)) *view.View {
	c := &pointcloud.Cloud{Width: n, Height: n, XYZ: make([]float32, 3*n*n), Valid: make([]bool, n*n), Normals: make([]float64, 3*n*n)}
	for i := range n * n {
		x, y := float64(i%n), float64(i/n)
		d, zx, zy := z(x, y)
		if math.IsNaN(d) {
			continue
		}
		l := math.Sqrt(zx*zx + zy*zy + 1)
		c.Valid[i] = true
		c.XYZ[3*i], c.XYZ[3*i+1], c.XYZ[3*i+2] = float32(x*1e-3), float32(y*1e-3), float32(0.5+d*1e-3)
		c.Normals[3*i], c.Normals[3*i+1], c.Normals[3*i+2] = zx/l, zy/l, -1/l
	}
	return &view.View{Cloud: c, Up: r3.Vector{Z: -1}}
}

func pictured(t *testing.T, v *view.View, workers int) *image.NRGBA {
	t.Helper()
	img, err := v.Surface(t.Context(), workers)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// The scales of bending: how many pixels lie between samples, and their channels.
var (
	steps    = []int{1, 4}
	channels = []int{0, 2}
)

// bending is a pixel's at both scales, before it saturates.
func bending(img *image.NRGBA, x, y int) [2]float64 {
	var out [2]float64
	for k, ch := range channels {
		s := (float64(img.Pix[img.PixOffset(x, y)+ch]) - float64(view.Neutral[ch])) / 104
		out[k] = s / (1 - math.Abs(s))
	}
	return out
}

// degrees is the slant of a pixel.
func degrees(img *image.NRGBA, x, y int) float64 {
	return float64(img.Pix[img.PixOffset(x, y)+1]) * 90 / 255
}

// ball is one of a radius in pixels, its middle in the window's, nearest to the sensor
// there.
func ball(n int, radius float64) *view.View {
	mid := float64(n-1) / 2
	return surface(n, func(x, y float64) (float64, float64, float64) {
		x, y = x-mid, y-mid
		up := math.Sqrt(radius*radius - x*x - y*y)
		if !(up > radius/3) {
			return math.NaN(), 0, 0
		}
		return -up, x / up, y / up
	})
}

// TestSurfaceOfBall compares with the integral over a ball of radius R: the points at
// distance d lie d²/(2R) behind the tangent plane, in the weighted mean r²/(8R). It slants
// by the angle whose sine is the distance from the middle by R.
func TestSurfaceOfBall(t *testing.T) {
	const n, radius = 121, 60
	img := pictured(t, ball(n, radius), 1)
	for _, at := range [][2]int{{60, 60}, {60, 75}, {40, 52}} {
		for k, got := range bending(img, at[0], at[1]) {
			reach := 5 * float64(steps[k])
			want := -10 * reach / (8 * radius)
			if math.Abs(got-want) > 0.03+0.08*math.Abs(want) {
				t.Errorf("scale %d at %v: %.3f, want %.3f", k, at, got, want)
			}
		}
		want := math.Asin(math.Hypot(float64(at[0]-60), float64(at[1]-60))/radius) * 180 / math.Pi
		if got := degrees(img, at[0], at[1]); math.Abs(got-want) > 0.18 {
			t.Errorf("slant at %v: %.2f°, want %.2f", at, got, want)
		}
	}
	if got := img.NRGBAAt(0, 0); got.R != view.Neutral[0] || got.G != view.Neutral[1] || got.B != view.Neutral[2] {
		t.Errorf("nothing is %v", got)
	}
}

// TestSurfaceOfPlanes holds that a slanted plane does not bend, nor does one that ends where
// another lies farther away than the surroundings reach, and that slant is that against Up,
// on whichever side.
func TestSurfaceOfPlanes(t *testing.T) {
	v := surface(64, func(x, y float64) (float64, float64, float64) {
		if x > 30 {
			return 100, 0, 0
		}
		return 0.7*x - 0.4*y, 0.7, -0.4
	})
	steep := math.Atan(math.Hypot(0.7, 0.4)) * 180 / math.Pi
	for _, c := range []struct {
		up          r3.Vector
		left, right float64 // slants
	}{
		{r3.Vector{Z: -1}, steep, 0},
		{r3.Vector{Z: 1}, steep, 0},
		{r3.Vector{X: 0.7, Y: -0.4, Z: -1}.Normalize(), 0, steep},
		{r3.Vector{X: 1}, math.Acos(0.7/math.Sqrt(1.65)) * 180 / math.Pi, 90},
	} {
		v.Up = c.up
		img := pictured(t, v, 0)
		for i := 0; i < len(img.Pix); i += 4 {
			x, y := i/4%64, i/4/64
			for _, k := range channels {
				if d := int(img.Pix[i+k]) - int(view.Neutral[k]); d < -1 || d > 1 {
					t.Fatalf("pixel (%d, %d) is %v", x, y, img.Pix[i:i+4])
				}
			}
			want := c.left
			if x > 30 {
				want = c.right
			}
			if got := degrees(img, x, y); math.Abs(got-want) > 0.18 {
				t.Fatalf("up %v: pixel (%d, %d) slants by %.2f°, want %.2f", c.up, x, y, got, want)
			}
		}
	}
}

// TestBendingSign holds that a dent is brighter than what is around it, a bump darker.
func TestBendingSign(t *testing.T) {
	for _, sign := range []float64{1, -1} {
		img := pictured(t, surface(61, func(x, y float64) (float64, float64, float64) {
			x, y = x-30, y-30
			d := sign * 2 * math.Exp(-(x*x+y*y)/50)
			return d, -x / 25 * d, -y / 25 * d
		}), 0)
		for k, v := range bending(img, 30, 30) {
			if v*sign < 0.2 {
				t.Errorf("scale %d of a surface %g mm deeper: %.2f", k, sign*2, v)
			}
		}
	}
}

// rough is a surface with noise and holes.
func rough(n int) *view.View {
	r := rand.New(rand.NewPCG(1, 2))
	return surface(n, func(x, y float64) (float64, float64, float64) {
		if r.IntN(6) == 0 {
			return math.NaN(), 0, 0
		}
		return 3*math.Sin(x/4) + 0.3*r.NormFloat64(), 0.75 * math.Cos(x/4), 0
	})
}

// TestSurfaceAsDefined compares with the definition, point by point over all others.
func TestSurfaceAsDefined(t *testing.T) {
	const n = 48
	v := rough(n)
	c := v.Cloud
	img := pictured(t, v, 0)
	for i := range n * n {
		for k, step := range steps {
			want := float64(view.Neutral[channels[k]])
			if c.IsValid(i) {
				reach := 5e-3 * float64(step)
				sum, weight := 0.0, 0.0
				for j := range n * n {
					dx, dy := j%n-i%n, j/n-i/n
					if !c.IsValid(j) || dx%step != 0 || dy%step != 0 || dx*dx+dy*dy >= 25*step*step {
						continue
					}
					d := c.At(j).Sub(c.At(i))
					if w := 1 - d.Norm2()/(reach*reach); w > 0 {
						weight += w * w
						sum += w * w * (d.X*c.Normals[3*i] + d.Y*c.Normals[3*i+1] + d.Z*c.Normals[3*i+2])
					}
				}
				x := 10 * sum / weight / reach
				want += 104 * x / (1 + math.Abs(x))
			}
			if got := float64(img.Pix[4*i+channels[k]]); math.Abs(got-want) > 0.51 {
				t.Fatalf("pixel %d, scale %d: %v, want %.2f", i, k, got, want)
			}
		}
	}
}

// TestSurfaceTurns holds that a turned view has the turned image, Up turned with the rest.
func TestSurfaceTurns(t *testing.T) {
	const n = 40
	v := rough(n)
	v.Up = r3.Vector{X: 0.3, Y: -0.2, Z: -1}.Normalize()
	q := v.Turned(view.Turns / 4)
	q.Cloud.Normals = make([]float64, 3*n*n)
	for y := range n {
		for x := range n {
			i, j := y*n+x, x*n+n-1-y
			m := v.Cloud.Normals[3*i:]
			q.Cloud.Normals[3*j], q.Cloud.Normals[3*j+1], q.Cloud.Normals[3*j+2] = -m[1], m[0], m[2]
		}
	}
	a, b := pictured(t, v, 0), pictured(t, q, 0)
	for y := range n {
		for x := range n {
			for k := range 3 {
				if d := int(a.Pix[a.PixOffset(x, y)+k]) - int(b.Pix[b.PixOffset(n-1-y, x)+k]); d < -1 || d > 1 {
					t.Fatalf("pixel (%d, %d): %v, turned %v", x, y, a.NRGBAAt(x, y), b.NRGBAAt(n-1-y, x))
				}
			}
		}
	}
}

func TestSurfaceAnyWorkers(t *testing.T) {
	v := rough(70)
	want := pictured(t, v, 1)
	for _, workers := range []int{2, 5} {
		if got := pictured(t, v, workers); string(got.Pix) != string(want.Pix) {
			t.Errorf("another image with %d workers", workers)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := v.Surface(ctx, 1); err == nil {
		t.Error("a cancelled context is no error")
	}
}

// TestSurfaceOfLittle holds that what has no width, or more than a float holds, is flat.
func TestSurfaceOfLittle(t *testing.T) {
	single := surface(9, func(x, y float64) (float64, float64, float64) {
		if x == 4 && y == 4 {
			return 0, 0, 0
		}
		return math.NaN(), 0, 0
	})
	huge := surface(9, func(x, y float64) (float64, float64, float64) { return 0, 0, 0 })
	for i := range huge.Cloud.Len() {
		huge.Cloud.XYZ[3*i] = float32(math.Copysign(3e38, float64(i%9-4)))
	}
	one := surface(1, func(x, y float64) (float64, float64, float64) { return 0, 0, 0 })
	for name, v := range map[string]*view.View{"a point": single, "huge": huge, "a pixel": one} {
		img := pictured(t, v, 0)
		for i := 0; i < len(img.Pix); i += 4 {
			if [4]byte(img.Pix[i:i+4]) != view.Neutral {
				t.Errorf("%s: pixel %d is %v", name, i/4, img.Pix[i:i+4])
			}
		}
	}
}

// BenchmarkSurface takes a window of which a ball is seen.
func BenchmarkSurface(b *testing.B) {
	v := ball(168, 85)
	for b.Loop() {
		if _, err := v.Surface(b.Context(), 1); err != nil {
			b.Fatal(err)
		}
	}
}
