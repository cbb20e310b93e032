package iad3d

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/iad3d/iad3d/align"
	"github.com/iad3d/iad3d/fusion"
	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/memory"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
	"github.com/iad3d/iad3d/view"
)

// description is a scan as the memory banks see it.
type description struct {
	rows         []*memory.Rows // of each bank
	cells        []int32        // cell of each row, nil: row i is cell i
	cellH, cellW int
	workH, workW int        // working raster the cells tile
	view         *view.View // where that raster lies; nil: on the whole scan

	loose *looseSample // of a loose scan, nil and the above but rows empty otherwise
	mean  []float32    // of its rows, when the describer has none to compare with
	fit   *align.Fit   // on the reference, when the describer has one
}

// describer turns scans into descriptor rows.
type describer struct {
	config   Config
	backbone rgbd.Backbone // nil when config.Backbone is
	finder   *view.Finder  // of rasters, default protocol
	mean     []float32     // of the rows of the first loose scan; nil for rasters

	reference *reference // that loose scans are laid on; nil for none
}

// describe computes the descriptor rows of a scan.
func (d *describer) describe(ctx context.Context, s *rgbd.Scan) (*description, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	if err := d.config.suits(s); err != nil {
		return nil, err
	}
	if d.config.Loose {
		return d.describeLoose(ctx, s)
	}
	if d.config.has(FeatureRGB) && s.Colour == nil {
		return nil, fmt.Errorf("%w: %s: no colour image, which feature %s needs", rgbd.ErrScan, s.Label(), FeatureRGB)
	}
	if d.config.Protocol == ProtocolBTF {
		return d.describeBTF(ctx, s)
	}
	return d.describeView(ctx, s)
}

// suits returns an error for a scan without a measured point, and for a loose one
// where rasters are wanted, or the other way round.
func (c *Config) suits(s *rgbd.Scan) error {
	n, loose := s.Cloud.CountValid(), !s.Cloud.Organised()
	switch {
	case n == 0 && loose:
		return fmt.Errorf("%w: %s: no measured point among %d", rgbd.ErrScan, s.Label(), s.Cloud.Len())
	case n == 0:
		return fmt.Errorf("%w: %s: no measured point in %d×%d pixels", rgbd.ErrScan, s.Label(), s.Cloud.Width, s.Cloud.Height)
	case loose && !c.Loose:
		return fmt.Errorf("%w: %s: cloud of %d points is not organised (it has no raster), but the model is one of rasters; fit it on loose scans", rgbd.ErrScan, s.Label(), s.Cloud.Len())
	case !loose && c.Loose:
		return fmt.Errorf("%w: %s: cloud has a raster of %d×%d pixels, but the model is one of loose scans; fit it on rasters", rgbd.ErrScan, s.Label(), s.Cloud.Width, s.Cloud.Height)
	}
	return nil
}

// describeBTF follows BTF's feature classes step by step.
func (d *describer) describeBTF(ctx context.Context, s *rgbd.Scan) (*description, error) {
	c := &d.config
	work := resized(s.Cloud, c.Size, c.Size)
	blocks, err := d.blocksBTF(ctx, s, work)
	if err != nil {
		return nil, err
	}
	joined := make([]fusion.Block, len(blocks))
	for i, m := range blocks {
		joined[i].Map = m
	}
	m, err := fusion.Early(joined...)
	if err != nil {
		return nil, err
	}
	rows, cells := memory.FromMap(m)
	return &description{rows: []*memory.Rows{rows}, cells: cells,
		cellH: c.Cells, cellW: c.Cells, workH: c.Size, workW: c.Size}, nil
}

// describeView describes what the finder's window shows, each feature for itself.
func (d *describer) describeView(ctx context.Context, s *rgbd.Scan) (*description, error) {
	c := &d.config
	v, err := d.finder.Find(ctx, s.Cloud, c.Size)
	switch {
	case errors.Is(err, view.ErrEmpty):
		return nil, fmt.Errorf("%w: %s: %w", rgbd.ErrScan, s.Label(), err)
	case err != nil:
		return nil, err
	}
	return d.describeWindow(ctx, s, v)
}

// describeWindow describes what a window shows, which may be turned.
func (d *describer) describeWindow(ctx context.Context, s *rgbd.Scan, v *view.View) (*description, error) {
	c := &d.config
	maps, err := d.featureMaps(ctx, s, v)
	if err != nil {
		return nil, err
	}
	out := &description{cellH: c.Cells, cellW: c.Cells, workH: c.Size, workW: c.Size, view: v}
	valid := grid.AdaptiveAvgPoolValid(&grid.Map{H: c.Size, W: c.Size, C: 1, Data: make([]float32, c.Size*c.Size), Valid: v.Cloud.Valid}, c.Cells, c.Cells).Valid
	for _, m := range maps {
		rows, cells := memory.FromMap(&grid.Map{H: m.H, W: m.W, C: m.C, Data: m.Data, Valid: valid})
		out.rows, out.cells = append(out.rows, rows), cells
	}
	return out, nil
}

// resized returns the organised cloud at h×w pixels, each the nearest one of c
// by PyTorch's rule. The result shares nothing with c.
func resized(c *pointcloud.Cloud, h, w int) *pointcloud.Cloud {
	out := &pointcloud.Cloud{Width: w, Height: h, Unit: c.Unit}
	out.XYZ = grid.Nearest(c.XYZ, c.Height, c.Width, 3, h, w, grid.RuleTorch)
	valid := c.Valid
	if valid == nil {
		valid = slices.Repeat([]bool{true}, c.Len())
	}
	out.Valid = grid.Nearest(valid, c.Height, c.Width, 1, h, w, grid.RuleTorch)
	return out
}
