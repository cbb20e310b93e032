package simd

import (
	"math"
	"math/rand/v2"
	"testing"
)

// normal returns n values between guards, some of them zeros of either sign.
func normal(r *rand.Rand, n, offset int) guarded[float32] {
	g := newGuarded(n, offset, float32(-7))
	for i := range g.slice {
		g.slice[i] = float32(r.NormFloat64())
		if r.IntN(4) == 0 {
			g.slice[i] = float32(math.Copysign(0, r.NormFloat64()))
		}
	}
	return g
}

// sameBits32 compares with the sign of zeros.
func sameBits32(a, b []float32) bool {
	for i := range a {
		if math.Float32bits(a[i]) != math.Float32bits(b[i]) {
			return false
		}
	}
	return len(a) == len(b)
}

func TestAddSquares(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(41, 42))
		eachPlace(func(n, offset int) {
			v, sums := normal(r, n, offset), wholes(r, n, 3)
			want := append([]float64(nil), sums.slice...)
			for i, x := range v.slice {
				square := float64(x) * float64(x)
				want[i] += square
			}
			AddSquares(sums.slice, v.slice)
			if !sameBits(sums.slice, want) || !sums.intact(0) {
				t.Fatalf("%d values from %d", n, offset)
			}
		})
	})
}

func TestAddScaled(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(43, 44))
		eachPlace(func(n, offset int) {
			sign := float32(1 - 2*(n%2))
			v, scale, sums := normal(r, n, offset), normal(r, n, 5), normal(r, n, 2)
			want := append([]float32(nil), sums.slice...)
			for i, x := range v.slice {
				x *= scale.slice[i]
				x *= sign
				want[i] += x
			}
			AddScaled(sums.slice, v.slice, scale.slice, sign)
			if !sameBits32(sums.slice, want) || !sums.intact(0) {
				t.Fatalf("%d values from %d", n, offset)
			}
		})
	})
}

func TestFromPlanes(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(45, 46))
		for n := range 38 {
			for c := range 35 {
				stride := c + r.IntN(3)*r.IntN(9)
				src := normal(r, n*c, c%16)
				size := 0
				if n > 0 && c > 0 {
					size = (n-1)*stride + c
				}
				dst := newGuarded(size, n%16, float32(-7))
				want := append([]float32(nil), dst.slice...)
				for k := range c {
					for i := range n {
						want[i*stride+k] = src.slice[k*n+i]
					}
				}
				FromPlanes(dst.slice, stride, src.slice, n, c)
				if !sameBits32(dst.slice, want) || !dst.intact(0) {
					t.Fatalf("%d pixels of %d channels", n, c)
				}
			}
		}
	})
}

// BenchmarkFromPlanes is the layer of a ResNet-50 at stride 8.
func BenchmarkFromPlanes(b *testing.B) {
	const n, c = 28 * 28, 512
	src, dst := make([]float32, n*c), make([]float32, n*c)
	for _, l := range Levels() {
		b.Run(l.String(), func(b *testing.B) {
			defer Use(l)()
			b.SetBytes(4 * n * c)
			for b.Loop() {
				FromPlanes(dst, c, src, n, c)
			}
		})
	}
}
