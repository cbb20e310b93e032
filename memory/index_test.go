package memory

import (
	"cmp"
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"testing"
)

// plainIndexSearch is what Nearest computes where no list is left out: all rows by the
// rounded values, but those from from to to−1.
func plainIndexSearch(x *Index, row []float32, from, to int) []Hit {
	d := x.D()
	q := make([]uint8, d)
	_, more := x.round(q, row)
	var all []Hit
	for i := range x.N {
		if i >= from && i < to {
			continue
		}
		sum := 0
		for j, b := range x.Rows[i*d:][:d] {
			e := int(q[j]) - int(b)
			sum += e * e
		}
		all = append(all, Hit{int32(i), x.Size * math.Sqrt(float64(sum)+more)})
	}
	slices.SortStableFunc(all, func(a, b Hit) int { return cmp.Compare(a.Dist, b.Dist) })
	return all
}

func TestIndexOfFewRowsIsExact(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		for _, d := range []int{1, 7, 33, 256, 900} {
			if testing.Short() && d > 33 {
				continue
			}
			for name, rows := range map[string]*Rows{"noise": random(1000, d, 1), "ties": coarse(700, d, 2), "same": {N: 300, D: d, Data: slices.Repeat([]float32{3}, 300*d)}, "one": random(1, d, 3), "outlier": random(600, d, 4)} {
				if name == "outlier" {
					rows.Row(300)[0] = 1e9
				}
				q := hardQueries(rows, min(rows.N, 19))
				for _, workers := range []int{1, 3} {
					x, err := NewIndex(t.Context(), rows, nil, workers)
					if err != nil {
						t.Fatal(err)
					}
					for _, without := range [][2]int{{0, 0}, {rows.N / 3, rows.N/3 + rows.N/2}, {1, rows.N}} {
						from, to := without[0], without[1]
						for _, k := range []int{1, 5, 2000} {
							n := min(k, rows.N-(to-from))
							hits, err := x.Nearest(t.Context(), q, k, from, to)
							if err != nil || len(hits) != q.N*n {
								t.Fatalf("%s, %d values: %d hits of %d, %v", name, d, len(hits), q.N*n, err)
							}
							for i := range q.N {
								if got, want := hits[i*n:][:n], plainIndexSearch(x, q.Row(i), from, to)[:n]; !slices.Equal(got, want) {
									t.Fatalf("%s, %d values, query %d, without %d to %d: %v, want %v", name, d, i, from, to, got, want)
								}
							}
						}
					}
				}
			}
		}
	})
}

