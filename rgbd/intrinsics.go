package rgbd

import (
	"errors"
	"fmt"

	"github.com/golang/geo/r2"
	"github.com/golang/geo/r3"
)

// ErrCamera is wrapped by every error about a camera that makes no sense, or
// does not fit an image.
var ErrCamera = errors.New("unusable camera")

// Intrinsics is a pinhole camera without lens distortion and the size of its
// images in pixels. In the camera's frame, x to the right, y down, z forward,
// the point (x, y, z) is seen at
//
//	u = Fx·x/z + Cx    v = Fy·y/z + Cy
//
// The centres of pixels are at whole numbers: (0, 0) is the centre of the upper
// left pixel, the corner of the image is (−½, −½) and its middle
// ((Width−1)/2, (Height−1)/2). That is the convention of OpenCV, ROS, PCL,
// Open3D and librealsense. Where the corner is (0, 0), as in renderers, Cx and Cy
// are larger by ½.
type Intrinsics struct {
	Width  int     `json:"width"`
	Height int     `json:"height"`
	Fx     float64 `json:"fx"` // focal lengths, pixels
	Fy     float64 `json:"fy"`
	Cx     float64 `json:"cx"` // principal point, pixels; may lie outside
	Cy     float64 `json:"cy"`
}

// maxSide bounds the sides of an image, far beyond any sensor's.
const maxSide = 1 << 20

// Check returns an error wrapping [ErrCamera] when the size is not positive, a
// focal length is not positive or a value is not finite.
func (k *Intrinsics) Check() error {
	switch {
	case k.Width < 1 || k.Height < 1 || k.Width > maxSide || k.Height > maxSide:
		return fmt.Errorf("%w: images of %d×%d pixels", ErrCamera, k.Width, k.Height)
	case !finite(k.Fx) || !finite(k.Fy) || k.Fx <= 0 || k.Fy <= 0:
		return fmt.Errorf("%w: focal lengths %g and %g pixels, want more than 0", ErrCamera, k.Fx, k.Fy)
	case !finite(k.Cx) || !finite(k.Cy):
		return fmt.Errorf("%w: principal point (%g, %g)", ErrCamera, k.Cx, k.Cy)
	}
	return nil
}

// Fits returns an error wrapping [ErrCamera] when an image of w×h pixels is not
// of the camera's size.
func (k *Intrinsics) Fits(w, h int) error {
	if k.Width != w || k.Height != h {
		return fmt.Errorf("%w: the intrinsics are for images of %d×%d pixels, this one is %d×%d", ErrCamera, k.Width, k.Height, w, h)
	}
	return nil
}

// BackProject returns the point that is seen at a pixel position and has depth
// z, which is measured along the optical axis and not along the ray:
//
//	x = (u − Cx)·z/Fx    y = (v − Cy)·z/Fy
//
// The point has the unit of z.
func (k *Intrinsics) BackProject(at r2.Point, z float64) r3.Vector {
	return r3.Vector{X: (at.X - k.Cx) * z / k.Fx, Y: (at.Y - k.Cy) * z / k.Fy, Z: z}
}

// Project returns where a point is seen. Ok is false when it does not lie in
// front of the camera or is not seen within the image, a pixel's whole area
// included: −½ ≤ u < Width−½, −½ ≤ v < Height−½.
func (k *Intrinsics) Project(p r3.Vector) (at r2.Point, ok bool) {
	if !(p.Z > 0) {
		return r2.Point{}, false
	}
	at = r2.Point{X: float64(k.Fx*p.X/p.Z) + k.Cx, Y: float64(k.Fy*p.Y/p.Z) + k.Cy}
	in := at.X >= -0.5 && at.X < float64(k.Width)-0.5 && at.Y >= -0.5 && at.Y < float64(k.Height)-0.5
	return at, in
}

// finite reports whether v is neither NaN nor infinite.
func finite(v float64) bool { return v-v == 0 }
