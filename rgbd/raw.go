package rgbd

import (
	"fmt"
	"slices"

	"github.com/iad3d/iad3d/grid"
)

// patchSide is the side of BTF's cells in pixels.
const patchSide = 8

// RawPatches describes depth by itself: pixel i, in row-major order, of the
// ⌊H/8⌋×⌊W/8⌋×64 result holds the 64 consecutive values 64·i … 64·i+63 of z, in
// row-major order too. These are strips of a row, which go on in the next row,
// and not squares of 8×8 pixels: BTF reshapes where it would have to unfold, and
// its pixel i is not where the values come from (its "Raw" row therefore
// localises worse than chance). Values beyond the last patch are dropped; there
// are none where both sides are multiples of 8.
//
// A z without 8×8 pixels is an error that wraps [ErrScan].
func RawPatches(z *grid.Map) (*grid.Map, error) {
	mustBeDepth(z)
	h, w := z.H/patchSide, z.W/patchSide
	if h == 0 || w == 0 {
		return nil, errSmall(z, "raw patches", patchSide)
	}
	n := patchSide * patchSide
	return &grid.Map{H: h, W: w, C: n, Data: slices.Clone(z.Data[:h*w*n])}, nil
}

func errSmall(z *grid.Map, what string, side int) error {
	return fmt.Errorf("%w: %s need at least %d×%d pixels, not %d×%d", ErrScan, what, side, side, z.W, z.H)
}
