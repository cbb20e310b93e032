package metrics

import (
	"math"
	"math/bits"
	"unsafe"
)

// order maps finite scores to integers that compare as the scores do; −0 comes
// just before 0. Sorting by it therefore sorts by value, with equal values side
// by side.
func order[S Score](v S) uint64 {
	if unsafe.Sizeof(v) == 4 {
		b := math.Float32bits(float32(v))
		return uint64(b ^ (uint32(int32(b)>>31) | 1<<31))
	}
	b := math.Float64bits(float64(v))
	return b ^ (uint64(int64(b)>>63) | 1<<63)
}

// orderRange returns the smallest and the largest order among vals.
func orderRange[S Score](vals []S) (lo, hi uint64) {
	lo = math.MaxUint64
	for _, v := range vals {
		k := order(v)
		lo, hi = min(lo, k), max(hi, k)
	}
	return lo, hi
}

// sortTagged sorts vals in ascending order, stably by their bits, and takes tags (nil, or one
// per value) along. It returns them in the slices given or in new ones.
func sortTagged[S Score](vals []S, tags []int32) ([]S, []int32) {
	if len(vals) < 2 {
		return vals, tags
	}
	lo, hi := orderRange(vals)
	return radixSort(vals, make([]S, len(vals)), tags, make([]int32, len(tags)), lo, bits.Len64(hi-lo))
}

// radixSort sorts vals in ascending order, stably and by the least significant
// digit first, taking tags (nil, or one per value) along. The values' orders
// lie in [base, base+1<<width). tmp and tmpTags are scratch of the same length;
// what is returned is one pair or the other, the rest is overwritten.
func radixSort[S Score](vals, tmp []S, tags, tmpTags []int32, base uint64, width int) ([]S, []int32) {
	const most = 11 // bits of a digit: 2048 write positions stay in the first-level cache
	passes := (width + most - 1) / most
	if passes == 0 {
		return vals, tags
	}
	digit := (width + passes - 1) / passes
	mask := uint64(1)<<digit - 1
	for shift := 0; shift < width; shift += digit {
		var next [1 << most]int
		for _, v := range vals {
			next[(order(v)-base)>>shift&mask]++
		}
		if next[(order(vals[0])-base)>>shift&mask] == len(vals) {
			continue // one digit for all
		}
		at := 0
		for d, n := range next[:mask+1] {
			next[d] = at
			at += n
		}
		for i, v := range vals {
			d := (order(v) - base) >> shift & mask
			j := next[d]
			next[d]++
			tmp[j] = v
			if len(tags) > 0 {
				tmpTags[j] = tags[i]
			}
		}
		vals, tmp = tmp, vals
		tags, tmpTags = tmpTags, tags
	}
	return vals, tags
}
