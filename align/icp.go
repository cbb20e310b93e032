package align

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/internal/parallel"
	"github.com/iad3d/iad3d/pointcloud"
)

// ICPOptions steers ICP.
type ICPOptions struct {
	// MaxDistance is how far a point's nearest point of the target may be, in the
	// target's unit (strictly less counts), for the two to be matched. Positive.
	MaxDistance float64
	// Iterations is the most steps; 0 means 50.
	Iterations int
	// Done ends the iteration: a step that moves no point by more than this share
	// of MaxDistance is the last one; 0 means 1e-5.
	Done float64
	// Plain minimises the sum of squares over all matched points, as Open3D does.
	// Without it points weigh less the farther they are from the surface, by
	// Tukey's biweight with a scale from the residuals' median, and those whose
	// normal turns away from the surface's are left out: a defect, clutter and
	// what the target does not cover then have no say.
	Plain   bool
	Workers int // ≤ 0: GOMAXPROCS; the result does not depend on it
}

// ICPResult is where an alignment by ICP ended.
type ICPResult struct {
	Pose    pointcloud.Rigid // takes the cloud to the target
	Matched int              // points within MaxDistance at Pose
	Fitness float64          // their share of the cloud's valid points
	// RMSE is over the matched points' distances from their nearest points,
	// PlaneRMS over their distances from the tangent planes there.
	RMSE, PlaneRMS float64
	Steps          int
	Converged      bool
	// Free counts the motions, of six, by which the matched surface slides along
	// itself: 1 for a ring, 2 for a cylinder, 3 for a plane or a sphere. Along
	// these Pose is left where the start had it, up to noise.
	Free int
}

const (
	defaultSteps = 50
	defaultDone  = 1e-5
	// tukey is where the biweight of a residual becomes 0, in standard deviations:
	// 95 % efficiency on normal residuals (Holland & Welsch 1977).
	tukey = 4.685
	// madSigma makes the median of |residual| a standard deviation.
	madSigma = 1.4826
	// turned is the least cosine between the normals of matched points.
	turned = 0.5
	// slides is the ratio to the largest of an eigenvalue of the normal equations
	// below which its motion counts as free; rounding alone is below numeric.
	slides  = 5e-3
	numeric = 1e-9

	icpChunk = 256

	// These outweigh the rounding of a distance, 0 among them.
	boundSlack, boundLeast = 1 + 1e-9, 1e-200
)

// Target is what ICP aligns to: points with normals, indexed.
type Target struct {
	cloud *pointcloud.Cloud
	tree  *pointcloud.Tree
}

// NewTarget indexes the valid points of c, which must have normals. c is
// retained and must not be changed.
func NewTarget(c *pointcloud.Cloud) (*Target, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if c.Normals == nil {
		return nil, fmt.Errorf("%w: a target needs normals", ErrPoints)
	}
	t := &Target{c, pointcloud.NewTree(c)}
	if t.tree.Len() == 0 {
		return nil, fmt.Errorf("%w: a target without a valid point", ErrPoints)
	}
	return t, nil
}

// ICP moves c onto t, starting from a pose that is nearly right: points are
// matched with their nearest in t, the motion that brings them nearest to the
// tangent planes there is found, and so on (Chen & Medioni 1992; the linearised
// step of Low 2004). c needs normals unless o.Plain.
//
// With Plain it converges to where Open3D 0.16.1 registration_icp with
// TransformationEstimationPointToPlane does. Fewer than six matched points, at
// the start or later, give an error wrapping ErrFit.
func ICP(ctx context.Context, c *pointcloud.Cloud, t *Target, start pointcloud.Rigid, o ICPOptions) (ICPResult, error) {
	if !(o.MaxDistance > 0) || o.Iterations < 0 || !(o.Done >= 0) {
		return ICPResult{}, fmt.Errorf("align: ICP: distance %g, %d iterations, least step %g: want a positive distance, no negative number",
			o.MaxDistance, o.Iterations, o.Done)
	}
	if err := start.Check(); err != nil {
		return ICPResult{}, err
	}
	if !o.Plain && c.Normals == nil {
		return ICPResult{}, fmt.Errorf("%w: robust ICP needs the cloud's normals", ErrPoints)
	}
	if o.Iterations == 0 {
		o.Iterations = defaultSteps
	}
	if o.Done == 0 {
		o.Done = defaultDone
	}
	s := &icp{c: c, t: t, o: o, idx: c.ValidIndices(), pose: start}
	s.match = make([]match, len(s.idx))
	for {
		if err := s.findMatches(ctx); err != nil {
			return ICPResult{}, err
		}
		if s.matched < 6 {
			return ICPResult{}, fmt.Errorf("%w: %d of %d points lie within %g of the reference", ErrFit, s.matched, len(s.idx), o.MaxDistance)
		}
		if s.steps == o.Iterations || s.converged {
			return s.result(), nil
		}
		s.step()
	}
}

// match is a moved point and where the target is near it.
type match struct {
	p, n   r3.Vector
	d      float64 // along n
	dist2  float64
	weight float64 // 0: none
	near   int32   // the target's point; −1: none within reach
}

type icp struct {
	c         *pointcloud.Cloud
	t         *Target
	o         ICPOptions
	idx       []int32
	pose      pointcloud.Rigid
	match     []match
	matched   int
	steps     int
	converged bool
	free      int
	scratch   []float64
}

