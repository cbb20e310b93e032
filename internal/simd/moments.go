package simd

// Moments stores the sums of x, y, z, xx, xy, xz, yy, yz and zz over the points list of
// xyz, three coordinates each, in float64 and in the order of the list.
func Moments(xyz []float32, list []int32, sums *[9]float64) {
	if level > Generic && len(list) > 0 {
		moments(&xyz[0], &list[0], len(list), sums)
		return
	}
	var x, y, z, xx, xy, xz, yy, yz, zz float64
	for _, i := range list {
		p := (*[3]float32)(xyz[3*i:])
		px, py, pz := float64(p[0]), float64(p[1]), float64(p[2])
		x += px
		y += py
		z += pz
		xx += float64(px * px)
		xy += float64(px * py)
		xz += float64(px * pz)
		yy += float64(py * py)
		yz += float64(py * pz)
		zz += float64(pz * pz)
	}
	*sums = [9]float64{x, y, z, xx, xy, xz, yy, yz, zz}
}

// Bounds returns the corners of the box around the points list of xyz, of which there is
// one at least; none may be NaN.
func Bounds(xyz []float32, list []int32) (lo, hi [3]float32) {
	lo = [3]float32(xyz[3*list[0]:])
	hi = lo
	if level > Generic {
		box := [8]float32{lo[0], lo[1], lo[2], 0, hi[0], hi[1], hi[2], 0}
		bounds(&xyz[0], &list[0], len(list), &box)
		return [3]float32(box[:]), [3]float32(box[4:])
	}
	for _, i := range list[1:] {
		for d, v := range (*[3]float32)(xyz[3*i:]) {
			if v < lo[d] {
				lo[d] = v
			}
			if v > hi[d] {
				hi[d] = v
			}
		}
	}
	return lo, hi
}
