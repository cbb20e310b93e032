package rgbd

import (
	"errors"
	"image"
	"image/color"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/golang/geo/r2"
	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/pointcloud"
)

func contains(err error, part string) bool { return strings.Contains(err.Error(), part) }

// ramp returns an image whose red grows by 2 with x and whose green by 3 with y.
func ramp(w, h int) *image.NRGBA {
	im := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		im.SetNRGBA(i%w, i/w, color.NRGBA{uint8(2 * (i % w)), uint8(3 * (i / w)), 100, 255})
	}
	return im
}

var identity = [9]float64{1, 0, 0, 0, 1, 0, 0, 0, 1}

func TestRegistrationFits(t *testing.T) {
	scaled := &Registration{Scaled: true}
	camera := &Registration{Camera: &Intrinsics{Width: 1280, Height: 720, Fx: 1, Fy: 1}, Rotation: identity}
	for name, c := range map[string]struct {
		r            *Registration
		w, h, cw, ch int
		part         string // of the error; empty for none
	}{
		"same":                {nil, 640, 480, 640, 480, ""},
		"other size":          {nil, 1280, 960, 640, 480, "1280×960, cloud is 640×480 (registration needed)"},
		"twice":               {scaled, 1280, 960, 640, 480, ""},
		"half":                {scaled, 320, 240, 640, 480, ""},
		"rounded":             {scaled, 213, 160, 640, 480, ""},
		"rounded up":          {scaled, 214, 160, 640, 480, ""},
		"two pixels off":      {scaled, 216, 160, 640, 480, "other aspect ratios"},
		"16:9 and 4:3":        {scaled, 1920, 1080, 640, 480, "other aspect ratios"},
		"turned":              {scaled, 480, 640, 640, 480, "other aspect ratios"},
		"camera":              {camera, 1280, 720, 640, 480, ""},
		"camera of other":     {camera, 640, 480, 640, 480, "colour camera's are 1280×720"},
		"no integer overflow": {scaled, math.MaxInt32, 1, 1, math.MaxInt32, "other aspect ratios"},
	} {
		err := c.r.Fits(c.w, c.h, c.cw, c.ch)
		if (err == nil) != (c.part == "") || err != nil && (!errors.Is(err, ErrScan) || !contains(err, c.part)) {
			t.Errorf("%s: error %v, want %q", name, err, c.part)
		}
	}
}

