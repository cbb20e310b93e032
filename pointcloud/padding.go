package pointcloud

import "fmt"

// SquarePadding returns the square that BTF pads a w×h image to, by its side and
// the position of the old left upper corner in it: the side is the larger of w
// and h rounded up to a multiple of step (BTF: 100), and where the border is
// odd the left and upper parts are the smaller ones. A colour image and a ground
// truth padded alike stay in register with the cloud.
func SquarePadding(w, h, step int) (side, left, top int) {
	side = (max(w, h) + step - 1) / step * step
	return side, (side - w) / 2, (side - h) / 2
}

const (
	// maxPaddedSide keeps the points of a square within an int32.
	maxPaddedSide = 46340
	// A square may have 16 times the points of its input, or of 1024×1024.
	maxPaddedGrowth = 16
	smallPadding    = 1 << 20
)

// PadSquare returns an organised copy of c in the middle of the square that
// SquarePadding names. The pixels around it are not valid and 0 throughout. A
// cloud so elongated that most of the square would be border is refused with an
// error wrapping ErrShape.
func (c *Cloud) PadSquare(step int) (*Cloud, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if !c.Organised() {
		return nil, fmt.Errorf("%w: padding needs an organised cloud, not %d loose points", ErrShape, c.Len())
	}
	if step < 1 || step > maxPaddedSide {
		return nil, fmt.Errorf("pointcloud: padding to a multiple of %d: want 1 to %d", step, maxPaddedSide)
	}
	side, left, top := SquarePadding(c.Width, c.Height, step)
	if side > maxPaddedSide || side*side/maxPaddedGrowth > max(c.Len(), smallPadding) {
		return nil, fmt.Errorf("%w: %d×%d pixels are too elongated to pad to %d×%d", ErrShape, c.Width, c.Height, side, side)
	}
	n := side * side
	d := &Cloud{XYZ: make([]float32, 3*n), Width: side, Height: side, Valid: make([]bool, n), Unit: c.Unit, Offset: c.Offset}
	for _, f := range c.Fields {
		d.Fields = append(d.Fields, Field{f.Name, make([]float32, n)})
	}
	if c.Normals != nil {
		d.Normals = make([]float64, 3*n)
	}
	if c.RGB != nil {
		d.RGB = make([]uint8, 3*n)
	}
	for y := range c.Height {
		from, to := y*c.Width, (y+top)*side+left
		copy(d.XYZ[3*to:], c.XYZ[3*from:3*(from+c.Width)])
		if c.Normals != nil {
			copy(d.Normals[3*to:], c.Normals[3*from:3*(from+c.Width)])
		}
		if c.RGB != nil {
			copy(d.RGB[3*to:], c.RGB[3*from:3*(from+c.Width)])
		}
		for k, f := range c.Fields {
			copy(d.Fields[k].Values[to:], f.Values[from:from+c.Width])
		}
		for x := range c.Width {
			d.Valid[to+x] = c.IsValid(from + x)
		}
	}
	return d, nil
}
