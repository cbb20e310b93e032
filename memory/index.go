package memory

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/iad3d/iad3d/internal/parallel"
	"github.com/iad3d/iad3d/internal/simd"
)

const (
	// listRows is how many rows a list of an index has on average.
	listRows = 256
	// probes is in how many lists, the nearest, a query looks for its nearest rows.
	probes = 16
	// centreRows is from how many rows per list the centres are learned, centreRounds in how
	// many rounds.
	centreRows   = 64
	centreRounds = 6
	// stepsSample is how many rows the size of a step is learned from.
	stepsSample = 2048
	// cutShare is the share of their values that may lie beyond what steps reach.
	cutShare = 1e-4
	// indexRows is how many rows or queries are rounded and compared at a time.
	indexRows = 512
)

// Index is an immutable table of rows to be searched, safe for concurrent use, in half of
// the memory of a [Bank], a quarter in a file, and a fraction of its time: nearest rows are
// found in nearly all cases, and their distances are rounded.
//
// A row's values, less the mean, are rounded to whole steps, of one byte. Rows stand in
// lists around centres, and a query is compared with those of the 16 lists whose centres are
// nearest to it: an inverted file (J. Sivic, A. Zisserman, "Video Google", ICCV 2003;
// H. Jégou et al., "Product Quantization for Nearest Neighbor Search", PAMI 2011), the
// centres by Lloyd's algorithm. All sums are of whole numbers, so that every processor gives
// the same bits.
type Index struct {
	IndexParts
	workers int
	groups  int // of four values, the last filled up with 0

	panels []int8 // the rows of one list after those of the other, as simd.ByteProducts takes them
	first  []int32
	ids    []int32 // the row at each place of the panels, −1: none
	odd    []bool  // whether its squared norm is
	start  [][simd.PanelRows]int32

	centres      []int8 // panels of centres
	centresStart [][simd.PanelRows]int32
}

// IndexParts is all that an index is made of.
type IndexParts struct {
	Steps
	N       int
	Rows    []uint8 // value d of row i at D·i+d: steps from the mean, 128 more
	List    []int32 // of each row
	Centres []uint8 // of each list, as Rows
}

// Steps is how rows of D values become bytes.
type Steps struct {
	Mean  []float32 // D values
	Size  float64   // of a step
	Reach float64   // the largest value of a row, in steps from the mean; what is beyond most is cut
	most  int       // steps from the mean
}

// stepsFor returns steps for rows like these: of a size that a value in ten thousand lies
// beyond the last.
func stepsFor(rows *Rows) *Steps {
	sums := make([]float64, rows.D)
	for i := range rows.N {
		for d, v := range rows.Row(i) {
			sums[d] += float64(v)
		}
	}
	s := &Steps{Mean: make([]float32, rows.D)}
	for d, v := range sums {
		s.Mean[d] = float32(v / float64(rows.N))
	}
	n, most := min(rows.N, stepsSample), float64(stepsOf(rows.D))
	off := make([]float64, 0, n*rows.D)
	for i := range n {
		for d, v := range rows.Row(i * rows.N / n) {
			off = append(off, math.Abs(float64(v)-float64(s.Mean[d])))
		}
	}
	slices.Sort(off)
	s.Size = off[len(off)-1-int(cutShare*float64(len(off)))] / most
	if !(s.Size > 0) {
		s.Size = max(off[len(off)-1]/most, math.SmallestNonzeroFloat32)
	}
	return s
}

// stepsOf returns how many steps values of rows of d may be off the mean, so that sums stay
// below 2²⁴, up to which float32 has all whole numbers.
func stepsOf(d int) int {
	return min(mostSteps, int(math.Sqrt(float64(1<<24)/(1.5*float64(d)))))
}

