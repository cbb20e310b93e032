package iad3d

import (
	"context"
	"fmt"
	"slices"

	"github.com/iad3d/iad3d/align"
	"github.com/iad3d/iad3d/fusion"
	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/memory"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
)

// description is a scan as the memory bank sees it.
type description struct {
	rows         *memory.Rows
	cells        []int32 // cell of each row, nil: row i is cell i
	cellH, cellW int
	workH, workW int    // working raster the cells tile
	part         []bool // pixels of that raster that were described

	loose *looseSample // of a loose scan, nil and the above empty otherwise
	mean  []float32    // of its rows, when the describer has none to compare with
	fit   *align.Fit   // on the reference, when the describer has one
}

// describer turns scans into descriptor rows.
type describer struct {
	config   Config
	backbone rgbd.Backbone // nil when config.Backbone is
	scales   []float32     // factor of each block; nil leaves them as they are
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
	return d.describeDefault(ctx, s)
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
	return d.join(blocks, nil, &description{
		cellH: c.Cells, cellW: c.Cells, workH: c.Size, workW: c.Size, part: work.Valid})
}

func (d *describer) describeDefault(ctx context.Context, s *rgbd.Scan) (*description, error) {
	c := &d.config
	work := c.working(s)
	h, w := work.Height, work.Width
	if !c.KeepPlane {
		f, err := c.foreground(ctx, work)
		if err != nil {
			return nil, err
		}
		if f.Found && f.Points == 0 {
			return nil, fmt.Errorf("%w: %s: %w", rgbd.ErrScan, s.Label(), pointcloud.ErrNoPart)
		}
		work.Valid = f.Part
	}
	if work.CountValid() == 0 {
		return nil, fmt.Errorf("%w: %s: no measured point is left at %d×%d pixels", rgbd.ErrScan, s.Label(), w, h)
	}
	cellH, cellW := shrink(h, w, c.Cells)
	blocks, err := d.blocksDefault(ctx, s, work, cellH, cellW)
	if err != nil {
		return nil, err
	}
	part := grid.AdaptiveAvgPoolValid(&grid.Map{H: h, W: w, C: 1, Data: make([]float32, h*w), Valid: work.Valid}, cellH, cellW)
	return d.join(blocks, part.Valid, &description{cellH: cellH, cellW: cellW, workH: h, workW: w, part: work.Valid})
}

// join puts the blocks side by side and takes the valid cells, nil for all, as
// rows into out.
func (d *describer) join(blocks []*grid.Map, valid []bool, out *description) (*description, error) {
	scaled := make([]fusion.Block, len(blocks))
	for i, m := range blocks {
		scaled[i].Map = m
		if d.scales != nil {
			scaled[i].Scale = d.scales[i]
		}
	}
	m, err := fusion.Early(scaled...)
	if err != nil {
		return nil, err
	}
	m.Valid = valid
	out.rows, out.cells = memory.FromMap(m)
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

// shrink returns h×w reduced so that the longer side is at most size, the aspect
// kept to the nearest pixel.
func shrink(h, w, size int) (int, int) {
	long := max(h, w)
	if long <= size {
		return h, w
	}
	scale := func(v int) int { return max(1, (v*size+long/2)/long) }
	return scale(h), scale(w)
}

// working returns the cloud of s on the default protocol's working raster.
func (c *Config) working(s *rgbd.Scan) *pointcloud.Cloud {
	h, w := shrink(s.Cloud.Height, s.Cloud.Width, c.Size)
	return resized(s.Cloud, h, w)
}

func (c *Config) foreground(ctx context.Context, work *pointcloud.Cloud) (*pointcloud.Foreground, error) {
	return pointcloud.FindForeground(ctx, work, pointcloud.ForegroundOptions{Seed: c.Seed, Workers: c.Workers})
}

// leastPart is the share of the measured points that a part must have: a plane
// that leaves fewer is not what the part lies on but the part itself.
const leastPart = 0.01

// keepsPlane decides by the first scan of a fit: the plane stays when the scan
// shows none or nothing else.
func (c *Config) keepsPlane(ctx context.Context, s *rgbd.Scan) (bool, error) {
	if c.KeepPlane {
		return true, nil
	}
	work := c.working(s)
	f, err := c.foreground(ctx, work)
	if err != nil {
		return false, err
	}
	return !f.Found || float64(f.Points) < leastPart*float64(work.CountValid()), nil
}
