package onnx

import "testing"

// BenchmarkFromPlanes is the layer of a ResNet-50 at stride 8.
func BenchmarkFromPlanes(b *testing.B) {
	const n, c = 28 * 28, 512
	src, dst := make([]float32, n*c), make([]float32, n*c)
	b.SetBytes(4 * n * c)
	for b.Loop() {
		fromPlanes(dst, src, n, c)
	}
}

func BenchmarkToPlanes(b *testing.B) {
	const n = 224 * 224
	src, dst := make([]float32, 3*n), make([]float32, 3*n)
	b.SetBytes(4 * 3 * n)
	for b.Loop() {
		toPlanes(dst, src)
	}
}
