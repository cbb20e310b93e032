package memory

import (
	"context"
	"math"
	"sync/atomic"

	"github.com/iad3d/iad3d/internal/parallel"
	"github.com/iad3d/iad3d/internal/simd"
)

// roundoff is the largest relative error of a rounded float32 operation.
const roundoff = 1.0 / (1 << 24)

// leastAxes is the length up to which rows are screened by all their values.
const leastAxes = 16

// largestNorm bounds the rows that are screened, so that no square overflows.
const largestNorm = 1e15

// screen tells which rows of a table are certainly no nearer to a query than a
// distance, from few coordinates in single precision. The coordinates f(x) of a row
// are those of x − mean along a few axes, or x − mean itself; exact ones would
// be no farther from each other than the rows are. For the computed ones, which are
// within e(x) of the exact ones, that gives
//
//	|x − y| ≥ |f(x) − f(y)| − e(x) − e(y).
//
// A row's value for a query is the scalar product f(x)·f(y) − |f(y)|²/2: the larger,
// the nearer.
type screen struct {
	mean  []float32
	axes  *axes // nil: none
	m     int   // coordinates
	width int   // of a row of coordinates, one more

	share    float64 // e(x) as a share of |x − mean|
	rounding float64 // of a value, relative to the sizes of its parts
	slack    float64 // the largest e(y)
	reach    float64 // the largest |f(y)|
}

// newScreen returns a screen for rows, and their coordinates in chunks of chunk rows;
// nil for rows that cannot be screened.
func newScreen(ctx context.Context, rows *Rows, chunk, workers int) (*screen, []*coordinates, error) {
	s := &screen{mean: meanRow(rows), m: rows.D, share: roundoff}
	if rows.D > leastAxes && rows.N >= screenRows {
		s.axes = principalAxes(rows, s.mean, workers)
	}
	if a := s.axes; a != nil {
		s.m = a.m
		dot := float64(rows.D) * roundoff * 1.01 // of a product of D values, by the norms
		s.share += float64(dot*math.Sqrt(float64(a.m))*(1+a.skew)) + a.skew
	}
	s.width = s.m + 1
	s.share *= 1.01
	s.rounding = float64(s.m+4) * roundoff * 1.02
	if s.share > 0.1 || s.rounding > 0.1 {
		return nil, nil, nil
	}
	all := make([]*coordinates, (rows.N+chunk-1)/chunk)
	err := parallel.For(ctx, rows.N, chunk, workers, func(_, lo, hi int) {
		c := newCoordinates(s, hi-lo)
		c.compute(rows, lo, hi)
		c.centred = nil
		all[lo/chunk] = c
	})
	if err != nil {
		return nil, nil, err
	}
	for i, c := range all {
		for j := range min(chunk, rows.N-i*chunk) {
			if !(c.whole[j] < largestNorm) {
				return nil, nil, nil
			}
			s.slack = max(s.slack, s.share*c.whole[j])
			s.reach = max(s.reach, c.norm2[j])
		}
	}
	s.reach = math.Sqrt(s.reach)
	return s, all, nil
}

// pack stores row i of c in a panel of rows, as row r of it; a row behind the last
// is packed by absent.
func (c *coordinates) pack(i int, panel []float32, r int) {
	m := c.of.m
	for j, v := range c.row(i)[:m] {
		panel[j*simd.PanelRows+r] = v
	}
	panel[m*simd.PanelRows+r] = float32(-c.norm2[i] / 2)
}

// absent makes row r of a panel one that is farther than any.
func (s *screen) absent(panel []float32, r int) {
	for j := range s.m {
		panel[j*simd.PanelRows+r] = 0
	}
	panel[s.m*simd.PanelRows+r] = float32(math.Inf(-1))
}

// panels are the rows of a table as Products takes them, arranged in space.
type panels struct {
	*screen
	*spatial
	data  []float32
	steps *steps // instead of data where not nil
	count int
	dense atomic.Bool // boxes have turned out to be of no use
}

// newPanels returns nil for rows that cannot be screened.
func newPanels(ctx context.Context, rows *Rows, workers int) (*panels, error) {
	s, all, err := newScreen(ctx, rows, simd.PanelRows, workers)
	if s == nil {
		return nil, err
	}
	p := &panels{screen: s, spatial: arrange(ctx, all, rows.N), count: len(all)}
	p.dense.Store(p.sides == 0)
	if p.sides == 0 {
		if p.steps = newSteps(ctx, p, all, rows.N); p.steps != nil {
			return p, ctx.Err()
		}
	}
	p.data = make([]float32, len(all)*simd.PanelRows*s.width)
	for i := range all {
		if ctx.Err() != nil {
			break
		}
		panel := p.panel(i)
		for r := range simd.PanelRows {
			if at := i*simd.PanelRows + r; at < rows.N {
				row := int(p.ids[at])
				all[row/simd.PanelRows].pack(row%simd.PanelRows, panel, r)
			} else {
				s.absent(panel, r)
			}
		}
	}
	return p, ctx.Err()
}

