package dataset

import (
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/rgbd"
)

// eyecandiesDefects are the kinds of defect, in the order of metadata.yaml.
var eyecandiesDefects = []string{"bumps", "dents", "colors", "normals"}

// EyecandiesLabel returns the Defect that the metadata.yaml of an Eyecandies
// sample gives: [rgbd.Good], or its kinds joined by "+".
func EyecandiesLabel(path string) (string, error) {
	var flags map[string]any
	if err := readYAML(path, &flags); err != nil {
		return "", err
	}
	flag := func(name string) (set bool, err error) {
		switch flags[name] {
		case 0, false:
			return false, nil
		case 1, true:
			return true, nil
		case nil:
			return false, &scan.Error{Path: path, Err: fmt.Errorf("no field %s", name)}
		}
		return false, &scan.Error{Path: path, Err: fmt.Errorf("field %s is neither 0 nor 1", name)}
	}
	anomalous, err := flag("anomalous")
	if err != nil {
		return "", err
	}
	var kinds []string
	for _, k := range eyecandiesDefects {
		set, err := flag("anomalous_" + k)
		if err != nil {
			return "", err
		}
		if set {
			kinds = append(kinds, k)
		}
	}
	switch {
	case anomalous && kinds == nil:
		return "", &scan.Error{Path: path, Err: errors.New("anomalous, but by none of the kinds of defect")}
	case !anomalous && kinds != nil:
		return "", &scan.Error{Path: path, Err: fmt.Errorf("not anomalous, but with %s", strings.Join(kinds, " and "))}
	case !anomalous:
		return rgbd.Good, nil
	}
	return strings.Join(kinds, "+"), nil
}

// Defects returns the kinds of defect that the scan is labelled with, which
// Eyecandies joins by "+"; nil when it is good or unlabelled.
func (it *Item) Defects() []string {
	if it.Defect == rgbd.Good || it.Defect == rgbd.Unlabelled {
		return nil
	}
	return strings.Split(it.Defect, "+")
}

// DefectMask reads the mask of one kind of defect (bumps, dents, colors or
// normals) of an Eyecandies sample; above 0 are the pixels that show it. A sample
// without labels has none: the file is then missing.
func (s *Set) DefectMask(it Item, kind string) (*image.Gray, error) {
	if it.Depth == "" || !slices.Contains(eyecandiesDefects, kind) {
		return nil, fmt.Errorf("%w: no masks of %q in %s; Eyecandies samples have %s", ErrOptions, kind, it.Name, strings.Join(eyecandiesDefects, ", "))
	}
	return scan.ReadMask(it.beside(kind + "_" + maskPNG))
}

// Normals reads the normals map of an Eyecandies sample, see [ReadNormals].
func (s *Set) Normals(it Item) (n []float64, width, height int, err error) {
	if it.Depth == "" {
		return nil, 0, 0, fmt.Errorf("%w: %s has no normals map; Eyecandies samples have one", ErrOptions, it.Name)
	}
	return ReadNormals(it.beside(normalsPNG))
}

// ReadNormals reads a normals map as Eyecandies stores it: unit vectors in the
// frame of its clouds (x to the right, y down, z forward), those of pixel (x, y)
// at 3·(y·width + x), as in a pointcloud.Cloud. A colour of red, green, blue is
// the vector (r, g, b)/127.5 − 1 in a frame whose y and z point the other way; a
// surface that faces the camera has a negative z.
func ReadNormals(path string) (n []float64, width, height int, err error) {
	im, err := scan.ReadColour(path)
	if err != nil {
		return nil, 0, 0, err
	}
	width, height = im.Rect.Dx(), im.Rect.Dy()
	n = make([]float64, 0, 3*width*height)
	for i := 0; i < len(im.Pix); i += 4 {
		x := float64(im.Pix[i])/127.5 - 1
		y := 1 - float64(im.Pix[i+1])/127.5
		z := 1 - float64(im.Pix[i+2])/127.5
		l := math.Sqrt(float64(x*x) + float64(y*y) + float64(z*z)) // no byte is 127.5: never 0
		n = append(n, x/l, y/l, z/l)
	}
	return n, width, height, nil
}

// maxYAML bounds the size of a sample's YAML files, which have a few lines.
const maxYAML = 64 << 10

// readYAML reads a small YAML file.
func readYAML(path string, into any) error {
	b, err := readSmall(path, maxYAML)
	if err != nil {
		return err
	}
	if err := yaml.Unmarshal(b, into); err != nil {
		return &scan.Error{Path: path, Err: oneLine(err)}
	}
	return nil
}

// oneLine words an error of package yaml, which lists all that it found, over lines.
func oneLine(err error) error {
	const most = 200
	s := strings.Join(strings.Fields(err.Error()), " ")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return errors.New(s)
}

// errLong is wrapped by readSmall.
var errLong = errors.New("too long")

// readSmall reads a regular file of at most limit bytes.
func readSmall(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, &scan.Error{Path: path, Err: err}
	case !info.Mode().IsRegular():
		return nil, &scan.Error{Path: path, Err: errors.New("is not a regular file")}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, &scan.Error{Path: path, Err: err}
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("%w: more than %d bytes", errLong, limit)
	}
	if err != nil {
		return nil, &scan.Error{Path: path, Err: err}
	}
	return b, nil
}
