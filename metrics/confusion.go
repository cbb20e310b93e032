package metrics

import (
	"fmt"
	"math"
)

// Comparison says which scores count as positive at a threshold.
type Comparison uint8

const (
	AtLeast Comparison = iota // score ≥ threshold; the zero value
	Above                     // score > threshold
)

func (c Comparison) String() string {
	if c == Above {
		return ">"
	}
	return ">="
}

// Counts is a confusion matrix. Its quotients are 0 where the denominator is 0,
// as scikit-learn returns beside a warning ([ConventionConfusion]).
type Counts struct {
	TP int // defects scored as such
	FP int // sound samples scored as defects
	FN int // defects missed
	TN int // sound samples scored as such
}

// Confuse counts the outcomes at a threshold. A float32 score is widened before
// the comparison, the threshold is never rounded. Sum the counts of several
// images with [Counts.Plus] for a figure over all their pixels.
//
// Errors: [ErrLength], [ErrEmpty], [ErrNotFinite]; [ErrOption] for a NaN
// threshold or an unknown comparison.
func Confuse[S Score](scores []S, labels []bool, threshold float64, by Comparison) (Counts, error) {
	if err := check(scores, labels); err != nil {
		return Counts{}, err
	}
	if math.IsNaN(threshold) {
		return Counts{}, fmt.Errorf("metrics: %w: threshold is NaN", ErrOption)
	}
	if by > Above {
		return Counts{}, fmt.Errorf("metrics: %w: comparison %d", ErrOption, uint8(by))
	}
	var n [2][2]int // by label, by outcome
	for i, s := range scores {
		v := float64(s)
		n[bit(labels[i])][bit(v > threshold || by == AtLeast && v == threshold)]++
	}
	return Counts{TP: n[1][1], FN: n[1][0], FP: n[0][1], TN: n[0][0]}, nil
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Plus returns the sum of both counts.
func (c Counts) Plus(o Counts) Counts {
	return Counts{TP: c.TP + o.TP, FP: c.FP + o.FP, FN: c.FN + o.FN, TN: c.TN + o.TN}
}

// Precision returns TP/(TP+FP).
func (c Counts) Precision() float64 { return quotient(c.TP, c.TP+c.FP) }

// Recall returns TP/(TP+FN).
func (c Counts) Recall() float64 { return quotient(c.TP, c.TP+c.FN) }

// TPR returns the true-positive rate, which is [Counts.Recall].
func (c Counts) TPR() float64 { return c.Recall() }

// FPR returns the false-positive rate FP/(FP+TN).
func (c Counts) FPR() float64 { return quotient(c.FP, c.FP+c.TN) }

// F1 returns 2·TP/(2·TP+FP+FN).
func (c Counts) F1() float64 { return quotient(2*c.TP, 2*c.TP+c.FP+c.FN) }

// IoU returns TP/(TP+FP+FN), the Jaccard index of the defect class.
func (c Counts) IoU() float64 { return quotient(c.TP, c.TP+c.FP+c.FN) }

// BackgroundIoU returns TN/(TN+FP+FN), the Jaccard index of the sound class.
func (c Counts) BackgroundIoU() float64 { return quotient(c.TN, c.TN+c.FP+c.FN) }

func quotient(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
