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
	// maxAxes is the number of axes that are found, and projected to, at a time.
	maxAxes = simd.PanelRows
	// mostBlocks is how often at most.
	mostBlocks = 3
	// axesSample is the number of rows that the axes are found from, and of others that they
	// are tried on.
	axesSample = 512
	// axesRounds is how often the covariance is applied to the first guess of axes.
	axesRounds = 2
)

// Shares of the variance that the axes may leave out: what is aimed at, and above
// what no axes are better, nor above half of what any axes would leave out.
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
	blocks []lanes // of d rows: value d of axis j of a block stands at maxAxes·d+j
	m      int     // how many there are: all of every block but the last, whose rest is 0
	skew   float64 // how far they are, as a matrix, from an orthonormal one at most
}

// principalAxes returns directions in which the rows vary most around mean, as few
// as describe them well; nil when no few do. What they are is a matter of speed.
func principalAxes(rows *Rows, mean []float32, workers int) *axes {
	d := rows.D
	n := min(rows.N/2, axesSample)
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
	a := &axes{}
	rest := total
	most := func() int { // of d/2 that are not enough it is better to take steps of bytes
		if a.m < maxAxes {
			return d / 2
		}
		return d * 3 / 4
	}
	for len(a.blocks) < mostBlocks && a.m == maxAxes*len(a.blocks) && a.m < most() && rest > aimedRest*total {
		if len(a.blocks) > 0 {
			a.blocks[len(a.blocks)-1].leave(x, xt, n, d, workers)
		}
		block, variances := someAxes(x, xt, n, d, workers)
		used := 0
		for ; used < len(variances) && a.m < most() && rest > aimedRest*total && variances[used] > 1e-6*total; used++ {
			rest -= variances[used]
			a.m++
		}
		if used == 0 {
			break
		}
		a.blocks = append(a.blocks, block.first(used, workers))
	}
	if a.m == 0 || !(a.left(rows, mean, workers) <= min(mostRest, float64(d-a.m)/float64(2*d))) {
		return nil
	}
	a.mix(d)
	a.skew = a.measureSkew(d)
	return a
}

// left returns the share of the variance that the axes leave out, among rows that they
// were not found from: many axes fit a sample better than they fit the rest.
func (a *axes) left(rows *Rows, mean []float32, workers int) float64 {
	d := rows.D
	n := min(rows.N/2, axesSample)
	x := make([]float32, wholeBlocks(n)*d)
	total, along := 0.0, 0.0
	for i := range n {
		norm := centre(x[i*d:][:d], rows.Row((2*i+1)*rows.N/(2*n)), mean)
		total += float64(norm * norm)
	}
	for _, block := range a.blocks {
		for _, v := range multiply(x, n, d, block, workers).data[:n*maxAxes] {
			along += float64(float64(v) * float64(v))
		}
	}
	return 1 - along/total
}

// mix turns the axes of the first two blocks, where they are full, into as many others
// of the same space, by a Hadamard matrix: coordinates along them are of much the same
// size, so that they lose least in steps.
func (a *axes) mix(d int) {
	const n = 2 * maxAxes
	if a.m < n {
		return
	}
	scale := float32(1 / math.Sqrt(n))
	var v [n]float32
	for i := range d {
		first, second := a.blocks[0].data[i*maxAxes:][:maxAxes], a.blocks[1].data[i*maxAxes:][:maxAxes]
		copy(v[copy(v[:], first):], second)
		for gap := 1; gap < n; gap *= 2 {
			for j := range v {
				if j&gap == 0 {
					v[j], v[j+gap] = v[j]+v[j+gap], v[j]-v[j+gap]
				}
			}
		}
		for j := range v {
			v[j] *= scale
		}
		copy(second, v[copy(first, v[:]):])
	}
}

// someAxes returns up to maxAxes directions in which n rows of d values vary most, and
// how much they vary there; xt holds the rows as columns.
func someAxes(x, xt []float32, n, d, workers int) (lanes, []float64) {
	v := newLanes(d)
	signs := rand.New(rand.NewPCG(1, 2))
	for i := range d * maxAxes {
		v.data[i] = float32(1 - 2*signs.IntN(2))
	}
	for range axesRounds {
		y, ok := multiply(x, n, d, v, workers).orthonormal(workers)
		if !ok {
			return v, nil
		}
		if v, ok = multiply(xt, d, n, y, workers).orthonormal(workers); !ok {
			return v, nil
		}
	}
	y := multiply(x, n, d, v, workers)
	values, turn, ok := multiply(y.transposed(), maxAxes, n, y, workers).eigen(func(float64, float64) float64 { return 1 })
	if !ok {
		return v, nil
	}
	return multiply(v.data, d, maxAxes, turn, workers), values
}

// first returns the first m axes, after a Newton step towards the nearest orthonormal
// ones.
func (t lanes) first(m, workers int) lanes {
	for i := range t.n {
		clear(t.data[i*maxAxes:][m:maxAxes])
	}
	g := multiply(t.transposed(), maxAxes, t.n, t, workers)
	for i := range maxAxes {
		for j := range maxAxes {
			g.data[i*maxAxes+j] *= -0.5
		}
		g.data[i*maxAxes+i] += 1.5
	}
	return multiply(t.data, t.n, maxAxes, g, workers)
}

// leave takes the part along the axes from n rows of d values, and from the same as
// columns.
func (t lanes) leave(x, xt []float32, n, d, workers int) {
	along := multiply(x, n, d, t, workers)
	for i := range n {
		on := along.data[i*maxAxes:][:maxAxes]
		for j := range d {
			sum := float32(0)
			for k, v := range t.data[j*maxAxes:][:maxAxes] {
				sum += float32(v * on[k])
			}
			x[i*d+j] -= sum
			xt[j*n+i] = x[i*d+j]
		}
	}
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
func (a *axes) measureSkew(d int) float64 {
	columns := make([]float64, a.m*d)
	for i := range d {
		for j := range a.m {
			columns[j*d+i] = float64(a.blocks[j/maxAxes].data[i*maxAxes+j%maxAxes])
		}
	}
	sum := 0.0
	for j := range a.m {
		for k := range j + 1 {
			u, v := columns[j*d:][:d], columns[k*d:][:d]
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
