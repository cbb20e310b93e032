package fusion

import "math"

// Level is where the scores of one kind of descriptor lie on sound parts that were
// held out: mean and standard deviation over the parts of the score of a whole
// part. Both are at least 0.
type Level struct {
	Mean   float64
	Spread float64
}

// Number of held-out parts that the common spread of all kinds counts for in that
// of each: from few parts a spread is known badly, and a kind that happens to lie
// close together would rule the sum.
const priorParts = 4

// Weights returns the factor of each kind's scores in their sum, given the levels
// that n held-out sound parts show. A kind's factor is the inverse of its spread:
// the sum is then that of the scores' z values, but for a constant. All factors are
// scaled so that the sum is 1 on a sound part all of whose kinds are at their mean level.
//
// Spreads relative to their means are drawn towards their root mean square over
// the kinds, which counts as much as four parts. A kind whose mean is 0 on sound
// parts sees nothing there; any score of it counts in full, by the others' spread.
func Weights(levels []Level, n int) []float64 {
	ratios, square, known := make([]float64, len(levels)), 0.0, 0
	for i, l := range levels {
		if l.Mean > 0 {
			ratios[i] = l.Spread / l.Mean
			square += float64(ratios[i] * ratios[i])
			known++
		}
	}
	common := 1.0
	if known > 0 && square > 0 {
		common = math.Sqrt(square / float64(known))
	}
	w, sum := make([]float64, len(levels)), 0.0
	for i, l := range levels {
		own := float64(max(0, n-1))
		r := math.Sqrt((float64(own*ratios[i]*ratios[i]) + float64(priorParts*common*common)) / (own + priorParts))
		mean := l.Mean
		if mean == 0 {
			r, mean = common, 1
		}
		w[i] = 1 / (r * mean)
		sum += 1 / r
	}
	for i := range w {
		w[i] /= sum
	}
	return w
}
