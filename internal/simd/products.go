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

// ByteProducts is Products for whole numbers, n groups of four: value c of group g of
// row i is x[i·stride+4·g+c], and that of row r of the panel is panel[4·(PanelRows·g+r)+c].
// To the scalar product of row r, start[r] is added. Results have to be less than 2²⁴,
// and parts of them than 2³¹, so that they are exact.
func ByteProducts(x []uint8, stride int, panel []int8, n int, start *[PanelRows]int32, out []float32, outStride int, peaks []float32, peakStride int) {
	if n < 0 || stride < 0 || outStride < 0 || peakStride < 0 {
		panic("simd: negative stride")
	}
	const last = BlockRows - 1
	x, panel = x[:last*stride+4*n], panel[:4*PanelRows*n]
	out, peaks = out[:last*outStride+PanelRows], peaks[:last*peakStride+1]
	if level > Generic && n > 0 {
		byteProducts(&x[0], stride, &panel[0], n, &start[0], &out[0], 4*outStride, &peaks[0], 4*peakStride)
		return
	}
	byteProductsGeneric(x, stride, panel, n, start, out, outStride, peaks, peakStride)
}

// byteProductsGeneric multiplies the values of two rows of the panel at a time: their sums
// are kept in the lower and the upper half of a number.
func byteProductsGeneric(x []uint8, stride int, panel []int8, n int, start *[PanelRows]int32, out []float32, outStride int, peaks []float32, peakStride int) {
	const half = PanelRows / 2
	var sums [BlockRows][half]int64
	for g := range n {
		p := panel[4*PanelRows*g:][:4*PanelRows]
		var v [BlockRows][4]int64
		for i := range v {
			for c := range v[i] {
				v[i][c] = int64(x[i*stride+4*g+c])
			}
		}
		for r := range half {
			lower, upper := p[4*r:][:4], p[4*(r+half):][:4]
			w0 := int64(lower[0]) + int64(upper[0])<<32
			w1 := int64(lower[1]) + int64(upper[1])<<32
			w2 := int64(lower[2]) + int64(upper[2])<<32
			w3 := int64(lower[3]) + int64(upper[3])<<32
			for i := range v {
				sums[i][r] += v[i][0]*w0 + v[i][1]*w1 + v[i][2]*w2 + v[i][3]*w3
			}
		}
	}
	for i := range sums {
		row := out[i*outStride:][:PanelRows]
		for r, sum := range sums[i] {
			lower := int32(sum)
			row[r] = float32(start[r] + lower)
			row[r+half] = float32(start[r+half] + int32((sum-int64(lower))>>32))
		}
		peaks[i*peakStride] = slices.Max(row)
	}
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
