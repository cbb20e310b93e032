package fpfh

import (
	"fmt"
	"testing"
)

// BenchmarkCurve is the cost of normals and FPFH, from 30 and 100 neighbours, against
// the size of a scan: the curve of docs/performance.md.
func BenchmarkCurve(b *testing.B) {
	for _, side := range []int{100, 200, 400, 700, 1000, 1414} {
		b.Run(fmt.Sprintf("pixels=%d", side*side), func(b *testing.B) {
			c := sheet(b, side)
			used := cpuTime()
			for b.Loop() {
				describeScan(b, c, 1)
			}
			used = cpuTime() - used
			b.ReportMetric(used.Seconds()*1e6/float64(b.N)/float64(c.CountValid()), "cpu-µs/point")
			b.ReportMetric(0, "ns/op")
		})
	}
}
