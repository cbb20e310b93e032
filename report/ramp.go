package report

import "image/color"

// anchors are the colours of the ramp at even steps, sRGB. They were chosen in
// the OKLab space (B. Ottosson 2020): lightness rises evenly from 0.22 to 0.96
// while the hue turns from violet (285°) over red to yellow (105°).
var anchors = [...][3]uint8{
	{27, 2, 80}, {61, 3, 91}, {95, 5, 96}, {129, 7, 94}, {163, 11, 86}, {195, 23, 70}, {217, 59, 49},
	{233, 94, 24}, {241, 128, 21}, {249, 158, 25}, {253, 189, 57}, {252, 219, 108}, {252, 247, 158},
}

// scale maps scores to the levels 0…255 of the ramp.
type scale struct{ low, high float64 }

// level returns the level of a score; all scores up to low have 0, which with
// low = high are those of a constant map.
func (s scale) level(v float64) uint8 {
	if v <= s.low {
		return 0
	}
	t := min((v-s.low)/(s.high-s.low), 1)
	return uint8(float64(t*255) + 0.5)
}

// rampColour returns the colour of a level.
func rampColour(level uint8) color.RGBA {
	const steps = len(anchors) - 1
	at := int(level) * steps
	lo, part := at/255, at%255
	a, b := anchors[lo], anchors[min(lo+1, steps)]
	mix := func(k int) uint8 { return uint8((int(a[k])*(255-part) + int(b[k])*part + 127) / 255) }
	return color.RGBA{mix(0), mix(1), mix(2), 255}
}

// Cover of the ramp over the photo, in 255ths: it grows by coverSlope per level
// up to coverMost, so that the photo never vanishes.
const (
	coverSlope = 2
	coverMost  = 225
)

// tint lays the colour of a level over a photo's grey. Grey is darkened to three
// quarters first: a bright photo would outshine the dark end of the ramp.
func tint(grey, level uint8) color.RGBA {
	c, cover := rampColour(level), min(coverSlope*int(level), coverMost)
	mix := func(k uint8) uint8 {
		return uint8((int(grey)*3/4*(255-cover) + int(k)*cover + 127) / 255)
	}
	return color.RGBA{mix(c.R), mix(c.G), mix(c.B), 255}
}

// Ramp returns the colours of [Heatmap] from the low end of a scale to the high one.
func Ramp() [256]color.RGBA {
	var all [256]color.RGBA
	for i := range all {
		all[i] = rampColour(uint8(i))
	}
	return all
}
