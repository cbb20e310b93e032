package view

import (
	"context"
	"image"
	"math"

	"github.com/golang/geo/r3"
	"github.com/iad3d/iad3d/internal/order"
	"github.com/iad3d/iad3d/internal/parallel"
	"github.com/iad3d/iad3d/internal/portable"
)

// bendSteps are the distances, in pixels of the window, at which the surroundings of a
// point are sampled: one scale of bending each. Surroundings reach bendReach steps, 3 and
// 12 % of a window of 168 pixels. bendChannels are their places in the image, slantChannel
// is that of the slant.
var (
	bendSteps    = [2]int{1, 4}
	bendChannels = [2]int{0, 2}
)

const (
	slantChannel = 1
	bendReach    = 5
	// bendGain multiplies bending in units of its reach r before it saturates: half of
	// the range is reached where the surroundings lie r/10 off the tangent plane, as
	// on a ball of radius 1.25·r.
	bendGain = 10
	// bendRange is how far the bytes of bending go from Neutral, which they can to
	// either side.
	bendRange = 104
	// pitchSpan is the distance in pixels over which the width of one is measured:
	// neighbours may be a pixel or two of the sensor apart, or only one.
	pitchSpan = 8
)

// Surface returns the shape of the surface as an image that does not change when the part
// turns on what it lies on: how it bends at two scales, in red and blue, and how it slants,
// in green. Pixels off the part, or not measured, are [Neutral].
//
// Bending is how far the surroundings of a point lie, in the mean, in front of the plane
// that touches the surface there (brighter) or behind it (darker), by their size: the mean
// curvature at that scale, up to a factor. The mean over the points p at distance d < r of
// the point o with normal n, weighed by (1 − d²/r²)², of (p − o)·n is h; the byte is
// Neutral + 104·x/(1 + |x|) with x = 10·h/r. Distance is that in space: what lies behind
// an edge does not count. r is 5 and 20 times the width of a pixel.
//
// Slant is the angle between the surface and what the part lies on, that of n and v.Up
// whichever way they point: 0 for none, 255 for 90°.
//
// The cloud needs normals. The result does not depend on workers; ≤ 0 means GOMAXPROCS.
func (v *View) Surface(ctx context.Context, workers int) (*image.NRGBA, error) {
	c := v.Cloud
	img := image.NewNRGBA(image.Rect(0, 0, c.Width, c.Height))
	for i := range c.Len() {
		copy(img.Pix[4*i:4*i+4], Neutral[:])
	}
	pitch := v.pitch()
	if pitch == 0 || math.IsInf(pitch, 1) {
		return img, nil
	}
	// A frame of what was not measured stands around the window, so that nothing is
	// sought outside.
	frame := bendReach * bendSteps[len(bendSteps)-1]
	wide := c.Width + 2*frame
	xyz := make([]float32, 3*wide*(c.Height+2*frame))
	for i := range xyz {
		xyz[i] = float32(math.NaN()) // which is near to nothing
	}
	for i := range c.Len() {
		if c.IsValid(i) {
			copy(xyz[3*((i/c.Width+frame)*wide+i%c.Width+frame):], c.XYZ[3*i:3*i+3])
		}
	}
	var around [len(bendSteps)][]int // places of the samples in xyz, less that of the point
	for k, step := range bendSteps {
		for dy := -bendReach; dy <= bendReach; dy++ {
			for dx := -bendReach; dx <= bendReach; dx++ {
				if dx*dx+dy*dy < bendReach*bendReach {
					around[k] = append(around[k], 3*step*(dy*wide+dx))
				}
			}
		}
	}
	const rows = 8
	return img, parallel.For(ctx, c.Height, rows, workers, func(_, lo, hi int) {
		for i := lo * c.Width; i < hi*c.Width; i++ {
			if !c.IsValid(i) {
				continue
			}
			n, p := c.Normals[3*i:3*i+3], img.Pix[4*i:4*i+4]
			p[slantChannel] = slant(n, v.Up)
			at := 3 * ((i/c.Width+frame)*wide + i%c.Width + frame)
			for k, offsets := range around {
				reach := bendReach * float64(bendSteps[k]) * pitch
				x := bendGain * height(xyz, at, offsets, n, reach) / reach
				ch := bendChannels[k]
				p[ch] = uint8(math.Floor(float64(bendRange*x/(1+math.Abs(x))) + float64(Neutral[ch]) + 0.5))
			}
		}
	})
}

// slant returns the angle between two lines as a byte, 255 for 90°.
func slant(n []float64, up r3.Vector) uint8 {
	cos := float64(n[0]*up.X) + float64(n[1]*up.Y) + float64(n[2]*up.Z)
	return uint8(math.Floor(float64(255*2/math.Pi*portable.Acos(min(math.Abs(cos), 1))) + 0.5))
}

// height returns how far the points at offsets from the one at place at of xyz lie above
// the plane through it with normal n, in the weighted mean.
func height(xyz []float32, at int, offsets []int, n []float64, reach float64) float64 {
	scale := 1 / float64(reach*reach)
	ox, oy, oz := xyz[at], xyz[at+1], xyz[at+2]
	nx, ny, nz := n[0], n[1], n[2]
	sum, weight := 0.0, 0.0
	for _, o := range offsets {
		p := xyz[at+o : at+o+3 : at+o+3]
		x, y, z := float64(p[0]-ox), float64(p[1]-oy), float64(p[2]-oz)
		w := 1 - float64((float64(x*x)+float64(y*y)+float64(z*z))*scale)
		if w > 0 {
			w = float64(w * w)
			weight += w
			sum += float64(w * (float64(x*nx) + float64(y*ny) + float64(z*nz)))
		}
	}
	return sum / weight // the point itself counts, too
}

// pitch returns the width of a pixel at the part's distance, across the line of sight,
// in the cloud's unit: the median over the part; 0 where there are no pixels to measure.
func (v *View) pitch() float64 {
	c := v.Cloud
	span := min(pitchSpan, c.Width-1, c.Height-1)
	var widths []float64
	add := func(i, j int) {
		if c.IsValid(i) && c.IsValid(j) {
			dx, dy := float64(c.XYZ[3*j]-c.XYZ[3*i]), float64(c.XYZ[3*j+1]-c.XYZ[3*i+1])
			widths = append(widths, float64(dx*dx)+float64(dy*dy))
		}
	}
	for y := range c.Height {
		for x := range c.Width {
			if x+span < c.Width {
				add(y*c.Width+x, y*c.Width+x+span)
			}
			if y+span < c.Height {
				add(y*c.Width+x, (y+span)*c.Width+x)
			}
		}
	}
	if span <= 0 || len(widths) == 0 {
		return 0
	}
	order.Nth(widths, len(widths)/2)
	return math.Sqrt(widths[len(widths)/2]) / float64(span)
}
