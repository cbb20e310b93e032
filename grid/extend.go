package grid

import (
	"fmt"
	"math"

	"github.com/iad3d/iad3d/internal/portable"
)

// Extend returns a map (C = 1) in which every invalid pixel has the value of the
// nearest valid one, times exp(−δ²/2σ²) at a distance of δ pixels; 0 beyond 4σ.
// Valid pixels stay as they are; of valid pixels at the same distance the one in
// the nearest column counts, then the leftmost, then the upper one. Valid of the
// result is that of m.
//
// A defect at the outline of a part, a piece that is missing or bent away, reaches
// beyond what was measured of the part: so does its score.
//
// Panics when C is not 1 or sigma is not positive and finite.
func Extend(m *Map, sigma float64) *Map {
	if m.C != 1 || !(sigma > 0) || math.IsInf(sigma, 1) {
		panic(fmt.Sprintf("grid: Extend of %d channels by %v pixels", m.C, sigma))
	}
	out := New(m.H, m.W, 1)
	copy(out.Data, m.Data)
	out.Valid = m.Valid
	if m.Valid == nil {
		return out
	}
	reach := int(4 * sigma)
	damp := make([]float64, reach*reach+1)
	for d := range damp {
		damp[d] = portable.Exp(-float64(d) / (2 * sigma * sigma))
	}
	// Row of the nearest valid pixel of each column, −1 for none in reach.
	near := make([]int32, m.H*m.W)
	last := make([]int32, m.W)
	none := int32(-reach - 1)
	fill := func() {
		for x := range last {
			last[x] = none
		}
	}
	fill()
	for y := range m.H {
		row := near[y*m.W:][:m.W]
		for x, ok := range m.Valid[y*m.W:][:m.W] {
			if ok {
				last[x] = int32(y)
			}
			row[x] = -1
			if y-int(last[x]) <= reach {
				row[x] = last[x]
			}
		}
	}
	none = int32(m.H + reach)
	fill()
	for y := m.H - 1; y >= 0; y-- {
		row := near[y*m.W:][:m.W]
		for x, ok := range m.Valid[y*m.W:][:m.W] {
			if ok {
				last[x] = int32(y)
			}
			up, down := int(row[x]), int(last[x])
			if down-y <= reach && (up < 0 || down-y < y-up) {
				row[x] = last[x]
			}
		}
	}
	gap := last // columns from each to the next that has one
	for y := range m.H {
		row := near[y*m.W:][:m.W]
		from := -reach - 1
		for x, v := range row {
			if v >= 0 {
				from = x
			}
			gap[x] = int32(x - from)
		}
		from = m.W + reach
		for x := m.W - 1; x >= 0; x-- {
			if row[x] >= 0 {
				from = x
			}
			gap[x] = min(gap[x], int32(from-x))
		}
		for x := range m.W {
			i := y*m.W + x
			if m.Valid[i] {
				continue
			}
			best, at := reach*reach+1, -1
			for dx := int(gap[x]); dx <= reach && dx*dx < best; dx++ {
				for _, nx := range [2]int{x - dx, x + dx} {
					if nx < 0 || nx >= m.W || row[nx] < 0 {
						continue
					}
					ny := int(row[nx])
					if d := dx*dx + (ny-y)*(ny-y); d < best {
						best, at = d, ny*m.W+nx
					}
				}
			}
			out.Data[i] = 0
			if at >= 0 {
				out.Data[i] = float32(damp[best] * float64(m.Data[at]))
			}
		}
	}
	return out
}
