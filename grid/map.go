// Package grid holds Map, the H×W×C raster that every stage after the cloud
// shares, and the pooling, resizing and blurring done on it.
//
// The functions do not change their arguments, and give the same bits whatever
// the number of processors. Where BTF's result is the sum of its libraries'
// conventions (PyTorch's pooling and bilinear rule, Pillow's bicubic and 8-bit
// blur, two rules for the nearest pixel), those conventions are followed here
// and named; [AdaptiveAvgPoolValid] and [GaussianBlur] are the plain versions
// that know about missing pixels.
package grid

import (
	"context"
	"fmt"

	"github.com/iad3d/iad3d/internal/parallel"
)

// Map is an H×W raster of C float32 channels: descriptors (C = dimension) or
// scores (C = 1). Value (y, x, c) stands at (y·W + x)·C + c.
type Map struct {
	H, W, C int
	Data    []float32
	Valid   []bool // nil: every pixel carries a value; else H·W flags
}

// New returns a zero map of h×w pixels and c channels, all valid.
func New(h, w, c int) *Map {
	return &Map{H: h, W: w, C: c, Data: make([]float32, h*w*c)}
}

// At returns value (y, x, c).
func (m *Map) At(y, x, c int) float32 { return m.Data[(y*m.W+x)*m.C+c] }

// Set stores value (y, x, c).
func (m *Map) Set(y, x, c int, v float32) { m.Data[(y*m.W+x)*m.C+c] = v }

// Pixel returns the channels of pixel (y, x); the slice aliases the map.
func (m *Map) Pixel(y, x int) []float32 {
	i := (y*m.W + x) * m.C
	return m.Data[i : i+m.C : i+m.C]
}

// IsValid reports whether pixel (y, x) carries a value.
func (m *Map) IsValid(y, x int) bool { return m.Valid == nil || m.Valid[y*m.W+x] }

// mustFit panics when the slices do not have the lengths that the sizes say, or
// there is no pixel to read.
func (m *Map) mustFit() {
	mustBeSize(m.H, m.W)
	if m.C <= 0 || len(m.Data) != m.H*m.W*m.C || m.Valid != nil && len(m.Valid) != m.H*m.W {
		panic(fmt.Sprintf("grid: %d values and %d flags do not make a %d×%d×%d map",
			len(m.Data), len(m.Valid), m.H, m.W, m.C))
	}
}

func mustBeSize(h, w int) {
	if h <= 0 || w <= 0 {
		panic(fmt.Sprintf("grid: size %d×%d is not positive", h, w))
	}
}

type float interface{ float32 | float64 }

// overRows calls fn for consecutive chunks of the rows [0, n), several at a
// time. fn must write only what its rows determine.
func overRows(n, chunk int, fn func(lo, hi int)) {
	// The context never ends, so there is no error.
	_ = parallel.For(context.Background(), n, chunk, 0, func(_, lo, hi int) { fn(lo, hi) })
}
