package iad3d

import (
	"context"
	"fmt"
	"slices"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/internal/order"
	"github.com/iad3d/iad3d/internal/parallel"
	"github.com/iad3d/iad3d/memory"
	"github.com/iad3d/iad3d/quality"
	"github.com/iad3d/iad3d/rgbd"
)

// Detector scores scans against what it was fitted on. It is immutable and safe
// for concurrent use; only Close must come last.
type Detector struct {
	describer
	channels    []*channel
	provenance  Provenance
	limits      *quality.Limits // of valid captures; nil in models of earlier versions
	calibration *Calibration    // nil when the model has none
	thresholds  *Thresholds     // nil when the model has none
	sounds      *sounds         // nil when the model has none
	closer      func() error    // of the mapped model file; nil when fitted in memory
}

// joint returns the bank that all features share: with the BTF protocol and of loose
// scans.
func (d *Detector) joint() *joint { return d.channels[0].judge.(*joint) }

// check returns an error when the bank is too small to score with.
func (d *Detector) check() error {
	if n, _ := d.channels[0].size(); d.config.Protocol == ProtocolBTF && n < memory.MinScoreRows {
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

// BankSize returns the number of rows in the memory banks, or of Gaussians where the
// method is MethodPaDiM, and the number of values in them.
func (d *Detector) BankSize() (rows, values int) {
	for _, ch := range d.channels {
		r, v := ch.size()
		rows, values = rows+r, values+v
	}
	return rows, values
}

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
	if err := s.Check(); err != nil {
		return nil, err
	}
	// The capture is looked at beside the score: neither keeps all processors busy.
	var invalid []quality.Reason
	looked := make(chan error, 1)
	go func() {
		var err error
		invalid, err = d.invalid(ctx, s)
		looked <- err
	}()
	r, err := d.rate(ctx, s)
	if lookErr := <-looked; err == nil {
		err = lookErr
	}
	if err != nil {
		return nil, err
	}
	r.Invalid = invalid
	return r, nil
}

func (d *Detector) rate(ctx context.Context, s *rgbd.Scan) (*Result, error) {
	desc, err := d.describe(ctx, s)
	if err != nil {
		return nil, err
	}
	if desc.view != nil {
		return d.rateView(ctx, s, desc)
	}
	b := d.joint()
	hits, err := b.nearest(ctx, &d.config, desc.rows[0])
	if err != nil {
		return nil, err
	}
	scores := b.scores(hits, desc.rows[0].N)
	if desc.loose != nil {
		r, err := d.config.rateLoose(ctx, s, desc.loose, scores)
		if err == nil {
			r.Fit = desc.fit
		}
		return r, err
	}
	cells := grid.New(desc.cellH, desc.cellW, 1)
	copy(cells.Data, scores)
	score, err := b.rows.WithWorkers(d.config.Workers).ImageScore(ctx, desc.rows[0], hits)
	if err != nil {
		return nil, err
	}
	r := &Result{Name: s.Name, Source: s.Source, Score: score.Value}
	r.Map = grid.BlurBTF(grid.ResizeBilinear(cells, desc.workH, desc.workW), d.config.Blur)
	r.Map.Valid = resized(s.Cloud, desc.workH, desc.workW).Valid
	r.Peak = peak(r.Map)
	return r, nil
}

// rateView adds up the scores of all features.
func (d *Detector) rateView(ctx context.Context, s *rgbd.Scan, desc *description) (*Result, error) {
	h, w := s.Cloud.Height, s.Cloud.Width
	r := &Result{Name: s.Name, Source: s.Source, Map: grid.New(h, w, 1)}
	scores := make([][]float32, len(d.channels))
	for i, ch := range d.channels {
		var err error
		if scores[i], err = ch.rate(ctx, &d.config, desc.rows[i], desc.cells); err != nil {
			return nil, err
		}
	}
	views := make([]*grid.Map, len(d.channels))
	r.Parts = make([]Part, len(d.channels))
	err := parallel.For(ctx, len(d.channels), 1, d.config.Workers, func(_, i, _ int) {
		ch, m := d.channels[i], d.config.smooth(desc, scores[i])
		for p, v := range m.Data {
			m.Data[p] = float32(float64(v) * ch.weight)
		}
		views[i], r.Parts[i] = m, Part{Name: ch.feature, Map: desc.view.Paste(m, h, w)}
	})
	if err != nil {
		return nil, err
	}
	sum := make([]float32, len(views[0].Data))
	for i, m := range views {
		for p, v := range m.Data {
			sum[p] += v
		}
		for p, v := range r.Parts[i].Map.Data {
			r.Map.Data[p] += v
		}
	}
	r.Score = topMean(desc.part(sum), d.config.Top)
	r.Map.Valid = slices.Clone(s.Cloud.Valid)
	r.Peak = peak(r.Map)
	return r, nil
}

// fade is the standard deviation, in pixels of the working raster, by which scores
// fade out beyond the part.
const fade = 4

// smooth carries the scores of a description's rows to the working raster: blurred
// on the part, fading out around it.
func (c *Config) smooth(d *description, scores []float32) *grid.Map {
	cells := grid.New(d.cellH, d.cellW, 1)
	cells.Valid = make([]bool, len(cells.Data))
	for i, v := range scores {
		cell := i
		if d.cells != nil {
			cell = int(d.cells[i])
		}
		cells.Data[cell], cells.Valid[cell] = v, true
	}
	m := grid.ResizeBilinear(cells, d.workH, d.workW)
	m.Valid = d.view.Cloud.Valid
	m = grid.Extend(grid.GaussianBlur(m, c.Blur), fade)
	m.Valid = nil
	return m
}

// part returns the values of a map of the working raster that lie on the part.
func (d *description) part(m []float32) []float64 {
	out := make([]float64, 0, len(m))
	for i, ok := range d.view.Cloud.Valid {
		if ok {
			out = append(out, float64(m[i]))
		}
	}
	return out
}

// topMean returns the mean of the highest share of scores, at least one, added up in
// ascending order; it reorders them.
func topMean(scores []float64, share float64) float64 {
	n := max(1, int(share*float64(len(scores))))
	top := scores[len(scores)-n:]
	order.Nth(scores, len(scores)-n)
	slices.Sort(top)
	sum := 0.0
	for _, s := range top {
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
