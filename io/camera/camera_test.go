package camera

import (
	"bytes"
	"errors"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/internal/pointstest"
	"github.com/iad3d/iad3d/rgbd"
)

const ownYAML = `# a Kinect
width: 640
height: 480
fx: 525
fy: 525.5
cx: 319.5
cy: 2.395e2
`

var kinect = rgbd.Intrinsics{Width: 640, Height: 480, Fx: 525, Fy: 525.5, Cx: 319.5, Cy: 239.5}

func TestDecode(t *testing.T) {
	turned := [9]float64{0, -1, 0, 1, 0, 0, 0, 0, 1}
	colour := rgbd.Intrinsics{Width: 1280, Height: 720, Fx: 920, Fy: 921, Cx: 640.25, Cy: 361}
	for name, c := range map[string]struct {
		text string
		want rgbd.Camera
	}{
		"own":          {ownYAML, rgbd.Camera{Intrinsics: kinect}},
		"byte order":   {"\xef\xbb\xbf" + strings.ReplaceAll(ownYAML, "\n", "\r\n"), rgbd.Camera{Intrinsics: kinect}},
		"own as JSON":  {"{\n\t\"width\": 640, \"height\": 480,\n\t\"fx\": 525, \"fy\": 525.5, \"cx\": 319.5, \"cy\": 239.5\n}\n", rgbd.Camera{Intrinsics: kinect}},
		"flow of YAML": {"{width: 640, height: 480, fx: 525, fy: 525.5, cx: 319.5, cy: 239.5}", rgbd.Camera{Intrinsics: kinect}},
		"units": {ownYAML + "depth_scale: 1e-4\ndepth_offset: 0.25\ndepth_invalid: [0, 65535]\ndistortion: [0, 0, 0.0, 0, 0]\nregistration: same\n",
			rgbd.Camera{Intrinsics: kinect, Units: rgbd.DepthUnits{Scale: 1e-4, Offset: 0.25, Invalid: []float64{0, 65535}}}},
		"one code": {ownYAML + "depth_invalid: 65535\n", rgbd.Camera{Intrinsics: kinect, Units: rgbd.DepthUnits{Invalid: []float64{65535}}}},
		"no code":  {ownYAML + "depth_invalid: []\n", rgbd.Camera{Intrinsics: kinect, Units: rgbd.DepthUnits{Invalid: []float64{}}}},
		"scaled":   {ownYAML + "registration: scaled\n", rgbd.Camera{Intrinsics: kinect, Registration: &rgbd.Registration{Scaled: true}}},
		"colour": {ownYAML + `color:
  {width: 1280, height: 720, fx: 920, fy: 921, cx: 640.25, cy: 361, rotation: [0, -1, 0, 1, 0, 0, 0, 0, 1], translation: [0.015, 0, -1e-3]}
`, rgbd.Camera{Intrinsics: kinect, Registration: &rgbd.Registration{Camera: &colour, Rotation: turned, Translation: r3.Vector{X: 0.015, Z: -1e-3}}}},
		// As open3d 0.16.1 writes it: io.write_pinhole_camera_intrinsic.
		"Open3D": {"{\n\t\"height\" : 480,\n\t\"intrinsic_matrix\" : [ 525.0, 0.0, 0.0, 0.0, 525.5, 0.0, 319.5, 239.5, 1.0 ],\n\t\"width\" : 640\n}",
			rgbd.Camera{Intrinsics: kinect}},
		"Open3D parameters": {`{"class_name": "PinholeCameraParameters", "extrinsic": [1,0,0,0,0,1,0,0,0,0,1,0,0,0,0,1],
			"intrinsic": {"height": 480, "intrinsic_matrix": [525, 0, 0, 0, 525.5, 0, 319.5, 239.5, 1], "width": 640}, "version_major": 1}`,
			rgbd.Camera{Intrinsics: kinect}},
		"Open3D recording": {`{"depth_scale": 1000.0, "fps": 30.0, "height": 480, "intrinsic_matrix": [525, 0, 0, 0, 525.5, 0, 319.5, 239.5, 1], "serial_number": "1", "width": 640}`,
			rgbd.Camera{Intrinsics: kinect, Units: rgbd.DepthUnits{Scale: 0.001}}},
		"RealSense": {`{"width": 640, "height": 480, "ppx": 319.5, "ppy": 239.5, "fx": 525.0, "fy": 525.5, "model": "distortion.brown_conrady", "coeffs": [0.0, 0.0, 0.0, 0.0, 0.0]}`,
			rgbd.Camera{Intrinsics: kinect}},
		"RealSense and scale": {`{"width": 640, "height": 480, "ppx": 319.5, "ppy": 239.5, "fx": 525.0, "fy": 525.5, "depth_scale": 0.0010000000474974513}`,
			rgbd.Camera{Intrinsics: kinect, Units: rgbd.DepthUnits{Scale: 0.0010000000474974513}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Decode(strings.NewReader(c.text))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(*got, c.want) {
				t.Errorf("got %+v\nwant %+v", *got, c.want)
			}
		})
	}
}

