package memory

import (
	"math"
	"slices"
	"testing"
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

func TestDistance2Below(t *testing.T) {
	for _, d := range []int{1, 3, 4, 33, 63, 64, 65, 128, 131, 200, 243} {
		for i, rows := range []*Rows{random(9, d, 1), coarse(9, d, 2)} {
			for r := 1; r < rows.N; r++ {
				a, b := rows.Row(0), rows.Row(r)
				want := plainDistance2(a, b)
				for _, limit := range []float64{math.Inf(1), math.Nextafter(want, math.Inf(1)), want, want / 3, 0} {
					got := distance2Below(a, b, limit)
					if want < limit && got != want || want >= limit && got < limit {
						t.Fatalf("%d values, table %d: %v below %v, the distance is %v", d, i, got, limit, want)
					}
				}
			}
		}
	}
}

// Whatever is passed over, hits are those of the plain search, bit for bit: with
// ties, with rows there twice, with values of very different scales, and with
// the best row at the end.
func TestNearestEqualsPlainSearch(t *testing.T) {
	for _, d := range []int{3 * witnesses, 401} {
		tables := map[string]*Rows{"noise": random(150, d, 1), "ties": coarse(150, d, 2), "scales": random(150, d, 3), "alike": random(150, d, 4), "huge": random(150, d, 5)}
		for i := range tables["scales"].Data {
			if i%d >= d-33 {
				tables["scales"].Data[i] *= 200
			}
			tables["alike"].Data[i] = 5 + tables["alike"].Data[i]/(1<<20)
			tables["huge"].Data[i] *= 1e37
		}
		tables["ties"].Append(tables["ties"])
		for name, rows := range tables {
			bank, err := NewBank(rows, 2)
			if err != nil {
				t.Fatal(err)
			}
			if bank.witness == nil {
				t.Fatalf("no witnesses in rows of %d values", d)
			}
			q := random(20, d, 6)
			for i := range q.N { // half of them near a row of the bank
				for j := range q.Row(i) {
					if i%2 == 0 {
						q.Row(i)[j] = rows.Row(rows.N - 1 - i)[j] * (1 + q.Row(i)[j]/1000)
					}
				}
			}
			q.Append(&Rows{N: 5, D: d, Data: rows.Data[:5*d]})
			for _, k := range []int{1, 2, 3, maxGuess, maxGuess + 1, rows.N} {
				hits, err := bank.Nearest(t.Context(), q, k)
				if err != nil {
					t.Fatal(err)
				}
				for i := range q.N {
					if want := plainSearch(rows, q.Row(i), k); !slices.Equal(hits[i*k:(i+1)*k], want) {
						t.Fatalf("%s, %d values, query %d, k %d: %v, want %v", name, d, i, k, hits[i*k:(i+1)*k], want)
					}
				}
			}
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
