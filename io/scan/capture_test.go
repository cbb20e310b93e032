package scan

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/image/tiff"

	"github.com/iad3d/iad3d/internal/golden"
	"github.com/iad3d/iad3d/io/xyztiff"
	"github.com/iad3d/iad3d/rgbd"
)

const cameraYAML = "width: 4\nheight: 3\nfx: 2\nfy: 2\ncx: 1.5\ncy: 1\n"

// depth4 returns a depth image of 4×3 pixels: 1000, 1100, … with pixel 5 at 0.
func depth4() []uint16 {
	d := make([]uint16, 12)
	for i := range d {
		d[i] = uint16(1000 + 100*i)
	}
	d[5] = 0
	return d
}

func depthImage(v []uint16, w int) *image.Gray16 {
	im := image.NewGray16(image.Rect(0, 0, w, len(v)/w))
	for i, x := range v {
		im.SetGray16(i%w, i/w, color.Gray16{Y: x})
	}
	return im
}

func TestReadDepth(t *testing.T) {
	dir := t.TempDir()
	yaml := write(t, filepath.Join(dir, "camera.yaml"), cameraYAML)
	u16, f32, f64 := depth4(), make([]float32, 12), make([]float64, 12)
	for i, v := range u16 {
		f32[i], f64[i] = float32(v)/1000, float64(v)/1000
	}
	f32[5], f64[5] = float32(math.NaN()), math.Inf(1)
	for name, path := range map[string]string{
		"PNG":          writePNG(t, filepath.Join(dir, "a.png"), depthImage(u16, 4)),
		"TIFF":         writeTIFF(t, filepath.Join(dir, "a.tiff"), &xyztiff.Image{Width: 4, Height: 3, Samples: 1, U16: u16}, xyztiff.EncodeOptions{}),
		"float32 TIFF": writeTIFF(t, filepath.Join(dir, "b.tiff"), &xyztiff.Image{Width: 4, Height: 3, Samples: 1, F32: f32}, xyztiff.EncodeOptions{}),
		"float64 TIFF": writeTIFF(t, filepath.Join(dir, "c.png"), &xyztiff.Image{Width: 4, Height: 3, Samples: 1, F64: f64}, xyztiff.EncodeOptions{}),
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Read(path, Options{Intrinsics: yaml})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Check(); err != nil {
				t.Fatal(err)
			}
			if s.Name != Stem(path) || s.Source != path || s.Intrinsics == nil || s.Intrinsics.Cx != 1.5 || s.Cloud.CountValid() != 11 || s.Cloud.IsValid(5) {
				t.Errorf("%q, %q, camera %v, %d valid", s.Name, s.Source, s.Intrinsics, s.Cloud.CountValid())
			}
			for i, v := range u16 {
				z := float64(v) / 1000
				want := []float32{float32((float64(i%4) - 1.5) * z / 2), float32((float64(i/4) - 1) * z / 2), float32(z)}
				for k, x := range s.Cloud.XYZ[3*i : 3*i+3] {
					if math.Abs(float64(x-want[k])) > 3e-7 { // two roundings to float32 below 4
						t.Errorf("pixel %d: %v, want %v", i, s.Cloud.XYZ[3*i:3*i+3], want)
					}
				}
			}
		})
	}
}

func TestReadDepthOptions(t *testing.T) {
	dir := t.TempDir()
	yaml := write(t, filepath.Join(dir, "camera.yaml"), cameraYAML+"depth_scale: 0.5\ndepth_invalid: 1000\n")
	depth := writePNG(t, filepath.Join(dir, "a.png"), depthImage(depth4(), 4))
	for name, c := range map[string]struct {
		o     Options
		first float32 // depth of pixel 0; 0 = missing
		valid int
	}{
		"of the file":   {Options{}, 0, 10}, // a depth of 0 is never one
		"scale":         {Options{DepthScale: 0.25}, 0, 10},
		"invalid":       {Options{DepthInvalid: []float64{0, 2100}}, 500, 10},
		"none invalid":  {Options{DepthInvalid: []float64{}}, 500, 11},
		"both":          {Options{DepthScale: 0.001, DepthInvalid: []float64{0}}, 1, 11},
		"camera before": {Options{Camera: &rgbd.Camera{Intrinsics: rgbd.Intrinsics{Width: 4, Height: 3, Fx: 1, Fy: 1}}}, 1, 11},
	} {
		c.o.Intrinsics = yaml
		s, err := Read(depth, c.o)
		if err != nil {
			t.Fatal(err)
		}
		if s.Cloud.XYZ[2] != c.first || s.Cloud.CountValid() != c.valid {
			t.Errorf("%s: first depth %g, %d valid, want %g, %d", name, s.Cloud.XYZ[2], s.Cloud.CountValid(), c.first, c.valid)
		}
	}
}

