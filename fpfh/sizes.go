package fpfh

import (
	"context"
	"slices"

	"github.com/iad3d/iad3d/pointcloud"
)

// ComputeSizes returns the descriptors of all points of c at several sizes: table
// j, N×33, is what Compute gives with o.Search.K = ks[j]. It is [ComputeMaps] for
// clouds without a raster. Neighbourhoods are searched once and every pair of
// points is looked at once; tables of equal ks share their data.
//
// Each size takes 268 bytes per point while it runs, and the lists of the largest
// one 4 bytes per neighbour; of clouds of more than two million points, when the
// neighbours are not given, 132 bytes of each size and 60 beside.
func ComputeSizes(ctx context.Context, c *pointcloud.Cloud, o Options, ks []int) ([][]float32, error) {
	sizes, err := distinct(ks)
	if err != nil {
		return nil, err
	}
	o.Search.K = sizes[len(sizes)-1]
	data, err := compute(ctx, c, o, sizes)
	if err != nil {
		return nil, err
	}
	out := make([][]float32, len(ks))
	for j, k := range ks {
		out[j] = data[slices.Index(sizes, k)]
	}
	return out, nil
}
