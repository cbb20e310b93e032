// Package quality tells a bad capture from a bad part. A few numbers say how well
// a scan was taken; what is normal for them is learnt from the good scans; a scan
// outside of that is an invalid capture, and no score of it means anything.
//
// The limits are wide on purpose: a defect changes some hundred points, a wrong
// exposure, distance or resolution all of them.
package quality

import (
	"context"
	"fmt"

	"github.com/iad3d/iad3d/internal/order"
	"github.com/iad3d/iad3d/pointcloud"
)

// Measurement is what was measured of one scan. Lengths are millimetres whatever
// the cloud's unit. All numbers are finite; those that cannot be had, of a cloud
// of few points, are 0.
type Measurement struct {
	Organised bool `json:"organised"`
	Points    int  `json:"points"` // pixels of the raster, or points of a loose cloud
	Valid     int  `json:"valid"`  // of them measured
	// Fill is Valid/Points: the share of the raster that was measured. It says
	// nothing about a loose cloud, which seldom lists what it lacks.
	Fill float64 `json:"fill"`
	// Noise is the standard deviation of the points from planes through their 24
	// nearest neighbours on the smoother half of the surface: the median of the
	// lower half of up to 2,000 such planes. Edges are not in it, even curvature
	// is, where it bends by more than the noise within a patch.
	Noise float64 `json:"noise_mm"`
	// Range is the distance from the origin, where the camera of an organised
	// cloud is.
	Range Range `json:"range_mm"`
	// Spacing is the distance at which the surface is sampled, see
	// [pointcloud.Spacing].
	Spacing float64 `json:"spacing_mm"`
}

// Range sums up the distances of a scan's points: the first and the last
// hundredth lie below Near and above Far.
type Range struct {
	Near   float64 `json:"near"`
	Median float64 `json:"median"`
	Far    float64 `json:"far"`
}

const (
	patches      = 2000    // planes that the noise is read from
	patchPoints  = 25      // of each, its centre included
	rangeSample  = 100_000 // distances that Range is read from
	noiseShare   = 0.25    // the median of the lower half
	extremeShare = 0.01
)

// Measure measures c. Large clouds are sampled evenly by index, and the samples
// compared with all points. workers ≤ 0 means GOMAXPROCS; the
// result does not depend on it. It returns an error only for a cloud whose slices
// do not fit together and when ctx ends: an empty capture is measured too.
func Measure(ctx context.Context, c *pointcloud.Cloud, workers int) (*Measurement, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	places, err := pointcloud.NewPlaces(ctx, c)
	if err != nil {
		return nil, err
	}
	idx := places.Valid()
	m := &Measurement{Organised: c.Organised(), Points: c.Len(), Valid: len(idx)}
	if len(idx) == 0 {
		return m, ctx.Err()
	}
	mm := 1000 * c.Unit.Metres()
	m.Fill = float64(m.Valid) / float64(m.Points)
	m.Range = distances(c, idx, mm)
	spacing, err := places.Spacing(ctx, workers)
	if err != nil {
		return nil, err
	}
	m.Spacing = spacing * mm
	noise, err := noise(ctx, c, places, idx, workers)
	if err != nil {
		return nil, err
	}
	m.Noise = noise * mm
	return m, nil
}

// every calls fn for up to n of idx, evenly spread.
func every(idx []int32, n int, fn func(j int, i int32)) {
	n = min(n, len(idx))
	for j := range n {
		fn(j, idx[int(int64(j)*int64(len(idx))/int64(n))])
	}
}

func distances(c *pointcloud.Cloud, idx []int32, mm float64) Range {
	d := make([]float64, min(rangeSample, len(idx)))
	every(idx, len(d), func(j int, i int32) { d[j] = mm * c.At(int(i)).Norm() })
	return Range{
		Near:   quantile(d, extremeShare),
		Median: quantile(d, 0.5),
		Far:    quantile(d, 1-extremeShare),
	}
}

// quantile returns the value below which a share of values lies; it reorders them.
func quantile(values []float64, share float64) float64 {
	return order.Nth(values, min(int(share*float64(len(values))), len(values)-1))
}

// noise returns the roughness of the smoother half of the patches, in the cloud's
// unit; 0 when there are no patches.
func noise(ctx context.Context, c *pointcloud.Cloud, places *pointcloud.Places, idx []int32, workers int) (float64, error) {
	if len(idx) < patchPoints {
		return 0, ctx.Err()
	}
	centres := make([]int32, min(patches, len(idx)))
	every(idx, len(centres), func(j int, i int32) { centres[j] = i })
	rough := make([]float64, len(centres))
	err := places.Nearest(ctx, centres, patchPoints, workers, func(j int, near []pointcloud.Neighbor) {
		rough[j] = pointcloud.PlaneRMS(c, near)
	})
	if err != nil {
		return 0, err
	}
	return quantile(rough, noiseShare), nil
}

// String gives the measurement in one line.
func (m *Measurement) String() string {
	fill := "loose points"
	if m.Organised {
		fill = fmt.Sprintf("fill rate %s", percent(m.Fill))
	}
	return fmt.Sprintf("%s, noise %.3g mm, distance %.4g mm (%.4g to %.4g), a point every %.3g mm",
		fill, m.Noise, m.Range.Median, m.Range.Near, m.Range.Far, m.Spacing)
}

// percent writes two digits of small shares and whole numbers of others.
func percent(share float64) string {
	digits := 0
	switch {
	case share < 0.01:
		digits = 2
	case share < 0.1:
		digits = 1
	}
	return fmt.Sprintf("%.*f %%", digits, 100*share)
}
