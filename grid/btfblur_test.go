package grid

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/iad3d/iad3d/internal/golden"
)

// A float64 map may come to the other side of a level when its values are
// rounded to float32: one level, and a little for the rounding of the result.
const levelTolerance = 1.001

// The constants as Pillow 9.4.0 computes them, exact.
func TestBoxBlurConstantsOracle(t *testing.T) {
	for _, c := range oracle(t).Constants {
		if got := boxSize(c.Radius); got != c.Size {
			t.Errorf("radius %g: box of %.9g, want %.9g", c.Radius, got, c.Size)
		}
		if got, want := newBoxBlur(c.Radius), (boxBlur{c.Int, c.Inner, c.Outer}); got != want {
			t.Errorf("radius %g: %+v, want %+v", c.Radius, got, want)
		}
	}
}

// BTF's KNNGaussianBlur(4) with Pillow 9.4.0 and torchvision 0.14.1: bytes
// exact after both stages, the float32 result too where the map is float32.
func TestBlurBTFOracle(t *testing.T) {
	for _, c := range oracle(t).Blur.Cases {
		t.Run(c.Name, func(t *testing.T) {
			in := golden.NPY(t, c.Map.File)
			var pix []uint8
			var top float64
			if in.DType == "float64" {
				pix, top = quantise(in.Float64s())
			} else {
				var f float32
				pix, f = quantise(in.Float32s())
				top = float64(f)
			}
			if top != c.Max {
				t.Errorf("maximum %v, want %v", top, c.Max)
			}
			if !bytes.Equal(pix, golden.NPY(t, c.Quantised.File).Uint8s()) {
				t.Error("bytes before the blur differ")
			}
			h, w := in.Shape[0], in.Shape[1]
			newBoxBlur(4).blur(pix, h, w)
			if !bytes.Equal(pix, golden.NPY(t, c.Blurred.File).Uint8s()) {
				t.Error("bytes after the blur differ")
			}
			want := golden.NPY(t, c.Final.File).Float32s()
			m := New(h, w, 1)
			for i, v := range in.Float64s() {
				m.Data[i] = float32(v)
			}
			got := BlurBTF(m, 4)
			d := worst(t, got.Data, want)
			t.Logf("largest difference %.3g, a level is %.3g", d, top/255)
			if in.DType == "float32" && d != 0 {
				t.Errorf("off by %g", d)
			}
			if d > levelTolerance*top/255 {
				t.Errorf("off by %g, more than a level", d)
			}
		})
	}
}

// The extended box filter by its definition, in exact integers: the window sum
// is taken anew for each position.
func TestBoxBlurAgainstDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 1))
	for _, s := range []struct {
		h, w  int
		sigma float64
	}{{1, 1, 4}, {2, 3, 9}, {40, 21, 4}, {9, 50, 0.3}, {30, 30, 2.2}} {
		b := newBoxBlur(s.sigma)
		got := randomBytes(r, s.h*s.w)
		want := slices.Clone(got)
		b.blur(got, s.h, s.w)
		for pass := range 2 * boxPasses {
			src := slices.Clone(want)
			for y := range s.h {
				for x := range s.w {
					at := func(d int) uint64 {
						if pass < boxPasses {
							return uint64(src[y*s.w+min(max(x+d, 0), s.w-1)])
						}
						return uint64(src[min(max(y+d, 0), s.h-1)*s.w+x])
					}
					sum := (at(-b.radius-1) + at(b.radius+1)) * uint64(b.outer)
					for d := -b.radius; d <= b.radius; d++ {
						sum += at(d) * uint64(b.inner)
					}
					want[y*s.w+x] = uint8((sum + 1<<23) >> 24)
				}
			}
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%v: differs", s)
		}
	}
}

func TestBlurBTFEdgeCases(t *testing.T) {
	zero := New(6, 7, 1)
	for _, v := range []float32{0, -3, float32(math.NaN()), float32(math.Inf(1))} {
		for i := range zero.Data {
			zero.Data[i] = v
		}
		if got := BlurBTF(zero, 4); !slices.Equal(got.Data, make([]float32, 42)) {
			t.Errorf("a map of %v does not give zeros: %v", v, got.Data)
		}
	}
	// Radius 0 leaves only the cut to 255ths, and the maximum is one of them.
	m := New(1, 3, 1)
	copy(m.Data, []float32{510, 3, float32(math.Inf(-1))})
	m.Valid = []bool{true, true, false}
	got := BlurBTF(m, 0)
	if !slices.Equal(got.Data, []float32{510, 2, 0}) || !slices.Equal(got.Valid, m.Valid) {
		t.Errorf("radius 0: %v %v", got.Data, got.Valid)
	}
	mustPanic(t, "channels", func() { BlurBTF(New(2, 2, 2), 4) })
	mustPanic(t, "radius", func() { BlurBTF(zero, -1) })
	mustPanic(t, "radius", func() { BlurBTF(zero, math.NaN()) })
}

func BenchmarkBlurBTF224(b *testing.B) {
	m := noise(rand.New(rand.NewPCG(6, 2)), 224, 224, 1, false)
	for b.Loop() {
		BlurBTF(m, 4)
	}
}
