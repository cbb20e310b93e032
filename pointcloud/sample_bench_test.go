package pointcloud

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
)

// scatter is n points at random on a wavy surface, 1 wide, in no order.
func scatter(n int) *Cloud {
	r := rand.New(rand.NewPCG(4, 2))
	c := &Cloud{XYZ: make([]float32, 0, 3*n)}
	for range n {
		x, y := r.Float64(), r.Float64()
		c.XYZ = append(c.XYZ, float32(x), float32(y), float32(0.1*math.Sin(9*x)*math.Cos(7*y)))
	}
	return c
}

var benchSizes = []int{100_000, 1_000_000, 5_000_000}

// memory reports how much more of the heap is in use after fn than before, by
// what fn returned.
func memory(b *testing.B, points int, fn func() any) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	keep := fn()
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(points), "B/point-kept")
	runtime.KeepAlive(keep)
}

func BenchmarkLargeTree(b *testing.B) {
	for _, n := range benchSizes {
		c := scatter(n)
		b.Run(fmt.Sprint("points=", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				NewTree(c)
			}
			perPoint(b, c)
			memory(b, n, func() any { return NewTree(c) })
		})
	}
}

func BenchmarkVoxelDown(b *testing.B) {
	for _, n := range benchSizes {
		c := scatter(n)
		b.Run(fmt.Sprint("points=", n), func(b *testing.B) {
			b.ReportAllocs()
			left := 0
			for b.Loop() {
				v, err := VoxelDown(b.Context(), c, VoxelOptions{Size: 0.005})
				if err != nil {
					b.Fatal(err)
				}
				left = v.Cloud.Len()
			}
			perPoint(b, c)
			b.ReportMetric(float64(left), "voxels")
		})
	}
}

func BenchmarkFarthest(b *testing.B) {
	for _, n := range benchSizes {
		c := scatter(n)
		tree := NewTree(c)
		for _, centres := range []int{2000, 20_000} {
			b.Run(fmt.Sprintf("points=%d/centres=%d", n, centres), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, _, err := tree.Farthest(b.Context(), centres, -1); err != nil {
						b.Fatal(err)
					}
				}
				perPoint(b, c)
			})
		}
	}
}

func BenchmarkFarthestBrute(b *testing.B) {
	c := scatter(100_000)
	for b.Loop() {
		farthestBrute(c, 2000, -1)
	}
	perPoint(b, c)
}

func BenchmarkInterpolate(b *testing.B) {
	for _, n := range benchSizes {
		c := scatter(n)
		idx := make([]int32, 20_000)
		for i := range idx {
			idx[i] = int32(i)
		}
		tree, values := NewTree(c.Select(idx)), make([]float64, len(idx))
		b.Run(fmt.Sprint("points=", n), func(b *testing.B) {
			for b.Loop() {
				if _, err := Interpolate(b.Context(), tree, values, c, 3, 0); err != nil {
					b.Fatal(err)
				}
			}
			perPoint(b, c)
		})
	}
}

func BenchmarkPoolMean(b *testing.B) {
	const dim = 33
	c := scatter(100_000)
	tree, rows := NewTree(c), make([]float32, dim*c.Len())
	at, _, err := tree.Farthest(b.Context(), 5000, -1)
	if err != nil {
		b.Fatal(err)
	}
	centres := c.Select(at)
	for b.Loop() {
		if _, err := PoolMean(b.Context(), tree, rows, dim, centres, 32, 0); err != nil {
			b.Fatal(err)
		}
	}
	perPoint(b, centres)
}
