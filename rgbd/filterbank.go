package rgbd

import (
	"context"
	"image"
	"math"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/internal/parallel"
)

const (
	bankScales     = 3
	bankDirections = 8
	bankBars       = 4
	bankColours    = 3 // brightness and two opponent colours
	// bankScaleDim is the number of channels of a scale.
	bankScaleDim = 2*bankColours + bankDirections + bankBars + bankColours - 1
	// FilterBankDim is the number of channels that FilterBank gives.
	FilterBankDim = bankScales * bankScaleDim
	// bankHalf is the strength at which half of a channel's range is reached, but
	// for a rest.
	bankHalf = 0.1
)

// Spans of the colour channels, from the lowest value to the highest.
var bankSpan = [bankColours]float64{3 * 255, 2 * 255, 4 * 255}

// FilterBank describes every pixel of a colour image, resized to h×w pixels
// ([grid.ResizeBicubic], whatever its aspect ratio), by its colour, contrast and
// structure at three scales, without a trained network: h×w×60. Bytes are taken
// as they are, gamma-coded as cameras and image files have them; the opacity of
// pixels is ignored.
//
// The colours are brightness R+G+B and the opponent colours R−G and R+G−2B
// (K. van de Sande, T. Gevers, C. Snoek, "Evaluating Color Descriptors for Object
// and Scene Recognition", PAMI 2010), each divided by its span. Scale s = 0, 1, 2
// has an inner window of 3, 5, 9 pixels, for derivatives, and an outer one of 5,
// 9, 17, for averages; channel 20·s + …
//
//	0…2   mean of the three colours: brightness in [0, 1], the others in [−½, ½]
//	3…5   their standard deviation, doubled
//	6…13  edges of brightness: the mean, over the outer window, of the gradient's
//	      positive part along 8 directions 45° apart, the first one to the right,
//	      the third one down: how much it gets brighter that way
//	14…17 bars of brightness: the mean magnitude of the second derivative along 4
//	      directions 45° apart, the first one horizontal
//	18…19 edges of the opponent colours: the mean magnitude of the gradient
//
// Every channel thus has a span of 1, whatever its kind and scale: the strength v
// of channels 3…19 is 1 where the pattern that moves them most, a straight edge or
// bar between the extremes of the colour, fills the outer window. They are
// returned as 1.1·v/(v + 0.1), Naka and Rushton's saturation: 0 for nothing, about
// a half for a tenth of the span, in [0, 1] (diagonal patterns can exceed 1 by a
// hundredth). A distance between descriptors is then not ruled by the strongest
// edge in the image.
//
// The design follows three banks. The kinds of filter are those of T. Leung, J.
// Malik (IJCV 2001): Gaussians, edges and bars at several scales. The derivatives
// are steered, W. Freeman, E. Adelson (PAMI 1991), so that all directions come from
// two or three of them, and split by sign and averaged as in DAISY, E. Tola, V.
// Lepetit, P. Fua (PAMI 2010): how much goes which way survives the average, and
// the descriptor bears shifts of a few pixels. Gaussians are three box filters
// along each axis (standard deviations 1.4, 2.4, 4.5 of the inner and 2.4, 4.5,
// 8.5 pixels of the outer windows), two for the means of edges and bars.
//
// Everything is summed in whole numbers, hence exactly: the bits are the same on
// every machine; on the h×w raster, moving the image by whole pixels moves the
// result (out of reach of the border), a quarter turn or a mirror permutes it, and
// adding the same value to all bytes changes channel 20·s alone (the deviations
// by a rounding). Beyond the border the border pixels go on.
//
// It panics when a size is not positive.
func FilterBank(img *image.NRGBA, h, w int) *grid.Map {
	return filterBank(resizedBytes(img, h, w), h, w, 0)
}

