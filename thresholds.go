package iad3d

import (
	"encoding/json"
	"fmt"
)

// metaThresholds is the name in the model file; absent in models without.
const metaThresholds = "iad3d.thresholds"

// Thresholds are the scores above which a scan, or a pixel of its map, counts as
// abnormal. 0 stands for one that is not known.
type Thresholds struct {
	Scan  float64 `json:"scan,omitempty"`  // of Result.Score
	Pixel float64 `json:"pixel,omitempty"` // of Result.Map
	// FalseAlarms is the share of sound scans that are meant to exceed Scan by
	// mistake, and of those that are meant to have a pixel above Pixel; 0 when nobody
	// says.
	FalseAlarms float64 `json:"false_alarms,omitempty"`
	// Promised is the rate that the number of held-out scans allows to promise, see
	// [Detector.ThresholdsAt]: above FalseAlarms when there are too few. 0 when
	// nobody says.
	Promised float64 `json:"promised,omitempty"`
	Scans    int     `json:"scans,omitempty"` // held out
}

// Check returns an error wrapping [ErrConfig] for thresholds that are no scores,
// rates that are no shares, and a promise by no scan.
func (t *Thresholds) Check() error {
	for _, v := range []float64{t.Scan, t.Pixel} {
		if !(v >= 0) || v-v != 0 {
			return fmt.Errorf("%w: thresholds %v for scans, %v for pixels: want numbers from 0 on", ErrConfig, t.Scan, t.Pixel)
		}
	}
	for _, v := range []float64{t.FalseAlarms, t.Promised} {
		if !(v >= 0 && v <= 1) {
			return fmt.Errorf("%w: rates of false alarms %v, promised %v: want shares from 0 to 1", ErrConfig, t.FalseAlarms, t.Promised)
		}
	}
	if t.Scans < 0 || t.Promised > 0 && t.Scans == 0 {
		return fmt.Errorf("%w: a promise of %v by %d scans held out", ErrConfig, t.Promised, t.Scans)
	}
	return nil
}

// Thresholds returns those of the model; nil when it has none.
func (d *Detector) Thresholds() *Thresholds {
	if d.thresholds == nil {
		return nil
	}
	t := *d.thresholds
	return &t
}

// into adds the thresholds to a model's metadata.
func (t *Thresholds) into(meta map[string]string) error {
	if t == nil {
		return nil
	}
	text, err := json.Marshal(t)
	meta[metaThresholds] = string(text)
	return err
}

// thresholdsFrom reads them back.
func thresholdsFrom(meta map[string]string) (*Thresholds, error) {
	text, ok := meta[metaThresholds]
	if !ok {
		return nil, nil
	}
	t := new(Thresholds)
	err := json.Unmarshal([]byte(text), t)
	if err == nil {
		err = t.Check()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", metaThresholds, err)
	}
	return t, nil
}
