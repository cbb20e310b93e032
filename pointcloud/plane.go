package pointcloud

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/internal/parallel"
)

// Plane is the set of points p with Normal·p + D = 0. Normal has length 1 and
// points to the side of the origin, where the camera of a depth sensor is, so D
// is not negative; for a plane through the origin the first component of Normal
// that is not 0 is positive.
type Plane struct {
	Normal r3.Vector
	D      float64
}

// Distance returns the signed distance of p in the plane's unit, positive on the
// side that Normal points to: the height above a table seen by the camera.
func (p Plane) Distance(q r3.Vector) float64 { return p.Normal.Dot(q) + p.D }

var (
	// ErrFewPoints is wrapped when a plane is sought in fewer points than one
	// sample takes.
	ErrFewPoints = errors.New("too few points for a plane")
	// ErrNoPlane is wrapped when the points lie on one line or on one spot, or
	// no plane has three of them within the distance.
	ErrNoPlane = errors.New("no plane in the points")
)

// PlaneOptions steers SegmentPlane. The zero value is BTF's setting.
type PlaneOptions struct {
	// Distance is how near a point must be to count as lying on the plane, in
	// the cloud's unit; 0 means 4 mm.
	Distance float64
	// SampleSize is the number of points a candidate is fitted to, at least 3;
	// 0 means 50. With a share s of the points off the plane a sample is clean
	// with probability (1−s)^SampleSize: beyond s = 0.1 take fewer than 50.
	SampleSize int
	// Iterations is the most samples that are tried; 0 means 1000.
	Iterations int
	// Seed selects the samples.
	Seed uint64
	// Workers ≤ 0 means GOMAXPROCS; the result does not depend on it.
	Workers int
}

const (
	defaultPlaneDistance   = 0.004 // metres
	defaultPlaneSampleSize = 50
	defaultPlaneIterations = 1000

	// planeConfidence ends the sampling early: once a clean sample has been
	// drawn with this probability, as the best candidate's share of points says.
	planeConfidence = 0.99999999
	// planeBatch is the number of samples between two looks at planeConfidence.
	// It is part of the result: the batches are the same for any worker count.
	planeBatch = 32
)

func (o PlaneOptions) withDefaults(u Unit) (PlaneOptions, error) {
	if o.Distance == 0 {
		o.Distance = defaultPlaneDistance / u.Metres()
	}
	if o.SampleSize == 0 {
		o.SampleSize = defaultPlaneSampleSize
	}
	if o.Iterations == 0 {
		o.Iterations = defaultPlaneIterations
	}
	if !(o.Distance > 0) || o.SampleSize < 3 || o.Iterations < 0 {
		return o, fmt.Errorf("pointcloud: plane options: distance %g, sample size %d, %d iterations: want a positive distance, at least 3 points, no negative number",
			o.Distance, o.SampleSize, o.Iterations)
	}
	return o, nil
}

// SegmentPlane finds the plane that most valid points of c lie on, by RANSAC
// (Fischler & Bolles 1981), and the ascending indices of the points it was
// fitted to.
//
// It follows Open3D 0.16.1 segment_plane: each candidate is fitted to a sample
// by least squares along the dominant axis, the one with most points strictly
// within o.Distance wins, then the smallest sum of distances, and the plane
// returned is fitted in the same way to the winner's points. Where these are
// clear-cut the plane is Open3D's to 1e-15; the samples themselves differ. The
// fit is not orthogonal: on a noisy plane inclined by 5° the two normals are
// 4e-4° apart.
//
// Fewer valid points than a sample give an error wrapping ErrFewPoints. Points
// on one line give ErrNoPlane, where Open3D answers with the plane (0,0,0,0),
// to which every point has distance 0.
func SegmentPlane(ctx context.Context, c *Cloud, o PlaneOptions) (Plane, []int32, error) {
	return segmentPlane(ctx, c, c.ValidIndices(), o)
}

// segmentPlane looks at the listed points only; one listed twice counts twice.
func segmentPlane(ctx context.Context, c *Cloud, idx []int32, o PlaneOptions) (Plane, []int32, error) {
	o, err := o.withDefaults(c.Unit)
	if err != nil {
		return Plane{}, nil, err
	}
	n := len(idx)
	if n < o.SampleSize {
		return Plane{}, nil, fmt.Errorf("pointcloud: %w: %d, a sample takes %d", ErrFewPoints, n, o.SampleSize)
	}
	pts := make([]float64, 0, 3*n)
	for _, i := range idx {
		p := c.At(int(i))
		pts = append(pts, p.X, p.Y, p.Z)
	}
	best, err := sampleConsensus(ctx, pts, o)
	if err != nil {
		return Plane{}, nil, err
	}
	if best.points == 0 {
		return Plane{}, nil, fmt.Errorf("pointcloud: %w: %d points on one line, or none within %g", ErrNoPlane, n, o.Distance)
	}
	near := make([]int32, 0, best.points)
	for i := range int32(n) {
		if math.Abs(best.plane.Distance(r3.Vector{X: pts[3*i], Y: pts[3*i+1], Z: pts[3*i+2]})) < o.Distance {
			near = append(near, i)
		}
	}
	p, ok := fitPlane(pts, near)
	if !ok {
		return Plane{}, nil, fmt.Errorf("pointcloud: %w: the %d points within %g lie on one line", ErrNoPlane, len(near), o.Distance)
	}
	for j, i := range near {
		near[j] = idx[i]
	}
	return p, near, nil
}

