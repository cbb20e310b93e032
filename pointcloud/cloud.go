// Package pointcloud holds the cloud every descriptor starts from and the
// geometry that is computed on it: neighbour search, normals, plane and
// clusters.
//
// Storage is flat. Coordinates are float32, as sensors write them; arithmetic
// is float64, so that results agree with the reference programs to the last
// bits that matter. Single points cross the API as [r3.Vector].
package pointcloud

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/golang/geo/r1"
	"github.com/golang/geo/r3"
)

// Unit is the length unit of a cloud's coordinates.
type Unit uint8

const (
	Metre Unit = iota // the zero value: what the data sets of the field use
	Millimetre
)

// Metres returns the length of one unit in metres.
func (u Unit) Metres() float64 {
	if u == Millimetre {
		return 1e-3
	}
	return 1
}

func (u Unit) String() string {
	if u == Millimetre {
		return "mm"
	}
	return "m"
}

// Cloud is a set of points, organised when it has a width and a height.
// All slices are indexed by point; point i of an organised cloud is pixel
// (i/Width, i%Width), row-major.
type Cloud struct {
	XYZ []float32 // 3·N: x, y, z of point i at 3i
	// Normals is nil or 3·N unit vectors. They are float64 although points are
	// float32: FPFH's bin edges and the choice of a pair's source turn on the
	// last bits of a normal, and agreement with Open3D needs them.
	Normals       []float64
	RGB           []uint8 // nil or 3·N
	Width, Height int     // organised: N = Width·Height; both 0 when unorganised
	Valid         []bool  // nil: all valid. A missing pixel is false, whatever its source wrote
	Unit          Unit
	// Offset is what was taken off every point so that float32 is enough: point i
	// lies at Offset + XYZ[i], in Unit. It is zero unless the cloud was read from
	// float64 or decimal coordinates far from the origin, see [OffsetFor]. Geometry
	// is computed on XYZ alone; files are written with the offset added.
	Offset r3.Vector
	Fields []Field // further values per point, each of length N; nil when there are none
}

// ErrShape is returned (wrapped) by Check for slices that do not fit together.
var ErrShape = errors.New("pointcloud: inconsistent cloud")

// Len returns the number of points, invalid ones included.
func (c *Cloud) Len() int { return len(c.XYZ) / 3 }

// Organised reports whether the points form a Width×Height raster.
func (c *Cloud) Organised() bool { return c.Width > 0 && c.Height > 0 }

// At returns point i, without the Offset.
func (c *Cloud) At(i int) r3.Vector {
	p := c.XYZ[3*i : 3*i+3 : 3*i+3]
	return r3.Vector{X: float64(p[0]), Y: float64(p[1]), Z: float64(p[2])}
}

// Normal returns the normal of point i; Normals must not be nil.
func (c *Cloud) Normal(i int) r3.Vector {
	n := c.Normals[3*i : 3*i+3 : 3*i+3]
	return r3.Vector{X: n[0], Y: n[1], Z: n[2]}
}

// IsValid reports whether point i was measured.
func (c *Cloud) IsValid(i int) bool { return c.Valid == nil || c.Valid[i] }

// CountValid returns the number of measured points.
func (c *Cloud) CountValid() int {
	if c.Valid == nil {
		return c.Len()
	}
	n := 0
	for _, v := range c.Valid {
		n += one(v)
	}
	return n
}

// one is 1 for true, without a branch.
func one(v bool) int {
	if v {
		return 1
	}
	return 0
}

// ValidIndices returns the indices of the measured points, ascending.
func (c *Cloud) ValidIndices() []int32 {
	n := c.CountValid()
	idx := make([]int32, n+1) // one to write in vain
	if c.Valid == nil {
		for i := range idx {
			idx[i] = int32(i)
		}
		return idx[:n:n]
	}
	next := 0
	for i, v := range c.Valid {
		idx[next] = int32(i)
		next += one(v)
	}
	return idx[:n:n]
}

// maxPoints keeps 3·i within an int32.
const maxPoints = math.MaxInt32 / 3

