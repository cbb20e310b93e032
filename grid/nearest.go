package grid

import "fmt"

// Rule says which source pixel is the nearest one. The two libraries that BTF
// uses differ: RuleTorch takes the pixel under the upper left corner of the
// target pixel, RulePIL the one under its centre. From 800 to 224 pixels they
// disagree everywhere, by 1.8 source pixels on average, so that BTF's ground
// truth (PIL) stands shifted against its clouds (torch).
type Rule uint8

const (
	// RuleTorch is PyTorch's interpolate(mode="nearest"):
	// min(floor(float32(i) · (float32(in) / float32(out))), in−1), in float32.
	RuleTorch Rule = iota
	// RulePIL is Pillow's resize(NEAREST): floor of in/out·(i + ½), where the
	// coordinate is accumulated in float64 and can fall below an integer that
	// the product would reach.
	RulePIL
)

// NearestIndices returns, for each of out target positions along an axis, the
// source position in [0, in) that the rule takes. Both sizes must be positive.
func NearestIndices(in, out int, rule Rule) []int {
	mustBeSize(in, out)
	idx := make([]int, out)
	switch rule {
	case RuleTorch:
		scale := float32(in) / float32(out)
		for i := range idx {
			idx[i] = min(int(float32(i)*scale), in-1)
		}
	case RulePIL:
		step := float64(in) / float64(out)
		at := step / 2
		for i := range idx {
			idx[i] = min(int(at), in-1)
			at += step
		}
	default:
		panic(fmt.Sprintf("grid: unknown nearest rule %d", rule))
	}
	return idx
}

// Nearest resizes an h×w raster of c values per pixel (value (y, x, k) at
// (y·w + x)·c + k) to oh×ow by taking for each target pixel the nearest source
// pixel as it is: for masks (c = 1), coordinates and colours (c = 3), where a
// mean would invent values. BTF resizes clouds by RuleTorch and ground truth by
// RulePIL, and counts a pixel of the resized truth as defect when it is > 127.
func Nearest[T any](src []T, h, w, c, oh, ow int, rule Rule) []T {
	if len(src) != h*w*c {
		panic(fmt.Sprintf("grid: %d values do not make a %d×%d×%d raster", len(src), h, w, c))
	}
	rows, columns := NearestIndices(h, oh, rule), NearestIndices(w, ow, rule)
	dst := make([]T, oh*ow*c)
	for i, y := range rows {
		row, to := src[y*w*c:][:w*c], dst[i*ow*c:][:ow*c]
		switch c {
		case 1:
			for j, x := range columns {
				to[j] = row[x]
			}
		case 3:
			for j, x := range columns {
				*(*[3]T)(to[3*j:]) = [3]T(row[3*x:])
			}
		default:
			for j, x := range columns {
				copy(to[j*c:(j+1)*c], row[x*c:])
			}
		}
	}
	return dst
}

// ResizeNearest returns the map resized to h×w by [Nearest]; Valid follows its
// pixels.
func ResizeNearest(m *Map, h, w int, rule Rule) *Map {
	m.mustFit()
	r := &Map{H: h, W: w, C: m.C, Data: Nearest(m.Data, m.H, m.W, m.C, h, w, rule)}
	if m.Valid != nil {
		r.Valid = Nearest(m.Valid, m.H, m.W, 1, h, w, rule)
	}
	return r
}
