package iad3d

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
)

// metaCalibration is the name in the model file.
const metaCalibration = "iad3d.calibration"

// HeldOut is what a training scan comes to when all others are the model.
type HeldOut struct {
	Scan  int     `json:"scan"` // its number in the fit, from 0
	Name  string  `json:"name"`
	Score float64 `json:"score"`
	Peak  float32 `json:"peak"` // the highest value of its map
}

// Calibration is what a fit of rasters with the default protocol learnt by holding
// out each training scan in turn, of at most 150.
type Calibration struct {
	Held []HeldOut `json:"held"` // by Scan
	// Suspects names the training scans whose scores stand out from the others': by
	// more than four robust standard deviations, of at least six scans. Look at them:
	// a defect among sound parts makes a model blind to its like.
	Suspects []string `json:"suspects,omitempty"`
	// Left names the scans that Config.Contamination left out.
	Left []string `json:"left,omitempty"`
	// Weights is the factor of each feature's scores in their sum, in the order of
	// Config.Features.
	Weights []float64 `json:"weights"`
}

// Calibration returns what the model was calibrated by; nil when it is none of
// rasters with the default protocol, or was fitted on a single scan.
func (d *Detector) Calibration() *Calibration {
	if d.calibration == nil {
		return nil
	}
	c := *d.calibration
	c.Held, c.Suspects = slices.Clone(c.Held), slices.Clone(c.Suspects)
	c.Left, c.Weights = slices.Clone(c.Left), slices.Clone(c.Weights)
	return &c
}

// ThresholdsAt returns the thresholds for a rate of false alarms in (0, 1) from the
// model's calibration, or nil without one.
//
// They are order statistics of the n held-out scores: with r = ⌈(n+1)·(1−rate)⌉ the
// r-th smallest, and Promised is 1 − r/(n+1). A sound scan that comes from where the
// training scans came from would exceed it with at most that probability, whatever the
// scores' distribution, were its score exchangeable with theirs (V. Vovk, A. Gammerman,
// G. Shafer, 2005). It is so up to the one scan that a held-out one had fewer to be
// compared with, which makes held-out scores rather too high: a jackknife, of which R.
// Barber et al. (2021) prove twice the rate for their variant jackknife+. On the
// synthetic line the rate stays below Promised; docs/accuracy.md has the figures. With
// fewer than 1/rate − 1 scans even the largest score promises no less than 1/(n+1).
func (d *Detector) ThresholdsAt(rate float64) (*Thresholds, error) {
	if !(rate > 0 && rate < 1) {
		return nil, badConfig("a rate of false alarms of %v is not in (0, 1)", rate)
	}
	if d.calibration == nil {
		return nil, nil
	}
	n := len(d.calibration.Held)
	scores, peaks := make([]float64, n), make([]float64, n)
	for i, h := range d.calibration.Held {
		scores[i], peaks[i] = h.Score, float64(h.Peak)
	}
	slices.Sort(scores)
	slices.Sort(peaks)
	r := min(n, int(math.Ceil(float64(float64(n+1)*(1-rate))-1e-9)))
	return &Thresholds{Scan: scores[r-1], Pixel: peaks[r-1], FalseAlarms: rate,
		Promised: 1 - float64(r)/float64(n+1), Scans: n}, nil
}

// into adds the calibration to a model's metadata.
func (c *Calibration) into(meta map[string]string) error {
	if c == nil {
		return nil
	}
	text, err := json.Marshal(c)
	meta[metaCalibration] = string(text)
	return err
}

// calibrationFrom reads it back.
func calibrationFrom(meta map[string]string, banks int) (*Calibration, error) {
	text, ok := meta[metaCalibration]
	if !ok {
		return nil, nil
	}
	c := new(Calibration)
	if err := json.Unmarshal([]byte(text), c); err != nil {
		return nil, fmt.Errorf("%s: %w", metaCalibration, err)
	}
	bad := len(c.Held) == 0 || len(c.Weights) != banks || !slices.IsSortedFunc(c.Held, func(a, b HeldOut) int { return cmp.Compare(a.Scan, b.Scan) })
	for _, h := range c.Held {
		bad = bad || !(h.Score >= 0) || !(h.Peak >= 0) || h.Score-h.Score != 0 || h.Peak-h.Peak != 0 || h.Scan < 0
	}
	if bad {
		return nil, fmt.Errorf("%s makes no sense", metaCalibration)
	}
	return c, nil
}
