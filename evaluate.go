package iad3d

import (
	"context"
	"errors"
	"fmt"
	"image"
	"iter"
	"maps"
	"slices"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/metrics"
	"github.com/iad3d/iad3d/rgbd"
)

// ErrEvaluate is wrapped when a set cannot be evaluated: without good scans or
// without defective ones the figures are not defined.
var ErrEvaluate = errors.New("cannot evaluate")

// btfTruthLevel is the value above which BTF counts a pixel of the ground truth
// as defect.
const btfTruthLevel = 127

// Evaluate scores a labelled set and rates the scores: image and pixel ROC AUC
// and AU-PRO by the official algorithm (100 thresholds, limit 0.3), at the
// scans' own resolution or, with the BTF protocol, at 224×224 with the truth
// resized as BTF does: a truth value above 127 counts as defect there, above 0
// otherwise. Of loose scans points take the place of pixels, and clusters of
// defect points that of regions. A good scan without ground truth counts as sound everywhere; one
// without a label is an error. each, when not nil, sees every scan with its
// result, which it must not change; its error ends the evaluation.
func (d *Detector) Evaluate(ctx context.Context, set iter.Seq2[*rgbd.Labelled, error], each func(*rgbd.Labelled, *Result) error, opts ...Option) (*Evaluation, error) {
	o := gather(opts)
	e := &Evaluation{}
	var kept *replaying // for intervals
	switch {
	case o.replicas < 0 || o.replicas == 1 || o.replicas > 1e6:
		return nil, badConfig("%d replicas, want 2 to 1000000", o.replicas)
	case o.replicas > 0 && d.config.Loose:
		return nil, badConfig("intervals are for scans with a raster")
	case o.replicas > 0:
		kept = new(replaying)
	}
	pools := map[string]*metrics.Pixels[float32]{} // by kind of defect, good scans among them
	for scored, err := range Batch(ctx, d, pairs(set), scoreLabelled) {
		if err != nil {
			return nil, err
		}
		s, r := scored.s, scored.r
		if pools[s.Defect] == nil {
			pools[s.Defect] = new(metrics.Pixels[float32])
		}
		if r.Points != nil {
			err = d.addPoints(ctx, pools[s.Defect], s, r.Points)
		} else {
			err = d.addMap(pools[s.Defect], s, r, kept)
		}
		if err != nil {
			return nil, err
		}
		e.Scans = append(e.Scans, ScanScore{Name: s.Name, Defect: s.Defect, Score: r.Score, Peak: r.Peak})
		if each != nil {
			if err := each(s, r); err != nil {
				return nil, err
			}
		}
		o.progress(len(e.Scans))
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	good := pools[rgbd.Good]
	if good != nil {
		e.Good = good.Images()
	}
	e.Defective = len(e.Scans) - e.Good
	if e.Good == 0 || e.Defective == 0 {
		return nil, fmt.Errorf("%w: %d good and %d defective scans, at least one of each is needed", ErrEvaluate, e.Good, e.Defective)
	}
	kinds := slices.DeleteFunc(slices.Sorted(maps.Keys(pools)), func(k string) bool { return k == rgbd.Good })
	parts := []*metrics.Pixels[float32]{good}
	for _, kind := range kinds {
		parts = append(parts, pools[kind])
	}
	pooled := metrics.Union(parts...)
	all, convention, err := rate(e.Scans, pooled, "")
	switch {
	case err != nil:
		return nil, err
	case all.Regions == 0:
		return nil, fmt.Errorf("%w: no defect in the ground truth of %d defective scans", ErrEvaluate, e.Defective)
	}
	e.Metrics = all.Metrics
	if kept != nil {
		if e.Intervals, err = kept.intervals(pooled, o.replicas, o.seed); err != nil {
			return nil, err
		}
	}
	switch {
	case d.config.Protocol == ProtocolBTF:
		e.Convention = fmt.Sprintf("%s; at %d×%d as BTF", convention, d.config.Size, d.config.Size)
	case d.config.Loose:
		e.Convention = fmt.Sprintf("%s; of points in place of pixels, all scans pooled; regions: defect points within %.3g mm of one another", convention, regionReach*1000*d.config.Voxel)
	default:
		e.Convention = convention + "; at the scans' resolution"
	}
	for _, kind := range kinds {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		m, _, err := rate(e.Scans, metrics.Union(good, pools[kind]), kind)
		if err != nil {
			return nil, err
		}
		e.Defects = append(e.Defects, m)
	}
	return e, nil
}

// labelled is a scan of a set to evaluate, or the error in its place, and its result.
type labelled struct {
	s   *rgbd.Labelled
	err error
	r   *Result
}

// pairs passes scans and errors on as one value each, up to the first error.
func pairs(set iter.Seq2[*rgbd.Labelled, error]) iter.Seq[labelled] {
	return func(yield func(labelled) bool) {
		for s, err := range set {
			if !yield(labelled{s: s, err: err}) || err != nil {
				return
			}
		}
	}
}

func scoreLabelled(ctx context.Context, d *Detector, l labelled) (labelled, error) {
	if l.err != nil {
		return l, l.err
	}
	if l.s.Defect == rgbd.Unlabelled {
		return l, fmt.Errorf("%w: %s: not labelled", ErrEvaluate, l.s.Label())
	}
	var err error
	l.r, err = d.Score(ctx, l.s.Scan)
	return l, err
}

// addMap adds a score map and the ground truth of its scan to a pool.
func (d *Detector) addMap(to *metrics.Pixels[float32], s *rgbd.Labelled, r *Result, kept *replaying) error {
	truth, err := d.truth(s, r.Map)
	if err != nil {
		return err
	}
	m := metrics.FromMap(r.Map, truth)
	if err := to.Add(m); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrEvaluate, s.Label(), err)
	}
	if kept != nil {
		kept.keep(m, ScanScore{Defect: s.Defect, Score: r.Score})
	}
	return nil
}

