package synth

import (
	"math"

	"github.com/golang/geo/r3"
)

// field is a signed distance in millimetres: negative inside the solid, and
// nowhere outside larger than the distance to the surface, so that a ray may
// step by it. It is zero on the surface.
type field func(p r3.Vector) float64

// move returns p + t·v. Here and wherever a product, or a quotient by a power of
// two, feeds a sum it is converted, which forbids a fused multiply-add. p may
// itself be a product.
func move(p, v r3.Vector, t float64) r3.Vector {
	return r3.Vector{
		X: float64(p.X) + float64(t*v.X),
		Y: float64(p.Y) + float64(t*v.Y),
		Z: float64(p.Z) + float64(t*v.Z),
	}
}

func length2(x, y float64) float64 { return math.Sqrt(float64(x*x) + float64(y*y)) }

// rectangle is the distance in the plane to a box of half sides hx, hy whose
// corners are rounded by r.
func rectangle(x, y, hx, hy, r float64) float64 {
	x, y = math.Abs(x)-hx+r, math.Abs(y)-hy+r
	return min(max(x, y), 0) + length2(max(x, 0), max(y, 0)) - r
}

// extrude gives a plane figure, at distance d, the half thickness h in z and
// rounds its upper and lower edges by r.
func extrude(d, z, h, r float64) float64 {
	d, z = d+r, math.Abs(z)-h+r
	return min(max(d, z), 0) + length2(max(d, 0), max(z, 0)) - r
}

// segment returns the distance in the plane from (x, y) to the segment a–b and
// where on it the nearest point lies, from 0 at a to 1 at b.
func segment(x, y, ax, ay, bx, by float64) (d, at float64) {
	dx, dy := bx-ax, by-ay
	x, y = x-ax, y-ay
	at = min(max((float64(x*dx)+float64(y*dy))/(float64(dx*dx)+float64(dy*dy)), 0), 1)
	return length2(x-float64(at*dx), y-float64(at*dy)), at
}

// hexagon is a lower bound of the distance to a regular hexagon with two sides
// parallel to the x axis.
func hexagon(x, y, apothem float64) float64 {
	x, y = math.Abs(x), math.Abs(y)
	return max(y, float64(math.Sqrt(3)/2*x)+float64(y/2)) - apothem
}

// blend is the union of two solids with a fillet of about width k where they
// meet; it is never above min(a, b).
func blend(a, b, k float64) float64 {
	h := max(k-math.Abs(a-b), 0) / k
	return min(a, b) - float64(float64(h*h)*k/4)
}

// carve removes b from a.
func carve(a, b float64) float64 { return max(a, -b) }

// sector folds the angle of (x, y) into one of n equal sectors, centred on the
// x axis: the cheap way to n copies of a figure around the z axis.
func sector(x, y float64, n int) (fx, fy float64) {
	step := 2 * math.Pi / float64(n)
	a := math.Atan2(y, x)
	a -= float64(step * math.Round(a/step))
	s, c := math.Sincos(a)
	r := length2(x, y)
	return r * c, r * s
}

// gradient returns the unit normal of f at p, from four samples at the corners
// of a tetrahedron.
func gradient(f field, p r3.Vector) r3.Vector {
	const h = 0.02
	a := f(r3.Vector{X: p.X + h, Y: p.Y - h, Z: p.Z - h})
	b := f(r3.Vector{X: p.X - h, Y: p.Y - h, Z: p.Z + h})
	c := f(r3.Vector{X: p.X - h, Y: p.Y + h, Z: p.Z - h})
	d := f(r3.Vector{X: p.X + h, Y: p.Y + h, Z: p.Z + h})
	n := r3.Vector{X: a - b - c + d, Y: -a - b + c + d, Z: -a + b - c + d}
	if n.Norm2() == 0 {
		return r3.Vector{Z: 1}
	}
	return n.Normalize()
}

// mix is SplitMix64's finaliser (Steele, Lea, Flood 2014): a hash of 64 bits.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// noise is smooth value noise in [-1, 1] on the unit lattice of the plane.
func noise(seed uint64, x, y float64) float64 {
	fx, fy := math.Floor(x), math.Floor(y)
	x, y = x-fx, y-fy
	x, y = float64(x*x*(3-float64(2*x))), float64(y*y*(3-float64(2*y)))
	ix, iy := int64(fx), int64(fy)
	corner := func(i, j int64) float64 {
		return float64(float64(mix(seed^uint64(i)*0x8da6b343^uint64(j)*0xd8163841)>>11)/(1<<52)) - 1
	}
	low := float64(corner(ix, iy)*(1-x)) + float64(corner(ix+1, iy)*x)
	high := float64(corner(ix, iy+1)*(1-x)) + float64(corner(ix+1, iy+1)*x)
	return float64(low*(1-y)) + float64(high*y)
}

// ramp rises smoothly from 0 at a to 1 at b; b may be below a.
func ramp(a, b, x float64) float64 {
	x = min(max((x-a)/(b-a), 0), 1)
	return float64(x * x * (3 - float64(2*x)))
}
