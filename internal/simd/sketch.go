package simd

// Loops over the layers of a network, which come as one plane of float32 per channel.

// AddSquares adds the squares of v, in float64, to sums.
func AddSquares(sums []float64, v []float32) {
	n := len(v)
	sums = sums[:n]
	i := 0
	if level > Generic && n >= 4 {
		i = n &^ 3
		addSquares(&sums[0], &v[0], i)
	}
	for ; i < n; i++ {
		x := float64(v[i])
		sums[i] += float64(x * x)
	}
}

// AddScaled adds v·scale·sign, rounded after each product, to sums.
func AddScaled(sums, v, scale []float32, sign float32) {
	n := len(v)
	sums, scale = sums[:n], scale[:n]
	i := 0
	if level > Generic && n >= 8 {
		i = n &^ 7
		addScaled(&sums[0], &v[0], &scale[0], sign, i)
	}
	for ; i < n; i++ {
		x := float32(v[i] * scale[i])
		sums[i] += float32(x * sign)
	}
}

// fromPlanesAtOnce is the number of pixels whose channels are written before the next
// ones': so few that a line of memory is complete before it leaves the cache.
const fromPlanesAtOnce = 16

// FromPlanes turns c planes of n values into n pixels of c channels, stride apart in dst.
func FromPlanes(dst []float32, stride int, src []float32, n, c int) {
	if n == 0 || c == 0 {
		return
	}
	dst, src = dst[:(n-1)*stride+c], src[:n*c]
	for lo := 0; lo < n; lo += fromPlanesAtOnce {
		hi := min(lo+fromPlanesAtOnce, n)
		k := 0
		for ; k+8 <= c; k += 8 {
			i := lo
			if level > Generic && hi-lo >= 8 {
				i += (hi - lo) &^ 7
				fromPlanes(&src[k*n+lo], n, &dst[lo*stride+k], stride, i-lo)
			}
			if i == hi {
				continue
			}
			p0 := src[k*n+i : k*n+hi]
			p1 := src[(k+1)*n+i:][:len(p0)]
			p2 := src[(k+2)*n+i:][:len(p0)]
			p3 := src[(k+3)*n+i:][:len(p0)]
			p4 := src[(k+4)*n+i:][:len(p0)]
			p5 := src[(k+5)*n+i:][:len(p0)]
			p6 := src[(k+6)*n+i:][:len(p0)]
			p7 := src[(k+7)*n+i:][:len(p0)]
			at := i*stride + k
			for j, v := range p0 {
				d := dst[at : at+8 : at+8]
				d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7] = v, p1[j], p2[j], p3[j], p4[j], p5[j], p6[j], p7[j]
				at += stride
			}
		}
		for ; k < c; k++ {
			for i := lo; i < hi; i++ {
				dst[i*stride+k] = src[k*n+i]
			}
		}
	}
}
