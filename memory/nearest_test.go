package memory

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/iad3d/iad3d/internal/simd"
)

// plainSearch compares every row whole.
func plainSearch(rows *Rows, q []float32, k int) []Hit {
	var hits []Hit
	for r := range rows.N {
		hits = append(hits, Hit{int32(r), math.Sqrt(plainDistance2(q, rows.Row(r)))})
	}
	slices.SortStableFunc(hits, func(a, b Hit) int {
		switch {
		case a.Dist < b.Dist:
			return -1
		case a.Dist > b.Dist:
			return 1
		}
		return 0
	})
	return hits[:min(k, len(hits))]
}

// plainDistance2 adds in the order that distance2 promises.
func plainDistance2(a, b []float32) float64 {
	var s [4]float64
	whole := len(a) / 4 * 4
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		if i < whole {
			s[i%4] += float64(d * d)
		} else {
			s[0] += float64(d * d)
		}
	}
	return (s[0] + s[1]) + (s[2] + s[3])
}

func TestDistance2(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		for _, d := range []int{1, 3, 4, 33, 63, 64, 65, 243} {
			for i, rows := range []*Rows{random(9, d, 1), coarse(9, d, 2)} {
				for r := range rows.N {
					if got, want := distance2(rows.Row(0), rows.Row(r)), plainDistance2(rows.Row(0), rows.Row(r)); got != want {
						t.Fatalf("%d values, table %d: %v, want %v", d, i, got, want)
					}
				}
			}
		}
	})
}

// eachLevel runs test at every level of kernels of this processor.
func eachLevel(t *testing.T, test func(t *testing.T)) {
	for _, l := range simd.Levels() {
		t.Run(l.String(), func(t *testing.T) {
			defer simd.Use(l)()
			test(t)
		})
	}
}

// hardTables are rows that a search may go wrong with: tied, there twice, of values
// of very different scales, far from the origin, too large for their squares, on few
// axes, and all the same.
func hardTables(n, d int) map[string]*Rows {
	tables := map[string]*Rows{"noise": random(n, d, 1), "ties": coarse(n/2, d, 2), "scales": random(n, d, 3), "alike": random(n, d, 4),
		"huge": random(n, d, 5), "large": random(n, d, 6), "flat": random(n, d, 7), "same": {N: n, D: d, Data: make([]float32, n*d)}, "outlier": random(n, d, 8)}
	for i := range n * d {
		if i%d >= d-33 {
			tables["scales"].Data[i] *= 200
		}
		tables["alike"].Data[i] = 5 + tables["alike"].Data[i]/(1<<20)
		tables["huge"].Data[i] *= 1e37
		tables["large"].Data[i] *= 1e16
		tables["flat"].Data[i] *= 1 / float32(1+10*(i%d))
		tables["same"].Data[i] = 3
	}
	tables["outlier"].Row(n / 2)[0] = 1e14
	tables["ties"].Append(tables["ties"])
	return tables
}

// hardQueries are far from the rows, near some, and equal to others.
func hardQueries(rows *Rows, n int) *Rows {
	q := random(n, rows.D, 9)
	for i := range q.N {
		for j := range q.Row(i) {
			switch i % 3 {
			case 1:
				q.Row(i)[j] = rows.Row(rows.N - 1 - i)[j] * (1 + q.Row(i)[j]/1000)
			case 2:
				q.Row(i)[j] = rows.Row(i)[j]
			}
		}
	}
	return q
}

// prepared returns the panels of a bank, which it makes use them from now on.
func prepared(b *Bank) *panels {
	_, p, err := b.ready(context.Background(), screenQueries)
	if err != nil {
		panic(err)
	}
	return p
}

// Whatever is passed over, hits are those of the plain search, bit for bit, at every
// level, in batches of any size and with any number of workers.
func TestNearestEqualsPlainSearch(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		for _, d := range []int{7, 33, 401} {
			if testing.Short() && d != 33 {
				continue
			}
			for name, rows := range hardTables(2*screenRows+15, d) {
				q := hardQueries(rows, screenQueries+9)
				var want [][]Hit
				for i := range q.N {
					want = append(want, plainSearch(rows, q.Row(i), rows.N))
				}
				for _, workers := range []int{1, 3} {
					bank, err := NewBank(rows, workers)
					if err != nil {
						t.Fatal(err)
					}
					if p := prepared(bank); p != nil && workers == 3 {
						p.dense.Store(true)
					}
					for _, k := range []int{1, 2, 3, guesses, guesses + 1, rows.N} {
						for _, batch := range []int{q.N, 7, 1} {
							if k > 3 && (batch == 1 || batch == 7 && k != guesses || testing.Short()) {
								continue
							}
							for lo := 0; lo < q.N; lo += batch {
								hi := min(lo+batch, q.N)
								hits, err := bank.Nearest(t.Context(), &Rows{N: hi - lo, D: d, Data: q.Data[lo*d : hi*d]}, k)
								if err != nil {
									t.Fatal(err)
								}
								for i := lo; i < hi; i++ {
									if got := hits[(i-lo)*k : (i-lo+1)*k]; !slices.Equal(got, want[i][:k]) {
										t.Fatalf("%s, %d values, query %d in a batch of %d, k %d: %v, want %v", name, d, i, batch, k, got, want[i][:k])
									}
								}
							}
						}
					}
				}
			}
		}
	})
}