// filterBank takes h×w pixels of red, green and blue bytes. The result does not
// depend on workers; ≤ 0 means GOMAXPROCS.
func filterBank(pix []uint8, h, w, workers int) *grid.Map {
	out := grid.New(h, w, FilterBankDim)
	b := &bank{h: h, w: w, workers: workers}
	var colour, square [bankColours][]int64
	for c := range colour {
		colour[c] = b.plane(func(i int) int64 {
			r, g, b := int64(pix[3*i]), int64(pix[3*i+1]), int64(pix[3*i+2])
			return [...]int64{r + g + b, r - g, r + g - 2*b}[c]
		})
		square[c] = b.plane(func(i int) int64 { return colour[c][i] * colour[c][i] })
	}
	inner, width := [bankColours][]int64{}, 3
	b.each(bankColours, func(c int) { inner[c] = boxes(colour[c], h, w, width, 3) })
	for s := range bankScales {
		inner = b.scale(out, s, width, &colour, &square, &inner)
		width = 2*width - 1
	}
	return out
}

// bank is the work on one image.
type bank struct{ h, w, workers int }

// plane returns the raster of f.
func (b *bank) plane(f func(i int) int64) []int64 {
	p := make([]int64, b.h*b.w)
	for i := range p {
		p[i] = f(i)
	}
	return p
}

// each calls f for 0 … n−1, several at a time.
func (b *bank) each(n int, f func(i int)) {
	// The context never ends, so there is no error.
	_ = parallel.For(context.Background(), n, 1, b.workers, func(_, lo, _ int) { f(lo) })
}

// scale writes the channels of scale s, whose inner window has the given width.
// inner are the colours smoothed by it; it returns them smoothed by the outer one,
// the inner window of the next scale.
func (b *bank) scale(out *grid.Map, s, width int, colour, square, inner *[bankColours][]int64) (outer [bankColours][]int64) {
	wide := 2*width - 1
	var squares [bankColours][]int64
	b.each(2*bankColours, func(i int) {
		if c := i / 2; i%2 == 0 {
			outer[c] = boxes(colour[c], b.h, b.w, wide, 3)
		} else {
			squares[c] = boxes(square[c], b.h, b.w, wide, 3)
		}
	})
	means := b.energies(inner, wide)
	edge, bar := strongest(width)
	area := math.Pow(float64(wide), 4) // of the two box filters of the means
	var gain [len(means)]float64
	for i := range gain {
		switch {
		case i < bankDirections:
			gain[i] = 1 / (bankSpan[0] * edge * area)
			if i%2 == 1 {
				gain[i] *= math.Sqrt2 / 2 // of gx ± gy
			}
		case i < bankDirections+bankBars:
			gain[i] = 1 / (4 * bankSpan[0] * bar * area)
		default:
			c := 1 + (i-bankDirections-bankBars)/2
			gain[i] = 1 / (bankSpan[c] * edge * area * fourDirections)
			if i%2 == 1 {
				gain[i] *= math.Sqrt2 / 2
			}
		}
	}
	n := math.Pow(float64(wide), 6)
	b.each(b.h, func(y int) {
		for x := range b.w {
			i := y*b.w + x
			dst := out.Data[i*out.C+s*bankScaleDim:][:bankScaleDim]
			for c, span := range bankSpan {
				mean := float64(outer[c][i]) / n
				dst[c] = float32(mean / span)
				variance := max(float64(squares[c][i])/n-float64(mean*mean), 0)
				dst[bankColours+c] = saturate(2 * math.Sqrt(variance) / span)
			}
			dst = dst[2*bankColours:]
			for k := range bankDirections + bankBars {
				dst[k] = saturate(float64(means[k][i]) * gain[k])
			}
			for k := bankDirections + bankBars; k < len(means); k += 2 {
				v := float64(float64(means[k][i])*gain[k]) + float64(float64(means[k+1][i])*gain[k+1])
				dst[bankDirections+bankBars+(k-bankDirections-bankBars)/2] = saturate(v)
			}
		}
	})
	return outer
}

// fourDirections is the largest value of |cos φ| + |sin φ| + (|cos φ + sin φ| + |cos φ −
// sin φ|)/√2: what a gradient of length 1 adds up to over four directions; the
// lowest is 8 % less.
const fourDirections = 2.6131259297527530557