func TestReadCaptureColour(t *testing.T) {
	dir := t.TempDir()
	yaml := write(t, filepath.Join(dir, "camera.yaml"), cameraYAML)
	scaled := write(t, filepath.Join(dir, "scaled.yaml"), cameraYAML+"registration: scaled\n")
	own := write(t, filepath.Join(dir, "own.yaml"), cameraYAML+"colour: {width: 12, height: 5, fx: 4, fy: 4, cx: 3.5, cy: 2, rotation: [1,0,0,0,1,0,0,0,1], translation: [0,0,0]}\n")
	depth := writePNG(t, filepath.Join(dir, "bent", "depth", "003.png"), depthImage(depth4(), 4))
	paint := func(w, h int) image.Image {
		im := image.NewNRGBA(image.Rect(0, 0, w, h))
		for i := range w * h {
			im.SetNRGBA(i%w, i/w, color.NRGBA{uint8(20 * (i % w)), uint8(30 * (i / w)), 9, 255})
		}
		return im
	}
	small, large, wide := writePNG(t, filepath.Join(dir, "small.png"), paint(4, 3)), writePNG(t, filepath.Join(dir, "large.png"), paint(8, 6)), writePNG(t, filepath.Join(dir, "wide.png"), paint(12, 5))

	for name, c := range map[string]struct {
		o    Options
		want color.NRGBA // of pixel (2, 1)
	}{
		"same":   {Options{Intrinsics: yaml, Colour: small}, color.NRGBA{40, 30, 9, 255}},
		"scaled": {Options{Intrinsics: scaled, Colour: small}, color.NRGBA{40, 30, 9, 255}},
		// Pixel (2, 1) covers pixels 4 and 5 of rows 2 and 3; the ramp is linear, but
		// the filter reaches its end.
		"half":          {Options{Intrinsics: scaled, Colour: large}, color.NRGBA{91, 75, 9, 255}},
		"colour camera": {Options{Intrinsics: own, Colour: wide}, color.NRGBA{90, 60, 9, 255}}, // seen at (4.5, 2)
	} {
		s, err := Read(depth, c.o)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Check(); err != nil {
			t.Error(err)
		}
		if got := s.Colour.NRGBAAt(2, 1); got != c.want || s.Name != "bent/003" {
			t.Errorf("%s: %v, want %v; name %q", name, got, c.want, s.Name)
		}
	}
	_, err := Read(depth, Options{Intrinsics: yaml, Colour: large})
	checkError(t, err, large, "8×6", depth, "4×3", "registration needed")
	_, err = Read(depth, Options{Intrinsics: scaled, Colour: wide})
	checkError(t, err, wide, "12×5", "4×3", "aspect ratios")
	_, err = Read(depth, Options{Intrinsics: own, Colour: large})
	checkError(t, err, large, "8×6", "12×5")
	if !errors.Is(err, rgbd.ErrScan) {
		t.Errorf("%v does not wrap ErrScan", err)
	}

	// Beside a folder named depth the colour image is found.
	if s, err := Read(depth, Options{Intrinsics: yaml}); err != nil || s.Colour != nil {
		t.Errorf("%v, %v", s, err)
	}
	writePNG(t, filepath.Join(dir, "bent", "rgb", "003.png"), paint(4, 3))
	if s, err := Read(depth, Options{Intrinsics: yaml}); err != nil || s.Colour == nil {
		t.Errorf("%v, %v", s, err)
	}
	// A cloud file may have a camera too.
	cloud := writeTIFF(t, filepath.Join(dir, "c.tiff"), xyz(4, 3), xyztiff.EncodeOptions{})
	if s, err := Read(cloud, Options{Intrinsics: scaled, Colour: large}); err != nil || s.Intrinsics == nil || s.Colour.NRGBAAt(2, 1).R != 91 {
		t.Errorf("%v, %v", s, err)
	}
}

