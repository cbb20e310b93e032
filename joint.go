package iad3d

import (
	"context"

	"github.com/iad3d/iad3d/io/model"
	"github.com/iad3d/iad3d/memory"
)

// joint is the bank of all features side by side, thinned out to a coreset: with the BTF
// protocol and of loose scans.
type joint struct {
	rows *memory.Bank
}

func (b *joint) nearest(ctx context.Context, c *Config, rows *memory.Rows) ([]memory.Hit, error) {
	return b.rows.WithWorkers(c.Workers).Nearest(ctx, rows, c.Neighbors)
}

// scores returns the mean distance of the nearest bank rows of each of n rows.
func (b *joint) scores(hits []memory.Hit, n int) []float32 {
	out := make([]float32, n)
	for i := range out {
		k := len(hits) / n
		out[i] = meanDistance(hits[i*k:(i+1)*k], k)
	}
	return out
}

func (b *joint) rate(ctx context.Context, c *Config, rows *memory.Rows, _ []int32) ([]float32, error) {
	hits, err := b.nearest(ctx, c, rows)
	if err != nil {
		return nil, err
	}
	return b.scores(hits, rows.N), nil
}

func (b *joint) size() (rows, values int) {
	t := b.rows.Rows()
	return t.N, t.N * t.D
}

func (b *joint) tensors(string) []model.Tensor {
	rows := b.rows.Rows()
	return []model.Tensor{model.Float32s(tensorBank, []int{rows.N, rows.D}, rows.Data)}
}

// jointFrom reads the bank; its rows stay in the file.
func jointFrom(f *model.File, c *Config) (*joint, error) {
	rows, err := rowsFrom(f, tensorBank, c.dim(c.Features))
	if err != nil {
		return nil, err
	}
	bank, err := memory.NewBank(rows, 0)
	return &joint{bank}, err
}
