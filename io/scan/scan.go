// Package scan reads one capture of a part from files: an organised cloud, or a
// depth image and its camera, and the colour image where there is one.
//
// What a file is follows from its content, never from its name. This version
// reads clouds from xyz TIFF files (package xyztiff); depth images from 16-bit
// PNG (package depthpng) and TIFF files of one sample per pixel, with a camera
// file (package camera); and colour from PNG, JPEG and 8-bit TIFF. Whatever else
// is handed in is refused with a message that says what it is. Every problem
// with a file is an [*Error].
package scan

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/iad3d/iad3d/io/xyztiff"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
)

// Options say what Read makes of a file. The zero value looks for the colour
// image where MVTec 3D-AD keeps it.
type Options struct {
	// Colour is the path of the colour image. When it is empty and the geometry
	// lies in a folder named xyz or depth, ../rgb/<stem>.png (or .PNG) is taken if
	// it exists.
	Colour string
	// NoColour reads geometry only, whatever Colour says.
	NoColour bool
	// Name is the scan's name. When it is empty it is the file's stem, after the
	// name of the folder that holds xyz or depth: "bent/003" for
	// test/bent/xyz/003.tiff, "part7" for part7.tiff.
	Name string

	// Intrinsics is the path of the camera file, which a depth image needs. With a
	// cloud it says whose pixels the cloud has, and how the colour image lies over
	// them. Camera, when not nil, is taken instead of the file.
	Intrinsics string
	Camera     *rgbd.Camera
	// DepthScale, in metres per step, and DepthInvalid, when not nil, replace what
	// the camera says about the depth image's values, see [rgbd.DepthUnits].
	DepthScale   float64
	DepthInvalid []float64
}

// Read reads the cloud or depth image at path, and the colour image that o says.
// The scan's Source is path as given. Its cloud is organised and in metres; in a
// cloud file the pixels are marked as missing that are (0,0,0) or not finite, for
// a depth image see [rgbd.Camera.Cloud]. A scan without any other pixel, and a
// colour image of another size where the camera has no registration for it, are
// errors that wrap [rgbd.ErrScan] too; a camera for another size, or none for a
// depth image, are errors that wrap [rgbd.ErrCamera] or [ErrIntrinsics].
func Read(path string, o Options) (*rgbd.Scan, error) {
	cam, err := o.camera()
	if err != nil {
		return nil, err
	}
	cloud, err := readCloud(path, cam)
	if err != nil {
		return nil, &Error{path, err}
	}
	s := &rgbd.Scan{Name: o.Name, Source: path, Cloud: cloud}
	if s.Name == "" {
		s.Name = name(path)
	}
	var registration *rgbd.Registration
	if cam != nil {
		k := cam.Intrinsics
		s.Intrinsics, registration = &k, cam.Registration
	}
	colour := o.Colour
	switch {
	case o.NoColour:
		return s, nil
	case colour == "":
		if colour, err = sibling(path); err != nil {
			return nil, err
		}
	}
	if colour == "" {
		return s, nil
	}
	// The size is compared before the pixels are decoded.
	im, err := readColour(colour, func(w, h int) error {
		if err := registration.Fits(w, h, cloud.Width, cloud.Height); err != nil {
			return fmt.Errorf("%w, with %s", err, path)
		}
		return nil
	})
	if err != nil {
		return nil, &Error{colour, err}
	}
	s.Colour = registration.Colour(im, cloud)
	return s, nil
}

// readCloud reads a cloud file, or a depth image by its camera.
func readCloud(path string, cam *rgbd.Camera) (*pointcloud.Cloud, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.close()
	head, err := f.head()
	if err != nil {
		return nil, err
	}
	switch k := sniff(head, f.size); k {
	case tiffFile:
		return f.cloudTIFF(cam)
	case pngFile:
		if !isDepthPNG(head) {
			return nil, f.refuse(k, head)
		}
		if cam == nil {
			return nil, fmt.Errorf("is a 16-bit greyscale PNG: %w", ErrIntrinsics)
		}
		d, err := f.depthPNG()
		if err != nil {
			return nil, err
		}
		return cloudOf(d, cam)
	default:
		return nil, f.refuse(k, head)
	}
}

// cloudTIFF reads an xyz TIFF, or the depth image in a TIFF.
func (f *file) cloudTIFF(cam *rgbd.Camera) (*pointcloud.Cloud, error) {
	h, err := xyztiff.DecodeHeader(f, f.size, xyztiff.Options{})
	switch {
	case err != nil:
		return nil, err
	case h.Samples == 1 && cam == nil:
		return nil, fmt.Errorf("is a TIFF file of 1 sample per pixel (%v): %w", h.Type, ErrIntrinsics)
	case h.Samples == 3 && h.Type == xyztiff.Uint16:
		return nil, errors.New("is a TIFF file of uint16 samples, as colour images are; coordinates are float32 or float64")
	case h.Samples == 3 && cam != nil:
		if err := cam.Intrinsics.Fits(h.Width, h.Height); err != nil {
			return nil, err
		}
	}
	im, err := xyztiff.Decode(f, f.size, xyztiff.Options{})
	if err != nil {
		return nil, err
	}
	if im.Samples == 1 {
		return cloudOf(depthTIFF(im), cam)
	}
	c, err := im.Cloud()
	if err != nil {
		return nil, err
	}
	if c.CountValid() == 0 {
		return nil, fmt.Errorf("%w: no measured point: all %d pixels are (0,0,0) or not finite", rgbd.ErrScan, c.Len())
	}
	return c, nil
}

// layout returns the name of the folder above the xyz or depth folder that path
// lies in.
func layout(path string) (parent string, ok bool) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", false
	}
	dir := filepath.Dir(abs)
	own := filepath.Base(dir)
	return filepath.Base(filepath.Dir(dir)), own == "xyz" || own == "depth"
}

func stem(path string) string {
	base := filepath.Base(path)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

func name(path string) string {
	if parent, ok := layout(path); ok && parent != string(filepath.Separator) {
		return parent + "/" + stem(path)
	}
	return stem(path)
}

// sibling returns the colour image that belongs to path in MVTec 3D-AD's
// layout, or "".
func sibling(path string) (string, error) {
	if _, ok := layout(path); !ok {
		return "", nil
	}
	for _, ext := range []string{".png", ".PNG"} {
		p := filepath.Join(filepath.Dir(path), "..", "rgb", stem(path)+ext)
		_, err := os.Stat(p)
		switch {
		case err == nil:
			return p, nil
		case !errors.Is(err, fs.ErrNotExist):
			return "", &Error{p, err}
		}
	}
	return "", nil
}