// candidate is a plane and how well it fits: the number of points near it and
// the sum of their distances.
type candidate struct {
	plane  Plane
	points int
	sum    float64
}

// sampleConsensus returns the best of up to o.Iterations candidates, the
// earliest of equals; points is 0 when every sample was degenerate or no point
// is near any candidate.
func sampleConsensus(ctx context.Context, pts []float64, o PlaneOptions) (candidate, error) {
	n := len(pts) / 3
	rng := rand.New(rand.NewPCG(o.Seed, 0))
	deck := make([]int32, n)
	for i := range deck {
		deck[i] = int32(i)
	}
	var (
		best    candidate
		batch   [planeBatch]candidate
		samples = make([]int32, planeBatch*o.SampleSize)
		fitted  = 0
	)
	for done := 0; done < o.Iterations; {
		size := min(planeBatch, o.Iterations-done)
		done += size
		for s := range size {
			for i := range o.SampleSize { // the first cards of a shuffle, dealt on from the last deal
				j := i + rng.IntN(n-i)
				deck[i], deck[j] = deck[j], deck[i]
			}
			copy(samples[s*o.SampleSize:], deck[:o.SampleSize])
		}
		err := parallel.For(ctx, size, 1, o.Workers, func(_, s, _ int) {
			batch[s] = candidate{}
			p, ok := fitPlane(pts, samples[s*o.SampleSize:(s+1)*o.SampleSize])
			if !ok {
				return
			}
			c := candidate{plane: p}
			for i := 0; i < len(pts); i += 3 {
				if d := math.Abs(p.Distance(r3.Vector{X: pts[i], Y: pts[i+1], Z: pts[i+2]})); d < o.Distance {
					c.points++
					c.sum += d
				}
			}
			batch[s] = c
		})
		if err != nil {
			return candidate{}, err
		}
		for _, c := range batch[:size] {
			if c.plane != (Plane{}) {
				fitted++
			}
			if c.points > best.points || c.points == best.points && c.sum < best.sum {
				best = c
			}
		}
		clean := math.Pow(float64(best.points)/float64(n), float64(o.SampleSize))
		if float64(fitted) > math.Log(1-planeConfidence)/math.Log1p(-clean) {
			break
		}
	}
	return best, nil
}

// fitPlane fits a plane to the listed points by least squares along the axis
// that is nearest to its normal: the one whose 2×2 minor of the scatter matrix
// is largest. It reports false for points on one line, that is, whose spread
// across the line is no more than the rounding of their float32 coordinates.
func fitPlane(pts []float64, idx []int32) (Plane, bool) {
	n := float64(len(idx))
	var m r3.Vector
	largest := 0.0
	for _, i := range idx {
		x, y, z := pts[3*i], pts[3*i+1], pts[3*i+2]
		m.X += x
		m.Y += y
		m.Z += z
		largest = max(largest, math.Abs(x), math.Abs(y), math.Abs(z))
	}
	m = r3.Vector{X: m.X / n, Y: m.Y / n, Z: m.Z / n}
	var xx, xy, xz, yy, yz, zz float64
	for _, i := range idx {
		x, y, z := pts[3*i]-m.X, pts[3*i+1]-m.Y, pts[3*i+2]-m.Z
		xx += float64(x * x)
		xy += float64(x * y)
		xz += float64(x * z)
		yy += float64(y * y)
		yz += float64(y * z)
		zz += float64(z * z)
	}
	minorX, minorY, minorZ := float64(yy*zz)-float64(yz*yz), float64(xx*zz)-float64(xz*xz), float64(xx*yy)-float64(xy*xy)
	// The minors add up to λ1λ2+λ1λ3+λ2λ3 and the trace to λ1+λ2+λ3, so on a
	// line their quotient is λ2, n times the variance across it.
	step := largest * 0x1p-23
	if !(minorX+minorY+minorZ > (xx+yy+zz)*n*step*step) {
		return Plane{}, false
	}
	var v r3.Vector
	switch {
	case minorX > minorY && minorX > minorZ:
		v = r3.Vector{X: minorX, Y: float64(xz*yz) - float64(xy*zz), Z: float64(xy*yz) - float64(xz*yy)}
	case minorY > minorZ:
		v = r3.Vector{X: float64(xz*yz) - float64(xy*zz), Y: minorY, Z: float64(xy*xz) - float64(yz*xx)}
	default:
		v = r3.Vector{X: float64(xy*yz) - float64(xz*yy), Y: float64(xy*xz) - float64(yz*xx), Z: minorZ}
	}
	v = v.Mul(1 / max(minorX, minorY, minorZ)) // no component exceeds 1 now: no square can overflow
	v = v.Mul(1 / v.Norm())
	p := Plane{Normal: v, D: -v.Dot(m)}
	if p.D < 0 || p.D == 0 && !(v.X > 0 || v.X == 0 && (v.Y > 0 || v.Y == 0 && v.Z > 0)) {
		p = Plane{Normal: v.Mul(-1), D: -p.D}
	}
	return p, true
}
