package pointcloud

import (
	"math"

	"github.com/golang/geo/r3"
)

// farRatio is how many times its extent a cloud may lie from the origin before
// it gets an Offset. Float32 rounds a coordinate by up to 2⁻²⁴ of its size, so
// without one up to 2⁻²⁰, a millionth of the extent, is lost.
const farRatio = 16

// Far reports whether float32 coordinates of points within the box would be
// rounded by more than about a millionth (2⁻²⁰) of its longest side: whether its
// farthest coordinate is more than 16 times that side.
func Far(lo, hi r3.Vector) bool {
	extent := max(hi.X-lo.X, hi.Y-lo.Y, hi.Z-lo.Z)
	far := max(math.Abs(lo.X), math.Abs(lo.Y), math.Abs(lo.Z), math.Abs(hi.X), math.Abs(hi.Y), math.Abs(hi.Z))
	return far > farRatio*extent && !math.IsInf(far, 0)
}

// OffsetFor returns the Offset that readers give a cloud within the box: zero
// unless [Far], else per axis the multiple nearest to the middle of the smallest
// power of 2 that is not below the longest side. Coordinates less the offset are
// then at most that power of 2, and float32 rounds them by at most 2⁻²⁴ of the
// longest side; of a box without extent the offset is its point.
func OffsetFor(lo, hi r3.Vector) r3.Vector {
	if !Far(lo, hi) {
		return r3.Vector{}
	}
	extent := max(hi.X-lo.X, hi.Y-lo.Y, hi.Z-lo.Z)
	fraction, exp := math.Frexp(extent)
	if fraction == 0.5 { // a power of 2 itself
		exp--
	}
	step := math.Ldexp(1, exp)
	middle := func(a, b float64) float64 {
		m := float64(a/2) + float64(b/2)
		if steps := math.RoundToEven(m / step); extent > 0 && math.Abs(steps) < 1<<53 {
			return steps * step
		}
		return m
	}
	return r3.Vector{X: middle(lo.X, hi.X), Y: middle(lo.Y, hi.Y), Z: middle(lo.Z, hi.Z)}
}

// Absolute returns point i with the Offset added.
func (c *Cloud) Absolute(i int) r3.Vector { return c.At(i).Add(c.Offset) }

// Field is a value per point, such as a score or an intensity.
type Field struct {
	Name   string
	Values []float32 // N
}

// Field returns the values of the field of that name; nil when there is none.
func (c *Cloud) Field(name string) []float32 {
	for _, f := range c.Fields {
		if f.Name == name {
			return f.Values
		}
	}
	return nil
}

// Rescale turns the coordinates and the Offset into another unit, which rounds
// coordinates to float32 once more. Normals and fields stay.
func (c *Cloud) Rescale(u Unit) {
	if u == c.Unit {
		return
	}
	factor := 1000.0
	if u == Metre {
		for i, v := range c.XYZ {
			c.XYZ[i] = float32(float64(v) / factor)
		}
		c.Offset = r3.Vector{X: c.Offset.X / factor, Y: c.Offset.Y / factor, Z: c.Offset.Z / factor}
	} else {
		for i, v := range c.XYZ {
			c.XYZ[i] = float32(float64(v) * factor)
		}
		c.Offset = c.Offset.Mul(factor)
	}
	c.Unit = u
}
