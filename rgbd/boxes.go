package rgbd

import "github.com/iad3d/iad3d/internal/simd"

// boxes stores in dst the transpose of the h×w plane src after so many sums over windows
// of width pixels, an odd number, along either axis: after three the window is Gaussian to
// a few per cent. Values are sums, not means; the caller sees to it that they stay whole
// numbers below 2⁵³. Each time the border repeats. dst may be src.
func boxes(dst, src []float64, h, w, width, times int, s *scratch) {
	from, a, b := src, s.a[:h*w], s.b[:h*w]
	for range times {
		slide(a, from, h, w, width, s.sums)
		from, a, b = a, b, a
	}
	simd.Transpose(a, from, h, w)
	from, a, b = a, b, a
	for range times - 1 {
		slide(a, from, w, h, width, s.sums)
		from, a, b = a, b, a
	}
	slide(dst, from, w, h, width, s.sums)
}

// slide stores the sums over windows of width rows of the h×w plane src in dst.
func slide(dst, src []float64, h, w, width int, sums []float64) {
	r := width / 2
	sums = sums[:w]
	clear(sums)
	row := func(y int) []float64 { return src[min(max(y, 0), h-1)*w:][:w] }
	for y := -r; y <= r; y++ {
		for x, v := range row(y) {
			sums[x] += v
		}
	}
	for y := range h {
		simd.Slide(dst[y*w:][:w], sums, row(y+r+1), row(y-r))
	}
}

// strongest returns what the best pattern of zeros and ones makes of the
// differences that FilterBank takes for derivatives, after three box filters of
// this width along either axis: an edge for p(x+1) − p(x−1), a bar for p(x+1) −
// 2·p(x) + p(x−1).
func strongest(width int) (edge, bar float64) {
	n := 3*width + 4
	k, impulse := make([]float64, n), make([]float64, n)
	impulse[n/2] = 1
	boxes(k, impulse, 1, n, width, 3, &scratch{a: make([]float64, n), b: make([]float64, n), sums: make([]float64, n)}) // the other axis multiplies by width³
	at := func(i int) float64 {
		if i < 0 || i >= n {
			return 0
		}
		return k[i]
	}
	for i := range n {
		edge += max(at(i-1)-at(i+1), 0)
		bar += max(at(i-1)-2*at(i)+at(i+1), 0)
	}
	return edge, bar
}
