package order

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestNth(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for n := 1; n < 80; n++ {
		v := make([]float64, n)
		for i := range v {
			v[i] = float64(r.IntN(n))
			if n%5 == 0 {
				v[i] = float64(min(i, n-i)) // a pivot in the middle is the worst
			}
		}
		sorted := slices.Sorted(slices.Values(v))
		for _, place := range []int{0, n / 100, n / 4, n / 2, n - 1} {
			if got := Nth(v, place); got != sorted[place] {
				t.Fatalf("place %d of %d: %v, want %v", place, n, got, sorted[place])
			}
			for i, x := range v {
				if i < place && x > v[place] || i > place && x < v[place] {
					t.Fatalf("place %d of %d: %v at %d beside %v", place, n, x, i, v[place])
				}
			}
		}
		slices.Sort(v)
		if !slices.Equal(v, sorted) {
			t.Fatalf("%d values: not the same any more", n)
		}
	}
}
