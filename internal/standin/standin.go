// Package standin is a backbone for tests that need no file and no library.
package standin

import (
	"context"
	"sync/atomic"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/rgbd"
)

// Backbone gives the mean of the squares of 8×8 pixels as its first layer, that
// of 16×16 and the two of its left and right half as its second.
type Backbone struct {
	Described rgbd.BackboneInfo
	Inputs    atomic.Int64 // that it was given
}

// New returns a backbone for images of any size.
func New() *Backbone {
	return &Backbone{Described: rgbd.BackboneInfo{
		Name: "standin.onnx", SHA256: "5ca1ab1e",
		Layers: []rgbd.Layer{{Name: "fine", Channels: 3, Stride: 8}, {Name: "coarse", Channels: 6, Stride: 16}},
	}}
}

// Info implements [rgbd.Backbone].
func (b *Backbone) Info() rgbd.BackboneInfo { return b.Described }

// Features implements [rgbd.Backbone].
func (b *Backbone) Features(ctx context.Context, inputs []*grid.Map) ([][]*grid.Map, error) {
	var out [][]*grid.Map
	for _, in := range inputs {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		b.Inputs.Add(1)
		fine := grid.AdaptiveAvgPool(in, in.H/8, in.W/8)
		half := grid.AdaptiveAvgPool(in, in.H/16, in.W/8)
		coarse := grid.New(in.H/16, in.W/16, 6)
		for y := range coarse.H {
			for x := range coarse.W {
				copy(coarse.Pixel(y, x), half.Pixel(y, 2*x))
				copy(coarse.Pixel(y, x)[3:], half.Pixel(y, 2*x+1))
			}
		}
		out = append(out, []*grid.Map{fine, coarse})
	}
	return out, nil
}
