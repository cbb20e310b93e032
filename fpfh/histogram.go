package fpfh

import (
	"context"

	"github.com/iad3d/iad3d/pointcloud"
)

// histograms are the simplified histograms of all points of a cloud, for one size
// of lists.
type histograms interface {
	// row stores the descriptor of point i, whose neighbours are list: their
	// histograms weighted by the inverse squared distance, each block scaled to
	// 100, plus the point's own in the Open3D convention.
	row(list []int32, i int32, row *[Dim]float64, sc *scratch)
}

// scratch is the scratch space of a worker.
type scratch struct {
	terms []term
}

// newHistograms computes the histograms for each of sizes: by kernels where no
// point has more neighbours than they count.
func newHistograms(ctx context.Context, c *pointcloud.Cloud, nb *pointcloud.Neighborhoods, o Options, sizes []int) ([]histograms, error) {
	longest := 0
	for _, i := range nb.Order() {
		longest = max(longest, len(nb.Of(int(i))))
	}
	if longest = min(longest, sizes[len(sizes)-1]); longest <= maxNarrow {
		return newNarrow(ctx, c, nb, o, sizes)
	}
	return newWide(ctx, c, nb, o, sizes)
}

// finish scales each block of the sums in row to 100 and adds own times the
// point's counts.
func finish[T uint8 | float32](row *[Dim]float64, own float64, counts *[Dim]T) {
	for b := 0; b < Dim; b += bins {
		block, count := (*[bins]float64)(row[b:]), (*[bins]T)(counts[b:])
		sum := 0.0
		for _, v := range block {
			sum += v
		}
		scale := 0.0
		if sum != 0 {
			scale = 100 / sum
		}
		for j, v := range block {
			block[j] = float64(v*scale) + float64(own*float64(count[j]))
		}
	}
}
