package report

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"slices"
	"strconv"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/font/inconsolata"
	"golang.org/x/image/math/fixed"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/rgbd"
)

// sheet is a heat-map picture before it is drawn. The rasters have the scan's
// size.
type sheet struct {
	scan        *rgbd.Scan
	result      *iad3d.Result
	scale       scale
	photo, heat *image.RGBA
	measured    []bool
	truth       *image.Gray
	regions     *image.Gray // nil for none
	threshold   float64     // 0 for none
}

// Measures of the page, in pixels.
const (
	margin    = 14
	gap       = 22  // between panels
	leastSide = 300 // width of a panel
	mostSide  = 1200
	leastBar  = 160 // height of the colour bar
	leastPage = 620 // width, for the text
	lineSkip  = 20
	advance   = 8  // of every letter
	ascent    = 11 // of a line over its base
	headLines = 3
)

var (
	paper = white
	ink   = color.RGBA{20, 20, 20, 255}
	faint = color.RGBA{95, 95, 95, 255}
)

// factor returns the number of picture pixels along a side of a scan pixel.
// Tall scans stop growing at mostSide.
func factor(w, h int) int {
	return max(1, min((leastSide+w-1)/w, mostSide/h))
}

// draw returns the finished page.
func (p *sheet) draw() *image.RGBA {
	w, h := p.photo.Rect.Dx(), p.photo.Rect.Dy()
	n := factor(w, h)
	top := margin + headLines*lineSkip
	left := image.Rect(0, 0, w*n, h*n).Add(image.Pt(margin, top))
	right := left.Add(image.Pt(w*n+gap, 0))
	bar := image.Rect(right.Max.X+gap, top, right.Max.X+gap+barWidth, max(right.Max.Y, top+leastBar))
	page := image.NewRGBA(image.Rect(0, 0, max(bar.Max.X+barText+margin, leastPage), bar.Max.Y+lineSkip+margin))
	draw.Draw(page, page.Rect, image.NewUniform(paper), image.Point{}, draw.Src)

	p.heading(page, left, right, bar)
	enlarge(page, left.Min, p.photo, n)
	enlarge(page, right.Min, p.heat, n)
	hatch(page, right, p.measured, w, n)
	if p.regions != nil {
		outline(page, right, p.regions, n, white)
	}
	if p.truth != nil {
		outline(page, right, p.truth, n, truthInk)
	}
	peak, m := p.result.Peak, p.result.Map
	at := image.Pt((2*peak.X+1)*w*n/(2*m.W), (2*peak.Y+1)*h*n/(2*m.H))
	ring(page, right, right.Min.Add(at), ringRadius(right))
	drawBar(page, bar, p.scale, p.threshold, float64(peak.Value))
	p.legend(page, bar.Max.Y+lineSkip)
	return page
}

func ringRadius(panel image.Rectangle) int { return max(8, min(panel.Dx(), panel.Dy())/28) }

func (p *sheet) heading(page *image.RGBA, left, right, bar image.Rectangle) {
	wide := page.Rect.Dx() - 2*margin
	name := p.scan.Name
	if name == "" {
		name = p.scan.Label()
	}
	y := margin + ascent
	write(page, inconsolata.Bold8x16, ink, margin, y, wide, name)
	r, m := p.result, p.result.Map
	line := fmt.Sprintf("score %s   peak %s at x %d, y %d", number(r.Score), number(float64(r.Peak.Value)), r.Peak.X, r.Peak.Y)
	unit := "score"
	if p.threshold > 0 {
		unit = "x threshold"
		line += fmt.Sprintf(", %.2f x the threshold of %s", float64(r.Peak.Value)/p.threshold, number(p.threshold))
	}
	if m.W != p.scan.Cloud.Width || m.H != p.scan.Cloud.Height {
		line += fmt.Sprintf(" of the %d×%d map", m.W, m.H)
	}
	write(page, inconsolata.Regular8x16, ink, margin, y+lineSkip, wide, line)
	what := "photo"
	if p.scan.Colour == nil && p.scan.Cloud.RGB == nil {
		what = "surface"
	}
	write(page, inconsolata.Regular8x16, faint, left.Min.X, y+2*lineSkip, left.Dx(), what)
	write(page, inconsolata.Regular8x16, faint, right.Min.X, y+2*lineSkip, right.Dx(), "score map")
	write(page, inconsolata.Regular8x16, faint, bar.Min.X, y+2*lineSkip, barWidth+barText, unit)
}

// legend explains the marks in use, on the line with its base at y.
func (p *sheet) legend(page *image.RGBA, y int) {
	x := margin
	entry := func(text string, sample func(r image.Rectangle)) {
		const side = 16
		r := image.Rect(x, y-side+3, x+side, y+3)
		draw.Draw(page, r, image.NewUniform(color.RGBA{60, 60, 60, 255}), image.Point{}, draw.Src)
		sample(r)
		write(page, inconsolata.Regular8x16, ink, x+side+6, y, page.Rect.Dx(), text)
		x += side + 6 + advance*len(text) + gap
	}
	entry("peak", func(r image.Rectangle) { ring(page, r, r.Min.Add(image.Pt(8, 8)), 5) })
	spot := func(c color.RGBA) func(r image.Rectangle) {
		return func(r image.Rectangle) {
			spot := image.NewGray(image.Rect(0, 0, r.Dx(), r.Dy()))
			draw.Draw(spot, spot.Rect.Inset(5), image.White, image.Point{}, draw.Src)
			outline(page, r, spot, 1, c)
		}
	}
	if p.regions != nil {
		entry("region", spot(white))
	}
	if p.truth != nil {
		entry("ground truth", spot(truthInk))
	}
	if slices.Contains(p.measured, false) {
		entry("not measured", func(r image.Rectangle) { hatch(page, r, make([]bool, r.Dx()*r.Dy()), r.Dx(), 1) })
	}
}

// write puts text on the line with its base at y, from x on. Text wider than
// wide loses its beginning, as names differ at the end, or is left out where
// little of it would remain.
func write(dst *image.RGBA, face *basicfont.Face, c color.RGBA, x, y, wide int, text string) {
	const dots, least = "...", 8
	if r, room := []rune(text), wide/advance; len(r) > room {
		if room < least {
			return
		}
		text = dots + string(r[len(r)-room+len(dots):])
	}
	d := font.Drawer{Dst: dst, Src: image.NewUniform(c), Face: face, Dot: fixed.P(x, y)}
	d.DrawString(text)
}

// number formats a score for reading.
func number(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }
