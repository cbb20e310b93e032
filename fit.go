package iad3d

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"iter"
	"math"
	"slices"

	"github.com/iad3d/iad3d/fusion"
	"github.com/iad3d/iad3d/memory"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/quality"
	"github.com/iad3d/iad3d/rgbd"
	"github.com/iad3d/iad3d/view"
)

// Version is the version of iad3d, recorded in the models it writes.
const Version = "0.1.0"

// Option injects what is not part of a detector's configuration.
type Option func(*options)

type options struct {
	progress func(done int)
	backbone rgbd.Backbone
	network  func(want *rgbd.BackboneInfo) (rgbd.Backbone, error)
	replicas int    // for intervals, 0: none
	seed     uint64 // of the replicas
}

// WithProgress calls f after each scan of a Fit or Evaluate with the number
// done so far, from the calling goroutine.
func WithProgress(f func(done int)) Option { return func(o *options) { o.progress = f } }

// WithBackbone gives Fit or Load the network that describes colour and depth
// images. The detector calls it from the goroutines that call Score; closing it
// is left to the caller.
func WithBackbone(b rgbd.Backbone) Option { return func(o *options) { o.backbone = b } }

// WithNetwork gives Load a function that opens the network when the model has said which
// one it needs: want is nil where it needs none. Without an error the backbone takes the
// place of WithBackbone's; nil is none.
func WithNetwork(open func(want *rgbd.BackboneInfo) (rgbd.Backbone, error)) Option {
	return func(o *options) { o.network = open }
}

func gather(opts []Option) options {
	o := options{progress: func(int) {}}
	for _, f := range opts {
		f(&o)
	}
	return o
}

// Provenance says what a detector was fitted on.
type Provenance struct {
	Version string `json:"version"` // of the iad3d that fitted it
	Scans   int    `json:"scans"`
	Rows    int    `json:"rows"` // descriptor rows before the coreset
	// Projection is the length of the rows that the coreset was selected by, see
	// [memory.Options]; 0 when these were the rows themselves.
	Projection int `json:"projection,omitempty"`
	// DataSHA256 is the SHA-256 over the sizes, units, validity and coordinates
	// of all scans, in order, with the colours where they were used.
	DataSHA256 string `json:"data_sha256"`
	// Radius is the largest distance of any of these rows to the bank, or a bound
	// of it: see [memory.Bank.Radius].
	Radius float64 `json:"radius"`
}

// ErrNoScans is returned by Fit when it is given no scan.
var ErrNoScans = errors.New("no scan to fit")

// mostPilots is the number of scans that decide, before any is described, where the
// part is sought. A fit of fewer looks at each turned by twelfths of a turn as well.
const mostPilots = 8

// Fit learns what sound parts look like. It reads the scans one after the other, the
// first eight at once, and keeps of each its descriptor rows, of at most 150 scans
// all of them and otherwise as many as the banks hold. The first error of the
// sequence ends the fit and is returned, as is an unusable scan (wrapping
// [rgbd.ErrScan]): a fit on part of the data would be a silent surprise.
//
// With the default protocol every scan of rasters is then held out in turn, which
// gives the features their weights, the model its thresholds, and tells suspect
// scans: see [Detector.Calibration].
//
// The same configuration and scans give the same detector, bit for bit,
// whatever the number of workers.
func Fit(ctx context.Context, c Config, scans iter.Seq2[*rgbd.Scan, error], opts ...Option) (*Detector, error) {
	o := gather(opts)
	c.Backbone = nil
	if o.backbone != nil {
		info := o.backbone.Info()
		c.Backbone = &info
	}
	c, err := c.resolve()
	if err != nil {
		return nil, err
	}
	f := &fitting{Detector: Detector{describer: describer{config: c, backbone: o.backbone}}, digest: sha256.New(), o: o}
	var pilots []*rgbd.Scan
	begin := func() error {
		err := f.begin(ctx, pilots)
		for _, s := range pilots {
			if err != nil {
				break
			}
			err = f.add(ctx, s)
		}
		pilots = nil
		return err
	}
	n := 0
	for s, err := range scans {
		if err != nil {
			return nil, err
		}
		if err := s.Check(); err != nil {
			return nil, err
		}
		if n++; n <= mostPilots && (n == 1 || pilots != nil) && c.Protocol != ProtocolBTF && s.Cloud.Organised() {
			if err := f.config.suits(s); err != nil {
				return nil, err
			}
			if pilots = append(pilots, s); n == mostPilots {
				if err := begin(); err != nil {
					return nil, err
				}
			}
			continue
		}
		if n == 1 {
			if err := f.begin(ctx, []*rgbd.Scan{s}); err != nil {
				return nil, err
			}
		}
		if pilots != nil {
			if err := begin(); err != nil {
				return nil, err
			}
		}
		if err := f.add(ctx, s); err != nil {
			return nil, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, ErrNoScans
	}
	if pilots != nil {
		f.few = c.Method == MethodBank && c.Contamination == 0 // who doubts scans does not multiply them
		if err := begin(); err != nil {
			return nil, err
		}
	}
	d, err := f.finish(ctx)
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("fit of %d scans: %w", n, err)
	}
	return d, err
}

