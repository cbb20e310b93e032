package iad3d

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/iad3d/iad3d/fpfh"
	"github.com/iad3d/iad3d/memory"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
)

const (
	// leastLoose is the number of thinned out points below which a loose scan has
	// no shape that could be compared.
	leastLoose = 100
	// mostLoose is how many times Config.Points a thinned out scan may have: more
	// are another part, or another unit.
	mostLoose = 8
	// looseSmooth is the number of nearest centres whose scores are averaged, and
	// looseBlend the number whose scores a point's is interpolated from.
	looseSmooth = 6
	looseBlend  = 3
	// A thinned out point with fewer than strayNeighbors others within strayReach
	// voxels is stray: a surface has about 28 there.
	strayReach     = 3
	strayNeighbors = 12
)

// looseSample is where the rows of a loose scan come from.
type looseSample struct {
	work    *pointcloud.Cloud // the scan, thinned out, without stray points
	centres *pointcloud.Cloud // row i describes the surroundings of point i
}

// adaptLoose makes the choices of loose scans that the first one decides: how they are
// thinned out.
func (c *Config) adaptLoose(ctx context.Context, s *rgbd.Scan) error {
	c.KeepPlane = true
	if len(c.Features) == 0 {
		c.Features = []string{FeatureFPFH}
	}
	open(&c.Points, 5_000)
	open(&c.Centres, 3_000)
	open(&c.Pool, 32)
	open(&c.Neighbors, 3)
	chosen := c.Voxel == 0
	open(&c.Voxel, 1) // until it is chosen
	if err := c.check(); err != nil || !chosen {
		return err
	}
	var err error
	c.Voxel, err = c.voxelFor(ctx, s)
	return err
}

// voxelSpacings is the least side of a voxel in spacings of the scan: of points
// that lie at random four of five voxels on the surface then hold one.
const voxelSpacings = 1.25

// voxelFor returns the side, in metres, of voxels that thin s out to at most
// Points points: not below voxelSpacings of its spacings, three digits.
func (c *Config) voxelFor(ctx context.Context, s *rgbd.Scan) (float64, error) {
	size, err := pointcloud.Spacing(ctx, s.Cloud, c.Workers)
	if err != nil {
		return 0, err
	}
	if size == 0 {
		return 0, fmt.Errorf("%w: %s: %d measured points, most of them in one place or fewer than 7", rgbd.ErrScan, s.Label(), s.Cloud.CountValid())
	}
	size *= voxelSpacings * math.Sqrt(max(1, float64(s.Cloud.CountValid())/float64(c.Points)))
	for {
		size = threeDigits(size)
		v, err := pointcloud.VoxelDown(ctx, s.Cloud, pointcloud.VoxelOptions{Size: size})
		if err != nil {
			return 0, badVoxel(s, err)
		}
		if len(v.Count) <= c.Points {
			return size * s.Cloud.Unit.Metres(), nil
		}
		size *= max(1.02, math.Sqrt(float64(len(v.Count))/float64(c.Points)))
	}
}

// threeDigits rounds a positive number to three significant digits.
func threeDigits(v float64) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'e', 2, 64), 64)
	if err != nil {
		return v
	}
	return r
}

func badVoxel(s *rgbd.Scan, err error) error {
	if errors.Is(err, pointcloud.ErrVoxel) {
		return fmt.Errorf("%w: %s: %w (are there outliers far from the part, or is the unit another than %v?)", rgbd.ErrScan, s.Label(), err, s.Cloud.Unit)
	}
	return err
}

// onSurface returns the points of a thinned out cloud that lie on a surface, not
// astray: on steep walls and beside edges a sensor leaves single points, whose
// descriptors say nothing and would be the most abnormal of a sound part.
func (c *Config) onSurface(ctx context.Context, work *pointcloud.Cloud) ([]int32, error) {
	tree := pointcloud.NewTree(work)
	reach := strayReach * c.Voxel / work.Unit.Metres()
	keep := make([]int32, 0, work.Len())
	var near []pointcloud.Neighbor
	for i := range work.Len() {
		if i%4096 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if near = tree.Hybrid(work.At(i), reach, strayNeighbors+1, near); len(near) > strayNeighbors {
			keep = append(keep, int32(i))
		}
	}
	return keep, nil
}

// thin returns a loose scan at one point per voxel, and which of the points lie on
// a surface.
func (c *Config) thin(ctx context.Context, s *rgbd.Scan) (*pointcloud.Cloud, []int32, error) {
	v, err := pointcloud.VoxelDown(ctx, s.Cloud, pointcloud.VoxelOptions{Size: c.Voxel / s.Cloud.Unit.Metres()})
	if err != nil {
		return nil, nil, badVoxel(s, err)
	}
	surface, err := c.onSurface(ctx, v.Cloud)
	if err != nil {
		return nil, nil, err
	}
	n := len(surface)
	if n >= leastLoose && n <= mostLoose*c.Points {
		return v.Cloud, surface, nil
	}
	want := fmt.Sprintf("at least %d are needed", leastLoose)
	if n > leastLoose {
		want = fmt.Sprintf("at most %d are expected", mostLoose*c.Points)
	}
	return nil, nil, fmt.Errorf("%w: %s: %d points of a surface are left at one per %.3g mm, %s: another part or coarser than the first scan of the fit, or another unit than %v",
		rgbd.ErrScan, s.Label(), n, 1000*c.Voxel, want, s.Cloud.Unit)
}