func without(field string) string {
	lines := slices.DeleteFunc(slices.Collect(strings.Lines(ownYAML)), func(l string) bool { return strings.HasPrefix(l, field+":") })
	return strings.Join(lines, "")
}

func TestRefuses(t *testing.T) {
	const colour = "colour: {width: 4, height: 4, fx: 1, fy: 1, cx: 0, cy: 0, "
	for name, c := range map[string]struct{ text, part string }{
		"empty":                 {"", "no fields"},
		"only a comment":        {"# nothing\n", "no fields"},
		"a list":                {"[1, 2]", "no fields"},
		"a word":                {"hello", "no fields"},
		"half a JSON":           {`{"width": 640, `, "neither JSON nor YAML"},
		"binary":                {"\x00\x01\x02", "neither JSON nor YAML"},
		"twice":                 {ownYAML + "fx: 1\n", "fx"},
		"aliases":               {"a: &a [1]\nb: *a\n", "aliases"},
		"too long":              {ownYAML + strings.Repeat("#", MaxBytes), "more than 65536 bytes"},
		"a typing error":        {ownYAML + "depth_scal: 1\n", "field depth_scal is not known; known are width, height"},
		"text":                  {without("fx") + "fx: wide\n", `field fx is not a number: "wide"`},
		"nothing":               {without("fx") + "fx:\n", "field fx is missing"},
		"a list for a number":   {without("fx") + "fx: [1]\n", "field fx is not a number: a list"},
		"not a number":          {without("cx") + "cx: .nan\n", "field cx is not a number: NaN"},
		"infinite":              {without("cy") + "cy: -.inf\n", "field cy is not a number"},
		"half a pixel":          {without("width") + "width: 640.5\n", "field width is 640.5, not a number of pixels"},
		"no pixel":              {without("height") + "height: 0\n", "field height is 0"},
		"huge":                  {without("height") + "height: 1e30\n", "field height is 1e+30"},
		"beyond any sensor":     {without("height") + "height: 2000000000\n", "640×2000000000"},
		"focal length":          {without("fy") + "fy: 0\n", "field fy is 0, want more than 0"},
		"scale":                 {ownYAML + "depth_scale: 0\n", "field depth_scale is 0"},
		"invalid":               {ownYAML + "depth_invalid: [0, x]\n", `field depth_invalid has "x" where number 2 should be`},
		"registration":          {ownYAML + "registration: near\n", `field registration is "near", want same or scaled`},
		"registration as list":  {ownYAML + "registration: [scaled]\n", `field registration is a list`},
		"two registrations":     {ownYAML + "registration: scaled\n" + colour + "rotation: [1,0,0,0,1,0,0,0,1], translation: [0,0,0]}\n", "field colour cannot be beside"},
		"colour in two words":   {ownYAML + colour + "rotation: [1,0,0,0,1,0,0,0,1], translation: [0,0,0]}\ncolor: {}\n", "field color cannot be beside"},
		"colour without pose":   {ownYAML + colour + "rotation: [1,0,0,0,1,0,0,0,1]}\n", "field colour.translation is missing"},
		"colour, nothing":       {ownYAML + "colour: scaled\n", `field colour is "scaled", want fields`},
		"short rotation":        {ownYAML + colour + "rotation: [1,0,0], translation: [0,0,0]}\n", "field colour.rotation has 3 numbers, want 9"},
		"no rotation":           {ownYAML + colour + "rotation: [1,0,0,0,1,0,0,0,2], translation: [0,0,0]}\n", "rows 3 and 3"},
		"Open3D, row by row":    {`{"width": 640, "height": 480, "intrinsic_matrix": [525, 0, 319.5, 0, 525, 239.5, 0, 0, 1]}`, "column by column"},
		"Open3D, skewed":        {`{"width": 640, "height": 480, "intrinsic_matrix": [525, 0, 0, 3, 525, 0, 319.5, 239.5, 1]}`, "skewed"},
		"Open3D, short":         {`{"width": 640, "height": 480, "intrinsic_matrix": [525, 0, 0]}`, "field intrinsic_matrix has 3 numbers, want 9"},
		"Open3D, nested":        {`{"width": 640, "height": 480, "intrinsic_matrix": [[525, 0, 0], [0, 1, 0], [1, 1, 1]]}`, "field intrinsic_matrix has a list where number 1"},
		"Open3D, scaled":        {`{"width": 640, "height": 480, "intrinsic_matrix": [525, 0, 0, 0, 525, 0, 319.5, 239.5, 2]}`, "ends in 2, want 1"},
		"Open3D, no width":      {`{"height": 480, "intrinsic_matrix": [525, 0, 0, 0, 525, 0, 319.5, 239.5, 1]}`, "field width is missing"},
		"Open3D parameters":     {`{"intrinsic": {"height": 480, "width": 640}}`, "field intrinsic.intrinsic_matrix is missing"},
		"Open3D, no camera":     {`{"intrinsic": 3}`, "field intrinsic is 3, want fields"},
		"Open3D, zeros":         {`{"width": 640, "height": 480, "intrinsic_matrix": [0, 0, 0, 0, 0, 0, 0, 0, 1]}`, "focal lengths"},
		"Open3D, infinite step": {`{"width": 640, "height": 480, "intrinsic_matrix": [525, 0, 0, 0, 525, 0, 319.5, 239.5, 1], "depth_scale": 1e-320}`, "depth scale"},
		"RealSense, no ppy":     {`{"width": 640, "height": 480, "ppx": 1, "fx": 1, "fy": 1}`, "field ppy is missing"},
		"JSON number too large": {`{"width": 1e999}`, "number 1e999"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Decode(strings.NewReader(c.text))
			if got != nil || !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), c.part) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, error %v, want %q", got, err, c.part)
			}
		})
	}
	for _, field := range []string{"width", "height", "fx", "fy", "cx", "cy"} {
		if _, err := Decode(strings.NewReader(without(field))); err == nil || !strings.Contains(err.Error(), "field "+field+" is missing") {
			t.Errorf("without %s: error %v", field, err)
		}
	}
}