func TestReadDepthRefuses(t *testing.T) {
	dir := t.TempDir()
	yaml := write(t, filepath.Join(dir, "camera.yaml"), cameraYAML)
	half := write(t, filepath.Join(dir, "half.yaml"), "width: 4\nheight: 3\n")
	depth := writePNG(t, filepath.Join(dir, "a.png"), depthImage(depth4(), 4))
	turned := writePNG(t, filepath.Join(dir, "b.png"), depthImage(depth4(), 3))
	none := writePNG(t, filepath.Join(dir, "none.png"), depthImage(make([]uint16, 12), 4))
	raw, err := os.ReadFile(depth)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		path, about string // the file that the error names
		o           Options
		want        error
		part        string
	}{
		"no camera":        {depth, depth, Options{}, ErrIntrinsics, "16-bit greyscale PNG: a depth image, of which the camera's intrinsics are needed"},
		"another size":     {turned, turned, Options{Intrinsics: yaml}, rgbd.ErrCamera, "for images of 4×3 pixels, this one is 3×4"},
		"nothing measured": {none, none, Options{Intrinsics: yaml}, rgbd.ErrScan, "no measured point"},
		"field":            {depth, half, Options{Intrinsics: half}, nil, "field fx is missing"},
		"camera missing":   {depth, filepath.Join(dir, "x.yaml"), Options{Intrinsics: filepath.Join(dir, "x.yaml")}, os.ErrNotExist, ""},
		"camera a folder":  {depth, dir, Options{Intrinsics: dir}, nil, "is a folder"},
		"camera an image":  {depth, depth, Options{Intrinsics: depth}, nil, "camera: "},
		"8-bit":            {writePNG(t, filepath.Join(dir, "8.png"), image.NewGray(image.Rect(0, 0, 4, 3))), filepath.Join(dir, "8.png"), Options{Intrinsics: yaml}, nil, "not a cloud or a 16-bit depth image"},
		"cut short":        {write(t, filepath.Join(dir, "cut.png"), string(raw[:len(raw)-20])), filepath.Join(dir, "cut.png"), Options{Intrinsics: yaml}, nil, "depthpng: "},
		"scale":            {depth, depth, Options{Intrinsics: yaml, DepthScale: -1}, rgbd.ErrCamera, "depth scale -1"},
		"cloud of other":   {writeTIFF(t, filepath.Join(dir, "c.tiff"), xyz(5, 3), xyztiff.EncodeOptions{}), filepath.Join(dir, "c.tiff"), Options{Intrinsics: yaml}, rgbd.ErrCamera, "4×3 pixels, this one is 5×3"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Read(c.path, c.o)
			if s != nil {
				t.Error("a scan came with the error")
			}
			checkError(t, err, c.about, c.part)
			if c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("%v does not wrap %v", err, c.want)
			}
		})
	}
}

func TestReadColourTIFF(t *testing.T) {
	dir := t.TempDir()
	premultiplied := image.NewRGBA(image.Rect(0, 0, 2, 2))
	premultiplied.SetRGBA(1, 0, color.RGBA{10, 20, 30, 40})
	for name, im := range map[string]image.Image{"alpha": premultiplied, "grey": &image.Gray{Pix: []uint8{1, 2, 3, 4}, Stride: 2, Rect: image.Rect(0, 0, 2, 2)}} {
		var b bytes.Buffer
		if err := tiff.Encode(&b, im, &tiff.Options{Compression: tiff.Deflate}); err != nil {
			t.Fatal(err)
		}
		got, err := ReadColour(write(t, filepath.Join(dir, name), b.String()))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 4 {
			if want := color.NRGBAModel.Convert(im.At(i%2, i/2)); got.At(i%2, i/2) != want {
				t.Errorf("%s: pixel %d is %v, want %v", name, i, got.At(i%2, i/2), want)
			}
		}
		cut := write(t, filepath.Join(dir, name+" cut"), b.String()[:b.Len()/2])
		_, err = ReadColour(cut)
		checkError(t, err, cut, "is a TIFF file that cannot be decoded")
	}
}

