package rgbd

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"image"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/internal/simd"
)

// scenery is an image of soft and sharp shapes in colour, with bytes in [40, 215].
func scenery(h, w int, seed uint64) []uint8 {
	r := rand.New(rand.NewPCG(seed, 2))
	pix := make([]uint8, 3*h*w)
	for i := range pix {
		y, x, c := float64(i/3/w), float64(i/3%w), float64(i%3)
		v := 127 + 40*math.Sin(y/9+c)*math.Cos(x/(5+c)) + 10*r.Float64()
		if (i/3/w/11+i/3%w/7)%3 == 0 {
			v -= 35
		}
		pix[i] = uint8(v)
	}
	return pix
}

// moved returns the h×w image whose pixel (y, x) is that of pix at from(y, x).
func moved(pix []uint8, h, w, width int, from func(y, x int) (int, int)) []uint8 {
	out := make([]uint8, 0, 3*h*w)
	for i := range h * w {
		y, x := from(i/w, i%w)
		out = append(out, pix[3*(y*width+x):3*(y*width+x)+3]...)
	}
	return out
}

func TestFilterBankOfOneColour(t *testing.T) {
	const r, g, b = 200, 100, 50
	pix := make([]uint8, 0, 3*20*30)
	for range 20 * 30 {
		pix = append(pix, r, g, b)
	}
	m := filterBank(pix, 20, 30, 0)
	want := make([]float32, bankScaleDim)
	want[0], want[1], want[2] = float32((r+g+b)/765.0), float32((r-g)/510.0), float32((r+g-2*b)/1020.0)
	for i := 0; i < len(m.Data); i += bankScaleDim {
		if !slices.Equal(m.Data[i:i+bankScaleDim], want) {
			t.Fatalf("pixel %d, scale %d: %v, want %v", i/FilterBankDim, i%FilterBankDim/bankScaleDim, m.Data[i:i+bankScaleDim], want)
		}
	}
}

// turned says where channels go when the image is turned a quarter clockwise or
// mirrored left to right: the channel that channel k becomes, of a scale.
func turned(k int, mirror bool) int {
	direction, bar := k-6, k-14
	switch {
	case k < 6 || k >= 18:
		return k
	case k < 14 && mirror:
		return 6 + (12-direction)%8
	case k < 14:
		return 6 + (direction+2)%8
	case mirror:
		return 14 + (4-bar)%4
	}
	return 14 + (bar+2)%4
}

func TestFilterBankTurnsWithTheImage(t *testing.T) {
	const h, w = 37, 52
	pix := scenery(h, w, 1)
	m := filterBank(pix, h, w, 0)
	quarter := filterBank(moved(pix, w, h, w, func(y, x int) (int, int) { return h - 1 - x, y }), w, h, 0)
	mirror := filterBank(moved(pix, h, w, w, func(y, x int) (int, int) { return y, w - 1 - x }), h, w, 0)
	for y := range h {
		for x := range w {
			for k, v := range m.Pixel(y, x) {
				s := k / bankScaleDim * bankScaleDim
				if got := quarter.At(x, h-1-y, s+turned(k-s, false)); got != v {
					t.Fatalf("pixel %d, %d channel %d: %v, turned %v", y, x, k, v, got)
				}
				if got := mirror.At(y, w-1-x, s+turned(k-s, true)); got != v {
					t.Fatalf("pixel %d, %d channel %d: %v, mirrored %v", y, x, k, v, got)
				}
			}
		}
	}
}

// Two parts of one image have the same descriptors where they overlap, out of
// reach of their borders.
func TestFilterBankMovesWithTheImage(t *testing.T) {
	const h, w, dy, dx = 130, 140, 7, 13
	const reach = 3*8 + 2*8 + 4*3 + 1 // more than any chain of windows reaches
	pix := scenery(h+dy, w+dx, 3)
	at := func(oy, ox int) *grid.Map {
		return filterBank(moved(pix, h, w, w+dx, func(y, x int) (int, int) { return y + oy, x + ox }), h, w, 0)
	}
	a, b := at(0, 0), at(dy, dx)
	for y := reach; y < h-reach-dy; y++ {
		for x := reach; x < w-reach-dx; x++ {
			if !slices.Equal(b.Pixel(y, x), a.Pixel(y+dy, x+dx)) {
				t.Fatalf("pixel %d, %d differs after the move", y, x)
			}
		}
	}
}

