package report

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
)

// flatScan is a plane facing the camera with a photo of noise.
func flatScan(w, h int) *rgbd.Scan {
	r := rand.New(rand.NewPCG(uint64(w), uint64(h)))
	c := &pointcloud.Cloud{XYZ: make([]float32, 3*w*h), Width: w, Height: h}
	im := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		copy(c.XYZ[3*i:], []float32{float32(i%w) / 1000, float32(i/w) / 1000, 0.5})
		copy(im.Pix[4*i:], []uint8{uint8(r.IntN(256)), uint8(r.IntN(256)), uint8(r.IntN(256)), 255})
	}
	return &rgbd.Scan{Name: "bent/003", Cloud: c, Colour: im}
}

// spotResult is a map of ones with the value v in the rectangle spot.
func spotResult(w, h int, spot image.Rectangle, v float32) *iad3d.Result {
	m := grid.New(h, w, 1)
	for i := range m.Data {
		m.Data[i] = 1
		if image.Pt(i%w, i/w).In(spot) {
			m.Data[i] = v
		}
	}
	return &iad3d.Result{Name: "bent/003", Score: 2.5, Map: m, Peak: iad3d.Peak{X: spot.Min.X, Y: spot.Min.Y, Value: v}}
}

// page is a decoded heat map with its two panels.
type page struct {
	image.Image
	left, right image.Rectangle
}

func render(t *testing.T, s *rgbd.Scan, r *iad3d.Result, o HeatmapOptions) page {
	t.Helper()
	var b bytes.Buffer
	if err := Heatmap(&b, s, r, o); err != nil {
		t.Fatal(err)
	}
	im, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	n := factor(s.Cloud.Width, s.Cloud.Height)
	left := image.Rect(0, 0, s.Cloud.Width*n, s.Cloud.Height*n).Add(image.Pt(margin, margin+headLines*lineSkip))
	p := page{im, left, left.Add(image.Pt(left.Dx()+gap, 0))}
	if !p.right.In(im.Bounds()) {
		t.Fatalf("panel %v is not on the page %v", p.right, im.Bounds())
	}
	return p
}

// mapAt returns the colour of the picture at a pixel of the right panel.
func (p page) mapAt(x, y int) color.RGBA {
	return color.RGBAModel.Convert(p.At(p.right.Min.X+x, p.right.Min.Y+y)).(color.RGBA)
}

func (p page) photoAt(x, y int) color.RGBA {
	return color.RGBAModel.Convert(p.At(p.left.Min.X+x, p.left.Min.Y+y)).(color.RGBA)
}

// aside reports whether (x, y) of the panel is clear of the ring at the centre c.
func (p page) aside(x, y int, c image.Point) bool {
	d := image.Pt(x, y).Sub(c)
	return math.Hypot(float64(d.X), float64(d.Y)) > float64(ringRadius(p.right)+3)
}

func TestHeatmapCoversThePhotoWhereTheScoreIsHigh(t *testing.T) {
	s := flatScan(320, 301)
	spot := image.Rect(200, 100, 280, 180)
	p := render(t, s, spotResult(320, 301, spot, 5), HeatmapOptions{Low: 1, High: 5})
	if p.left.Dx() != 320 || p.left.Dy() != 301 {
		t.Fatalf("panel is %v for a scan of 320×301", p.left)
	}
	for y := range 301 {
		for x := range 320 {
			photo := s.Colour.NRGBAAt(x, y)
			if got := p.photoAt(x, y); got != color.RGBA(photo) {
				t.Fatalf("photo at (%d, %d) is %v, want %v", x, y, got, photo)
			}
			if !p.aside(x, y, spot.Min) {
				continue
			}
			got := p.mapAt(x, y)
			if g := grey(color.RGBA(photo)) / 4 * 3; !image.Pt(x, y).In(spot) {
				// Three quarters of the grey, but for rounding, without colour.
				if got.R != got.G || got.G != got.B || got.R < g || got.R > g+3 {
					t.Fatalf("low score at (%d, %d): %v over grey %d", x, y, got, g)
				}
			} else if got.R < 200 || got.G < 200 || got.B > got.G {
				t.Fatalf("high score at (%d, %d): %v is not light yellow", x, y, got)
			}
		}
	}
}

