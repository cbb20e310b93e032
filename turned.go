package iad3d

import (
	"context"

	"github.com/iad3d/iad3d/internal/portable"
	"github.com/iad3d/iad3d/rgbd"
	"github.com/iad3d/iad3d/view"
)

// turn shows the turned banks a scan as it lies and turned by each twelfth of a turn:
// what a network makes of a part turned by as little as that is another thing.
func (f *fitting) turn(ctx context.Context, n int, s *rgbd.Scan, d *description) error {
	for i, rows := range d.rows {
		if len(f.turned) == i {
			f.turned = append(f.turned, newBankLearner(&f.config, f.config.Features[i]))
		}
		f.turned[i].add(n, 0, rows)
	}
	for step := 1; step < view.Turns; step++ {
		t, err := f.describeWindow(ctx, s, d.view.Turned(step))
		if err != nil {
			return err
		}
		for i, rows := range t.rows {
			f.turned[i].add(n, step*f.config.Cells*f.config.Cells, rows)
		}
	}
	return nil
}

// turnHelps is by how much less, at least, held-out scans must differ from the others
// and their turned views than from the others as they lie for these to be kept. Where
// parts always lie alike turned ones are seldom the nearest.
const turnHelps = 0.05

// chooseTurned decides whether the turned views of a fit of few scans are kept: it
// is one of parts that are put down as they come, by what held-out scans show. Of a
// single scan nobody knows, and a false alarm is the worse mistake.
func (f *fitting) chooseTurned(ctx context.Context) error {
	if !f.few || f.turned == nil {
		return nil
	}
	if len(f.held.scans) == 1 {
		f.learnBy(f.turned)
		return nil
	}
	plain, err := f.heldDistance(ctx, f.banks)
	if err != nil {
		return err
	}
	turned, err := f.heldDistance(ctx, f.turned)
	if err != nil {
		return err
	}
	if turned <= plain+portable.Log(1-turnHelps) {
		f.learnBy(f.turned)
	}
	return nil
}

// heldDistance returns the logarithm of the distance of held-out scans' rows from
// those of the other scans, in the mean over the features.
func (f *fitting) heldDistance(ctx context.Context, banks []*bankLearner) (float64, error) {
	mean := 0.0
	for i, l := range banks {
		b, err := l.bank(ctx, &f.config)
		if err != nil {
			return 0, err
		}
		found, _, err := b.holdOut(ctx, &f.config, f.held.scans, i)
		if err != nil {
			return 0, err
		}
		sum, n := 0.0, 0
		for _, hits := range found {
			for _, h := range hits {
				sum += h.Dist
				n++
			}
		}
		mean += portable.Log(max(sum/float64(max(1, n)), 1e-30)) / float64(len(banks))
	}
	return mean, nil
}
