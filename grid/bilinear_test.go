package grid

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/internal/golden"
)

const (
	bilinearTolerance32 = 1e-5 // PyTorch's positions and weights are float32 there
	bilinearTolerance64 = 1e-12
)

// PyTorch 1.13.1 interpolate(mode="bilinear", align_corners=False).
func TestResizeBilinearOracle(t *testing.T) {
	for _, c := range oracle(t).Bilinear.Cases {
		t.Run(strings.TrimPrefix(c.In.File, "preproc/"), func(t *testing.T) {
			in, want := golden.NPY(t, c.In.File), golden.NPY(t, c.Out.File)
			h, w, oh, ow := in.Shape[0], in.Shape[1], want.Shape[0], want.Shape[1]
			var d, tolerance float64
			if in.DType == "float64" {
				got := make([]float64, oh*ow)
				resizeBilinear(got, 1, in.Float64s(), h, w, 1, oh, ow)
				d, tolerance = worst(t, got, want.Float64s()), bilinearTolerance64
			} else {
				m := &Map{H: h, W: w, C: 1, Data: in.Float32s()}
				d, tolerance = worst(t, ResizeBilinear(m, oh, ow).Data, want.Float32s()), bilinearTolerance32
			}
			t.Logf("largest difference %.3g", d)
			if d > tolerance {
				t.Errorf("off by %g, more than %g", d, tolerance)
			}
		})
	}
}

// tent returns the value at (y, x) of target pixel (i, j)'s weight written as a
// product of tents, the other form of linear interpolation: positions outside
// move to the edge.
func tent(i, in, out, y int) float64 {
	at := (float64(i)+0.5)*float64(in)/float64(out) - 0.5
	at = min(max(at, 0), float64(in-1))
	return max(0, 1-math.Abs(at-float64(y)))
}

func TestResizeBilinearAgainstTents(t *testing.T) {
	// A weight is off by the rounding of positions up to 64 in float64.
	const noWeight = 1e-12
	r := rand.New(rand.NewPCG(3, 1))
	for _, holes := range []bool{false, true} {
		for _, s := range [][5]int{{1, 1, 1, 3, 2}, {7, 5, 2, 20, 21}, {40, 33, 3, 9, 14}, {6, 6, 1, 6, 6}, {1, 9, 2, 4, 3}, {64, 3, 1, 7, 50}} {
			h, w, c, oh, ow := s[0], s[1], s[2], s[3], s[4]
			m := noise(r, h, w, c, holes)
			got := ResizeBilinear(m, oh, ow)
			if (got.Valid != nil) != holes {
				t.Errorf("%v: flags of the result do not follow those of the map", s)
			}
			for i := range oh {
				for j := range ow {
					sum, total := make([]float64, c), 0.0
					for y := range h {
						for x := range w {
							k := tent(i, h, oh, y) * tent(j, w, ow, x)
							if k < noWeight || !m.IsValid(y, x) {
								continue
							}
							total += k
							for ch, v := range m.Pixel(y, x) {
								sum[ch] += k * float64(v)
							}
						}
					}
					if got.IsValid(i, j) != (total > 0) {
						t.Fatalf("%v: pixel (%d, %d) has valid neighbours of weight %g, valid is %t", s, i, j, total, got.IsValid(i, j))
					}
					for ch, v := range got.Pixel(i, j) {
						want := 0.0
						if total > 0 {
							want = sum[ch] / total
						}
						if !(math.Abs(float64(v)-want) <= rounding) {
							t.Fatalf("%v: pixel (%d, %d) channel %d is %g, want %g", s, i, j, ch, v, want)
						}
					}
				}
			}
		}
	}
}

func TestResizeBilinearSameSizeIsACopy(t *testing.T) {
	m := noise(rand.New(rand.NewPCG(3, 2)), 13, 8, 2, false)
	got := ResizeBilinear(m, 13, 8)
	if !slices.Equal(got.Data, m.Data) || &got.Data[0] == &m.Data[0] {
		t.Error("not a copy")
	}
}

// TestResizeBilinearInto puts two maps side by side, beside channels that stay.
func TestResizeBilinearInto(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	a, b := noise(r, 6, 9, 3, false), noise(r, 12, 7, 2, false)
	dst := noise(r, 12, 7, 7, false)
	want := &Map{H: dst.H, W: dst.W, C: dst.C, Data: slices.Clone(dst.Data)}
	for k, m := range map[int]*Map{1: a, 5: b} {
		m := ResizeBilinear(m, dst.H, dst.W)
		for y := range m.H {
			for x := range m.W {
				copy(want.Pixel(y, x)[k:], m.Pixel(y, x))
			}
		}
	}
	ResizeBilinearInto(dst, 1, a)
	ResizeBilinearInto(dst, 5, b)
	if !slices.Equal(dst.Data, want.Data) {
		t.Error("other values than ResizeBilinear's, or in other places")
	}
	for name, f := range map[string]func(){
		"too many channels": func() { ResizeBilinearInto(dst, 6, b) },
		"before the first":  func() { ResizeBilinearInto(dst, -1, b) },
		"flags":             func() { ResizeBilinearInto(dst, 0, noise(r, 3, 3, 1, true)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: accepted", name)
				}
			}()
			f()
		}()
	}
}

func BenchmarkResizeBilinear28To224(b *testing.B) {
	m := noise(rand.New(rand.NewPCG(3, 3)), 28, 28, 1, false)
	for b.Loop() {
		ResizeBilinear(m, 224, 224)
	}
}

func ExampleResizeBilinear() {
	m := New(1, 2, 1)
	m.Set(0, 1, 0, 8)
	fmt.Println(ResizeBilinear(m, 1, 4).Data)

	// A missing pixel has no weight.
	m.Valid = []bool{false, true}
	r := ResizeBilinear(m, 1, 4)
	fmt.Println(r.Data, r.Valid)
	// Output:
	// [0 2 6 8]
	// [0 8 8 8] [false true true true]
}
