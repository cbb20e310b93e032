// Package scan reads one capture of a part from files: a cloud, or a depth image
// and its camera, and the colour image where there is one. It also writes clouds.
//
// What a file is follows from its content, never from its name (but for the words
// about a damaged STL file). Clouds are read from xyz TIFF files (package xyztiff),
// PCD (pcd), PLY (ply), STL (stl), OBJ (obj) and text (xyztext); depth images from
// 16-bit PNG (depthpng) and TIFF files of one sample per pixel, with a camera file
// (camera); colour from PNG, JPEG and 8-bit TIFF. Whatever else is handed in is
// refused with a message that says what it is. Every problem with a file is an
// [*Error].
package scan

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

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
	// Unit is the unit of the file's numbers; nil for what the file says, and metres
	// where it says nothing. A TIFF file is always in metres unless this says
	// otherwise.
	Unit *pointcloud.Unit
	// Surface is how many points are drawn from the surface of an STL file with the
	// given Seed; 0 stands for its vertices. Other files take no notice.
	Surface int
	Seed    uint64
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
// The scan's Source is path as given. Its cloud is organised where the file has a
// raster, with the pixels marked as missing that are (0,0,0) or not finite, for a
// depth image see [rgbd.Camera.Cloud]; a file of loose points gives a cloud that is
// not organised, for which no image is looked for. The colours of an organised
// cloud become the colour image where there is no other. A cloud that has no
// measured point, and a colour image of another size where the camera has no
// registration for it, are errors that wrap [rgbd.ErrScan] too; a camera for
// another size, or none for a depth image, are errors that wrap [rgbd.ErrCamera]
// or [ErrIntrinsics].
func Read(path string, o Options) (*rgbd.Scan, error) {
	return ReadContext(context.Background(), path, o)
}

// ReadContext is [Read] that the end of ctx ends: the error then wraps that of ctx.
func ReadContext(ctx context.Context, path string, o Options) (*rgbd.Scan, error) {
	cam, err := o.camera()
	if err != nil {
		return nil, err
	}
	o.Camera = cam
	cloud, err := readCloud(ctx, path, o)
	if err != nil {
		return nil, &Error{path, err}
	}
	if o.Unit != nil {
		cloud.Unit = *o.Unit
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
	case colour == "" && cloud.Organised():
		if colour, err = sibling(path); err != nil {
			return nil, err
		}
	}
	if colour == "" {
		s.Colour = ownColour(cloud)
		return s, nil
	}
	if !cloud.Organised() {
		return nil, &Error{colour, fmt.Errorf("%w: the colour image needs a cloud with a raster; the %d points of %s are not organised", rgbd.ErrScan, cloud.Len(), path)}
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

// Stem returns the name of a file without its folder and extension: what a scan is
// called. A name that is nothing but an extension, such as .tiff, stays whole.
func Stem(path string) string {
	base := filepath.Base(path)
	if stem := strings.TrimSuffix(base, filepath.Ext(base)); stem != "" {
		return stem
	}
	return base
}

func name(path string) string {
	if parent, ok := layout(path); ok && parent != string(filepath.Separator) {
		return parent + "/" + Stem(path)
	}
	return Stem(path)
}

// sibling returns the colour image that belongs to path in MVTec 3D-AD's
// layout, or "".
func sibling(path string) (string, error) {
	if _, ok := layout(path); !ok {
		return "", nil
	}
	for _, ext := range []string{".png", ".PNG"} {
		p := filepath.Join(filepath.Dir(path), "..", "rgb", Stem(path)+ext)
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