// fitting is a detector under way.
type fitting struct {
	Detector
	o        options
	digest   hash.Hash
	names    []string
	captures []*quality.Measurement
	rows     memory.Rows    // of all scans, where there is one bank for them
	learners []learner      // otherwise, one per feature
	banks    []*bankLearner // these learners, nil unless they make banks
	few      bool           // so few scans that turned views are looked at, too
	turned   []*bankLearner // as banks, with turned views
	held     held

	candidates []candidate
}

// begin makes the choices that the first scans decide.
func (f *fitting) begin(ctx context.Context, pilots []*rgbd.Scan) error {
	c := &f.config
	first := pilots[0]
	if c.Loose = !first.Cloud.Organised(); c.Loose {
		return c.adaptLoose(ctx, first)
	}
	if c.Align {
		return badConfig("align is for loose scans; %s has a raster", first.Label())
	}
	c.Voxel, c.Points, c.Centres, c.Pool = 0, 0, 0, 0
	open(&c.Neighbors, 1)
	if c.Protocol == ProtocolBTF {
		return c.check()
	}
	if len(c.Features) == 0 {
		c.Features = []string{FeatureFPFH, FeatureSurface}
		if first.Colour != nil {
			c.Features = append(c.Features, FeatureRGB)
		}
	}
	clouds := make([]*pointcloud.Cloud, len(pilots))
	for i, s := range pilots {
		clouds[i] = s.Cloud
	}
	var err error
	if f.finder, err = view.Learn(ctx, clouds, view.Options{KeepPlane: c.KeepPlane, Seed: c.Seed, Workers: c.Workers}); err != nil {
		return err
	}
	c.KeepPlane = f.finder.KeepPlane
	// Points are not doubled: their neighbourhoods would be copies of one point.
	c.Size = min(c.Size, f.finder.Side)
	c.Cells = max(1, min(c.Cells, c.Size/2))
	c.Blur = min(c.Blur, float64(c.Size)/4)
	f.held.seed = c.Seed
	f.begun()
	return c.check()
}

// begun gives every feature a learner.
func (f *fitting) begun() {
	var banks []*bankLearner
	for _, feature := range f.config.Features {
		switch f.config.Method {
		case MethodPaDiM:
			f.learners = append(f.learners, newGaussianLearner(&f.config, feature))
		case MethodSPADE:
			f.learners = append(f.learners, newGalleryLearner(&f.config))
		default:
			banks = append(banks, newBankLearner(&f.config, feature))
		}
	}
	if banks != nil {
		f.learnBy(banks)
	}
}

// learnBy makes these the learners.
func (f *fitting) learnBy(banks []*bankLearner) {
	f.banks, f.learners = banks, nil
	for _, l := range banks {
		f.learners = append(f.learners, l)
	}
}

// add describes a scan and keeps what is needed of it.
func (f *fitting) add(ctx context.Context, s *rgbd.Scan) error {
	c := &f.config
	d, err := f.describe(ctx, s)
	if err != nil {
		return err
	}
	n := len(f.captures)
	if n == 0 {
		f.mean = d.mean
		if c.Align {
			if f.reference, err = newReference(ctx, d.loose.work, c.Workers); err != nil {
				return fmt.Errorf("%w: %s as the reference: %w", rgbd.ErrScan, s.Label(), err)
			}
		}
	}
	m, err := quality.Measure(ctx, s.Cloud, c.Workers)
	if err != nil {
		return err
	}
	f.captures = append(f.captures, m)
	f.names = append(f.names, s.Name)
	if d.view == nil {
		f.rows.Append(d.rows[0])
	} else {
		for i, rows := range d.rows {
			f.learners[i].show(n, rows, d.cells)
		}
		if f.few {
			if err := f.turn(ctx, n, s, d); err != nil {
				return err
			}
		}
		if err := f.consider(ctx, s, d.view); err != nil {
			return err
		}
		d.view.Cloud = &pointcloud.Cloud{Width: c.Size, Height: c.Size, Valid: d.view.Cloud.Valid} // all that is needed later
		f.held.add(n, s.Name, d)
	}
	hashScan(f.digest, s, c.has(FeatureRGB))
	f.o.progress(n + 1)
	return nil
}

// finish makes the detector.
func (f *fitting) finish(ctx context.Context) (*Detector, error) {
	c := &f.config
	d := &f.Detector
	d.provenance = Provenance{Version: Version, Scans: len(f.captures), DataSHA256: hex.EncodeToString(f.digest.Sum(nil))}
	var err error
	if d.limits, err = quality.Learn(f.captures); err != nil {
		return nil, err
	}
	if f.learners == nil {
		b, err := memory.Build(ctx, &f.rows, memory.Options{
			Fraction: c.Coreset, Project: c.Protocol == ProtocolBTF, Seed: c.Seed, Workers: c.Workers})
		if err != nil {
			return nil, err
		}
		d.channels = []*channel{{judge: &joint{b}, weight: 1}}
		d.provenance.Rows, d.provenance.Projection, d.provenance.Radius = f.rows.N, b.Projected(), b.Radius()
		return d, d.check()
	}
	if len(f.held.scans) == 1 && c.Method != MethodBank {
		return nil, badConfig("the method %s needs at least two scans", c.Method)
	}
	if err := f.chooseTurned(ctx); err != nil {
		return nil, err
	}
	for _, l := range f.learners {
		d.provenance.Rows += l.shown()
	}
	if err := f.calibrate(ctx); err != nil {
		return nil, err
	}
	return d, f.chooseSounds(ctx)
}

