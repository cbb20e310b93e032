// Package cholesky factors covariances. It is written out here because the kernels of
// gonum's, which the tests compare it with, round differently from processor to processor.
//
// A d×d matrix is the triangle of its values on and below the diagonal: row i stands at
// Size(i), its diagonal last.
package cholesky

import (
	"math"
	"slices"
)

// Size returns the number of values in the lower triangle of a d×d matrix.
func Size(d int) int { return d * (d + 1) / 2 }

// Factor returns the Cholesky factor L of the d×d matrix a + ridge·I. No pivot of it can be
// below ridge, which is above 0, where a is a covariance.
func Factor(a []float64, d int, ridge float64) []float64 {
	l := slices.Clone(a)
	for i := range d {
		row := l[Size(i):]
		for j := range i + 1 {
			other := l[Size(j):]
			v := row[j]
			if i == j {
				v += ridge
			}
			for k, w := range other[:j] {
				v -= float64(row[k] * w)
			}
			if i == j {
				row[j] = math.Sqrt(max(v, ridge))
			} else {
				row[j] = v / other[j]
			}
		}
	}
	return l
}

// Solve makes x of L⁻¹·x and returns its squared length.
func Solve(l, x []float64) float64 {
	sum := 0.0
	for i := range x {
		row := l[Size(i):]
		v := x[i]
		for k, w := range x[:i] {
			v -= float64(row[k] * w)
		}
		x[i] = v / row[i]
		sum += float64(x[i] * x[i])
	}
	return sum
}

// Invert returns L⁻¹ of a factor, a triangle as well.
func Invert(l []float64, d int) []float64 {
	out := make([]float64, len(l))
	for j := range d { // column j
		for i := j; i < d; i++ {
			row, v := l[Size(i):], 0.0
			if i == j {
				v = 1
			}
			for k := j; k < i; k++ {
				v -= float64(row[k] * out[Size(k)+j])
			}
			out[Size(i)+j] = v / row[i]
		}
	}
	return out
}
