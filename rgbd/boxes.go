package rgbd

// boxes returns the h×w raster summed over windows of width pixels, an odd
// number, along either axis, so many times over: after three the window is
// Gaussian to a few per cent. Values are sums, not means; the caller sees to it
// that they stay within an int64. Each time the border repeats.
func boxes(src []int64, h, w, width, times int) []int64 {
	r := width / 2
	dst := make([]int64, h*w)
	row := make([]int64, w+2*r+1) // with r pixels repeated on either side, and one to read in vain
	for y := range h {
		line := dst[y*w:][:w]
		copy(line, src[y*w:])
		for range times {
			copy(row[r:], line)
			sum := int64(0)
			for i := range r {
				row[i], row[r+w+i] = line[0], line[w-1]
			}
			for _, v := range row[:width] {
				sum += v
			}
			in, out := row[width:][:w], row[:w]
			for x := range line {
				line[x] = sum
				sum += in[x] - out[x]
			}
		}
	}
	sum := make([]int64, w)
	from, to := dst, make([]int64, h*w)
	for range times {
		clear(sum)
		for y := -r; y <= r; y++ {
			for x, v := range from[min(max(y, 0), h-1)*w:][:w] {
				sum[x] += v
			}
		}
		for y := range h {
			line := to[y*w:][:w]
			in, out := from[min(y+r+1, h-1)*w:][:w], from[max(y-r, 0)*w:][:w]
			for x, s := range sum {
				line[x] = s
				sum[x] = s + in[x] - out[x]
			}
		}
		from, to = to, from
	}
	return from
}

// strongest returns what the best pattern of zeros and ones makes of the
// differences that FilterBank takes for derivatives, after three box filters of
// this width along either axis: an edge for p(x+1) − p(x−1), a bar for p(x+1) −
// 2·p(x) + p(x−1).
func strongest(width int) (edge, bar float64) {
	n := 3*width + 4
	impulse := make([]int64, n)
	impulse[n/2] = 1
	k := boxes(impulse, 1, n, width, 3) // the other axis multiplies by width³
	at := func(i int) float64 {
		if i < 0 || i >= n {
			return 0
		}
		return float64(k[i])
	}
	for i := range n {
		edge += max(at(i-1)-at(i+1), 0)
		bar += max(at(i-1)-2*at(i)+at(i+1), 0)
	}
	return edge, bar
}