// saturate is Naka and Rushton's curve, 0 at 0 and 1 at 1.
func saturate(v float64) float32 {
	v = float64(v) // a product where it is called
	return float32((1 + bankHalf) * v / (v + bankHalf))
}

// energies returns sums, over two box filters of the given width, of what the
// derivatives of the smoothed colours are made to: 8 directions of the gradient of
// brightness (diagonal ones √2 times too large), 4 of its second derivative (4
// times), and for either opponent colour |gx| + |gy| and |gx + gy| + |gx − gy|.
func (b *bank) energies(inner *[bankColours][]int64, wide int) (sums [bankDirections + bankBars + 2*(bankColours-1)][]int64) {
	var d [bankColours]derivatives
	b.each(bankColours, func(c int) { d[c] = b.derive(inner[c], c == 0) })
	x, y := d[0].x, d[0].y
	xx, yy, xy4 := d[0].xx, d[0].yy, d[0].xy4
	strength := [len(sums)]func(i int) int64{
		func(i int) int64 { return max(x[i], 0) },
		func(i int) int64 { return max(x[i]+y[i], 0) },
		func(i int) int64 { return max(y[i], 0) },
		func(i int) int64 { return max(y[i]-x[i], 0) },
		func(i int) int64 { return max(-x[i], 0) },
		func(i int) int64 { return max(-x[i]-y[i], 0) },
		func(i int) int64 { return max(-y[i], 0) },
		func(i int) int64 { return max(x[i]-y[i], 0) },
		func(i int) int64 { return 4 * abs(xx[i]) },
		func(i int) int64 { return abs(2*(xx[i]+yy[i]) + xy4[i]) },
		func(i int) int64 { return 4 * abs(yy[i]) },
		func(i int) int64 { return abs(2*(xx[i]+yy[i]) - xy4[i]) },
	}
	for c := 1; c < bankColours; c++ {
		x, y := d[c].x, d[c].y
		k := bankDirections + bankBars + 2*(c-1)
		strength[k] = func(i int) int64 { return abs(x[i]) + abs(y[i]) }
		strength[k+1] = func(i int) int64 { return abs(x[i]+y[i]) + abs(x[i]-y[i]) }
	}
	b.each(len(sums), func(k int) { sums[k] = boxes(b.plane(strength[k]), b.h, b.w, wide, 2) })
	return sums
}

// derivatives are differences of neighbouring pixels, the border repeated: over
// two pixels the first derivatives, 4 times its value the mixed one.
type derivatives struct{ x, y, xx, yy, xy4 []int64 }

func (b *bank) derive(p []int64, second bool) (d derivatives) {
	w := b.w
	n := w + 2
	padded := make([]int64, (b.h+2)*n)
	for y := range b.h + 2 {
		row := padded[y*n:][:n]
		copy(row[1:], p[min(max(y-1, 0), b.h-1)*w:][:w])
		row[0], row[n-1] = row[1], row[w]
	}
	d.x, d.y = make([]int64, b.h*w), make([]int64, b.h*w)
	if second {
		d.xx, d.yy, d.xy4 = make([]int64, b.h*w), make([]int64, b.h*w), make([]int64, b.h*w)
	}
	for y := range b.h {
		above, row, below := padded[y*n:][:n], padded[(y+1)*n:][:n], padded[(y+2)*n:][:n]
		gx, gy := d.x[y*w:][:w], d.y[y*w:][:w]
		for x := range gx {
			gx[x], gy[x] = row[x+2]-row[x], below[x+1]-above[x+1]
		}
		if !second {
			continue
		}
		xx, yy, xy4 := d.xx[y*w:][:w], d.yy[y*w:][:w], d.xy4[y*w:][:w]
		for x := range xx {
			xx[x] = row[x] + row[x+2] - 2*row[x+1]
			yy[x] = above[x+1] + below[x+1] - 2*row[x+1]
			xy4[x] = above[x] + below[x+2] - above[x+2] - below[x]
		}
	}
	return d
}

func abs(v int64) int64 { return max(v, -v) }
