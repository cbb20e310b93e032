package simd

import "unsafe"

// Each function calls the kernel of the level in use, which is not Generic.

func walk(nodes *Node, n int, box *Box, worst float64, limit int, runs *Run) (found, points int) {
	return walkAVX2((*[64]uint8)(unsafe.Pointer(nodes)), n, (*[8]float64)(box), worst, limit, (*[2]int32)(unsafe.Pointer(runs)))
}

func within(x, y, z *float64, ids *int32, runs *Run, n int, query *[4]float64, dist2 *float64, near *int32) int {
	r := (*[2]int32)(unsafe.Pointer(runs))
	if level == AVX512 {
		return withinAVX512(x, y, z, ids, r, n, query, dist2, near)
	}
	return withinAVX2(x, y, z, ids, r, n, query, dist2, near)
}

func pairBins(points *[8]float32, i int, list *int32, n int, b *Bins) {
	if level == AVX512 {
		pairBinsAVX512(points, i, list, n, &b[0][0], &b[1][0], &b[2][0])
		return
	}
	var scratch [40][8]float32 // pairSlots of the generator
	pairBinsAVX2(points, i, list, n, &b[0][0], &b[1][0], &b[2][0], &scratch[0])
}

func count(b *Bins, n int, counts *[33]uint8) {
	if level == AVX512 {
		countAVX512(&b[0][0], &b[1][0], &b[2][0], n, counts)
		return
	}
	countAVX2(&b[0][0], &b[1][0], &b[2][0], n, counts)
}

func weigh(rows *Histogram, list *int32, n int, at *[3]float64, sums *[33]float64) {
	r := (*[64]uint8)(unsafe.Pointer(rows))
	if level == AVX512 {
		weighAVX512(r, list, n, at, sums)
		return
	}
	weighAVX2(r, list, n, at, sums)
}

func moments(xyz *float32, list *int32, n int, sums *[9]float64) {
	momentsAVX2(xyz, list, n, sums)
}

func split(dist2 *float64, near *int32, n int, middle float64, low *float64, lowNear *int32, high *float64, highNear *int32) int {
	return splitAVX512(dist2, near, n, middle, low, lowNear, high, highNear)
}

func rank(dist2 *float64, near *int32, n, k int, out *int32, keys *[rankAtOnce]uint64) int {
	return rankAVX512(dist2, near, n, k, out, keys)
}

func products(x *float32, stride int, panel *float32, n int, out *float32, outStride int, peaks *float32, peakStride int) {
	if level == AVX512 {
		productsAVX512(x, stride, panel, n, out, outStride, peaks, peakStride)
		return
	}
	productsAVX2(x, stride, panel, n, out, outStride, peaks, peakStride)
}

func byteProducts(x *uint8, stride int, panel *int8, n int, start *int32, out *float32, outStride int, peaks *float32, peakStride int) {
	if level == AVX512 && vnni {
		byteProductsVNNI(x, stride, panel, n, start, out, outStride, peaks, peakStride)
		return
	}
	byteProductsAVX2(x, stride, panel, n, start, out, outStride, peaks, peakStride)
}

func distances(q *float64, d int, rows *float32, list *int32, n int, dist2 *float64) {
	distancesAVX2(q, d, rows, list, n, dist2)
}

func product(x, panel *float32, n int, out *float32) float32 {
	if level == AVX512 {
		return productAVX512(x, panel, n, out)
	}
	return productAVX2(x, panel, n, out)
}

func boxes(x *float32, m int, lo, hi *float32, n int, dist2 *float32) {
	boxesAVX2(x, m, lo, hi, n, dist2)
}

func slide(line, sums, in, out *float64, n int) { slideAVX2(line, sums, in, out, n) }

func transpose(src *float64, srcStride int, dst *float64, dstStride, n int) {
	transposeAVX2(src, srcStride, dst, dstStride, n)
}

func directions(x, y *float64, n int, out *float64, stride int) {
	directionsAVX2(x, y, n, out, stride)
}

func saturate(dst *float32, v *float64, n int, curve *[3]float64) { saturateAVX2(dst, v, n, curve) }

func addRoots(sums, row *float64, n int) { addRootsAVX2(sums, row, n) }

func bounds(xyz *float32, list *int32, n int, box *[8]float32) { boundsAVX2(xyz, list, n, box) }

func addSquares(sums *float64, v *float32, n int) { addSquaresAVX2(sums, v, n) }

func addScaled(sums, v, scale *float32, sign float32, n int) {
	addScaledAVX2(sums, v, scale, sign, n)
}

func fromPlanes(src *float32, srcStride int, dst *float32, dstStride, n int) {
	fromPlanesAVX2(src, srcStride, dst, dstStride, n)
}

func addPairs(sums, a, b *float64, k float64, n int) { addPairsAVX2(sums, a, b, k, n) }

func mixRows(dst, src *uint8, stride int, weights *int32, taps int, start int32, shift, n int) {
	mixRowsAVX2(dst, src, stride, weights, taps, start, shift, n)
}
