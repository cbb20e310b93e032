package pointcloud

import (
	"math"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/internal/portable"
)

// Here and wherever a product feeds a sum it is converted, which forbids a fused
// multiply-add: every processor gets the same bits.

// symmetric3 is a symmetric 3×3 matrix.
type symmetric3 struct{ xx, xy, xz, yy, yz, zz float64 }

func (m *symmetric3) mul(v r3.Vector) r3.Vector {
	return r3.Vector{
		X: float64(m.xx*v.X) + float64(m.xy*v.Y) + float64(m.xz*v.Z),
		Y: float64(m.xy*v.X) + float64(m.yy*v.Y) + float64(m.yz*v.Z),
		Z: float64(m.xz*v.X) + float64(m.yz*v.Y) + float64(m.zz*v.Z),
	}
}

// smallestEigenvector returns a unit eigenvector of the smallest eigenvalue by
// the closed form of D. Eberly, "A Robust Eigensolver for 3×3 Symmetric
// Matrices". The order of operations is that of Open3D 0.16, so that the sign,
// which the construction leaves to chance, comes out the same: BTF never
// orients its normals, and the sign pattern is part of its descriptor.
// The zero matrix gives the zero vector.
func (m symmetric3) smallestEigenvector() r3.Vector {
	scale := max(m.xx, m.xy, m.xz, m.yy, m.yz, m.zz) // signed, as the reference does
	if scale == 0 {
		return r3.Vector{}
	}
	a := symmetric3{m.xx / scale, m.xy / scale, m.xz / scale, m.yy / scale, m.yz / scale, m.zz / scale}
	off := float64(a.xy*a.xy) + float64(a.xz*a.xz) + float64(a.yz*a.yz)
	if !(off > 0) { // diagonal: the axis of the strictly smallest entry, else z
		switch {
		case a.xx < a.yy && a.xx < a.zz:
			return r3.Vector{X: 1}
		case a.yy < a.xx && a.yy < a.zz:
			return r3.Vector{Y: 1}
		}
		return r3.Vector{Z: 1}
	}

	q := (a.xx + a.yy + a.zz) / 3
	b := symmetric3{a.xx - q, a.xy, a.xz, a.yy - q, a.yz, a.zz - q}
	p := math.Sqrt((float64(b.xx*b.xx) + float64(b.yy*b.yy) + float64(b.zz*b.zz) + float64(off*2)) / 6)
	c0 := float64(b.yy*b.zz) - float64(a.yz*a.yz)
	c1 := float64(a.xy*b.zz) - float64(a.yz*a.xz)
	c2 := float64(a.xy*a.yz) - float64(b.yy*a.xz)
	det := (float64(b.xx*c0) - float64(a.xy*c1) + float64(a.xz*c2)) / (p * p * p)
	half := min(max(det*0.5, -1), 1)
	angle := portable.Acos(half) / 3
	beta2 := portable.Cos(angle) * 2
	beta0 := portable.Cos(angle+2*math.Pi/3) * 2
	beta1 := -(beta0 + beta2)
	e0, e1, e2 := q+float64(p*beta0), q+float64(p*beta1), q+float64(p*beta2)

	if half >= 0 { // e2 stands apart from the others: solve for it first
		v2 := a.separateEigenvector(e2)
		if e2 < e0 && e2 < e1 {
			return v2
		}
		v1 := a.middleEigenvector(v2, e1)
		if e1 < e0 && e1 < e2 {
			return v1
		}
		return v1.Cross(v2)
	}
	v0 := a.separateEigenvector(e0)
	if e0 < e1 && e0 < e2 {
		return v0
	}
	v1 := a.middleEigenvector(v0, e1)
	if e1 < e0 && e1 < e2 {
		return v1
	}
	return v0.Cross(v1)
}

// separateEigenvector returns the eigenvector of a simple eigenvalue: the
// largest cross product of two rows of a − e·1.
func (m *symmetric3) separateEigenvector(e float64) r3.Vector {
	r0 := r3.Vector{X: m.xx - e, Y: m.xy, Z: m.xz}
	r1 := r3.Vector{X: m.xy, Y: m.yy - e, Z: m.yz}
	r2 := r3.Vector{X: m.xz, Y: m.yz, Z: m.zz - e}
	best := r0.Cross(r1)
	norm2 := best.Norm2()
	for _, c := range [2]r3.Vector{r0.Cross(r2), r1.Cross(r2)} {
		if n := c.Norm2(); n > norm2 {
			best, norm2 = c, n
		}
	}
	n := math.Sqrt(norm2)
	return r3.Vector{X: best.X / n, Y: best.Y / n, Z: best.Z / n}
}

// middleEigenvector returns the eigenvector of e in the plane orthogonal to the
// eigenvector v.
func (m *symmetric3) middleEigenvector(v r3.Vector, e float64) r3.Vector {
	var u r3.Vector
	if math.Abs(v.X) > math.Abs(v.Y) {
		inv := 1 / math.Sqrt(float64(v.X*v.X)+float64(v.Z*v.Z))
		u = r3.Vector{X: -v.Z * inv, Z: v.X * inv}
	} else {
		inv := 1 / math.Sqrt(float64(v.Y*v.Y)+float64(v.Z*v.Z))
		u = r3.Vector{Y: v.Z * inv, Z: -v.Y * inv}
	}
	w := v.Cross(u)
	mu, mw := m.mul(u), m.mul(w)
	m00, m01, m11 := u.Dot(mu)-e, u.Dot(mw), w.Dot(mw)-e
	a00, a01, a11 := math.Abs(m00), math.Abs(m01), math.Abs(m11)
	if a00 >= a11 {
		if max(a00, a01) == 0 {
			return u
		}
		c, s := kernel(m00, m01, a00 >= a01)
		return difference(s, u, c, w)
	}
	if max(a11, a01) == 0 {
		return u
	}
	c, s := kernel(m11, m01, a11 >= a01)
	return difference(c, u, s, w)
}

// difference returns a·u − b·w.
func difference(a float64, u r3.Vector, b float64, w r3.Vector) r3.Vector {
	return r3.Vector{
		X: float64(a*u.X) - float64(b*w.X),
		Y: float64(a*u.Y) - float64(b*w.Y),
		Z: float64(a*u.Z) - float64(b*w.Z),
	}
}

// kernel scales (diag, off) to unit length, dividing by the larger first.
func kernel(diag, off float64, diagLarger bool) (d, o float64) {
	if diagLarger {
		o = off / diag
		d = 1 / math.Sqrt(1+float64(o*o))
		return d, o * d
	}
	d = diag / off
	o = 1 / math.Sqrt(1+float64(d*d))
	return d * o, o
}
