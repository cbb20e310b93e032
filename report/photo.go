package report

import (
	"image"
	"image/color"
	"math"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
)

// photograph returns the best picture there is of a scan: its colour image
// (transparency ignored), the colours of its points, or its lit surface.
func photograph(s *rgbd.Scan) *image.RGBA {
	c := s.Cloud
	if s.Colour == nil && c.RGB == nil {
		return lit(c)
	}
	p := image.NewRGBA(image.Rect(0, 0, c.Width, c.Height))
	for i := range c.Len() {
		var rgb []uint8
		if s.Colour != nil {
			b := s.Colour.Rect.Min
			rgb = s.Colour.Pix[s.Colour.PixOffset(b.X+i%c.Width, b.Y+i/c.Width):]
		} else {
			rgb = c.RGB[3*i:]
		}
		copy(p.Pix[4*i:], rgb[:3])
		p.Pix[4*i+3] = 255
	}
	return p
}

// Grey levels of a lit surface.
const (
	unlit   = 40  // no point
	ambient = 60  // a surface that turns away from the light
	diffuse = 180 // added to it where the surface faces the light
)

// lit returns the surface of an organised cloud as a lamp behind the left
// shoulder shows it (Lambert). Cameras look along +z with y down.
func lit(c *pointcloud.Cloud) *image.RGBA {
	p := image.NewRGBA(image.Rect(0, 0, c.Width, c.Height))
	for y := range c.Height {
		for x := range c.Width {
			g := uint8(unlit)
			if c.IsValid(y*c.Width + x) {
				// Down × right points at the camera.
				g = shade(across(c, x, y, 0, 1), across(c, x, y, 1, 0))
			}
			p.SetRGBA(x, y, color.RGBA{g, g, g, 255})
		}
	}
	return p
}

// shade returns the grey of a surface with the normal a × b under a lamp in
// direction (−1, −1, −2). The conversions keep processors that fuse products
// and sums from doing so.
func shade(a, b r3.Vector) uint8 {
	nx := float64(a.Y*b.Z) - float64(a.Z*b.Y)
	ny := float64(a.Z*b.X) - float64(a.X*b.Z)
	nz := float64(a.X*b.Y) - float64(a.Y*b.X)
	facing := -nx - ny - 2*nz
	norm := math.Sqrt(6 * (float64(nx*nx) + float64(ny*ny) + float64(nz*nz)))
	if !(facing > 0) || norm == 0 { // away from the lamp, or no normal
		return ambient
	}
	return ambient + uint8(diffuse*min(facing/norm, 1))
}

// across returns the vector along the surface between the neighbours of the
// valid point (x, y) on either side in direction (dx, dy), the point itself
// standing in for a neighbour that is missing; zero when both are.
func across(c *pointcloud.Cloud, x, y, dx, dy int) r3.Vector {
	at := func(x2, y2 int) r3.Vector {
		if x2 < 0 || y2 < 0 || x2 >= c.Width || y2 >= c.Height || !c.IsValid(y2*c.Width+x2) {
			x2, y2 = x, y
		}
		return c.At(y2*c.Width + x2)
	}
	return at(x+dx, y+dy).Sub(at(x-dx, y-dy))
}

// Photo returns the picture of a scan that [Heatmap] shows: its colour image, the
// colours of its points, or its lit surface, one pixel per pixel of the cloud. The
// scan must have a raster.
func Photo(s *rgbd.Scan) *image.RGBA { return photograph(s) }
