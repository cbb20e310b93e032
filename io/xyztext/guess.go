package xyztext

import (
	"fmt"
	"math"
	"strconv"

	"github.com/iad3d/iad3d/internal/points"
)

// guess finds out from a sample of rows what columns hold.
type guess struct {
	h      *Header
	sample [][][]byte
}

// column returns a column by its name and what the name stands for.
func (g *guess) column(i int, name string) points.Column {
	c := points.Column{Name: name, Type: points.Float32, Role: points.Scalar}
	switch role, _ := points.Known(name); role {
	case points.Coordinate, points.Normal:
		c.Type = points.Float64
	case points.Colour:
		if g.bytes(i) {
			c.Type = points.Uint8
		}
	case points.Packed: // text has no packed floats worth reading
		c.Type = points.Uint32
	}
	return c
}

func (g *guess) named() {
	seen := map[string]bool{}
	for i, name := range g.h.Columns {
		c := g.column(i, name)
		if name == "" || seen[name] && c.Type == points.Float32 {
			c.Role = points.Skip // an index, as pandas writes it
		}
		seen[name] = true
		g.h.cols = append(g.h.cols, c)
	}
	g.agree()
}

// agree makes colours floats when one of their columns is.
func (g *guess) agree() {
	floats := false
	for _, c := range g.h.cols {
		role, _ := points.Known(c.Name)
		floats = floats || role == points.Colour && c.Type == points.Float32
	}
	for i := range g.h.cols {
		if c := &g.h.cols[i]; floats && c.Type == points.Uint8 {
			c.Type = points.Float32
		}
	}
}

func (g *guess) unnamed() {
	n := len(g.sample[0])
	names := []string{"x", "y", "z"}
	colour, normal := false, false
	if g.h.Points >= 0 && (n == 4 || n == 7) {
		names = append(names, "intensity")
	}
	for len(names) < n {
		i := len(names)
		switch {
		case !colour && i+3 <= n && g.bytes(i) && g.bytes(i+1) && g.bytes(i+2):
			colour = true
			names = append(names, "red", "green", "blue")
		case !normal && i+3 <= n && g.unit(i):
			normal = true
			names = append(names, "nx", "ny", "nz")
		default:
			names = append(names, fmt.Sprintf("column%d", i+1))
		}
	}
	g.h.Columns = names
	for i, name := range names {
		g.h.cols = append(g.h.cols, g.column(i, name))
	}
}

// bytes reports whether column i holds whole numbers from 0 to 255.
func (g *guess) bytes(i int) bool {
	for _, row := range g.sample {
		if _, err := strconv.ParseUint(string(row[i]), 10, 8); err != nil {
			return false
		}
	}
	return true
}

// unit reports whether columns i to i+2 hold vectors of length 1, of which NaN
// counts as one.
func (g *guess) unit(i int) bool {
	const tolerance = 0.02 // normals are often written with two digits
	some := false
	var scratch []byte
	for _, row := range g.sample {
		sum := 0.0
		for _, cell := range row[i : i+3] {
			v, err := points.ParseFloat(g.h.number(&scratch, cell))
			if err != nil {
				return false
			}
			sum += float64(v * v)
		}
		if sum != sum {
			continue
		}
		if math.Abs(math.Sqrt(sum)-1) > tolerance {
			return false
		}
		some = true
	}
	return some
}