func TestHeatmapSharesAScale(t *testing.T) {
	s := flatScan(300, 300)
	for i := range s.Colour.Pix {
		s.Colour.Pix[i] = 128
	}
	spot := image.Rect(100, 100, 200, 200)
	centre := func(peak float32, o HeatmapOptions) color.RGBA {
		r := spotResult(300, 300, spot, 4)
		r.Map.Data[0], r.Peak = peak, iad3d.Peak{Value: peak}
		return render(t, s, r, o).mapAt(150, 150)
	}
	fixed := HeatmapOptions{Low: 1, High: 20}
	if a, b := centre(5, fixed), centre(20, fixed); a != b {
		t.Errorf("score 4 is %v in one map and %v in another on the same scale", a, b)
	}
	if a, b := centre(5, HeatmapOptions{}), centre(20, HeatmapOptions{}); a == b {
		t.Errorf("score 4 is %v in maps with different scales of their own", a)
	}
	if a, b := centre(20, HeatmapOptions{}), centre(20, fixed); a != b {
		t.Errorf("own scale gives %v, the same scale by option %v", a, b)
	}
	if a, b := centre(20, HeatmapOptions{Low: 1, High: 2}), centre(20, HeatmapOptions{Low: 1, High: 4}); a != b {
		t.Errorf("a score above the scale is %v, one at its end %v", a, b)
	}
}

func TestHeatmapEnlargesSmallScans(t *testing.T) {
	s := flatScan(50, 40)
	p := render(t, s, spotResult(50, 40, image.Rect(10, 10, 20, 20), 3), HeatmapOptions{})
	if p.left.Dx() != 300 || p.left.Dy() != 240 {
		t.Fatalf("panel of %v, want 6 times 50×40", p.left)
	}
	for y := range 240 {
		for x := range 300 {
			if got, want := p.photoAt(x, y), color.RGBA(s.Colour.NRGBAAt(x/6, y/6)); got != want {
				t.Fatalf("(%d, %d) is %v, want %v", x, y, got, want)
			}
		}
	}
}

func TestHeatmapStretchesTheMap(t *testing.T) {
	s := flatScan(320, 300)
	for i := range s.Colour.Pix {
		s.Colour.Pix[i] = 100
	}
	// Of 8×5 cells of 40×60 pixels the one in column 6, row 1 is hot.
	p := render(t, s, spotResult(8, 5, image.Rect(6, 1, 7, 2), 9), HeatmapOptions{Low: 1, High: 9})
	hot := p.mapAt(260, 90)
	for _, at := range []image.Point{{100, 90}, {260, 210}, {20, 20}} {
		if cold := p.mapAt(at.X, at.Y); cold.R != 75 || hot.R < 200 {
			t.Errorf("hot cell is %v, pixel %v is %v", hot, at, cold)
		}
	}
	sum, n := image.Point{}, 0
	for y := range 300 {
		for x := range 320 {
			if p.mapAt(x, y) == white {
				sum, n = sum.Add(image.Pt(x, y)), n+1
			}
		}
	}
	if n == 0 {
		t.Fatal("no ring")
	}
	if got := sum.Div(n); got != image.Pt(260, 90) {
		t.Errorf("the ring is at %v, want the hot cell's centre (260, 90)", got)
	}
}

func TestHeatmapMarksWhatWasNotMeasured(t *testing.T) {
	hole := image.Rect(40, 60, 120, 160)
	spot := image.Rect(250, 20, 260, 30)
	flags := func() []bool {
		f := slices.Repeat([]bool{true}, 300*200)
		for y := hole.Min.Y; y < hole.Max.Y; y++ {
			for x := hole.Min.X; x < hole.Max.X; x++ {
				f[y*300+x] = false
			}
		}
		return f
	}
	plain := render(t, flatScan(300, 200), spotResult(300, 200, spot, 4), HeatmapOptions{})
	byCloud, r := flatScan(300, 200), spotResult(300, 200, spot, 4)
	byCloud.Cloud.Valid = flags()
	inMap := spotResult(300, 200, spot, 4)
	inMap.Map.Valid = flags()
	for name, p := range map[string]page{
		"cloud": render(t, byCloud, r, HeatmapOptions{}),
		"map":   render(t, flatScan(300, 200), inMap, HeatmapOptions{}),
	} {
		strokes := 0
		for y := range 200 {
			for x := range 300 {
				was, is := plain.mapAt(x, y), p.mapAt(x, y)
				switch {
				case !image.Pt(x, y).In(hole):
					if is != was {
						t.Fatalf("%s: (%d, %d) changed from %v to %v outside the hole", name, x, y, was, is)
					}
				case (x+y)%hatchPitch == 0:
					strokes++
					if below := p.mapAt(x-1, y); is.R < hatchLight {
						t.Fatalf("%s: no stroke at (%d, %d): %v beside %v", name, x, y, is, below)
					}
				case int(is.R) > 2+int(was.R)/2:
					t.Fatalf("%s: (%d, %d) is %v, want half of %v", name, x, y, is, was)
				}
			}
		}
		if strokes == 0 {
			t.Errorf("%s: no stroke", name)
		}
	}
}

