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
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/internal/parallel"
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

// Options returns the options in force, defaults filled in.
func (r *Reference) Options() Options { return r.o }

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

// Fit is how a cloud lies on the reference.
type Fit struct {
	// Pose takes the cloud to the reference, in the reference's unit: a cloud in
	// another unit is converted first.
	Pose pointcloud.Rigid
	// RMS is the residual in the reference's unit: over the points that lie on the
	// reference, their distances from its tangent planes.
	RMS float64
	// Overlap is the share of the cloud's points that lie on the reference.
	Overlap float64
	// Rival is the same share, roughly, at the best pose found that is clearly
	// another one (by 15° or a tenth of the part's size). Near Overlap the part is
	// symmetric, or looks so from what the cloud shows, and which of the poses is
	// returned means little.
	Rival float64
	Free  int // see ICPResult
}

const (
	finalists  = 6    // poses that coarse ICP improves
	hopeless   = 0.5  // of the best one's share: it is not worth that
	sameAngle  = 0.05 // radians: nearer poses are one
	otherAngle = 0.26
	otherShift = 0.1 // of the reference's size
	// coarseReach is how near, in coarse voxels, a point of the reference must be.
	coarseReach = 1.5
	// fineReach is the same for the final residual, in fine voxels: on a surface
	// sampled at random gaps are wider than the spacing.
	fineReach = 2.5
)

// Align finds the pose in which c lies on the reference. c is not changed; move
// it by [pointcloud.Cloud.Moved]. A fit with less overlap or a larger residual
// than the options allow is returned together with an error wrapping ErrFit that
// names both; a cloud that cannot be aligned at all gives ErrPoints, or ErrFit,
// and no fit.
//
// A part that is symmetric fits in several poses, and a surface of revolution in
// any number: the one returned is then no more right than others, see
// [Fit.Rival] and [Fit.Free].
func (r *Reference) Align(ctx context.Context, c *pointcloud.Cloud) (*Fit, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	c = c.In(r.unit)
	if err := checkSpread(c); err != nil {
		return nil, err
	}
	v, err := look(ctx, c, r.voxel, r.small, r.o.Workers)
	if err != nil {
		return nil, err
	}
	sides := []*view{v}
	if !v.sided || !r.view.sided {
		sides = append(sides, v.flipped())
	}
	best, err := r.guess(ctx, sides)
	if err != nil {
		return nil, err
	}
	if len(best) == 0 {
		return nil, fmt.Errorf("%w: no part of its surface looks like a part of the reference", ErrFit)
	}
	f, err := r.refine(ctx, best[0])
	if err != nil {
		return nil, err
	}
	centre := middle(best[0].view.coarse)
	for _, g := range best[1:] {
		if apart(best[0].pose, g.pose, centre, otherAngle, otherShift*r.size) {
			f.Rival = max(f.Rival, g.share)
		}
	}
	return f, r.verdict(f)
}

// guessed is a pose on the way, and the share of the coarse points that fit.
type guessed struct {
	view  *view
	pose  pointcloud.Rigid
	share float64
}

// guess returns poses improved by coarse ICP, the best first.
func (r *Reference) guess(ctx context.Context, sides []*view) ([]guessed, error) {
	var all []guessed
	for _, v := range sides {
		c, err := matches(ctx, v.rows, r.view.rows, r.o.Workers)
		if err != nil {
			return nil, err
		}
		found, err := poses(ctx, v.coarse, r.view.coarse, c, r.voxel, r.o.Workers)
		if err != nil {
			return nil, err
		}
		for _, g := range found {
			all = append(all, guessed{view: v, pose: g})
		}
	}
	reach := float64(coarseReach * r.voxel)
	err := parallel.For(ctx, len(all), 1, r.o.Workers, func(_, i, _ int) {
		all[i].share = agreement(all[i].view.coarse, r.coarse, all[i].pose, reach)
	})
	if err != nil {
		return nil, err
	}
	all = r.distinct(all, finalists)
	for i := range all {
		g := &all[i]
		if g.share < hopeless*all[0].share {
			continue
		}
		for _, wide := range []float64{float64(2 * reach), reach} {
			s, err := ICP(ctx, g.view.coarse, r.fine, g.pose, ICPOptions{MaxDistance: wide, Iterations: 12, Done: 1e-3, Workers: r.o.Workers})
			if errors.Is(err, ErrFit) {
				break // it keeps its share
			}
			if err != nil {
				return nil, err
			}
			g.pose = s.Pose
		}
		g.share = agreement(g.view.coarse, r.fine, g.pose, r.voxel)
	}
	return r.distinct(all, finalists), nil
}

// distinct sorts by share, drops poses that repeat a better one, and returns the
// first n.
func (r *Reference) distinct(all []guessed, n int) []guessed {
	slices.SortStableFunc(all, func(x, y guessed) int { return cmp.Compare(y.share, x.share) })
	var out []guessed
	for _, g := range all {
		if len(out) == n {
			break
		}
		centre := middle(g.view.coarse)
		if !slices.ContainsFunc(out, func(h guessed) bool { return !apart(g.pose, h.pose, centre, sameAngle, r.voxel) }) {
			out = append(out, g)
		}
	}
	return out
}

// middle returns the centroid.
func middle(c *pointcloud.Cloud) r3.Vector {
	var m r3.Vector
	for i := range c.Len() {
		m = m.Add(c.At(i))
	}
	return times(m, 1/float64(max(1, c.Len())))
}

// refine runs ICP on the fine points and takes the residual.
func (r *Reference) refine(ctx context.Context, g guessed) (*Fit, error) {
	var s ICPResult
	pose := g.pose
	for _, stage := range []struct {
		wide, done float64
	}{{r.voxel, 1e-3}, {fineReach * r.small, 1e-5}} {
		var err error
		s, err = ICP(ctx, g.view.fine, r.fine, pose, ICPOptions{MaxDistance: stage.wide, Done: stage.done, Workers: r.o.Workers})
		if err != nil {
			return nil, err
		}
		pose = s.Pose
	}
	f := &Fit{Pose: pose, Free: s.Free}
	reach := float64(fineReach * r.small)
	on, sum := 0, 0.0
	for i := range g.view.fine.Len() {
		p := pose.Apply(g.view.fine.At(i))
		near, ok := r.fine.tree.Nearest(p, max(reach, r.o.Tolerance))
		if !ok {
			continue
		}
		k := int(near.Index)
		n := r.view.fine.Normal(k)
		if d := n.Dot(p.Sub(r.view.fine.At(k))); math.Abs(d) <= r.o.Tolerance {
			on++
			sum += float64(d * d)
		}
	}
	f.Overlap = float64(on) / float64(g.view.fine.Len())
	f.RMS = math.Sqrt(sum / float64(max(1, on)))
	return f, nil
}

func (r *Reference) verdict(f *Fit) error {
	if f.Overlap >= r.o.MinOverlap && f.RMS <= r.o.MaxRMS {
		return nil
	}
	return fmt.Errorf("%w: %.0f %% of it lies within %.3g %s of the reference, at least %.0f %% must; the residual there is %.3g %s, at most %.3g",
		ErrFit, 100*f.Overlap, r.o.Tolerance, r.unit, 100*r.o.MinOverlap, f.RMS, r.unit, r.o.MaxRMS)
}
