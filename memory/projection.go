package memory

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/iad3d/iad3d/internal/numpyrandom"
	"github.com/iad3d/iad3d/internal/parallel"
	"github.com/iad3d/iad3d/internal/portable"
)

// Distortion is what BTF's program allows a projection to do to squared distances,
// see [ProjectedDim].
const Distortion = 0.9

// ProjectedDim returns the dimension that a random projection needs to keep, with
// high probability, all squared distances between n rows within the factors
// 1 ± eps: ⌊4·ln n / (eps²/2 − eps³/3)⌋, for eps in (0, 1). It is the lemma of
// Johnson and Lindenstrauss as S. Dasgupta and A. Gupta (2003) prove it, and what
// scikit-learn's johnson_lindenstrauss_min_dim returns: 243 for 18,816 rows and
// eps 0.9. Of fewer than two rows it is 0.
func ProjectedDim(n int, eps float64) int {
	if !(eps > 0 && eps < 1) {
		panic(fmt.Sprintf("memory: distortion %v is not in (0, 1)", eps))
	}
	if n < 2 {
		return 0
	}
	d := 4 * portable.Log(float64(n)) / (float64(eps*eps/2) - float64(eps*eps*eps/3))
	return int(min(d, math.MaxInt32))
}

// Project maps rows of D values to rows of dim by a sparse random matrix. Its
// entries are, independently, ±1/√(p·dim) with probability p/2 each and 0
// otherwise, p = 1/√D: P. Li, T. Hastie, K. Church, "Very Sparse Random
// Projections", KDD 2006, after D. Achlioptas (2003), and scikit-learn's
// SparseRandomProjection with its default density. The expectation of a squared
// distance is the squared distance itself. The matrix is the one that
// scikit-learn 1.2.1 draws after numpy.random.seed(seed), of which the lowest 32
// bits count: so BTF's choices can be repeated. Sums are float64. workers ≤ 0
// means GOMAXPROCS; the result does not depend on it.
func Project(ctx context.Context, rows *Rows, dim int, seed uint64, workers int) (*Rows, error) {
	if err := rows.Check(); err != nil {
		return nil, err
	}
	if dim <= 0 {
		return nil, fmt.Errorf("memory: projection to %d values", dim)
	}
	m := newSigns(rows.D, dim, seed)
	out := &Rows{N: rows.N, D: dim, Data: make([]float32, rows.N*dim)}
	err := parallel.For(ctx, rows.N, 64, workers, func(_, lo, hi int) {
		i := lo
		for ; i+4 <= hi; i += 4 {
			m.apply4(out, rows, i)
		}
		for ; i < hi; i++ {
			m.apply(out.Row(i), rows.Row(i))
		}
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// signs is a sparse matrix of scale times +1 and −1; plus[k] and minus[k] are the
// columns of row k that have one.
type signs struct {
	plus, minus [][]int32
	scale       float64
}

// drawAgain is the density up to which scikit-learn draws the places of a row one
// by one, those that it has already once more, instead of shuffling all.
const drawAgain = 0.01

func newSigns(d, dim int, seed uint64) *signs {
	r := numpyrandom.New(uint32(seed))
	density := 1 / math.Sqrt(float64(d))
	m := &signs{make([][]int32, dim), make([][]int32, dim), 1 / math.Sqrt(density*float64(dim))}
	places := make([][]int32, dim)
	for k := range dim {
		n := r.Binomial(d, density)
		if ratio := float64(n) / float64(d); ratio > drawAgain && ratio < 1-drawAgain {
			places[k] = r.Perm(d)[:n]
			continue
		}
		seen := make(map[int32]bool, n)
		for len(places[k]) < n {
			if j := int32(r.Below(d)); !seen[j] {
				seen[j] = true
				places[k] = append(places[k], j)
			}
		}
	}
	for k := range dim { // the signs come after all places
		for _, j := range places[k] {
			if r.Binomial(1, 0.5) == 1 {
				m.plus[k] = append(m.plus[k], j)
			} else {
				m.minus[k] = append(m.minus[k], j)
			}
		}
		slices.Sort(m.plus[k])
		slices.Sort(m.minus[k])
	}
	return m
}

func (m *signs) apply(dst, row []float32) {
	for k := range dst {
		sum := 0.0
		for _, j := range m.plus[k] {
			sum += float64(row[j])
		}
		for _, j := range m.minus[k] {
			sum -= float64(row[j])
		}
		dst[k] = float32(sum * m.scale)
	}
}

// apply4 is apply for rows i to i+3: four sums at a time, of which each waits for
// itself only.
func (m *signs) apply4(dst, rows *Rows, i int) {
	d := rows.D
	r0, r1, r2, r3 := rows.Row(i)[:d], rows.Row(i + 1)[:d], rows.Row(i + 2)[:d], rows.Row(i + 3)[:d]
	for k := range dst.D {
		var s0, s1, s2, s3 float64
		for _, j := range m.plus[k] {
			s0 += float64(r0[j])
			s1 += float64(r1[j])
			s2 += float64(r2[j])
			s3 += float64(r3[j])
		}
		for _, j := range m.minus[k] {
			s0 -= float64(r0[j])
			s1 -= float64(r1[j])
			s2 -= float64(r2[j])
			s3 -= float64(r3[j])
		}
		dst.Data[i*dst.D+k] = float32(s0 * m.scale)
		dst.Data[(i+1)*dst.D+k] = float32(s1 * m.scale)
		dst.Data[(i+2)*dst.D+k] = float32(s2 * m.scale)
		dst.Data[(i+3)*dst.D+k] = float32(s3 * m.scale)
	}
}
