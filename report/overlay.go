package report

import (
	"image"
	"image/color"

	"github.com/iad3d/iad3d/grid"
)

// overlay returns the photo in grey under the colours of a score map of its
// size, and darker where nothing was measured.
func overlay(photo *image.RGBA, m *grid.Map, s scale, measured []bool) *image.RGBA {
	p := image.NewRGBA(photo.Rect)
	for i, v := range m.Data {
		x, y := i%m.W, i/m.W
		g := grey(photo.RGBAAt(x, y))
		if !measured[i] {
			g /= 2
		}
		p.SetRGBA(x, y, tint(g, s.level(float64(v))))
	}
	return p
}

// grey returns a colour's luma (Rec. 601).
func grey(c color.RGBA) uint8 {
	return uint8((299*int(c.R) + 587*int(c.G) + 114*int(c.B) + 500) / 1000)
}

// enlarge copies src to dst from the point at, each pixel n×n times.
func enlarge(dst *image.RGBA, at image.Point, src *image.RGBA, n int) {
	for y := range src.Rect.Dy() * n {
		for x := range src.Rect.Dx() * n {
			dst.SetRGBA(at.X+x, at.Y+y, src.RGBAAt(x/n, y/n))
		}
	}
}

// Marks on the map.
var (
	truthInk = color.RGBA{0, 255, 255, 255} // no colour of the ramp is near
	white    = color.RGBA{255, 255, 255, 255}
	black    = color.RGBA{0, 0, 0, 255}
)

// Strokes over what was not measured, faint: backgrounds are full of holes.
const (
	hatchPitch = 8  // picture pixels from stroke to stroke
	hatchLight = 80 // how far a stroke goes from the colour below to white, in 255ths
)

// hatch draws rising strokes over the cells of r whose flag is false: n×n
// pixels each, w to a row.
func hatch(dst *image.RGBA, r image.Rectangle, flags []bool, w, n int) {
	for y := range r.Dy() {
		for x := range r.Dx() {
			if (x+y)%hatchPitch == 0 && !flags[y/n*w+x/n] {
				c := dst.RGBAAt(r.Min.X+x, r.Min.Y+y)
				lighter := func(v uint8) uint8 { return v + uint8((255-int(v))*hatchLight/255) }
				dst.SetRGBA(r.Min.X+x, r.Min.Y+y, color.RGBA{lighter(c.R), lighter(c.G), lighter(c.B), 255})
			}
		}
	}
}

// outline draws a line of a colour round the pixels of truth that are not 0, enlarged n
// times into r: outside them, so that a small defect stays visible, and with a
// black edge that keeps it apart from any background.
func outline(dst *image.RGBA, r image.Rectangle, truth *image.Gray, n int, ink color.RGBA) {
	w, h := r.Dx(), r.Dy()
	far := 3 + w/800 // of the black edge; the line lies between it and the defect
	// near is the distance (in rows or columns, whichever is more) of a pixel to
	// the defect, up to far: along the rows first, then over the columns.
	near := make([]int, w*h)
	for y := range h {
		for x := range w {
			near[y*w+x] = far + 1
			for d := 0; d <= far; d++ {
				if x >= d && isDefect(truth, (x-d)/n, y/n) || x+d < w && isDefect(truth, (x+d)/n, y/n) {
					near[y*w+x] = d
					break
				}
			}
		}
	}
	for y := range h {
		for x := range w {
			d := far + 1
			for k := max(y-far, 0); k <= min(y+far, h-1); k++ {
				d = min(d, max(near[k*w+x], y-k, k-y))
			}
			switch {
			case d > far || d == 0:
			case d == far:
				dst.SetRGBA(r.Min.X+x, r.Min.Y+y, black)
			default:
				dst.SetRGBA(r.Min.X+x, r.Min.Y+y, ink)
			}
		}
	}
}

// isDefect reports whether pixel (x, y), counted from the image's corner, is not
// 0.
func isDefect(truth *image.Gray, x, y int) bool {
	return truth.GrayAt(truth.Rect.Min.X+x, truth.Rect.Min.Y+y).Y != 0
}

func hasDefect(truth *image.Gray) bool {
	for i := range truth.Rect.Dx() * truth.Rect.Dy() {
		if isDefect(truth, i%truth.Rect.Dx(), i/truth.Rect.Dx()) {
			return true
		}
	}
	return false
}

// ring draws a white circle of the given radius round a point, between two
// black ones, as far as they lie in clip.
func ring(dst *image.RGBA, clip image.Rectangle, at image.Point, radius int) {
	for y := -radius - 2; y <= radius+2; y++ {
		for x := -radius - 2; x <= radius+2; x++ {
			p := at.Add(image.Pt(x, y))
			if !p.In(clip) {
				continue
			}
			// Half pixels and squares keep this in whole numbers.
			switch d := 4 * (x*x + y*y); {
			case d < sq(2*radius-3) || d >= sq(2*radius+4):
			case d < sq(2*radius-1) || d >= sq(2*radius+2):
				dst.SetRGBA(p.X, p.Y, black)
			default:
				dst.SetRGBA(p.X, p.Y, white)
			}
		}
	}
}

func sq(x int) int { return x * x }
