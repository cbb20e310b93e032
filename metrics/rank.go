package metrics

import "fmt"

// ROCAUC returns the area under the ROC curve: the probability that a random
// defect scores above a random sound sample, equal scores counting one half
// (Mann and Whitney 1947; the value of scikit-learn's roc_auc_score). The
// counting is exact; the result is the quotient rounded once.
//
// The slices are parallel and not changed. Errors: [ErrLength], [ErrEmpty],
// [ErrNotFinite], [ErrOneClass] unless both classes occur.
func ROCAUC[S Score](scores []S, labels []bool) (Figure, error) {
	r, err := rank(scores, labels)
	if err != nil {
		return Figure{}, err
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
func AveragePrecision[S Score](scores []S, labels []bool) (Figure, error) {
	r, err := rank(scores, labels)
	if err != nil {
		return Figure{}, err
	}
	return r.averagePrecision()
}

// AUPRTrapezoid returns the area under the precision-recall curve by the
// trapezoid rule, over the points of [AveragePrecision] with (R, P) = (0, 1)
// before them: what torchmetrics and anomalib call AUPR.
//
// Errors as for [AveragePrecision].
func AUPRTrapezoid[S Score](scores []S, labels []bool) (Figure, error) {
	r, err := rank(scores, labels)
	if err != nil {
		return Figure{}, err
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

// IoUOptimum is the best intersection over union that a threshold reaches.
type IoUOptimum struct {
	IoU        float64
	Threshold  float64 // the score itself; a sample at or above it counts as defect
	Counts     Counts  // at that threshold
	Convention Convention
}

// IoUMax is [F1Max] for the IoU of the defect class. As IoU = F1/(2 − F1) grows
// with F1, the threshold is the same.
func IoUMax[S Score](scores []S, labels []bool) (IoUOptimum, error) {
	r, err := rank(scores, labels)
	if err != nil {
		return IoUOptimum{}, err
	}
	return r.iouMax()
}

func rank[S Score](scores []S, labels []bool) (*ranking[S], error) {
	if err := check(scores, labels); err != nil {
		return nil, err
	}
	defects := 0
	for _, l := range labels {
		if l {
			defects++
		}
	}
	var ok pile[S]
	defect := make([]S, 0, defects)
	for i := 0; i < len(scores); {
		from := i
		for i < len(scores) && !labels[i] {
			i++
		}
		ok.add(scores[from:i])
		for ; i < len(scores) && labels[i]; i++ {
			defect = append(defect, scores[i])
		}
	}
	defect, _ = sortTagged(defect, nil)
	return newRanking([]*sortedRun{pack(&ok)}, defect, nil), nil
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