func TestHeatmapOutlinesTheTruth(t *testing.T) {
	s := flatScan(75, 60) // 4 pixels each
	truth := image.NewGray(image.Rect(3, 4, 78, 64))
	// A block, a single pixel with the id of a class, and a block at the edge.
	for i := range 75 * 60 {
		q := image.Pt(i%75, i/75)
		if q.In(image.Rect(20, 20, 40, 30)) || q == image.Pt(60, 45) || q.In(image.Rect(0, 50, 5, 60)) {
			truth.SetGray(3+q.X, 4+q.Y, color.Gray{Y: 252})
		}
	}
	r := spotResult(75, 60, image.Rect(70, 0, 75, 2), 2)
	plain, p := render(t, s, r, HeatmapOptions{}), render(t, s, r, HeatmapOptions{Truth: truth})
	for y := range 240 {
		for x := range 300 {
			near := 9
			for dy := -4; dy <= 4; dy++ {
				for dx := -4; dx <= 4; dx++ {
					if q := image.Pt(x+dx, y+dy); q.In(image.Rect(0, 0, 300, 240)) && isDefect(truth, q.X/4, q.Y/4) {
						near = min(near, max(dx, -dx, dy, -dy))
					}
				}
			}
			want := plain.mapAt(x, y)
			switch near {
			case 1, 2:
				want = truthInk
			case 3:
				want = black
			}
			if got := p.mapAt(x, y); got != want {
				t.Fatalf("(%d, %d), %d from a defect: %v, want %v", x, y, near, got, want)
			}
		}
	}
	sound := render(t, s, r, HeatmapOptions{Truth: image.NewGray(image.Rect(0, 0, 75, 60))})
	if !slices.Equal(sound.Image.(*image.RGBA).Pix, plain.Image.(*image.RGBA).Pix) {
		t.Error("a truth without defect changes the picture")
	}
}

func TestHeatmapWithoutPhoto(t *testing.T) {
	// A roof whose left half faces the lamp, with a gap along the ridge.
	s := flatScan(300, 20)
	s.Colour = nil
	s.Cloud.Valid = slices.Repeat([]bool{true}, 300*20)
	for i := range s.Cloud.Len() {
		s.Cloud.XYZ[3*i+2] = 0.5 + float32(math.Abs(float64(i%300)-150))/1000
		s.Cloud.Valid[i] = i%300 < 148 || i%300 > 152
	}
	r := spotResult(300, 20, image.Rect(10, 10, 11, 11), 2)
	p := render(t, s, r, HeatmapOptions{})
	left, right, gap := p.photoAt(75, 10), p.photoAt(225, 10), p.photoAt(150, 10)
	// Normals (∓1, 0, −1)/√2 and a lamp at (−1, −1, −2)/√6 in a surface of
	// 60 + 180·cos: 216 and 111.
	if left.R != 60+155 || right.R != 60+51 || gap.R != unlit {
		t.Errorf("lit side %v, far side %v, gap %v", left, right, gap)
	}
	s.Cloud.RGB = make([]uint8, 3*s.Cloud.Len())
	for i := range s.Cloud.RGB {
		s.Cloud.RGB[i] = uint8(50 + i%3)
	}
	if got, want := render(t, s, r, HeatmapOptions{}).photoAt(200, 5), (color.RGBA{50, 51, 52, 255}); got != want {
		t.Errorf("a coloured cloud shows %v, want %v", got, want)
	}
}