// round stores a row in steps, and returns its largest value, and by how much it is farther
// from all that reach as far as Reach than the steps say: what is to be added to squared
// distances, in squares of a step.
func (s *Steps) round(dst []uint8, row []float32) (largest, more float64) {
	perStep, most, reach := 1/s.Size, float64(s.most), max(s.Reach, float64(s.most))
	for d, v := range row {
		x := (float64(v) - float64(s.Mean[d])) * perStep
		g := max(-most, min(math.RoundToEven(x), most))
		largest = max(largest, math.Abs(x))
		if off := math.Abs(x) - reach; off > 0 {
			more += float64(off * off)
		}
		dst[d] = uint8(int(g) + zeroStep)
	}
	return largest, more
}

// usable reports whether rows can be rounded to steps of a size.
func usable(size float64) bool { return size > 0 && !math.IsInf(size, 1) && !math.IsInf(1/size, 1) }

// NewIndex returns an index of rows, in the steps of another index of rows like these or,
// where steps is nil, in steps for these. It retains neither. workers ≤ 0 means GOMAXPROCS,
// for searches too.
func NewIndex(ctx context.Context, rows *Rows, steps *Steps, workers int) (*Index, error) {
	if err := rows.Check(); err != nil {
		return nil, err
	}
	if steps == nil {
		steps = stepsFor(rows)
	} else if len(steps.Mean) != rows.D || !usable(steps.Size) {
		return nil, fmt.Errorf("%w: steps of %v for rows of %d values, not of %d", ErrRows, steps.Size, len(steps.Mean), rows.D)
	}
	p := IndexParts{Steps: *steps, N: rows.N, Rows: make([]uint8, len(rows.Data))}
	p.Mean, p.most = slices.Clone(steps.Mean), stepsOf(rows.D)
	reach := make([]float64, (rows.N+indexRows-1)/indexRows)
	err := parallel.For(ctx, rows.N, indexRows, workers, func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			largest, _ := p.round(p.Rows[i*rows.D:], rows.Row(i))
			reach[lo/indexRows] = max(reach[lo/indexRows], largest)
		}
	})
	if err == nil {
		err = p.group(ctx, workers)
	}
	if err != nil {
		return nil, err
	}
	p.Reach = max(p.Reach, slices.Max(reach))
	return p.index(workers), nil
}

// group chooses the centres and the list of each row.
func (p *IndexParts) group(ctx context.Context, workers int) error {
	d := len(p.Mean)
	count := max(1, p.N/listRows)
	n := min(p.N, centreRows*count)
	sample := make([]uint8, n*d)
	for i := range n {
		copy(sample[i*d:][:d], p.Rows[i*p.N/n*d:])
	}
	p.Centres = make([]uint8, count*d)
	for c := range count {
		copy(p.Centres[c*d:][:d], sample[c*n/count*d:])
	}
	lists := make([]int32, n)
	for range centreRounds {
		if err := assign(ctx, sample, p.Centres, d, lists, workers); err != nil {
			return err
		}
		sums, counts := make([]int, count*d), make([]int, count)
		for i, c := range lists {
			counts[c]++
			sum := sums[int(c)*d:][:d]
			for j, v := range sample[i*d:][:d] {
				sum[j] += int(v)
			}
		}
		for c, m := range counts {
			if m == 0 {
				continue // its old centre stays
			}
			for j, v := range sums[c*d:][:d] {
				p.Centres[c*d+j] = uint8(math.RoundToEven(float64(v) / float64(m)))
			}
		}
	}
	p.List = make([]int32, p.N)
	return assign(ctx, p.Rows, p.Centres, d, p.List, workers)
}

