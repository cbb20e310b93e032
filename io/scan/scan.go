// Package scan reads one capture of a part from files: an organised cloud and,
// where there is one, its colour image.
//
// What a file is follows from its content, never from its name. This version
// reads clouds from xyz TIFF files (package xyztiff) and colour from PNG and
// JPEG; whatever else is handed in is refused with a message that says what it
// is. Every problem with a file is an [*Error].
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
	// Colour is the path of the colour image. When it is empty and the cloud lies
	// in a folder named xyz, ../rgb/<stem>.png (or .PNG) is taken if it exists.
	Colour string
	// NoColour reads geometry only, whatever Colour says.
	NoColour bool
	// Name is the scan's name. When it is empty it is the file's stem, after the
	// name of the folder that holds xyz: "bent/003" for test/bent/xyz/003.tiff,
	// "part7" for part7.tiff.
	Name string
}

// Read reads the cloud at path, and the colour image that o says. The scan's
// Source is path as given. Its cloud is organised and in metres, with the pixels
// marked as missing that are (0,0,0) or not finite. A cloud that has no other
// pixel and a colour image of another size are errors that wrap [rgbd.ErrScan]
// too.
func Read(path string, o Options) (*rgbd.Scan, error) {
	cloud, err := readCloud(path)
	if err != nil {
		return nil, &Error{path, err}
	}
	s := &rgbd.Scan{Name: o.Name, Source: path, Cloud: cloud}
	if s.Name == "" {
		s.Name = name(path)
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
	s.Colour, err = readColour(colour, func(w, h int) error {
		if w == cloud.Width && h == cloud.Height {
			return nil
		}
		return fmt.Errorf("%w: colour image is %d×%d, cloud %s is %d×%d (registration needed)",
			rgbd.ErrScan, w, h, path, cloud.Width, cloud.Height)
	})
	if err != nil {
		return nil, &Error{colour, err}
	}
	return s, nil
}

func readCloud(path string) (*pointcloud.Cloud, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.close()
	head, err := f.head()
	if err != nil {
		return nil, err
	}
	if k := sniff(head, f.size); k != tiffFile {
		return nil, f.refuse(k, head)
	}
	h, err := xyztiff.DecodeHeader(f, f.size, xyztiff.Options{})
	switch {
	case err != nil:
		return nil, err
	case h.Samples != 3:
		return nil, fmt.Errorf("is a TIFF file of %d sample per pixel (%v), as depth images are; a cloud has 3: x, y, z", h.Samples, h.Type)
	case h.Type == xyztiff.Uint16:
		return nil, errors.New("is a TIFF file of uint16 samples, as colour images are; coordinates are float32 or float64")
	}
	im, err := xyztiff.Decode(f, f.size, xyztiff.Options{})
	if err != nil {
		return nil, err
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

// layout returns the name of the folder above the xyz folder that path lies in.
func layout(path string) (parent string, ok bool) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", false
	}
	dir := filepath.Dir(abs)
	return filepath.Base(filepath.Dir(dir)), filepath.Base(dir) == "xyz"
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
