package iad3d

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/iad3d/iad3d/fpfh"
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
}

// btfNormalRadius and btfRadius are the radii, in metres, of BTF's hybrid
// searches. They bind on sparse clouds only.
const (
	btfNormalRadius = 0.1
	btfRadius       = 0.25
	btfPool         = 3 // side of the mean filter before cells are formed
)

// describe computes the descriptor rows of a scan.
func (c *Config) describe(ctx context.Context, s *rgbd.Scan) (*description, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	if s.Cloud.CountValid() == 0 {
		return nil, fmt.Errorf("%w: %s: no measured point in %d×%d pixels", rgbd.ErrScan, s.Label(), s.Cloud.Width, s.Cloud.Height)
	}
	if c.Protocol == ProtocolBTF {
		return c.describeBTF(ctx, s)
	}
	return c.describeDefault(ctx, s)
}

// describeBTF follows BTF's FPFHFeatures step by step.
func (c *Config) describeBTF(ctx context.Context, s *rgbd.Scan) (*description, error) {
	work := resized(s.Cloud, c.Size, c.Size)
	if work.MarkMissing(pointcloud.Missing{AnyZero: true}) == 0 {
		return nil, fmt.Errorf("%w: %s: no measured point is left at %d×%d pixels", rgbd.ErrScan, s.Label(), c.Size, c.Size)
	}
	metres := work.Unit.Metres()
	normal := pointcloud.Search{K: c.NormalK, Radius: btfNormalRadius / metres}
	m, err := c.fpfh(ctx, work, normal, pointcloud.OrientNone, btfRadius/metres)
	if err != nil {
		return nil, err
	}
	m = grid.AdaptiveAvgPool(grid.AvgPool(m, btfPool), c.Cells, c.Cells)
	rows, cells := memory.FromMap(m)
	return &description{rows, cells, c.Cells, c.Cells, c.Size, c.Size, work.Valid}, nil
}

func (c *Config) describeDefault(ctx context.Context, s *rgbd.Scan) (*description, error) {
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
	m, err := c.fpfh(ctx, work, pointcloud.Search{K: c.NormalK}, pointcloud.OrientViewpoint, 0)
	if err != nil {
		return nil, err
	}
	cellH, cellW := shrink(h, w, c.Cells)
	rows, cells := memory.FromMap(grid.AdaptiveAvgPoolValid(m, cellH, cellW))
	return &description{rows, cells, cellH, cellW, h, w, work.Valid}, nil
}

// fpfh estimates normals and joins the descriptors of every neighbourhood size.
// All searches share the largest one's. In the default protocol entries become
// their square roots (Hellinger's kernel): the distance of two histograms is
// then not ruled by their largest bin.
func (c *Config) fpfh(ctx context.Context, work *pointcloud.Cloud, normal pointcloud.Search, o pointcloud.Orientation, radius float64) (*grid.Map, error) {
	widest := pointcloud.Search{K: max(slices.Max(c.FPFHK), c.NormalK), Radius: radius}
	nb, err := pointcloud.FindNeighborhoods(ctx, work, widest, c.Workers)
	if err != nil {
		return nil, err
	}
	work.Normals, err = pointcloud.EstimateNormals(ctx, work, pointcloud.NormalOptions{
		Search: normal, Orientation: o, Neighborhoods: nb, Workers: c.Workers})
	if err != nil {
		return nil, err
	}
	maps, err := fpfh.ComputeMaps(ctx, work, fpfh.Options{
		Search: pointcloud.Search{Radius: radius}, Neighborhoods: nb, Workers: c.Workers}, c.FPFHK)
	if err != nil {
		return nil, err
	}
	blocks := make([]fusion.Block, len(maps))
	for j, m := range maps {
		if c.Protocol == ProtocolDefault {
			for i, v := range m.Data {
				m.Data[i] = float32(math.Sqrt(float64(v)))
			}
		}
		blocks[j].Map = m
	}
	return fusion.Early(blocks...)
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
	if err := s.Check(); err != nil {
		return false, err
	}
	work := c.working(s)
	f, err := c.foreground(ctx, work)
	if err != nil {
		return false, err
	}
	return !f.Found || float64(f.Points) < leastPart*float64(work.CountValid()), nil
}
