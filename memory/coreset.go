package memory

import (
	"context"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"github.com/iad3d/iad3d/internal/parallel"
	"github.com/iad3d/iad3d/internal/simd"
)

// Coreset is a subset of rows that covers the rest.
type Coreset struct {
	Index  []int32 // in the order of selection
	Radius float64 // largest distance of any row to its nearest selected one
	Owner  []int32 // for each row, the place in Index of that one; the first on ties
}

// reach returns the largest distance, between these rows, of any to its owner.
func (c *Coreset) reach(ctx context.Context, rows *Rows, workers int) (float64, error) {
	far := make([]float64, (rows.N+coresetChunk-1)/coresetChunk)
	err := parallel.For(ctx, rows.N, coresetChunk, workers, func(_, lo, hi int) {
		row, d := make([]float64, rows.D), [1]float64{}
		for i := lo; i < hi; i++ {
			copyRow(row, rows.Row(i))
			simd.Distances(row, rows.Data, c.Index[c.Owner[i]:][:1], d[:])
			far[lo/coresetChunk] = max(far[lo/coresetChunk], d[0])
		}
	})
	if err != nil {
		return 0, err
	}
	return math.Sqrt(slices.Max(far)), nil
}

// Greedy selects up to n rows farthest-first: row 0, then each time the row
// farthest from all selected ones, ties to the lowest index. This is the greedy
// k-centre of T. F. Gonzalez (1985), whose radius is at most twice the optimum,
// as PatchCore and BTF use it; distances are exact, so the picks are those of
// the reference programs in full precision, for rows that these do not project
// first (see [Project]).
//
// Rows are not compared with one pick after the other. A row's distance from the
// picks only falls; so the next picks come from the rows that are farthest now, until
// the best of these falls below the rest. All rows are then compared with up to 64
// picks at once, the exact distance being computed only where a bound in single
// precision leaves it open whether the pick is nearer than those before. That changes
// no pick.
//
// It stops early when every row coincides with a selected one; the reference
// would go on returning row 0. workers ≤ 0 means GOMAXPROCS.
func Greedy(ctx context.Context, rows *Rows, n, workers int) (*Coreset, error) {
	if err := rows.Check(); err != nil {
		return nil, err
	}
	if n <= 0 {
		return nil, fmt.Errorf("memory: coreset of %d rows", n)
	}
	g, err := newSelection(ctx, rows, min(n, rows.N), workers)
	if err != nil {
		return nil, err
	}
	g.round = append(g.round, 0)
	for {
		if err := g.compare(ctx); err != nil {
			return nil, err
		}
		g.set.Index = append(g.set.Index, g.round...)
		if len(g.set.Index) == g.n {
			break
		}
		if g.choose(); len(g.round) == 0 {
			break
		}
	}
	g.set.Radius = math.Sqrt(slices.Max(g.nearest))
	return g.set, nil
}

const (
	// coresetChunk is the number of rows that are compared with the picks of a round
	// at a time, a multiple of simd.BlockRows.
	coresetChunk = 170 * simd.BlockRows
	// firstCandidates and leastCandidates are how many of the farthest rows picks
	// are looked for among, at first and at least.
	firstCandidates = 256
	leastCandidates = 128
)

// selection is a farthest-first selection under way.
type selection struct {
	rows    *Rows
	n       int // rows to select
	workers int
	set     *Coreset
	round   []int32   // the picks that are not in set yet, at most simd.PanelRows
	nearest []float64 // squared distance of each row from the picks of set

	screen  *screen // nil: nothing is screened
	coords  []*coordinates
	bound   []float32 // of each row: a pick with a value that is not above it is not nearer
	panel   []float32 // the picks of the round
	picks   []float64 // their rows
	compars []comparison

	count int       // of candidates, about
	list  []int32   // candidates, ascending
	dist2 []float64 // squared distance of each from all picks
	apart []float64 // and from the last one
}

// candidate is a row and its squared distance from all picks.
type candidate struct {
	row   int32
	dist2 float64
}

