package iad3d

import (
	"fmt"
	"slices"

	"github.com/iad3d/iad3d/metrics"
	"github.com/iad3d/iad3d/rgbd"
)

// Interval has its figure in it with a probability of 95 %, as far as other scans
// drawn from where those of the set came from are concerned.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Intervals belong to the figures of an Evaluation.
type Intervals struct {
	ImageAUROC Interval `json:"image_auroc"`
	PixelAUROC Interval `json:"pixel_auroc"`
	AUPRO      Interval `json:"au_pro"`
	Convention string   `json:"convention"`
	// Replicas are what the intervals come from. Those of two evaluations on the same
	// scans, seed and number belong together one by one: see [metrics.Interval].
	Replicas *metrics.Replicas `json:"-"`
}

// WithIntervals makes Evaluate draw so many replicas of the set, 2 to a million, for
// [Evaluation].Intervals. It keeps all maps until then, 5 bytes per pixel. Of
// rasters.
func WithIntervals(replicas int, seed uint64) Option {
	return func(o *options) { o.replicas, o.seed = replicas, seed }
}

// replaying keeps what intervals are computed from.
type replaying struct {
	images []metrics.Image[float32]
	scans  []ScanScore
}

const intervalLevel = 0.95

// intervals draws the replicas. pixels holds the pixels of all images.
func (k *replaying) intervals(pixels *metrics.Pixels[float32], replicas int, seed uint64) (*Intervals, error) {
	out, err := k.draw(pixels, replicas, seed)
	if err != nil {
		return nil, fmt.Errorf("%w: intervals: %w", ErrEvaluate, err)
	}
	return out, nil
}

func (k *replaying) draw(pixels *metrics.Pixels[float32], replicas int, seed uint64) (*Intervals, error) {
	thresholds, err := pixels.BootstrapThresholds()
	if err != nil {
		return nil, err
	}
	b, err := metrics.NewBootstrap[float32](thresholds)
	if err != nil {
		return nil, err
	}
	for i, m := range k.images {
		if err := b.Add(m, k.scans[i].Score, k.scans[i].Defect != rgbd.Good); err != nil {
			return nil, err
		}
	}
	r, err := b.Replicas(replicas, seed, metrics.OfficialLimit)
	if err != nil {
		return nil, err
	}
	out := &Intervals{Replicas: r, Convention: "95 % percentile interval, " + string(r.Convention)}
	for _, f := range []struct {
		to   *Interval
		from []float64
	}{{&out.ImageAUROC, r.ImageAUROC}, {&out.PixelAUROC, r.PixelAUROC}, {&out.AUPRO, r.AUPRO[0]}} {
		b, err := metrics.Interval(f.from, intervalLevel)
		if err != nil {
			return nil, err
		}
		*f.to = Interval{b.Low, b.High}
	}
	return out, nil
}

// keep keeps a map and its truth.
func (k *replaying) keep(m metrics.Image[float32], s ScanScore) {
	m.Scores, m.Truth = slices.Clone(m.Scores), slices.Clone(m.Truth)
	k.images, k.scans = append(k.images, m), append(k.scans, s)
}
