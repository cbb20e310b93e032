package pointcloud

import (
	"math/rand/v2"
	"testing"
)

func BenchmarkRank(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	const n, sets = 112, 256
	var d [sets][]float64
	var id [sets][]int32
	for s := range sets {
		for i := range n {
			d[s] = append(d[s], r.Float64())
			id[s] = append(id[s], int32(i*7))
		}
	}
	var rk ranker
	var out []int32
	for b.Loop() {
		for s := range sets {
			rk.rank(out[:0], d[s], id[s], 1, 100)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/sets, "ns/query")
}