func TestFilterBankInBrighterLight(t *testing.T) {
	const h, w = 40, 60
	pix := scenery(h, w, 4)
	bright := slices.Clone(pix)
	for i := range bright {
		bright[i] += 30
	}
	a, b := filterBank(pix, h, w, 0), filterBank(bright, h, w, 0)
	for i, v := range a.Data {
		switch k := i % bankScaleDim; {
		case k == 0:
			if d := float64(b.Data[i]-v) - 30.0/255; math.Abs(d) > 1e-6 {
				t.Fatalf("brightness %v becomes %v", v, b.Data[i])
			}
		case k >= 3 && k < 6: // variances are differences of large numbers
			if math.Abs(float64(b.Data[i]-v)) > 1e-5 {
				t.Fatalf("deviation %v becomes %v", v, b.Data[i])
			}
		case b.Data[i] != v:
			t.Fatalf("channel %d is %v, brighter %v", i%FilterBankDim, v, b.Data[i])
		}
	}
}

// The strongest patterns have strength 1, before it is averaged, in the channels
// meant for them; no image has more than a little above.
func TestFilterBankStrength(t *testing.T) {
	const side = 61
	for _, width := range []int{3, 5, 9} {
		edge, bar := strongest(width)
		most := func(along func(i int) bool, k int) float64 {
			pix := make([]float64, side*side)
			for i := range pix {
				if along(i % side) {
					pix[i] = 3 * 255
				}
			}
			b := newBank(side, side, 1)
			boxes(b.inner[0], pix, side, side, width, 3, &b.scratch[0])
			b.gradients()
			return slices.Max(b.energy[k*side*side:][:side*side]) / (3 * 255)
		}
		if v := most(func(i int) bool { return i > 30 }, 0) / edge; math.Abs(v-1) > 1e-12 {
			t.Errorf("width %d: strength of an edge %v", width, v)
		}
		best := 0.0
		for n := range 20 {
			best = max(best, most(func(i int) bool { return i > 30 && i <= 30+n }, 8)/(4*bar))
		}
		if math.Abs(best-1) > 1e-12 {
			t.Errorf("width %d: strength of the best bar %v", width, best)
		}
	}
	r := rand.New(rand.NewPCG(1, 5))
	for name, f := range map[string]func(y, x int) bool{
		"noise":        func(_, _ int) bool { return r.IntN(2) == 0 },
		"checkerboard": func(y, x int) bool { return (y+x)%2 == 0 },
		"stripes":      func(y, x int) bool { return (y+x)/4%2 == 0 },
		"squares":      func(y, x int) bool { return (y/6+x/6)%2 == 0 },
		"edge":         func(y, x int) bool { return y > x },
	} {
		pix := make([]uint8, 0, 3*side*side)
		for i := range side * side {
			v := uint8(0)
			if f(i/side, i%side) {
				v = 255
			}
			pix = append(pix, v, v, 255-v)
		}
		for i, v := range filterBank(pix, side, side, 0).Data {
			low, high := float32(0), float32(1.01)
			if k := i % bankScaleDim; k == 1 || k == 2 {
				low, high = -0.5, 0.5
			}
			if !(v >= low && v <= high) {
				t.Fatalf("%s: channel %d is %v", name, i%FilterBankDim, v)
			}
		}
	}
}

