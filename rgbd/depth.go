package rgbd

import (
	"fmt"
	"slices"

	"github.com/golang/geo/r2"

	"github.com/iad3d/iad3d/pointcloud"
)

// DepthImage is a raster of depth values as a sensor stores them. Exactly one of
// U16 and F32 is not nil; the value of pixel (x, y) is its element y·Width + x.
type DepthImage struct {
	Width, Height int
	U16           []uint16
	F32           []float32
}

// DepthUnits says what stored depth values mean: a value v is the depth
// v·Scale + Offset in metres. The zero value is what depth cameras write:
// whole numbers are millimetres, floats metres, 0 is a missing pixel.
type DepthUnits struct {
	Scale  float64 // metres per step; 0 = 0.001 for whole numbers and 1 for floats
	Offset float64 // metres at value 0
	// Invalid are the values of pixels that were not measured. Nil stands for 0
	// alone; empty but not nil, for none.
	Invalid []float64
}

// Check returns an error wrapping [ErrCamera] for a scale below 0 or a value
// that is not finite. NaN and infinities need not be listed as invalid.
func (u *DepthUnits) Check() error {
	switch {
	case !finite(u.Scale) || u.Scale < 0:
		return fmt.Errorf("%w: depth scale %g metres per step, want more than 0", ErrCamera, u.Scale)
	case !finite(u.Offset):
		return fmt.Errorf("%w: depth offset %g metres", ErrCamera, u.Offset)
	}
	return nil
}

// Millimetre and metre as depth scales.
const (
	perMillimetre = 1e-3
	perMetre      = 1
)

// Camera is what turns the images of a capture into a scan.
type Camera struct {
	Intrinsics   Intrinsics    // of the depth image
	Units        DepthUnits    // of the depth image
	Registration *Registration // of the colour image; nil when it has the depth image's pixels
}

// Check returns an error wrapping [ErrCamera] when a part makes no sense.
func (c *Camera) Check() error {
	if err := c.Intrinsics.Check(); err != nil {
		return err
	}
	if err := c.Units.Check(); err != nil {
		return err
	}
	return c.Registration.Check()
}

// Cloud returns the organised cloud, in metres, that a depth image of the camera
// shows: pixel (x, y) becomes the point [Intrinsics.BackProject] gives for
// (x, y), computed in float64 and rounded once. A pixel is missing, and its
// point (0, 0, 0), when its value is invalid, NaN or infinite, its depth is not
// above 0, or a coordinate is beyond float32. The error wraps [ErrCamera]: the
// camera makes no sense or has another size.
func (c *Camera) Cloud(d *DepthImage) (*pointcloud.Cloud, error) {
	n := d.check()
	if err := c.Check(); err != nil {
		return nil, err
	}
	if err := c.Intrinsics.Fits(d.Width, d.Height); err != nil {
		return nil, err
	}
	scale, invalid := c.Units.Scale, c.Units.Invalid
	if scale == 0 {
		scale = perMetre
		if d.U16 != nil {
			scale = perMillimetre
		}
	}
	if invalid == nil {
		invalid = []float64{0}
	}
	cloud := &pointcloud.Cloud{
		XYZ: make([]float32, 3*n), Valid: make([]bool, n),
		Width: d.Width, Height: d.Height, Unit: pointcloud.Metre,
	}
	for i := range n {
		v := d.value(i)
		z := float64(v*scale) + c.Units.Offset
		if !(z > 0) || slices.Contains(invalid, v) {
			continue
		}
		p := c.Intrinsics.BackProject(r2.Point{X: float64(i % d.Width), Y: float64(i / d.Width)}, z)
		xyz := [3]float32{float32(p.X), float32(p.Y), float32(p.Z)}
		// A depth of less than any float32 would leave a point at the camera.
		if finite(float64(xyz[0])) && finite(float64(xyz[1])) && finite(float64(xyz[2])) && xyz[2] > 0 {
			cloud.Valid[i] = true
			copy(cloud.XYZ[3*i:], xyz[:])
		}
	}
	return cloud, nil
}

func (d *DepthImage) value(i int) float64 {
	if d.U16 != nil {
		return float64(d.U16[i])
	}
	return float64(d.F32[i])
}

// check returns the number of pixels. It panics for an image that breaks the
// invariants of DepthImage: only a caller can have made it.
func (d *DepthImage) check() int {
	n := len(d.U16) + len(d.F32)
	if (d.U16 != nil) == (d.F32 != nil) || d.Width <= 0 || d.Height <= 0 || n%d.Width != 0 || n/d.Width != d.Height {
		panic(fmt.Sprintf("rgbd: depth image of %d×%d pixels with %d uint16 and %d float32 values", d.Width, d.Height, len(d.U16), len(d.F32)))
	}
	return n
}
