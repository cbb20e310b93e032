package xyztiff

import (
	"bytes"
	"io"
	"math"
	"testing"
)

// scan is an 800×800 image like those of MVTec 3D-AD: a smooth part on a plane,
// a border of missing pixels.
func scan() *Image {
	const n = 800
	im := newImage(n, n, 3, Float32)
	for y := 80; y < n-80; y++ {
		for x := 80; x < n-80; x++ {
			u, v := float64(x-n/2)*2e-4, float64(y-n/2)*2e-4
			z := 0.6 - 0.02*math.Exp(-(u*u+v*v)*2000) + 1e-5*math.Sin(float64(x*y))
			p := im.F32[(y*n+x)*3:]
			p[0], p[1], p[2] = float32(u*z), float32(v*z), float32(z)
		}
	}
	return im
}

func benchDecode(b *testing.B, o EncodeOptions) {
	im := scan()
	data := encode(b, im, o)
	b.SetBytes(int64(4 * len(im.F32)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(bytes.NewReader(data), int64(len(data)), Options{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(data)), "file-bytes")
}

func BenchmarkDecodeUncompressed(b *testing.B) { benchDecode(b, EncodeOptions{RowsPerStrip: 1}) }

func BenchmarkDecodeDeflatePredictor(b *testing.B) {
	benchDecode(b, EncodeOptions{Compression: Deflate, Predictor: FloatingPoint, RowsPerStrip: 32})
}

func BenchmarkDecodeZstdPredictor(b *testing.B) {
	benchDecode(b, EncodeOptions{Compression: Zstd, Predictor: FloatingPoint, RowsPerStrip: 32})
}

func BenchmarkEncodeDeflatePredictor(b *testing.B) {
	im := scan()
	b.SetBytes(int64(4 * len(im.F32)))
	for b.Loop() {
		if err := Encode(io.Discard, im, EncodeOptions{Compression: Deflate, Predictor: FloatingPoint, RowsPerStrip: 32}); err != nil {
			b.Fatal(err)
		}
	}
}
