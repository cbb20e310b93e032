package memory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/iad3d/iad3d/grid"
)

func random(n, d int, seed uint64) *Rows {
	r := rand.New(rand.NewPCG(seed, 0))
	rows := &Rows{N: n, D: d}
	for range n * d {
		rows.Data = append(rows.Data, float32(r.NormFloat64()))
	}
	return rows
}

// coarse rows have many duplicates and tied distances.
func coarse(n, d int, seed uint64) *Rows {
	rows := random(n, d, seed)
	for i, v := range rows.Data {
		rows.Data[i] = float32(math.Round(float64(v)))
	}
	return rows
}

func plainDistance(a, b []float32) float64 {
	sum := 0.0
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		sum += d * d
	}
	return math.Sqrt(sum)
}

func TestNearestEqualsBruteForce(t *testing.T) {
	for _, d := range []int{1, 2, 3, 4, 5, 33, 64} {
		for _, make := range []func(int, int, uint64) *Rows{random, coarse} {
			rows, q := make(57, d, 1), make(40, d, 2)
			bank, err := NewBank(rows, 3)
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range []int{1, 2, 9, 57, 100} {
				hits, err := bank.Nearest(t.Context(), q, k)
				if err != nil {
					t.Fatal(err)
				}
				k := min(k, rows.N)
				for i := range q.N {
					order := []int32{}
					for r := range rows.N {
						order = append(order, int32(r))
					}
					slices.SortStableFunc(order, func(a, b int32) int {
						da, db := distance2(q.Row(i), rows.Row(int(a))), distance2(q.Row(i), rows.Row(int(b)))
						return cmp.Compare(da, db)
					})
					for j, h := range hits[i*k : (i+1)*k] {
						if h.Row != order[j] || math.Abs(h.Dist-plainDistance(q.Row(i), rows.Row(int(h.Row)))) > 1e-12*(1+h.Dist) {
							t.Fatalf("dimension %d, query %d, hit %d: %+v, want row %d", d, i, j, h, order[j])
						}
					}
				}
			}
		}
	}
}

