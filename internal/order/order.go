// Package order finds order statistics without sorting.
package order

import (
	"cmp"
	"math/bits"
	"slices"
)

// Nth returns the value that would stand at place n of v were it sorted; none may be
// NaN. It reorders v: what is before n is not larger then, what is behind not smaller.
func Nth[T cmp.Ordered](v []T, n int) T {
	lo, hi := 0, len(v)-1
	for rounds := 4 * bits.Len(uint(len(v))); lo < hi; rounds-- {
		if rounds == 0 { // one would do were the pivots medians
			slices.Sort(v[lo : hi+1])
			break
		}
		pivot := v[lo+(hi-lo)/2]
		i, j := lo, hi
		for i <= j {
			for v[i] < pivot {
				i++
			}
			for v[j] > pivot {
				j--
			}
			if i <= j {
				v[i], v[j] = v[j], v[i]
				i++
				j--
			}
		}
		switch {
		case n <= j:
			hi = j
		case n >= i:
			lo = i
		default:
			return v[n]
		}
	}
	return v[n]
}
