package onnx

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/internal/ortlib"
	"github.com/iad3d/iad3d/internal/tinyonnx"
)

// Check finds ONNX Runtime's library (see [Options.Library]), loads it, and runs a small
// network through it whose exact results are known. The library that it returns
// has its SHA-256. Errors wrap [ErrLibrary].
func Check(ctx context.Context, library string) (*Library, error) {
	const h, w = 32, 48
	m, err := newModel("the test network", tinyonnx.TwoConvs().Encode())
	if err != nil {
		return nil, err
	}
	b, err := m.Open(Options{Library: library})
	if err != nil {
		if !errors.Is(err, ErrLibrary) { // the network is sound
			err = fmt.Errorf("%w: %w", ErrLibrary, err)
		}
		return nil, err
	}
	defer b.Close()
	in := grid.New(h, w, 3)
	for i := range in.Data {
		in.Data[i] = float32(i * 7 % 256)
	}
	maps, err := b.Features(ctx, []*grid.Map{in})
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrLibrary, b.library.Path, err)
	}
	fine, coarse := tinyonnx.Apply(in.Data, h, w)
	if !slices.Equal(maps[0][0].Data, fine) || !slices.Equal(maps[0][1].Data, coarse) {
		return nil, fmt.Errorf("%w: %s computes wrong values", ErrLibrary, b.library.Path)
	}
	lib := b.Library()
	if lib.SHA256 == "" {
		if lib.SHA256, err = ortlib.HashFile(lib.Path); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrLibrary, err)
		}
	}
	return &lib, nil
}
