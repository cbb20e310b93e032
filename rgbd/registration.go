package rgbd

import (
	"fmt"
	"image"
	"math"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/pointcloud"
)

// Registration says how the colour image of a capture lies over its geometry
// when the two have not the same pixels. Either Scaled is set or Camera. A nil
// Registration stands for the same pixels.
type Registration struct {
	// Scaled: both images show the same field of view, in different numbers of
	// pixels. The colour image is resized.
	Scaled bool
	// Camera is the colour camera where it is one of its own. A point p of the
	// depth camera's frame is Rotation·p + Translation in that of the colour
	// camera, in metres; Rotation is row-major.
	Camera      *Intrinsics
	Rotation    [9]float64
	Translation r3.Vector
}

// maxSkew is how far Rotation·Rotationᵀ may be from the identity: rotations are
// often written with few digits.
const maxSkew = 1e-3

// Check returns an error wrapping [ErrCamera] when not exactly one of Scaled and
// Camera is set, Camera makes no sense, or Rotation is no rotation.
func (r *Registration) Check() error {
	switch {
	case r == nil, r.Scaled && r.Camera == nil:
		return nil
	case r.Scaled || r.Camera == nil:
		return fmt.Errorf("%w: a registration is either scaled or has a colour camera", ErrCamera)
	}
	if err := r.Camera.Check(); err != nil {
		return fmt.Errorf("colour camera: %w", err)
	}
	a := r.rows()
	for i := range a {
		for j := range a {
			want := 0.0
			if i == j {
				want = 1
			}
			if !(math.Abs(a[i].Dot(a[j])-want) <= maxSkew) {
				return fmt.Errorf("%w: the rotation from depth to colour is not one: rows %d and %d have the product %.4g", ErrCamera, i+1, j+1, a[i].Dot(a[j]))
			}
		}
	}
	if a[0].Cross(a[1]).Dot(a[2]) < 0 {
		return fmt.Errorf("%w: the rotation from depth to colour mirrors", ErrCamera)
	}
	if t := r.Translation; !finite(t.X) || !finite(t.Y) || !finite(t.Z) {
		return fmt.Errorf("%w: the translation from depth to colour is not finite", ErrCamera)
	}
	return nil
}

func (r *Registration) rows() [3]r3.Vector {
	var a [3]r3.Vector
	for i := range a {
		a[i] = r3.Vector{X: r.Rotation[3*i], Y: r.Rotation[3*i+1], Z: r.Rotation[3*i+2]}
	}
	return a
}

// Fits returns an error wrapping [ErrScan] when a colour image of w×h pixels
// cannot belong to a cloud of cw×ch: without a registration the sizes must be
// the same; when scaled the aspect ratios, up to the rounding of sizes to whole
// pixels; a colour camera fixes the size.
func (r *Registration) Fits(w, h, cw, ch int) error {
	switch {
	case r == nil:
		if w != cw || h != ch {
			return fmt.Errorf("%w: colour image is %d×%d, cloud is %d×%d (registration needed)", ErrScan, w, h, cw, ch)
		}
	case r.Scaled:
		across, down := int64(w)*int64(ch), int64(h)*int64(cw)
		if 2*max(across-down, down-across) > int64(max(w+h, cw+ch)) {
			return fmt.Errorf("%w: colour image is %d×%d, cloud is %d×%d: other aspect ratios cannot show the same field of view, which registration %q says", ErrScan, w, h, cw, ch, "scaled")
		}
	case r.Camera.Width != w || r.Camera.Height != h:
		return fmt.Errorf("%w: colour image is %d×%d, the colour camera's are %d×%d", ErrScan, w, h, r.Camera.Width, r.Camera.Height)
	}
	return nil
}

// Colour returns the colours of a cloud's pixels: im itself without a
// registration; im resized as Pillow's bicubic filter does when scaled; and by
// a colour camera the bilinear sample where it sees the pixel's point. A pixel
// without a point, or with one outside of the colour image, is transparent
// black. What hides a point from the colour camera alone is not noticed: the
// point gets its colour. Im and registration must have passed Fits and Check,
// and the cloud be organised.
func (r *Registration) Colour(im *image.NRGBA, c *pointcloud.Cloud) *image.NRGBA {
	switch {
	case r == nil:
		return im
	case r.Scaled:
		return resized(im, c.Width, c.Height)
	}
	out := image.NewNRGBA(image.Rect(0, 0, c.Width, c.Height))
	rows, unit := r.rows(), c.Unit.Metres()
	for i := range c.Len() {
		if !c.IsValid(i) {
			continue
		}
		p := c.At(i).Mul(unit)
		q := r3.Vector{X: dot(rows[0], p), Y: dot(rows[1], p), Z: dot(rows[2], p)}.Add(r.Translation)
		if at, ok := r.Camera.Project(q); ok {
			sample(out.Pix[4*i:4*i+4], im, at.X, at.Y)
		}
	}
	return out
}

// dot is the scalar product in an order that no compiler changes.
func dot(a, b r3.Vector) float64 { return float64(a.X*b.X) + float64(a.Y*b.Y) + float64(a.Z*b.Z) }

// resized returns im in another size; the colours of its transparent pixels
// count as they are.
func resized(im *image.NRGBA, w, h int) *image.NRGBA {
	b := im.Bounds()
	if b.Dx() == w && b.Dy() == h {
		return im
	}
	pix := im.Pix
	if b.Min != (image.Point{}) || im.Stride != 4*b.Dx() || len(pix) != 4*b.Dx()*b.Dy() {
		pix = make([]uint8, 0, 4*b.Dx()*b.Dy())
		for y := b.Min.Y; y < b.Max.Y; y++ {
			o := im.PixOffset(b.Min.X, y)
			pix = append(pix, im.Pix[o:o+4*b.Dx()]...)
		}
	}
	return &image.NRGBA{Pix: grid.ResizeBicubic(pix, b.Dy(), b.Dx(), 4, h, w), Stride: 4 * w, Rect: image.Rect(0, 0, w, h)}
}

// sample stores the bilinear sample of im at pixel position (u, v), which lies
// within the area of its pixels; beyond the centres of the outermost ones their
// value goes on.
func sample(dst []uint8, im *image.NRGBA, u, v float64) {
	b := im.Bounds()
	x, y := math.Floor(u), math.Floor(v)
	fx, fy := u-x, v-y
	x0, x1 := max(int(x), 0), min(int(x)+1, b.Dx()-1)
	y0, y1 := max(int(y), 0), min(int(y)+1, b.Dy()-1)
	o := func(x, y int) []uint8 {
		i := im.PixOffset(b.Min.X+x, b.Min.Y+y)
		return im.Pix[i : i+4]
	}
	a00, a10, a01, a11 := o(x0, y0), o(x1, y0), o(x0, y1), o(x1, y1)
	for k := range dst {
		top := float64((1-fx)*float64(a00[k])) + float64(fx*float64(a10[k]))
		low := float64((1-fx)*float64(a01[k])) + float64(fx*float64(a11[k]))
		dst[k] = uint8(math.Floor(float64((1-fy)*top) + float64(fy*low) + 0.5))
	}
}
