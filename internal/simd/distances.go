package simd

// Distances stores, for each r in list, the squared Euclidean distance of q from row
// r of rows, which are of len(q) values, in dist2. Value d counts in the sum d mod 4,
// but for the last len(q) mod 4 values, which count in sum 0; squares are rounded and
// added in the order of d, and the four sums as (s0 + s1) + (s2 + s3).
func Distances(q []float64, rows []float32, list []int32, dist2 []float64) {
	dist2 = dist2[:len(list)]
	for _, r := range list {
		if r < 0 || (int(r)+1)*len(q) > len(rows) {
			panic("simd: no such row")
		}
	}
	if level > Generic && len(list) > 0 && len(q) > 0 {
		distances(&q[0], len(q), &rows[0], &list[0], len(list), &dist2[0])
		return
	}
	distancesGeneric(q, rows, list, dist2)
}

func distancesGeneric(q []float64, rows []float32, list []int32, dist2 []float64) {
	for i, r := range list {
		row := rows[int(r)*len(q):][:len(q)]
		var s0, s1, s2, s3 float64
		p := q
		for len(p) >= 4 && len(row) >= 4 {
			d0, d1 := p[0]-float64(row[0]), p[1]-float64(row[1])
			d2, d3 := p[2]-float64(row[2]), p[3]-float64(row[3])
			s0 += float64(d0 * d0)
			s1 += float64(d1 * d1)
			s2 += float64(d2 * d2)
			s3 += float64(d3 * d3)
			p, row = p[4:], row[4:]
		}
		for d, v := range p {
			e := v - float64(row[d])
			s0 += float64(e * e)
		}
		dist2[i] = (s0 + s1) + (s2 + s3)
	}
}