func (s *icp) findMatches(ctx context.Context) error {
	err := parallel.For(ctx, len(s.idx), icpChunk, s.o.Workers, func(_, lo, hi int) {
		for j := lo; j < hi; j++ {
			i := int(s.idx[j])
			m := match{p: s.pose.Apply(s.c.At(i)), near: -1}
			reach := s.o.MaxDistance
			if last := s.match[j].near; s.steps > 0 && last >= 0 { // nothing farther need be looked at
				reach = min(reach, float64(m.p.Sub(s.t.cloud.At(int(last))).Norm()*boundSlack)+boundLeast)
			}
			if near, ok := s.t.tree.Nearest(m.p, reach); ok {
				k := int(near.Index)
				m.near = near.Index
				m.n, m.dist2 = s.t.cloud.Normal(k), near.Dist2
				m.d = m.n.Dot(m.p.Sub(s.t.cloud.At(k)))
				if s.o.Plain || s.pose.Rotate(s.c.Normal(i)).Dot(m.n) > turned {
					m.weight = 1
				}
			}
			s.match[j] = m
		}
	})
	s.matched = 0
	for j := range s.match {
		if s.match[j].weight > 0 {
			s.matched++
		}
	}
	return err
}

// reweight gives every match its biweight.
func (s *icp) reweight() {
	s.scratch = s.scratch[:0]
	for j := range s.match {
		if s.match[j].weight > 0 {
			s.scratch = append(s.scratch, math.Abs(s.match[j].d))
		}
	}
	slices.Sort(s.scratch)
	// Where most residuals vanish, as on made-up data, nothing is an outlier by a
	// hair.
	scale := tukey * max(madSigma*s.scratch[len(s.scratch)/2], 1e-3*s.o.MaxDistance)
	for j := range s.match {
		if m := &s.match[j]; m.weight > 0 {
			u := m.d / scale
			m.weight = max(1-float64(u*u), 0)
			m.weight *= m.weight
		}
	}
}

// step improves the pose by the weighted least squares of the matches.
func (s *icp) step() {
	if !s.o.Plain {
		s.reweight()
	}
	s.steps++
	x, centre, reach, free := solve(s.match)
	s.free = free
	// The quaternion (1, ω/2) is the rotation by ω to second order, and exactly a
	// rotation.
	w := x[0]
	turn := pointcloud.FromQuaternion(1, w.X/2, w.Y/2, w.Z/2, r3.Vector{})
	turn.T = centre.Sub(turn.Rotate(centre)).Add(x[1])
	s.pose = turn.After(s.pose)
	s.converged = float64(w.Norm()*reach)+x[1].Norm() < s.o.Done*s.o.MaxDistance
}

// solve returns the rotation vector about centre and the translation that
// minimise Σ weight·(d + n·(ω×(p−centre)) + n·t)², the mean distance of the
// matches from centre, and how many motions the surface leaves free. Lengths are
// measured by that distance, so that the eigenvalues of turns and shifts compare.
func solve(matches []match) (x [2]r3.Vector, centre r3.Vector, reach float64, free int) {
	total := 0.0
	for _, m := range matches {
		centre = centre.Add(times(m.p, m.weight))
		total += m.weight
	}
	centre = times(centre, 1/total)
	for _, m := range matches {
		if m.weight > 0 {
			reach += float64(m.weight * m.p.Sub(centre).Norm())
		}
	}
	reach /= total
	if !(reach > 0) {
		return x, centre, 0, 6
	}
	a, b := make([]float64, 36), make([]float64, 6)
	for _, m := range matches {
		if m.weight == 0 {
			continue
		}
		c := m.p.Sub(centre).Cross(m.n)
		row := [6]float64{c.X / reach, c.Y / reach, c.Z / reach, m.n.X, m.n.Y, m.n.Z}
		for i, v := range row {
			wv := float64(m.weight * v)
			b[i] -= float64(wv * m.d)
			for j := i; j < 6; j++ {
				a[6*i+j] += float64(wv * row[j])
			}
		}
	}
	for i := range 6 {
		for j := range i {
			a[6*i+j] = a[6*j+i]
		}
	}
	values, vectors := eigen(a, 6)
	var y [6]float64
	for k, value := range values {
		if value < slides*values[5] {
			free++
		}
		if !(value > numeric*values[5]) {
			continue
		}
		v := vectors[6*k : 6*k+6]
		along := 0.0
		for i := range 6 {
			along += float64(v[i] * b[i])
		}
		along /= value
		for i := range 6 {
			y[i] += float64(along * v[i])
		}
	}
	x[0] = r3.Vector{X: y[0] / reach, Y: y[1] / reach, Z: y[2] / reach}
	x[1] = r3.Vector{X: y[3], Y: y[4], Z: y[5]}
	return x, centre, reach, free
}

func (s *icp) result() ICPResult {
	r := ICPResult{Pose: s.pose, Matched: s.matched, Steps: s.steps, Converged: s.converged, Free: s.free}
	r.Fitness = float64(s.matched) / float64(len(s.idx))
	for _, m := range s.match {
		if m.weight > 0 {
			r.RMSE += m.dist2
			r.PlaneRMS += float64(m.d * m.d)
		}
	}
	r.RMSE = math.Sqrt(r.RMSE / float64(s.matched))
	r.PlaneRMS = math.Sqrt(r.PlaneRMS / float64(s.matched))
	return r
}
