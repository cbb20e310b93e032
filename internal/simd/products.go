package simd

import "slices"

// A block of Products is BlockRows rows times the PanelRows rows of a panel.
const (
	BlockRows = 6
	PanelRows = 64
)

// Products multiplies each of BlockRows rows of n values with each of PanelRows: row
// i is x[i·stride:][:n], and value d of row r of the panel is panel[PanelRows·d+r].
// It stores their scalar product in out[i·outStride+r], and the largest of row i in
// peaks[i·peakStride]. Products of two values are rounded, and added in the order of
// d to 0. No sum may be NaN.
func Products(x []float32, stride int, panel []float32, n int, out []float32, outStride int, peaks []float32, peakStride int) {
	if n < 0 || stride < 0 || outStride < 0 || peakStride < 0 {
		panic("simd: negative stride")
	}
	const last = BlockRows - 1
	x, panel = x[:last*stride+n], panel[:PanelRows*n]
	out, peaks = out[:last*outStride+PanelRows], peaks[:last*peakStride+1]
	if level > Generic && n > 0 {
		products(&x[0], 4*stride, &panel[0], n, &out[0], 4*outStride, &peaks[0], 4*peakStride)
		return
	}
	productsGeneric(x, stride, panel, n, out, outStride, peaks, peakStride)
}

// Product is Products for the single row x: it stores the scalar products in out, and
// returns the largest.
func Product(x, panel []float32, out *[PanelRows]float32) float32 {
	n := len(x)
	panel = panel[:PanelRows*n]
	if level > Generic && n > 0 {
		return product(&x[0], &panel[0], n, &out[0])
	}
	clear(out[:])
	for d, v := range x {
		p := panel[PanelRows*d:][:PanelRows]
		for r := range out {
			out[r] += float32(v * p[r])
		}
	}
	return slices.Max(out[:])
}

// Boxes stores, for each of len(dist2) boxes, a multiple of 8, the squared distance of
// the point x from it: side d of box b reaches from lo[d·len(dist2)+b] to
// hi[d·len(dist2)+b]. Squares are rounded, and added in the order of d. Nothing may be
// NaN.
func Boxes(x, lo, hi, dist2 []float32) {
	n := len(dist2)
	if n%8 != 0 {
		panic("simd: boxes that are no multiple of 8")
	}
	lo, hi = lo[:n*len(x)], hi[:n*len(x)]
	if level > Generic && n > 0 && len(x) > 0 {
		boxes(&x[0], len(x), &lo[0], &hi[0], n, &dist2[0])
		return
	}
	clear(dist2)
	for d, v := range x {
		l, h := lo[d*n:][:n], hi[d*n:][:n]
		for b := range dist2 {
			e := max(l[b]-v, v-h[b], 0)
			dist2[b] += float32(e * e)
		}
	}
}

func productsGeneric(x []float32, stride int, panel []float32, n int, out []float32, outStride int, peaks []float32, peakStride int) {
	for i := range BlockRows {
		sums := out[i*outStride:][:PanelRows]
		clear(sums)
		for d, v := range x[i*stride:][:n] {
			p := panel[PanelRows*d:][:PanelRows]
			for r := range sums {
				sums[r] += float32(v * p[r])
			}
		}
		peak := sums[0]
		for _, v := range sums[1:] {
			peak = max(peak, v)
		}
		peaks[i*peakStride] = peak
	}
}