// assign stores the nearest centre, the first of several, of rows of d bytes.
func assign(ctx context.Context, rows, centres []uint8, d int, lists []int32, workers int) error {
	count := len(centres) / d
	panels, start := centrePanels(centres, d)
	return parallel.For(ctx, len(lists), indexRows, workers, func(_, lo, hi int) {
		q := newByteQueries(d, hi-lo)
		for i := lo; i < hi; i++ {
			copy(q.of(i-lo), rows[i*d:][:d])
		}
		c := &compared{}
		for i := 0; i < hi-lo; i += simd.BlockRows {
			for j, values := range c.with(q, i, panels, start, count) {
				if i+j < hi-lo {
					best := 0
					for at, v := range values {
						if v > values[best] {
							best = at
						}
					}
					lists[lo+i+j] = int32(best)
				}
			}
		}
	})
}

// panelled arranges rows of d bytes as simd.ByteProducts takes them, at each place the row
// that ids says, −1 for none, and returns besides what pack does.
func panelled(rows []uint8, d int, ids []int32) (panels []int8, start [][simd.PanelRows]int32, odd []bool) {
	size := (d + 3) / 4 * 4 * simd.PanelRows
	count := (len(ids) + simd.PanelRows - 1) / simd.PanelRows
	panels, start, odd = make([]int8, count*size), make([][simd.PanelRows]int32, count), make([]bool, len(ids))
	for at := range count * simd.PanelRows {
		panel, r := at/simd.PanelRows, at%simd.PanelRows
		if at >= len(ids) || ids[at] < 0 {
			start[panel][r] = absentValue
			continue
		}
		start[panel][r], odd[at] = pack(panels[panel*size:], r, rows[int(ids[at])*d:][:d])
	}
	return panels, start, odd
}

// centrePanels is panelled of centres, all in their order.
func centrePanels(centres []uint8, d int) ([]int8, [][simd.PanelRows]int32) {
	ids := make([]int32, len(centres)/d)
	for i := range ids {
		ids[i] = int32(i)
	}
	panels, start, _ := panelled(centres, d, ids)
	return panels, start
}

// pack stores a row of bytes in a panel as row r of it, and returns what is added to products
// with it, half of its squared norm less and the queries' shift undone, and whether that norm
// is odd.
func pack(panel []int8, r int, row []uint8) (start int32, odd bool) {
	sum, norm2 := 0, 0
	for d, b := range row {
		v := int(b) - zeroStep
		panel[(d/4*simd.PanelRows+r)*4+d%4] = int8(v)
		sum += v
		norm2 += v * v
	}
	return int32(-norm2/2 - zeroStep*sum), norm2%2 != 0
}

// IndexOf returns the index that parts are of, which it retains and which must not change
// any more; an error wrapping [ErrRows] where they do not fit together.
func IndexOf(p IndexParts, workers int) (*Index, error) {
	d := len(p.Mean)
	bad := func(format string, args ...any) (*Index, error) {
		return nil, fmt.Errorf("%w: "+format, append([]any{ErrRows}, args...)...)
	}
	p.most = stepsOf(max(1, d))
	count := 0
	switch {
	case p.N <= 0 || d == 0 || len(p.Rows) != p.N*d || len(p.List) != p.N:
		return bad("%d rows of %d values: %d bytes and %d lists", p.N, d, len(p.Rows), len(p.List))
	case len(p.Centres) == 0 || len(p.Centres)%d != 0:
		return bad("centres of %d bytes for rows of %d", len(p.Centres), d)
	case !usable(p.Size) || !(p.Reach >= 0) || math.IsInf(p.Reach, 1):
		return bad("steps of %v that reach %v", p.Size, p.Reach)
	}
	count = len(p.Centres) / d
	for i, v := range p.Mean {
		if v-v != 0 {
			return bad("value %d of the mean is %v", i, v)
		}
	}
	for i, l := range p.List {
		if l < 0 || int(l) >= count {
			return bad("row %d is in list %d of %d", i, l, count)
		}
	}
	for _, bytes := range [][]uint8{p.Rows, p.Centres} {
		for i, b := range bytes {
			if v := int(b) - zeroStep; v < -p.most || v > p.most {
				return bad("value %d of row %d is %d steps", i%d, i/d, v)
			}
		}
	}
	return p.index(workers), nil
}