// Open3D's pair, with the camera it was rendered with. The points are those of
// Open3D 0.16.1: create_from_depth_image(depth, intrinsic, depth_scale=1000,
// depth_trunc=1e9, project_valid_depth_only=False), rounded to 8 digits.
func TestReadOpen3DPair(t *testing.T) {
	dir := golden.Shared(t, "data/scans/open3d")
	k := write(t, filepath.Join(t.TempDir(), "k.json"), `{"width": 640, "height": 480, "intrinsic_matrix": [525.0, 0, 0, 0, 525.5, 0, 319.5, 239.5, 1]}`)
	s, err := Read(filepath.Join(dir, "depth_00120.png"), Options{Colour: filepath.Join(dir, "image_00120.jpg"), Intrinsics: k})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	if s.Colour == nil || s.Cloud.CountValid() != 640*480 {
		t.Errorf("colour %v, %d valid", s.Colour != nil, s.Cloud.CountValid())
	}
	const ulp = 2.4e-7 // of float32 between 2 and 4; Open3D divides floats by 1000
	for i, want := range map[int][3]float64{0: {-0.86964858, -0.65127594, 1.42900002}, 100000: {-0.64407616, -0.33686012, 2.11999989}} {
		p := s.Cloud.At(i)
		if math.Abs(p.X-want[0]) > ulp || math.Abs(p.Y-want[1]) > ulp || math.Abs(p.Z-want[2]) > ulp {
			t.Errorf("point %d is %v, want %v", i, p, want)
		}
	}
	var sum [3]float64
	for i, v := range s.Cloud.XYZ {
		sum[i%3] += float64(v)
	}
	for k, want := range [3]float64{-12513.49964587, -4410.41711076, 529233.11607373} {
		if math.Abs(sum[k]-want) > 640*480*ulp {
			t.Errorf("sum %d is %.8f, want %.8f", k, sum[k], want)
		}
	}
}

// grabberError is how far a coordinate may be from PCL's, which computes in
// float32: the figure that was asked for. See the log for what it is.
const grabberError = 1e-6

// A Kinect frame that PCL stored as depth image, colour image and cloud.
func TestReadGrabber(t *testing.T) {
	dir := golden.Shared(t, "data/scans/pcl/grabber")
	frame := filepath.Join(dir, "frame_20121214T142255.814212")
	s, err := Read(frame+"_depth.tiff", Options{Colour: frame + "_rgb.tiff", Camera: &rgbd.Camera{
		Intrinsics: rgbd.Intrinsics{Width: 640, Height: 480, Fx: 525, Fy: 525, Cx: 320, Cy: 240},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	stored, err := Read(frame+".pcd", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if stored.Cloud.Width != 640 || stored.Cloud.Height != 480 {
		t.Fatalf("PCD of %d×%d points", stored.Cloud.Width, stored.Cloud.Height)
	}
	missing, differ, worst := 0, 0, 0.0
	for i := range 640 * 480 {
		p := stored.Cloud.XYZ[3*i : 3*i+3]
		gone := !stored.Cloud.IsValid(i)
		if gone {
			missing++
		}
		if gone == s.Cloud.IsValid(i) {
			t.Fatalf("pixel %d: missing in the PCD %v, here %v", i, gone, !s.Cloud.IsValid(i))
		}
		if !gone {
			for k, v := range p {
				worst = max(worst, math.Abs(float64(v)-float64(s.Cloud.XYZ[3*i+k])))
			}
		}
		if !slices.Equal(stored.Cloud.RGB[3*i:3*i+3], s.Colour.Pix[4*i:4*i+3]) {
			differ++
		}
	}
	t.Logf("%d missing pixels, coordinates differ by %.3g m at most, %d colours differ", missing, worst, differ)
	if worst > grabberError || missing != 640*480-s.Cloud.CountValid() || missing == 0 {
		t.Errorf("coordinates differ by %g m", worst)
	}
	if differ > 0 {
		t.Errorf("%d colours differ", differ)
	}
}
