package points

import (
	"encoding/binary"
	"math"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/pointcloud"
)

// PutCoordinate parses a decimal coordinate of a format without types and stores
// it at the beginning of dst as a float64 that rounds to the float32 nearest to
// the text.
func PutCoordinate(dst []byte, s []byte) error {
	v, err := ParseFloat(s)
	if err != nil {
		return err
	}
	// The float64 nearest to the text may lie half way between two float32s when
	// the text does not, and then round to the other one.
	const half = 1 << 28
	if a := math.Abs(v); v != 0 && (a < 1e-37 || math.Float64bits(v)&(2*half-1) == half) {
		if f, err := ParseFloat32(s); err == nil && f-f == 0 && float32(v) != f {
			v = math.Nextafter(v, float64(f))
		}
	}
	binary.LittleEndian.PutUint64(dst, math.Float64bits(v))
	return nil
}

// Untyped makes a sheet fit for text of a format that has no types, so that
// [PutCoordinate] gives the coordinates back bit by bit: those of a cloud that is
// so far from the origin that a reader would give it an offset are written with
// all digits, as are normals.
func (s *Sheet) Untyped() {
	lo, hi, ok := s.c.Bounds()
	extent := max(hi.X-lo.X, hi.Y-lo.Y, hi.Z-lo.Z)
	far := max(math.Abs(lo.X), math.Abs(lo.Y), math.Abs(lo.Z), math.Abs(hi.X), math.Abs(hi.Y), math.Abs(hi.Z))
	exact := ok && (far > 15.9*extent || pointcloud.Far(lo, hi)) // the decimals lie a little apart
	for i := range s.Cols {
		c := &s.Cols[i]
		if c.Role == Normal || c.Role == Coordinate && exact {
			c.Type = Float64
		}
	}
}

// Measured returns the cloud without its missing points, unorganised. It shares
// slices with c when none is missing.
func Measured(c *pointcloud.Cloud) *pointcloud.Cloud {
	d := *c
	d.Width, d.Height, d.Valid = 0, 0, nil
	n := c.CountValid()
	if n == c.Len() {
		return &d
	}
	d.XYZ = make([]float32, 0, 3*n)
	d.Normals, d.RGB, d.Fields = nil, nil, nil
	if c.Normals != nil {
		d.Normals = make([]float64, 0, 3*n)
	}
	if c.RGB != nil {
		d.RGB = make([]uint8, 0, 3*n)
	}
	for _, f := range c.Fields {
		d.Fields = append(d.Fields, pointcloud.Field{Name: f.Name, Values: make([]float32, 0, n)})
	}
	for i := range c.Len() {
		if !c.IsValid(i) {
			continue
		}
		d.XYZ = append(d.XYZ, c.XYZ[3*i:3*i+3]...)
		if c.Normals != nil {
			d.Normals = append(d.Normals, c.Normals[3*i:3*i+3]...)
		}
		if c.RGB != nil {
			d.RGB = append(d.RGB, c.RGB[3*i:3*i+3]...)
		}
		for k, f := range c.Fields {
			d.Fields[k].Values = append(d.Fields[k].Values, f.Values[i])
		}
	}
	return &d
}

// Moved reports whether the cloud has an offset.
func Moved(c *pointcloud.Cloud) bool { return c.Offset != (r3.Vector{}) }
