package pointcloud

import (
	"fmt"
	"math"
	"slices"

	"github.com/golang/geo/r3"
	"github.com/golang/geo/s1"

	"github.com/iad3d/iad3d/internal/portable"
)

// Rigid is a motion of space that keeps all lengths and handedness:
// p ↦ R·p + T. The zero value is no motion at all; start from [Identity].
type Rigid struct {
	R [3]r3.Vector // the rows of a rotation matrix
	T r3.Vector
}

// Identity returns the motion that leaves everything where it is.
func Identity() Rigid { return Rigid{R: [3]r3.Vector{{X: 1}, {Y: 1}, {Z: 1}}} }

// FromQuaternion returns the rotation of the quaternion w + xi + yj + zk, which
// need not have length 1, and must not be 0, followed by the translation t.
func FromQuaternion(w, x, y, z float64, t r3.Vector) Rigid {
	n := math.Sqrt(float64(w*w) + float64(x*x) + float64(y*y) + float64(z*z))
	w, x, y, z = w/n, x/n, y/n, z/n
	xx, yy, zz := float64(x*x), float64(y*y), float64(z*z)
	xy, xz, yz := float64(x*y), float64(x*z), float64(y*z)
	wx, wy, wz := float64(w*x), float64(w*y), float64(w*z)
	return Rigid{T: t, R: [3]r3.Vector{
		{X: 1 - float64(2*(yy+zz)), Y: float64(2 * (xy - wz)), Z: float64(2 * (xz + wy))},
		{X: float64(2 * (xy + wz)), Y: 1 - float64(2*(xx+zz)), Z: float64(2 * (yz - wx))},
		{X: float64(2 * (xz - wy)), Y: float64(2 * (yz + wx)), Z: 1 - float64(2*(xx+yy))},
	}}
}

// Rotate returns R·v: what the motion makes of a direction.
func (g Rigid) Rotate(v r3.Vector) r3.Vector {
	return r3.Vector{X: g.R[0].Dot(v), Y: g.R[1].Dot(v), Z: g.R[2].Dot(v)}
}

// Apply returns R·p + T: where the motion takes a point.
func (g Rigid) Apply(p r3.Vector) r3.Vector { return g.Rotate(p).Add(g.T) }

// After returns the motion that does first h, then g.
func (g Rigid) After(h Rigid) Rigid {
	var out Rigid
	for i := range 3 {
		x, y, z := column(h, 0), column(h, 1), column(h, 2)
		out.R[i] = r3.Vector{X: g.R[i].Dot(x), Y: g.R[i].Dot(y), Z: g.R[i].Dot(z)}
	}
	out.T = g.Apply(h.T)
	return out
}

func column(g Rigid, j int) r3.Vector {
	switch j {
	case 0:
		return r3.Vector{X: g.R[0].X, Y: g.R[1].X, Z: g.R[2].X}
	case 1:
		return r3.Vector{X: g.R[0].Y, Y: g.R[1].Y, Z: g.R[2].Y}
	}
	return r3.Vector{X: g.R[0].Z, Y: g.R[1].Z, Z: g.R[2].Z}
}

// Inverse returns the motion that undoes g.
func (g Rigid) Inverse() Rigid {
	inv := Rigid{R: [3]r3.Vector{column(g, 0), column(g, 1), column(g, 2)}}
	inv.T = inv.Rotate(g.T).Mul(-1)
	return inv
}

// Angle returns by how much g rotates, from 0 to π, about whatever axis. Small
// angles are exact to about 1e-16, which the arc cosine of the trace is not.
func (g Rigid) Angle() s1.Angle {
	axis := r3.Vector{X: g.R[2].Y - g.R[1].Z, Y: g.R[0].Z - g.R[2].X, Z: g.R[1].X - g.R[0].Y}
	return s1.Angle(portable.Atan2(axis.Norm(), g.R[0].X+g.R[1].Y+g.R[2].Z-1))
}

// rigidSlack is how far R·Rᵀ may be from the identity: products of a thousand
// rotations stay within, and so do matrices written with 7 digits.
const rigidSlack = 1e-5

// Check returns an error when g is no rigid motion: not finite, or R not a
// rotation to 1e-5, a mirror among them.
func (g Rigid) Check() error {
	for i := range 3 {
		for j := i; j < 3; j++ {
			want := 0.0
			if i == j {
				want = 1
			}
			if d := g.R[i].Dot(g.R[j]) - want; !(math.Abs(d) <= rigidSlack) {
				return fmt.Errorf("pointcloud: rows %d and %d of a rotation have product %g, want %g", i, j, d+want, want)
			}
		}
	}
	if g.R[0].Cross(g.R[1]).Dot(g.R[2]) < 0 {
		return fmt.Errorf("pointcloud: the matrix mirrors: its determinant is −1")
	}
	if t := g.T.X + g.T.Y + g.T.Z; t-t != 0 {
		return fmt.Errorf("pointcloud: translation %v is not finite", g.T)
	}
	return nil
}

// Moved returns a copy of c after the motion g: points moved, normals turned,
// all else as it was. Points that are not valid keep their coordinates, for
// these mark them as missing. Arithmetic is float64, rounded once to float32:
// far from the origin a coordinate is only as fine as float32 is there.
func (c *Cloud) Moved(g Rigid) *Cloud {
	d := c.Clone()
	for i := range c.Len() {
		if !c.IsValid(i) {
			continue
		}
		p := g.Apply(c.At(i))
		d.XYZ[3*i], d.XYZ[3*i+1], d.XYZ[3*i+2] = float32(p.X), float32(p.Y), float32(p.Z)
		if c.Normals != nil {
			n := g.Rotate(c.Normal(i))
			d.Normals[3*i], d.Normals[3*i+1], d.Normals[3*i+2] = n.X, n.Y, n.Z
		}
	}
	return d
}

// Select returns the listed points, in that order, as an unorganised cloud with
// their normals, colours and validity. It panics on an index out of range.
func (c *Cloud) Select(idx []int32) *Cloud {
	d := &Cloud{XYZ: make([]float32, 0, 3*len(idx)), Unit: c.Unit}
	if c.Normals != nil {
		d.Normals = make([]float64, 0, 3*len(idx))
	}
	if c.RGB != nil {
		d.RGB = make([]uint8, 0, 3*len(idx))
	}
	if c.Valid != nil {
		d.Valid = make([]bool, 0, len(idx))
	}
	for _, i := range idx {
		d.XYZ = append(d.XYZ, c.XYZ[3*i:3*i+3]...)
		if c.Normals != nil {
			d.Normals = append(d.Normals, c.Normals[3*i:3*i+3]...)
		}
		if c.RGB != nil {
			d.RGB = append(d.RGB, c.RGB[3*i:3*i+3]...)
		}
		if c.Valid != nil {
			d.Valid = append(d.Valid, c.Valid[i])
		}
	}
	if d.Valid != nil && !slices.Contains(d.Valid, false) {
		d.Valid = nil
	}
	return d
}

// In returns c with its coordinates in unit u: c itself when that is its unit,
// else a copy.
func (c *Cloud) In(u Unit) *Cloud {
	if c.Unit == u {
		return c
	}
	d := c.Clone()
	factor := c.Unit.Metres() / u.Metres()
	for i, v := range d.XYZ {
		d.XYZ[i] = float32(float64(v) * factor)
	}
	d.Unit = u
	return d
}
