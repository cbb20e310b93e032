package pointcloud

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/iad3d/iad3d/internal/order"
)

// What counts as the plane a part lies on. Lengths are metres.
const (
	foregroundBand   = 0.05 // width of the image's edge band, of its shorter side
	foregroundSample = 8    // clean with probability 0.17 even when a fifth of the band is not plane
	// A plane is the background when this share of the edge band lies on it.
	backgroundShare = 0.5
	searchDistance  = 0.004 // BTF's
	// Points are removed up to removalSigmas times the plane's own roughness, which
	// a waviness or bow of the table adds to, but never fewer or more than these.
	removalSigmas = 5
	leastRemoval  = 0.0005
	mostRemoval   = searchDistance
	// A piece all of whose points are nearer to the plane than shredHeight times
	// the removal distance, but not more than mostShred, is a shred of the plane.
	// Points within shredReach pixels of each other belong to one piece.
	shredHeight = 3
	mostShred   = 2 * searchDistance
	shredReach  = 3
)

// ForegroundOptions steers FindForeground.
type ForegroundOptions struct {
	Seed    uint64 // of the plane search
	Workers int    // ≤ 0: GOMAXPROCS
}

// Foreground is what stands out from the plane a part lies on.
type Foreground struct {
	Part    []bool // per point: valid and not background
	Points  int    // how many
	Found   bool   // a plane was found; else Part is every valid point
	Plane   Plane
	Removal float64 // points nearer to Plane than this are background, in the cloud's unit
}

// FindForeground tells the part from the plane it lies on in an organised scan.
// The plane is sought in a band along the image's edges, as BTF's preprocessing
// does ([Clean]); how near to it points are background follows from its own
// roughness, between 0.5 and 4 mm, so that flat parts survive on a flat table.
// Pieces that rise above that but stay below three times of it, at most 8 mm, go
// with the plane: waves, dust, stray measurements. Higher pieces stay however
// small: a chip is what an inspection looks for. On a table that is bowed by
// millimetres a part of a few millimetres' height cannot be told from it.
//
// Found is false, and nothing counts as background, when less than half of the
// band lies on a plane. c is not changed.
func FindForeground(ctx context.Context, c *Cloud, o ForegroundOptions) (*Foreground, error) {
	if !c.Organised() {
		return nil, fmt.Errorf("%w: the foreground of %d loose points", ErrShape, c.Len())
	}
	f := &Foreground{Part: make([]bool, c.Len())}
	for i := range f.Part {
		f.Part[i] = c.IsValid(i)
	}
	metres := c.Unit.Metres()
	width := max(2, int(foregroundBand*float64(min(c.Width, c.Height))))
	band := edgeBand(f.Part, c.Width, c.Height, width, false)
	plane, inliers, err := segmentPlane(ctx, c, band, PlaneOptions{
		Distance: searchDistance / metres, SampleSize: foregroundSample, Seed: o.Seed, Workers: o.Workers})
	switch {
	case errors.Is(err, ErrFewPoints), errors.Is(err, ErrNoPlane):
		inliers = nil
	case err != nil:
		return nil, err
	}
	if len(inliers) > 0 && float64(len(inliers)) >= backgroundShare*float64(len(band)) {
		f.Found, f.Plane = true, plane
		f.Removal = min(max(removalSigmas*roughness(c, plane, inliers), leastRemoval/metres), mostRemoval/metres)
		for i := range f.Part {
			f.Part[i] = f.Part[i] && math.Abs(plane.Distance(c.At(i))) >= f.Removal
		}
		if err := f.dropShreds(ctx, c, min(shredHeight*f.Removal, mostShred/metres)); err != nil {
			return nil, err
		}
	}
	for _, part := range f.Part {
		if part {
			f.Points++
		}
	}
	return f, nil
}

// roughness estimates the standard deviation of the points around their plane
// from the median distance.
func roughness(c *Cloud, plane Plane, points []int32) float64 {
	residuals := make([]float64, len(points))
	for j, i := range points {
		residuals[j] = math.Abs(plane.Distance(c.At(int(i))))
	}
	const madToSigma = 1.4826 // of a normal distribution
	return madToSigma * order.Nth(residuals, len(residuals)/2)
}

// dropShreds takes away the pieces that are lower than height.
func (f *Foreground) dropShreds(ctx context.Context, c *Cloud, height float64) error {
	pitch := c.pixelPitch(f.Part)
	if pitch == 0 {
		return nil
	}
	labels, err := DBSCAN(ctx, &Cloud{XYZ: c.XYZ, Valid: f.Part}, shredReach*pitch, 1)
	if err != nil {
		return err
	}
	var tops []float64 // of each piece
	for i, l := range labels {
		if l < 0 {
			continue
		}
		for int(l) >= len(tops) {
			tops = append(tops, 0)
		}
		tops[l] = max(tops[l], math.Abs(f.Plane.Distance(c.At(i))))
	}
	for i, l := range labels {
		f.Part[i] = l >= 0 && tops[l] >= height
	}
	return nil
}

// pixelPitch returns the median distance of horizontally adjacent points that
// take part; 0 when there are none.
func (c *Cloud) pixelPitch(takesPart []bool) float64 {
	var steps []float64
	for i := range c.Len() - 1 {
		if (i+1)%c.Width != 0 && takesPart[i] && takesPart[i+1] {
			steps = append(steps, c.At(i+1).Sub(c.At(i)).Norm())
		}
	}
	if len(steps) == 0 {
		return 0
	}
	return order.Nth(steps, len(steps)/2)
}
