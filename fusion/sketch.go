package fusion

import (
	"math"
	"math/rand/v2"

	"github.com/iad3d/iad3d/grid"
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
