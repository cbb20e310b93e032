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
