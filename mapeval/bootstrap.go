package mapeval

import (
	"context"

	"github.com/iad3d/iad3d/io/groundtruth"
	"github.com/iad3d/iad3d/metrics"
)

// intervalLevel is the probability of the intervals.
const intervalLevel = 0.95

// intervals reads the maps once more for the bootstrap of a class.
func intervals[S metrics.Score](ctx context.Context, t *task, o Options, p *progress, c *Class, thresholds []float64) error {
	b, err := metrics.NewBootstrap[S](thresholds)
	if err != nil {
		return t.undefined(err)
	}
	err = eachImage(ctx, t, o, p, func(i int, m metrics.Image[S], score float64) error {
		return b.Add(m, score, t.set.Items[i].Kind != groundtruth.Good)
	})
	if err != nil {
		return err
	}
	r, err := b.Replicas(o.Bootstrap, o.Seed, o.Limits...)
	if err != nil {
		return t.undefined(err)
	}
	of := func(replicas []float64) Interval {
		b, e := metrics.Interval(replicas, intervalLevel)
		if err == nil {
			err = e
		}
		return Interval{b.Low, b.High}
	}
	c.Intervals = &Intervals{ImageAUROC: of(r.ImageAUROC), PixelAUROC: of(r.PixelAUROC), Replicas: r, Convention: "95 % percentile interval, " + string(r.Convention)}
	if t.set.Layout == groundtruth.LOCO {
		c.Intervals.Convention += "; areas of all scans together, not the mean of the kinds"
	}
	for _, replicas := range r.AUPRO {
		c.Intervals.Areas = append(c.Intervals.Areas, of(replicas))
	}
	if err != nil {
		return t.undefined(err)
	}
	return nil
}