// What the tables above are meant to try is tried.
func TestScreens(t *testing.T) {
	const d = 199
	for name, rows := range hardTables(2*screenRows+15, d) {
		s, err := newPanels(t.Context(), rows, 1)
		if err != nil {
			t.Fatal(err)
		}
		if name == "large" || name == "huge" {
			if s != nil {
				t.Errorf("%s: rows whose squares overflow are screened", name)
			}
			continue
		}
		if s == nil {
			t.Fatalf("%s: no screen", name)
		}
		if want := !s.dense.Load(); want != (s.m <= maxAxes) {
			t.Errorf("%s: boxes of %d coordinates", name, s.sides)
		}
		few := name == "flat" || name == "scales" || name == "outlier"
		if blocks := name == "ties"; blocks && (s.axes == nil || s.m <= maxAxes) || !blocks && few != (s.axes != nil) || few && s.m >= d/2 {
			t.Errorf("%s: %d coordinates", name, s.m)
		}
		// The bounds hold, and are not idle.
		q := hardQueries(rows, queryChunk)
		c := newCoordinates(s.screen, q.N)
		c.compute(q, 0, q.N)
		above := c.above
		var g *stepped
		if want := s.m > maxAxes && name != "same"; (s.steps != nil) != want {
			t.Errorf("%s: %d coordinates in steps: %v, want %v", name, s.m, s.steps != nil, want)
		}
		if s.steps != nil {
			g = newStepped(s.steps, wholeBlocks(q.N))
			g.compute(c, q.N)
			above = func(i int, limit float64) float32 { return g.above(c, i, limit) }
		}
		for i := range q.N {
			for at, r := range s.ids {
				value := 0.0
				if g != nil {
					value = float64(g.start[at/simd.PanelRows][at%simd.PanelRows])
					for j := range 4 * g.groups {
						value += float64(g.data[4*g.groups*i+j]) * float64(g.panel(at / simd.PanelRows)[4*(simd.PanelRows*(j/4)+at%simd.PanelRows)+j%4])
					}
				} else {
					for j, v := range c.row(i) {
						value += float64(v) * float64(s.panel(at / simd.PanelRows)[j*simd.PanelRows+at%simd.PanelRows])
					}
				}
				box := float32(0)
				for j := range c.row(i)[:s.sides] {
					v, b := c.row(i)[j], j*s.boxes+at/simd.PanelRows
					box += max(s.lo[b]-v, v-s.hi[b], 0) * max(s.lo[b]-v, v-s.hi[b], 0)
				}
				if dist2 := distance2(q.Row(i), rows.Row(int(r))); box > c.beyond(i, dist2) {
					t.Fatalf("%s: row %d at %v from query %d is in a box at %v, the bound is %v", name, r, dist2, i, box, c.beyond(i, dist2))
				}
				if dist2 := distance2(q.Row(i), rows.Row(int(r))); value < float64(above(i, dist2)) {
					t.Fatalf("%s: row %d at %v from query %d has the value %v, the bound is %v", name, r, dist2, i, value, above(i, dist2))
				}
			}
		}
	}
}

// A search that ended while it prepared the bank leaves it as it was.
func TestCancelledPreparation(t *testing.T) {
	rows := random(2*screenRows, 40, 1)
	bank, err := NewBank(rows, 2)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := bank.Nearest(ctx, rows, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	hits, err := bank.Nearest(t.Context(), rows, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i, h := range hits {
		if h != (Hit{int32(i), 0}) {
			t.Fatalf("row %d finds %+v", i, h)
		}
	}
}

// BenchmarkNearestLong takes rows without structure, the worst case, and rows
// that join two descriptors of different scales, as BTF does.
func BenchmarkNearestLong(b *testing.B) {
	noise, joined := sparse(1881+784, 1569), sparse(1881+784, 1569)
	for i := range joined.Data {
		if i%1569 >= 1536 {
			joined.Data[i] *= 100
		}
	}
	for name, rows := range map[string]*Rows{"noise": noise, "joined": joined} {
		bank, err := NewBank(&Rows{N: 1881, D: 1569, Data: rows.Data[:1881*1569]}, 1)
		if err != nil {
			b.Fatal(err)
		}
		q := &Rows{N: 784, D: 1569, Data: rows.Data[1881*1569:]}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := bank.Nearest(b.Context(), q, 1); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
