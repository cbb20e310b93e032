package simd

// Count stores how many of the first n pairs have each bin, 11 for each feature, one
// after another; none may be Undecided.
func Count(bins *Bins, n int, counts *[33]uint8) {
	if n > MaxPairs {
		panic("simd: too many pairs")
	}
	if level > Generic {
		count(bins, n, counts)
		return
	}
	*counts = [33]uint8{}
	for f := range bins {
		block := counts[11*f:][:11]
		for _, b := range bins[f][:n] {
			block[b]++
		}
	}
}
