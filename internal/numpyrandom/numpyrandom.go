// Package numpyrandom draws what numpy's RandomState draws from the same seed, so
// that choices which the field's programs make at random can be repeated to the
// last one. numpy has frozen these streams (NEP 19).
//
// Equal in all draws of the tests to numpy 1.24.2.
package numpyrandom

import (
	"math"

	"gonum.org/v1/gonum/mathext/prng"

	"github.com/iad3d/iad3d/internal/portable"
)

// State is the state of a generator; one goroutine uses it at a time.
type State struct{ twister *prng.MT19937 }

// New returns the generator of numpy.random.RandomState(seed).
func New(seed uint32) *State {
	s := &State{prng.NewMT19937()}
	s.twister.Seed(uint64(seed))
	return s
}

// Float64 is random_sample(): a multiple of 2⁻⁵³ in [0, 1).
func (s *State) Float64() float64 {
	high, low := s.twister.Uint32()>>5, s.twister.Uint32()>>6
	return float64(uint64(high)<<26|uint64(low)) / (1 << 53)
}

// Below is randint(n) for n in [1, 2³²]: the lowest bits that can hold n−1, drawn
// until they are in [0, n).
func (s *State) Below(n int) int {
	if n == 1 {
		return 0
	}
	mask := uint32(math.MaxUint32)
	for mask>>1 >= uint32(n-1) {
		mask >>= 1
	}
	for {
		if v := s.twister.Uint32() & mask; int(v) < n {
			return int(v)
		}
	}
}

// Perm is permutation(n): Fisher and Yates's shuffle of 0 … n−1, from the end.
func (s *State) Perm(n int) []int32 {
	p := make([]int32, n)
	for i := range p {
		p[i] = int32(i)
	}
	for i := n - 1; i > 0; i-- {
		j := s.Below(i + 1)
		p[i], p[j] = p[j], p[i]
	}
	return p
}

// inversionMean is the mean up to which numpy draws binomials by inversion.
const inversionMean = 30

// Binomial is binomial(n, p) for p in [0, 1/2].
func (s *State) Binomial(n int, p float64) int {
	switch {
	case n == 0 || p == 0:
		return 0
	case p*float64(n) <= inversionMean:
		return s.inversion(n, p)
	}
	return s.btpe(n, p)
}

// inversion walks the distribution function from 0 up to a uniform number.
func (s *State) inversion(n int, p float64) int {
	q, mean := 1-p, float64(float64(n)*p)
	none := portable.Exp(float64(n) * portable.Log(q))
	bound := int(min(float64(n), mean+float64(10*math.Sqrt(float64(mean*q)+1))))
	for {
		u, chance := s.Float64(), none
		for k := 0; k <= bound; k++ {
			if u <= chance {
				return k
			}
			u -= chance
			chance = float64(float64(n-k) * p * chance / (float64(k+1) * q))
		}
	}
}

// btpe is the rejection method of V. Kachitvichyanukul and B. W. Schmeiser,
// "Binomial Random Variate Generation", CACM 31 (1988): a triangle, two
// parallelograms and two exponential tails above the distribution. The names are
// the paper's; numpy compares exactly where the distance from the mode is at most
// 20 and by Stirling's formula beyond.
func (s *State) btpe(n int, r float64) int {
	size := float64(n)
	q := 1 - r
	nrq := float64(size * r * q)
	fm := float64(size*r) + r
	mode := int(fm)
	m := float64(mode)
	p1 := math.Floor(float64(2.195*math.Sqrt(nrq))-float64(4.6*q)) + 0.5
	xm := m + 0.5
	xl, xr := xm-p1, xm+p1
	c := 0.134 + 20.5/(15.3+m)
	slope := func(a float64) float64 { return float64(a * (1 + float64(a/2))) }
	left := slope((fm - xl) / (fm - float64(xl*r)))
	right := slope((xr - fm) / (xr * q))
	p2 := float64(p1 * (1 + float64(2*c)))
	p3 := p2 + c/left
	p4 := p3 + c/right
	for {
		u, v := float64(s.Float64()*p4), s.Float64()
		var y int
		switch {
		case u <= p1: // under the triangle: accepted
			return int(math.Floor(xm - float64(p1*v) + u))
		case u <= p2:
			x := xl + (u-p1)/c
			v = float64(v*c) + 1 - math.Abs(m-x+0.5)/p1
			if v > 1 {
				continue
			}
			y = int(math.Floor(x))
		case v == 0:
			continue
		case u <= p3:
			if y = int(math.Floor(xl + portable.Log(v)/left)); y < 0 {
				continue
			}
			v = float64(v * (u - p2) * left)
		default:
			if y = int(math.Floor(xr - portable.Log(v)/right)); y > n {
				continue
			}
			v = float64(v * (u - p3) * right)
		}
		if accept(n, mode, y, r, v) {
			return y
		}
	}
}

// accept compares v with the probability of y in terms of the mode's.
func accept(n, mode, y int, r, v float64) bool {
	size, q := float64(n), 1-r
	nrq := float64(size * r * q)
	k := max(y-mode, mode-y)
	if k <= 20 || float64(k) >= float64(nrq/2)-1 {
		odds := r / q
		a := float64(odds * (size + 1))
		f := 1.0
		for i := mode + 1; i <= y; i++ {
			f *= a/float64(i) - odds
		}
		for i := y + 1; i <= mode; i++ {
			f /= a/float64(i) - odds
		}
		return v <= f
	}
	d := float64(k)
	rho := float64((d / nrq) * ((float64(d*(d/3+0.625))+0.16666666666666666)/nrq + 0.5))
	t := float64(-d * d / (2 * nrq))
	log := portable.Log(v)
	switch {
	case log < t-rho:
		return true
	case log > t+rho:
		return false
	}
	x1, f1, z, w := float64(y+1), float64(mode+1), float64(n+1-mode), float64(n-y+1)
	bound := float64((float64(mode)+0.5)*portable.Log(f1/x1)) + float64((size-float64(mode)+0.5)*portable.Log(z/w)) +
		float64(float64(y-mode)*portable.Log(w*r/(x1*q))) + stirling(f1) + stirling(z) + stirling(x1) + stirling(w)
	return log <= bound
}

// stirling is the series of Stirling's formula for x.
func stirling(x float64) float64 {
	s := x * x
	return (13680 - (462-(132-(99-140/s)/s)/s)/s) / x / 166320
}