func (p *panels) panel(i int) []float32 {
	size := simd.PanelRows * p.width
	return p.data[i*size:][:size]
}

// meanRow returns the mean of a sample of rows: any point amid them will do.
func meanRow(rows *Rows) []float32 {
	sum := make([]float64, rows.D)
	n := min(rows.N, axesSample)
	for i := range n {
		for j, v := range rows.Row(i * rows.N / n) {
			sum[j] += float64(v)
		}
	}
	mean := make([]float32, rows.D)
	for j, v := range sum {
		mean[j] = float32(v / float64(n))
	}
	return mean
}

// coordinates are those of some rows, and room for computing them.
type coordinates struct {
	of      *screen
	data    []float32 // row i at i·width, a 1 behind each
	norm2   []float64 // |f(x)|²
	whole   []float64 // |x − mean|; +Inf for a row that cannot be screened, whose coordinates are 0
	centred []float32 // a block of rows less mean
	out     [simd.BlockRows * maxAxes]float32
}

// newCoordinates returns room for n rows.
func newCoordinates(s *screen, n int) *coordinates {
	n = wholeBlocks(n)
	return &coordinates{of: s, data: make([]float32, n*s.width), norm2: make([]float64, n), whole: make([]float64, n), centred: make([]float32, simd.BlockRows*len(s.mean))}
}

func (c *coordinates) row(i int) []float32 { return c.data[i*c.of.width:][:c.of.width] }

// compute takes rows lo to hi−1.
func (c *coordinates) compute(rows *Rows, lo, hi int) {
	s := c.of
	var peaks [simd.BlockRows]float32
	for first := lo; first < hi; first += simd.BlockRows {
		n := min(simd.BlockRows, hi-first)
		for i := range n {
			c.whole[first-lo+i] = centre(c.centred[i*rows.D:][:rows.D], rows.Row(first+i), s.mean)
		}
		if s.axes != nil {
			for b, block := range s.axes.blocks {
				simd.Products(c.centred, rows.D, block.data, rows.D, c.out[:], maxAxes, peaks[:], 1)
				for i := range n {
					row := c.row(first - lo + i)[:s.m]
					copy(row[b*maxAxes:], c.out[i*maxAxes:][:maxAxes])
				}
			}
		}
		for i := range n {
			at := first - lo + i
			row := c.row(at)
			if s.axes == nil {
				copy(row[:s.m], c.centred[i*rows.D:])
			}
			row[s.m] = 1
			if !(c.whole[at] < largestNorm) {
				c.whole[at] = math.Inf(1)
				clear(row[:s.m])
			}
			sum := 0.0
			for _, v := range row[:s.m] {
				sum += float64(float64(v) * float64(v))
			}
			c.norm2[at] = sum
		}
	}
}

// centre stores row − mean in dst and returns its norm.
func centre(dst, row, mean []float32) float64 {
	dst, mean = dst[:len(row)], mean[:len(row)]
	var s0, s1 float64
	i := 0
	for ; i+2 <= len(row); i += 2 {
		v, w := row[i]-mean[i], row[i+1]-mean[i+1]
		dst[i], dst[i+1] = v, w
		s0 += float64(float64(v) * float64(v))
		s1 += float64(float64(w) * float64(w))
	}
	for ; i < len(row); i++ {
		v := row[i] - mean[i]
		dst[i] = v
		s0 += float64(float64(v) * float64(v))
	}
	return math.Sqrt(s0 + s1)
}

// above returns a number such that all rows whose value for query i is not above it
// are certainly not nearer than the squared distance limit, as distance2 computes it.
func (c *coordinates) above(i int, limit float64) float32 {
	s := c.of
	far := c.far(i, limit)
	if math.IsInf(far, 1) {
		return float32(math.Inf(-1))
	}
	norm := math.Sqrt(c.norm2[i])
	rounding := float64(s.rounding*s.reach*(norm+float64(s.reach/2))) + float64(1e-12*c.norm2[i]) + 1e-36
	t := float64(c.norm2[i]/2) - rounding - float64(far*far/2)
	t32 := float32(t)
	if float64(t32) > t {
		t32 = math.Nextafter32(t32, float32(math.Inf(-1)))
	}
	return t32
}

// far returns the distance that coordinates have at least from those of query i when
// the rows are certainly not nearer than the squared distance limit.
func (c *coordinates) far(i int, limit float64) float64 {
	if math.IsInf(limit, 1) || math.IsInf(c.whole[i], 1) {
		return math.Inf(1)
	}
	return float64(math.Sqrt(limit)*(1+1e-9)) + float64(c.of.share*c.whole[i]) + c.of.slack
}

// beyond returns what the squared distance of query i from a box is above, as
// simd.Boxes computes it, only when no row in it is nearer than limit.
func (c *coordinates) beyond(i int, limit float64) float32 {
	far := c.far(i, limit)
	return float32(float64(far*far*(1+1e-5)) + 1e-36)
}
