package simd

// Loops over the pixels of planes, rasters of one value each.

// Slide stores window sums in line and moves them on: sums become (sums + in) − out.
// All have the length of line.
func Slide(line, sums, in, out []float64) {
	n := len(line)
	sums, in, out = sums[:n], in[:n], out[:n]
	i := 0
	if level > Generic && n >= 4 {
		i = n &^ 3
		slide(&line[0], &sums[0], &in[0], &out[0], i)
	}
	for ; i < n; i++ {
		s := sums[i]
		line[i] = s
		sums[i] = s + in[i] - out[i]
	}
}

// Transpose stores the h×w values of src as w×h in dst.
func Transpose(dst, src []float64, h, w int) {
	dst, src = dst[:h*w], src[:h*w]
	y := 0
	if level > Generic && h >= 4 && w >= 4 {
		for ; y+4 <= h; y += 4 {
			transpose(&src[y*w], w, &dst[y], h, w&^3)
			for x := w &^ 3; x < w; x++ {
				for k := range 4 {
					dst[x*h+y+k] = src[(y+k)*w+x]
				}
			}
		}
	}
	for ; y < h; y++ {
		for x, v := range src[y*w:][:w] {
			dst[x*h+y] = v
		}
	}
}

// Directions stores the positive parts of x, x+y, y, y−x and of their negatives, in this
// order, at 0, stride, 2·stride … of out. Zeros are positive.
func Directions(x, y []float64, out []float64, stride int) {
	n := len(x)
	y, out = y[:n], out[:7*stride+n]
	i := 0
	if level > Generic && n >= 4 {
		i = n &^ 3
		directions(&x[0], &y[0], i, &out[0], stride)
	}
	for ; i < n; i++ {
		for k, v := range [4]float64{x[i], x[i] + y[i], y[i], y[i] - x[i]} {
			out[k*stride+i], out[(k+4)*stride+i] = positive(v), positive(-v)
		}
	}
}

func positive(v float64) float64 {
	if v > 0 {
		return v
	}
	return 0
}

// Saturate stores peak·s/(s + half) in dst, for s = v·gain.
func Saturate(dst []float32, v []float64, gain, peak, half float64) {
	n := len(dst)
	v = v[:n]
	i := 0
	if level > Generic && n >= 4 {
		i = n &^ 3
		saturate(&dst[0], &v[0], i, &[3]float64{gain, peak, half})
	}
	for ; i < n; i++ {
		s := float64(v[i] * gain)
		dst[i] = float32(float64(peak*s) / (s + half))
	}
}

// AddRoots adds the square roots of row, rounded to float32 before and after, to sums.
func AddRoots(sums, row []float64) {
	n := len(row)
	sums = sums[:n]
	i := 0
	if level > Generic && n >= 4 {
		i = n &^ 3
		addRoots(&sums[0], &row[0], i)
	}
	for ; i < n; i++ {
		sums[i] += float64(sqrt(float32(row[i])))
	}
}

// AddPairs adds (a + b)·k to sums, which has the length of a and b or less.
func AddPairs(sums, a, b []float64, k float64) {
	n := len(sums)
	a, b = a[:n], b[:n]
	i := 0
	if level > Generic && n >= 4 {
		i = n &^ 3
		addPairs(&sums[0], &a[0], &b[0], k, i)
	}
	for ; i < n; i++ {
		sums[i] += float64((a[i] + b[i]) * k)
	}
}

// MixRows stores in dst the sums of the rows of src, stride apart, each times its weight,
// and start, shifted right by shift and clipped to bytes. Sums must fit into an int32.
func MixRows(dst, src []uint8, stride int, weights []int32, start int32, shift uint8) {
	n := len(dst)
	if n == 0 || len(weights) == 0 {
		panic("simd: nothing to mix")
	}
	src = src[:(len(weights)-1)*stride+n]
	i := 0
	if level > Generic && n >= 8 {
		i = n &^ 7
		mixRows(&dst[0], &src[0], stride, &weights[0], len(weights), start, int(shift), i)
	}
	for ; i < n; i++ {
		sum := start
		for j, w := range weights {
			sum += int32(src[j*stride+i]) * w
		}
		dst[i] = uint8(min(max(sum>>shift, 0), 255))
	}
}
