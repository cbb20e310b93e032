package onnx

// block is how many places and channels a transposition handles at a time, so
// that both sides stay in the nearest cache.
const block = 32

// toPlanes turns an H×W×3 map into three planes.
func toPlanes(dst, src []float32) {
	n := len(src) / 3
	r, g, b := dst[:n], dst[n:2*n], dst[2*n:3*n]
	for i := range n {
		p := src[3*i : 3*i+3 : 3*i+3]
		r[i], g[i], b[i] = p[0], p[1], p[2]
	}
}

// fromPlanes turns c planes of n values into n pixels of c channels.
func fromPlanes(dst, src []float32, n, c int) {
	for i0 := 0; i0 < n; i0 += block {
		i1 := min(i0+block, n)
		for k0 := 0; k0 < c; k0 += block {
			k1 := min(k0+block, c)
			for k := k0; k < k1; k++ {
				plane := src[k*n+i0 : k*n+i1]
				at := i0*c + k
				for _, v := range plane {
					dst[at] = v
					at += c
				}
			}
		}
	}
}
