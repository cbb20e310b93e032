package rgbd

import (
	"fmt"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/pointcloud"
)

// DepthFeature is one of the handcrafted descriptors of the depth image, BTF's
// baselines.
type DepthFeature string

const (
	DepthRaw  DepthFeature = "raw"  // the depth itself, see [RawPatches]
	DepthHOG  DepthFeature = "hog"  // see [HOG]
	DepthSIFT DepthFeature = "sift" // see [DenseSIFT]
)

// DepthFeatures lists them.
func DepthFeatures() []DepthFeature { return []DepthFeature{DepthRaw, DepthHOG, DepthSIFT} }

// Dim returns the length of the descriptor, 0 for a feature there is none of.
func (f DepthFeature) Dim() int {
	switch f {
	case DepthRaw:
		return patchSide * patchSide
	case DepthHOG:
		return hogBins
	case DepthSIFT:
		return siftDim
	}
	return 0
}

// Cells describes the depth image z, a map of one channel, by cells×cells
// descriptors, as the program of BTF does for 224×224 pixels and 28 cells. There
// the rows that enter its memory bank are the cells in row-major order:
//
//   - raw, 784×64: [RawPatches];
//   - hog, 784×8: [HOG];
//   - sift, 784×128: [DenseSIFT] averaged by [grid.AvgPool] of 3×3 pixels and
//     [grid.AdaptiveAvgPool] into cells, here without the whole map in memory and
//     with one rounding less (within 1e-7).
//
// Raw and HOG know cells of 8×8 pixels only: with another raster than 8·cells ×
// 8·cells the result is an error. SIFT takes any of at least cells+2 pixels a
// side. z must come from [Depth] or be like it: finite everywhere, Valid is not
// looked at. The result is the same whatever the number of workers; ≤ 0 means
// GOMAXPROCS.
//
// E. Horwitz, Y. Hoshen, "Back to the Feature" (2022), section 3 and its program,
// revision 612eb7b.
func (f DepthFeature) Cells(z *grid.Map, cells, workers int) (*grid.Map, error) {
	mustBeDepth(z)
	bad := func(rule string) error {
		return fmt.Errorf("%w: %s describes %s: %d×%d pixels do not give %d×%d cells", ErrScan, f, rule, z.W, z.H, cells, cells)
	}
	switch f {
	case DepthRaw, DepthHOG:
		if cells < 1 || z.H%patchSide != 0 || z.H/patchSide != cells || z.W != z.H {
			return nil, bad("cells of 8×8 pixels")
		}
		if f == DepthRaw {
			return RawPatches(z)
		}
		return HOG(z)
	case DepthSIFT:
		if cells < 1 || min(z.H, z.W)-siftPool+1 < cells {
			return nil, bad("cells within the means of 3×3 pixels")
		}
		return siftCells(z, cells, workers), nil
	}
	return nil, fmt.Errorf("rgbd: depth feature %q; there are %v", string(f), DepthFeatures())
}

// Depth returns the z coordinates of an organised cloud as a map of one channel
// that shares nothing with it: 0 where a point is missing, as in the files of
// MVTec 3D-AD. It panics when the cloud is not organised.
//
// BTF takes the cloud resized to 224×224 by [grid.RuleTorch]. Its holes stay
// zeros, and every descriptor of depth sees a cliff at their edges.
func Depth(c *pointcloud.Cloud) *grid.Map {
	if !c.Organised() || c.Len() != c.Width*c.Height {
		panic(fmt.Sprintf("rgbd: depth image of %d points, %d×%d", c.Len(), c.Width, c.Height))
	}
	z := grid.New(c.Height, c.Width, 1)
	for i := range z.Data {
		if c.IsValid(i) {
			z.Data[i] = c.XYZ[3*i+2]
		}
	}
	return z
}

// mustBeDepth panics when z is not a raster of one channel and finite values.
func mustBeDepth(z *grid.Map) {
	if z.C != 1 || z.H <= 0 || z.W <= 0 || len(z.Data) != z.H*z.W {
		panic(fmt.Sprintf("rgbd: %d values do not make a depth image of %d×%d pixels and %d channel", len(z.Data), z.W, z.H, z.C))
	}
	for i, v := range z.Data {
		if v-v != 0 {
			panic(fmt.Sprintf("rgbd: depth of pixel %d, %d is %v", i%z.W, i/z.W, v))
		}
	}
}
