package iad3d

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"iter"
	"math"

	"github.com/iad3d/iad3d/fusion"
	"github.com/iad3d/iad3d/memory"
	"github.com/iad3d/iad3d/quality"
	"github.com/iad3d/iad3d/rgbd"
)

// Version is the version of iad3d, recorded in the models it writes.
const Version = "0.1.0"

// Option injects what is not part of a detector's configuration.
type Option func(*options)

type options struct {
	progress func(done int)
	backbone rgbd.Backbone
}

// WithProgress calls f after each scan of a Fit or Evaluate with the number
// done so far, from the calling goroutine.
func WithProgress(f func(done int)) Option { return func(o *options) { o.progress = f } }

// WithBackbone gives Fit or Load the network that describes colour and depth
// images. The detector calls it from the goroutines that call Score; closing it
// is left to the caller.
func WithBackbone(b rgbd.Backbone) Option { return func(o *options) { o.backbone = b } }

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

// Fit learns what sound parts look like. It reads the scans one after the other
// and keeps of each its descriptor rows only. The first error of the sequence
// ends the fit and is returned, as is an unusable scan (wrapping
// [rgbd.ErrScan]): a fit on part of the data would be a silent surprise.
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
	look := describer{config: c, backbone: o.backbone}
	var rows memory.Rows
	var captures []*quality.Measurement
	digest := sha256.New()
	n := 0
	for s, err := range scans {
		if err != nil {
			return nil, err
		}
		if n == 0 {
			if look.config, err = c.adapt(ctx, s); err != nil {
				return nil, err
			}
		}
		d, err := look.describe(ctx, s)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			look.mean = d.mean
			if look.config.Align {
				if look.reference, err = newReference(ctx, d.loose.work, c.Workers); err != nil {
					return nil, fmt.Errorf("%w: %s as the reference: %w", rgbd.ErrScan, s.Label(), err)
				}
			}
		}
		m, err := quality.Measure(ctx, s.Cloud, c.Workers)
		if err != nil {
			return nil, err
		}
		captures = append(captures, m)
		rows.Append(d.rows)
		hashScan(digest, s, c.has(FeatureRGB))
		n++
		o.progress(n)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, ErrNoScans
	}
	if widths := c.widths(); len(widths) > 1 && c.Protocol != ProtocolBTF {
		look.scales = fusion.Balance(rows.Data, widths)
		fusion.Rescale(rows.Data, widths, look.scales)
	}
	bank, err := memory.Build(ctx, &rows, memory.Options{
		Fraction: c.Coreset, Project: c.Protocol == ProtocolBTF, Seed: c.Seed, Workers: c.Workers})
	if err != nil {
		return nil, fmt.Errorf("fit of %d scans: %w", n, err)
	}
	limits, err := quality.Learn(captures)
	if err != nil {
		return nil, fmt.Errorf("fit of %d scans: %w", n, err)
	}
	d := &Detector{
		describer: look,
		limits:    limits,
		bank:      bank,
		provenance: Provenance{
			Version:    Version,
			Scans:      n,
			Rows:       rows.N,
			Projection: bank.Projected(),
			DataSHA256: hex.EncodeToString(digest.Sum(nil)),
			Radius:     bank.Radius(),
		},
	}
	if err := d.check(); err != nil {
		return nil, fmt.Errorf("fit of %d scans: %w", n, err)
	}
	return d, nil
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
