package grid

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/iad3d/iad3d/internal/golden"
)

const (
	// PyTorch sums these float32 values of about 50 in float32, in an order of
	// its own: 1e-5 of the scale.
	poolTolerance32 = 50e-5
	// Two float64 sums of up to 81 values of about 50 in different order.
	poolTolerance64 = 1e-12
)

// PyTorch 1.13.1 (AvgPool2d(3, stride=1), then AdaptiveAvgPool2d(28)).
func TestPoolOracle(t *testing.T) {
	for _, c := range oracle(t).Pool.Cases {
		t.Run(c.Name, func(t *testing.T) {
			in := golden.NPY(t, c.Input.File)
			if in.DType == "float64" {
				comparePools(t, in.Float64s(), in.Shape, c.Avg, c.Adaptive, golden.Array.Float64s, poolTolerance64)
			} else {
				comparePools(t, in.Float32s(), in.Shape, c.Avg, c.Adaptive, golden.Array.Float32s, poolTolerance32)
			}
		})
	}
}

func comparePools[T float](t *testing.T, in []T, shape []int, avg *golden.Ref, adaptive golden.Ref, values func(golden.Array) []T, tolerance float64) {
	c, h, w := shape[0], shape[1], shape[2]
	mean := avgPool(channelsLast(in, c, h, w), h, w, c, 3)
	h, w = h-2, w-2
	if avg != nil {
		d := worst(t, mean, channelsLast(values(golden.NPY(t, avg.File)), c, h, w))
		t.Logf("3×3 means: largest difference %.3g", d)
		if d > tolerance {
			t.Errorf("3×3 means are off by %g, more than %g", d, tolerance)
		}
	}
	cells, _ := adaptiveAvgPool(mean, nil, h, w, c, 28, 28)
	d := worst(t, cells, channelsLast(values(golden.NPY(t, adaptive.File)), c, 28, 28))
	t.Logf("28×28 cells: largest difference %.3g", d)
	if d > tolerance {
		t.Errorf("28×28 cells are off by %g, more than %g", d, tolerance)
	}
}

// Edges of the cells, from PyTorch's rule as the oracle's generator wrote it
// out.
func TestCellOracle(t *testing.T) {
	for _, c := range oracle(t).Pool.Cases {
		for axis, want := range [][][2]int{c.Rows, c.Columns} {
			in := c.Input.Shape[1+axis] - 2
			var got [][2]int
			for i := range want {
				lo, hi := cell(i, in, len(want))
				got = append(got, [2]int{lo, hi})
			}
			if len(want) != 28 || !slices.Equal(got, want) {
				t.Errorf("%s axis %d: %v, want %v", c.Name, axis, got, want)
			}
		}
	}
}

// Patch row·28 + column holds the features of cell (row, column): the order in
// which BTF's rows of descriptors stand, here that of Data. The oracle counts
// the values of a 3×28×28 array.
func TestPatchOrderOracle(t *testing.T) {
	m := New(28, 28, 3)
	for c := range 3 {
		for y := range 28 {
			for x := range 28 {
				m.Set(y, x, c, float32((c*28+y)*28+x))
			}
		}
	}
	check := oracle(t).PatchOrder.Check
	for i, patch := range []int{0, 1, 28, 783} {
		if got := m.Data[patch*3:][:3]; !slices.Equal(got, check[i]) {
			t.Errorf("patch %d is %v, want %v", patch, got, check[i])
		}
	}
}

func TestAvgPoolAgainstDirectMeans(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, s := range [][4]int{{1, 1, 1, 1}, {3, 3, 2, 3}, {40, 17, 3, 3}, {9, 70, 1, 5}, {70, 9, 5, 1}, {33, 31, 2, 31}} {
		h, w, c, k := s[0], s[1], s[2], s[3]
		m := noise(r, h, w, c, false)
		got := AvgPool(m, k)
		want := New(h-k+1, w-k+1, c)
		for y := range want.H {
			for x := range want.W {
				for ch := range c {
					sum := 0.0
					for dy := range k {
						for dx := range k {
							sum += float64(m.At(y+dy, x+dx, ch))
						}
					}
					want.Set(y, x, ch, float32(sum/float64(k*k)))
				}
			}
		}
		if got.H != want.H || got.W != want.W || got.C != c || got.Valid != nil {
			t.Fatalf("%v: got a %d×%d×%d map", s, got.H, got.W, got.C)
		}
		if d := worst(t, got.Data, want.Data); d > rounding {
			t.Errorf("%v: off by %g", s, d)
		}
	}
}

