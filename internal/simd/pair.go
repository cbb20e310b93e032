package simd

import "math"

// Oriented is a point and its normal, of unit length: x, y, z, 0, nx, ny, nz, 0.
type Oriented [8]float32

// MaxPairs is the largest number of pairs of a point that kernels count.
const MaxPairs = 255

// Undecided is the first bin of a pair of which rounding may decide a bin: it must be
// computed exactly.
const Undecided = 255

// Bins holds the bins of a point's pairs, by feature; each array ends in slack.
type Bins [3][MaxPairs + 9]uint8

// What a pair is measured against. With u = 2⁻²⁴, and float32 coordinates taken for
// exact, the difference of two points errs by u, and so does a normal; the cosines
// with the line by less than 10u = 6e-7; f2 by 75u = 5e-6 and the angle's sine and
// cosine by 115u = 7e-6 where slant holds, and the angle by 5e-5 where least holds
// too, 8e-5 bins, to which its series adds 2e-5. The guards are ten times as wide.
const (
	nearTie    = 4e-6     // difference of the two cosines that choose the source
	nearOne    = 1 - 4e-6 // cosine near which its rounded value may exceed 1
	slant      = 0.25     // sine of the angle between normal and line
	least      = 0.25     // length of the vector whose angle is asked for
	small      = 1e-30    // squared distances between which nothing is lost to
	large      = 1e30     // the range of float32
	guard      = 3e-4     // distance of a cosine from its bin's edge, in bins
	angleGuard = 1e-3     // the same of the angle
	perTurn    = 11 / (2 * math.Pi)
)

// PairBins stores the bins of the pairs of point i with the points of list, at most
// MaxPairs: 11 for each of the angle f1, and the cosines f2 and f3 of the Darboux
// frame that package fpfh describes. Bins are those of exact arithmetic; the first
// is Undecided where float32 does not suffice for one of the three. Entries beyond
// the list are undefined.
func PairBins(points []Oriented, i int, list []int32, bins *Bins) {
	if len(list) > MaxPairs {
		panic("simd: too many pairs")
	}
	if level > Generic && len(list) > 0 {
		pairBins((*[8]float32)(&points[0]), i, &list[0], len(list), bins)
		return
	}
	p := &points[i]
	for j, k := range list {
		bins[0][j], bins[1][j], bins[2][j] = pairBinsGeneric(p, &points[k])
	}
}

func pairBinsGeneric(p, q *Oriented) (b1, b2, b3 uint8) {
	dx, dy, dz := q[0]-p[0], q[1]-p[1], q[2]-p[2]
	mx, my, mz, nx, ny, nz := p[4], p[5], p[6], q[4], q[5], q[6]
	length2 := dot(dx, dy, dz, dx, dy, dz)
	length := sqrt(length2)
	inverse := 1 / length
	da, db := dot(mx, my, mz, dx, dy, dz), dot(nx, ny, nz, dx, dy, dz)
	a, b := float32(da*inverse), float32(db*inverse)
	aa, ab := abs(a), abs(b)
	known := abs(aa-ab) > nearTie && aa < nearOne && ab < nearOne && length2 > small && length2 < large
	f3 := a
	if aa < ab {
		mx, my, mz, nx, ny, nz = nx, ny, nz, mx, my, mz
		dx, dy, dz, da, db = -dx, -dy, -dz, -db, -da
		f3 = -b
	}
	vx, vy, vz := float32(dy*mz)-float32(dz*my), float32(dz*mx)-float32(dx*mz), float32(dx*my)-float32(dy*mx)
	norm := sqrt(dot(vx, vy, vz, vx, vy, vz))
	turn := 1 / norm
	known = known && norm > float32(length*slant)
	f2 := float32(dot(vx, vy, vz, nx, ny, nz) * turn)
	// w = m × v̂ of the definition is not needed: w·n = (n·d − (m·d)(m·n)) / |v|.
	x := dot(mx, my, mz, nx, ny, nz)
	y := float32((db - float32(da*x)) * turn)
	known = known && max(abs(x), abs(y)) > least
	b1, known = whole(angleBins(y, x), angleGuard, known)
	b2, known = whole(float32(float32((f2+1)*0.5)*11), guard, known)
	b3, known = whole(float32(float32((f3+1)*0.5)*11), guard, known)
	if !known {
		b1 = Undecided
	}
	return b1, b2, b3
}

func dot(ax, ay, az, bx, by, bz float32) float32 {
	return float32(ax*bx) + float32(ay*by) + float32(az*bz)
}

func sqrt(v float32) float32 { return float32(math.Sqrt(float64(v))) }

func abs(v float32) float32 { return math.Float32frombits(math.Float32bits(v) &^ (1 << 31)) }

// angleBins returns the angle of (x, y), in bins from −π.
func angleBins(y, x float32) float32 {
	ax, ay := abs(x), abs(y)
	t := min(ax, ay) / max(ax, ay)
	u := float32(t * t)
	u2 := float32(u * u)
	// Abramowitz & Stegun 4.4.47: arctan on [0, 1] to 1e-5.
	series := (0.1801410 - float32(0.0851330*u)) + float32(u2*0.0208351)
	series = (0.9998660 - float32(0.3302995*u)) + float32(u2*series)
	a := float32(series * t)
	if ay > ax {
		a = math.Pi/2 - a
	}
	if x < 0 {
		a = math.Pi - a
	}
	if y < 0 {
		a = -a
	}
	return float32((a + math.Pi) * perTurn)
}

// whole returns the bin of v, and whether that and what was known before is sure.
func whole(v, guard float32, known bool) (uint8, bool) {
	b := float32(math.Floor(float64(v)))
	f := v - b
	return uint8(int32(b)), known && f > guard && f < 1-guard
}
