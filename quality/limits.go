package quality

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Bound is what one measured number may be, and what it was in the good scans.
type Bound struct {
	Min     float64 `json:"min"`
	Max     float64 `json:"max"`
	SeenMin float64 `json:"seen_min"`
	SeenMax float64 `json:"seen_max"`
}

// Limits say what a valid capture looks like. The zero value allows everything.
type Limits struct {
	Scans     int   `json:"scans"`     // they were learnt from
	Organised bool  `json:"organised"` // all of those; else neither fill rate nor range is looked at
	Fill      Bound `json:"fill"`      // only its Min counts: nobody is hurt by more points
	Noise     Bound `json:"noise_mm"`
	Range     Bound `json:"range_mm"` // of the median distance
	Spacing   Bound `json:"spacing_mm"`
}

// ErrNoScans is returned by Learn for no measurement, or none of a scan with
// points.
var ErrNoScans = errors.New("quality: no good scan to learn from")

// The limits lie around the median of the good scans: at spread robust standard
// deviations, but never nearer than the floors, which are what any scanner does
// from day to day. Three scans that happen to be alike thus set no absurd limit.
// Noise and spacing are compared by ratio.
const (
	spread = 6

	// Of the fill rate: of MVTec 3D-AD's cable_gland the training scans have 65 to
	// 67 %, sound ones taken later 61 to 64 %, defective ones 54 to 56 %.
	fillFloor    = 1.0 / 3
	rangeFloor   = 0.15 // of the distance
	spacingFloor = 1.35 // ratio
	noiseFloor   = 2.5  // ratio
	// Below the first the noise is a file's rounding rather than a sensor's, and
	// what it is does not matter: a micrometre, of an extent of centimetres.
	noiseNothing = 1e-3
)

// madSigma makes the median distance from the median a standard deviation.
const madSigma = 1.4826

// Learn derives limits from the measurements of scans that are known to be good.
// One that is not does no harm: medians decide.
func Learn(good []*Measurement) (*Limits, error) {
	l := &Limits{Organised: true}
	var fill, noise, distance, spacing []float64
	for _, m := range good {
		if m.Valid == 0 {
			continue
		}
		l.Scans++
		l.Organised = l.Organised && m.Organised
		fill = append(fill, m.Fill)
		distance = append(distance, m.Range.Median)
		noise = append(noise, max(m.Noise, noiseNothing))
		spacing = append(spacing, m.Spacing)
	}
	if l.Scans == 0 {
		return nil, ErrNoScans
	}
	m, s := middle(fill)
	l.Fill = seen(fill)
	l.Fill.Min, l.Fill.Max = max(0, m-max(spread*s, fillFloor*m)), 1
	m, s = middle(distance)
	l.Range = seen(distance)
	reach := max(spread*s, rangeFloor*m)
	l.Range.Min, l.Range.Max = max(0, m-reach), m+reach
	l.Noise, l.Spacing = byRatio(noise, noiseFloor), byRatio(spacing, spacingFloor)
	return l, nil
}

// middle returns the median and the robust standard deviation.
func middle(v []float64) (median, sigma float64) {
	v = slices.Sorted(slices.Values(v))
	median = halfway(v)
	off := make([]float64, len(v))
	for i, x := range v {
		off[i] = math.Abs(x - median)
	}
	slices.Sort(off)
	return median, float64(madSigma * halfway(off))
}

func halfway(sorted []float64) float64 {
	n := len(sorted)
	return float64((sorted[(n-1)/2] + sorted[n/2]) / 2)
}

func seen(v []float64) Bound { return Bound{SeenMin: slices.Min(v), SeenMax: slices.Max(v)} }

// byRatio sets limits at the same ratio below and above the median. The spread is
// relative to the median: close to a logarithm's, and the same on every machine.
func byRatio(v []float64, floor float64) Bound {
	m, s := middle(v)
	b := seen(v)
	if m == 0 {
		b.Max = math.MaxFloat64
		return b
	}
	ratio := max(1+float64(spread*s/m), floor)
	b.Min, b.Max = m/ratio, m*ratio
	return b
}

// Reason is one respect in which a capture is not valid.
type Reason struct {
	What  string  `json:"what"` // "points", "fill", "noise_mm", "range_mm" or "spacing_mm"
	Value float64 `json:"value"`
	Bound Bound   `json:"bound"`
	Text  string  `json:"text"` // a sentence for people, without a full stop
}

func (r Reason) String() string { return r.Text }

// Check returns what is wrong with a capture; nothing for a valid one. A number
// that is not finite, as no Measure makes one, is wrong too.
func (l *Limits) Check(m *Measurement) []Reason {
	if l.Scans == 0 {
		return nil
	}
	if m.Valid == 0 {
		return []Reason{{What: "points", Text: "nothing was measured"}}
	}
	var out []Reason
	check := func(what string, value float64, b Bound, text string, args ...any) {
		if !(value >= b.Min && value <= b.Max) {
			out = append(out, Reason{what, value, b, fmt.Sprintf(text, args...)})
		}
	}
	if l.Organised && m.Organised {
		check("fill", m.Fill, l.Fill, "fill rate %s, the good scans had %s",
			percent(m.Fill), between(percent(l.Fill.SeenMin), percent(l.Fill.SeenMax)))
		check("range_mm", m.Range.Median, l.Range, "distance %.4g mm, the good scans had %s mm",
			m.Range.Median, lengths(l.Range, 4))
	}
	check("spacing_mm", m.Spacing, l.Spacing, "a point every %.3g mm, the good scans had one every %s mm",
		m.Spacing, lengths(l.Spacing, 3))
	check("noise_mm", max(m.Noise, noiseNothing), l.Noise, "noise of %.3g mm, the good scans had %s mm",
		m.Noise, lengths(l.Noise, 3))
	return out
}

func lengths(b Bound, digits int) string {
	return between(fmt.Sprintf("%.*g", digits, b.SeenMin), fmt.Sprintf("%.*g", digits, b.SeenMax))
}

func between(a, b string) string {
	if a == b {
		return a
	}
	if x, ok := cutUnit(a); ok && b != x {
		a = x
	}
	return a + "–" + b
}

// cutUnit takes the per cent sign off.
func cutUnit(s string) (string, bool) {
	const unit = " %"
	if len(s) > len(unit) && s[len(s)-len(unit):] == unit {
		return s[:len(s)-len(unit)], true
	}
	return s, false
}
