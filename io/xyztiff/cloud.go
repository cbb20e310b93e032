package xyztiff

import (
	"math"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/pointcloud"
)

// Cloud returns the image as an organised cloud in metres, of which the pixels
// that are (0, 0, 0), NaN or infinite are missing. The image must have three
// samples of a float type, else the error wraps [ErrUnsupported]. The cloud's
// XYZ is im.F32 itself, not a copy. Float64 is narrowed to float32, with an Offset
// where that would cost too much ([pointcloud.OffsetFor]) unless every coordinate
// is a float32; a coordinate beyond the range makes a pixel missing.
func (im *Image) Cloud() (*pointcloud.Cloud, error) {
	im.check()
	if im.Samples != 3 || im.Type() == Uint16 {
		return nil, unsupported("a cloud needs three float samples per pixel, not %d of %v", im.Samples, im.Type())
	}
	if int64(im.Width)*int64(im.Height) > math.MaxInt32 {
		return nil, tooLarge("cloud of %d×%d points", im.Width, im.Height)
	}
	c := &pointcloud.Cloud{XYZ: im.F32, Width: im.Width, Height: im.Height, Unit: pointcloud.Metre}
	if c.XYZ == nil {
		c.XYZ = make([]float32, len(im.F64))
		c.Offset = offset(im.F64)
		moved := c.Offset != (r3.Vector{})
		for i := 0; i < len(im.F64); i += 3 {
			p := im.F64[i : i+3]
			if moved && missing(p) {
				continue // (0, 0, 0) stays what it is
			}
			c.XYZ[i], c.XYZ[i+1], c.XYZ[i+2] = float32(p[0]-c.Offset.X), float32(p[1]-c.Offset.Y), float32(p[2]-c.Offset.Z)
		}
		if moved { // a point at the offset is not missing
			c.Valid = make([]bool, len(im.F64)/3)
			for i := range c.Valid {
				c.Valid[i] = !missing(im.F64[3*i : 3*i+3])
			}
			return c, nil
		}
	}
	c.MarkMissing(pointcloud.Missing{})
	return c, nil
}

// missing reports whether a pixel is (0, 0, 0) or not finite.
func missing(p []float64) bool {
	return p[0]-p[0] != 0 || p[1]-p[1] != 0 || p[2]-p[2] != 0 || p[0] == 0 && p[1] == 0 && p[2] == 0
}

// offset returns the Offset for coordinates, zero when a float32 holds each of
// them.
func offset(xyz []float64) r3.Vector {
	inf := math.Inf(1)
	lo, hi := r3.Vector{X: inf, Y: inf, Z: inf}, r3.Vector{X: -inf, Y: -inf, Z: -inf}
	exact := true
	for i := 0; i < len(xyz); i += 3 {
		p := xyz[i : i+3]
		if missing(p) {
			continue
		}
		lo = r3.Vector{X: min(lo.X, p[0]), Y: min(lo.Y, p[1]), Z: min(lo.Z, p[2])}
		hi = r3.Vector{X: max(hi.X, p[0]), Y: max(hi.Y, p[1]), Z: max(hi.Z, p[2])}
		for _, v := range p {
			exact = exact && float64(float32(v)) == v
		}
	}
	if exact {
		return r3.Vector{}
	}
	return pointcloud.OffsetFor(lo, hi)
}

// FromCloud returns the image of an organised cloud, in metres whatever the
// cloud's unit, with missing pixels as (0, 0, 0): of float32, or of float64 when
// the cloud has an Offset, which is added. The image shares nothing with the
// cloud. It panics when c is not organised.
func FromCloud(c *pointcloud.Cloud) *Image {
	if !c.Organised() || c.Width*c.Height != c.Len() {
		panic("xyztiff: FromCloud of a cloud that is not organised")
	}
	unit := c.Unit.Metres()
	if c.Offset != (r3.Vector{}) {
		im := &Image{Width: c.Width, Height: c.Height, Samples: 3, F64: make([]float64, len(c.XYZ))}
		for i := range c.Len() {
			if c.IsValid(i) {
				p := c.Absolute(i)
				im.F64[3*i], im.F64[3*i+1], im.F64[3*i+2] = p.X*unit, p.Y*unit, p.Z*unit
			}
		}
		return im
	}
	im := &Image{Width: c.Width, Height: c.Height, Samples: 3, F32: make([]float32, len(c.XYZ))}
	for i := range c.Len() {
		if c.IsValid(i) {
			for k := 3 * i; k < 3*i+3; k++ {
				im.F32[k] = float32(float64(c.XYZ[k]) * unit)
			}
		}
	}
	return im
}