// An image twice as large answers one scale up.
func TestFilterBankScales(t *testing.T) {
	const h, w = 80, 90
	pix := scenery(h, w, 6)
	small := filterBank(pix, h, w, 0)
	large := filterBank(moved(pix, 2*h, 2*w, w, func(y, x int) (int, int) { return y / 2, x / 2 }), 2*h, 2*w, 0)
	for s := range bankScales - 1 {
		same, other := 0.0, 0.0
		for y := 20; y < h-20; y++ {
			for x := 20; x < w-20; x++ {
				for k := range bankScaleDim {
					v := float64(small.At(y, x, s*bankScaleDim+k))
					same += math.Abs(float64(large.At(2*y, 2*x, s*bankScaleDim+k)) - v)
					other += math.Abs(float64(large.At(2*y, 2*x, (s+1)*bankScaleDim+k)) - v)
				}
			}
		}
		n := float64((h - 40) * (w - 40) * bankScaleDim)
		t.Logf("scale %d: %.4f at the same scale, %.4f at the next", s, same/n, other/n)
		if other > 0.5*same {
			t.Errorf("scale %d: mean difference %v at the next scale, %v at the same", s, other/n, same/n)
		}
	}
}

// plainBank computes the channels of a scale by their description.
func plainBank(pix []uint8, h, w, width int) [][]float64 {
	at := func(p []float64, y, x int) float64 { return p[min(max(y, 0), h-1)*w+min(max(x, 0), w-1)] }
	smooth := func(p []float64, width, times int) []float64 {
		for range times {
			for _, d := range [][2]int{{0, 1}, {1, 0}} {
				q := make([]float64, h*w)
				for i := range q {
					for j := -width / 2; j <= width/2; j++ {
						q[i] += at(p, i/w+d[0]*j, i%w+d[1]*j) / float64(width)
					}
				}
				p = q
			}
		}
		return p
	}
	each := func(f func(i int) float64) []float64 {
		p := make([]float64, h*w)
		for i := range p {
			p[i] = f(i)
		}
		return p
	}
	saturated := func(p []float64) []float64 { return each(func(i int) float64 { return 1.1 * p[i] / (p[i] + 0.1) }) }
	var colour [3][]float64
	colour[0] = each(func(i int) float64 { return (float64(pix[3*i]) + float64(pix[3*i+1]) + float64(pix[3*i+2])) / 765 })
	colour[1] = each(func(i int) float64 { return (float64(pix[3*i]) - float64(pix[3*i+1])) / 510 })
	colour[2] = each(func(i int) float64 {
		return (float64(pix[3*i]) + float64(pix[3*i+1]) - 2*float64(pix[3*i+2])) / 1020
	})
	wide := 2*width - 1
	edge, bar := strongest(width)
	edge, bar = edge/math.Pow(float64(width), 6), bar/math.Pow(float64(width), 6) // of sums to means
	var out, deviations [][]float64
	for _, c := range colour {
		mean := smooth(c, wide, 3)
		square := smooth(each(func(i int) float64 { return c[i] * c[i] }), wide, 3)
		out = append(out, mean)
		deviations = append(deviations, saturated(each(func(i int) float64 { return 2 * math.Sqrt(max(square[i]-mean[i]*mean[i], 0)) })))
	}
	out = append(out, deviations...)
	along := func(p []float64, i, k int) float64 {
		gx, gy := at(p, i/w, i%w+1)-at(p, i/w, i%w-1), at(p, i/w+1, i%w)-at(p, i/w-1, i%w)
		return (gx*math.Cos(float64(k)*math.Pi/4) + gy*math.Sin(float64(k)*math.Pi/4)) / edge
	}
	light := smooth(colour[0], width, 3)
	for k := range 8 {
		out = append(out, saturated(smooth(each(func(i int) float64 { return max(along(light, i, k), 0) }), wide, 2)))
	}
	for k := range 4 {
		c, s := math.Cos(float64(k)*math.Pi/4), math.Sin(float64(k)*math.Pi/4)
		out = append(out, saturated(smooth(each(func(i int) float64 {
			y, x := i/w, i%w
			xx := at(light, y, x+1) - 2*at(light, y, x) + at(light, y, x-1)
			yy := at(light, y+1, x) - 2*at(light, y, x) + at(light, y-1, x)
			xy := (at(light, y+1, x+1) + at(light, y-1, x-1) - at(light, y+1, x-1) - at(light, y-1, x+1)) / 4
			return math.Abs(c*c*xx+2*c*s*xy+s*s*yy) / bar
		}), wide, 2)))
	}
	for _, c := range colour[1:] {
		p := smooth(c, width, 3)
		out = append(out, saturated(smooth(each(func(i int) float64 {
			sum := 0.0
			for k := range 4 {
				sum += math.Abs(along(p, i, k)) * math.Sin(math.Pi/8)
			}
			return sum
		}), wide, 2)))
	}
	return out
}

