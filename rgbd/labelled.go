package rgbd

import (
	"image"
	"iter"
)

// Labelled is a scan of a data set together with what is known about it.
type Labelled struct {
	*Scan
	Defect string // [Good], the kind of defect, or [Unlabelled]
	// Truth holds the class id of each pixel, 0 = sound. Nil when the set has no
	// ground truth for this scan; a good scan then counts as sound everywhere.
	Truth *image.Gray
	// PointTruth says of each point of a loose scan whether it is defective. Nil
	// when the scan is organised, and as Truth when the set has no ground truth.
	PointTruth []bool
}

const (
	Good       = "good" // the Defect of a sound part
	Unlabelled = ""     // the Defect of a part of which nothing is known
)

// Anomalous reports whether the scan is labelled as showing a defect.
func (l *Labelled) Anomalous() bool { return l.Defect != Good && l.Defect != Unlabelled }

// WithoutLabels drops what is known about the scans of a set.
func WithoutLabels(set iter.Seq2[*Labelled, error]) iter.Seq2[*Scan, error] {
	return func(yield func(*Scan, error) bool) {
		for l, err := range set {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(l.Scan, nil) {
				return
			}
		}
	}
}
