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
