package iad3d

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/iad3d/iad3d/fpfh"
	"github.com/iad3d/iad3d/pointcloud"
)

// TestMirrored: the mirrored descriptors are those of the other side of the
// surface.
func TestMirrored(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	c := &pointcloud.Cloud{}
	for range 600 {
		x, y := rng.Float64(), rng.Float64()
		c.XYZ = append(c.XYZ, float32(x), float32(y), float32(0.2*math.Sin(5*x)*math.Cos(4*y)+0.3*x*x))
	}
	n, err := pointcloud.EstimateNormals(t.Context(), c, pointcloud.NormalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c.Normals = n
	o := fpfh.Options{Search: pointcloud.Search{K: 40}}
	a, err := fpfh.Compute(t.Context(), c, o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		n[i] = -n[i]
	}
	b, err := fpfh.Compute(t.Context(), c, o)
	if err != nil {
		t.Fatal(err)
	}
	// A pair whose angle θ is ±π counts for the first bin on one side and for the
	// last on the other, and where both normals make one angle with the line
	// between the points rounding chooses the source.
	const few = 0.005
	sum, off := 0.0, 0.0
	for i := range c.Len() {
		for k, v := range mirrored(a[33*i : 33*i+33]) {
			sum += float64(v)
			off += math.Abs(float64(v) - float64(b[33*i+k]))
		}
	}
	if t.Logf("%.4f of the mass differs", off/sum); off > few*sum {
		t.Errorf("%v of %v differs", off, sum)
	}
}
