package fpfh

import (
	"math"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/internal/portable"
)

// Products that feed a sum are converted throughout this package, which forbids
// a fused multiply-add: every processor gets the same bits.

// bins is the number of histogram bins of each of the three pair features.
const bins = 11

// nearTie is the difference of |cos| below which the choice of a pair's source
// is left to the arc cosines themselves, as in the reference: they may round
// alike where the cosines do not.
const nearTie = 1e-9

// pairBins returns the histogram bins (0…10 each) of the Darboux-frame features
// of points p and q with normals m and n; R. B. Rusu, N. Blodow, M. Beetz,
// "Fast Point Feature Histograms (FPFH) for 3D Registration", ICRA 2009, eqs.
// 1 and 2. The point whose normal makes the smaller angle with the line between
// them is the source of the frame. Coincident points and normals along the line
// have no frame; all features of such a pair are 0. A NaN feature falls into
// bin 0.
func pairBins(p, m, q, n r3.Vector) (b1, b2, b3 int) {
	y, x, f2, f3 := pairFeatures(p, m, q, n)
	return angleBin(y, x), bin((f2 + 1) * 0.5), bin((f3 + 1) * 0.5)
}

// edgeGuard is how near to a bin's edge, in bins, the approximate angle may come
// before the exact one is asked; the approximation errs by less than 2e-5 bins.
const edgeGuard = 1e-4

// angleBin returns bin((atan2(y, x) + π) / 2π), nearly always without the arc
// tangent itself.
func angleBin(y, x float64) int {
	short, long := math.Abs(y), math.Abs(x)
	steep := short > long
	if steep {
		short, long = long, short
	}
	t := short / long // NaN for 0/0: that takes the exact way
	u := t * t
	// Abramowitz & Stegun 4.4.47: arctan on [0, 1] to 1e-5.
	a := float64(t * ((0.9998660 - float64(0.3302995*u)) + float64(u*u*((0.1801410-float64(0.0851330*u))+float64(u*u*0.0208351)))))
	if steep {
		a = math.Pi/2 - a
	}
	if x < 0 {
		a = math.Pi - a
	}
	if y < 0 {
		a = -a
	}
	v := float64((a + math.Pi) * (bins / (2 * math.Pi)))
	b := int(v)
	if f := v - float64(b); f > edgeGuard && f < 1-edgeGuard {
		return b
	}
	return bin((portable.Atan2(y, x) + math.Pi) / (2 * math.Pi))
}

// bin maps [0, 1] to 0…10; values outside are clamped, NaN is 0.
func bin(v float64) int {
	v *= bins
	if !(v >= 0) {
		return 0
	}
	return int(min(v, bins-1))
}

// pairFeatures returns the angle f1 in [−π, π], as atan2(y, x), and the cosines
// f2, f3 in [−1, 1] of the pair (p, m), (q, n).
func pairFeatures(p, m, q, n r3.Vector) (y, x, f2, f3 float64) {
	dx, dy, dz := q.X-p.X, q.Y-p.Y, q.Z-p.Z
	length := math.Sqrt(float64(dx*dx) + float64(dy*dy) + float64(dz*dz))
	if length == 0 {
		return 0, 1, 0, 0
	}
	a := (float64(m.X*dx) + float64(m.Y*dy) + float64(m.Z*dz)) / length
	b := (float64(n.X*dx) + float64(n.Y*dy) + float64(n.Z*dz)) / length
	f3 = a
	if further(math.Abs(a), math.Abs(b)) {
		m, n = n, m
		dx, dy, dz = -dx, -dy, -dz
		f3 = -b
	}
	vx := float64(dy*m.Z) - float64(dz*m.Y)
	vy := float64(dz*m.X) - float64(dx*m.Z)
	vz := float64(dx*m.Y) - float64(dy*m.X)
	norm := math.Sqrt(float64(vx*vx) + float64(vy*vy) + float64(vz*vz))
	if norm == 0 {
		return 0, 1, 0, 0
	}
	vx, vy, vz = vx/norm, vy/norm, vz/norm
	wx := float64(m.Y*vz) - float64(m.Z*vy)
	wy := float64(m.Z*vx) - float64(m.X*vz)
	wz := float64(m.X*vy) - float64(m.Y*vx)
	f2 = float64(vx*n.X) + float64(vy*n.Y) + float64(vz*n.Z)
	return float64(wx*n.X) + float64(wy*n.Y) + float64(wz*n.Z), float64(m.X*n.X) + float64(m.Y*n.Y) + float64(m.Z*n.Z), f2, f3
}

// further reports whether acos(a) > acos(b) for a, b ≥ 0, NaN comparing false,
// without computing arc cosines where the answer is plain.
func further(a, b float64) bool {
	if math.Abs(a-b) > nearTie && a <= 1 && b <= 1 {
		return a < b
	}
	return portable.Acos(a) > portable.Acos(b)
}
