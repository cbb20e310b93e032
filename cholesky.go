package iad3d

import (
	"math"
	"slices"
)

// triangle returns the number of values in the lower triangle of a d×d matrix. Row i
// of a triangle stands at triangle(i), its diagonal last.
func triangle(d int) int { return d * (d + 1) / 2 }

// factor returns the Cholesky factor L of the d×d matrix a + ridge·I, both triangles.
// No pivot of it can be below ridge where a is a covariance. It is written out here
// because the kernels of gonum's, which the tests compare it with, round differently
// from processor to processor.
func factor(a []float64, d int, ridge float64) []float64 {
	l := slices.Clone(a)
	for i := range d {
		row := l[triangle(i):]
		for j := range i + 1 {
			other := l[triangle(j):]
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

// solve makes x of L⁻¹·x and returns its squared length.
func solve(l, x []float64) float64 {
	sum := 0.0
	for i := range x {
		row := l[triangle(i):]
		v := x[i]
		for k, w := range x[:i] {
			v -= float64(row[k] * w)
		}
		x[i] = v / row[i]
		sum += float64(x[i] * x[i])
	}
	return sum
}

// invert returns L⁻¹ of a factor, a triangle as well.
func invert(l []float64, d int) []float64 {
	out := make([]float64, len(l))
	for j := range d { // column j
		for i := j; i < d; i++ {
			row, v := l[triangle(i):], 0.0
			if i == j {
				v = 1
			}
			for k := j; k < i; k++ {
				v -= float64(row[k] * out[triangle(k)+j])
			}
			out[triangle(i)+j] = v / row[i]
		}
	}
	return out
}
