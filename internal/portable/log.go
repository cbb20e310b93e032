package portable

import "math"

// Log returns the natural logarithm of x: NaN below 0, −∞ at 0. It is the one of
// FreeBSD's msun, s = f/(2+f) with f = m − 1 for x = 2ᵏ·m, √½ ≤ m < √2.
func Log(x float64) float64 {
	// ln 2 in two parts: products of the first with exponents are exact.
	const (
		high = 6.93147180369123816490e-01
		low  = 1.90821492927058770002e-10
	)
	switch {
	case x != x || math.IsInf(x, 1):
		return x
	case x < 0:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	}
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m *= 2
		e--
	}
	f, k := m-1, float64(e)
	s := f / (2 + f)
	s2 := float64(s * s)
	s4 := float64(s2 * s2)
	odd := float64(s4*1.479819860511658591e-01) + 1.818357216161805012e-01
	odd = float64(s4*odd) + 2.857142874366239149e-01
	odd = float64(s4*odd) + 6.666666666666735130e-01
	even := float64(s4*1.531383769920937332e-01) + 2.222219843214978396e-01
	even = float64(s4*even) + 3.999999999940941908e-01
	r := float64(s2*odd) + float64(s4*even)
	half := float64(0.5 * f * f)
	return float64(k*high) - ((half - (float64(s*(half+r)) + float64(k*low))) - f)
}