// comparison is the scratch space of one goroutine.
type comparison struct {
	values [coresetChunk * simd.PanelRows]float32
	peaks  [coresetChunk]float32
	open   [simd.PanelRows][]int32 // rows that a pick may be nearer to
	dist2  [coresetChunk]float64
}

func newSelection(ctx context.Context, rows *Rows, n, workers int) (*selection, error) {
	g := &selection{rows: rows, n: n, workers: workers, count: firstCandidates}
	g.nearest = slices.Repeat([]float64{math.Inf(1)}, rows.N)
	g.set = &Coreset{Index: make([]int32, 0, n), Owner: make([]int32, rows.N)}
	g.picks = make([]float64, simd.PanelRows*rows.D)
	g.compars = make([]comparison, parallel.Workers(rows.N, coresetChunk, workers))
	var err error
	if g.screen, g.coords, err = newScreen(ctx, rows, coresetChunk, workers); err != nil {
		return nil, err
	}
	if g.screen != nil {
		g.bound = slices.Repeat([]float32{float32(math.Inf(-1))}, rows.N)
		g.panel = make([]float32, simd.PanelRows*g.screen.width)
	}
	return g, nil
}

// compare compares all rows with the picks of the round.
func (g *selection) compare(ctx context.Context) error {
	for j, row := range g.round {
		copyRow(g.picks[j*g.rows.D:], g.rows.Row(int(row)))
	}
	if s := g.screen; s != nil {
		for j := range simd.PanelRows {
			if j < len(g.round) {
				row := int(g.round[j])
				g.coords[row/coresetChunk].pack(row%coresetChunk, g.panel, j)
			} else {
				s.absent(g.panel, j)
			}
		}
	}
	return parallel.For(ctx, g.rows.N, coresetChunk, len(g.compars), func(worker, lo, hi int) {
		w := &g.compars[worker]
		g.open(w, lo, hi)
		for j := range g.round {
			g.enter(w, j, lo)
		}
	})
}

// open lists, for each pick of the round, those of rows lo to hi−1 that it may be
// nearer to than the picks before.
func (g *selection) open(w *comparison, lo, hi int) {
	if g.screen == nil {
		for j := range g.round {
			w.open[j] = w.open[j][:0]
			for i := lo; i < hi; i++ {
				w.open[j] = append(w.open[j], int32(i))
			}
		}
		return
	}
	for j := range g.round {
		w.open[j] = w.open[j][:0]
	}
	c, width := g.coords[lo/coresetChunk], g.screen.width
	for i := 0; i < hi-lo; i += simd.BlockRows {
		simd.Products(c.data[i*width:], width, g.panel, width, w.values[i*simd.PanelRows:], simd.PanelRows, w.peaks[i:], 1)
	}
	for i, bound := range g.bound[lo:hi] {
		if !(w.peaks[i] > bound) {
			continue
		}
		for j, v := range w.values[i*simd.PanelRows:][:len(g.round)] {
			if v > bound {
				w.open[j] = append(w.open[j], int32(lo+i))
			}
		}
	}
}

// enter measures the rows that are open for pick j, of the chunk from row lo on, if
// no pick before it has closed them.
func (g *selection) enter(w *comparison, j, lo int) {
	list := w.open[j]
	if g.screen != nil {
		list = list[:0]
		for _, r := range w.open[j] {
			if w.values[(int(r)-lo)*simd.PanelRows+j] > g.bound[r] {
				list = append(list, r)
			}
		}
	}
	d := g.rows.D
	simd.Distances(g.picks[j*d:][:d], g.rows.Data, list, w.dist2[:])
	rank := int32(len(g.set.Index) + j)
	for i, r := range list {
		if e := w.dist2[i]; e < g.nearest[r] {
			g.nearest[r], g.set.Owner[r] = e, rank
			if g.screen != nil {
				g.bound[r] = g.coords[lo/coresetChunk].above(int(r)-lo, e)
			}
		}
	}
}

