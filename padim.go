package iad3d

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/iad3d/iad3d/internal/cholesky"
	"github.com/iad3d/iad3d/internal/parallel"
	"github.com/iad3d/iad3d/memory"
)

const (
	// padimValues is the most values of a row that a Gaussian is of. The triangles of
	// 56×56 cells and three features are then 48 MB at most.
	padimValues = 50
	// padimRidge is what is added to the variances, as a share of the values' variance
	// over the whole part (PaDiM adds 0.01 to those of a network whose values vary by
	// about 1), padimLeast the least, and padimMost a bound of what is in L⁻¹ then.
	padimRidge = 0.01
	padimLeast = 1e-8
	padimMost  = 1.01e4
	// cellChunk is the number of cells or rows that a goroutine takes at a time.
	cellChunk = 16
)

// gaussians is the judge of [MethodPaDiM]. With m the mean and L·Lᵀ the covariance of
// the Gaussian of its cell, a row x is abnormal by |L⁻¹·(x−m)|.
type gaussians struct {
	picked  []int32   // the values of a row that count, ascending
	cells   []int32   // the Gaussian of each cell; 0 is that of the whole part
	means   []float32 // of Gaussian g at g·len(picked)
	inverse []float32 // L⁻¹ of Gaussian g, a triangle, at g·cholesky.Size(len(picked))
}

// pick draws which of the dim values of a row count.
func pick(dim int, seed uint64) []int32 {
	all := make([]int32, dim)
	for i := range all {
		all[i] = int32(i)
	}
	if dim <= padimValues {
		return all
	}
	r := rand.NewPCG(seed, uint64(dim))
	for i := range padimValues {
		j := i + int(r.Uint64()%uint64(dim-i))
		all[i], all[j] = all[j], all[i]
	}
	all = all[:padimValues]
	slices.Sort(all)
	return all
}

func (g *gaussians) size() (rows, values int) {
	return len(g.means) / len(g.picked), len(g.means) + len(g.inverse)
}

func (g *gaussians) rate(ctx context.Context, c *Config, rows *memory.Rows, cells []int32) ([]float32, error) {
	d := len(g.picked)
	out := make([]float32, rows.N)
	return out, parallel.For(ctx, rows.N, cellChunk, c.Workers, func(_, lo, hi int) {
		off := make([]float64, d)
		for i := lo; i < hi; i++ {
			at := int(g.cells[cellOf(cells, i)])
			row, mean := rows.Row(i), g.means[at*d:]
			for k, v := range g.picked {
				off[k] = float64(row[v]) - float64(mean[k])
			}
			inverse, sum := g.inverse[at*cholesky.Size(d):], 0.0
			for k := range d {
				dot := 0.0
				for j, w := range inverse[cholesky.Size(k) : cholesky.Size(k)+k+1] {
					dot += float64(float64(w) * off[j])
				}
				sum += float64(dot * dot)
			}
			out[i] = float32(math.Sqrt(sum))
		}
	})
}

// cellOf returns the cell of a scan's row i.
func cellOf(cells []int32, i int) int {
	if cells == nil {
		return i
	}
	return int(cells[i])
}

// moments are the sums that the Gaussian of some rows follows from.
type moments struct {
	n        int       // rows
	sum      []float64 // of the values
	products []float64 // sums of the products of two values, a triangle
}

func newMoments(d int) moments {
	return moments{sum: make([]float64, d), products: make([]float64, cholesky.Size(d))}
}

// add counts the picked values of a row.
func (m *moments) add(row []float32, picked []int32) {
	m.n++
	at := 0
	for i, p := range picked {
		v := float64(row[p])
		m.sum[i] += v
		for _, q := range picked[:i+1] {
			m.products[at] += float64(v * float64(row[q]))
			at++
		}
	}
}

// plus adds the rows of o, factor times: 1 or −1.
func (m *moments) plus(o *moments, factor int) {
	m.n += factor * o.n
	for i, v := range o.sum {
		m.sum[i] += float64(float64(factor) * v)
	}
	for i, v := range o.products {
		m.products[i] += float64(float64(factor) * v)
	}
}

// mean returns the mean of the rows.
func (m *moments) mean() []float64 {
	out := make([]float64, len(m.sum))
	for i, v := range m.sum {
		out[i] = v / float64(m.n)
	}
	return out
}

// covariance returns the triangle of the covariance matrix, of a single row zeros.
func (m *moments) covariance() []float64 {
	out := make([]float64, len(m.products))
	if m.n < 2 {
		return out
	}
	mean, at := m.mean(), 0
	for i, v := range m.sum {
		for _, u := range mean[:i+1] {
			out[at] = (m.products[at] - float64(v*u)) / float64(m.n-1)
			at++
		}
	}
	return out
}

// gaussianLearner makes the Gaussians of a feature.
type gaussianLearner struct {
	picked []int32
	scans  int
	seen   int       // rows
	cells  []moments // n 0: without sums
}

func newGaussianLearner(c *Config, feature string) *gaussianLearner {
	return &gaussianLearner{picked: pick(c.dim([]string{feature}), c.Seed), cells: make([]moments, c.Cells*c.Cells)}
}

func (l *gaussianLearner) shown() int { return l.seen }

func (l *gaussianLearner) show(_ int, rows *memory.Rows, cells []int32) {
	l.scans++
	l.seen += rows.N
	for i := range rows.N {
		m := &l.cells[cellOf(cells, i)]
		if m.n == 0 {
			*m = newMoments(len(l.picked))
		}
		m.add(rows.Row(i), l.picked)
	}
}

