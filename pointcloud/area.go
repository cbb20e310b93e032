package pointcloud

import (
	"math"
	"slices"

	"github.com/golang/geo/r3"
)

// PixelAreas returns the surface that each pixel of an organised cloud shows, in
// square metres whatever the cloud's unit: that of the triangles between it and
// its valid neighbours, a third of each. The sum over the cloud is the area of
// the triangle mesh; on a plane seen at right angles a pixel inside has its cell.
// A pixel at the edge of the measured surface has less, one without a triangle 0.
//
// Triangles with an edge longer than maxEdge metres, which bridge a step in depth
// instead of lying on a surface, are left out; 0 means ten times the median
// distance of horizontal neighbours. It panics when c is not organised.
func PixelAreas(c *Cloud, maxEdge float64) []float32 {
	if !c.Organised() || c.Width*c.Height != c.Len() {
		panic("pointcloud: PixelAreas of a cloud that is not organised")
	}
	unit := c.Unit.Metres()
	at := func(i int) r3.Vector { return c.At(i).Mul(unit) }
	if maxEdge <= 0 {
		maxEdge = 10 * medianStep(c, at)
	}
	area := make([]float64, c.Len())
	triangle := func(i, j, k int) {
		if !c.IsValid(i) || !c.IsValid(j) || !c.IsValid(k) {
			return
		}
		a, b, d := at(i), at(j), at(k)
		u, v := b.Sub(a), d.Sub(a)
		if max(u.Norm(), v.Norm(), v.Sub(u).Norm()) > maxEdge {
			return
		}
		share := u.Cross(v).Norm() / 6
		area[i] += share
		area[j] += share
		area[k] += share
	}
	for y := range c.Height - 1 {
		for x := range c.Width - 1 {
			i := y*c.Width + x
			right, below, across := i+1, i+c.Width, i+c.Width+1
			// The diagonal is right–below unless one of these is missing.
			if c.IsValid(right) && c.IsValid(below) {
				triangle(i, right, below)
				triangle(right, across, below)
			} else {
				triangle(i, right, across)
				triangle(i, across, below)
			}
		}
	}
	out := make([]float32, len(area))
	for i, a := range area {
		out[i] = float32(a)
	}
	return out
}

// medianStep is the median distance of horizontal neighbours that are both
// valid, infinite without any.
func medianStep(c *Cloud, at func(int) r3.Vector) float64 {
	var steps []float64
	for i := range c.Len() - 1 {
		if (i+1)%c.Width != 0 && c.IsValid(i) && c.IsValid(i+1) {
			steps = append(steps, at(i).Distance(at(i+1)))
		}
	}
	if len(steps) == 0 {
		return math.Inf(1)
	}
	slices.Sort(steps)
	return steps[len(steps)/2]
}
