package report

import (
	"image"
	"math"
	"strconv"

	"golang.org/x/image/font/inconsolata"
)

// Measures of the colour bar, in pixels.
const (
	barWidth = 20
	barText  = 84 // room for the ticks and their numbers at the right
	tickSize = 5
	pointer  = 7 // of the arrow at the left that marks the peak
	// barGrey is the photo that the bar shows the ramp on.
	barGrey = 128
)

// drawBar draws a scale with numbers, high at the top, as it looks over a grey
// photo, and an arrow at the value at. Numbers are multiples of the unit where that
// is not 0.
func drawBar(dst *image.RGBA, r image.Rectangle, s scale, unit, at float64) {
	last := r.Dy() - 1
	for y := range r.Dy() {
		c := tint(barGrey, uint8((2*255*(last-y)+last)/(2*last)))
		for x := range r.Dx() {
			dst.SetRGBA(r.Min.X+x, r.Min.Y+y, c)
		}
	}
	row := func(v float64) int {
		if s.high <= s.low {
			return r.Max.Y - 1
		}
		t := min(max((v-s.low)/(s.high-s.low), 0), 1)
		return r.Max.Y - 1 - int(float64(t*float64(last))+0.5)
	}
	if unit == 0 {
		unit = 1
	}
	values, texts := ticks(scale{s.low / unit, s.high / unit})
	for i, v := range values {
		y := row(float64(v * unit))
		for x := range tickSize {
			dst.SetRGBA(r.Max.X+x, y, ink)
		}
		write(dst, inconsolata.Regular8x16, ink, r.Max.X+tickSize+3, y+5, barText-tickSize-3, texts[i])
	}
	for x := range pointer {
		for y := -x / 2; y <= x/2; y++ {
			dst.SetRGBA(r.Min.X-2-x, row(at)+y, black)
		}
	}
}

// mostTicks is the largest number of ticks at a bar.
const mostTicks = 6

// ticks returns the round numbers in the scale, ascending, and how to write
// them; for a scale without extent its only value.
func ticks(s scale) ([]float64, []string) {
	if s.high <= s.low {
		return []float64{s.low}, []string{number(s.low)}
	}
	first, last, step, power := tickStep(s)
	var values []float64
	var texts []string
	for i := range int(last-first) + 1 {
		v := (first + float64(i)) * step
		text := strconv.FormatFloat(v, 'f', max(-power, 0), 64)
		if power < -4 || math.Abs(v) >= 1e6 {
			text = strconv.FormatFloat(v, 'e', 2, 64)
		}
		values, texts = append(values, v), append(texts, text)
	}
	return values, texts
}

// tickStep returns the least of 1, 2 and 5 times a power of ten of which at most
// mostTicks multiples lie in the scale, that power, and the first and the last
// multiple.
func tickStep(s scale) (first, last, step float64, power int) {
	for power = int(math.Floor(math.Log10(s.high-s.low))) - 1; ; power++ {
		for _, k := range [...]float64{1, 2, 5} {
			step = k * math.Pow10(power)
			first, last = math.Ceil(s.low/step), math.Floor(s.high/step)
			if last-first < mostTicks {
				return first, last, step, power
			}
		}
	}
}