func TestDuplicatesAreAtZero(t *testing.T) {
	rows := random(50, 33, 3)
	for i := range rows.Data {
		rows.Data[i] *= 1e4 // large norms defeat the matrix-product form
	}
	bank, err := NewBank(rows, 0)
	if err != nil {
		t.Fatal(err)
	}
	hits, err := bank.Nearest(t.Context(), rows, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i, h := range hits {
		if h.Row != int32(i) || h.Dist != 0 {
			t.Errorf("row %d is at %v from row %d", i, h.Dist, h.Row)
		}
	}
}

// plainGreedy is the algorithm as the paper states it.
func plainGreedy(rows *Rows, n int) []int32 {
	picks := []int32{0}
	for len(picks) < n {
		best, far := int32(-1), 0.0
		for i := range rows.N {
			d := math.Inf(1)
			for _, p := range picks {
				d = min(d, distance2(rows.Row(i), rows.Row(int(p))))
			}
			if d > far {
				best, far = int32(i), d
			}
		}
		if best < 0 {
			break
		}
		picks = append(picks, best)
	}
	return picks
}

func TestGreedyEqualsDefinition(t *testing.T) {
	for _, rows := range []*Rows{random(150, 5, 1), coarse(150, 2, 2), {N: 3, D: 1, Data: []float32{4, 4, 4}}} {
		for _, n := range []int{1, 2, 20, rows.N, rows.N + 5} {
			for _, workers := range []int{1, 4} {
				got, err := Greedy(t.Context(), rows, n, workers)
				if err != nil {
					t.Fatal(err)
				}
				if want := plainGreedy(rows, min(n, rows.N)); !slices.Equal(got.Index, want) {
					t.Errorf("%d of %d rows: %v, want %v", n, rows.N, got.Index, want)
				}
				radius := 0.0
				for i := range rows.N {
					d := math.Inf(1)
					for _, p := range got.Index {
						d = min(d, plainDistance(rows.Row(i), rows.Row(int(p))))
					}
					radius = max(radius, d)
				}
				if math.Abs(radius-got.Radius) > 1e-12 {
					t.Errorf("radius %v, want %v", got.Radius, radius)
				}
			}
		}
	}
}

func TestBuild(t *testing.T) {
	rows := random(200, 7, 5)
	for _, c := range []struct {
		fraction float64
		want     int
	}{{0, 200}, {1, 200}, {0.1, 20}, {0.0001, 1}} {
		bank, err := Build(t.Context(), rows, Options{Fraction: c.fraction})
		if err != nil {
			t.Fatal(err)
		}
		if bank.Rows().N != c.want || (c.want == 200) != (bank.Radius() == 0) {
			t.Errorf("fraction %v keeps %d rows, radius %v; want %d", c.fraction, bank.Rows().N, bank.Radius(), c.want)
		}
	}
	bank, err := Build(t.Context(), rows, Options{})
	if err != nil {
		t.Fatal(err)
	}
	first := bank.Rows().Data[0]
	rows.Data[0]++
	if bank.Rows().Data[0] != first {
		t.Error("the bank shares the rows it was built from")
	}
}

func TestBadRows(t *testing.T) {
	nan := random(5, 2, 1)
	nan.Data[7] = float32(math.NaN())
	for name, rows := range map[string]*Rows{"empty": {D: 3}, "NaN": nan, "short": {N: 2, D: 3, Data: make([]float32, 5)}, "no values": {N: 2}} {
		if _, err := Build(t.Context(), rows, Options{}); !errors.Is(err, ErrRows) {
			t.Errorf("%s: error %v, want %v", name, err, ErrRows)
		}
		if _, err := Greedy(t.Context(), rows, 1, 0); !errors.Is(err, ErrRows) {
			t.Errorf("%s: coreset error %v, want %v", name, err, ErrRows)
		}
	}
	bank, err := NewBank(random(5, 2, 1), 0)
	if err != nil {
		t.Fatal(err)
	}
	for name, q := range map[string]*Rows{"NaN": nan, "length": random(2, 3, 1)} {
		if _, err := bank.Nearest(t.Context(), q, 1); !errors.Is(err, ErrRows) {
			t.Errorf("query %s: error %v, want %v", name, err, ErrRows)
		}
	}
	if _, err := bank.Nearest(t.Context(), random(1, 2, 1), 0); err == nil {
		t.Error("0 nearest rows are accepted")
	}
	for _, f := range []float64{-0.1, 1.1, math.NaN()} {
		if _, err := Build(t.Context(), random(5, 2, 1), Options{Fraction: f}); err == nil {
			t.Errorf("fraction %v is accepted", f)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Greedy(ctx, random(50, 2, 1), 5, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

func TestFromMap(t *testing.T) {
	m := &grid.Map{H: 1, W: 3, C: 2, Data: []float32{1, 2, 3, 4, 5, 6}}
	if rows, cells := FromMap(m); rows.N != 3 || rows.D != 2 || cells != nil {
		t.Errorf("rows %+v from pixels %v", rows, cells)
	}
	m.Valid = []bool{false, true, true}
	rows, cells := FromMap(m)
	if rows.N != 2 || !slices.Equal(rows.Data, []float32{3, 4, 5, 6}) || !slices.Equal(cells, []int32{1, 2}) {
		t.Errorf("rows %+v from pixels %v", rows, cells)
	}
}

// BenchmarkGreedy takes rows without structure, where pruning never helps, and
// rows that lie on a few surfaces, as descriptors do.
func BenchmarkGreedy(b *testing.B) {
	plain, surfaces := random(18816, 33, 1), random(18816, 33, 2)
	frame := random(60, 33, 3)
	for i := range surfaces.N {
		row, u := surfaces.Row(i), surfaces.Row(i)[:2]
		x, y := u[0], u[1]
		for j := range row {
			row[j] = 5*frame.Row(i % 20)[j] + x*frame.Row(20 + i%20)[j] + y*frame.Row(40 + i%20)[j] + 0.05*row[j]
		}
	}
	for name, rows := range map[string]*Rows{"noise": plain, "surfaces": surfaces} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := Greedy(b.Context(), rows, 1881, 1); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkNearest(b *testing.B) {
	bank, err := NewBank(random(1881, 33, 1), 1)
	if err != nil {
		b.Fatal(err)
	}
	q := random(784, 33, 2)
	for b.Loop() {
		if _, err := bank.Nearest(b.Context(), q, 1); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleBank_Nearest() {
	bank, err := Build(context.Background(), &Rows{N: 3, D: 2, Data: []float32{0, 0, 3, 4, 10, 0}}, Options{})
	if err != nil {
		panic(err)
	}
	hits, err := bank.Nearest(context.Background(), &Rows{N: 1, D: 2, Data: []float32{3, 0}}, 2)
	if err != nil {
		panic(err)
	}
	for _, h := range hits {
		fmt.Println("row", h.Row, "at", h.Dist)
	}
	// Output:
	// row 0 at 3
	// row 1 at 4
}