// truth returns the defect pixels of s at the size of its map; nil for none.
func (d *Detector) truth(s *rgbd.Labelled, m *grid.Map) ([]bool, error) {
	if s.Truth == nil {
		if s.Anomalous() {
			return nil, fmt.Errorf("%w: %s: labelled %q but without ground truth", ErrEvaluate, s.Label(), s.Defect)
		}
		return nil, nil
	}
	b := s.Truth.Bounds()
	ids := make([]uint8, 0, b.Dx()*b.Dy())
	for y := b.Min.Y; y < b.Max.Y; y++ {
		i := s.Truth.PixOffset(b.Min.X, y)
		ids = append(ids, s.Truth.Pix[i:i+b.Dx()]...)
	}
	level := uint8(0)
	if d.config.Protocol == ProtocolBTF {
		ids = grid.Nearest(ids, b.Dy(), b.Dx(), 1, m.H, m.W, grid.RulePIL)
		level = btfTruthLevel
	} else if b.Size() != (image.Point{X: m.W, Y: m.H}) {
		return nil, fmt.Errorf("%w: %s: ground truth is %d×%d, the scan %d×%d", ErrEvaluate, s.Label(), b.Dx(), b.Dy(), m.W, m.H)
	}
	truth := make([]bool, len(ids))
	for i, id := range ids {
		truth[i] = id > level
	}
	return truth, nil
}

// rate computes the figures of all good scans and those of one kind of defect,
// whose pixels are pooled; of every kind when it is empty. Without a region of
// ground truth the pixel figures stay 0.
func rate(scans []ScanScore, pixels *metrics.Pixels[float32], kind string) (m DefectMetrics, convention string, err error) {
	var (
		scores []float64
		labels []bool
	)
	m.Defect = kind
	for _, s := range scans {
		good := s.Defect == rgbd.Good
		if kind != "" && !good && s.Defect != kind {
			continue
		}
		scores, labels = append(scores, s.Score), append(labels, !good)
		if !good {
			m.Scans++
		}
	}
	fail := func(figure string, err error) (DefectMetrics, string, error) {
		if kind != "" {
			figure = kind + ": " + figure
		}
		return m, "", fmt.Errorf("%w: %s: %w", ErrEvaluate, figure, err)
	}
	auc, err := metrics.ROCAUC(scores, labels)
	if err != nil {
		return fail("image ROC AUC", err)
	}
	m.ImageAUROC = auc.Value
	if m.Regions = pixels.Regions(); m.Regions == 0 {
		return m, "", nil
	}
	if auc, err = pixels.ROCAUC(); err != nil {
		return fail("pixel ROC AUC", err)
	}
	m.PixelAUROC = auc.Value
	curve, err := pixels.PROCurve(metrics.PROOptions{})
	if err != nil {
		return fail("AU-PRO", err)
	}
	area, err := curve.Area(metrics.OfficialLimit)
	if err != nil {
		return fail("AU-PRO", err)
	}
	m.AUPRO = area.Value
	return m, fmt.Sprintf("%s; %s", auc.Convention, area.Convention), nil
}
