package regions

import (
	"math"
	"slices"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/pointcloud"
)

// A lens says how the rays of a raster run.
type lens struct {
	kind lensKind
	x, y axis
}

type lensKind uint8

const (
	unknown  lensKind = iota
	pinhole           // x/z and y/z are linear in the pixel
	parallel          // x and y are
)

// axis is a coordinate as a function of the column or row: from + step·u.
type axis struct{ from, step float64 }

func (a axis) at(u int) float64 { return a.from + float64(a.step*float64(u)) }

const (
	lensSample  = 4000 // pixels that a lens is read from
	lensQuality = 0.5  // pixels by which 95 % of them may be off
	lensSpan    = 0.2  // of the raster: two pixels nearer than that tell no slope
)

// findLens reads the camera off the coordinates. Of a flat part both kinds fit: it
// is then a pinhole, as cameras are.
func findLens(c *pointcloud.Cloud) lens {
	idx := c.ValidIndices()
	n := min(len(idx), lensSample)
	sample := make([]int32, n)
	for j := range sample {
		sample[j] = idx[int(int64(j)*int64(len(idx))/int64(n))]
	}
	for _, kind := range []lensKind{pinhole, parallel} {
		x, offX := fitAxis(c, sample, kind, 0)
		y, offY := fitAxis(c, sample, kind, 1)
		if max(offX, offY) <= lensQuality {
			return lens{kind, x, y}
		}
	}
	return lens{}
}

// fitAxis fits coordinate k, 0 for x over columns and 1 for y over rows. off is
// what 95 % of the sample lie within, in pixels; infinite where nothing fits.
func fitAxis(c *pointcloud.Cloud, sample []int32, kind lensKind, k int) (a axis, off float64) {
	u := make([]float64, 0, len(sample))
	v := make([]float64, 0, len(sample))
	side := c.Width
	if k == 1 {
		side = c.Height
	}
	for _, i := range sample {
		p := at(c, int(i))
		value, pixel := p.X, int(i)%c.Width
		if k == 1 {
			value, pixel = p.Y, int(i)/c.Width
		}
		if kind == pinhole {
			if !(p.Z > 0) {
				return a, math.Inf(1)
			}
			value /= p.Z
		}
		u, v = append(u, float64(pixel)), append(v, value)
	}
	// The median slope of pairs (Theil 1950), of pixels far enough apart.
	var slopes []float64
	for j := range u {
		for _, stride := range []int{7, 61, 331, 1009} {
			o := (j + stride) % len(u)
			if d := u[o] - u[j]; math.Abs(d) >= max(2, lensSpan*float64(side)) {
				slopes = append(slopes, (v[o]-v[j])/d)
			}
		}
	}
	if len(slopes) < 10 {
		return a, math.Inf(1)
	}
	slices.Sort(slopes)
	a.step = slopes[len(slopes)/2]
	if a.step == 0 {
		return a, math.Inf(1)
	}
	rest := make([]float64, len(u))
	for j := range u {
		rest[j] = v[j] - float64(a.step*u[j])
	}
	slices.Sort(rest)
	a.from = rest[len(rest)/2]
	for j := range u {
		rest[j] = math.Abs(v[j]-a.at(int(u[j]))) / math.Abs(a.step)
	}
	slices.Sort(rest)
	return a, rest[len(rest)*95/100]
}

// at returns a point in millimetres, without the cloud's offset.
func at(c *pointcloud.Cloud, i int) r3.Vector { return millimetres(c.At(i), c.Unit) }

// millimetres converts a vector. The conversions keep processors that fuse products
// and sums from doing so where this is inlined.
func millimetres(v r3.Vector, u pointcloud.Unit) r3.Vector {
	k := 1000 * u.Metres()
	return r3.Vector{X: float64(v.X * k), Y: float64(v.Y * k), Z: float64(v.Z * k)}
}

// point returns where the ray of a pixel is at the depth z; false when the rays
// are not known.
func (l *lens) point(x, y int, z float64) (r3.Vector, bool) {
	p := r3.Vector{X: l.x.at(x), Y: l.y.at(y), Z: z}
	switch l.kind {
	case pinhole:
		p.X *= z
		p.Y *= z
	case parallel:
	default:
		return r3.Vector{}, false
	}
	return p, true
}

// cell returns the area of a pixel at the depth z across the optical axis; false
// when the rays are not known.
func (l *lens) cell(z float64) (float64, bool) {
	a := math.Abs(float64(l.x.step * l.y.step))
	switch l.kind {
	case pinhole:
		return a * z * z, true
	case parallel:
		return a, true
	}
	return 0, false
}

// pixel returns where a point is seen.
func (l *lens) pixel(p r3.Vector) (u, v float64) {
	if l.kind == pinhole {
		p.X /= p.Z
		p.Y /= p.Z
	}
	return (p.X - l.x.from) / l.x.step, (p.Y - l.y.from) / l.y.step
}
