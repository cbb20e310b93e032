package memory

import (
	"context"
	"math"

	"github.com/iad3d/iad3d/internal/order"
	"github.com/iad3d/iad3d/internal/simd"
)

// maxSides is the most coordinates that the boxes of panels have.
const maxSides = 16

// spatial is the order of rows in panels, so that those of a panel are near each
// other, and the box of each panel. The count of boxes is rounded up to a multiple of
// 8, as simd.Boxes wants it, by boxes that are far from everything.
type spatial struct {
	ids    []int32 // row of each place
	sides  int     // coordinates of a box, the first ones; 0: there are no boxes
	boxes  int
	lo, hi []float32 // side d of box b at d·boxes+b
}

// arrange orders n rows by their coordinates: halved, between panels, across the
// coordinate that varies most, until they fit into a panel. It stops half way when ctx ends.
func arrange(ctx context.Context, all []*coordinates, n int) *spatial {
	m := all[0].of.m
	o := &spatial{ids: make([]int32, n)}
	for i := range o.ids {
		o.ids[i] = int32(i)
	}
	if m > maxAxes {
		return o
	}
	o.sides = min(m, maxSides)
	points := make([]float32, 0, n*o.sides)
	for i := range n {
		points = append(points, all[i/simd.PanelRows].row(i % simd.PanelRows)[:o.sides]...)
	}
	panels := (n + simd.PanelRows - 1) / simd.PanelRows
	o.boxes = (panels + 7) / 8 * 8
	o.lo, o.hi = make([]float32, o.sides*o.boxes), make([]float32, o.sides*o.boxes)
	for i := range o.lo {
		o.lo[i], o.hi[i] = math.MaxFloat32, math.MaxFloat32
	}
	o.halve(ctx, points, make([]uint64, n), o.ids, 0)
	return o
}

// halve arranges ids, whose first panel is panel; keys is room for as many.
func (o *spatial) halve(ctx context.Context, points []float32, keys []uint64, ids []int32, panel int) {
	if len(ids) <= simd.PanelRows {
		for d := range o.sides {
			lo, hi := points[int(ids[0])*o.sides+d], points[int(ids[0])*o.sides+d]
			for _, id := range ids[1:] {
				v := points[int(id)*o.sides+d]
				lo, hi = min(lo, v), max(hi, v)
			}
			o.lo[d*o.boxes+panel], o.hi[d*o.boxes+panel] = lo, hi
		}
		return
	}
	if len(ids) > 1<<14 && ctx.Err() != nil {
		return
	}
	d := o.widest(points, ids)
	keys = keys[:len(ids)]
	for i, id := range ids {
		keys[i] = ranked(points[int(id)*o.sides+d], id)
	}
	half := (len(ids)/simd.PanelRows + 1) / 2
	order.Nth(keys, half*simd.PanelRows)
	for i, k := range keys {
		ids[i] = int32(uint32(k))
	}
	o.halve(ctx, points, keys, ids[:half*simd.PanelRows], panel)
	o.halve(ctx, points, keys, ids[half*simd.PanelRows:], panel+half)
}

// widest returns the coordinate with the largest variance in a sample of ids.
func (o *spatial) widest(points []float32, ids []int32) int {
	var sum, square [maxSides]float64
	step, n := 1+len(ids)/128, 0.0
	for i := 0; i < len(ids); i += step {
		n++
		for d, v := range points[int(ids[i])*o.sides:][:o.sides] {
			sum[d] += float64(v)
			square[d] += float64(float64(v) * float64(v))
		}
	}
	best, most := 0, -1.0
	for d := range o.sides {
		if v := square[d] - float64(sum[d]*sum[d]/n); v > most {
			best, most = d, v
		}
	}
	return best
}
