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

	turns int // quarter turns since it was found
}

// Turned returns the view as it would be had the part been put down turned by so many
// quarter turns, clockwise in the image: points and pixels are turned about the
// optical axis. It shares nothing with v. A turned view cannot be pasted.
func (v *View) Turned(quarters int) *View {
	out := &View{X: v.X, Y: v.Y, Side: v.Side, Cloud: v.Cloud, turns: v.turns + quarters&3}
	c := v.Cloud.Clone()
	n := c.Width
	for range quarters & 3 {
		from := c.Clone()
		for y := range n {
			for x := range n {
				i, j := y*n+x, x*n+n-1-y
				c.XYZ[3*j], c.XYZ[3*j+1], c.XYZ[3*j+2] = -from.XYZ[3*i+1], from.XYZ[3*i], from.XYZ[3*i+2]
				c.Valid[j] = from.Valid[i]
			}
		}
	}
	c.Normals = nil
	out.Cloud = c
	return out
}

// source returns the scan's pixel along one axis for position i of n in the window.
func (v *View) source(i, n, from int) int {
	return from + int((float64(i)+0.5)*float64(v.Side)/float64(n))
}

// Crop returns the window's part of an image of the scan's size, at the scan's own
// resolution; beyond the image its edge goes on.
func (v *View) Crop(img *image.NRGBA) *image.NRGBA {
	b := img.Bounds()
	out := image.NewNRGBA(image.Rect(0, 0, v.Side, v.Side))
	for y := range v.Side {
		sy := min(max(v.Y+y, 0), b.Dy()-1) + b.Min.Y
		for x := range v.Side {
			sx := min(max(v.X+x, 0), b.Dx()-1) + b.Min.X
			tx, ty := x, y
			for range v.turns & 3 {
				tx, ty = v.Side-1-ty, tx
			}
			copy(out.Pix[out.PixOffset(tx, ty):][:4], img.Pix[img.PixOffset(sx, sy):][:4])
		}
	}
	return out
}

// Paste returns a map of h×w pixels, the scan's size, that holds m, a map of the
// window, where the window is, and zeros elsewhere.
func (v *View) Paste(m *grid.Map, h, w int) *grid.Map {
	if v.turns&3 != 0 {
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
