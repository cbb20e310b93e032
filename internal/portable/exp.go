package portable

import "math"

// Exp returns eˣ. It is what package math has for amd64 processors with fused
// operations, which [math.FMA] reproduces on others, slowly: not for inner loops.
// Results below the smallest normal number may differ from math's by a rounding.
func Exp(x float64) float64 {
	// ln 2 in two parts: products of the first with small whole numbers are exact.
	const (
		high = 0.69314718055966295651160180568695068359375
		low  = 0.28235290563031577122588448175013436025525412068e-12
	)
	switch {
	case x != x:
		return x
	case x > 7.09782712893384e+02:
		return math.Inf(1)
	case x < -746:
		return 0
	}
	n := math.RoundToEven(float64(x * math.Log2E))
	r := math.FMA(-n, high, x)
	r = math.FMA(-n, low, r) * 0.0625
	// (eʳ − 1)/r by its Taylor series; then four times e²ʳ − 1 = (eʳ − 1)(eʳ + 1).
	p := 1.0 / 40320
	for _, c := range [...]float64{1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1} {
		p = math.FMA(p, r, c)
	}
	m := float64(r * p)
	for range 3 {
		m = float64(m * (m + 2))
	}
	return math.Ldexp(math.FMA(m, m+2, 1), int(n))
}
