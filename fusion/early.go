// Package fusion says how descriptors of several kinds are combined before they
// enter one memory bank.
package fusion

import (
	"errors"
	"fmt"

	"github.com/iad3d/iad3d/grid"
)

// Block is one kind of descriptor and the factor it enters with.
type Block struct {
	Map   *grid.Map
	Scale float32 // 0 means 1: BTF concatenates unscaled
}

// ErrSize is wrapped when blocks have different numbers of pixels.
var ErrSize = errors.New("fusion: descriptors of different rasters")

// Early joins the channels of all blocks pixel by pixel, in the order given,
// each multiplied by its scale. A pixel is valid when it is valid in every
// block. A single block that is not scaled is returned as it is, not copied. This
// is BTF's fusion (Horwitz & Hoshen 2022, section 4.4) when all
// scales are 1.
func Early(blocks ...Block) (*grid.Map, error) {
	if len(blocks) == 0 {
		return nil, fmt.Errorf("%w: none given", ErrSize)
	}
	first := blocks[0].Map
	channels := 0
	for _, b := range blocks {
		if b.Map.H != first.H || b.Map.W != first.W {
			return nil, fmt.Errorf("%w: %d×%d and %d×%d", ErrSize, first.W, first.H, b.Map.W, b.Map.H)
		}
		channels += b.Map.C
	}
	if len(blocks) == 1 && (blocks[0].Scale == 0 || blocks[0].Scale == 1) {
		return first, nil
	}
	out := grid.New(first.H, first.W, channels)
	offset := 0
	for _, b := range blocks {
		scale := b.Scale
		if scale == 0 {
			scale = 1
		}
		for p := range first.H * first.W {
			dst := out.Data[p*channels+offset:][:b.Map.C]
			for j, v := range b.Map.Data[p*b.Map.C:][:b.Map.C] {
				dst[j] = v * scale
			}
		}
		if b.Map.Valid != nil {
			if out.Valid == nil {
				out.Valid = append([]bool(nil), b.Map.Valid...)
			} else {
				for p, ok := range b.Map.Valid {
					out.Valid[p] = out.Valid[p] && ok
				}
			}
		}
		offset += b.Map.C
	}
	return out, nil
}
