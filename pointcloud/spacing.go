package pointcloud

import (
	"context"
	"math"
	"slices"

	"github.com/iad3d/iad3d/internal/parallel"
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
// Up to 5,000 points, evenly chosen by index, decide; the tree is built from all.
func Spacing(ctx context.Context, c *Cloud, workers int) (float64, error) {
	if c.CountValid() <= spacingNeighbors {
		return 0, ctx.Err()
	}
	t, err := BuildTree(ctx, c)
	if err != nil {
		return 0, err
	}
	return t.Spacing(ctx, c, workers)
}

// Spacing is the function [Spacing] for the cloud c that the tree was built from.
func (t *Tree) Spacing(ctx context.Context, c *Cloud, workers int) (float64, error) {
	if t.Len() <= spacingNeighbors {
		return 0, ctx.Err()
	}
	idx := c.ValidIndices()
	n := min(len(idx), spacingSample)
	reach := make([]float64, n)
	workers = parallel.Workers(n, searchChunk, workers)
	scratch := make([][]Neighbor, workers)
	err := parallel.For(ctx, n, searchChunk, workers, func(w, lo, hi int) {
		for j := lo; j < hi; j++ {
			i := idx[int(int64(j)*int64(len(idx))/int64(n))]
			scratch[w] = t.KNN(c.At(int(i)), spacingNeighbors+1, scratch[w])
			reach[j] = scratch[w][spacingNeighbors].Dist2
		}
	})
	if err != nil {
		return 0, err
	}
	slices.Sort(reach)
	return math.Sqrt(reach[n/2] * math.Pi / spacingNeighbors), nil
}
