package memory

import (
	"context"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"github.com/iad3d/iad3d/internal/parallel"
	"github.com/iad3d/iad3d/internal/simd"
)

const (
	// maxAxes is the most coordinates that rows are projected to.
	maxAxes = simd.PanelRows
	// axesSample is the number of rows that the axes are found from.
	axesSample = 512
	// axesRounds is how often the covariance is applied to the first guess of axes.
	axesRounds = 2
)

// Shares of the variance that the axes may leave out: what is aimed at, and above
// what no axes are better.
const (
	aimedRest = 0.03
	mostRest  = 0.25
)

// lanes is n rows of maxAxes values, and room for the last block of Products: the
// layout of its results, and that of a panel of n values.
type lanes struct {
	n    int
	data []float32
}

func newLanes(n int) lanes { return lanes{n, make([]float32, wholeBlocks(n)*maxAxes)} }

// wholeBlocks rounds a number of rows up to whole blocks.
func wholeBlocks(n int) int { return (n + simd.BlockRows - 1) / simd.BlockRows * simd.BlockRows }

// transposed returns t as maxAxes rows, and those that a block lacks, of t.n values.
func (t lanes) transposed() []float32 {
	out := make([]float32, wholeBlocks(maxAxes)*t.n)
	for i := range t.n {
		for j, v := range t.data[i*maxAxes:][:maxAxes] {
			out[j*t.n+i] = v
		}
	}
	return out
}

// multiply returns the product of n rows of d values, with room for a whole block,
// and lanes of d rows.
func multiply(x []float32, n, d int, t lanes, workers int) lanes {
	out := newLanes(n)
	_ = parallel.For(context.Background(), n, 8*simd.BlockRows, workers, func(_, lo, hi int) {
		var peaks [simd.BlockRows]float32
		for i := lo; i < hi; i += simd.BlockRows {
			simd.Products(x[i*d:], d, t.data, d, out.data[i*maxAxes:], maxAxes, peaks[:], 1)
		}
	})
	return out
}

// eigen returns the eigenvalues of the leading square of t, descending, and the
// eigenvectors as the columns of lanes, each times its scale.
func (t lanes) eigen(scale func(value, largest float64) float64) ([]float64, lanes, bool) {
	sym := mat.NewSymDense(maxAxes, nil)
	for i := range maxAxes {
		for j := range i + 1 {
			sym.SetSym(i, j, float64(t.data[i*maxAxes+j]))
		}
	}
	var e mat.EigenSym
	if !e.Factorize(sym, true) {
		return nil, lanes{}, false
	}
	var vectors mat.Dense
	e.VectorsTo(&vectors)
	ascending := e.Values(nil)
	values, out := make([]float64, maxAxes), newLanes(maxAxes)
	for j := range values {
		from := maxAxes - 1 - j
		values[j] = ascending[from]
		s := scale(values[j], ascending[maxAxes-1])
		for i := range maxAxes {
			out.data[i*maxAxes+j] = float32(s * vectors.At(i, from))
		}
	}
	return values, out, true
}

// axes are directions of space, nearly orthonormal.
type axes struct {
	lanes         // of d rows: value d of axis j stands at maxAxes·d+j
	m     int     // how many there are, the rest is 0
	skew  float64 // how far they are, as a matrix, from an orthonormal one at most
}

// principalAxes returns directions in which the rows vary most around mean, as few
// as describe them well; nil when no few do. What they are is a matter of speed.
func principalAxes(rows *Rows, mean []float32, workers int) *axes {
	d := rows.D
	n := min(rows.N, axesSample)
	x, xt := make([]float32, wholeBlocks(n)*d), make([]float32, wholeBlocks(d)*n)
	total := 0.0
	for i := range n {
		row := rows.Row(i * rows.N / n)
		for j, v := range row {
			v -= mean[j]
			x[i*d+j], xt[j*n+i] = v, v
			total += float64(float64(v) * float64(v))
		}
	}
	if !(total > 0 && total < math.MaxFloat32) {
		return nil
	}
	v := newLanes(d)
	signs := rand.New(rand.NewPCG(1, 2))
	for i := range d * maxAxes {
		v.data[i] = float32(1 - 2*signs.IntN(2))
	}
	for range axesRounds {
		y, ok := multiply(x, n, d, v, workers).orthonormal(workers)
		if !ok {
			return nil
		}
		if v, ok = multiply(xt, d, n, y, workers).orthonormal(workers); !ok {
			return nil
		}
	}
	y := multiply(x, n, d, v, workers)
	values, turn, ok := multiply(y.transposed(), maxAxes, n, y, workers).eigen(func(float64, float64) float64 { return 1 })
	if !ok {
		return nil
	}
	a := &axes{}
	rest := total
	for ; a.m < maxAxes && rest > aimedRest*total && values[a.m] > 1e-6*total; a.m++ {
		rest -= values[a.m]
	}
	if a.m == 0 || !(rest <= mostRest*total) {
		return nil
	}
	for i := range maxAxes {
		clear(turn.data[i*maxAxes:][a.m:maxAxes])
	}
	v = multiply(v.data, d, maxAxes, turn, workers)
	// A Newton step towards the nearest orthonormal axes.
	g := multiply(v.transposed(), maxAxes, d, v, workers)
	for i := range maxAxes {
		for j := range maxAxes {
			g.data[i*maxAxes+j] *= -0.5
		}
		g.data[i*maxAxes+i] += 1.5
	}
	a.lanes = multiply(v.data, d, maxAxes, g, workers)
	a.skew = a.measureSkew()
	return a
}

// orthonormal returns a basis of the space of the columns, but for directions that
// there is hardly anything of.
func (t lanes) orthonormal(workers int) (lanes, bool) {
	largest := float32(0)
	for _, v := range t.data {
		largest = max(largest, v, -v)
	}
	if !(largest > 0 && largest < math.MaxFloat32) {
		return lanes{}, false
	}
	for i := range t.data {
		t.data[i] /= largest
	}
	_, turn, ok := multiply(t.transposed(), maxAxes, t.n, t, workers).eigen(func(value, largest float64) float64 {
		if value <= 1e-6*largest {
			return 0
		}
		return 1 / math.Sqrt(value)
	})
	if !ok {
		return lanes{}, false
	}
	return multiply(t.data, t.n, maxAxes, turn, workers), true
}

// measureSkew returns the Frobenius norm of AᵀA − I. With the polar decomposition
// A = QS, Q orthonormal and S symmetric, A is no farther from Q than that:
// |s − 1| ≤ |s² − 1| for all s ≥ 0.
func (a *axes) measureSkew() float64 {
	columns := make([]float64, a.m*a.n)
	for i := range a.n {
		for j := range a.m {
			columns[j*a.n+i] = float64(a.data[i*maxAxes+j])
		}
	}
	sum := 0.0
	for j := range a.m {
		for k := range j + 1 {
			u, v := columns[j*a.n:][:a.n], columns[k*a.n:][:a.n]
			var s0, s1, s2, s3 float64
			i := 0
			for ; i+4 <= len(u); i += 4 {
				p, q := u[i:][:4], v[i:][:4]
				s0 += float64(p[0] * q[0])
				s1 += float64(p[1] * q[1])
				s2 += float64(p[2] * q[2])
				s3 += float64(p[3] * q[3])
			}
			for ; i < len(u); i++ {
				s0 += float64(u[i] * v[i])
			}
			dot := (s0 + s1) + (s2 + s3)
			if j == k {
				sum += float64((dot - 1) * (dot - 1))
			} else {
				sum += 2 * float64(dot*dot)
			}
		}
	}
	return math.Sqrt(sum)
}
