package grid

import (
	"fmt"
	"math"
	"slices"
)

// BlurBTF returns a score map (C = 1) blurred as BTF's KNNGaussianBlur does it,
// with Pillow's GaussianBlur on 8 bits; BTF's radius is 4. The map is divided by
// its maximum, cut down to whole 255ths, blurred by three extended box blurs
// along each axis with rounding to 8 bits after each (P. Gwosdek et al.,
// "Theoretical foundations of Gaussian convolution by extended box filtering",
// 2011), and multiplied by the maximum again. Pixels beyond an edge repeat the
// edge pixel.
//
// The result therefore has at most 256 levels, relative to the map's own
// maximum. [GaussianBlur] has no such loss. A map without a positive value gives
// zeros. Scores are distances: a negative or non-finite value counts as 0.
// Valid is kept but not looked at. Agrees with Pillow 9.4.0 in every value of
// the test maps.
//
// Panics when C is not 1 or radius is negative or not finite.
func BlurBTF(m *Map, radius float64) *Map {
	m.mustFit()
	if m.C != 1 {
		panic(fmt.Sprintf("grid: %d channels in a score map", m.C))
	}
	if !(radius >= 0) || math.IsInf(radius, 1) {
		panic(fmt.Sprintf("grid: blur of %v pixels", radius))
	}
	pix, top := quantise(m.Data)
	newBoxBlur(radius).blur(pix, m.H, m.W)
	out := New(m.H, m.W, 1)
	out.Valid = slices.Clone(m.Valid)
	for i, v := range pix {
		out.Data[i] = float32(v) / 255 * top
	}
	return out
}

// quantise returns trunc(v/top·255), computed in the map's own type, where top
// is the largest finite value, or 0 when none is positive.
func quantise[T float](data []T) (pix []uint8, top T) {
	for _, v := range data {
		if v > top && v-v == 0 {
			top = v
		}
	}
	pix = make([]uint8, len(data))
	if top == 0 {
		return pix, 0
	}
	for i, v := range data {
		if v > 0 && v-v == 0 {
			pix[i] = uint8(v / top * 255)
		}
	}
	return pix, top
}

const (
	boxPasses = 3  // box blurs along each axis
	boxBits   = 24 // fraction bits of a weight
)

// boxBlur is one extended box filter: the 2·radius+1 pixels around a position
// have the weight inner each, and the two beyond them the weight outer.
type boxBlur struct {
	radius       int
	inner, outer uint32
}

// newBoxBlur returns the filter whose repetition comes close to a Gaussian of
// the given standard deviation (which Pillow calls radius).
func newBoxBlur(sigma float64) boxBlur {
	size := boxSize(sigma)
	r := uint32(size)
	inner := uint32(float32(1<<boxBits) / (float32(size*2) + 1))
	return boxBlur{int(r), inner, (1<<boxBits - (2*r+1)*inner) / 2}
}

// boxSize returns the radius, with its fraction, of the box whose boxPasses-fold
// repetition has the variance of the Gaussian (equations 7, 11 and 14 of
// Gwosdek et al.), in float32 where Pillow has it.
func boxSize(sigma float64) float32 {
	s := float32(sigma)
	variance := float32(s*s) / boxPasses
	length := float32(math.Sqrt(float64(12*float64(variance)) + 1))
	whole := float32(math.Floor((float64(length) - 1) / 2))
	part := float32(float32(2*whole)+1) * float32(float32(whole*(whole+1))-float32(3*variance))
	part /= 6 * (variance - float32((whole+1)*(whole+1)))
	return whole + part
}

// blur filters the h×w image in place, boxPasses times along the rows and then
// along the columns.
func (b boxBlur) blur(pix []uint8, h, w int) {
	overRows(h, 32, func(lo, hi int) {
		scratch := make([]uint8, w)
		for y := lo; y < hi; y++ {
			b.line(pix[y*w:][:w], scratch)
		}
	})
	overRows(w, 32, func(lo, hi int) {
		line, scratch := make([]uint8, h), make([]uint8, h)
		for x := lo; x < hi; x++ {
			for y := range line {
				line[y] = pix[y*w+x]
			}
			b.line(line, scratch)
			for y, v := range line {
				pix[y*w+x] = v
			}
		}
	})
}

// line filters a line in place boxPasses times; scratch has its length.
func (b boxBlur) line(line, scratch []uint8) {
	for range boxPasses {
		copy(scratch, line)
		b.pass(line, scratch)
	}
}

func (b boxBlur) pass(dst, src []uint8) {
	last := len(src) - 1
	at := func(i int) uint32 { return uint32(src[min(max(i, 0), last)]) }
	// sum is that of the box one step to the left of the next position. It is
	// at most 255·(2·radius+1), and times inner below 255·2²⁴.
	sum := uint32(0)
	for i := -b.radius - 1; i < b.radius; i++ {
		sum += at(i)
	}
	for i := range dst {
		left, right := at(i-b.radius-1), at(i+b.radius+1)
		sum += at(i+b.radius) - left
		dst[i] = uint8((sum*b.inner + (left+right)*b.outer + 1<<(boxBits-1)) >> boxBits)
	}
}
