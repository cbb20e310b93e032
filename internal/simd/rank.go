package simd

// MaxRank is the most neighbours that Rank sorts.
const MaxRank = 128

// RankSlack is how many entries beyond the k asked for Rank may overwrite.
const RankSlack = 15

// Rank stores in out the first k of the ids near, ascending by distance, and returns
// the index of the k-th in dist2. ok is false, and out undefined, where it cannot:
// without a kernel, above MaxRank distances, or when two of them agree in all but
// their last seven bits. Distances are not negative, 0 < k ≤ len(dist2), and out has
// room for k and RankSlack more; keys is scratch space.
func Rank(dist2 []float64, near []int32, k int, out []int32, keys *[MaxRank]uint64) (last int, ok bool) {
	n := len(dist2)
	if level != AVX512 || n > MaxRank {
		return 0, false
	}
	if k < 1 || k > n {
		panic("simd: rank of more neighbours than there are")
	}
	near, out = near[:n], out[:k+RankSlack]
	last = rank(&dist2[0], &near[0], n, k, &out[0], keys)
	return last, last >= 0
}
