package grid

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// The definition: every pixel of the plane, edges repeated, weighted with the
// two-dimensional Gaussian cut off in a square.
func TestGaussianBlurAgainstDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 1))
	for _, holes := range []bool{false, true} {
		for _, s := range []struct {
			h, w, c int
			sigma   float64
		}{{1, 1, 1, 2}, {20, 13, 2, 1.3}, {7, 30, 1, 4}, {33, 5, 3, 0.4}, {12, 12, 1, 0.1}} {
			m := noise(r, s.h, s.w, s.c, holes)
			got := GaussianBlur(m, s.sigma)
			if !slices.Equal(got.Valid, m.Valid) {
				t.Errorf("%v: flags changed", s)
			}
			radius := int(math.Floor(4*s.sigma + 0.5))
			for y := range s.h {
				for x := range s.w {
					sum, total := make([]float64, s.c), 0.0
					for dy := -radius; dy <= radius; dy++ {
						for dx := -radius; dx <= radius; dx++ {
							py, px := min(max(y+dy, 0), s.h-1), min(max(x+dx, 0), s.w-1)
							if !m.IsValid(py, px) || !m.IsValid(y, x) {
								continue
							}
							k := math.Exp(-float64(dy*dy+dx*dx) / (2 * s.sigma * s.sigma))
							total += k
							for c, v := range m.Pixel(py, px) {
								sum[c] += k * float64(v)
							}
						}
					}
					for c, v := range got.Pixel(y, x) {
						want := 0.0
						if total > 0 {
							want = sum[c] / total
						}
						if !(math.Abs(float64(v)-want) <= rounding) {
							t.Fatalf("%v holes %t: pixel (%d, %d) channel %d is %g, want %g", s, holes, y, x, c, v, want)
						}
					}
				}
			}
		}
	}
}

func TestGaussianBlurInvariants(t *testing.T) {
	m := noise(rand.New(rand.NewPCG(5, 2)), 31, 22, 1, false)
	if got := GaussianBlur(m, 0); !slices.Equal(got.Data, m.Data) || &got.Data[0] == &m.Data[0] {
		t.Error("sigma 0 is not a copy")
	}
	// A mirrored map gives the mirrored result, to the bit.
	want := GaussianBlur(m, 2.5)
	slices.Reverse(m.Data)
	got := GaussianBlur(m, 2.5)
	slices.Reverse(got.Data)
	if !slices.Equal(got.Data, want.Data) {
		t.Error("result depends on the direction")
	}
	flat := New(9, 14, 2)
	for i := range flat.Data {
		flat.Data[i] = 3.7
	}
	if got := GaussianBlur(flat, 3); !slices.Equal(got.Data, flat.Data) {
		t.Error("a constant map changes")
	}
	flat.Valid = make([]bool, 9*14)
	flat.Valid[40] = true
	if got := GaussianBlur(flat, 3); got.Data[80] != 3.7 || got.Data[81] != 3.7 || got.Data[82] != 0 {
		t.Error("a single valid pixel changes, or spreads")
	}
	for _, sigma := range []float64{-1, math.NaN(), math.Inf(1)} {
		mustPanic(t, "sigma", func() { GaussianBlur(flat, sigma) })
	}
}

func BenchmarkGaussianBlur400(b *testing.B) {
	m := noise(rand.New(rand.NewPCG(5, 3)), 400, 400, 1, false)
	for b.Loop() {
		GaussianBlur(m, 4)
	}
}
