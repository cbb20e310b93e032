// Package portable holds the few elementary functions whose results this module
// lets through to its own, with the same bits on every machine. Those of package
// math differ in the last bit: the compiler fuses products and sums of their Go
// source on some processors, and others have assembly of their own.
//
// The algorithms are those behind package math on amd64, operation by operation,
// each product rounded, so that there nothing differs from math.
package portable

import "math"

// Cos returns the cosine of x, |x| ≤ π; beyond, up to 4, it loses accuracy. It
// is the one of S. L. Moshier's Cephes library.
func Cos(x float64) float64 {
	// π/4 in three parts: the first two have few enough bits for exact products.
	const (
		high   = 7.85398125648498535156e-1
		middle = 3.77489470793079817668e-8
		low    = 2.69515142907905952645e-15
	)
	x = math.Abs(x)
	quarter := 0.0 // half the octants passed, rounded up, in octants: 0, 2 or 4
	switch octant := float64(x * (4 / math.Pi)); {
	case octant >= 3:
		quarter = 4
	case octant >= 1:
		quarter = 2
	case !(octant >= 0):
		return math.NaN()
	}
	z := ((x - float64(quarter*high)) - float64(quarter*middle)) - float64(quarter*low)
	zz := float64(z * z)
	if quarter == 2 { // cos(π/2 + z) = −sin z
		p := 1.58962301576546568060e-10
		p = float64(p*zz) - 2.50507477628578072866e-8
		p = float64(p*zz) + 2.75573136213857245213e-6
		p = float64(p*zz) - 1.98412698295895385996e-4
		p = float64(p*zz) + 8.33333333332211858878e-3
		p = float64(p*zz) - 1.66666666666666307295e-1
		return -(z + float64(z*zz*p))
	}
	p := -1.13585365213876817300e-11
	p = float64(p*zz) + 2.08757008419747316778e-9
	p = float64(p*zz) - 2.75573141792967388112e-7
	p = float64(p*zz) + 2.48015872888517045348e-5
	p = float64(p*zz) - 1.38888888888730564116e-3
	p = float64(p*zz) + 4.16666666666665929218e-2
	c := 1 - float64(0.5*zz) + float64(zz*zz*p)
	if quarter == 4 {
		return -c
	}
	return c
}

// Acos returns the arc cosine of x in [0, π], NaN beyond [−1, 1].
func Acos(x float64) float64 {
	a := math.Abs(x)
	if !(a <= 1) {
		return math.NaN()
	}
	var asin float64
	switch opposite := math.Sqrt(1 - float64(a*a)); {
	case a > 0.7:
		asin = math.Pi/2 - arctan(opposite/a)
	default:
		asin = arctan(a / opposite)
	}
	if x < 0 {
		asin = -asin
	}
	return math.Pi/2 - asin
}

// Atan2 returns the angle of the point (x, y) in [−π, π], in all special cases
// as math.Atan2 does.
func Atan2(y, x float64) float64 {
	if y == 0 || x == 0 || math.IsInf(y, 0) || math.IsInf(x, 0) || y != y || x != x {
		return math.Atan2(y, x) // a constant
	}
	q := y / x
	a := math.Copysign(arctan(math.Abs(q)), q)
	switch {
	case x > 0:
		return a
	case q <= 0:
		return a + math.Pi
	}
	return a - math.Pi
}

// arctan returns the arc tangent of x ≥ 0 (Cephes).
func arctan(x float64) float64 {
	const rest = 6.123233995736765886130e-17 // what float64 leaves of π/2
	switch {
	case x <= 0.66:
		return arctanSeries(x)
	case x > 2.41421356237309504880: // tan 3π/8
		return math.Pi/2 - arctanSeries(1/x) + rest
	}
	return math.Pi/4 + arctanSeries((x-1)/(x+1)) + 0.5*rest
}

// arctanSeries is x + x³·P(x²)/Q(x²) for |x| ≤ 0.66.
func arctanSeries(x float64) float64 {
	z := float64(x * x)
	p := -8.750608600031904122785e-01
	p = float64(p*z) - 1.615753718733365076637e+01
	p = float64(p*z) - 7.500855792314704667340e+01
	p = float64(p*z) - 1.228866684490136173410e+02
	p = float64(p*z) - 6.485021904942025371773e+01
	q := z + 2.485846490142306297962e+01
	q = float64(q*z) + 1.650270098316988542046e+02
	q = float64(q*z) + 4.328810604912902668951e+02
	q = float64(q*z) + 4.853903996359136964868e+02
	q = float64(q*z) + 1.945506571482613964425e+02
	return float64(x*(z*p/q)) + x
}
