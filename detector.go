package iad3d

import (
	"context"
	"fmt"
	"slices"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/memory"
	"github.com/iad3d/iad3d/quality"
	"github.com/iad3d/iad3d/rgbd"
)

// Detector scores scans against what it was fitted on. It is immutable and safe
// for concurrent use; only Close must come last.
type Detector struct {
	describer
	bank       *memory.Bank
	provenance Provenance
	limits     *quality.Limits // of valid captures; nil in models of earlier versions
	thresholds *Thresholds     // nil when the model has none
	closer     func() error    // of the mapped model file; nil when fitted in memory
}

// check returns an error when the bank is too small to score with.
func (d *Detector) check() error {
	if n := d.bank.Rows().N; d.config.Protocol == ProtocolBTF && n < memory.MinScoreRows {
		return fmt.Errorf("%w: %w, this one has %d", ErrConfig, memory.ErrSmallBank, n)
	}
	return nil
}

// Config returns the configuration with every choice made.
func (d *Detector) Config() Config {
	c := d.config
	c.Features, c.FPFHK = slices.Clone(c.Features), slices.Clone(c.FPFHK)
	if c.Backbone != nil {
		b := *c.Backbone
		b.Layers = slices.Clone(b.Layers)
		c.Backbone = &b
	}
	return c
}

// Provenance returns what the detector was fitted on.
func (d *Detector) Provenance() Provenance { return d.provenance }

// BankSize returns the number of rows in the memory bank and their length.
func (d *Detector) BankSize() (rows, dim int) { return d.bank.Rows().N, d.bank.Rows().D }

// Close releases the model file a loaded detector is mapped to; the detector
// must not be used afterwards. It does nothing for a detector made by Fit.
func (d *Detector) Close() error {
	if d.closer == nil {
		return nil
	}
	return d.closer()
}

// Limits returns what a valid capture looks like by the scans of the fit; nil when
// the model does not say.
func (d *Detector) Limits() *quality.Limits {
	if d.limits == nil {
		return nil
	}
	l := *d.limits
	return &l
}

// invalid returns why the capture is none that scores can be trusted of.
func (d *Detector) invalid(ctx context.Context, s *rgbd.Scan) ([]quality.Reason, error) {
	if d.limits == nil {
		return nil, nil
	}
	m, err := quality.Measure(ctx, s.Cloud, d.config.Workers)
	if err != nil {
		return nil, err
	}
	return d.limits.Check(m), nil
}

// Score rates one scan, and says in Result.Invalid when the capture is not like
// those of the fit, see package quality. An unusable scan gives an error wrapping
// [rgbd.ErrScan]; one that shows the plane parts lie on but no part wraps
// [pointcloud.ErrNoPart] as well.
func (d *Detector) Score(ctx context.Context, s *rgbd.Scan) (*Result, error) {
	if err := d.config.wants(d.backbone); err != nil {
		return nil, err
	}
	r, err := d.rate(ctx, s)
	if err != nil {
		return nil, err
	}
	r.Invalid, err = d.invalid(ctx, s)
	return r, err
}

func (d *Detector) rate(ctx context.Context, s *rgbd.Scan) (*Result, error) {
	desc, err := d.describe(ctx, s)
	if err != nil {
		return nil, err
	}
	hits, err := d.bank.Nearest(ctx, desc.rows, d.config.Neighbors)
	if err != nil {
		return nil, err
	}
	scores := meanDistances(hits, desc.rows.N)
	if desc.loose != nil {
		r, err := d.config.rateLoose(ctx, s, desc.loose, scores)
		if err == nil {
			r.Fit = desc.fit
		}
		return r, err
	}
	cells := grid.New(desc.cellH, desc.cellW, 1)
	for i, v := range scores {
		cell := i
		if desc.cells != nil {
			cell = int(desc.cells[i])
		}
		cells.Data[cell] = v
	}
	r := &Result{Name: s.Name, Source: s.Source}
	if d.config.Protocol == ProtocolBTF {
		score, err := d.bank.ImageScore(ctx, desc.rows, hits)
		if err != nil {
			return nil, err
		}
		r.Score = score.Value
		r.Map = grid.BlurBTF(grid.ResizeBilinear(cells, desc.workH, desc.workW), d.config.Blur)
		r.Map.Valid = resized(s.Cloud, desc.workH, desc.workW).Valid
	} else {
		h, w := s.Cloud.Height, s.Cloud.Width
		m := grid.GaussianBlur(grid.ResizeBilinear(cells, desc.workH, desc.workW), d.config.Blur)
		part := make([]float64, 0, len(m.Data))
		for i, ok := range desc.part {
			if ok {
				part = append(part, float64(m.Data[i]))
			}
		}
		r.Score = topMean(part, d.config.Top)
		r.Map = grid.ResizeBilinear(m, h, w)
		r.Map.Valid = slices.Clone(s.Cloud.Valid)
	}
	r.Peak = peak(r.Map)
	return r, nil
}

// meanDistances returns the mean distance of each of n rows from its hits.
func meanDistances(hits []memory.Hit, n int) []float32 {
	k := len(hits) / n
	out := make([]float32, n)
	for i := range out {
		sum := 0.0
		for _, h := range hits[i*k : (i+1)*k] {
			sum += h.Dist
		}
		out[i] = float32(sum / float64(k))
	}
	return out
}

// topMean returns the mean of the highest share of scores, at least one; it sorts
// them.
func topMean(scores []float64, share float64) float64 {
	slices.Sort(scores)
	n := max(1, int(share*float64(len(scores))))
	sum := 0.0
	for _, s := range scores[len(scores)-n:] {
		sum += s
	}
	return sum / float64(n)
}

func peak(m *grid.Map) Peak {
	var p Peak
	for i, v := range m.Data {
		if v > p.Value || i == 0 {
			p = Peak{X: i % m.W, Y: i / m.W, Value: v}
		}
	}
	return p
}
