package scan

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/iad3d/iad3d/io/obj"
	"github.com/iad3d/iad3d/io/pcd"
	"github.com/iad3d/iad3d/io/ply"
	"github.com/iad3d/iad3d/io/stl"
	"github.com/iad3d/iad3d/io/xyztext"
	"github.com/iad3d/iad3d/io/xyztiff"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
)

// source is a kind of file that holds a cloud.
type source struct {
	read    func(f *file, head []byte, o Options) (*pointcloud.Cloud, error)
	inspect func(f *file, head []byte) (Info, error)
}

// source returns how clouds are read from a kind of file. A new format has its
// line here, its signature in sniff.go and, where it can be written, its line in
// targets.
func (k kind) source() (source, bool) {
	switch k {
	case tiffFile:
		return source{readTIFF, inspectTIFF}, true
	case pngFile:
		return source{readPNG, inspectPNG}, true
	case pcdFile:
		return source{readPCD, inspectPCD}, true
	case plyFile:
		return source{readPLY, inspectPLY}, true
	case stlFile:
		return source{readSTL, inspectSTL}, true
	case objFile:
		return source{readOBJ, inspectOBJ}, true
	case textFile:
		return source{readText, inspectText}, true
	case npyFile:
		return source{readNPY, inspectNPY}, true
	case zipFile:
		return source{readNPZ, inspectNPZ}, true
	}
	return source{}, false
}

// cloudFile opens a file of a kind that holds a cloud; the caller closes it.
func cloudFile(ctx context.Context, path string) (f *file, s source, head []byte, err error) {
	if f, err = open(ctx, path); err != nil {
		return nil, s, nil, err
	}
	head, err = f.head()
	if err == nil {
		k := sniff(head, f.size)
		if k == unknown && f.named(".stl") { // cut, or it would have the right size
			k = stlFile
		}
		var ok bool
		if s, ok = k.source(); ok {
			return f, s, head, nil
		}
		err = f.refuse(k, head)
	}
	f.close()
	return nil, s, nil, err
}

func readCloud(ctx context.Context, path string, o Options) (*pointcloud.Cloud, error) {
	f, s, head, err := cloudFile(ctx, path)
	if err != nil {
		return nil, err
	}
	defer f.close()
	c, err := s.read(f, head, o)
	switch {
	case err != nil:
		return nil, err
	case c.Len() == 0:
		return nil, fmt.Errorf("%w: no point in the file", rgbd.ErrScan)
	case c.CountValid() == 0 && c.Organised():
		return nil, fmt.Errorf("%w: no measured point: all %d pixels are (0,0,0) or not finite", rgbd.ErrScan, c.Len())
	case c.CountValid() == 0:
		return nil, fmt.Errorf("%w: no measured point: all %d are not finite", rgbd.ErrScan, c.Len())
	case o.Camera != nil && !c.Organised():
		return nil, fmt.Errorf("%w: a camera needs a cloud with a raster; these %d points are not organised", rgbd.ErrCamera, c.Len())
	case o.Camera != nil:
		if err := o.Camera.Intrinsics.Fits(c.Width, c.Height); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func readTIFF(f *file, _ []byte, o Options) (*pointcloud.Cloud, error) {
	h, err := tiffHeader(f)
	switch {
	case err != nil:
		return nil, err
	case h.Samples == 1 && o.Camera == nil:
		return nil, fmt.Errorf("is a TIFF file of 1 sample per pixel (%v): %w", h.Type, ErrIntrinsics)
	}
	im, err := xyztiff.Decode(f, f.size, xyztiff.Options{})
	if err != nil {
		return nil, err
	}
	if im.Samples == 1 {
		return cloudOf(depthTIFF(im), o.Camera)
	}
	return im.Cloud()
}

// tiffHeader reads the header of a TIFF file that holds a cloud, or depth in its
// one sample per pixel.
func tiffHeader(f *file) (xyztiff.Header, error) {
	h, err := xyztiff.DecodeHeader(f, f.size, xyztiff.Options{})
	switch {
	case err != nil:
		return h, err
	case h.Samples == 3 && h.Type == xyztiff.Uint16:
		return h, errors.New("is a TIFF file of uint16 samples, as colour images are; coordinates are float32 or float64")
	}
	return h, nil
}

func readPCD(f *file, _ []byte, _ Options) (*pointcloud.Cloud, error) {
	return pcd.Decode(f.section(), pcd.Options{})
}

func readPLY(f *file, _ []byte, _ Options) (*pointcloud.Cloud, error) {
	return ply.Decode(f.section(), ply.Options{})
}

func readSTL(f *file, _ []byte, o Options) (*pointcloud.Cloud, error) {
	m, err := stl.Decode(f.section(), stl.Options{})
	switch {
	case err != nil:
		return nil, err
	case o.Surface > 0:
		c, err := m.Sample(o.Surface, o.Seed)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", rgbd.ErrScan, err)
		}
		return c, nil
	}
	return m.Vertices(), nil
}

func readOBJ(f *file, _ []byte, _ Options) (*pointcloud.Cloud, error) {
	return obj.Decode(f.section(), obj.Options{})
}

func readText(f *file, head []byte, _ Options) (*pointcloud.Cloud, error) {
	if _, err := textHeader(f, head); err != nil {
		return nil, err
	}
	return xyztext.Decode(f.section(), xyztext.Options{})
}

func textHeader(f *file, head []byte) (xyztext.Header, error) {
	h, err := xyztext.DecodeHeader(f.section(), xyztext.Options{})
	if errors.Is(err, xyztext.ErrFormat) {
		return h, f.noPoints(head, errors.New(strings.TrimPrefix(err.Error(), "xyztext: ")))
	}
	return h, err
}
