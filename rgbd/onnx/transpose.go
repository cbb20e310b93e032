package onnx

// toPlanes turns an H×W×3 map into three planes.
func toPlanes(dst, src []float32) {
	n := len(src) / 3
	r, g, b := dst[:n], dst[n:2*n], dst[2*n:3*n]
	for i := range n {
		p := src[3*i : 3*i+3 : 3*i+3]
		r[i], g[i], b[i] = p[0], p[1], p[2]
	}
}

// fromPlanes turns c planes of n values into n pixels of c channels. Eight
// planes are read side by side for a few pixels, then the next eight for the same,
// so that a line of the target's memory is complete before it leaves the cache.
func fromPlanes(dst, src []float32, n, c int) {
	const pixels = 16
	for lo := 0; lo < n; lo += pixels {
		hi := min(lo+pixels, n)
		k := 0
		for ; k+8 <= c; k += 8 {
			p0 := src[k*n+lo : k*n+hi]
			p1 := src[(k+1)*n+lo:][:len(p0)]
			p2 := src[(k+2)*n+lo:][:len(p0)]
			p3 := src[(k+3)*n+lo:][:len(p0)]
			p4 := src[(k+4)*n+lo:][:len(p0)]
			p5 := src[(k+5)*n+lo:][:len(p0)]
			p6 := src[(k+6)*n+lo:][:len(p0)]
			p7 := src[(k+7)*n+lo:][:len(p0)]
			at := lo*c + k
			for i, v := range p0 {
				d := dst[at : at+8 : at+8]
				d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7] = v, p1[i], p2[i], p3[i], p4[i], p5[i], p6[i], p7[i]
				at += c
			}
		}
		for ; k < c; k++ {
			for i := lo; i < hi; i++ {
				dst[i*c+k] = src[k*n+i]
			}
		}
	}
}
