package rgbd

import (
	"context"
	"image"
	"math"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/internal/parallel"
	"github.com/iad3d/iad3d/internal/simd"
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
// Everything is summed in whole numbers below 2⁵³, hence exactly: the bits are the same on
// every machine; on the h×w raster, moving the image by whole pixels moves the
// result (out of reach of the border), a quarter turn or a mirror permutes it, and
// adding the same value to all bytes changes channel 20·s alone (the deviations
// by a rounding). Beyond the border the border pixels go on.
//
// It panics when a size is not positive.
func FilterBank(img *image.NRGBA, h, w int) *grid.Map {
	return filterBank(resizedBytes(img, h, w), h, w, 0)
}

// FilterBankCells is [grid.AdaptiveAvgPool] of FilterBank at h×w pixels, cells×cells, bit
// for bit, without the raster between. workers ≤ 0 means GOMAXPROCS; the result does not
// depend on it.
//
// It panics when a size is not positive.
func FilterBankCells(img *image.NRGBA, h, w, cells, workers int) *grid.Map {
	out := grid.New(cells, cells, FilterBankDim)
	newBank(h, w, workers).describe(resizedBytes(img, h, w), func(c int, plane []float32) { poolPlane(out, c, plane, h, w) })
	return out
}

// poolPlane averages a channel into cells, in the order of grid.AdaptiveAvgPool.
func poolPlane(out *grid.Map, c int, plane []float32, h, w int) {
	column := make([]float64, w)
	for i := range out.H {
		clear(column)
		top, bottom := i*h/out.H, ((i+1)*h+out.H-1)/out.H
		for y := top; y < bottom; y++ {
			for x, v := range plane[y*w:][:w] {
				column[x] += float64(v)
			}
		}
		for j := range out.W {
			left, right := j*w/out.W, ((j+1)*w+out.W-1)/out.W
			sum := column[left]
			for _, v := range column[left+1 : right] {
				sum += v
			}
			out.Data[(i*out.W+j)*out.C+c] = float32(sum * (1 / float64((bottom-top)*(right-left))))
		}
	}
}

// filterBank takes h×w pixels of red, green and blue bytes. The result does not
// depend on workers; ≤ 0 means GOMAXPROCS.
func filterBank(pix []uint8, h, w, workers int) *grid.Map {
	out := grid.New(h, w, FilterBankDim)
	newBank(h, w, workers).describe(pix, func(c int, plane []float32) {
		for i, v := range plane {
			out.Data[i*FilterBankDim+c] = v
		}
	})
	return out
}

// energies is the number of planes that edges and bars are made of: 8 directions of the
// gradient of brightness (diagonal ones √2 times too large), 4 of its second derivative
// (4 times), and for either opponent colour |gx| + |gy| and |gx + gy| + |gx − gy|.
const energies = bankDirections + bankBars + 2*(bankColours-1)

// bank is the work on one image. Planes are rasters of whole numbers; those of inner,
// colour, square and, at first, energy lie column by column, w×h: sums along rows are
// taken then as sums of whole columns at a time, and those along columns, after a
// transposition, likewise.
type bank struct {
	h, w, workers  int
	colour, square [bankColours][]float64
	inner          [bankColours][]float64 // colours smoothed by the inner window
	outer, squares [bankColours][]float64 // row by row, summed over the outer window
	energy         []float64              // energies planes, one after another
	scratch        []scratch              // of each worker
}

// scratch is what a worker writes to.
type scratch struct {
	a, b    []float64 // planes
	sums    []float64 // of a row or column
	channel []float32 // plane
}

func newBank(h, w, workers int) *bank {
	n := h * w
	b := &bank{h: h, w: w, workers: parallel.Workers(energies+2*bankColours, 1, workers)}
	b.scratch = make([]scratch, b.workers)
	planes := make([]float64, n*(5*bankColours+energies+2*b.workers))
	take := func(k int) []float64 {
		p := planes[: k*n : k*n]
		planes = planes[k*n:]
		return p
	}
	for c := range bankColours {
		b.colour[c], b.square[c], b.inner[c], b.outer[c], b.squares[c] = take(1), take(1), take(1), take(1), take(1)
	}
	b.energy = take(energies)
	for i := range b.scratch {
		b.scratch[i] = scratch{take(1), take(1), make([]float64, max(h, w)), make([]float32, n)}
	}
	return b
}

// each calls f for 0 … n−1, several at a time.
func (b *bank) each(n int, f func(s *scratch, i int)) {
	// The context never ends, so there is no error.
	_ = parallel.For(context.Background(), n, 1, b.workers, func(w, lo, _ int) { f(&b.scratch[w], lo) })
}

// describe calls emit with every channel of an image, a plane row by row, several at a
// time.
func (b *bank) describe(pix []uint8, emit func(c int, plane []float32)) {
	h, w := b.h, b.w
	b.each(bankColours, func(s *scratch, c int) {
		for i := range h * w {
			red, green, blue := int(pix[3*i]), int(pix[3*i+1]), int(pix[3*i+2])
			s.a[i] = float64([...]int{red + green + blue, red - green, red + green - 2*blue}[c])
		}
		simd.Transpose(b.colour[c], s.a, h, w)
		for i, v := range b.colour[c] {
			b.square[c][i] = v * v
		}
		boxes(b.outer[c], b.colour[c], w, h, 3, 3, s)
		simd.Transpose(b.inner[c], b.outer[c], h, w)
	})
	width := 3
	for k := range bankScales {
		b.scale(width, func(c int, plane []float32) { emit(k*bankScaleDim+c, plane) })
		width = 2*width - 1
	}
}

// scale emits the channels of a scale, whose inner window has the given width, and makes
// of inner the colours smoothed by the outer one, the inner window of the next scale.
func (b *bank) scale(width int, emit func(c int, plane []float32)) {
	n, wide := b.h*b.w, 2*width-1
	b.gradients()
	b.each(energies+2*bankColours, func(s *scratch, i int) {
		switch c := i - energies; {
		case i < energies:
			e := b.energy[i*n:][:n]
			boxes(e, e, b.w, b.h, wide, 2, s)
		case c < bankColours:
			boxes(b.outer[c], b.colour[c], b.w, b.h, wide, 3, s)
			simd.Transpose(b.inner[c], b.outer[c], b.h, b.w)
		default:
			c -= bankColours
			boxes(b.squares[c], b.square[c], b.w, b.h, wide, 3, s)
		}
	})
	edge, bar := strongest(width)
	area := math.Pow(float64(wide), 4) // of the two box filters of the means
	var gain [energies]float64
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
	pixels := math.Pow(float64(wide), 6)
	b.each(bankScaleDim, func(s *scratch, i int) {
		switch k := i - 2*bankColours; {
		case i < bankColours:
			for p, v := range b.outer[i] {
				mean := v / pixels
				s.channel[p] = float32(mean / bankSpan[i])
			}
		case i < 2*bankColours:
			c := i - bankColours
			for p, v := range b.outer[c] {
				mean := v / pixels
				variance := max(b.squares[c][p]/pixels-float64(mean*mean), 0)
				s.a[p] = 2 * math.Sqrt(variance) / bankSpan[c]
			}
			saturate(s.channel, s.a, 1)
		case k < bankDirections+bankBars:
			saturate(s.channel, b.energy[k*n:][:n], gain[k])
		default:
			k += k - bankDirections - bankBars
			straight, diagonal := b.energy[k*n:][:n], b.energy[(k+1)*n:][:n]
			for p, v := range straight {
				s.a[p] = float64(v*gain[k]) + float64(diagonal[p]*gain[k+1])
			}
			saturate(s.channel, s.a, 1)
		}
		emit(i, s.channel)
	})
}

// fourDirections is the largest value of |cos φ| + |sin φ| + (|cos φ + sin φ| + |cos φ −
// sin φ|)/√2: what a gradient of length 1 adds up to over four directions; the
// lowest is 8 % less.
const fourDirections = 2.6131259297527530557

// saturate is Naka and Rushton's curve, 0 at 0 and 1 at 1, of v·gain.
func saturate(dst []float32, v []float64, gain float64) {
	simd.Saturate(dst, v, gain, 1+bankHalf, bankHalf)
}

// gradients makes the energies of the smoothed colours, a few columns at a time.
func (b *bank) gradients() {
	n := b.h * b.w
	_ = parallel.For(context.Background(), b.w, gradientColumns, b.workers, func(_, lo, hi int) {
		d := newDerivatives(b.h)
		for x := lo; x < hi; x++ {
			at := func(k int) []float64 { return b.energy[k*n+x*b.h:][:b.h] }
			d.at(b.inner[0], x, b.w)
			simd.Directions(d.x, d.y, b.energy[x*b.h:], n)
			d.second()
			across, down, up, fall := at(bankDirections), at(bankDirections+2), at(bankDirections+1), at(bankDirections+3)
			for y, xx := range d.xx {
				yy, xy4 := d.yy[y], d.xy4[y]
				both := float64(2 * (xx + yy))
				across[y], down[y] = float64(4*math.Abs(xx)), float64(4*math.Abs(yy))
				up[y], fall[y] = math.Abs(both+xy4), math.Abs(both-xy4)
			}
			for c := 1; c < bankColours; c++ {
				d.at(b.inner[c], x, b.w)
				k := bankDirections + bankBars + 2*(c-1)
				straight, diagonal := at(k), at(k+1)
				for y, gx := range d.x {
					gy := d.y[y]
					straight[y] = math.Abs(gx) + math.Abs(gy)
					diagonal[y] = math.Abs(gx+gy) + math.Abs(gx-gy)
				}
			}
		}
	})
}

// gradientColumns is the number of columns that a worker takes at a time.
const gradientColumns = 16

// derivatives are differences of neighbouring pixels of one column, the border
// repeated: over two pixels the first derivatives, 4 times its value the mixed one.
type derivatives struct {
	left, column, right []float64 // with a pixel repeated at either end
	x, y, xx, yy, xy4   []float64
}

func newDerivatives(h int) *derivatives {
	d := &derivatives{}
	for _, p := range []*[]float64{&d.left, &d.column, &d.right, &d.x, &d.y, &d.xx, &d.yy, &d.xy4} {
		*p = make([]float64, h+2)
	}
	for _, p := range []*[]float64{&d.x, &d.y, &d.xx, &d.yy, &d.xy4} {
		*p = (*p)[:h]
	}
	return d
}

// at takes the first derivatives of column x of a plane of w columns.
func (d *derivatives) at(plane []float64, x, w int) {
	h := len(d.x)
	for k, dst := range [3][]float64{d.left, d.column, d.right} {
		copy(dst[1:], plane[min(max(x+k-1, 0), w-1)*h:][:h])
		dst[0], dst[h+1] = dst[1], dst[h]
	}
	left, column, right := d.left[1:h+1], d.column, d.right[1:h+1]
	for y := range d.x {
		d.x[y] = right[y] - left[y]
		d.y[y] = column[y+2] - column[y]
	}
}

// second takes the second derivatives of the same column.
func (d *derivatives) second() {
	left, column, right := d.left, d.column, d.right
	for y := range d.xx {
		twice := float64(2 * column[y+1])
		d.xx[y] = left[y+1] + right[y+1] - twice
		d.yy[y] = column[y] + column[y+2] - twice
		d.xy4[y] = left[y] + right[y+2] - right[y] - left[y+2]
	}
}
