package groundtruth

import (
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"

	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/pointcloud"
)

// PixelAreas returns the surface in mm² that each pixel of an item shows, from
// its cloud or depth image, and that image's size. A pixel without a measurement
// has 0. Sets without clouds, and items whose file is absent, are an error.
func (s *Set) PixelAreas(it *Item) (area []float32, width, height int, err error) {
	var c *pointcloud.Cloud
	switch {
	case s.Layout != MVTec3D && s.Layout != Eyecandies:
		return nil, 0, 0, fmt.Errorf("groundtruth: the layout %s has no clouds to take a surface from", s.Layout)
	case it.xyz == "":
		return nil, 0, 0, &scan.Error{Path: s.Root, Err: fmt.Errorf("no cloud of %s to take a surface from", it.Name)}
	case s.Layout == MVTec3D:
		sc, err := scan.Read(it.xyz, scan.Options{NoColour: true})
		if err != nil {
			return nil, 0, 0, err
		}
		c = sc.Cloud
	default:
		if c, err = eyecandiesCloud(it.xyz, it.info); err != nil {
			return nil, 0, 0, err
		}
	}
	area = pointcloud.PixelAreas(c, 0)
	for i := range area {
		area[i] *= 1e6
	}
	return area, c.Width, c.Height, nil
}

// Eyecandies' camera, at 512×512 pixels.
const (
	eyecandiesSize  = 512
	eyecandiesFocal = 711.11
)

// eyecandiesCloud back-projects a depth image: metres are
// v/65535·(max − min) + min with the limits in info, and every pixel is measured.
func eyecandiesCloud(path, info string) (*pointcloud.Cloud, error) {
	limits, err := settings(info)
	if err != nil {
		return nil, err
	}
	lo, okLo := limits["min"]
	hi, okHi := limits["max"]
	if !okLo || !okHi || !(lo > 0 && hi >= lo) {
		return nil, &scan.Error{Path: info, Err: errors.New("no depth limits min and max above 0")}
	}
	im, err := grey16(path)
	if err != nil {
		return nil, &scan.Error{Path: path, Err: err}
	}
	w, h := im.Rect.Dx(), im.Rect.Dy()
	c := &pointcloud.Cloud{XYZ: make([]float32, 0, 3*w*h), Width: w, Height: h}
	f := eyecandiesFocal * float64(w) / eyecandiesSize
	for y := range h {
		for x := range w {
			v := im.Gray16At(x, y).Y
			z := float64(float64(v)/65535*(hi-lo)) + lo
			c.XYZ = append(c.XYZ, float32((float64(x)-float64(w)/2)*z/f), float32((float64(y)-float64(h)/2)*z/f), float32(z))
		}
	}
	return c, nil
}

func grey16(path string) (*image.Gray16, error) {
	if !isFile(path) {
		return nil, errors.New("is not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	conf, err := png.DecodeConfig(f)
	if err != nil {
		return nil, fmt.Errorf("PNG: %w", err)
	}
	if w, h := int64(conf.Width), int64(conf.Height); w < 1 || h < 1 || w > scan.MaxImagePixels/h {
		return nil, fmt.Errorf("is %d×%d pixels, at most %d can be read", w, h, scan.MaxImagePixels)
	}
	if _, err := f.Seek(0, 0); err != nil {
		return nil, err
	}
	im, err := png.Decode(f)
	if err != nil {
		return nil, fmt.Errorf("PNG: %w", err)
	}
	depth, ok := im.(*image.Gray16)
	if !ok {
		return nil, errors.New("is not a 16-bit grey PNG")
	}
	return depth, nil
}