func TestRegistrationCheck(t *testing.T) {
	k := func() *Intrinsics { return &Intrinsics{Width: 4, Height: 4, Fx: 1, Fy: 1} }
	s, c := math.Sincos(0.3)
	for name, r := range map[string]*Registration{
		"none": nil, "scaled": {Scaled: true}, "camera": {Camera: k(), Rotation: identity},
		"turned":   {Camera: k(), Rotation: [9]float64{c, -s, 0, s, c, 0, 0, 0, 1}, Translation: r3.Vector{X: 1}},
		"4 digits": {Camera: k(), Rotation: [9]float64{0.9553, -0.2955, 0, 0.2955, 0.9553, 0, 0, 0, 1}},
	} {
		if err := r.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for part, r := range map[string]*Registration{
		"either scaled or":          {},
		"either scaled or ":         {Scaled: true, Camera: k()},
		"focal length":              {Camera: &Intrinsics{Width: 1, Height: 1}, Rotation: identity},
		"rows 1 and 1":              {Camera: k()},
		"rows 1 and 2":              {Camera: k(), Rotation: [9]float64{1, 0, 0, 1, 0, 0, 0, 0, 1}},
		"mirrors":                   {Camera: k(), Rotation: [9]float64{-1, 0, 0, 0, 1, 0, 0, 0, 1}},
		"rows 1 and 1 have the pro": {Camera: k(), Rotation: [9]float64{math.NaN()}},
		"translation":               {Camera: k(), Rotation: identity, Translation: r3.Vector{Y: math.NaN()}},
	} {
		if err := r.Check(); !errors.Is(err, ErrCamera) || !contains(err, strings.TrimSpace(part)) {
			t.Errorf("error %v, want %q", err, part)
		}
	}
}

// A colour camera with the depth camera's place and pixels sees the same image;
// one with twice the pixels, shifted, sees each point where Project says.
func TestColourByCamera(t *testing.T) {
	k := Intrinsics{Width: 40, Height: 30, Fx: 50, Fy: 50, Cx: 19.5, Cy: 14.5}
	depth := DepthImage{Width: 40, Height: 30, U16: make([]uint16, 1200)}
	for i := range depth.U16 {
		depth.U16[i] = uint16(800 + 3*(i%40))
	}
	depth.U16[77] = 0
	cloud, err := (&Camera{Intrinsics: k}).Cloud(&depth)
	if err != nil {
		t.Fatal(err)
	}
	same := (&Registration{Camera: &k, Rotation: identity}).Colour(ramp(40, 30), cloud)
	for i, want := range slices.Collect(slices.Chunk(ramp(40, 30).Pix, 4)) {
		if i == 77 {
			want = []uint8{0, 0, 0, 0}
		}
		if got := same.Pix[4*i : 4*i+4]; !slices.Equal(got, want) {
			t.Fatalf("pixel %d: %v, want %v", i, got, want)
		}
	}

	s, c := math.Sincos(0.05)
	r := &Registration{
		Camera:   &Intrinsics{Width: 80, Height: 60, Fx: 95, Fy: 96, Cx: 40, Cy: 29},
		Rotation: [9]float64{c, 0, s, 0, 1, 0, -s, 0, c}, Translation: r3.Vector{X: -0.15, Y: 0.01, Z: 0.002},
	}
	im := ramp(80, 60)
	out := r.Colour(im, cloud)
	seen, unseen := 0, 0
	for i := range cloud.Len() {
		p := cloud.At(i)
		at, ok := r.Camera.Project(r3.Vector{
			X: c*p.X + s*p.Z - 0.15, Y: p.Y + 0.01, Z: -s*p.X + c*p.Z + 0.002,
		})
		if !cloud.IsValid(i) || !ok {
			unseen++
			if !slices.Equal(out.Pix[4*i:4*i+4], []uint8{0, 0, 0, 0}) {
				t.Fatalf("pixel %d has a colour and is not seen", i)
			}
			continue
		}
		seen++
		at = r2.Point{X: min(max(at.X, 0), 79), Y: min(max(at.Y, 0), 59)}
		got := out.NRGBAAt(i%40, i/40)
		// Linear in x and y, the ramp has its value between pixels too, up to rounding.
		if math.Abs(float64(got.R)-2*at.X) > 0.5001 || math.Abs(float64(got.G)-3*at.Y) > 0.5001 || got.B != 100 || got.A != 255 {
			t.Fatalf("pixel %d is %v at %v", i, got, at)
		}
	}
	if seen < 500 || unseen < 10 {
		t.Errorf("%d pixels seen, %d not: no test of either", seen, unseen)
	}
	// The unit of the cloud does not matter.
	mm := cloud.Clone()
	mm.Unit = pointcloud.Millimetre
	for i := range mm.XYZ {
		mm.XYZ[i] *= 1000
	}
	differ := 0
	for i, v := range r.Colour(im, mm).Pix {
		if max(v, out.Pix[i])-min(v, out.Pix[i]) > 1 {
			differ++
		}
	}
	if differ > 0 {
		t.Errorf("in millimetres %d values differ", differ)
	}
}

func TestColourScaled(t *testing.T) {
	im := ramp(80, 60)
	cloud := &pointcloud.Cloud{Width: 40, Height: 30, XYZ: make([]float32, 3*1200)}
	scaled := &Registration{Scaled: true}
	got := scaled.Colour(im, cloud)
	if got.Rect != image.Rect(0, 0, 40, 30) || !slices.Equal(got.Pix, grid.ResizeBicubic(im.Pix, 60, 80, 4, 30, 40)) {
		t.Error("not what Pillow's filter makes of it")
	}
	// A part of a larger image is the same image.
	large := image.NewNRGBA(image.Rect(-3, -2, 90, 70))
	for y := range 60 {
		copy(large.Pix[large.PixOffset(0, y):], im.Pix[y*im.Stride:][:im.Stride])
	}
	part := large.SubImage(im.Rect).(*image.NRGBA)
	if !slices.Equal(scaled.Colour(part, cloud).Pix, got.Pix) {
		t.Error("a sub-image gives another result")
	}
	full := &pointcloud.Cloud{Width: 80, Height: 60}
	if scaled.Colour(im, full) != im || (*Registration)(nil).Colour(im, cloud) != im {
		t.Error("an image of the right size is not taken as it is")
	}
}
