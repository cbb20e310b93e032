package iad3d

import (
	"github.com/iad3d/iad3d/align"
	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/quality"
)

// Result is what a detector says of one scan.
type Result struct {
	Name   string // the scan's
	Source string
	// Score is the abnormality of the whole scan, at least 0, without unit. With the
	// default protocol 1 is about what sound scans of the fit came to when they were
	// held out (with one feature exactly that in the mean, with several a little less:
	// their highest places differ); otherwise only scores of the same model compare.
	Score float64
	// Map is the abnormality of each pixel, C = 1: at the scan's resolution, or
	// 224×224 with the BTF protocol. Every pixel has a finite value, at least 0:
	// interpolated where nothing was measured, fading to 0 off the part with the
	// default protocol. Valid is false where nothing was measured. Nil for a loose
	// scan.
	Map *grid.Map
	// Parts are the shares of the features in Map, in the order of Config.Features:
	// they add up to it. Rasters with the default protocol only.
	Parts []Part
	// Points is the abnormality of each point of a loose scan, finite and at least
	// 0; 0 where a point is not valid. Nil for a scan with a raster.
	Points []float32
	// Peak is the pixel of the highest map value, the first in row-major order, or
	// the point of the highest value, the first in the cloud's.
	Peak Peak
	// Fit is how a loose scan lies on the first one of the fit: pose, residual and
	// overlap, lengths in metres. Nil unless Config.Align.
	Fit *align.Fit
	// Invalid says why the capture cannot be trusted, by what the good scans of the
	// fit were like: too few points, too much noise, too near or far, another
	// density. The score is then one of the capture rather than of the part. Nil for
	// a valid capture.
	Invalid []quality.Reason
}

// Part is the share of one feature in a score map.
type Part struct {
	Name string // of the feature
	Map  *grid.Map
}

// Peak is a pixel of a score map, or a point of a loose scan.
type Peak struct {
	X     int        `json:"x"` // of a loose scan 0, as Y is
	Y     int        `json:"y"`
	Value float32    `json:"value"`
	Point *PeakPoint `json:"point,omitempty"` // nil for a scan with a raster
}

// PeakPoint is a point of a loose scan.
type PeakPoint struct {
	Index    int        `json:"index"`    // in the cloud, from 0
	Position [3]float64 `json:"position"` // x, y, z in the file's own unit and place
}

// ScanScore is one line of an evaluation.
type ScanScore struct {
	Name   string  `json:"name"`
	Defect string  `json:"defect"`
	Score  float64 `json:"score"`
	Peak   Peak    `json:"peak"`
}

// Metrics are the figures the field reports, each in [0, 1].
type Metrics struct {
	ImageAUROC float64 `json:"image_auroc"` // ROC AUC of the scans' scores, ties count one half
	PixelAUROC float64 `json:"pixel_auroc"` // ROC AUC of all pixels pooled, or of all points of loose scans
	AUPRO      float64 `json:"au_pro"`      // area under the per-region overlap curve
}

// DefectMetrics are the figures of one kind of defect against all good scans.
type DefectMetrics struct {
	Defect string `json:"defect"`
	Scans  int    `json:"scans"`
	// Regions is the number of connected regions of ground truth. Without one, as
	// when small defects vanish at 224×224, the pixel figures are not defined and
	// stand at 0.
	Regions int `json:"regions"`
	Metrics
}

// Evaluation is the outcome of scoring a labelled set.
type Evaluation struct {
	Metrics
	// Convention says how the figures were computed.
	Convention string          `json:"convention"`
	Intervals  *Intervals      `json:"intervals,omitempty"` // see [WithIntervals]
	Good       int             `json:"good"`                // scans
	Defective  int             `json:"defective"`
	Defects    []DefectMetrics `json:"defects"` // by name
	Scans      []ScanScore     `json:"scans"`   // in the order given
}