func TestRefusesDistortion(t *testing.T) {
	for part, text := range map[string]string{
		"field distortion has 0.01 as number 2": ownYAML + "distortion: [0, 0.01]\n",
		"field colour.distortion has -1":        ownYAML + "colour: {width: 4, height: 4, fx: 1, fy: 1, cx: 0, cy: 0, distortion: -1, rotation: [], translation: []}\n",
		"field coeffs has -0.05 as number 1":    `{"width": 640, "height": 480, "ppx": 319.5, "ppy": 239.5, "fx": 525.0, "fy": 525.5, "model": "x", "coeffs": [-0.05, 0, 0, 0, 0]}`,
	} {
		if _, err := Decode(strings.NewReader(text)); !errors.Is(err, ErrDistortion) || !strings.Contains(err.Error(), part) || !strings.Contains(err.Error(), "undistort") {
			t.Errorf("error %v, want %q", err, part)
		}
	}
}

func TestReaderError(t *testing.T) {
	r := io.MultiReader(strings.NewReader("width: 6"), iotest.ErrReader(os.ErrPermission))
	if _, err := Decode(r); !errors.Is(err, os.ErrPermission) || errors.Is(err, ErrFormat) {
		t.Errorf("error %v", err)
	}
}

// FuzzDecode: no input makes Decode panic; an error wraps a sentinel; what it
// returns is a camera that can be used.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(ownYAML + "depth_scale: 1e-4\ndepth_invalid: [0, 65535]\nregistration: scaled\n"))
	f.Add([]byte(ownYAML + "colour: {width: 4, height: 4, fx: 1, fy: 1, cx: 0, cy: 0, rotation: [1,0,0,0,1,0,0,0,1], translation: [0,0,0]}\n"))
	f.Add([]byte(`{"width": 640, "height": 480, "intrinsic_matrix": [525, 0, 0, 0, 525, 0, 319.5, 239.5, 1], "depth_scale": 1000}`))
	f.Add([]byte(`{"width": 640, "height": 480, "ppx": 1, "ppy": 2, "fx": 1, "fy": 1, "coeffs": [0]}`))
	f.Add([]byte("a: &a {b: *a}\n? [x]\n: !!binary aGk=\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var c *rgbd.Camera
		var err error
		if used := pointstest.Allocated(func() { c, err = Decode(bytes.NewReader(b)) }); used > pointstest.Bound(len(b)) {
			t.Fatalf("%d bytes allocated for a file of %d", used, len(b))
		}
		if err != nil {
			if !errors.Is(err, ErrFormat) && !errors.Is(err, ErrDistortion) {
				t.Fatalf("error of no class: %v", err)
			}
			return
		}
		if err := c.Check(); err != nil {
			t.Fatal(err)
		}
	})
}