// ownGaussian says whether a cell at which n of so many scans have a row has a
// Gaussian of its own.
func ownGaussian(n, scans int) bool { return n >= 2 && 2*n >= scans }

func (l *gaussianLearner) learn(ctx context.Context, c *Config, held []heldScan, i int) (judge, [][]float32, error) {
	d := len(l.picked)
	whole := newMoments(d)
	g := &gaussians{picked: l.picked, cells: make([]int32, len(l.cells))}
	own := []int{-1} // the cell of each Gaussian
	for cell := range l.cells {
		m := &l.cells[cell]
		whole.plus(m, 1)
		if ownGaussian(m.n, l.scans) {
			g.cells[cell] = int32(len(own))
			own = append(own, cell)
		}
	}
	ridge := l.ridge(&whole)
	g.means, g.inverse = make([]float32, len(own)*d), make([]float32, len(own)*cholesky.Size(d))
	err := parallel.For(ctx, len(own), cellChunk, c.Workers, func(_, lo, hi int) {
		for k := lo; k < hi; k++ {
			m := &whole
			if k > 0 {
				m = &l.cells[own[k]]
			}
			narrow(g.means[k*d:], m.mean())
			narrow(g.inverse[k*cholesky.Size(d):], cholesky.Invert(cholesky.Factor(m.covariance(), d, ridge), d))
		}
	})
	if err != nil {
		return nil, nil, err
	}
	scores, err := l.holdOut(ctx, c, held, i, &whole, ridge)
	return g, scores, err
}

func narrow(to []float32, from []float64) {
	for i, v := range from {
		to[i] = float32(v)
	}
}

// ridge returns what is added to the variances.
func (l *gaussianLearner) ridge(whole *moments) float64 {
	all, mean := whole.covariance(), 0.0
	for i := range l.picked {
		mean += all[cholesky.Size(i)+i] / float64(len(l.picked))
	}
	return max(padimRidge*mean, padimLeast)
}

// holdOut returns how abnormal the rows of every held scan are to the Gaussians of all
// others, with the same ridge: the numbers of a fit without the scan.
func (l *gaussianLearner) holdOut(ctx context.Context, c *Config, held []heldScan, i int, whole *moments, ridge float64) ([][]float32, error) {
	rows := make([][]int32, len(held)) // of each cell, −1: none
	scores := make([][]float32, len(held))
	for s := range held {
		t := held[s].desc.rows[i]
		scores[s], rows[s] = make([]float32, t.N), slices.Repeat([]int32{-1}, len(l.cells))
		for r := range t.N {
			rows[s][cellOf(held[s].desc.cells, r)] = int32(r)
		}
	}
	row := func(s int, r int32) []float32 { return held[s].desc.rows[i].Row(int(r)) }
	err := parallel.For(ctx, len(l.cells), cellChunk, c.Workers, func(_, lo, hi int) {
		for cell := lo; cell < hi; cell++ {
			m := &l.cells[cell]
			if !ownGaussian(m.n-1, l.scans-1) {
				continue
			}
			left := newLeaving(m, ridge)
			for s := range held {
				if r := rows[s][cell]; r >= 0 {
					scores[s][r] = float32(left.distance(row(s, r), l.picked))
				}
			}
		}
	})
	if err != nil {
		return nil, err
	}
	// Where the others have no Gaussian of their own theirs of the whole part counts.
	return scores, parallel.For(ctx, len(held), 1, c.Workers, func(_, s, _ int) {
		own, others := newMoments(len(l.picked)), newMoments(len(l.picked))
		for r := range scores[s] {
			own.add(row(s, int32(r)), l.picked)
		}
		others.plus(whole, 1)
		others.plus(&own, -1)
		if others.n == 0 {
			return // nothing to compare with
		}
		mean, root := others.mean(), cholesky.Factor(others.covariance(), len(l.picked), ridge)
		off := make([]float64, len(mean))
		for cell, r := range rows[s] {
			if r < 0 || ownGaussian(l.cells[cell].n-1, l.scans-1) {
				continue
			}
			offset(off, row(s, r), l.picked, mean)
			scores[s][r] = float32(math.Sqrt(cholesky.Solve(root, off)))
		}
	})
}

// offset sets off to the picked values of a row less mean.
func offset(off []float64, row []float32, picked []int32, mean []float64) {
	for k, p := range picked {
		off[k] = float64(row[p]) - mean[k]
	}
}

// leaving tells how far each of n ≥ 3 rows lies from the Gaussian of the others.
//
// With C the covariance of all n and δ the row less their mean, the others' mean is
// nδ/(n−1) away, and their covariance with the ridge ρ is a·(B − n/(n−1)²·δδᵀ), where
// a = (n−1)/(n−2) and B = C + ρ/a·I. By the formula of Sherman and Morrison the squared
// distance is (n/(n−1))²/a · q/(1 − nq/(n−1)²), where q = δᵀB⁻¹δ: one factor, that of
// B, serves all rows.
type leaving struct {
	n    float64
	mean []float64
	root []float64 // the factor of B
	off  []float64
}

func newLeaving(m *moments, ridge float64) *leaving {
	n, d := float64(m.n), len(m.sum)
	return &leaving{n, m.mean(), cholesky.Factor(m.covariance(), d, ridge*(n-2)/(n-1)), make([]float64, d)}
}

func (l *leaving) distance(row []float32, picked []int32) float64 {
	offset(l.off, row, picked, l.mean)
	q, share := cholesky.Solve(l.root, l.off), l.n/(l.n-1)
	return math.Sqrt(float64(share*share) * (l.n - 2) / (l.n - 1) * q / (1 - float64(share*q)/(l.n-1)))
}
