package memory

import (
	"context"
	"math"

	"github.com/iad3d/iad3d/internal/order"
	"github.com/iad3d/iad3d/internal/simd"
)

const (
	// queryChunk is the number of queries a worker takes at a time.
	queryChunk = 4 * simd.BlockRows
	// slabPanels is the number of panels whose values for these are kept at a time.
	slabPanels = 128
	slabRows   = slabPanels * simd.PanelRows
)

// A bank is screened when it has at least screenRows rows, and from screenQueries
// queries on, counted over all calls: less is not worth the preparation.
const (
	screenRows    = 256
	screenQueries = 32
)

// guesses is how many of the most promising rows of a slab are measured, at most,
// before the others are looked at.
const guesses = 8

// distanceBatch is the number of rows that are measured between two looks at their
// values.
const distanceBatch = 4

// search is the scratch space of one goroutine.
type search struct {
	rows    *Rows
	panels  *panels      // nil: nothing is screened
	coords  *coordinates // of the queries
	stepped *stepped     // the same in steps, where the panels are
	query   []float64
	boxes   []float32 // squared distances from them
	value   [simd.PanelRows]float32
	open    []uint64 // rows that may be among the nearest, see ranked
	list    []int32
	dist2   []float64

	// For dense searches only.
	values []float32 // of the rows of a slab for query i at i·slabRows
	peaks  []float32 // the largest value of each panel, for query i at i·slabPanels
}

// valued is a row and its value.
type valued struct {
	value float32
	row   int32
}

// ranked makes a number of a row and its value, which is not NaN: the larger the value,
// the larger.
func ranked(value float32, row int32) uint64 {
	b := math.Float32bits(value)
	if b>>31 == 0 {
		b |= 1 << 31
	} else {
		b = ^b
	}
	return uint64(b)<<32 | uint64(uint32(row))
}

func newSearch(rows *Rows, p *panels) *search {
	s := &search{rows: rows, panels: p, query: make([]float64, rows.D), list: make([]int32, 0, slabRows), dist2: make([]float64, slabRows)}
	if p != nil {
		s.coords = newCoordinates(p.screen, queryChunk)
		s.boxes = make([]float32, p.boxes)
		if p.steps != nil {
			s.stepped = newStepped(p.steps, wholeBlocks(queryChunk))
		}
	}
	return s
}

// nearest fills hits with the k nearest rows of queries lo to hi−1, at most
// queryChunk, ascending, ties to the lowest row. A row is passed over only when
// it is certain that its distance, as distance2 computes it, does not enter.
func (s *search) nearest(ctx context.Context, q *Rows, lo, hi, k int, hits []Hit) {
	if s.panels != nil {
		s.coords.compute(q, lo, hi)
	}
	if s.stepped != nil {
		s.stepped.compute(s.coords, hi-lo)
	}
	if s.panels != nil && !s.panels.dense.Load() {
		s.sparse(q, lo, hi, k, hits)
	} else {
		s.dense(ctx, q, lo, hi, k, hits)
	}
	for j := range hits {
		hits[j].Dist = math.Sqrt(hits[j].Dist)
	}
}

// mostVisited is the share of panels from which on looking at all of them, for several
// queries at once, is faster.
const mostVisited = 0.5

// sparse looks, for each query, at the panels only whose boxes are near.
func (s *search) sparse(q *Rows, lo, hi, k int, hits []Hit) {
	visited := 0
	for i := range hi - lo {
		copyRow(s.query, q.Row(lo+i))
		visited += s.visit(i, hits[i*k:i*k:(i+1)*k], k)
	}
	if n := (hi - lo) * s.panels.count; hi-lo == queryChunk && float64(visited) > mostVisited*float64(n) {
		s.panels.dense.Store(true)
	}
}

