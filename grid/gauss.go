package grid

import (
	"fmt"
	"math"
	"slices"

	"github.com/iad3d/iad3d/internal/portable"
	"github.com/iad3d/iad3d/internal/simd"
)

// GaussianBlur returns the map convolved with a Gaussian of standard deviation
// sigma pixels, each channel for itself. The kernel is separable, cut off at 4
// sigma (radius floor(4·sigma + ½)) and normalised; pixels beyond an edge repeat
// the edge pixel. Sums are float64. Sigma 0 copies the map; a sigma that is
// negative or not finite panics. Time grows with sigma.
//
// When Valid is set this is normalised convolution (Knutsson and Westin, 1993):
// a pixel becomes the weighted mean of the valid pixels under the kernel, so
// that holes neither pull scores down nor leak their content. Valid stays as it
// was; invalid pixels hold zeros afterwards and their values are never read.
func GaussianBlur(m *Map, sigma float64) *Map {
	m.mustFit()
	kernel := gaussKernel(sigma)
	out := New(m.H, m.W, m.C)
	out.Valid = slices.Clone(m.Valid)
	if m.Valid == nil {
		sum := convolve(m.H, m.W, m.C, kernel, func(y int, row []float64) {
			for i, v := range m.Data[y*len(row):][:len(row)] {
				row[i] = float64(v)
			}
		})
		store(out.Data, sum, 1)
		return out
	}
	sum := convolve(m.H, m.W, m.C, kernel, func(y int, row []float64) {
		clear(row)
		for x, ok := range m.Valid[y*m.W:][:m.W] {
			if ok {
				add(row[x*m.C:(x+1)*m.C], m.Pixel(y, x))
			}
		}
	})
	weight := convolve(m.H, m.W, 1, kernel, func(y int, row []float64) {
		for x, ok := range m.Valid[y*m.W:][:m.W] {
			row[x] = 0
			if ok {
				row[x] = 1
			}
		}
	})
	for i, ok := range m.Valid {
		if !ok {
			continue
		}
		for c := range m.C {
			out.Data[i*m.C+c] = float32(sum[i*m.C+c] / weight[i])
		}
	}
	return out
}

// gaussKernel returns the weights at distances 0, 1, …, radius. All of them,
// those of both sides counted, add up to 1.
func gaussKernel(sigma float64) []float64 {
	if !(sigma >= 0) || math.IsInf(sigma, 1) {
		panic(fmt.Sprintf("grid: blur of %v pixels", sigma))
	}
	kernel := []float64{1}
	total := 1.0
	for d := 1.0; d <= math.Floor(float64(4*sigma)+0.5); d++ {
		k := portable.Exp(-d * d / (2 * sigma * sigma))
		kernel = append(kernel, k)
		total += float64(2 * k)
	}
	for i := range kernel {
		kernel[i] /= total
	}
	return kernel
}

// convolve returns the h×w×c raster that fill gives row by row, convolved along
// both axes. The two neighbours at a distance are added before they are
// weighted: half the products, and a mirrored map gives a mirrored result.
func convolve(h, w, c int, kernel []float64, fill func(y int, row []float64)) []float64 {
	n, radius := w*c, len(kernel)-1
	wide := make([]float64, h*n)
	overRows(h, 16, func(lo, hi int) {
		padded := make([]float64, n+2*radius*c)
		for y := lo; y < hi; y++ {
			fill(y, padded[radius*c:][:n])
			for p := range radius {
				copy(padded[p*c:], padded[radius*c:(radius+1)*c])
				copy(padded[(radius+w+p)*c:], padded[(radius+w-1)*c:(radius+w)*c])
			}
			dst := wide[y*n:][:n]
			weigh(dst, padded[radius*c:], kernel[0])
			for d := 1; d <= radius; d++ {
				simd.AddPairs(dst, padded[(radius-d)*c:], padded[(radius+d)*c:], kernel[d])
			}
		}
	})
	dst := make([]float64, h*n)
	overRows(h, 16, func(lo, hi int) {
		for y := lo; y < hi; y++ {
			row := dst[y*n:][:n]
			weigh(row, wide[y*n:], kernel[0])
			for d := 1; d <= radius; d++ {
				simd.AddPairs(row, wide[max(y-d, 0)*n:], wide[min(y+d, h-1)*n:], kernel[d])
			}
		}
	})
	return dst
}

func weigh(dst, src []float64, k float64) {
	for i, v := range src[:len(dst)] {
		dst[i] = v * k
	}
}
