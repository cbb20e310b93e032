package simd

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestRank(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(11, 12))
		ranked := 0
		for n := 1; n <= MaxRank+2; n++ {
			if n > rankAtOnce+20 && n < MaxRank-4 && n%17 != 0 {
				continue
			}
			for offset := range maxOffset + 1 {
				dist2, near := newGuarded(n, offset, -1.0), newGuarded(n, offset, int32(-1))
				type pair struct {
					d  float64
					id int32
				}
				var want []pair
				for j := range n {
					d := r.Float64() * math.Exp(3*r.NormFloat64())
					if j == n/2 {
						d = 0
					}
					if offset == 3 && j > 0 && r.IntN(n) == 0 {
						d = dist2.slice[j-1]
					}
					dist2.slice[j], near.slice[j] = d, int32(r.Uint32()>>1)
					want = append(want, pair{d, near.slice[j]})
				}
				slices.SortFunc(want, func(a, b pair) int { return cmp.Compare(a.d, b.d) })
				tied := false
				for j := 1; j < n; j++ {
					tied = tied || math.Float64bits(want[j].d)>>7 == math.Float64bits(want[j-1].d)>>7
				}
				k := 1 + r.IntN(n)
				out := newGuarded(k+RankSlack, offset, int32(-7))
				middle := want[min(n-1, n/2+r.IntN(9))].d
				if offset == 5 {
					middle = r.ExpFloat64()
				}
				low := 0
				for _, p := range want {
					if p.d <= middle {
						low++
					}
				}
				fits := n <= rankAtOnce || n <= MaxRank && low <= rankAtOnce && (k <= low || n-low <= rankAtOnce)
				var s Ranking
				last, ok := Rank(dist2.slice, near.slice, k, middle, out.slice, &s)
				if !out.intact(0) {
					t.Fatal("written outside the result")
				}
				if wish := level == AVX512 && fits; ok && !wish || wish && !ok && !tied || ok && tied && n <= rankAtOnce {
					t.Fatalf("%d distances, tied %v: ok %v", n, tied, ok)
				}
				if !ok {
					continue
				}
				ranked++
				if last != want[k-1].d {
					t.Fatalf("%d of %d: the last is %v, want %v", k, n, last, want[k-1].d)
				}
				for j, id := range out.slice[:k] {
					if id != want[j].id {
						t.Fatalf("%d of %d: place %d", k, n, j)
					}
				}
			}
		}
		if level == AVX512 && ranked == 0 {
			t.Error("nothing was ranked")
		}
	})
}