func TestFilterBankAgainstItsDescription(t *testing.T) {
	const tolerance = 2e-5 // the square root of a variance that is all rounding
	for _, size := range [][2]int{{1, 1}, {2, 7}, {31, 24}} {
		h, w := size[0], size[1]
		pix := scenery(h, w, 8)
		m := filterBank(pix, h, w, 2)
		for s, width := range []int{3, 5, 9} {
			for k, p := range plainBank(pix, h, w, width) {
				for i, want := range p {
					if got := float64(m.Data[i*FilterBankDim+s*bankScaleDim+k]); math.Abs(got-want) > tolerance {
						t.Fatalf("%d×%d, scale %d, channel %d, pixel %d: %v, want %v", w, h, s, k, i, got, want)
					}
				}
			}
		}
	}
}

// The bits are the same whatever the number of workers and the machine.
func TestFilterBankIsFixed(t *testing.T) {
	const h, w = 50, 70
	pix := make([]uint8, 3*h*w)
	for i := range pix {
		pix[i] = uint8(i * i >> 3)
	}
	one := filterBank(pix, h, w, 1)
	if !slices.Equal(one.Data, filterBank(pix, h, w, 5).Data) {
		t.Error("the bank differs with the number of workers")
	}
	d := fnv.New64a()
	for _, v := range one.Data {
		d.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
	}
	const want = 0x381a13e3e71924b0
	if got := d.Sum64(); got != want {
		t.Errorf("digest %#x, want %#x", got, uint64(want))
	}
}

// FilterBankCells averages what FilterBank gives, at all levels of kernels and numbers of
// workers, also where cells overlap.
func TestFilterBankCells(t *testing.T) {
	for _, size := range [][3]int{{168, 168, 56}, {61, 50, 20}, {12, 17, 7}, {9, 9, 1}} {
		h, w, cells := size[0], size[1], size[2]
		img := image.NewNRGBA(image.Rect(0, 0, w, h))
		for i, v := range scenery(h, w, 3) {
			img.Pix[i/3*4+i%3] = v
		}
		defer simd.Use(simd.Generic)()
		want := grid.AdaptiveAvgPool(FilterBank(img, h, w), cells, cells)
		for _, l := range simd.Levels() {
			restore := simd.Use(l)
			for _, workers := range []int{1, 3} {
				if got := FilterBankCells(img, h, w, cells, workers); !slices.Equal(got.Data, want.Data) {
					t.Errorf("%d×%d pixels in %d cells, %v, %d workers: other values", h, w, cells, l, workers)
				}
			}
			restore()
		}
	}
}

func BenchmarkFilterBank(b *testing.B) {
	pix := scenery(224, 224, 1)
	for b.Loop() {
		filterBank(pix, 224, 224, 1)
	}
}

// BenchmarkFilterBankCells is what a detector asks for.
func BenchmarkFilterBankCells(b *testing.B) {
	img := image.NewNRGBA(image.Rect(0, 0, 168, 168))
	for i, v := range scenery(168, 168, 1) {
		img.Pix[i/3*4+i%3] = v
	}
	for b.Loop() {
		FilterBankCells(img, 168, 168, 56, 1)
	}
}

func ExampleFilterBank() {
	img := image.NewNRGBA(image.Rect(0, 0, 40, 40)) // black above, white below
	for i := range img.Pix {
		if i%4 == 3 || i >= len(img.Pix)/2 {
			img.Pix[i] = 255
		}
	}
	at := FilterBank(img, 40, 40).Pixel(19, 20)
	fmt.Printf("brightness %.1f, contrast %.1f\n", at[40], at[43])
	fmt.Printf("edges to the right %.1f, down %.1f, left %.1f, up %.1f\n", at[46], at[48], at[50], at[52])
	// Output:
	// brightness 0.5, contrast 1.0
	// edges to the right 0.0, down 0.9, left 0.0, up 0.0
}
