package metrics

import (
	"fmt"
	"iter"
)

// ROCAUC returns the area under the ROC curve: the probability that a random
// defect scores above a random sound sample, equal scores counting one half
// (Mann and Whitney 1947; the value of scikit-learn's roc_auc_score). The
// counting is exact; the result is the quotient rounded once.
//
// The slices are parallel and not changed. Errors: [ErrLength], [ErrEmpty],
// [ErrNotFinite], [ErrOneClass] unless both classes occur.
func ROCAUC[S Score](scores []S, labels []bool) (float64, error) {
	r, err := rank(scores, labels)
	if err != nil {
		return 0, err
	}
	return r.rocAUC()
}

// AveragePrecision returns Σ (Rₖ − Rₖ₋₁)·Pₖ over the distinct scores in
// descending order, R and P being recall and precision of "score ≥ threshold":
// scikit-learn's average_precision_score, with no interpolation. It is not the
// area of [AUPRTrapezoid].
//
// Errors as for [ROCAUC]; only a sample without a single defect is an
// [ErrOneClass].
func AveragePrecision[S Score](scores []S, labels []bool) (float64, error) {
	r, err := rank(scores, labels)
	if err != nil {
		return 0, err
	}
	return r.averagePrecision()
}

// AUPRTrapezoid returns the area under the precision-recall curve by the
// trapezoid rule, over the points of [AveragePrecision] with (R, P) = (0, 1)
// before them: what torchmetrics and anomalib call AUPR.
//
// Errors as for [AveragePrecision].
func AUPRTrapezoid[S Score](scores []S, labels []bool) (float64, error) {
	r, err := rank(scores, labels)
	if err != nil {
		return 0, err
	}
	return r.auprTrapezoid()
}

// F1Optimum is the best F1 score that a threshold reaches.
type F1Optimum struct {
	F1         float64
	Threshold  float64 // the score itself; a sample at or above it counts as defect
	Counts     Counts  // at that threshold
	Convention Convention
}

// F1Max tries every distinct score as a threshold, score ≥ threshold being
// positive, and returns the best F1 with the lowest threshold that reaches it.
// That is the first argmax of scikit-learn's and anomalib's curve, except that
// equality is decided on the exact quotient 2TP/(2TP+FP+FN), where theirs may
// tell equal values apart by rounding.
//
// Errors as for [AveragePrecision].
func F1Max[S Score](scores []S, labels []bool) (F1Optimum, error) {
	r, err := rank(scores, labels)
	if err != nil {
		return F1Optimum{}, err
	}
	return r.f1Max()
}

// ranking holds the scores of a sample by class, both in ascending order.
type ranking[S Score] struct {
	ok     *pile[S]
	defect []S
}

func rank[S Score](scores []S, labels []bool) (ranking[S], error) {
	if err := check(scores, labels); err != nil {
		return ranking[S]{}, err
	}
	defects := 0
	for _, l := range labels {
		if l {
			defects++
		}
	}
	r := ranking[S]{ok: new(pile[S]), defect: make([]S, 0, defects)}
	for i := 0; i < len(scores); {
		from := i
		for i < len(scores) && !labels[i] {
			i++
		}
		r.ok.add(scores[from:i])
		for ; i < len(scores) && labels[i]; i++ {
			r.defect = append(r.defect, scores[i])
		}
	}
	r.ok.sort(sortBlock)
	r.defect, _ = sortTagged(r.defect, nil)
	return r, nil
}

// check returns the error of a sample that no figure is defined for.
func check[S Score](scores []S, labels []bool) error {
	switch {
	case len(scores) != len(labels):
		return fmt.Errorf("metrics: %w: %d scores, %d labels", ErrLength, len(scores), len(labels))
	case len(scores) == 0:
		return fmt.Errorf("metrics: %w", ErrEmpty)
	}
	if i := notFinite(scores); i >= 0 {
		return fmt.Errorf("metrics: sample %d: %w: %v", i, ErrNotFinite, scores[i])
	}
	return nil
}

// notFinite returns the index of the first NaN or infinity, −1 without one.
func notFinite[S Score](scores []S) int {
	for i, v := range scores {
		if v-v != 0 {
			return i
		}
	}
	return -1
}

// tie is a group of equal defect scores and its place among the sound ones.
type tie[S Score] struct {
	score        S
	from, to     int // the group is defect[from:to]
	above, equal int // sound scores greater than, and equal to, score
}

// ties yields the groups of equal defect scores, highest first. Between them
// lie sound scores alone, which change no figure of this package by themselves:
// every curve is straight there and F1 only falls.
func (r ranking[S]) ties() iter.Seq[tie[S]] {
	return func(yield func(tie[S]) bool) {
		top := r.ok.n
		for to := len(r.defect); to > 0; {
			t := tie[S]{score: r.defect[to-1], from: to - 1, to: to}
			for t.from > 0 && r.defect[t.from-1] == t.score {
				t.from--
			}
			top = r.ok.below(t.score, top, true)
			t.above = r.ok.n - top
			top = r.ok.below(t.score, top, false)
			t.equal = r.ok.n - t.above - top
			if !yield(t) {
				return
			}
			to = t.from
		}
	}
}

func (r ranking[S]) rocAUC() (float64, error) {
	if len(r.defect) == 0 || r.ok.n == 0 {
		return 0, r.oneClass()
	}
	var twice uint64 // of the pairs won; at most 2·defects·sound
	for t := range r.ties() {
		lower := r.ok.n - t.above - t.equal
		twice += uint64(t.to-t.from) * (2*uint64(lower) + uint64(t.equal))
	}
	return float64(twice) / float64(2*uint64(len(r.defect))*uint64(r.ok.n)), nil
}

func (r ranking[S]) averagePrecision() (float64, error) {
	if len(r.defect) == 0 {
		return 0, r.oneClass()
	}
	sum := 0.0
	for t := range r.ties() {
		c := r.counts(t)
		sum += float64(float64(t.to-t.from) * c.Precision()) // the conversion forbids a fused multiply-add
	}
	return sum / float64(len(r.defect)), nil
}

func (r ranking[S]) auprTrapezoid() (float64, error) {
	if len(r.defect) == 0 {
		return 0, r.oneClass()
	}
	sum := 0.0
	for t := range r.ties() {
		// The point before the group is the lowest threshold above it.
		before := Counts{TP: len(r.defect) - t.to, FP: t.above}.Precision()
		if t.to == len(r.defect) && t.above == 0 {
			before = 1
		}
		sum += float64(float64(t.to-t.from) * 0.5 * (before + r.counts(t).Precision()))
	}
	return sum / float64(len(r.defect)), nil
}

func (r ranking[S]) f1Max() (F1Optimum, error) {
	if len(r.defect) == 0 {
		return F1Optimum{}, r.oneClass()
	}
	best := F1Optimum{Convention: ConventionF1Max}
	for t := range r.ties() {
		c := r.counts(t)
		if f := c.F1(); f >= best.F1 {
			best.F1, best.Threshold, best.Counts = f, float64(t.score), c
		}
	}
	return best, nil
}

// counts returns the confusion counts of "score ≥ t.score".
func (r ranking[S]) counts(t tie[S]) Counts {
	return Counts{
		TP: len(r.defect) - t.from, FN: t.from,
		FP: t.above + t.equal, TN: r.ok.n - t.above - t.equal,
	}
}

func (r ranking[S]) oneClass() error {
	return fmt.Errorf("metrics: %w: %d defective, %d sound", ErrOneClass, len(r.defect), r.ok.n)
}
