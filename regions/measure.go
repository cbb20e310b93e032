package regions

import (
	"math"
	"slices"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/pointcloud"
)

// surveyor measures areas of one cloud.
type surveyor struct {
	cloud   *pointcloud.Cloud
	lens    lens
	surface []bool

	outlines []int32 // labels of the areas above the threshold
	labels   []int32 // of the areas that are measured
	place    []int32 // of each pixel in its area
}

// measure fills in place and size.
func (s *surveyor) measure(a *area) {
	c, r := s.cloud, &a.region
	r.Pixels = len(a.pixels)
	s.fillDepths(a)
	x0, x1, y0, y1 := c.Width, -1, c.Height, -1
	lo := r3.Vector{X: math.Inf(1), Y: math.Inf(1), Z: math.Inf(1)}
	hi := lo.Mul(-1)
	var sum r3.Vector
	points, measured := 0, 0
	for k, i := range a.pixels {
		x, y := int(i)%c.Width, int(i)/c.Width
		x0, x1, y0, y1 = min(x0, x), max(x1, x), min(y0, y), max(y1, y)
		p, ok := s.lens.point(x, y, a.depths[k])
		if c.IsValid(int(i)) {
			p, ok = at(c, int(i)), true
			measured++
			lo = r3.Vector{X: min(lo.X, p.X), Y: min(lo.Y, p.Y), Z: min(lo.Z, p.Z)}
			hi = r3.Vector{X: max(hi.X, p.X), Y: max(hi.Y, p.Y), Z: max(hi.Z, p.Z)}
		}
		if ok {
			sum = sum.Add(p)
			points++
		}
	}
	r.PixelBox = PixelBox{X: x0, Y: y0, Width: x1 - x0 + 1, Height: y1 - y0 + 1}
	r.Missing = float64(r.Pixels-measured) / float64(r.Pixels)
	if points > 0 {
		n := float64(points)
		a.centre = r3.Vector{X: sum.X / n, Y: sum.Y / n, Z: sum.Z / n}
	} else {
		a.centre = at(c, s.nearest(int(a.pixels[len(a.pixels)/2])))
	}
	if measured == 0 {
		lo, hi = a.centre, a.centre
	}
	offset := millimetres(c.Offset, c.Unit)
	r.Centroid = triple(a.centre.Add(offset))
	r.Box = Box{Min: triple(lo.Add(offset)), Max: triple(hi.Add(offset))}

	s.fillCells(a)
	for _, v := range a.cells {
		r.Area += v
	}
	r.Surface = r.Area
	if n := len(a.outline); n > 0 {
		// All cells are alike to a few per cent; those off the part are not its.
		r.Outline = r.Area / float64(r.Pixels) * float64(n)
	}
	r.Diameter = 2 * math.Sqrt(r.Area/math.Pi)
}

func triple(v r3.Vector) [3]float64 { return [3]float64{v.X, v.Y, v.Z} }

// fillDepths gives each pixel its depth; those without data that of the nearest
// measured pixel of the area, or else of the cloud.
func (s *surveyor) fillDepths(a *area) {
	c := s.cloud
	if s.place == nil {
		s.place = make([]int32, c.Len())
	}
	a.depths = make([]float64, len(a.pixels))
	queue := make([]int32, 0, len(a.pixels))
	for k, i := range a.pixels {
		s.place[i] = int32(k)
		a.depths[k] = math.NaN()
		if c.IsValid(int(i)) {
			a.depths[k] = at(c, int(i)).Z
			queue = append(queue, i)
		}
	}
	if len(queue) == 0 {
		z := at(c, s.nearest(int(a.pixels[len(a.pixels)/2]))).Z
		for k := range a.depths {
			a.depths[k] = z
		}
		return
	}
	if len(queue) == len(a.pixels) {
		return
	}
	for len(queue) > 0 { // breadth first from all measured pixels at once
		i := queue[0]
		queue = queue[1:]
		z := a.depths[s.place[i]]
		around(int(i), c.Width, c.Height, func(j int) {
			if s.labels[j] == a.label && math.IsNaN(a.depths[s.place[j]]) {
				a.depths[s.place[j]] = z
				queue = append(queue, int32(j))
			}
		})
	}
	for k, i := range a.pixels { // pieces of which nothing was measured
		if math.IsNaN(a.depths[k]) {
			a.depths[k] = at(c, s.nearest(int(i))).Z
		}
	}
}

// nearest returns the measured pixel that is the fewest king's moves away from
// pixel i, the first in row-major order of several. There is one.
func (s *surveyor) nearest(i int) int {
	c := s.cloud
	x, y := i%c.Width, i/c.Width
	for d := 0; ; d++ {
		for v := max(y-d, 0); v <= min(y+d, c.Height-1); v++ {
			step := 2 * d // only the two ends of an inner row
			if v == y-d || v == y+d || d == 0 {
				step = 1
			}
			for u := x - d; u <= x+d; u += step {
				if u >= 0 && u < c.Width && c.IsValid(v*c.Width+u) {
					return v*c.Width + u
				}
			}
		}
	}
}

// fillCells gives each pixel its cell across the line of sight.
func (s *surveyor) fillCells(a *area) {
	a.cells = make([]float64, len(a.pixels))
	for k, z := range a.depths {
		v, ok := s.lens.cell(z)
		if !ok {
			s.fillCellsBetween(a)
			return
		}
		a.cells[k] = v
	}
}

// fillCellsBetween gives all pixels the median of the cells that neighbours span
// in the area's box and a margin around it: single ones hold the noise.
func (s *surveyor) fillCellsBetween(a *area) {
	c, b := s.cloud, a.region.PixelBox
	var spanned []float64
	for margin := 4; ; margin *= 4 {
		for y := max(b.Y-margin, 0); y < min(b.Y+b.Height+margin, c.Height-1); y++ {
			for x := max(b.X-margin, 0); x < min(b.X+b.Width+margin, c.Width-1); x++ {
				i := y*c.Width + x
				if !c.IsValid(i) || !c.IsValid(i+1) || !c.IsValid(i+c.Width) {
					continue
				}
				p := at(c, i)
				u, v := at(c, i+1).Sub(p), at(c, i+c.Width).Sub(p)
				spanned = append(spanned, math.Abs(float64(u.X*v.Y)-float64(u.Y*v.X)))
			}
		}
		if len(spanned) >= 9 || margin > c.Width+c.Height {
			break
		}
		spanned = spanned[:0]
	}
	if len(spanned) == 0 {
		return // no two neighbours were measured: there is no size to speak of
	}
	slices.Sort(spanned)
	for k := range a.cells {
		a.cells[k] = spanned[len(spanned)/2]
	}
}
