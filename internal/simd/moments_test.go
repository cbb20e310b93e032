package simd

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestMoments(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(21, 22))
		eachPlace(func(n, offset int) {
			xyz := newGuarded(3*(n+1), offset, float32(math.NaN()))
			for i := range xyz.slice {
				xyz.slice[i] = float32(r.IntN(1000)) // sums of whole numbers are exact
				if offset%2 == 1 {
					xyz.slice[i] = float32(r.NormFloat64())
				}
			}
			list := make([]int32, n)
			for j := range list {
				list[j] = int32(r.IntN(n + 1))
			}
			if n > 0 {
				list[n/2] = int32(n) // the last point, with nothing behind
			}
			sums := newGuarded(9, offset, -1.0)
			var want [9]float64
			Moments(xyz.slice, list, (*[9]float64)(sums.slice))
			generic(func() { Moments(xyz.slice, list, &want) })
			if [9]float64(sums.slice) != want {
				t.Fatalf("%d points from %d: %v, want %v", n, offset, sums.slice, want)
			}
			if !sums.intact(0) {
				t.Fatalf("%d points from %d: written outside", n, offset)
			}
		})
	})
}

func TestBounds(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(23, 24))
		eachPlace(func(n, offset int) {
			xyz := newGuarded(3*(n+1), offset, float32(math.NaN()))
			for i := range xyz.slice {
				xyz.slice[i] = float32(r.NormFloat64())
				if r.IntN(3) == 0 {
					xyz.slice[i] = float32(math.Copysign(0, r.NormFloat64()))
				}
			}
			list := make([]int32, n+1)
			for j := range list {
				list[j] = int32(r.IntN(n + 1))
			}
			list[r.IntN(n+1)] = int32(n)
			lo, hi := Bounds(xyz.slice, list)
			var wantLo, wantHi [3]float32
			generic(func() { wantLo, wantHi = Bounds(xyz.slice, list) })
			for d := range 3 {
				if math.Float32bits(lo[d]) != math.Float32bits(wantLo[d]) || math.Float32bits(hi[d]) != math.Float32bits(wantHi[d]) {
					t.Fatalf("%d points from %d: %v to %v, want %v to %v", n+1, offset, lo, hi, wantLo, wantHi)
				}
			}
		})
	})
}
