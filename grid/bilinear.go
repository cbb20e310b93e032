package grid

import "fmt"

// ResizeBilinear returns the map resized to h×w by linear interpolation between
// the four pixels around each target centre, edges replicated. It is PyTorch's
// interpolate(mode="bilinear", align_corners=False): no low-pass filter comes
// first, so that shrinking skips pixels. Interpolation is float64.
//
// When Valid is set, a target pixel is the weighted mean of the valid ones
// among its four, and invalid (holding zeros) when none of them has a weight.
// Values of invalid pixels are never read.
func ResizeBilinear(m *Map, h, w int) *Map {
	m.mustFit()
	mustBeSize(h, w)
	if m.Valid != nil {
		return resizeBilinearValid(m, h, w)
	}
	out := New(h, w, m.C)
	resizeBilinear(out.Data, out.C, m.Data, m.H, m.W, m.C, h, w)
	return out
}

// ResizeBilinearInto stores what [ResizeBilinear] makes of m at the size of dst as the
// channels of dst from at on. Neither may have Valid.
func ResizeBilinearInto(dst *Map, at int, m *Map) {
	m.mustFit()
	dst.mustFit()
	if m.Valid != nil || dst.Valid != nil || at < 0 || at+m.C > dst.C {
		panic(fmt.Sprintf("grid: %d channels from %d on in a map of %d, or pixels that are not valid", m.C, at, dst.C))
	}
	resizeBilinear(dst.Data[at:], dst.C, m.Data, m.H, m.W, m.C, dst.H, dst.W)
}

// blend says that a target position is the mean of the source positions lo and
// hi with the weights wlo and whi, whose sum is 1. Where lo = hi whi is without
// effect.
type blend struct {
	lo, hi   int
	wlo, whi float64
}

// blends returns how each of out positions is made from in positions: position
// i lies at max((i + ½)·in/out − ½, 0).
func blends(in, out int) []blend {
	scale := float64(in) / float64(out)
	b := make([]blend, out)
	for i := range b {
		// The conversion keeps the product from being fused with the difference,
		// which some processors would do and others not.
		at := max(float64((float64(i)+0.5)*scale)-0.5, 0)
		lo := min(int(at), in-1)
		whi := at - float64(lo)
		b[i] = blend{lo, min(lo+1, in-1), 1 - whi, whi}
	}
	return b
}

// resizeBilinear makes oh×ow pixels, stride apart in dst, of the h×w of src.
func resizeBilinear[T float](dst []T, stride int, src []T, h, w, c, oh, ow int) {
	if h == oh && w == ow {
		for i := range h * w {
			copy(dst[i*stride:][:c], src[i*c:])
		}
		return
	}
	rows, columns := blends(h, oh), blends(w, ow)
	overRows(oh, 8, func(lo, hi int) {
		row := make([]float64, w*c) // a target row that still has w columns
		for y := lo; y < hi; y++ {
			r := rows[y]
			mix(row, src[r.lo*w*c:], src[r.hi*w*c:], r)
			for x, b := range columns {
				mix(dst[(y*ow+x)*stride:][:c], row[b.lo*c:], row[b.hi*c:], b)
			}
		}
	})
}

func mix[D, S float](dst []D, lo, hi []S, b blend) {
	lo, hi = lo[:len(dst)], hi[:len(dst)]
	for i := range dst {
		dst[i] = D(float64(float64(lo[i])*b.wlo) + float64(float64(hi[i])*b.whi))
	}
}

func resizeBilinearValid(m *Map, h, w int) *Map {
	r := New(h, w, m.C)
	r.Valid = make([]bool, h*w)
	rows, columns := blends(m.H, h), blends(m.W, w)
	overRows(h, 8, func(lo, hi int) {
		sum := make([]float64, m.C)
		for y := lo; y < hi; y++ {
			for x, bx := range columns {
				by := rows[y]
				clear(sum)
				total := 0.0
				for _, t := range [4]struct {
					y, x   int
					weight float64
				}{
					{by.lo, bx.lo, float64(by.wlo * bx.wlo)}, {by.lo, bx.hi, float64(by.wlo * bx.whi)},
					{by.hi, bx.lo, float64(by.whi * bx.wlo)}, {by.hi, bx.hi, float64(by.whi * bx.whi)},
				} {
					if t.weight == 0 || !m.IsValid(t.y, t.x) {
						continue
					}
					total += t.weight
					for c, v := range m.Pixel(t.y, t.x) {
						sum[c] += float64(float64(v) * t.weight)
					}
				}
				if total == 0 {
					continue
				}
				r.Valid[y*w+x] = true
				for c, s := range sum {
					r.Set(y, x, c, float32(s/total))
				}
			}
		}
	})
	return r
}