// index arranges the parts.
func (p IndexParts) index(workers int) *Index {
	d := len(p.Mean)
	x := &Index{IndexParts: p, workers: workers, groups: (d + 3) / 4}
	x.centres, x.centresStart = centrePanels(p.Centres, d)
	count := len(p.Centres) / d
	sizes := make([]int, count)
	for _, l := range p.List {
		sizes[l]++
	}
	x.first = make([]int32, count+1)
	for c, n := range sizes {
		x.first[c+1] = x.first[c] + int32((n+simd.PanelRows-1)/simd.PanelRows)
	}
	x.ids = slices.Repeat([]int32{-1}, int(x.first[count])*simd.PanelRows)
	next := make([]int, count)
	for i, l := range p.List {
		x.ids[int(x.first[l])*simd.PanelRows+next[l]] = int32(i)
		next[l]++
	}
	x.panels, x.start, x.odd = panelled(p.Rows, d, x.ids)
	return x
}

func (x *Index) panelSize() int { return 4 * x.groups * simd.PanelRows }

func (x *Index) panel(i int) []int8 { return x.panels[i*x.panelSize():][:x.panelSize()] }

// WithWorkers returns the index with another number of goroutines for a search, ≤ 0:
// GOMAXPROCS. The two share everything else.
func (x *Index) WithWorkers(n int) *Index {
	c := *x
	c.workers = n
	return &c
}

// D returns the number of values of a row.
func (x *Index) D() int { return len(x.Mean) }

// Table returns rows from to to−1 as they were, but for rounding.
func (x *Index) Table(from, to int) *Rows {
	d := x.D()
	rows := &Rows{N: to - from, D: d, Data: make([]float32, 0, (to-from)*d)}
	for i := from; i < to; i++ {
		for j, b := range x.Rows[i*d:][:d] {
			rows.Data = append(rows.Data, float32(float64(x.Mean[j])+float64(float64(int(b)-zeroStep)*x.Size)))
		}
	}
	return rows
}

// byteQueries are queries in steps.
type byteQueries struct {
	d, stride int
	data      []uint8 // query i at stride·i
	norm2     []int
	more      []float64 // see Steps.round
}

// newByteQueries returns room for n queries of d values, and those that a block lacks.
func newByteQueries(d, n int) *byteQueries {
	n = wholeBlocks(n)
	q := &byteQueries{d: d, stride: (d + 3) / 4 * 4, norm2: make([]int, n), more: make([]float64, n)}
	q.data = make([]uint8, q.stride*n)
	return q
}

func (q *byteQueries) of(i int) []uint8 { return q.data[i*q.stride:][:q.stride] }

// set rounds a query.
func (q *byteQueries) set(i int, s *Steps, row []float32) {
	data := q.of(i)[:q.d]
	_, q.more[i] = s.round(data, row)
	for _, b := range data {
		v := int(b) - zeroStep
		q.norm2[i] += v * v
	}
}

// compared is room for values of a block of queries with some panels.
type compared struct {
	values, peaks []float32
	rows          [simd.BlockRows][]float32
}

// with returns the values of queries i to i+5 with the first n rows of panels.
func (c *compared) with(q *byteQueries, i int, panels []int8, start [][simd.PanelRows]int32, n int) [][]float32 {
	width := len(start) * simd.PanelRows
	if len(c.values) < simd.BlockRows*width {
		c.values, c.peaks = make([]float32, simd.BlockRows*width), make([]float32, simd.BlockRows)
	}
	size := q.stride * simd.PanelRows
	for p := range start {
		simd.ByteProducts(q.data[i*q.stride:], q.stride, panels[p*size:][:size], q.stride/4, &start[p], c.values[p*simd.PanelRows:], width, c.peaks, 1)
	}
	for j := range c.rows {
		c.rows[j] = c.values[j*width:][:n]
	}
	return c.rows[:]
}
