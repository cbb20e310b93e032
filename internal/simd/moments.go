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
