package iad3d

import (
	"context"

	"github.com/iad3d/iad3d/io/model"
	"github.com/iad3d/iad3d/memory"
)

// judge is what a detector remembers of the rows of a feature, or of several side by
// side, and how it tells from that how abnormal others are: a [bank], or one of the
// methods that it can be compared with. It is immutable and safe for concurrent use.
type judge interface {
	// rate returns the abnormality, at least 0, of each of a scan's rows. cells says
	// in which cell of the raster each lies; nil: row i in cell i.
	rate(ctx context.Context, c *Config, rows *memory.Rows, cells []int32) ([]float32, error)
	// size returns how many rows, or what stands in their place, are remembered, and
	// the number of values in them.
	size() (rows, values int)
	// tensors returns all as it stands in a model file.
	tensors(feature string) []model.Tensor
}

// channel is a feature of a detector, or several side by side.
type channel struct {
	feature string // "" of several
	judge
	// weight is the factor of the feature's scores in the sum; see [fusion.Weights].
	weight float64
}

// learner makes the judge of a feature from the scans of a fit.
type learner interface {
	// show shows it the rows of a scan, by their cells as for judge.rate.
	show(scan int, rows *memory.Rows, cells []int32)
	// learn returns the judge that all scans make, and how abnormal the rows of each
	// held scan, the i-th of its description, are to the one that all others make.
	learn(ctx context.Context, c *Config, held []heldScan, i int) (judge, [][]float32, error)
	// shown returns the number of rows that were shown.
	shown() int
}
