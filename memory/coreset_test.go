package memory

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// plainCoreset compares every row with every pick.
func plainCoreset(rows *Rows, n int) *Coreset {
	c := &Coreset{Owner: make([]int32, rows.N)}
	nearest := slices.Repeat([]float64{math.Inf(1)}, rows.N)
	for next := 0; ; {
		pick := rows.Row(next)
		c.Index = append(c.Index, int32(next))
		for i := range rows.N {
			if d := plainDistance2(rows.Row(i), pick); d < nearest[i] {
				nearest[i], c.Owner[i] = d, int32(len(c.Index)-1)
			}
		}
		for i, d := range nearest {
			if i == 0 || d > nearest[next] {
				next = i
			}
		}
		if len(c.Index) == n || nearest[next] == 0 {
			c.Radius = math.Sqrt(nearest[next])
			return c
		}
	}
}

// Picks, owners and the radius are those of the plain algorithm, bit for bit, at
// every level and with any number of workers.
func TestGreedyEqualsPlainCoreset(t *testing.T) {
	for _, d := range []int{2, 34, 120} {
		if testing.Short() && d != 34 {
			continue
		}
		tables := hardTables(coresetChunk+screenRows+9, d)
		tables["surface"] = surface(2*coresetChunk+1, d)
		for name, rows := range tables {
			for _, n := range []int{1, 200, rows.N} {
				if n == rows.N && d > 2 {
					continue
				}
				want := plainCoreset(rows, n)
				eachLevel(t, func(t *testing.T) {
					for _, workers := range []int{1, 3} {
						got, err := Greedy(t.Context(), rows, n, workers)
						if err != nil {
							t.Fatal(err)
						}
						if !slices.Equal(got.Index, want.Index) || !slices.Equal(got.Owner, want.Owner) || got.Radius != want.Radius {
							t.Fatalf("%s, %d values, %d of %d rows, %d workers: %d picks, radius %v; want %d, %v", name, d, n, rows.N, workers, len(got.Index), got.Radius, len(want.Index), want.Radius)
						}
					}
				})
			}
		}
	}
}

// surface returns rows on a surface of two dimensions, with a little noise.
func surface(n, d int) *Rows {
	rows, frame := random(n, d, 11), random(3, d, 12)
	r := rand.New(rand.NewPCG(13, 14))
	for i := range n {
		x, y := float32(r.NormFloat64()), float32(r.NormFloat64())
		for j := range d {
			rows.Row(i)[j] = x*frame.Row(0)[j] + y*frame.Row(1)[j] + x*y*frame.Row(2)[j] + 0.02*rows.Row(i)[j]
		}
	}
	return rows
}

func TestNthLargest(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for n := 1; n < 60; n++ {
		values := make([]float64, n)
		for i := range values {
			values[i] = float64(r.IntN(n))
		}
		sorted := slices.Sorted(slices.Values(values))
		for k := 1; k <= n; k++ {
			if got := nthLargest(values, k); got != sorted[n-k] {
				t.Fatalf("%d largest of %d: %v, want %v", k, n, got, sorted[n-k])
			}
		}
	}
}