func TestAdaptiveAvgPoolAgainstDirectMeans(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, holes := range []bool{false, true} {
		for _, s := range [][5]int{{1, 1, 1, 1, 1}, {40, 17, 3, 7, 5}, {5, 6, 2, 11, 13}, {37, 1, 4, 1, 3}, {12, 12, 1, 12, 12}, {1, 1, 2, 4, 4}} {
			h, w, c, oh, ow := s[0], s[1], s[2], s[3], s[4]
			m := noise(r, h, w, c, holes)
			got := AdaptiveAvgPoolValid(m, oh, ow)
			if (got.Valid != nil) != holes {
				t.Errorf("%v: flags of the result do not follow those of the map", s)
			}
			for i := range oh {
				for j := range ow {
					sum, n := make([]float64, c), 0
					for y := range h {
						for x := range w {
							// Row y belongs to cell i when it lies below (i+1)·h/oh and
							// its end above i·h/oh.
							inside := y*oh < (i+1)*h && (y+1)*oh > i*h && x*ow < (j+1)*w && (x+1)*ow > j*w
							if !inside || !m.IsValid(y, x) {
								continue
							}
							n++
							for ch, v := range m.Pixel(y, x) {
								sum[ch] += float64(v)
							}
						}
					}
					if got.IsValid(i, j) != (n > 0) {
						t.Fatalf("%v: cell (%d, %d) of %d valid pixels: valid is %t", s, i, j, n, got.IsValid(i, j))
					}
					for ch, v := range got.Pixel(i, j) {
						want := sum[ch] / float64(max(n, 1))
						if !(math.Abs(float64(v)-want) <= rounding) {
							t.Fatalf("%v: cell (%d, %d) channel %d is %g, want %g", s, i, j, ch, v, want)
						}
					}
				}
			}
		}
	}
}

// With every flag set the two pools are the same to the bit, and without a flag
// set nothing is left.
func TestAdaptiveAvgPoolValidLimits(t *testing.T) {
	m := noise(rand.New(rand.NewPCG(1, 3)), 50, 44, 3, false)
	plain := AdaptiveAvgPool(m, 7, 9)
	m.Valid = slices.Repeat([]bool{true}, 50*44)
	if got := AdaptiveAvgPoolValid(m, 7, 9); !slices.Equal(got.Data, plain.Data) || slices.Contains(got.Valid, false) {
		t.Error("all pixels valid: not the plain means")
	}
	if got := AdaptiveAvgPool(m, 7, 9); got.Valid != nil {
		t.Error("AdaptiveAvgPool has flags")
	}
	clear(m.Valid)
	got := AdaptiveAvgPoolValid(m, 7, 9)
	if slices.Contains(got.Valid, true) || slices.ContainsFunc(got.Data, func(v float32) bool { return v != 0 }) {
		t.Error("no pixel valid: some cell carries a value")
	}
}

func TestPoolPanics(t *testing.T) {
	for name, f := range map[string]func(){
		"window too large": func() { AvgPool(New(4, 9, 1), 5) },
		"window of 0":      func() { AvgPool(New(4, 9, 1), 0) },
		"no cells":         func() { AdaptiveAvgPool(New(4, 9, 1), 0, 3) },
		"empty map":        func() { AdaptiveAvgPool(New(0, 9, 1), 3, 3) },
		"short data":       func() { AvgPool(&Map{H: 2, W: 2, C: 2, Data: make([]float32, 7)}, 1) },
		"short flags":      func() { AvgPool(&Map{H: 2, W: 2, C: 1, Data: make([]float32, 4), Valid: make([]bool, 3)}, 1) },
	} {
		mustPanic(t, name, f)
	}
}

func mustPanic(t *testing.T, name string, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s: no panic", name)
		}
	}()
	f()
}

func BenchmarkPool224x224x33(b *testing.B) {
	m := noise(rand.New(rand.NewPCG(1, 4)), 224, 224, 33, false)
	b.SetBytes(int64(4 * len(m.Data)))
	for b.Loop() {
		AdaptiveAvgPool(AvgPool(m, 3), 28, 28)
	}
}

func ExampleAvgPool() {
	m := New(3, 4, 1)
	for i := range m.Data {
		m.Data[i] = float32(i)
	}
	p := AvgPool(m, 3)
	fmt.Println(p.H, p.W, p.Data)
	// Output: 1 2 [5 6]
}

func ExampleAdaptiveAvgPool() {
	m := New(1, 5, 1)
	copy(m.Data, []float32{0, 2, 4, 8, 16})
	// The middle pixel belongs to both cells.
	fmt.Println(AdaptiveAvgPool(m, 1, 2).Data)

	m.Valid = []bool{true, true, false, false, false}
	p := AdaptiveAvgPoolValid(m, 1, 2)
	fmt.Println(p.Data, p.Valid)
	// Output:
	// [2 9.333333]
	// [1 0] [true false]
}
