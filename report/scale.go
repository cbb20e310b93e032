package report

import (
	"slices"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/grid"
)

// Scale returns the ends of a colour bar on which the given results can be
// compared: see [Scaler], which takes them one by one.
func Scale(results []*iad3d.Result) (low, high float64) {
	var s Scaler
	for _, r := range results {
		s.Add(r)
	}
	return s.Scale()
}

// Scaler finds a common scale for a batch of score maps without keeping them.
// The zero value is ready for use; the order of the results does not matter.
//
// The low end is what is normal: the median over the results of the median of
// each map, so that a few bad parts do not move it and half of a sound part
// shows no colour. Pixels that were not measured do not count for it, nor do
// those of exactly 0, where there was nothing to compare (a plane that was taken
// away, missing points). The high end is the highest value of all maps, so that
// no two values are shown alike for want of colours; it makes the worst spot of
// the batch the brightest, in a batch of sound parts too. To judge a good batch,
// add the result of a known defect, or take the scale of an earlier batch.
type Scaler struct {
	medians []float32 // of results with a pixel that counts
	high    float32
	any     bool // high holds a value
}

// Add takes in a result. Values that are not finite do not count.
func (s *Scaler) Add(r *iad3d.Result) {
	m := r.Map
	if m == nil { // loose
		m = &grid.Map{Data: r.Points}
	}
	values := make([]float32, 0, len(m.Data))
	for i, v := range m.Data {
		if !finite(float64(v)) {
			continue
		}
		if !s.any || v > s.high {
			s.high, s.any = v, true
		}
		if v != 0 && (m.Valid == nil || m.Valid[i]) {
			values = append(values, v)
		}
	}
	if len(values) > 0 {
		s.medians = append(s.medians, median(values))
	}
}

// Scale returns the ends of the scale of what was added so far, low ≤ high, with
// low = high when all maps are constant alike; 0, 0 when nothing was.
func (s *Scaler) Scale() (low, high float64) {
	if len(s.medians) == 0 {
		return 0, max(float64(s.high), 0)
	}
	return float64(median(slices.Clone(s.medians))), float64(s.high)
}

// median returns the middle value, the lower of two; it sorts v.
func median(v []float32) float32 {
	slices.Sort(v)
	return v[(len(v)-1)/2]
}
