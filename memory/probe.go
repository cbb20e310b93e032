package memory

import (
	"context"
	"fmt"
	"math"

	"github.com/iad3d/iad3d/internal/parallel"
	"github.com/iad3d/iad3d/internal/simd"
)

// Nearest returns the k rows nearest to each row of q, ascending, ties to the lowest row:
// hits of query i stand at i·k. Rows from to to−1 are passed over; k is cut to the number of
// the others. A row that is in the index is at the distance 0.
func (x *Index) Nearest(ctx context.Context, q *Rows, k, from, to int) ([]Hit, error) {
	if k <= 0 || from < 0 || to < from || to > x.N {
		return nil, fmt.Errorf("memory: %d nearest rows without %d to %d of %d", k, from, to, x.N)
	}
	k = min(k, x.N-(to-from))
	if q.N == 0 || k == 0 {
		return nil, nil
	}
	if err := q.Check(); err != nil {
		return nil, err
	}
	if q.D != x.D() {
		return nil, fmt.Errorf("%w: queries have %d values, the index's rows %d", ErrRows, q.D, x.D())
	}
	hits := make([]Hit, q.N*k)
	err := parallel.For(ctx, q.N, indexRows, x.workers, func(_, lo, hi int) {
		p := newProbe(x, q, lo, hi, k, int32(from), int32(to))
		p.search(ctx)
		for i := range p.n {
			for j, h := range p.best[i*k:][:k] {
				hits[(lo+i)*k+j] = Hit{h.row, x.Size * math.Sqrt(float64(h.dist2)+p.queries.more[i])}
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return hits, nil
}

// near is a row and its squared distance, in squares of a step.
type near struct{ dist2, row int32 }

func (a near) before(b near) bool { return a.dist2 < b.dist2 || a.dist2 == b.dist2 && a.row < b.row }

// probe is a search for some queries.
type probe struct {
	*Index
	queries  *byteQueries
	n, k     int
	from, to int32
	lists    []int32 // the probed ones of each query, the nearest first
	probes   int     // of a query
	best     []near  // of query i at k·i, ascending
	found    []int   // how many of these there are
}

func newProbe(x *Index, q *Rows, lo, hi, k int, from, to int32) *probe {
	n := hi - lo
	p := &probe{Index: x, queries: newByteQueries(q.D, n), n: n, k: k, from: from, to: to, best: make([]near, n*k), found: make([]int, n)}
	for i := range n {
		p.queries.set(i, &x.Steps, q.Row(lo+i))
	}
	return p
}

func (p *probe) search(ctx context.Context) {
	p.choose()
	p.look(ctx, func(i int) []int32 { return p.lists[i*p.probes:][:1] })
	p.look(ctx, func(i int) []int32 { return p.lists[i*p.probes:][1:p.probes] })
	// Short lists, or many rows that are passed over: such queries look everywhere.
	all := make([]int32, len(p.first)-1)
	for l := range all {
		all[l] = int32(l)
	}
	short := make([]bool, p.n)
	for i, n := range p.found {
		if short[i] = n < p.k; short[i] {
			p.found[i] = 0
		}
	}
	p.look(ctx, func(i int) []int32 {
		if short[i] {
			return all
		}
		return nil
	})
}

// choose finds the lists to be probed.
func (p *probe) choose() {
	count := len(p.first) - 1
	p.probes = min(probes, count)
	p.lists = make([]int32, p.n*p.probes)
	top := make([]valued, p.probes)
	c := &compared{}
	for i := 0; i < p.n; i += simd.BlockRows {
		for j, values := range c.with(p.queries, i, p.centres, p.centresStart, count) {
			if i+j >= p.n {
				break
			}
			n := 0
			for l, v := range values {
				n = promise(top, n, valued{v, int32(l)})
			}
			for r, v := range top {
				p.lists[(i+j)*p.probes+r] = v.row
			}
		}
	}
}

// look compares queries with the rows of lists.
func (p *probe) look(ctx context.Context, lists func(i int) []int32) {
	count := len(p.first) - 1
	begin := make([]int, count+1) // of each list's queries
	for i := range p.n {
		for _, l := range lists(i) {
			begin[l+1]++
		}
	}
	for l := range count {
		begin[l+1] += begin[l]
	}
	asking, next := make([]int32, begin[count]), make([]int, count)
	for i := range p.n {
		for _, l := range lists(i) {
			asking[begin[l]+next[l]] = int32(i)
			next[l]++
		}
	}
	block := make([]uint8, simd.BlockRows*p.queries.stride)
	for l := range count {
		if ctx.Err() != nil {
			return
		}
		for q := asking[begin[l]:begin[l+1]]; len(q) > 0; q = q[min(simd.BlockRows, len(q)):] {
			some := q[:min(simd.BlockRows, len(q))]
			for j, i := range some {
				copy(block[j*p.queries.stride:], p.queries.of(int(i)))
			}
			for panel := p.first[l]; panel < p.first[l+1]; panel++ {
				p.compare(block, some, int(panel))
			}
		}
	}
}

// compare enters the rows of a panel that are among the nearest of queries, whose bytes are
// in block.
func (p *probe) compare(block []uint8, queries []int32, panel int) {
	var values [simd.BlockRows * simd.PanelRows]float32
	var peaks [simd.BlockRows]float32
	simd.ByteProducts(block, p.queries.stride, p.panel(panel), p.groups, &p.start[panel], values[:], simd.PanelRows, peaks[:], 1)
	for j, q := range queries {
		i := int(q)
		least := p.least(i)
		if peaks[j] < least {
			continue
		}
		for r, v := range values[j*simd.PanelRows:][:simd.PanelRows] {
			if v < least {
				continue
			}
			at := panel*simd.PanelRows + r
			row := p.ids[at]
			if row < 0 || row >= p.from && row < p.to {
				continue
			}
			h := near{int32(p.queries.norm2[i]) - 2*int32(v), row}
			if p.odd[at] {
				h.dist2++
			}
			p.enter(i, h)
			least = p.least(i)
		}
	}
}

// least returns what the value of a row that enters the nearest of query i is not below.
func (p *probe) least(i int) float32 {
	if p.found[i] < p.k {
		return absentValue
	}
	return float32((p.queries.norm2[i] - int(p.best[i*p.k+p.k-1].dist2)) / 2)
}

func (p *probe) enter(i int, h near) {
	best := p.best[i*p.k:][:p.k]
	n := p.found[i]
	if n == p.k {
		if !h.before(best[n-1]) {
			return
		}
		n--
	} else {
		p.found[i]++
	}
	for ; n > 0 && h.before(best[n-1]); n-- {
		best[n] = best[n-1]
	}
	best[n] = h
}
