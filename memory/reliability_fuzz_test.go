package memory_test

import (
	"cmp"
	"math"
	"slices"
	"testing"

	"github.com/iad3d/iad3d/memory"
)

// rowsOf makes rows of whole numbers, so that distances tie and every order of
// summation gives the same sum.
func rowsOf(b []byte, dim int) *memory.Rows {
	r := &memory.Rows{D: dim}
	for ; len(b) >= dim && r.N < 80; b = b[dim:] {
		for _, v := range b[:dim] {
			r.Data = append(r.Data, float32(v>>3))
		}
		r.N++
	}
	return r
}

// manyRows makes n rows of the bytes, over and over, each time from another on and of
// another size.
func manyRows(b []byte, dim, n int) *memory.Rows {
	r := &memory.Rows{N: n, D: dim}
	for i := range n {
		for d := range dim {
			r.Data = append(r.Data, float32(b[(i*i+d)%len(b)]>>3)*float32(1+i%3))
		}
	}
	return r
}

func apart(a, b []float32) float64 {
	sum := 0.0
	for i, v := range a {
		d := float64(v) - float64(b[i])
		sum += float64(d * d)
	}
	return math.Sqrt(sum)
}

// FuzzNearest: the bank's search gives what comparing every row gives, ties to the
// lowest row, whatever the number of workers; an index's that of rounded rows.
func FuzzNearest(f *testing.F) {
	f.Add(uint8(3), uint8(2), []byte("sphinx of black quartz, judge my vow"))
	f.Add(uint8(1), uint8(9), []byte{0, 0, 0, 8, 8, 16, 255, 255})
	f.Add(uint8(150), uint8(130), slices.Repeat([]byte("pack my box with five dozen liquor jugs 0123456789\xff\x00"), 6))
	f.Add(uint8(9), uint8(130), []byte("the five boxing wizards jump quickly"))
	f.Add(uint8(200), uint8(1), slices.Repeat([]byte("0123456789abcdef"), 60))
	f.Fuzz(func(t *testing.T, dim, k uint8, b []byte) {
		if dim == 0 || k == 0 {
			return
		}
		all := rowsOf(b, int(dim))
		if all.N < 2 {
			return
		}
		nq := all.N / 2
		if k >= 128 { // so many that rows are screened
			nq = 33
			all = manyRows(b, int(dim), 290+nq)
		}
		half := nq * all.D
		rows := &memory.Rows{N: all.N - nq, D: all.D, Data: all.Data[half:]}
		queries := &memory.Rows{N: nq, D: all.D, Data: all.Data[:half]}
		bank, err := memory.NewBank(rows, 1+int(k)%3)
		if err != nil {
			t.Fatal(err)
		}
		hits, err := bank.Nearest(t.Context(), queries, int(k))
		if err != nil {
			t.Fatal(err)
		}
		n := min(int(k), rows.N)
		for i := range queries.N {
			var want []memory.Hit
			for r := range rows.N {
				want = append(want, memory.Hit{Row: int32(r), Dist: apart(queries.Row(i), rows.Row(r))})
			}
			slices.SortStableFunc(want, func(a, b memory.Hit) int { return cmp.Compare(a.Dist, b.Dist) })
			if got := hits[i*n : (i+1)*n]; !slices.Equal(got, want[:n]) {
				t.Fatalf("query %d: %v, want %v", i, got, want[:n])
			}
		}
		nearestInIndex(t, rows, queries, int(k))
	})
}

// FuzzCoreset: the picks are those of the plain greedy algorithm.
func FuzzCoreset(f *testing.F) {
	f.Add(uint8(3), uint8(4), []byte("sphinx of black quartz, judge my vow"))
	f.Add(uint8(2), uint8(200), []byte{0, 0, 0, 0, 8, 8, 8, 8, 255, 255})
	f.Fuzz(func(t *testing.T, dim, n uint8, b []byte) {
		if dim == 0 || n == 0 {
			return
		}
		rows := rowsOf(b, int(dim))
		if rows.N == 0 {
			return
		}
		set, err := memory.Greedy(t.Context(), rows, int(n), 1+int(n)%3)
		if err != nil {
			t.Fatal(err)
		}
		near := slices.Repeat([]float64{math.Inf(1)}, rows.N)
		var want []int32
		for pick, far := 0, 0.0; len(want) < int(n); {
			want = append(want, int32(pick))
			next := 0
			far = -1
			for i := range rows.N {
				near[i] = min(near[i], apart(rows.Row(i), rows.Row(pick)))
				if near[i] > far {
					next, far = i, near[i]
				}
			}
			if far == 0 {
				break
			}
			pick = next
		}
		if !slices.Equal(set.Index, want) || set.Radius != slices.Max(near) {
			t.Fatalf("picks %v, radius %v; want %v, %v", set.Index, set.Radius, want, slices.Max(near))
		}
		for i, o := range set.Owner {
			if d := apart(rows.Row(i), rows.Row(int(set.Index[o]))); d != near[i] {
				t.Fatalf("row %d: owner %d at %v, nearest at %v", i, o, d, near[i])
			}
		}
	})
}

// nearestInIndex checks the hits of an index of few rows, of which a third is passed over.
func nearestInIndex(t *testing.T, rows, queries *memory.Rows, k int) {
	x, err := memory.NewIndex(t.Context(), rows, nil, 1+k%3)
	if err != nil {
		t.Fatal(err)
	}
	from, to := rows.N/3, rows.N/3*2
	hits, err := x.Nearest(t.Context(), queries, k, from, to)
	if err != nil {
		t.Fatal(err)
	}
	n := min(k, rows.N-(to-from))
	most := x.Size * (math.Sqrt(float64(rows.D)) + 1e-9) // that rounding both takes from a distance, where nothing is cut
	largest := 0.0
	for i := range rows.N + queries.N {
		row := queries.Data[i%queries.N*rows.D:][:rows.D]
		if i < rows.N {
			row = rows.Row(i)
		}
		for d, v := range row {
			largest = max(largest, math.Abs(float64(v)-float64(x.Mean[d])))
		}
	}
	for i := range queries.N {
		seen := map[int32]bool{}
		for j, h := range hits[i*n:][:n] {
			if seen[h.Row] || int(h.Row) >= from && int(h.Row) < to || j > 0 && h.Dist < hits[i*n+j-1].Dist {
				t.Fatalf("query %d, without %d to %d: %v", i, from, to, hits[i*n:][:n])
			}
			seen[h.Row] = true
			if truth := apart(queries.Row(i), rows.Row(int(h.Row))); largest <= 120*x.Size && math.Abs(truth-h.Dist) > most {
				t.Fatalf("query %d is %v from row %d, not %v: a step is %v", i, truth, h.Row, h.Dist, x.Size)
			}
		}
	}
}
