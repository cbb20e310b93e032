package simd

// WithinSlack is how many entries beyond the points found Within may overwrite.
const WithinSlack = 8

// Run is the range of points Start to End−1.
type Run struct{ Start, End int32 }

// Within finds, in the runs given, the points (x[i], y[i], z[i]) whose squared
// distance from (qx, qy, qz) is at most worst: it stores the distances in dist2 and
// ids[i] in near, in the order of the runs, and returns how many there are.
// Products are rounded, and summed from left to right. x, y, z and ids have one
// length; dist2 and near have room for WithinSlack entries more than there are
// points in the runs, of which those beyond the result are undefined.
func Within(x, y, z []float64, ids []int32, runs []Run, qx, qy, qz, worst float64, dist2 []float64, near []int32) int {
	n := int32(len(x))
	y, z, ids = y[:n], z[:n], ids[:n]
	points := 0
	for _, r := range runs {
		if r.Start < 0 || r.End < r.Start || r.End > n {
			panic("simd: run outside the points")
		}
		points += int(r.End - r.Start)
	}
	dist2, near = dist2[:points+WithinSlack], near[:points+WithinSlack]
	if level > Generic && points > 0 {
		return within(&x[0], &y[0], &z[0], &ids[0], &runs[0], len(runs), &[4]float64{qx, qy, qz, worst}, &dist2[0], &near[0])
	}
	return withinGeneric(x, y, z, ids, runs, qx, qy, qz, worst, dist2, near)
}

func withinGeneric(x, y, z []float64, ids []int32, runs []Run, qx, qy, qz, worst float64, dist2 []float64, near []int32) int {
	found := 0
	for _, r := range runs {
		x, y, z, ids := x[r.Start:r.End], y[r.Start:r.End], z[r.Start:r.End], ids[r.Start:r.End]
		for i, xi := range x {
			dx, dy, dz := xi-qx, y[i]-qy, z[i]-qz
			d := float64(dx*dx) + float64(dy*dy) + float64(dz*dz)
			dist2[found], near[found] = d, ids[i]
			if d <= worst {
				found++
			}
		}
	}
	return found
}