// visit enters the k nearest rows of query i into best, which is empty, and returns
// how many panels it took.
func (s *search) visit(i int, best []Hit, k int) (visited int) {
	p := s.panels
	x := s.coords.row(i)
	simd.Boxes(x[:p.sides], p.lo, p.hi, s.boxes)
	boxes := s.boxes[:p.count]
	first := 0
	for b, d := range boxes {
		if d < boxes[first] {
			first = b
		}
	}
	s.open = s.open[:0]
	simd.Product(x, p.panel(first), &s.value)
	best = s.begin(first, best, k)
	t, beyond := s.bound(i, best, k)
	s.take(first, t)
	visited = 1
	for b, d := range boxes {
		if d > beyond || b == first {
			continue
		}
		visited++
		if simd.Product(x, p.panel(b), &s.value) > t {
			s.take(b, t)
		}
	}
	s.settle(i, best, k, t)
	return visited
}

// take opens those rows of a panel whose value is above t.
func (s *search) take(panel int, t float32) {
	for r, v := range s.value {
		if v > t {
			s.open = append(s.open, ranked(v, s.panels.ids[panel*simd.PanelRows+r]))
		}
	}
}

// begin enters the rows of a panel with the largest values, and takes them out of
// value.
func (s *search) begin(panel int, best []Hit, k int) []Hit {
	var top [guesses]valued
	n := 0
	for r, v := range s.value {
		if !math.IsInf(float64(v), -1) {
			n = promise(top[:min(k+1, guesses)], n, valued{v, int32(r)})
		}
	}
	s.list = s.list[:0]
	for _, v := range top[:n] {
		s.value[v.row] = float32(math.Inf(-1))
		s.list = append(s.list, s.panels.ids[panel*simd.PanelRows+int(v.row)])
	}
	return s.enter(best, k)
}

// promise puts v into the descending list of n entries, which has room for len(list),
// and returns how many there are then.
func promise(list []valued, n int, v valued) int {
	if n == len(list) && v.value <= list[n-1].value {
		return n
	}
	n = min(n+1, len(list))
	j := n - 1
	for ; j > 0 && list[j-1].value < v.value; j-- {
		list[j] = list[j-1]
	}
	list[j] = v
	return n
}

// dense looks at all rows, a slab at a time.
func (s *search) dense(ctx context.Context, q *Rows, lo, hi, k int, hits []Hit) {
	if s.panels != nil && s.values == nil {
		s.values, s.peaks = make([]float32, queryChunk*slabRows), make([]float32, queryChunk*slabPanels)
	}
	var found [queryChunk]int
	for start := 0; start < s.rows.N && ctx.Err() == nil; start += slabRows {
		end := min(start+slabRows, s.rows.N)
		if s.panels != nil {
			s.evaluate(start, end, hi-lo)
		}
		for i := range hi - lo {
			copyRow(s.query, q.Row(lo+i))
			best := hits[i*k : (i+1)*k]
			found[i] = len(s.slab(i, start, end, best[:found[i]], k))
		}
	}
}

// evaluate computes the values of rows start to end−1 for n queries.
func (s *search) evaluate(start, end, n int) {
	width := s.panels.width
	for p := 0; start+p*simd.PanelRows < end; p++ {
		at := start/simd.PanelRows + p
		if g := s.stepped; g != nil {
			panel, bytes := g.panel(at), 4*g.groups
			for i := 0; i < n; i += simd.BlockRows {
				simd.ByteProducts(g.data[i*bytes:], bytes, panel, g.groups, &g.start[at], s.values[i*slabRows+p*simd.PanelRows:], slabRows, s.peaks[i*slabPanels+p:], slabPanels)
			}
			continue
		}
		panel := s.panels.panel(at)
		for i := 0; i < n; i += simd.BlockRows {
			simd.Products(s.coords.data[i*width:], width, panel, width, s.values[i*slabRows+p*simd.PanelRows:], slabRows, s.peaks[i*slabPanels+p:], slabPanels)
		}
	}
}

