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
	close      = 0.9  // the same: it may be the better one of fine points
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
	// Coarse points do not tell poses of a nearly symmetric part apart, fine ones do.
	chosen := best[0]
	for _, g := range best[1:] {
		if g.share < close*best[0].share {
			continue
		}
		o, err := r.refine(ctx, g)
		switch {
		case errors.Is(err, ErrFit):
		case err != nil:
			return nil, err
		case o.Overlap > f.Overlap:
			f, chosen = o, g
		}
	}
	centre := middle(chosen.view.coarse)
	for _, g := range best {
		if apart(chosen.pose, g.pose, centre, otherAngle, otherShift*r.size) {
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
