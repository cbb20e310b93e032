package onnx

import "testing"

func BenchmarkToPlanes(b *testing.B) {
	const n = 224 * 224
	src, dst := make([]float32, 3*n), make([]float32, 3*n)
	b.SetBytes(4 * 3 * n)
	for b.Loop() {
		toPlanes(dst, src)
	}
}