// choose finds the next picks: none when all rows coincide with one, else as many as
// are certain, at least one and at most a panel.
func (g *selection) choose() {
	g.round = g.round[:0]
	best, rest := g.gather()
	for len(g.round) < min(simd.PanelRows, g.n-len(g.set.Index)) {
		if best.dist2 <= 0 || !best.before(rest) {
			break
		}
		g.round = append(g.round, best.row)
		best = g.thin(best.row, rest.dist2)
	}
	switch {
	case len(g.round) < simd.PanelRows:
		g.count = min(g.count*5/4+1, max(leastCandidates, g.rows.N))
	case len(g.list) > g.count/4:
		g.count = max(g.count*3/4, leastCandidates)
	}
}

// before reports whether c would be picked before d: the farther, or the first of two
// that are equally far.
func (c candidate) before(d candidate) bool {
	return c.dist2 > d.dist2 || c.dist2 == d.dist2 && c.row < d.row
}

// gather takes some of the farthest rows as candidates, in ascending order, and
// returns which of them, and which of the others, would be picked first.
func (g *selection) gather() (best, rest candidate) {
	// About count rows are beyond the limit, as a sample says.
	step := 1 + g.rows.N/4096
	g.dist2 = g.dist2[:0]
	for i := 0; i < g.rows.N; i += step {
		g.dist2 = append(g.dist2, g.nearest[i])
	}
	limit := -1.0
	if n := g.count / step; n < len(g.dist2) {
		limit = nthLargest(g.dist2, max(n, 1))
	}
	g.list, g.dist2 = g.list[:0], g.dist2[:0]
	best, rest = candidate{dist2: -1}, candidate{dist2: -1}
	for i, d := range g.nearest {
		if d > limit {
			g.list, g.dist2 = append(g.list, int32(i)), append(g.dist2, d)
			if d > best.dist2 {
				best = candidate{int32(i), d}
			}
		} else if d > rest.dist2 {
			rest = candidate{int32(i), d}
		}
	}
	if len(g.list) > 0 {
		return best, rest
	}
	// All the farthest are equally far: the first of them, then.
	best, rest = rest, candidate{dist2: -1}
	for i, d := range g.nearest {
		if d == best.dist2 && len(g.list) < g.count {
			g.list, g.dist2 = append(g.list, int32(i)), append(g.dist2, d)
		} else if d > rest.dist2 {
			rest = candidate{int32(i), d}
		}
	}
	return best, rest
}

// thin compares the candidates with a pick, drops those that are nearer to it than
// rest, squared, and returns the next of the others.
func (g *selection) thin(pick int32, rest float64) candidate {
	d := g.rows.D
	q := g.picks[(len(g.round)-1)*d:][:d]
	copyRow(q, g.rows.Row(int(pick)))
	g.apart = slices.Grow(g.apart[:0], len(g.list))[:len(g.list)]
	simd.Distances(q, g.rows.Data, g.list, g.apart)
	best, kept := candidate{dist2: -1}, 0
	for i, row := range g.list {
		if d := min(g.dist2[i], g.apart[i]); d >= rest && d > 0 {
			g.list[kept], g.dist2[kept] = row, d
			kept++
			if d > best.dist2 {
				best = candidate{row, d}
			}
		}
	}
	g.list, g.dist2 = g.list[:kept], g.dist2[:kept]
	return best
}

// nthLargest returns the n-th largest of more values than that; it reorders them.
func nthLargest(values []float64, n int) float64 {
	lo, hi := 0, len(values)
	for rounds := 4 * bits.Len(uint(len(values))); ; rounds-- {
		if rounds == 0 { // one would do were the pivots medians
			slices.Sort(values[lo:hi])
			return values[hi-n]
		}
		if hi-lo == 1 {
			return values[lo]
		}
		// Three parts: above the pivot, equal to it, below.
		pivot := values[lo+(hi-lo)/2]
		above, next, below := lo, lo, hi
		for next < below {
			switch v := values[next]; {
			case v > pivot:
				values[above], values[next] = v, values[above]
				above++
				next++
			case v < pivot:
				below--
				values[next], values[below] = values[below], v
			default:
				next++
			}
		}
		switch {
		case n <= above-lo:
			hi = above
		case n <= below-lo:
			return pivot
		default:
			n -= below - lo
			lo = below
		}
	}
}
