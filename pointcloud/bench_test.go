package pointcloud

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// benchCloud is a domed part on a plane with sensor noise, side×side pixels,
// about 0.1 m wide.
func benchCloud(side int) *Cloud {
	r := rand.New(rand.NewPCG(9, 9))
	c := &Cloud{Width: side, Height: side}
	for y := range side {
		for x := range side {
			u, v := float64(x)/float64(side)-0.5, float64(y)/float64(side)-0.5
			z := 0.5 - 0.03*math.Sqrt(max(0, 0.09-u*u-v*v)) + 2e-5*r.NormFloat64()
			c.XYZ = append(c.XYZ, float32(0.1*u), float32(0.1*v), float32(z))
		}
	}
	return c
}

func perPoint(b *testing.B, c *Cloud) {
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(c.Len()), "µs/point")
}

func BenchmarkNewTree(b *testing.B) {
	c := benchCloud(224)
	for b.Loop() {
		NewTree(c)
	}
	perPoint(b, c)
}

func BenchmarkKNN(b *testing.B) {
	c := benchCloud(224)
	tree := NewTree(c)
	for _, k := range []int{1, 30, 100} {
		b.Run(fmt.Sprint("k=", k), func(b *testing.B) {
			var dst []Neighbor
			b.ReportAllocs()
			for b.Loop() {
				for _, i := range tree.Order() {
					dst = tree.KNN(c.At(int(i)), k, dst)
				}
			}
			perPoint(b, c)
		})
	}
}

func BenchmarkEstimateNormals(b *testing.B) {
	c := benchCloud(224)
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprint("workers=", workers), func(b *testing.B) {
			for b.Loop() {
				if _, err := EstimateNormals(b.Context(), c, NormalOptions{Workers: workers}); err != nil {
					b.Fatal(err)
				}
			}
			perPoint(b, c)
		})
	}
}
