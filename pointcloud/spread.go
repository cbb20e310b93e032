package pointcloud

import (
	"context"
	"fmt"
	"math"

	"github.com/iad3d/iad3d/internal/parallel"
)

// PoolMean smooths descriptors: the row of each valid point of at is the mean of
// the rows of its k nearest points in t (ties by the lowest index). rows holds
// dim values per point of the cloud that t was built from, row i at dim·i. The
// result holds dim values per point of at, zeros where that is not valid.
//
// With at a sample of t's cloud it is the aggregation of Simple3D ("Towards
// High-resolution 3D Anomaly Detection", 2025), by which a descriptor of a sparse
// sample speaks for its surroundings. Sums are float64 and run from
// the nearest point on: they do not depend on workers (≤ 0: GOMAXPROCS).
func PoolMean(ctx context.Context, t *Tree, rows []float32, dim int, at *Cloud, k, workers int) ([]float32, error) {
	if dim < 1 || k < 1 {
		return nil, fmt.Errorf("pointcloud: pooling rows of %d values over %d points: want positive numbers", dim, k)
	}
	if t.Len() == 0 || len(rows) < dim*t.rows() {
		return nil, fmt.Errorf("%w: %d values for %d points of %d values each", ErrShape, len(rows), t.rows(), dim)
	}
	out := make([]float32, dim*at.Len())
	workers = parallel.Workers(at.Len(), searchChunk, workers)
	scratch := make([][]Neighbor, workers)
	err := parallel.For(ctx, at.Len(), searchChunk, workers, func(w, lo, hi int) {
		sum := make([]float64, dim)
		for i := lo; i < hi; i++ {
			if !at.IsValid(i) {
				continue
			}
			near := t.KNN(at.At(i), k, scratch[w])
			scratch[w] = near
			clear(sum)
			for _, n := range near {
				for j, v := range rows[dim*int(n.Index):][:dim] {
					sum[j] += float64(v)
				}
			}
			for j, s := range sum {
				out[dim*i+j] = float32(s / float64(len(near)))
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// rows returns how many rows a table indexed by the tree's points needs.
func (t *Tree) rows() int {
	n := int32(0)
	for _, id := range t.ids {
		n = max(n, id+1)
	}
	return int(n)
}

// Interpolate carries values known at some points to others: at each valid point
// of at the mean of the values of its k nearest points in t, weighted by the
// inverse squared distance, as PointNet++ (Qi et al. 2017, eq. 2) with k = 3.
// At a point of t itself, or of several at the same place, it is their value.
// values holds one number per point of the cloud that t was built from. The
// result lies between the smallest and the largest of the values used, and is 0
// at points that are not valid.
//
// A NaN spreads to the points that use it. workers ≤ 0 means GOMAXPROCS; the
// result does not depend on it.
func Interpolate(ctx context.Context, t *Tree, values []float64, at *Cloud, k, workers int) ([]float64, error) {
	if k < 1 {
		return nil, fmt.Errorf("pointcloud: interpolation between %d points: want a positive number", k)
	}
	if t.Len() == 0 || len(values) < t.rows() {
		return nil, fmt.Errorf("%w: %d values for %d points", ErrShape, len(values), t.rows())
	}
	out := make([]float64, at.Len())
	workers = parallel.Workers(at.Len(), searchChunk, workers)
	scratch := make([][]Neighbor, workers)
	err := parallel.For(ctx, at.Len(), searchChunk, workers, func(w, lo, hi int) {
		for i := lo; i < hi; i++ {
			if at.IsValid(i) {
				scratch[w] = t.KNN(at.At(i), k, scratch[w])
				out[i] = blend(scratch[w], values)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// blend weighs the neighbours' values. Weights are relative to the nearest
// one's, so that none overflows.
func blend(near []Neighbor, values []float64) float64 {
	d0 := near[0].Dist2
	sum, total := 0.0, 0.0
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, n := range near {
		if d0 == 0 && n.Dist2 > 0 {
			break
		}
		w := 1.0
		if d0 > 0 {
			w = d0 / n.Dist2
		}
		v := values[n.Index]
		sum += float64(w * v)
		total += w
		lo, hi = min(lo, v), max(hi, v)
	}
	return min(max(sum/total, lo), hi) // rounding may step outside
}
