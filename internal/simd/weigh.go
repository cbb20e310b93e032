package simd

// Histogram is a point of a cloud and the counts of its pairs by bin: one line of
// the cache. The kernels know its layout.
type Histogram struct {
	Counts [33]uint8 // 11 bins for each of three features
	Pairs  uint8     // how many were counted
	_      [6]byte
	XYZ    [3]float64
}

// Share is what a count of h is worth: all counts of a feature are 100, or 0 when
// there are none.
func (h *Histogram) Share() float64 {
	if h.Pairs == 0 {
		return 0
	}
	return 100 / float64(h.Pairs)
}

// Weigh stores the sums of the counts of rows[k], k in list, each weighted by its
// Share over its squared distance from at; products are rounded and added in the
// order of the list. A point at distance 0 counts for nothing.
func Weigh(rows []Histogram, list []int32, at *[3]float64, sums *[33]float64) {
	if level > Generic && len(list) > 0 {
		weigh(&rows[0], &list[0], len(list), at, sums)
		return
	}
	weighGeneric(rows, list, at, sums)
}

// weighGeneric goes through the list once for each block of sums, so that they stay
// in registers.
func weighGeneric(rows []Histogram, list []int32, at *[3]float64, sums *[33]float64) {
	var weights [MaxPairs + 1]float64
	for len(list) > len(weights) {
		panic("simd: too many neighbours")
	}
	for j, k := range list {
		p := &rows[k].XYZ
		dx, dy, dz := p[0]-at[0], p[1]-at[1], p[2]-at[2]
		weights[j] = 0
		if d := float64(dx*dx) + float64(dy*dy) + float64(dz*dz); d != 0 {
			weights[j] = rows[k].Share() / d
		}
	}
	for b := 0; b < 33; b += 11 {
		var s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10 float64
		for j, k := range list {
			h, w := (*[11]uint8)(rows[k].Counts[b:]), weights[j]
			s0 += float64(w * float64(h[0]))
			s1 += float64(w * float64(h[1]))
			s2 += float64(w * float64(h[2]))
			s3 += float64(w * float64(h[3]))
			s4 += float64(w * float64(h[4]))
			s5 += float64(w * float64(h[5]))
			s6 += float64(w * float64(h[6]))
			s7 += float64(w * float64(h[7]))
			s8 += float64(w * float64(h[8]))
			s9 += float64(w * float64(h[9]))
			s10 += float64(w * float64(h[10]))
		}
		*(*[11]float64)(sums[b:]) = [11]float64{s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10}
	}
}
