package memory

import (
	"context"
	"fmt"

	"github.com/iad3d/iad3d/internal/cholesky"
	"github.com/iad3d/iad3d/internal/parallel"
	"github.com/iad3d/iad3d/internal/simd"
)

// whiteRest is what is added to the variance along every direction, in mean variances:
// of how little rows differ in the calmest ones little is known.
const whiteRest = 0.5

// mostWhite bounds the values of a [Whitening]: none can be above 1/√whiteRest.
const mostWhite = 1.42

// Whitening is a linear map after which sound rows differ from their like by nearly as
// much in every direction: distances between mapped rows are Mahalanobis distances (P.
// Mahalanobis, 1936) by the covariance of these differences. What sound parts differ in
// anyway counts for less, what they do not differ in for more.
//
// With C the mean of δ·δᵀ over differences δ of D values, in units of its mean diagonal
// value, a row x is mapped to L⁻¹·x, L·Lᵀ = C + I/2. It is immutable and safe for
// concurrent use.
type Whitening struct {
	d       int
	inverse []float32 // L⁻¹, a triangle as in package cholesky
	panels  []lanes   // PanelRows rows of L⁻¹ each, as Products takes them, as far as values of any differ from 0
}

// LearnWhitening returns the whitening of these differences between a sound row and the
// sound row of another part that is most like it; nil when there are none, or all are 0.
// Workers ≤ 0 means GOMAXPROCS; the result does not depend on it.
func LearnWhitening(ctx context.Context, differences *Rows, workers int) (*Whitening, error) {
	d, n := differences.D, differences.N
	c := make([]float64, cholesky.Size(d))
	const chunk = 8
	err := parallel.For(ctx, d, chunk, workers, func(_, lo, hi int) {
		for k := range n {
			row := differences.Row(k)
			for i := lo; i < hi; i++ {
				sums, v := c[cholesky.Size(i):][:i+1], float64(row[i])
				for j, w := range row[:i+1] {
					sums[j] += float64(v * float64(w))
				}
			}
		}
	})
	if err != nil {
		return nil, err
	}
	mean := 0.0
	for i := range d {
		mean += c[cholesky.Size(i)+i] / float64(d)
	}
	if !(mean > 0) || mean-mean != 0 {
		return nil, nil
	}
	for i := range c {
		c[i] /= mean
	}
	inverse := make([]float32, len(c))
	for i, v := range cholesky.Invert(cholesky.Factor(c, d, whiteRest), d) {
		inverse[i] = float32(v)
	}
	return NewWhitening(d, inverse)
}

// NewWhitening returns the whitening of rows of d values by L⁻¹: the triangle that
// [Whitening.Triangle] of another one returned, which it retains. Other numbers give an
// error wrapping [ErrRows].
func NewWhitening(d int, inverse []float32) (*Whitening, error) {
	if d < 1 || len(inverse) != cholesky.Size(d) {
		return nil, fmt.Errorf("%w: a whitening of %d values by %d numbers", ErrRows, d, len(inverse))
	}
	w := &Whitening{d: d, inverse: inverse}
	for first := 0; first < d; first += maxAxes {
		end := min(first+maxAxes, d)
		p := newLanes(end) // what follows in these rows is 0
		for i := first; i < end; i++ {
			row := inverse[cholesky.Size(i):][:i+1]
			for j, v := range row {
				if !(v >= -mostWhite && v <= mostWhite) || i == j && v <= 0 {
					return nil, fmt.Errorf("%w: %v in row %d of a whitening", ErrRows, v, i)
				}
				p.data[j*maxAxes+i-first] = v
			}
		}
		w.panels = append(w.panels, p)
	}
	return w, nil
}

// Triangle returns L⁻¹ for [NewWhitening]; the caller must not modify it.
func (w *Whitening) Triangle() []float32 { return w.inverse }

// Rows returns the rows mapped. The sums are in single precision, in the order of the
// values, the same everywhere. Workers ≤ 0 means GOMAXPROCS.
func (w *Whitening) Rows(rows *Rows, workers int) *Rows {
	d := w.d
	if rows.D != d {
		panic(fmt.Sprintf("memory: rows of %d values in a whitening of %d", rows.D, d))
	}
	out := &Rows{N: rows.N, D: d, Data: make([]float32, rows.N*d)}
	const chunk = 16 * simd.BlockRows
	// The context never ends, so there is no error.
	_ = parallel.For(context.Background(), rows.N, chunk, workers, func(_, lo, hi int) {
		block := make([]float32, simd.BlockRows*d)
		var mapped [simd.BlockRows * maxAxes]float32
		var peaks [simd.BlockRows]float32
		for ; lo < hi; lo += simd.BlockRows {
			n := min(simd.BlockRows, hi-lo)
			copy(block, rows.Data[lo*d:(lo+n)*d])
			for b, p := range w.panels {
				simd.Products(block, d, p.data, p.n, mapped[:], maxAxes, peaks[:], 1)
				for i := range n {
					copy(out.Data[(lo+i)*d+b*maxAxes:][:p.n-b*maxAxes], mapped[i*maxAxes:])
				}
			}
		}
	})
	return out
}
