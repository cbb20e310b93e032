// Package metrics rates anomaly scores against ground truth: numbers in,
// numbers out.
//
// Scores are any finite numbers, higher meaning more anomalous; a label or
// truth pixel is true where there is a defect. Functions on a score and a label
// slice serve images and pixels alike ([ROCAUC], [AveragePrecision],
// [AUPRTrapezoid], [F1Max], [Confuse]); [Pixels] pools whole score maps, sorts
// them once and gives the same figures and the PRO curve ([Pixels.PROCurve],
// [AUPRO]).
//
// The field computes several of these figures in more than one way, so every
// result names its [Convention]. No function returns NaN or infinity: input for
// which a figure is not defined is an error.
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
)

// Convention says in one line how a figure was computed, for reports to print
// beside it.
type Convention string

func (c Convention) String() string { return string(c) }

// The conventions of the rank metrics. Those of the PRO curve depend on options
// and stand in [Curve] and [Area].
const (
	ConventionROCAUC           Convention = "ROC AUC: Mann-Whitney, ties count one half (scikit-learn)"
	ConventionAveragePrecision Convention = "average precision: step sum over distinct scores (scikit-learn)"
	ConventionAUPRTrapezoid    Convention = "AUPR: trapezoid over distinct scores, from recall 0 at precision 1 (torchmetrics, anomalib)"
	ConventionF1Max            Convention = "F1-max: best distinct score as threshold, defect at or above it, lowest of equals (scikit-learn, anomalib)"
)