// TestIndexFinds holds how often the nearest of many rows is found, or one that is as near, and
// how far off distances are, rounding included.
func TestIndexFinds(t *testing.T) {
	for _, d := range []int{33, 256} {
		rows := surface(21_000, d)
		for i, v := range random(rows.N, d, 7).Data {
			rows.Data[i] += v / 3 // descriptors have as much noise: many steps
		}
		q := &Rows{N: 1000, D: d, Data: rows.Data[20_000*d:]}
		rows = &Rows{N: 20_000, D: d, Data: rows.Data[:20_000*d]}
		bank, err := NewBank(rows, 0)
		if err != nil {
			t.Fatal(err)
		}
		exact, err := bank.Nearest(t.Context(), q, 1)
		if err != nil {
			t.Fatal(err)
		}
		x, err := NewIndex(t.Context(), rows, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		hits, err := x.Nearest(t.Context(), q, 1, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		found, excess := 0, 0.0
		for i, h := range hits {
			truth := math.Sqrt(distance2(q.Row(i), rows.Row(int(h.Row))))
			if excess += truth/exact[i].Dist - 1; truth <= exact[i].Dist*1.02 {
				found++
			}
			if off := math.Abs(h.Dist/truth - 1); off > 0.1 {
				t.Errorf("%d values: query %d is %v from row %d, not %v", d, i, truth, h.Row, h.Dist)
			}
		}
		t.Logf("%d values: nearest found, or one 2 %% farther at most, in %d of %d; %.4f farther in the mean", d, found, q.N, excess/float64(q.N))
		if found < 900 || excess/float64(q.N) > 0.005 {
			t.Errorf("%d values: nearest found in %d of %d, %.4f farther", d, found, q.N, excess/float64(q.N))
		}
	}
}

// A query whose lists have too few rows left looks into the others.
func TestIndexLooksEverywhere(t *testing.T) {
	const d = 8
	rows := surface(30*listRows, d)
	x, err := NewIndex(t.Context(), rows, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	from, to := 3, rows.N-4
	hits, err := x.Nearest(t.Context(), rows, 7, from, to)
	if err != nil || len(hits) != 7*rows.N {
		t.Fatalf("%d hits, %v", len(hits), err)
	}
	for _, i := range []int{0, 1000, rows.N - 1} {
		if want := plainIndexSearch(x, rows.Row(i), from, to); !slices.Equal(hits[7*i:][:7], want) {
			t.Errorf("row %d: %v, want %v", i, hits[7*i:][:7], want)
		}
	}
}

// Parts make the index that they are of; rows are what they were but for rounding, and rounded
// again the same.
func TestIndexParts(t *testing.T) {
	rows, q := surface(6000, 40), surface(200, 40)
	x, err := NewIndex(t.Context(), rows, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	want, err := x.Nearest(t.Context(), q, 4, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	again, err := IndexOf(x.IndexParts, 2)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := again.Nearest(t.Context(), q, 4, 0, 0); err != nil || !slices.Equal(got, want) {
		t.Errorf("other hits: %v", err)
	}
	table := x.Table(100, 400)
	for i, v := range table.Data {
		if off := math.Abs(float64(v) - float64(rows.Row(100)[0:][i%40:][0])); i < 40 && off > 0.51*x.Size {
			t.Errorf("value %d is %v off, a step is %v", i, off, x.Size)
		}
	}
	rounded, err := NewIndex(t.Context(), table, &x.Steps, 1)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(rounded.Rows, x.Rows[100*40:400*40]) {
		t.Error("rows are rounded otherwise the second time")
	}
	for name, spoil := range map[string]func(p *IndexParts){
		"no rows":            func(p *IndexParts) { p.N, p.Rows, p.List = 0, nil, nil },
		"a byte less":        func(p *IndexParts) { p.Rows = p.Rows[1:] },
		"a list less":        func(p *IndexParts) { p.List = p.List[1:] },
		"no such list":       func(p *IndexParts) { p.List = slices.Clone(p.List); p.List[7] = int32(len(p.Centres) / 40) },
		"a negative list":    func(p *IndexParts) { p.List = slices.Clone(p.List); p.List[7] = -1 },
		"no centre":          func(p *IndexParts) { p.Centres = nil },
		"part of a centre":   func(p *IndexParts) { p.Centres = p.Centres[1:] },
		"a step too far":     func(p *IndexParts) { p.Rows = slices.Clone(p.Rows); p.Rows[5] = 0 },
		"no step":            func(p *IndexParts) { p.Size = 0 },
		"a step too small":   func(p *IndexParts) { p.Size = 1e-320 },
		"an endless step":    func(p *IndexParts) { p.Size = math.Inf(1) },
		"a mean of no value": func(p *IndexParts) { p.Mean = slices.Clone(p.Mean); p.Mean[3] = float32(math.NaN()) },
		"no values":          func(p *IndexParts) { p.Mean = nil },
	} {
		p := x.IndexParts
		spoil(&p)
		if _, err := IndexOf(p, 1); !errors.Is(err, ErrRows) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestIndexRefuses(t *testing.T) {
	rows := random(50, 6, 1)
	x, err := NewIndex(t.Context(), rows, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.Nearest(t.Context(), random(3, 7, 1), 1, 0, 0); !errors.Is(err, ErrRows) {
		t.Errorf("queries of another length: %v", err)
	}
	if _, err := x.Nearest(t.Context(), &Rows{N: 1, D: 6, Data: []float32{0, 0, 0, 0, 0, float32(math.Inf(1))}}, 1, 0, 0); !errors.Is(err, ErrRows) {
		t.Errorf("an endless query: %v", err)
	}
	for _, bad := range [][3]int{{0, 0, 0}, {1, 4, 3}, {1, -1, 3}, {1, 0, 51}} {
		if _, err := x.Nearest(t.Context(), rows, bad[0], bad[1], bad[2]); err == nil {
			t.Errorf("%v is accepted", bad)
		}
	}
	if hits, err := x.Nearest(t.Context(), rows, 3, 0, 50); err != nil || hits != nil {
		t.Errorf("without all rows: %v, %v", hits, err)
	}
	if _, err := NewIndex(t.Context(), &Rows{}, nil, 1); !errors.Is(err, ErrRows) {
		t.Errorf("no rows: %v", err)
	}
	if _, err := NewIndex(t.Context(), random(5, 7, 1), &x.Steps, 1); !errors.Is(err, ErrRows) {
		t.Errorf("steps of other rows: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := NewIndex(ctx, rows, nil, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := x.Nearest(ctx, rows, 1, 0, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled search: %v", err)
	}
}

func TestIndexIsTheSameOnAnyProcessors(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	rows, q := surface(20*listRows+5, 40), surface(indexRows+9, 40)
	var first *Index
	var want []Hit
	for n := 1; n <= 4; n++ {
		runtime.GOMAXPROCS(n)
		x, err := NewIndex(t.Context(), rows, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		hits, err := x.Nearest(t.Context(), q, 5, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		if n == 1 {
			first, want = x, hits
		}
		if !slices.Equal(x.Rows, first.Rows) || !slices.Equal(x.List, first.List) || !slices.Equal(x.Centres, first.Centres) || !slices.Equal(hits, want) {
			t.Fatalf("%d processors give another index", n)
		}
	}
}

// BenchmarkIndex searches 16,000 and 64,000 rows on surfaces, as descriptors are; one thread.
func BenchmarkIndex(b *testing.B) {
	for _, n := range []int{16_000, 64_000} {
		rows, q := surface(n, 256), surface(1400, 256)
		x, err := NewIndex(b.Context(), rows, nil, 1)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(map[int]string{16_000: "16000", 64_000: "64000"}[n], func(b *testing.B) {
			for b.Loop() {
				if _, err := x.Nearest(b.Context(), q, 5, 0, 0); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
