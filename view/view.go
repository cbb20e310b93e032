// Package view finds the part in a scan and takes a square picture of it: the
// window that every raster of the default detector is made of.
//
// A part seldom fills a scan. Without the table, without the walls around it and
// cut out at the size the parts of a fit have, it is seen at nearly the sensor's
// own resolution by networks and descriptors whose input is a few hundred pixels
// wide, and always at the same scale.
package view

import (
	"image"
	"math"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/pointcloud"
)

// View is a square window on an organised scan.
type View struct {
	// X and Y are the scan's pixel in the window's upper left corner, Side its side
	// in the scan's pixels. It may reach beyond the scan.
	X, Y, Side int
	// Cloud is what the window shows, resampled to Size×Size points, each the
	// scan's point nearest to it; valid where that is measured and of the part.
	Cloud *pointcloud.Cloud
	// Up is the unit vector from what the part lies on to the camera's side: the normal of
	// the plane that was found or, without one, the optical axis, reversed.
	Up r3.Vector

	turns int // steps that it was turned by since it was found, 0 to Turns−1
}

// Turns is the number of steps of [View.Turned] in a whole turn.
const Turns = 12

// direction is the cosine and sine of an angle of whole steps.
type direction struct{ cos, sin float64 }

func directionOf(turns int) direction {
	const half = 0.5
	long := math.Sqrt(3) / 2
	quarter := [4]direction{{1, 0}, {0, 1}, {-1, 0}, {0, -1}}
	d, q := [3]direction{{1, 0}, {long, half}, {half, long}}[turns%3], quarter[turns/3%4]
	return direction{float64(d.cos*q.cos) - float64(d.sin*q.sin), float64(d.sin*q.cos) + float64(d.cos*q.sin)}
}

// turn returns (x, y) after a turn.
func (d direction) turn(x, y float64) (float64, float64) {
	return float64(d.cos*x) - float64(d.sin*y), float64(d.sin*x) + float64(d.cos*y)
}

// back undoes turn.
func (d direction) back(x, y float64) (float64, float64) {
	return float64(d.cos*x) + float64(d.sin*y), float64(d.cos*y) - float64(d.sin*x)
}

// Turned returns the view as it would be had the part been put down turned by n twelfths
// of a turn, clockwise in the image: points and pixels are turned about the optical axis,
// the picture about the window's middle. Every point is that of the nearest pixel, so
// that quarter turns lose nothing; what the window's corners did not show is missing. It
// shares nothing with v. A turned view cannot be pasted.
func (v *View) Turned(n int) *View {
	n = (n%Turns + Turns) % Turns
	out := &View{X: v.X, Y: v.Y, Side: v.Side, turns: (v.turns + n) % Turns}
	from, d := v.Cloud, directionOf(n)
	out.Up = v.Up
	out.Up.X, out.Up.Y = d.turn(v.Up.X, v.Up.Y)
	c := from.Clone()
	c.Normals = nil
	mid := float64(float64(c.Width-1) / 2)
	for y := range c.Height {
		for x := range c.Width {
			j := y*c.Width + x
			fx, fy := d.back(float64(x)-mid, float64(y)-mid)
			sx, sy := int(math.Floor(mid+fx+0.5)), int(math.Floor(mid+fy+0.5))
			if sx < 0 || sy < 0 || sx >= c.Width || sy >= c.Height {
				clear(c.XYZ[3*j : 3*j+3])
				c.Valid[j] = false
				continue
			}
			i := sy*c.Width + sx
			px, py := d.turn(float64(from.XYZ[3*i]), float64(from.XYZ[3*i+1]))
			c.XYZ[3*j], c.XYZ[3*j+1], c.XYZ[3*j+2] = float32(px), float32(py), from.XYZ[3*i+2]
			c.Valid[j] = from.Valid[i]
		}
	}
	out.Cloud = c
	return out
}

// source returns the scan's pixel along one axis for position i of n in the window.
func (v *View) source(i, n, from int) int {
	return from + int((float64(i)+0.5)*float64(v.Side)/float64(n))
}

// Crop returns the window's part of an image of the scan's size, at the scan's own
// resolution, between pixels interpolated where the view is turned; beyond the image its
// edge goes on.
func (v *View) Crop(img *image.NRGBA) *image.NRGBA {
	b := img.Bounds()
	at := func(x, y int) []uint8 {
		x, y = min(max(x, 0), b.Dx()-1)+b.Min.X, min(max(y, 0), b.Dy()-1)+b.Min.Y
		return img.Pix[img.PixOffset(x, y):][:4]
	}
	out := image.NewNRGBA(image.Rect(0, 0, v.Side, v.Side))
	d, mid := directionOf(v.turns), float64(float64(v.Side-1)/2)
	for y := range v.Side {
		for x := range v.Side {
			p := out.Pix[out.PixOffset(x, y):][:4]
			if v.turns == 0 {
				copy(p, at(v.X+x, v.Y+y))
				continue
			}
			fx, fy := d.back(float64(x)-mid, float64(y)-mid)
			fx, fy = fx+mid+float64(v.X), fy+mid+float64(v.Y)
			x0, y0 := math.Floor(fx), math.Floor(fy)
			fx, fy = fx-x0, fy-y0
			left, right := int(x0), int(x0)+1
			top, bottom := int(y0), int(y0)+1
			p00, p10, p01, p11 := at(left, top), at(right, top), at(left, bottom), at(right, bottom)
			for k := range p {
				above := float64((1-fx)*float64(p00[k])) + float64(fx*float64(p10[k]))
				below := float64((1-fx)*float64(p01[k])) + float64(fx*float64(p11[k]))
				p[k] = uint8(float64((1-fy)*above) + float64(fy*below) + 0.5)
			}
		}
	}
	return out
}

// Paste returns a map of h×w pixels, the scan's size, that holds m, a map of the
// window, where the window is, and zeros elsewhere.
func (v *View) Paste(m *grid.Map, h, w int) *grid.Map {
	if v.turns != 0 {
		panic("view: a turned view has no place in its scan")
	}
	in := grid.ResizeBilinear(m, v.Side, v.Side)
	out := grid.New(h, w, m.C)
	for y := max(0, v.Y); y < min(h, v.Y+v.Side); y++ {
		x0, x1 := max(0, v.X), min(w, v.X+v.Side)
		if x0 >= x1 {
			break
		}
		n := (x1 - x0) * m.C
		copy(out.Data[(y*w+x0)*m.C:][:n], in.Data[((y-v.Y)*v.Side+x0-v.X)*m.C:][:n])
	}
	return out
}

// Normals returns the normals of the window's cloud, which must have been
// estimated, as a colour image: (x, y, −z) from −1…1 to 0…255 in red, green and
// blue, so that a surface that faces the camera is light blue. Pixels off the part
// are [Neutral].
func (v *View) Normals() *image.NRGBA {
	c := v.Cloud
	img := image.NewNRGBA(image.Rect(0, 0, c.Width, c.Height))
	for i := range c.Len() {
		p := img.Pix[4*i : 4*i+4]
		copy(p, Neutral[:])
		if !c.IsValid(i) {
			continue
		}
		for k, n := range c.Normals[3*i : 3*i+3] {
			if k == 2 {
				n = -n
			}
			p[k] = uint8(min(max(math.Floor(float64((n+1)*127.5)+0.5), 0), 255))
		}
	}
	return img
}

// Neutral is the mean colour of photographs, which is 0 for a network that was
// trained on ImageNet.
var Neutral = [4]uint8{124, 116, 104, 255}
