package memory

import (
	"context"
	"math"

	"github.com/iad3d/iad3d/internal/simd"
)

const (
	// mostSteps is the largest coordinate in steps.
	mostSteps = 127
	// mostStepped is how many coordinates there are at most, so that values are below absentValue
	// in size.
	mostStepped = 512
	// absentValue is the value of a row behind the last: it is farther than any.
	absentValue = -1 << 24
	// zeroStep is the byte of a query's coordinate of 0: they are unsigned.
	zeroStep = 128
)

// steps are panels whose rows' coordinates are rounded to whole steps, of one byte, where
// there are so many of them that their products take most of a search: bytes are
// multiplied several times as fast, and exactly. A coordinate vector is within lost(x) of
// the rounded one g(x), so that
//
//	|x − y| ≥ |g(x) − g(y)| − lost(x) − lost(y) − e(x) − e(y).
//
// A row's value for a query is, in squares of a step, at least g(x)·g(y) − |g(y)|²/2.
type steps struct {
	size   float64 // of a step
	groups int     // of four coordinates, the last filled up with 0
	data   []int8  // panel after panel, as ByteProducts takes them
	start  [][simd.PanelRows]int32
	lost   float64 // the largest lost(y)
}

// newSteps rounds the rows of p, whose coordinates are all; nil where none differ from 0,
// or there are too many.
func newSteps(ctx context.Context, p *panels, all []*coordinates, n int) *steps {
	largest := float32(0)
	for i := range n {
		for _, v := range all[i/simd.PanelRows].row(i % simd.PanelRows)[:p.m] {
			largest = max(largest, v, -v)
		}
	}
	s := &steps{size: float64(largest) / mostSteps, groups: (p.m + 3) / 4}
	if p.m > mostStepped || !(s.size > 1e-30) {
		return nil
	}
	s.data = make([]int8, p.count*s.panelSize())
	s.start = make([][simd.PanelRows]int32, p.count)
	for i := range p.count {
		if ctx.Err() != nil {
			break
		}
		panel := s.panel(i)
		for r := range simd.PanelRows {
			at := i*simd.PanelRows + r
			if at >= n {
				s.start[i][r] = absentValue
				continue
			}
			row := int(p.ids[at])
			sum, norm2 := 0, 0
			lost := s.round(all[row/simd.PanelRows].row(row % simd.PanelRows)[:p.m], func(d, v int) {
				panel[(d/4*simd.PanelRows+r)*4+d%4] = int8(v)
				sum += v
				norm2 += v * v
			})
			s.lost = max(s.lost, lost)
			s.start[i][r] = int32(-norm2/2 - zeroStep*sum)
		}
	}
	return s
}

func (s *steps) panelSize() int { return 4 * s.groups * simd.PanelRows }

func (s *steps) panel(i int) []int8 { return s.data[i*s.panelSize():][:s.panelSize()] }

// round calls keep with each coordinate of a row in steps, and returns lost of it.
func (s *steps) round(row []float32, keep func(d, v int)) float64 {
	sum := 0.0
	for d, v := range row {
		x := float64(v) / s.size
		g := max(-mostSteps, min(math.RoundToEven(x), mostSteps))
		keep(d, int(g))
		x -= g
		sum += float64(x * x)
	}
	return s.size * (float64(math.Sqrt(sum)*(1+1e-9)) + 1e-12)
}

// stepped are coordinates of queries in steps.
type stepped struct {
	*steps
	data  []uint8   // query i at 4·groups·i, each by zeroStep larger
	norm2 []float64 // |g(x)|², in squares of a step
	lost  []float64
}

func newStepped(s *steps, n int) *stepped {
	return &stepped{steps: s, data: make([]uint8, 4*s.groups*n), norm2: make([]float64, n), lost: make([]float64, n)}
}

// compute takes the first n of c, and those that a block lacks.
func (q *stepped) compute(c *coordinates, n int) {
	for i := range wholeBlocks(n) {
		data := q.data[4*q.groups*i:][:4*q.groups]
		norm2 := 0
		q.lost[i] = q.round(c.row(i)[:c.of.m], func(d, v int) {
			data[d] = uint8(v + zeroStep)
			norm2 += v * v
		})
		q.norm2[i] = float64(norm2)
	}
}

// above is [coordinates.above] for values in steps, of query i of c.
func (q *stepped) above(c *coordinates, i int, limit float64) float32 {
	far := c.far(i, limit)
	if math.IsInf(far, 1) {
		return float32(math.Inf(-1))
	}
	far = (far + q.lost[i] + q.steps.lost) / q.size * (1 + 1e-9)
	// Values are whole, and float32 has all whole numbers that they can be.
	return float32(max(absentValue, math.Floor((q.norm2[i]-float64(far*far))/2)))
}