// Check returns an error wrapping ErrShape when the slices do not fit together
// or a point counted as valid is not finite.
func (c *Cloud) Check() error {
	n := c.Len()
	switch {
	case len(c.XYZ)%3 != 0:
		return fmt.Errorf("%w: %d coordinates, not a multiple of 3", ErrShape, len(c.XYZ))
	case n > maxPoints:
		return fmt.Errorf("%w: %d points, at most %d can be indexed", ErrShape, n, maxPoints)
	case c.Normals != nil && len(c.Normals) != 3*n:
		return fmt.Errorf("%w: %d normal components for %d points", ErrShape, len(c.Normals), n)
	case c.RGB != nil && len(c.RGB) != 3*n:
		return fmt.Errorf("%w: %d colour components for %d points", ErrShape, len(c.RGB), n)
	case c.Valid != nil && len(c.Valid) != n:
		return fmt.Errorf("%w: %d validity flags for %d points", ErrShape, len(c.Valid), n)
	case c.Offset.Sub(c.Offset) != (r3.Vector{}): // NaN − NaN and Inf − Inf are NaN
		return fmt.Errorf("%w: offset %v is not finite", ErrShape, c.Offset)
	case (c.Width != 0 || c.Height != 0) && (c.Width <= 0 || c.Height <= 0 || n%c.Width != 0 || n/c.Width != c.Height):
		return fmt.Errorf("%w: %d×%d pixels for %d points", ErrShape, c.Width, c.Height, n)
	}
	for _, f := range c.Fields {
		if len(f.Values) != n {
			return fmt.Errorf("%w: %d values of field %q for %d points", ErrShape, len(f.Values), f.Name, n)
		}
	}
	if allFinite(c.XYZ) {
		return nil
	}
	for i := range n {
		if c.IsValid(i) && !finite(c.XYZ[3*i:3*i+3]) {
			return fmt.Errorf("%w: point %d is not finite but counts as valid", ErrShape, i)
		}
	}
	return nil
}

// allFinite reports whether no value is NaN or infinite, by sums that are 0 then.
func allFinite(v []float32) bool {
	var a, b, c, d float32
	for ; len(v) >= 4; v = v[4:] {
		a += v[0] - v[0]
		b += v[1] - v[1]
		c += v[2] - v[2]
		d += v[3] - v[3]
	}
	for _, x := range v {
		a += x - x
	}
	return a+b+c+d == 0
}

// Missing says which points a source left out.
type Missing struct {
	// AnyZero also drops points with a single coordinate equal to 0, as BTF's
	// program does; without it only (0,0,0) marks a missing pixel.
	AnyZero bool
	// Range drops points whose z lies outside; the zero Interval keeps all.
	Range r1.Interval
}

// MarkMissing sets Valid from the coordinates: a point is missing when a
// coordinate is NaN or infinite, or by the rules of m. Points already invalid
// stay so. It returns the number of valid points.
func (c *Cloud) MarkMissing(m Missing) int {
	n := c.Len()
	if c.Valid == nil {
		c.Valid = slices.Repeat([]bool{true}, n)
	}
	bounded := m.Range != (r1.Interval{})
	valid := 0
	for i := range n {
		p := (*[3]float32)(c.XYZ[3*i:])
		const sign, infinite = 1 << 31, 0x7f80_0000
		x, y, z := math.Float32bits(p[0])&^sign, math.Float32bits(p[1])&^sign, math.Float32bits(p[2])&^sign
		some := x | y | z
		if m.AnyZero {
			some = min(x, y, z)
		}
		keep := one(c.Valid[i]) & one(some != 0) & one(max(x, y, z) < infinite)
		if bounded && !m.Range.Contains(float64(p[2])) {
			keep = 0
		}
		c.Valid[i] = keep != 0
		valid += keep
	}
	return valid
}

// Clone returns a deep copy.
func (c *Cloud) Clone() *Cloud {
	d := *c
	d.XYZ = slices.Clone(c.XYZ)
	d.Normals = slices.Clone(c.Normals)
	d.RGB = slices.Clone(c.RGB)
	d.Valid = slices.Clone(c.Valid)
	d.Fields = slices.Clone(c.Fields)
	for i := range d.Fields {
		d.Fields[i].Values = slices.Clone(d.Fields[i].Values)
	}
	return &d
}

// Bounds returns the corners of the axis-aligned box around the valid points,
// without the Offset; ok is false when there are none.
func (c *Cloud) Bounds() (lo, hi r3.Vector, ok bool) {
	inf := math.Inf(1)
	lo, hi = r3.Vector{X: inf, Y: inf, Z: inf}, r3.Vector{X: -inf, Y: -inf, Z: -inf}
	for i := range c.Len() {
		if !c.IsValid(i) {
			continue
		}
		p := c.At(i)
		lo = r3.Vector{X: min(lo.X, p.X), Y: min(lo.Y, p.Y), Z: min(lo.Z, p.Z)}
		hi = r3.Vector{X: max(hi.X, p.X), Y: max(hi.Y, p.Y), Z: max(hi.Z, p.Z)}
		ok = true
	}
	return lo, hi, ok
}

// finite reports whether no coordinate is NaN or infinite (x−x is 0 only then).
func finite(p []float32) bool { return p[0]-p[0] == 0 && p[1]-p[1] == 0 && p[2]-p[2] == 0 }