func TestHeatmapIsDeterministicAndLeavesItsInput(t *testing.T) {
	s, r := flatScan(310, 90), spotResult(40, 30, image.Rect(5, 5, 9, 9), 7)
	before := fmt.Sprint(*s.Cloud, *s.Colour, *r, *r.Map)
	var first, second bytes.Buffer
	if err := Heatmap(&first, s, r, HeatmapOptions{}); err != nil {
		t.Fatal(err)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if err := Heatmap(&second, s, r, HeatmapOptions{}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("two pictures of the same scan differ")
	}
	if fmt.Sprint(*s.Cloud, *s.Colour, *r, *r.Map) != before {
		t.Error("the input changed")
	}
}

func TestHeatmapOfOddShapes(t *testing.T) {
	for _, size := range []image.Point{{1, 1}, {1, 900}, {900, 1}, {2, 7}} {
		s := flatScan(size.X, size.Y)
		s.Name = strings.Repeat("a long folder ", 100) + "é/001"
		r := spotResult(size.X, size.Y, image.Rect(0, 0, 1, 1), 2)
		r.Name = s.Name
		p := render(t, s, r, HeatmapOptions{})
		b := p.Bounds()
		if b.Dx() > 2*max(leastPage, 900)+200 || b.Dy() > 1500 {
			t.Errorf("scan of %v gives a page of %v", size, b)
		}
		for y := range b.Dy() {
			if c := color.RGBAModel.Convert(p.At(b.Dx()-margin/2, y)).(color.RGBA); c != paper {
				t.Fatalf("scan of %v: %v in the page's right margin", size, c)
			}
		}
	}
}

func TestHeatmapErrors(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for want, change := range map[string]func(s *rgbd.Scan, r *iad3d.Result, o *HeatmapOptions){
		"not organised": func(s *rgbd.Scan, r *iad3d.Result, o *HeatmapOptions) { s.Cloud.Width, s.Cloud.Height = 0, 0 },
		"colour image is 9×9": func(s *rgbd.Scan, r *iad3d.Result, o *HeatmapOptions) {
			s.Colour = image.NewNRGBA(image.Rect(0, 0, 9, 9))
		},
		"the result is that of cut/001": func(s *rgbd.Scan, r *iad3d.Result, o *HeatmapOptions) { r.Name = "cut/001" },
		"no map":                        func(s *rgbd.Scan, r *iad3d.Result, o *HeatmapOptions) { r.Map = nil },
		"10×10×2 score map":             func(s *rgbd.Scan, r *iad3d.Result, o *HeatmapOptions) { r.Map = grid.New(10, 10, 2) },
		"99 values":                     func(s *rgbd.Scan, r *iad3d.Result, o *HeatmapOptions) { r.Map.Data = r.Map.Data[:99] },
		"3 flags":                       func(s *rgbd.Scan, r *iad3d.Result, o *HeatmapOptions) { r.Map.Valid = make([]bool, 3) },
		"pixel (4, 2) is NaN":           func(s *rgbd.Scan, r *iad3d.Result, o *HeatmapOptions) { r.Map.Data[24] = float32(nan) },
		"peak (10, 3) lies outside":     func(s *rgbd.Scan, r *iad3d.Result, o *HeatmapOptions) { r.Peak.X = 10 },
		"score is +Inf":                 func(s *rgbd.Scan, r *iad3d.Result, o *HeatmapOptions) { r.Score = inf },
		"peak value is NaN":             func(s *rgbd.Scan, r *iad3d.Result, o *HeatmapOptions) { r.Peak.Value = float32(nan) },
		"no scale from 3 to 2":          func(s *rgbd.Scan, r *iad3d.Result, o *HeatmapOptions) { o.Low, o.High = 3, 2 },
		"no scale from NaN to 2":        func(s *rgbd.Scan, r *iad3d.Result, o *HeatmapOptions) { o.Low, o.High = nan, 2 },
		"no scale from -1e+308 to":      func(s *rgbd.Scan, r *iad3d.Result, o *HeatmapOptions) { o.Low, o.High = -1e308, 1e308 },
		"truth is 10×11, the scan 10×10": func(s *rgbd.Scan, r *iad3d.Result, o *HeatmapOptions) {
			o.Truth = image.NewGray(image.Rect(0, 0, 10, 11))
		},
	} {
		s, r, o := flatScan(10, 10), spotResult(10, 10, image.Rect(3, 3, 4, 4), 2), HeatmapOptions{}
		change(s, r, &o)
		var b bytes.Buffer
		err := Heatmap(&b, s, r, o)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "bent/003") {
			t.Errorf("error %v, want one with %q and the scan's name", err, want)
		}
		if b.Len() > 0 {
			t.Errorf("%s: %d bytes written", want, b.Len())
		}
	}
	s := flatScan(10, 10)
	s.Cloud = nil
	if err := Heatmap(&bytes.Buffer{}, s, spotResult(10, 10, image.Rect(3, 3, 4, 4), 2), HeatmapOptions{}); !errors.Is(err, rgbd.ErrScan) {
		t.Errorf("scan without cloud: %v", err)
	}
	full := errors.New("disk full")
	if err := Heatmap(failing{full}, flatScan(10, 10), spotResult(10, 10, image.Rect(3, 3, 4, 4), 2), HeatmapOptions{}); !errors.Is(err, full) {
		t.Errorf("failing writer: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