// slab enters those of rows start to end−1 that are among the k nearest to query i
// into the ascending list best, whose distances are squared.
func (s *search) slab(i, start, end int, best []Hit, k int) []Hit {
	s.list = s.list[:0]
	if s.panels == nil {
		for r := start; r < end; r++ {
			s.list = append(s.list, int32(r))
		}
		return s.enter(best, k)
	}
	values, peaks := s.values[i*slabRows:][:end-start], s.peaks[i*slabPanels:][:(end-start+simd.PanelRows-1)/simd.PanelRows]
	ids := s.panels.ids[start:end]
	best = s.guess(values, peaks, ids, best, k)
	t, _ := s.bound(i, best, k)
	s.open = s.open[:0]
	for p, peak := range peaks {
		if !(peak > t) {
			continue
		}
		lo := p * simd.PanelRows
		for r, v := range values[lo:min(lo+simd.PanelRows, len(values))] {
			if v > t {
				s.open = append(s.open, ranked(v, ids[lo+r]))
			}
		}
	}
	return s.settle(i, best, k, t)
}

// settleFirst is the number of open rows that are measured first.
const settleFirst = 16

// settle enters the open rows, of values above t: the most promising first, then twice
// as many of those that are left, and so on.
func (s *search) settle(i int, best []Hit, k int, t float32) []Hit {
	open := s.open
	least := ranked(t, -1) // the values of larger ones are above t
	for m := settleFirst; len(open) > 0; m *= 2 {
		first := max(0, len(open)-m)
		if first > 0 {
			order.Nth(open, first)
		}
		for batch := open[first:]; len(batch) > 0; {
			s.list = s.list[:0]
			for len(batch) > 0 && len(s.list) < distanceBatch {
				if batch[0] > least {
					s.list = append(s.list, int32(uint32(batch[0])))
				}
				batch = batch[1:]
			}
			n := len(best)
			var last float64
			if n > 0 {
				last = best[n-1].Dist
			}
			if best = s.enter(best, k); len(best) > n || n > 0 && best[n-1].Dist < last {
				t, _ = s.bound(i, best, k)
				least = ranked(t, -1)
			}
		}
		left := open[:0]
		for _, r := range open[:first] {
			if r > least {
				left = append(left, r)
			}
		}
		open = left
	}
	return best
}

// guess enters the rows with the largest values in some panels, and takes them out of
// values.
func (s *search) guess(values, peaks []float32, ids []int32, best []Hit, k int) []Hit {
	var top [guesses]valued
	n := 0
	for p, v := range peaks {
		n = promise(top[:min(k+1, guesses)], n, valued{v, int32(p)})
	}
	for _, panel := range top[:n] {
		r := int(panel.row) * simd.PanelRows
		for values[r] != panel.value {
			r++
		}
		values[r] = float32(math.Inf(-1))
		s.list = append(s.list, ids[r])
	}
	return s.enter(best, k)
}

// bound returns a number that the value of a row is above, and one that the squared
// distance of its box is not above, when the row enters best.
func (s *search) bound(i int, best []Hit, k int) (above, beyond float32) {
	if len(best) < k {
		return float32(math.Inf(-1)), float32(math.Inf(1))
	}
	limit := math.Nextafter(best[k-1].Dist, math.Inf(1)) // one equally far may come before
	if s.stepped != nil {
		return s.stepped.above(s.coords, i, limit), 0 // there are no boxes
	}
	return s.coords.above(i, limit), s.coords.beyond(i, limit)
}

// enter measures the rows of the list and enters those that are among the k nearest.
func (s *search) enter(best []Hit, k int) []Hit {
	simd.Distances(s.query, s.rows.Data, s.list, s.dist2)
	for j, r := range s.list {
		if h := (Hit{r, s.dist2[j]}); len(best) < k || h.before(best[k-1]) {
			best = insert(best, k, h)
		}
	}
	return best
}

// before reports whether h is nearer than g, or as near and the lower row.
func (h Hit) before(g Hit) bool { return h.Dist < g.Dist || h.Dist == g.Dist && h.Row < g.Row }

// insert puts a hit into an ascending list of at most k; the last one falls out of a
// full list.
func insert(list []Hit, k int, h Hit) []Hit {
	if len(list) < k {
		list = append(list, h)
	}
	j := len(list) - 1
	for ; j > 0 && h.before(list[j-1]); j-- {
		list[j] = list[j-1]
	}
	list[j] = h
	return list
}
