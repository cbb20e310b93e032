package rgbd

import (
	"context"

	"github.com/iad3d/iad3d/grid"
)

// Backbone is a pretrained image network whose inner layers describe what is at
// each place of an image. Implementations are safe for concurrent use and give
// the same bits for an input whatever else runs beside it, and whatever it is
// batched with.
type Backbone interface {
	// Info describes the network; it never changes.
	Info() BackboneInfo
	// Features runs the network on inputs and returns, for each, one map per
	// layer of Info, in that order: H/stride × W/stride × channels. An input is an
	// H×W×3 map in the network's own scale, see [grid.NormaliseImageNet]; all have
	// the size Info asks for, or one of the caller's choice where it asks for
	// none. The maps are the caller's. A cancelled context ends the run between
	// images.
	Features(ctx context.Context, inputs []*grid.Map) ([][]*grid.Map, error)
}

// OutputBackbone is a [Backbone] that shows its layers where the network left them, which
// spares those who only read them the maps of Features.
type OutputBackbone interface {
	Backbone
	// Outputs runs the network on inputs as Features does and calls fn with what comes
	// out of each, one Output per layer of Info: in any order, for several inputs at
	// once. The values are fn's until it returns. An error of fn ends the run and is
	// returned.
	Outputs(ctx context.Context, inputs []*grid.Map, fn func(i int, layers []Output) error) error
}

// Output holds the values of a layer of H×W pixels and C channels: value (y, x, k) at
// (y·W + x)·C + k, or with Planes at (k·H + y)·W + x.
type Output struct {
	H, W, C int
	Planes  bool
	Data    []float32
}

// BackboneInfo identifies a network and the way it is used. A model stores it:
// features of another network, of other layers or of an input prepared in
// another way cannot be compared with those in the bank.
type BackboneInfo struct {
	Name   string  `json:"name"`   // of its file, for messages
	SHA256 string  `json:"sha256"` // of its file, 64 hexadecimal digits
	Layers []Layer `json:"layers"` // from fine to coarse
	// Height and Width are the only input size that the network takes; 0 when it
	// takes any.
	Height int `json:"height,omitempty"`
	Width  int `json:"width,omitempty"`
}

// Layer is one output of a backbone.
type Layer struct {
	Name     string `json:"name"`
	Channels int    `json:"channels"`
	Stride   int    `json:"stride"` // input pixels per output pixel
}