// calibrate makes the judges and holds out every scan in turn; where the configuration
// says so it leaves the worst scans out, then the most doubtful places of the others,
// and does it again.
func (f *fitting) calibrate(ctx context.Context) error {
	c, d := &f.config, &f.Detector
	scores, err := f.holdOut(ctx)
	if err != nil {
		return err
	}
	var left []string
	if out := c.unclean(scores); len(out) > 0 {
		gone := map[int]bool{}
		for _, i := range out {
			gone[scores[i].Scan] = true
			left = append(left, scores[i].Name)
		}
		f.held.scans = slices.DeleteFunc(f.held.scans, func(s heldScan) bool { return gone[s.number] })
		for _, b := range f.banks {
			b.drop(gone)
		}
		if scores, err = f.holdOut(ctx); err != nil {
			return err
		}
	}
	odd := suspects(scores) // afterwards the places that were forgotten stand out, sound or not
	if c.Contamination != 0 && len(scores) > 1 {
		forget := f.held.doubtful(d, scores)
		for _, b := range f.banks {
			b.forget(forget)
		}
		if scores, err = f.holdOut(ctx); err != nil {
			return err
		}
	}
	if len(scores) < 2 {
		return nil
	}
	d.calibration = &Calibration{Held: scores, Left: left}
	for _, i := range odd {
		d.calibration.Suspects = append(d.calibration.Suspects, scores[i].Name)
	}
	for _, ch := range d.channels {
		d.calibration.Weights = append(d.calibration.Weights, ch.weight)
	}
	d.thresholds, err = d.ThresholdsAt(c.FalseAlarms)
	return err
}

// unclean returns the places of the held-out scans that are left out as defective.
func (c *Config) unclean(scores []HeldOut) []int {
	if c.Contamination == ContaminationAuto {
		return suspects(scores)
	}
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[b].Score, scores[a].Score) })
	order = order[:int(c.Contamination*float64(len(scores)))]
	slices.Sort(order)
	return order
}

// holdOut makes the channels of what the learners were shown, and calibrates them.
func (f *fitting) holdOut(ctx context.Context) ([]HeldOut, error) {
	if len(f.held.scans) == 1 {
		return nil, f.alone(ctx)
	}
	if err := f.learn(ctx); err != nil {
		return nil, err
	}
	return f.held.weigh(ctx, &f.Detector)
}

// learn makes the channels of what the learners were shown, without weights, and rates
// the held scans' rows.
func (f *fitting) learn(ctx context.Context) error {
	for s := range f.held.scans {
		f.held.scans[s].scores = make([][]float32, len(f.learners))
		f.held.scans[s].maps = make([][]float32, len(f.learners))
	}
	f.channels = nil
	for i, l := range f.learners {
		j, scores, err := l.learn(ctx, &f.config, f.held.scans, i)
		if err != nil {
			return err
		}
		f.channels = append(f.channels, &channel{feature: f.config.Features[i], judge: j})
		for s := range f.held.scans {
			f.held.scans[s].scores[i] = scores[s]
		}
	}
	return nil
}

// alone makes the channels of a single scan.
func (f *fitting) alone(ctx context.Context) error {
	levels := make([]fusion.Level, len(f.banks))
	for i := range levels {
		levels[i] = fusion.Level{Mean: 1, Spread: 1}
	}
	weights := fusion.Weights(levels, 1)
	f.channels = nil
	for i, l := range f.banks {
		b, err := l.alone(ctx, &f.config)
		if err != nil {
			return err
		}
		f.channels = append(f.channels, &channel{feature: l.feature, judge: b, weight: weights[i]})
	}
	return nil
}

// hashScan adds what describe reads of a scan.
func hashScan(h hash.Hash, s *rgbd.Scan, colour bool) {
	c := s.Cloud
	buf := make([]byte, 0, 1<<16)
	for _, v := range []int{c.Width, c.Height, int(c.Unit)} {
		buf = binary.LittleEndian.AppendUint64(buf, uint64(v))
	}
	for i := range c.Len() {
		if len(buf) > 1<<16-16 {
			h.Write(buf)
			buf = buf[:0]
		}
		if !c.IsValid(i) {
			buf = append(buf, 0)
			continue
		}
		buf = append(buf, 1)
		for _, v := range c.XYZ[3*i : 3*i+3] {
			buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v))
		}
	}
	h.Write(buf)
	if colour && s.Colour != nil {
		b := s.Colour.Bounds()
		for y := b.Min.Y; y < b.Max.Y; y++ {
			h.Write(s.Colour.Pix[s.Colour.PixOffset(b.Min.X, y):][:4*b.Dx()])
		}
	}
}
