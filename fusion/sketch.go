package fusion

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/internal/simd"
)

// Sketch returns a map of unit vectors: every pixel of m divided by its length
// (zeros stay zeros), then brought down to dim channels, which keeps distances
// between pixels in expectation. A map of at most dim channels is normalised only.
//
// Each of the dim channels is the sum, with random signs, of as many channels of m,
// every one of which counts once: the sketch of M. Charikar, K. Chen, M.
// Farach-Colton (2002) and K. Weinberger et al. (ICML 2009) with buckets of equal
// size, so the squared distance of two pixels comes out with a relative standard
// deviation of at most about √(2/dim). It costs one addition per value, where a
// dense projection costs dim. Signs and buckets follow from seed and the number of
// channels alone.
func Sketch(m *grid.Map, dim int, seed uint64) *grid.Map {
	bucket, sign := buckets(m.C, min(dim, m.C), seed)
	out := grid.New(m.H, m.W, min(dim, m.C))
	out.Valid = m.Valid
	for i := range m.H * m.W {
		from, to := m.Data[i*m.C:(i+1)*m.C], out.Data[i*out.C:(i+1)*out.C]
		sum := 0.0
		for _, v := range from {
			sum += float64(float64(v) * float64(v))
		}
		if sum == 0 {
			continue
		}
		scale := float32(1 / math.Sqrt(sum))
		for c, v := range from {
			to[bucket[c]] += float32(float32(v*scale) * sign[c])
		}
	}
	return out
}

// planesAtOnce is the number of buckets that become channels of the target together: a
// line of memory.
const planesAtOnce = 16

// SketchPlanes is [Sketch] of a map of h×w pixels that lies channel by channel, value
// (y, x, k) at (k·h + y)·w + x, as convolutional networks give it: the same bits without
// that map.
func SketchPlanes(planes []float32, h, w, c, dim int, seed uint64) *grid.Map {
	if h < 0 || w < 0 || c < 0 || len(planes) != h*w*c {
		panic(fmt.Sprintf("fusion: %d values do not make %d planes of %d×%d pixels", len(planes), c, h, w))
	}
	n := h * w
	dim = min(dim, c)
	out := grid.New(h, w, dim)
	squares := make([]float64, n)
	for k := range c {
		simd.AddSquares(squares, planes[k*n:][:n])
	}
	scale := make([]float32, n)
	for i, sum := range squares {
		if sum != 0 { // else all its products are zeros
			scale[i] = float32(1 / math.Sqrt(sum))
		}
	}
	bucket, sign := buckets(c, dim, seed)
	in := make([][]int, dim) // the channels of each, in order: that of the sums
	for k, b := range bucket {
		in[b] = append(in[b], k)
	}
	sums := make([]float32, planesAtOnce*n)
	for lo := 0; lo < dim; lo += planesAtOnce {
		hi := min(lo+planesAtOnce, dim)
		clear(sums)
		for b := lo; b < hi; b++ {
			for _, k := range in[b] {
				simd.AddScaled(sums[(b-lo)*n:][:n], planes[k*n:][:n], scale, sign[k])
			}
		}
		if n > 0 {
			simd.FromPlanes(out.Data[lo:], dim, sums, n, hi-lo)
		}
	}
	return out
}

// buckets deals channels out at random, with random signs; one bucket each, in
// order and with their own signs, when there are as many buckets as channels.
func buckets(channels, dim int, seed uint64) ([]int32, []float32) {
	bucket, sign := make([]int32, channels), make([]float32, channels)
	r := rand.NewPCG(seed, uint64(channels))
	for c := range bucket {
		bucket[c], sign[c] = int32(c%dim), 1
		if dim < channels && r.Uint64()>>63 == 1 {
			sign[c] = -1
		}
	}
	for c := channels - 1; c > 0 && dim < channels; c-- {
		j := int(r.Uint64() % uint64(c+1))
		bucket[c], bucket[j] = bucket[j], bucket[c]
	}
	return bucket, sign
}
