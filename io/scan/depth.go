package scan

import (
	"context"
	"errors"
	"fmt"

	"github.com/iad3d/iad3d/io/camera"
	"github.com/iad3d/iad3d/io/depthpng"
	"github.com/iad3d/iad3d/io/xyztiff"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
)

// ErrIntrinsics is wrapped by the error about a depth image that was read
// without a camera: its pixels have no place in space.
var ErrIntrinsics = errors.New("a depth image, of which the camera's intrinsics are needed: a YAML or JSON file with width, height, fx, fy, cx, cy")

// ReadCamera reads a camera file, see package camera for its forms.
func ReadCamera(path string) (*rgbd.Camera, error) {
	f, err := open(context.Background(), path)
	if err != nil {
		return nil, &Error{path, err}
	}
	defer f.close()
	c, err := camera.Decode(f.section())
	if err != nil {
		return nil, &Error{path, err}
	}
	return c, nil
}

// camera returns the camera that o describes, nil for none.
func (o *Options) camera() (*rgbd.Camera, error) {
	c := o.Camera
	if c == nil && o.Intrinsics != "" {
		var err error
		if c, err = ReadCamera(o.Intrinsics); err != nil {
			return nil, err
		}
	}
	if c == nil || o.DepthScale == 0 && o.DepthInvalid == nil {
		return c, nil
	}
	own := *c
	if o.DepthScale != 0 {
		own.Units.Scale = o.DepthScale
	}
	if o.DepthInvalid != nil {
		own.Units.Invalid = o.DepthInvalid
	}
	return &own, nil
}

// readPNG reads a 16-bit PNG as a depth image.
func readPNG(f *file, head []byte, o Options) (*pointcloud.Cloud, error) {
	if !isDepthPNG(head) {
		return nil, f.refuse(pngFile, head)
	}
	if o.Camera == nil {
		return nil, fmt.Errorf("is a 16-bit greyscale PNG: %w", ErrIntrinsics)
	}
	d, err := f.depthPNG()
	if err != nil {
		return nil, err
	}
	return cloudOf(d, o.Camera)
}

// depthPNG reads the depth image in a PNG file.
func (f *file) depthPNG() (*rgbd.DepthImage, error) {
	im, err := depthpng.Decode(f, f.size, depthpng.Options{})
	if err != nil {
		return nil, err
	}
	return &rgbd.DepthImage{Width: im.Width, Height: im.Height, U16: im.U16}, nil
}

// depthTIFF returns a TIFF image of one sample per pixel as a depth image.
func depthTIFF(im *xyztiff.Image) *rgbd.DepthImage {
	d := &rgbd.DepthImage{Width: im.Width, Height: im.Height, U16: im.U16, F32: im.F32}
	if im.F64 != nil {
		d.F32 = make([]float32, len(im.F64))
		for i, v := range im.F64 {
			d.F32[i] = float32(v)
		}
	}
	return d
}

// cloudOf turns a depth image into a cloud.
func cloudOf(d *rgbd.DepthImage, cam *rgbd.Camera) (*pointcloud.Cloud, error) {
	c, err := cam.Cloud(d)
	if err != nil {
		return nil, err
	}
	if c.CountValid() == 0 {
		return nil, fmt.Errorf("%w: no measured point: no depth of %d pixels is valid", rgbd.ErrScan, c.Len())
	}
	return c, nil
}
