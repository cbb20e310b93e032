package groundtruth

import (
	"fmt"

	"github.com/iad3d/iad3d/io/dataset"
	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/pointcloud"
)

// PixelAreas returns the surface in mm² that each pixel of an item shows, from
// its cloud or depth image, and that image's size. A pixel without a measurement
// has 0. Sets without clouds, and items whose file is absent, are an error.
func (s *Set) PixelAreas(it *Item) (area []float32, width, height int, err error) {
	o := scan.Options{NoColour: true}
	switch {
	case s.Layout != MVTec3D && s.Layout != Eyecandies:
		return nil, 0, 0, fmt.Errorf("groundtruth: the layout %s has no clouds to take a surface from", s.Layout)
	case it.xyz == "":
		return nil, 0, 0, &scan.Error{Path: s.Root, Err: fmt.Errorf("no cloud of %s to take a surface from", it.Name)}
	case s.Layout == Eyecandies:
		if o.Camera, err = dataset.EyecandiesCamera(it.info); err != nil {
			return nil, 0, 0, err
		}
	}
	sc, err := scan.Read(it.xyz, o)
	if err != nil {
		return nil, 0, 0, err
	}
	c := sc.Cloud
	area = pointcloud.PixelAreas(c, 0)
	for i := range area {
		area[i] *= 1e6
	}
	return area, c.Width, c.Height, nil
}
