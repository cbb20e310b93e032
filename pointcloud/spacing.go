package pointcloud

import (
	"context"
	"math"

	"github.com/iad3d/iad3d/internal/order"
)

const (
	spacingNeighbors = 6
	// spacingSample is the most points that Spacing looks at.
	spacingSample = 5000
)

// Spacing returns the distance at which the points of c sample their surface: the
// side of the square that one point stands for, where the surface is as densely
// covered as at the median point. It is read from the area in which a point has
// six neighbours, so that it does not matter whether points lie in rows or at
// random. 0 for fewer than seven valid points, and for a cloud most of whose
// points coincide. On lines and in solids it is a length of the same order.
//
// Up to 5,000 points, evenly chosen by index, decide; all are searched.
func Spacing(ctx context.Context, c *Cloud, workers int) (float64, error) {
	if c.CountValid() <= spacingNeighbors {
		return 0, ctx.Err()
	}
	p, err := NewPlaces(ctx, c)
	if err != nil {
		return 0, err
	}
	return p.Spacing(ctx, workers)
}

// Spacing is the function [Spacing] for the cloud that p was made of.
func (p *Places) Spacing(ctx context.Context, workers int) (float64, error) {
	idx := p.valid
	if len(idx) <= spacingNeighbors {
		return 0, ctx.Err()
	}
	n := min(len(idx), spacingSample)
	sample, reach := make([]int32, n), make([]float64, n)
	for j := range sample {
		sample[j] = idx[int(int64(j)*int64(len(idx))/int64(n))]
	}
	err := p.Nearest(ctx, sample, spacingNeighbors+1, workers, func(j int, near []Neighbor) {
		reach[j] = near[spacingNeighbors].Dist2
	})
	if err != nil {
		return 0, err
	}
	return math.Sqrt(order.Nth(reach, n/2) * math.Pi / spacingNeighbors), nil
}
