package metrics

import (
	"fmt"
	"math"
)

// ranking is a sample in order: how many sound scores lie above each defect
// score. No figure of this package needs more of the sound scores, because
// between two defect scores every curve is straight.
type ranking[S Score] struct {
	ok      int // sound samples
	defects int // defective samples

	// The defect scores in ascending order. Where regions overlap a pixel occurs
	// once for each; region[i] < 0 marks all occurrences but one. Nil: no regions.
	defect []S
	region []int32

	// Groups of equal defect scores, highest first. Group g is
	// defect[from[g]:from[g−1]] or, the first one, ends with the slice; above and
	// reach count the sound scores greater than, and not less than, its score.
	from         []int32
	above, reach []int

	lowest, highest S // of all scores
}

// newRanking places the defect scores, sorted, among the sound scores of the
// runs.
func newRanking[S Score](runs []*sortedRun, defect []S, region []int32) *ranking[S] {
	r := &ranking[S]{defect: defect, region: region, defects: len(defect)}
	for _, id := range region {
		if id < 0 {
			r.defects--
		}
	}
	groups := 0
	for i := range defect {
		if i == 0 || defect[i] != defect[i-1] {
			groups++
		}
	}
	r.from, r.above, r.reach = make([]int32, 0, groups), make([]int, groups), make([]int, groups)
	for i := len(defect) - 1; i >= 0; i-- {
		if i == 0 || defect[i] != defect[i-1] {
			r.from = append(r.from, int32(i)) // fewer than the scores that int32 region numbers count
		}
	}
	lo, hi := uint64(math.MaxUint64), uint64(0)
	if len(defect) > 0 {
		lo, hi = key(defect[0]), key(defect[len(defect)-1])
	}
	for _, run := range runs {
		if run.n > 0 {
			lo, hi = min(lo, run.last), max(hi, run.first[0])
		}
		r.ok += run.n
		c := run.top()
		for g, from := range r.from {
			k := key(defect[from])
			r.above[g] += c.pass(k, true)
			r.reach[g] += c.pass(k, false)
		}
	}
	r.lowest, r.highest = score[S](lo), score[S](hi)
	return r
}

// to returns where group g ends in defect.
func (r *ranking[S]) to(g int) int {
	if g == 0 {
		return len(r.defect)
	}
	return int(r.from[g-1])
}

// size returns how many samples group g has.
func (r *ranking[S]) size(g int) int {
	from, to := int(r.from[g]), r.to(g)
	n := to - from
	if r.defects == len(r.defect) {
		return n
	}
	for _, id := range r.region[from:to] {
		if id < 0 {
			n--
		}
	}
	return n
}

func (r *ranking[S]) rocAUC() (Figure, error) {
	if r.defects == 0 || r.ok == 0 {
		return Figure{}, r.oneClass()
	}
	var twice uint64 // of the pairs won; at most 2·defects·sound
	for g := range r.from {
		twice += uint64(r.size(g)) * uint64(2*r.ok-r.above[g]-r.reach[g])
	}
	return Figure{float64(twice) / float64(2*uint64(r.defects)*uint64(r.ok)), ConventionROCAUC}, nil
}

func (r *ranking[S]) averagePrecision() (Figure, error) {
	if r.defects == 0 {
		return Figure{}, r.oneClass()
	}
	sum, found := 0.0, 0
	for g := range r.from {
		n := r.size(g)
		found += n
		sum += float64(float64(n) * r.counts(g, found).Precision()) // the conversion forbids a fused multiply-add
	}
	return Figure{min(sum/float64(r.defects), 1), ConventionAveragePrecision}, nil
}

func (r *ranking[S]) auprTrapezoid() (Figure, error) {
	if r.defects == 0 {
		return Figure{}, r.oneClass()
	}
	sum, found := 0.0, 0
	for g := range r.from {
		// The point before the group is the lowest threshold above it.
		before := Counts{TP: found, FP: r.above[g]}.Precision()
		if found == 0 && r.above[g] == 0 {
			before = 1
		}
		n := r.size(g)
		found += n
		sum += float64(float64(n) * 0.5 * (before + r.counts(g, found).Precision()))
	}
	return Figure{min(sum/float64(r.defects), 1), ConventionAUPRTrapezoid}, nil
}

func (r *ranking[S]) f1Max() (F1Optimum, error) {
	if r.defects == 0 {
		return F1Optimum{}, r.oneClass()
	}
	best, found := F1Optimum{Convention: ConventionF1Max}, 0
	for g, from := range r.from {
		found += r.size(g)
		c := r.counts(g, found)
		if f := c.F1(); f >= best.F1 {
			best.F1, best.Threshold, best.Counts = f, float64(r.defect[from]), c
		}
	}
	return best, nil
}

func (r *ranking[S]) iouMax() (IoUOptimum, error) {
	f, err := r.f1Max()
	if err != nil {
		return IoUOptimum{}, err
	}
	return IoUOptimum{f.Counts.IoU(), f.Threshold, f.Counts, ConventionIoUMax}, nil
}

// counts returns the confusion counts of "score ≥ that of group g", which finds
// the given number of defects.
func (r *ranking[S]) counts(g, found int) Counts {
	return Counts{TP: found, FN: r.defects - found, FP: r.reach[g], TN: r.ok - r.reach[g]}
}

func (r *ranking[S]) oneClass() error {
	return fmt.Errorf("metrics: %w: %d defective, %d sound", ErrOneClass, r.defects, r.ok)
}
