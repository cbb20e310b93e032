package xyztiff

import (
	"math"

	"github.com/iad3d/iad3d/pointcloud"
)

// Cloud returns the image as an organised cloud in metres, of which the pixels
// that are (0, 0, 0), NaN or infinite are missing. The image must have three
// samples of a float type, else the error wraps [ErrUnsupported]. The cloud's
// XYZ is im.F32 itself, not a copy. Float64 is narrowed to float32; a coordinate
// beyond its range makes a pixel missing.
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
		for i, v := range im.F64 {
			c.XYZ[i] = float32(v)
		}
	}
	c.MarkMissing(pointcloud.Missing{})
	return c, nil
}

// FromCloud returns the float32 image of an organised cloud, in metres whatever
// the cloud's unit, with missing pixels as (0, 0, 0). The image shares nothing
// with the cloud. It panics when c is not organised.
func FromCloud(c *pointcloud.Cloud) *Image {
	if !c.Organised() || c.Width*c.Height != c.Len() {
		panic("xyztiff: FromCloud of a cloud that is not organised")
	}
	im := &Image{Width: c.Width, Height: c.Height, Samples: 3, F32: make([]float32, len(c.XYZ))}
	unit := c.Unit.Metres()
	for i := range c.Len() {
		if c.IsValid(i) {
			for k := 3 * i; k < 3*i+3; k++ {
				im.F32[k] = float32(float64(c.XYZ[k]) * unit)
			}
		}
	}
	return im
}
