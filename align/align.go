// Package align brings a cloud into the pose of a reference part: where a scan
// may show the part in any pose, descriptors that know none still profit, and a
// result can be laid over the reference.
//
// The first guess comes from FPFH descriptors that are alike in both clouds and
// from the largest group of such pairs that one rigid motion explains; ICP on the
// surface's tangent planes makes it exact. No start is needed, clouds may be
// organised or not, and nothing is random: the same clouds give the same bits.
//
// A fit that is bad is an error, for scores of a part in the wrong pose mean
// nothing: see [ErrFit].
package align

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/pointcloud"
)

var (
	// ErrFit is wrapped when no pose lays the cloud on the reference: another
	// part, a capture of the wrong side, too little of it.
	ErrFit = errors.New("align: the cloud does not fit the reference")
	// ErrPoints is wrapped for a cloud that has too few points, or points on one
	// spot or line, or lacks normals where they are needed.
	ErrPoints = errors.New("align: too few points")
	// ErrSlides is wrapped when the reference has no pose to speak of: a plane, a
	// sphere, all that slides along itself in three ways or more.
	ErrSlides = errors.New("align: the reference slides along itself")
)

// Options steers alignment. The zero value is meant to do for parts of any size.
type Options struct {
	// CoarsePoints is about how many points of the reference the first guess looks
	// at; 0 means 1200. Time grows with its square.
	CoarsePoints int
	// FinePoints is about how many points of the reference ICP aligns to; 0 means
	// 20,000.
	FinePoints int
	// Tolerance is how far from the reference's surface a point may lie to count
	// as lying on it, in the reference's unit; 0 means the spacing of the fine
	// points, but not more than a hundredth of the reference's size.
	Tolerance float64
	// MinOverlap is the least share of the cloud's points that must lie on the
	// reference; 0 means 0.7.
	MinOverlap float64
	// MaxRMS is the largest residual accepted, in the reference's unit; 0 means
	// half of the tolerance.
	MaxRMS  float64
	Workers int // ≤ 0: GOMAXPROCS; results do not depend on it
}

const (
	defaultCoarse  = 1200
	defaultFine    = 20_000
	defaultOverlap = 0.7
	defaultRMS     = 0.5  // of the tolerance
	toleranceShare = 0.01 // of the diagonal

	leastCoarse, mostCoarse = 100, 10_000
)

// Reference is a part to align to. It is immutable and safe for concurrent use.
type Reference struct {
	o      Options
	unit   pointcloud.Unit
	view   *view
	fine   *Target
	coarse *Target
	voxel  float64 // sides of the voxels of either
	small  float64
	size   float64 // diagonal
	free   int
}

// NewReference prepares c, which is not retained. Its normals, when it has some,
// decide which side is out, provided that neighbours agree; an organised cloud is
// seen from the origin.
//
// It wraps ErrPoints or ErrSlides when nothing can be aligned to such a cloud.
func NewReference(ctx context.Context, c *pointcloud.Cloud, o Options) (*Reference, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := checkSpread(c); err != nil {
		return nil, fmt.Errorf("reference: %w", err)
	}
	r := &Reference{o: o, unit: c.Unit}
	spacing, err := pointcloud.Spacing(ctx, c, o.Workers)
	if err != nil {
		return nil, err
	}
	lo, hi, _ := c.Bounds()
	r.size = hi.Sub(lo).Norm()
	if r.small, err = voxelFor(ctx, c, o.FinePoints, spacing); err != nil {
		return nil, err
	}
	if r.voxel, err = voxelFor(ctx, c, o.CoarsePoints, spacing); err != nil {
		return nil, err
	}
	if o.Tolerance == 0 {
		r.o.Tolerance = min(r.small, toleranceShare*r.size)
	}
	if o.MaxRMS == 0 {
		r.o.MaxRMS = defaultRMS * r.o.Tolerance
	}
	if r.view, err = look(ctx, c, r.voxel, r.small, o.Workers); err != nil {
		return nil, fmt.Errorf("reference: %w", err)
	}
	if r.fine, err = NewTarget(r.view.fine); err != nil {
		return nil, err
	}
	if r.coarse, err = NewTarget(r.view.coarse); err != nil {
		return nil, err
	}
	still := make([]match, r.view.fine.Len())
	for i := range still {
		still[i] = match{p: r.view.fine.At(i), n: r.view.fine.Normal(i), weight: 1}
	}
	if _, _, _, r.free = solve(still); r.free >= 3 {
		return nil, fmt.Errorf("reference: %w in %d of 6 ways, as planes and spheres do", ErrSlides, r.free)
	}
	return r, nil
}

// Free counts the motions, of six, by which the part slides along itself: 0 for
// most, 1 for a ring or an extruded profile, 2 for a cylinder.
func (r *Reference) Free() int { return r.free }

func (o Options) withDefaults() (Options, error) {
	if o.CoarsePoints == 0 {
		o.CoarsePoints = defaultCoarse
	}
	if o.FinePoints == 0 {
		o.FinePoints = defaultFine
	}
	if o.MinOverlap == 0 {
		o.MinOverlap = defaultOverlap
	}
	switch {
	case o.CoarsePoints < leastCoarse || o.CoarsePoints > mostCoarse || o.FinePoints < o.CoarsePoints:
		return o, fmt.Errorf("align: %d coarse and %d fine points: want %d to %d, and no fewer fine ones",
			o.CoarsePoints, o.FinePoints, leastCoarse, mostCoarse)
	case !(o.Tolerance >= 0) || !(o.MaxRMS >= 0) || math.IsInf(o.Tolerance, 1):
		return o, fmt.Errorf("align: tolerance %g, residual %g: want finite numbers that are not negative", o.Tolerance, o.MaxRMS)
	case !(o.MinOverlap > 0 && o.MinOverlap <= 1):
		return o, fmt.Errorf("align: overlap %g: want a share", o.MinOverlap)
	}
	return o, nil
}

// checkSpread refuses clouds without an extent in two directions.
func checkSpread(c *pointcloud.Cloud) error {
	n := c.CountValid()
	if n < leastPoints {
		return fmt.Errorf("%w: %d, at least %d are needed", ErrPoints, n, leastPoints)
	}
	var mean r3.Vector
	for i := range c.Len() {
		if c.IsValid(i) {
			mean = mean.Add(times(c.At(i), 1/float64(n)))
		}
	}
	a := make([]float64, 9)
	for i := range c.Len() {
		if c.IsValid(i) {
			d := c.At(i).Sub(mean)
			v := [3]float64{d.X, d.Y, d.Z}
			for j := range 3 {
				for k := range 3 {
					a[3*j+k] += float64(v[j] * v[k])
				}
			}
		}
	}
	values, _ := eigen(a, 3)
	if !(values[1] > thin*thin*values[2]) {
		return fmt.Errorf("%w: %d points on one line or spot", ErrPoints, n)
	}
	return nil
}
