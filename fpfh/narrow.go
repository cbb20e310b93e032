package fpfh

import (
	"bytes"
	"context"
	"math"

	"github.com/iad3d/iad3d/internal/parallel"
	"github.com/iad3d/iad3d/internal/simd"
	"github.com/iad3d/iad3d/pointcloud"
)

// maxNarrow is the most neighbours, the point included, for which counts fit into
// a byte.
const maxNarrow = simd.MaxPairs

// narrow holds the simplified histograms of points with at most maxNarrow
// neighbours, for the kernels of package simd.
type narrow struct {
	rows       []simd.Histogram
	convention Convention
}

// newNarrow is newWide by kernels.
func newNarrow(ctx context.Context, c *pointcloud.Cloud, nb *pointcloud.Neighborhoods, o Options, sizes []int) ([]histograms, error) {
	order := nb.Order()
	out := make([]narrow, len(sizes))
	hs := make([]histograms, len(sizes))
	for s := range out {
		out[s] = narrow{rows: make([]simd.Histogram, c.Len()), convention: o.Convention}
		hs[s] = &out[s]
	}
	points, err := orient(ctx, c, order, o.Workers)
	if err != nil {
		return nil, err
	}
	scratch := make([]simd.Bins, parallel.Workers(len(order), chunk, o.Workers))
	err = parallel.For(ctx, len(order), chunk, len(scratch), func(w, lo, hi int) {
		b := &scratch[w]
		for _, i := range order[lo:hi] {
			list := nb.Of(int(i))
			list = list[:min(len(list), sizes[len(sizes)-1])]
			// The point itself is left out: the first of the list, or where the
			// PCL convention finds its index, from the count.
			skip, self := 0, -1
			switch {
			case o.Convention == PCL:
				self = find(list, i)
			case len(list) > 0:
				skip = 1
			}
			pairs := list[skip:]
			simd.PairBins(points, int(i), pairs, b)
			decide(c, i, pairs, b)
			for s, size := range sizes {
				size = min(size, len(list))
				h := &out[s].rows[i]
				p := c.XYZ[3*i : 3*i+3 : 3*i+3]
				h.XYZ = [3]float64{float64(p[0]), float64(p[1]), float64(p[2])}
				if size < 2 {
					continue
				}
				simd.Count(b, size-skip, &h.Counts)
				if self >= 0 && self < size {
					h.Counts[b[0][self]]--
					h.Counts[bins+b[1][self]]--
					h.Counts[2*bins+b[2][self]]--
				}
				h.Pairs = uint8(size - 1)
			}
		}
	})
	return hs, err
}

// find returns the place of i in list, or −1.
func find(list []int32, i int32) int {
	for j, k := range list {
		if k == i {
			return j
		}
	}
	return -1
}

// unitSlack is how far from 1 the squared length of a normal may be for kernels
// that take it for 1.
const unitSlack = 1e-8

// orient returns the points of order with their normals. One that has not unit length
// is given as NaN: no pair of it is decided by a kernel.
func orient(ctx context.Context, c *pointcloud.Cloud, order []int32, workers int) ([]simd.Oriented, error) {
	points := make([]simd.Oriented, c.Len())
	nan := float32(math.NaN())
	err := parallel.For(ctx, len(order), chunk, workers, func(_, lo, hi int) {
		for _, i := range order[lo:hi] {
			p, n := c.XYZ[3*i:3*i+3:3*i+3], c.Normals[3*i:3*i+3:3*i+3]
			points[i] = simd.Oriented{p[0], p[1], p[2], 0, float32(n[0]), float32(n[1]), float32(n[2]), 0}
			if d := float64(n[0]*n[0]) + float64(n[1]*n[1]) + float64(n[2]*n[2]) - 1; !(math.Abs(d) <= unitSlack) {
				points[i][4] = nan
			}
		}
	})
	return points, err
}

// decide computes the bins of point i's pairs that a kernel left undecided.
func decide(c *pointcloud.Cloud, i int32, pairs []int32, b *simd.Bins) {
	first := b[0][:len(pairs)]
	for j := 0; ; j++ {
		next := bytes.IndexByte(first[j:], simd.Undecided)
		if next < 0 {
			return
		}
		j += next
		exact(c, i, pairs[j], b, j)
	}
}

// exact stores the bins of points i and k as those of pair number j.
func exact(c *pointcloud.Cloud, i, k int32, b *simd.Bins, j int) {
	b1, b2, b3 := pairBins(c.At(int(i)), c.Normal(int(i)), c.At(int(k)), c.Normal(int(k)))
	b[0][j], b[1][j], b[2][j] = uint8(b1), uint8(b2), uint8(b3)
}

func (s *narrow) row(list []int32, i int32, row *[Dim]float64, _ *scratch) {
	*row = [Dim]float64{}
	if len(list) < 2 {
		return
	}
	if s.convention == Open3D {
		list = list[1:]
	}
	h := &s.rows[i]
	simd.Weigh(s.rows, list, &h.XYZ, row)
	own := 0.0
	if s.convention == Open3D {
		own = h.Share()
	}
	finish(row, own, &h.Counts)
}
