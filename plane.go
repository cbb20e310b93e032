package iad3d

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
)

// What counts as the plane a part lies on, in the default protocol.
const (
	bandShare = 0.05 // width of the image's edge band, of its shorter side
	// A plane is taken for the background when this share of the band lies on it.
	backgroundShare = 0.5
	searchDistance  = 0.004  // metres, of RANSAC: BTF's
	sampleSize      = 8      // clean with probability 0.17 even when a fifth of the band is not plane
	leastRemoval    = 0.0005 // metres; below, a sensor's bow and waviness would leave shreds
	removalSigmas   = 5      // of the plane's own roughness
	// A piece all of whose points are nearer to the plane than this many times the
	// removal distance is a shred of the plane, not of the part. Points within
	// shredReach pixels of each other belong to one piece.
	shredHeight = 3
	shredReach  = 3
	// A plane that leaves less than this share of the points is not what the part
	// lies on but the part itself.
	leastPart = 0.01
)

// removePlane marks the points of the background plane as missing. The plane is
// sought in a band along the image's edges, as BTF's preprocessing does; how far
// from it points are removed follows from its own roughness, so that parts of a
// few millimetres' height survive. Without such a plane nothing changes.
func removePlane(ctx context.Context, c *pointcloud.Cloud, seed uint64, workers int) error {
	metres := c.Unit.Metres()
	band := max(2, int(bandShare*float64(min(c.Width, c.Height))))
	edge := &pointcloud.Cloud{XYZ: c.XYZ, Unit: c.Unit, Width: c.Width, Height: c.Height, Valid: make([]bool, c.Len())}
	points := 0
	for i := range edge.Valid {
		x, y := i%c.Width, i/c.Width
		if c.IsValid(i) && (min(x, y, c.Width-1-x, c.Height-1-y) < band) {
			edge.Valid[i] = true
			points++
		}
	}
	plane, inliers, err := pointcloud.SegmentPlane(ctx, edge, pointcloud.PlaneOptions{
		Distance: searchDistance / metres, SampleSize: sampleSize, Seed: seed, Workers: workers})
	switch {
	case errors.Is(err, pointcloud.ErrFewPoints), errors.Is(err, pointcloud.ErrNoPlane):
		return nil
	case err != nil:
		return err
	}
	if float64(len(inliers)) < backgroundShare*float64(points) {
		return nil
	}
	residuals := make([]float64, len(inliers))
	for j, i := range inliers {
		residuals[j] = math.Abs(plane.Distance(c.At(int(i))))
	}
	slices.Sort(residuals)
	const madToSigma = 1.4826 // of a normal distribution
	removal := max(removalSigmas*madToSigma*residuals[len(residuals)/2], leastRemoval/metres)
	for i := range c.Len() {
		if c.IsValid(i) && math.Abs(plane.Distance(c.At(i))) < removal {
			c.Valid[i] = false
		}
	}
	return removeShreds(ctx, c, plane, removal)
}

// removeShreds marks the pieces of the plane that rise above the removal distance
// as missing: waves, dust, stray measurements. Pieces of the part's own height,
// however small, stay: a chip is what an inspection looks for.
func removeShreds(ctx context.Context, c *pointcloud.Cloud, plane pointcloud.Plane, removal float64) error {
	pitch, ok := pixelPitch(c)
	if !ok {
		return nil
	}
	labels, err := pointcloud.DBSCAN(ctx, c, shredReach*pitch, 1)
	if err != nil {
		return err
	}
	var height []float64 // of each piece
	for i, l := range labels {
		if l < 0 {
			continue
		}
		for int(l) >= len(height) {
			height = append(height, 0)
		}
		height[l] = max(height[l], math.Abs(plane.Distance(c.At(i))))
	}
	for i, l := range labels {
		if l >= 0 && height[l] < shredHeight*removal {
			c.Valid[i] = false
		}
	}
	return nil
}

// pixelPitch returns the median distance of horizontally adjacent points; ok is
// false when there are none.
func pixelPitch(c *pointcloud.Cloud) (pitch float64, ok bool) {
	var steps []float64
	for i := range c.Len() - 1 {
		if (i+1)%c.Width != 0 && c.IsValid(i) && c.IsValid(i+1) {
			steps = append(steps, c.At(i+1).Sub(c.At(i)).Norm())
		}
	}
	if len(steps) == 0 {
		return 0, false
	}
	slices.Sort(steps)
	return steps[len(steps)/2], true
}

// liesOnPlane reports whether the scan shows a part on a plane that removePlane
// takes away.
func (c *Config) liesOnPlane(ctx context.Context, s *rgbd.Scan) (bool, error) {
	if err := s.Check(); err != nil {
		return false, err
	}
	h, w := fit(s.Cloud.Height, s.Cloud.Width, c.Size)
	work := resized(s.Cloud, h, w)
	before := work.CountValid()
	if err := removePlane(ctx, work, c.Seed, c.Workers); err != nil {
		return false, err
	}
	left := work.CountValid()
	return left < before && float64(left) >= leastPart*float64(before), nil
}
