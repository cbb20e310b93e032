package memory

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// parts returns rows like the descriptors of a scanned part: 30 surfaces of four
// dimensions in space, with noise.
func parts(n, d int, seed uint64) *Rows {
	const surfaces, dims = 30, 4
	frame := random(surfaces*(dims+1), d, 1)
	r := rand.New(rand.NewPCG(seed, 2))
	rows := &Rows{N: n, D: d, Data: make([]float32, n*d)}
	for i := range n {
		f := r.IntN(surfaces) * (dims + 1)
		var u [dims]float32
		for k := range u {
			u[k] = float32(r.NormFloat64())
		}
		row := rows.Row(i)
		for j := range row {
			v := 3 * frame.Row(f)[j]
			for k, w := range u {
				v += w * frame.Row(f + 1 + k)[j]
			}
			row[j] = v + float32(0.05*r.NormFloat64())
		}
	}
	return rows
}

// BenchmarkNearestCurve is the cost of 784 queries, three neighbours each, against the
// rows of the bank; BenchmarkGreedyCurve that of selecting a tenth of the rows: the
// curves of docs/performance.md.
func BenchmarkNearestCurve(b *testing.B) {
	for _, d := range []int{33, 300} {
		for _, n := range []int{1000, 5000, 20_000, 100_000, 500_000} {
			b.Run(fmt.Sprintf("values=%d/rows=%d", d, n), func(b *testing.B) {
				bank, err := NewBank(parts(n, d, 1), 1)
				if err != nil {
					b.Fatal(err)
				}
				q := parts(784, d, 2)
				first := cpuTime() // it prepares the bank
				if _, err := bank.Nearest(b.Context(), q, 3); err != nil {
					b.Fatal(err)
				}
				first = cpuTime() - first
				used := cpuTime()
				for b.Loop() {
					if _, err := bank.Nearest(b.Context(), q, 3); err != nil {
						b.Fatal(err)
					}
				}
				used = cpuTime() - used
				b.ReportMetric(used.Seconds()*1e3/float64(b.N), "cpu-ms/784")
				b.ReportMetric(first.Seconds()*1e3, "cpu-ms/first")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

func BenchmarkGreedyCurve(b *testing.B) {
	for _, d := range []int{33, 300} {
		for _, n := range []int{5000, 20_000, 100_000, 200_000} {
			b.Run(fmt.Sprintf("values=%d/rows=%d", d, n), func(b *testing.B) {
				rows := parts(n, d, 1)
				used := cpuTime()
				for b.Loop() {
					if _, err := Greedy(b.Context(), rows, n/10, 1); err != nil {
						b.Fatal(err)
					}
				}
				used = cpuTime() - used
				b.ReportMetric(used.Seconds()*1e3/float64(b.N), "cpu-ms")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
