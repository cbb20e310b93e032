package simd

const (
	// MaxRank is the most neighbours that Rank sorts.
	MaxRank = 2 * rankAtOnce
	// RankSlack is how many entries beyond the k asked for Rank may overwrite.
	RankSlack = 15

	rankAtOnce = 128
)

// Ranking is scratch space of Rank.
type Ranking struct {
	keys  [rankAtOnce]uint64
	dist2 [2][MaxRank + WithinSlack]float64
	near  [2][MaxRank + WithinSlack]int32
}

// Rank stores in out the first k of the ids near, ascending by distance, and returns
// the distance of the k-th. ok is false, and out undefined, where it cannot: without a
// kernel, above MaxRank distances, when two of them agree in all but their last seven
// bits, or when more than half of MaxRank lie on one side of middle. Distances are not
// negative, 0 < k ≤ len(dist2), and out has room for k and RankSlack more.
func Rank(dist2 []float64, near []int32, k int, middle float64, out []int32, s *Ranking) (last float64, ok bool) {
	n := len(dist2)
	if level != AVX512 || n > MaxRank {
		return 0, false
	}
	if k < 1 || k > n {
		panic("simd: rank of more neighbours than there are")
	}
	near, out = near[:n], out[:k+RankSlack]
	if n <= rankAtOnce {
		return s.rank(dist2, near, k, out)
	}
	low := split(&dist2[0], &near[0], n, middle, &s.dist2[0][0], &s.near[0][0], &s.dist2[1][0], &s.near[1][0])
	if low > rankAtOnce || k > low && n-low > rankAtOnce {
		return 0, false
	}
	if low > 0 {
		if last, ok = s.rank(s.dist2[0][:low], s.near[0][:low], min(k, low), out); !ok || k <= low {
			return last, ok
		}
	}
	return s.rank(s.dist2[1][:n-low], s.near[1][:n-low], k-low, out[low:])
}

// rank is Rank for what the kernel sorts at once.
func (s *Ranking) rank(dist2 []float64, near []int32, k int, out []int32) (float64, bool) {
	last := rank(&dist2[0], &near[0], len(dist2), k, &out[0], &s.keys)
	if last < 0 {
		return 0, false
	}
	return dist2[last], true
}
