// Package camera reads the files that say what camera took a depth image: its
// intrinsics, the units of its values and how the colour image lies over it.
//
// Three forms are known, told apart by their fields; each may be written as YAML
// or JSON. In all of them lengths are pixels, and the centre of the upper left
// pixel is (0, 0), see [rgbd.Intrinsics].
//
// iad3d's own:
//
//	width: 640            # pixels, of the depth image
//	height: 480
//	fx: 525.0             # focal lengths
//	fy: 525.0
//	cx: 319.5             # principal point
//	cy: 239.5
//	depth_scale: 0.001    # metres per step; without it 0.001 for whole numbers, 1 for floats
//	depth_offset: 0       # metres at value 0; 0 without it
//	depth_invalid: [0]    # values of missing pixels; 0 without it, none with []
//	registration: scaled  # the colour image has the same field of view in another size
//
// and, instead of that registration, for a colour camera of its own
//
//	colour:               # or color
//	  width: 1280
//	  height: 720
//	  fx: 920.0
//	  fy: 920.0
//	  cx: 640.2
//	  cy: 361.0
//	  rotation: [1, 0, 0, 0, 1, 0, 0, 0, 1]  # from depth to colour, row by row
//	  translation: [0.015, 0, 0]             # metres
//
// Fields that are not known are errors, so that a slip of the pen is not taken
// for a default.
//
// Open3D's PinholeCameraIntrinsic: width, height and intrinsic_matrix, nine
// numbers column by column, also as the field intrinsic of a
// PinholeCameraParameters; depth_scale, where there is one, is in steps per
// metre as everywhere in Open3D. librealsense's rs2_intrinsics: width, height,
// fx, fy, ppx, ppy, model, coeffs; depth_scale, where there is one, is in metres
// per step. Other fields of both are passed over.
//
// Lens distortion is refused, unless all its coefficients are 0: images have to
// be undistorted first, or the depth camera asked for rectified ones.
package camera

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/iad3d/iad3d/rgbd"
)

// The sentinels that this package's errors wrap. An error of the underlying
// reader wraps none of them.
var (
	// ErrFormat: no YAML or JSON, a field missing or senseless, or too long.
	ErrFormat = errors.New("camera: not a camera file")
	// ErrDistortion: the file says that the images are distorted.
	ErrDistortion = errors.New("camera: lens distortion")
)

// MaxBytes is the longest file that Decode reads.
const MaxBytes = 64 << 10

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrFormat, fmt.Errorf(format, args...))
}

// Decode reads a camera file. What it returns has passed [rgbd.Camera.Check].
func Decode(r io.Reader) (*rgbd.Camera, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	switch {
	case err != nil:
		return nil, err
	case len(b) > MaxBytes:
		return nil, invalid("more than %d bytes", MaxBytes)
	}
	f, err := parse(b)
	if err != nil {
		return nil, err
	}
	var c *rgbd.Camera
	switch {
	case f.has("intrinsic_matrix"), f.has("intrinsic"):
		c, err = open3D(f)
	case f.has("ppx"), f.has("ppy"):
		c, err = realSense(f)
	default:
		c, err = own(f)
	}
	if err != nil {
		return nil, err
	}
	if err := c.Check(); err != nil {
		return nil, invalid("%w", err)
	}
	return c, nil
}

// parse returns the fields of a document. JSON is read as such where it begins
// like it: YAML allows no tabs.
func parse(b []byte) (*fields, error) {
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	m := map[string]any{}
	if bytes.HasPrefix(bytes.TrimSpace(b), []byte("{")) && json.Valid(b) {
		if err := json.Unmarshal(b, &m); err != nil {
			return nil, invalid("%w", err)
		}
		return &fields{m: m}, nil
	}
	var doc, more yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(b))
	switch err := d.Decode(&doc); {
	case err != nil && err != io.EOF:
		return nil, invalid("neither JSON nor YAML: %s", oneLine(err))
	case err == nil && d.Decode(&more) != io.EOF:
		return nil, invalid("more than one document")
	case len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode:
		return nil, invalid("no fields, such as width, height, fx, fy, cx and cy")
	case aliased(&doc):
		return nil, invalid("YAML aliases")
	}
	if err := doc.Decode(&m); err != nil {
		return nil, invalid("%s", oneLine(err))
	}
	return &fields{m: m}, nil
}

// oneLine words an error of package yaml, which lists all that it found, over lines.
func oneLine(err error) string {
	const most = 200
	s := strings.Join(strings.Fields(err.Error()), " ")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// aliased reports whether there is an alias in a node, with which a short text
// can stand for a long one.
func aliased(n *yaml.Node) bool {
	if n.Kind == yaml.AliasNode {
		return true
	}
	for _, c := range n.Content {
		if aliased(c) {
			return true
		}
	}
	return false
}
