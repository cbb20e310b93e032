package ply

import (
	"math"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/internal/points"
	"github.com/iad3d/iad3d/pointcloud"
)

// rangeGrid is the element that says which vertex each pixel has: a list of none
// or one index per pixel, as the range scans of the Stanford 3D Scanning Repository
// have it, and organised clouds that PCL writes.
const rangeGrid = "range_grid"

// cellBlock is how many indices are allocated at a time.
const cellBlock = 1 << 14

// readGrid reads the element range_grid: for each pixel the index of its vertex,
// −1 for none, in blocks.
func readGrid(s *points.Source, h *Header) ([][]int32, error) {
	e := &h.Elements[h.grid]
	var blocks [][]int32
	var words [][]byte
	for i := range e.Count {
		if i%cellBlock == 0 {
			blocks = append(blocks, make([]int32, 0, min(cellBlock, e.Count-i)))
		}
		v, err := int64(-1), error(nil)
		if h.Encoding == ASCII {
			v, words, err = textCell(s, words[:0])
		} else {
			v, err = binaryCell(s, h, &e.Properties[0])
		}
		if err == nil && v >= int64(h.Vertices) {
			err = errorf("vertex %d of %d", v, h.Vertices)
		}
		if err != nil {
			return nil, lineFault(s, err, "%s %d of %d", rangeGrid, i+1, e.Count)
		}
		last := &blocks[len(blocks)-1]
		*last = append(*last, int32(v))
	}
	return blocks, nil
}

// binaryCell returns the index in a list of none or one, −1 for none.
func binaryCell(s *points.Source, h *Header, p *Property) (int64, error) {
	n, err := readLength(s, h, p)
	if err != nil || n == 0 {
		return -1, err
	}
	if n != 1 {
		return 0, errorf("%d vertices, want none or one", n)
	}
	index := Property{length: p.kind} // an index is stored as a length is
	return readLength(s, h, &index)
}

// textCell is binaryCell for a line of text.
func textCell(s *points.Source, words [][]byte) (int64, [][]byte, error) {
	for len(words) == 0 {
		line, err := s.Line()
		if err != nil {
			return 0, words, err
		}
		words = points.Words(words, line)
	}
	var v [2]float64
	for i, w := range words[:min(2, len(words))] {
		var err error
		if v[i], err = points.ParseFloat(w); err != nil {
			return 0, words, err
		}
	}
	switch {
	case v[0] == 0 && len(words) == 1:
		return -1, words, nil
	case v[0] == 1 && len(words) == 2 && v[1] >= 0 && v[1] < 1<<31 && v[1] == math.Trunc(v[1]):
		return int64(v[1]), words, nil
	}
	return 0, words, errorf("%d values, want a list of none or one vertex", len(words))
}

// spread returns the cloud whose pixels are the vertices that the grid names. Of
// a pixel without one, coordinates and fields are NaN.
func spread(c *pointcloud.Cloud, h *Header, grid [][]int32, read int64) (*pointcloud.Cloud, error) {
	n := h.Width * h.Height
	per := 13 + 4*len(c.Fields)
	if c.Normals != nil {
		per += 24
	}
	if c.RGB != nil {
		per += 3
	}
	const allowance = 8 << 20
	if int64(n)*int64(per) > allowance+2*read {
		return nil, tooLarge("%d × %d pixels for %d vertices in %d bytes: too sparse a raster", h.Width, h.Height, c.Len(), read)
	}
	nan := float32(math.NaN())
	d := &pointcloud.Cloud{XYZ: make([]float32, 3*n), Valid: make([]bool, n), Width: h.Width, Height: h.Height, Unit: c.Unit, Offset: c.Offset}
	if c.Normals != nil {
		d.Normals = make([]float64, 3*n)
	}
	if c.RGB != nil {
		d.RGB = make([]uint8, 3*n)
	}
	for _, f := range c.Fields {
		d.Fields = append(d.Fields, pointcloud.Field{Name: f.Name, Values: make([]float32, n)})
	}
	for i := range n {
		k := int(grid[i/cellBlock][i%cellBlock])
		if k < 0 {
			d.XYZ[3*i], d.XYZ[3*i+1], d.XYZ[3*i+2] = nan, nan, nan
			for j := range d.Fields {
				d.Fields[j].Values[i] = nan
			}
			continue
		}
		copy(d.XYZ[3*i:3*i+3], c.XYZ[3*k:3*k+3])
		origin := c.At(k) == r3.Vector{} && !points.Moved(c) // missing, as in any raster
		d.Valid[i] = c.IsValid(k) && !origin
		if c.Normals != nil {
			copy(d.Normals[3*i:3*i+3], c.Normals[3*k:3*k+3])
		}
		if c.RGB != nil {
			copy(d.RGB[3*i:3*i+3], c.RGB[3*k:3*k+3])
		}
		for j := range d.Fields {
			d.Fields[j].Values[i] = c.Fields[j].Values[k]
		}
	}
	return d, nil
}
