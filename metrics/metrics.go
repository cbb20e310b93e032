// Package metrics rates anomaly scores against ground truth: numbers in,
// numbers out.
//
// Scores are any finite numbers, higher meaning more anomalous; a label or
// truth pixel is true where there is a defect. Functions on a score and a label
// slice serve images, pixels and points alike ([ROCAUC], [AveragePrecision],
// [AUPRTrapezoid], [F1Max], [IoUMax], [Confuse], [ROCCurve], [PRCurve]).
// [Pixels] pools whole score maps or clouds, one at a time, in about one byte
// per sound pixel, and gives the same figures, the PRO curve
// ([Pixels.PROCurve]) and, where defects have a [Saturation], the sPRO curve,
// the latter as MVTec LOCO's script samples it too ([Pixels.LOCOSampling]).
// [Union] joins pools, for figures per kind of defect. [Bootstrap] says how far
// a figure can be trusted.
//
// The field computes several of these figures in more than one way, so every
// result names its [Convention]; docs/metrics.md compares them. What a published
// script gets wrong is repeated only by what is named after it. No function
// returns NaN or infinity: input for which a figure is not defined is an error.
package metrics

import (
	"errors"
	"fmt"
)

// Score is the type of an anomaly score.
type Score interface{ float32 | float64 }

// Errors that the functions of this package wrap.
var (
	ErrEmpty     = errors.New("no scores")
	ErrLength    = errors.New("lengths do not match")
	ErrNotFinite = errors.New("score is not finite")
	// ErrOneClass says that a figure needs a class which the labels lack.
	ErrOneClass = errors.New("labels of one class only")
	// ErrNoRegion says that no image has a defect; it also is an ErrOneClass.
	ErrNoRegion = fmt.Errorf("%w: no defect region", ErrOneClass)
	// ErrNoOKPixel says that no pixel is sound; it also is an ErrOneClass.
	ErrNoOKPixel = fmt.Errorf("%w: no sound pixel", ErrOneClass)
	// ErrOption says that a limit, threshold or number of thresholds is outside
	// its range.
	ErrOption = errors.New("option out of range")
	// ErrSaturation says that the saturation of a defect is not a number of
	// pixels above 0.
	ErrSaturation = errors.New("no saturation area")
	// ErrTies says that MVTec LOCO's choice of thresholds fails because too many
	// scores are equal.
	ErrTies = errors.New("tied scores")
)

// Figure is a result in [0, 1] with the way it was computed.
type Figure struct {
	Value      float64
	Convention Convention
}

// Mean returns the plain mean of figures that follow one convention, as the
// field's tables average classes. No figure is [ErrEmpty]; figures of different
// conventions are [ErrOption].
func Mean(figures ...Figure) (Figure, error) {
	if len(figures) == 0 {
		return Figure{}, fmt.Errorf("metrics: mean: %w", ErrEmpty)
	}
	sum := 0.0
	for _, f := range figures {
		if f.Convention != figures[0].Convention {
			return Figure{}, fmt.Errorf("metrics: %w: mean of %q and %q", ErrOption, figures[0].Convention, f.Convention)
		}
		sum += f.Value
	}
	return Figure{sum / float64(len(figures)), figures[0].Convention}, nil
}

// Convention says in one line how a figure was computed, for reports to print
// beside it.
type Convention string

func (c Convention) String() string { return string(c) }

// The conventions of the rank metrics. Those of curves depend on options and
// stand in [Curve] and [Area].
const (
	ConventionROCAUC           Convention = "ROC AUC: Mann-Whitney, ties count one half (scikit-learn)"
	ConventionAveragePrecision Convention = "average precision: step sum over distinct scores (scikit-learn)"
	ConventionAUPRTrapezoid    Convention = "AUPR: trapezoid over distinct scores, from recall 0 at precision 1 (torchmetrics, anomalib)"
	ConventionF1Max            Convention = "F1-max: best distinct score as threshold, defect at or above it, lowest of equals (scikit-learn, anomalib)"
	ConventionIoUMax           Convention = "IoU-max: best distinct score as threshold, defect at or above it, lowest of equals"
	ConventionConfusion        Convention = "counts at one threshold; 0 where a denominator is 0 (scikit-learn)"
	ConventionROCAUCLOCO       Convention = "ROC AUC as MVTec LOCO's script: a curve point at the first of equal scores, sound before defective"
)
