package pointcloud

import (
	"math"

	"github.com/golang/geo/r3"
)

// PlaneRMS returns the standard deviation of the listed points of c from the
// plane fitted to them by total least squares, in c's unit: Σd²/(n−3), for the
// plane takes three degrees of freedom. 0 for fewer than four points.
func PlaneRMS(c *Cloud, points []Neighbor) float64 {
	n := len(points)
	if n < 4 {
		return 0
	}
	var mean r3.Vector
	for _, p := range points {
		mean = mean.Add(c.At(int(p.Index)))
	}
	mean = r3.Vector{X: mean.X / float64(n), Y: mean.Y / float64(n), Z: mean.Z / float64(n)}
	var m symmetric3
	for _, p := range points {
		d := c.At(int(p.Index)).Sub(mean)
		m.xx += float64(d.X * d.X)
		m.xy += float64(d.X * d.Y)
		m.xz += float64(d.X * d.Z)
		m.yy += float64(d.Y * d.Y)
		m.yz += float64(d.Y * d.Z)
		m.zz += float64(d.Z * d.Z)
	}
	normal := m.smallestEigenvector()
	sum := 0.0
	for _, p := range points {
		d := normal.Dot(c.At(int(p.Index)).Sub(mean))
		sum += float64(d * d)
	}
	return math.Sqrt(sum / float64(n-3))
}