// describeLoose describes a cloud without a raster: FPFH of the thinned out
// points, averaged over the surroundings of centres that are spread evenly.
//
// Neither a sensor's place nor its side is known. Normals are made to agree with
// each other, and their common side is the one whose descriptors are more like
// those of the first scan of the fit: without that, a part seen from one side
// could come out inside out.
func (d *describer) describeLoose(ctx context.Context, s *rgbd.Scan) (*description, error) {
	c := &d.config
	work, surface, err := c.thin(ctx, s)
	if err != nil {
		return nil, err
	}
	rows, err := c.fpfhLoose(ctx, work)
	if err != nil {
		return nil, err
	}
	// What is astray is part of its neighbours' descriptors, and has none itself.
	dim := c.dim(c.Features)
	for to, from := range surface {
		copy(rows[dim*to:dim*(to+1)], rows[dim*int(from):])
	}
	work = work.Select(surface)
	out := &description{}
	if d.reference != nil {
		if out.fit, err = d.reference.lay(ctx, s, work); err != nil {
			return nil, err
		}
	}
	tree := pointcloud.NewTree(work)
	sample, _, err := tree.Farthest(ctx, c.Centres, -1)
	if err != nil {
		return nil, err
	}
	out.loose = &looseSample{work, work.Select(sample)}
	pooled, err := pointcloud.PoolMean(ctx, tree, rows[:dim*len(surface)], dim, out.loose.centres, c.Pool, c.Workers)
	if err != nil {
		return nil, err
	}
	mean := meanRow(pooled, dim)
	if d.mean == nil {
		out.mean = mean
	} else if turned := mirrored(mean); distance2(turned, d.mean) < distance2(mean, d.mean) {
		for i := 0; i < len(pooled); i += dim {
			copy(pooled[i:], mirrored(pooled[i:i+dim]))
		}
	}
	out.rows = []*memory.Rows{{N: len(sample), D: dim, Data: pooled}}
	return out, nil
}

// fpfhLoose returns the descriptors of all points, of every neighbourhood size
// side by side; entries are square roots as in a raster's.
func (c *Config) fpfhLoose(ctx context.Context, work *pointcloud.Cloud) ([]float32, error) {
	o, err := c.surface(ctx, work, c.FPFHK, pointcloud.Search{K: c.NormalK}, pointcloud.OrientNone, 0)
	if err != nil {
		return nil, err
	}
	if err := pointcloud.OrientNormals(ctx, work, work.Normals, 0, c.Workers); err != nil {
		return nil, err
	}
	tables, err := fpfh.ComputeSizes(ctx, work, o, c.FPFHK)
	if err != nil {
		return nil, err
	}
	dim := c.dim(c.Features)
	rows := make([]float32, dim*work.Len())
	for j, table := range tables {
		for i := range work.Len() {
			to := rows[dim*i+fpfh.Dim*j:][:fpfh.Dim]
			for b, v := range table[fpfh.Dim*i:][:fpfh.Dim] {
				to[b] = float32(math.Sqrt(float64(v)))
			}
		}
	}
	return rows, nil
}

// mirrored returns a row as it would be had all normals the other sign: of an
// FPFH's three histograms the first and the last, of angles that change their
// sign, are reversed. A value on the edge of two bins may count for the other one.
func mirrored(row []float32) []float32 {
	const bins = fpfh.Dim / 3
	out := make([]float32, len(row))
	for at := 0; at < len(row); at += bins {
		for b := range bins {
			from := b
			if at/bins%3 != 1 {
				from = bins - 1 - b
			}
			out[at+b] = row[at+from]
		}
	}
	return out
}

func meanRow(rows []float32, dim int) []float32 {
	sum := make([]float64, dim)
	for i, v := range rows {
		sum[i%dim] += float64(v)
	}
	mean := make([]float32, dim)
	for j, s := range sum {
		mean[j] = float32(s / float64(max(1, len(rows)/dim)))
	}
	return mean
}

func distance2(a, b []float32) float64 {
	sum := 0.0
	for i, v := range a {
		d := float64(v) - float64(b[i])
		sum += float64(d * d)
	}
	return sum
}

// rateLoose carries the scores of the centres to the points of a loose scan.
func (c *Config) rateLoose(ctx context.Context, s *rgbd.Scan, l *looseSample, scores []float32) (*Result, error) {
	tree := pointcloud.NewTree(l.centres)
	smooth, err := pointcloud.PoolMean(ctx, tree, scores, 1, l.centres, looseSmooth, c.Workers)
	if err != nil {
		return nil, err
	}
	values := make([]float64, len(smooth))
	for i, v := range smooth {
		values[i] = float64(v)
	}
	part, err := pointcloud.Interpolate(ctx, tree, values, l.work, looseBlend, c.Workers)
	if err != nil {
		return nil, err
	}
	r := &Result{Name: s.Name, Source: s.Source, Score: topMean(part, c.Top)}
	all, err := pointcloud.Interpolate(ctx, tree, values, s.Cloud, looseBlend, c.Workers)
	if err != nil {
		return nil, err
	}
	r.Points = make([]float32, len(all))
	at := -1
	for i, v := range all {
		r.Points[i] = float32(v)
		if s.Cloud.IsValid(i) && (at < 0 || r.Points[i] > r.Points[at]) {
			at = i
		}
	}
	p := s.Cloud.At(at).Add(s.Cloud.Offset)
	r.Peak = Peak{Value: r.Points[at], Point: &PeakPoint{Index: at, Position: [3]float64{p.X, p.Y, p.Z}}}
	return r, nil
}
