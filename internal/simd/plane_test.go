package simd

import (
	"math"
	"math/rand/v2"
	"testing"
)

// sameBits compares with the sign of zeros.
func sameBits(a, b []float64) bool {
	for i := range a {
		if math.Float64bits(a[i]) != math.Float64bits(b[i]) {
			return false
		}
	}
	return len(a) == len(b)
}

// wholes returns n whole numbers between guards, as planes have, many of them 0.
func wholes(r *rand.Rand, n, offset int) guarded[float64] {
	g := newGuarded(n, offset, -1e300)
	for i := range g.slice {
		g.slice[i] = float64(r.IntN(9) - 4)
		if r.IntN(3) == 0 {
			g.slice[i] = float64(r.Int64N(1<<40) - 1<<39)
		}
	}
	return g
}

func TestSlide(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(31, 32))
		eachPlace(func(n, offset int) {
			line, sums := newGuarded(n, offset, -1.0), wholes(r, n, offset)
			in, out := wholes(r, n, 3), wholes(r, n, 1)
			wantLine := append([]float64(nil), sums.slice...)
			wantSums := append([]float64(nil), sums.slice...)
			for i := range wantSums {
				wantSums[i] = wantSums[i] + in.slice[i] - out.slice[i]
			}
			Slide(line.slice, sums.slice, in.slice, out.slice)
			if !sameBits(line.slice, wantLine) || !sameBits(sums.slice, wantSums) || !line.intact(0) || !sums.intact(0) {
				t.Fatalf("%d sums from %d", n, offset)
			}
		})
	})
}

func TestTranspose(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(33, 34))
		for h := range 14 {
			for w := range 14 {
				src, dst := wholes(r, h*w, h), newGuarded(h*w, w, -1.0)
				Transpose(dst.slice, src.slice, h, w)
				for i, v := range src.slice {
					if dst.slice[i%w*h+i/w] != v {
						t.Fatalf("%d×%d: value %d", h, w, i)
					}
				}
				if !dst.intact(0) {
					t.Fatalf("%d×%d: written outside", h, w)
				}
			}
		}
	})
}

func TestDirections(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(35, 36))
		eachPlace(func(n, offset int) {
			x, y := wholes(r, n, offset), wholes(r, n, 2)
			stride := n + offset
			got, want := newGuarded(7*stride+n, offset, -1.0), newGuarded(7*stride+n, offset, -1.0)
			Directions(x.slice, y.slice, got.slice, stride)
			generic(func() { Directions(x.slice, y.slice, want.slice, stride) })
			if !sameBits(got.slice, want.slice) || !got.intact(0) {
				t.Fatalf("%d pixels from %d", n, offset)
			}
		})
	})
}

func TestSaturate(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(37, 38))
		eachPlace(func(n, offset int) {
			v := newGuarded(n, offset, -1.0)
			for i := range v.slice {
				v.slice[i] = float64(r.Int64N(1 << 30))
			}
			got, want := newGuarded(n, offset, float32(-1)), newGuarded(n, offset, float32(-1))
			Saturate(got.slice, v.slice, 1e-9, 1.1, 0.1)
			generic(func() { Saturate(want.slice, v.slice, 1e-9, 1.1, 0.1) })
			for i, v := range got.slice {
				if math.Float32bits(v) != math.Float32bits(want.slice[i]) {
					t.Fatalf("%d values from %d: %v, want %v", n, offset, v, want.slice[i])
				}
			}
			if !got.intact(0) {
				t.Fatalf("%d values from %d: written outside", n, offset)
			}
		})
	})
}

func TestAddRoots(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(39, 40))
		eachPlace(func(n, offset int) {
			row, sums := newGuarded(n, offset, -1.0), wholes(r, n, offset)
			want := append([]float64(nil), sums.slice...)
			for i := range row.slice {
				row.slice[i] = 200 * r.Float64() * float64(r.IntN(3))
				want[i] += float64(float32(math.Sqrt(float64(float32(row.slice[i])))))
			}
			AddRoots(sums.slice, row.slice)
			if !sameBits(sums.slice, want) || !sums.intact(0) {
				t.Fatalf("%d values from %d: %v, want %v", n, offset, sums.slice, want)
			}
		})
	})
}

func TestAddPairs(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(47, 48))
		eachPlace(func(n, offset int) {
			sums, a, b := wholes(r, n, offset), wholes(r, n, 3), wholes(r, n, 6)
			k := r.NormFloat64()
			want := append([]float64(nil), sums.slice...)
			for i := range want {
				pair := (a.slice[i] + b.slice[i]) * k
				want[i] += pair
			}
			AddPairs(sums.slice, a.slice, b.slice, k)
			if !sameBits(sums.slice, want) || !sums.intact(0) {
				t.Fatalf("%d values from %d", n, offset)
			}
		})
	})
}

func TestMixRows(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(49, 50))
		eachPlace(func(n, offset int) {
			if n == 0 {
				return
			}
			taps, stride := 1+r.IntN(9), n+offset%4
			src, dst := newGuarded((taps-1)*stride+n, offset, uint8(77)), newGuarded(n, offset, uint8(77))
			for i := range src.slice {
				src.slice[i] = uint8(r.IntN(256))
			}
			weights := make([]int32, taps)
			for j := range weights {
				weights[j] = int32(r.IntN(1<<23) - 1<<22) // sums below, within and above the bytes
			}
			const start, shift = 1 << 21, 22
			MixRows(dst.slice, src.slice, stride, weights, start, shift)
			for i, got := range dst.slice {
				sum := start
				for j, w := range weights {
					sum += int(src.slice[j*stride+i]) * int(w)
				}
				if want := min(max(int(int32(sum))>>shift, 0), 255); int(got) != want {
					t.Fatalf("%d values of %d rows from %d: %d, want %d", n, taps, offset, got, want)
				}
			}
			if !dst.intact(0) {
				t.Fatalf("%d values of %d rows from %d: written outside", n, taps, offset)
			}
		})
	})
}
