package pointcloud

import (
	"math"
	"slices"

	"github.com/iad3d/iad3d/internal/simd"
)

// ranker sorts neighbours by distance. Squared distances of points on a surface
// spread evenly up to the largest, so that as many buckets of equal width as there
// are neighbours nearly sort them; insertion does the rest.
type ranker struct {
	ends   [maxBuckets]int32
	bucket []uint16
	dist2  []float64
	ids    []int32
	pairs  []Neighbor
	kernel simd.Ranking
}

const (
	minBuckets = 64
	maxBuckets = 1024
	few        = 20 // neighbours that insertion sorts at once
	crowd      = 64 // neighbours in one bucket that insertion would be slow for
)

// kernelRank is the number of neighbours from which the kernel, which sorts as many
// whatever their number, is faster than buckets.
const kernelRank = 48

// rank returns the k first of the neighbours ids at distances dist2, none above
// worst, in the order of [Neighbor]: ascending distance, ties by index; and the
// distance of the last of them, +Inf when they are fewer than k. The result is
// appended to out.
func (r *ranker) rank(out []int32, dist2 []float64, ids []int32, worst float64, k int) ([]int32, float64) {
	n := len(dist2)
	ids = ids[:n]
	if len(r.bucket) < n {
		r.bucket, r.dist2, r.ids = make([]uint16, 2*n), make([]float64, 2*n), make([]int32, 2*n)
	}
	if n >= kernelRank && k <= n {
		out = slices.Grow(out, k+simd.RankSlack)
		room := out[len(out):][:k+simd.RankSlack]
		if last, ok := simd.Rank(dist2, ids, k, worst/2, room, &r.kernel); ok {
			return out[:len(out)+k], last
		}
	}
	if n <= few {
		d, id := r.dist2[:n], r.ids[:n]
		copy(d, dist2)
		copy(id, ids)
		return first(out, d, id, k)
	}
	buckets := minBuckets
	for buckets < n && buckets < maxBuckets {
		buckets *= 2
	}
	scale := float64(buckets) / worst
	if !(scale > 0 && scale < math.MaxFloat64) { // no even spread: one bucket for all
		scale = 0
	}
	ends := r.ends[:buckets]
	clear(ends)
	bucket := r.bucket[:n]
	for i, d := range dist2 {
		b := min(int(d*scale), buckets-1)
		bucket[i] = uint16(b)
		ends[b&(maxBuckets-1)]++
	}
	var sum, used, most int32
	for b, c := range ends {
		most = max(most, c)
		ends[b] = sum
		if int(sum) < k {
			used = sum + c
		}
		sum += c
	}
	d, id := r.dist2[:n], r.ids[:n]
	for i, b := range bucket {
		at := &ends[b&(maxBuckets-1)]
		d[*at], id[*at] = dist2[i], ids[i]
		*at++
	}
	if most > crowd {
		r.sort(d, id, k)
		used = int32(min(n, k))
	}
	return first(out, d[:used], id[:used], k)
}

// first sorts the k first of the neighbours by insertion to the front and appends them
// to out; it returns the distance of the last of them, +Inf when they are fewer.
func first(out []int32, d []float64, id []int32, k int) ([]int32, float64) {
	id = id[:len(d)]
	for i := 1; i < len(d); i++ {
		di, ii := d[i], id[i]
		j := i
		if i >= k { // takes the place of the last, or none
			if j = k - 1; !(di < d[j] || di == d[j] && ii < id[j]) {
				continue
			}
		}
		for ; j > 0 && (di < d[j-1] || di == d[j-1] && ii < id[j-1]); j-- {
			d[j], id[j] = d[j-1], id[j-1]
		}
		d[j], id[j] = di, ii
	}
	if k > len(d) {
		return append(out, id...), math.Inf(1)
	}
	return append(out, id[:k]...), d[k-1]
}

// sort is for distances that are not spread: many ties, or one far neighbour.
func (r *ranker) sort(dist2 []float64, ids []int32, k int) {
	r.pairs = r.pairs[:0]
	for i, d := range dist2 {
		r.pairs = append(r.pairs, Neighbor{ids[i], d})
	}
	if k < len(r.pairs) {
		selectNearest(r.pairs, k)
		r.pairs = r.pairs[:k]
	}
	sortNeighbors(r.pairs)
	for i, p := range r.pairs {
		dist2[i], ids[i] = p.Dist2, p.Index
	}
}
