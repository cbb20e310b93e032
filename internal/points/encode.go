package points

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/pointcloud"
)

// Sheet is a cloud seen as the records of a file to write.
type Sheet struct {
	Cols   []Column // in the order of the record, little-endian
	Stride int
	c      *pointcloud.Cloud
}

// NewSheet returns the columns that hold a cloud without loss: coordinates as
// float32, or as float64 with the offset added; normals as float32 where that is
// exact, else float64; colours as Packed or as three of Colour; fields as
// float32. Columns have no names but those of fields. It panics when the cloud's
// slices do not fit together.
func NewSheet(c *pointcloud.Cloud, colour Role) *Sheet {
	s := &Sheet{c: c}
	add := func(name string, t Type, r Role, axis, field int) {
		s.Cols = append(s.Cols, Column{name, t, s.Stride, r, axis, field})
		s.Stride += t.Size()
	}
	t := Float32
	if c.Offset != (r3.Vector{}) {
		t = Float64
	}
	for k := range 3 {
		add("", t, Coordinate, k, 0)
	}
	if c.Normals != nil {
		t = Float32
		for _, v := range c.Normals[:3*c.Len()] {
			if v == v && float64(float32(v)) != v {
				t = Float64
				break
			}
		}
		for k := range 3 {
			add("", t, Normal, k, 0)
		}
	}
	switch {
	case c.RGB == nil:
	case colour == Packed:
		add("", Uint32, Packed, 0, 0)
	default:
		for k := range 3 {
			add("", Uint8, Colour, k, 0)
		}
	}
	for i, f := range c.Fields {
		add(f.Name, Float32, Scalar, 0, i)
	}
	return s
}

// Put stores the values of a column for n points from point from on: the first at
// dst, each one stride bytes after the one before.
func (s *Sheet) Put(dst []byte, col *Column, stride, from, n int) {
	le := binary.LittleEndian
	switch col.Role {
	case Coordinate:
		for i := range n {
			if col.Type == Float32 {
				le.PutUint32(dst[i*stride:], math.Float32bits(s.coordinate(from+i, col.Axis)))
			} else {
				le.PutUint64(dst[i*stride:], math.Float64bits(s.absolute(from+i, col.Axis)))
			}
		}
	case Normal:
		for i := range n {
			v := s.c.Normals[3*(from+i)+col.Axis]
			if col.Type == Float32 {
				le.PutUint32(dst[i*stride:], math.Float32bits(float32(v)))
			} else {
				le.PutUint64(dst[i*stride:], math.Float64bits(v))
			}
		}
	case Colour:
		for i := range n {
			dst[i*stride] = s.c.RGB[3*(from+i)+col.Axis]
		}
	case Packed:
		for i := range n {
			le.PutUint32(dst[i*stride:], s.packed(from+i))
		}
	case Scalar:
		v := s.c.Fields[col.field].Values
		for i := range n {
			le.PutUint32(dst[i*stride:], math.Float32bits(v[from+i]))
		}
	}
}

// AppendText appends the value of a column for point i: the shortest text that
// reads back as the same value of the column's type.
func (s *Sheet) AppendText(dst []byte, col *Column, i int) []byte {
	switch col.Role {
	case Coordinate:
		if col.Type == Float64 {
			return AppendNumber(dst, s.absolute(i, col.Axis), 64)
		}
		return AppendNumber(dst, float64(s.coordinate(i, col.Axis)), 32)
	case Normal:
		return AppendNumber(dst, s.c.Normals[3*i+col.Axis], 8*col.Type.Size())
	case Colour:
		return strconv.AppendUint(dst, uint64(s.c.RGB[3*i+col.Axis]), 10)
	case Packed:
		return strconv.AppendUint(dst, uint64(s.packed(i)), 10)
	}
	return AppendNumber(dst, float64(s.c.Fields[col.field].Values[i]), 32)
}

// AppendNumber appends the shortest text that reads back as v at that many bits.
func AppendNumber(dst []byte, v float64, bits int) []byte {
	switch {
	case v != v:
		return append(dst, "nan"...)
	case v > math.MaxFloat64:
		return append(dst, "inf"...)
	case v < -math.MaxFloat64:
		return append(dst, "-inf"...)
	}
	return strconv.AppendFloat(dst, v, 'g', -1, bits)
}

// coordinate returns an axis of point i as it is to be written: the bits of what
// is measured or not finite, and NaN for any other point that is missing.
func (s *Sheet) coordinate(i, axis int) float32 {
	p := s.c.XYZ[3*i : 3*i+3]
	if !s.c.IsValid(i) && p[0]-p[0] == 0 && p[1]-p[1] == 0 && p[2]-p[2] == 0 {
		return float32(math.NaN())
	}
	return p[axis]
}

func (s *Sheet) absolute(i, axis int) float64 {
	v, o := float64(s.coordinate(i, axis)), [3]float64{s.c.Offset.X, s.c.Offset.Y, s.c.Offset.Z}[axis]
	if o == 0 {
		return v // −0 stays
	}
	return v + o
}

// packed returns the colour of point i as PCL packs it, opaque.
func (s *Sheet) packed(i int) uint32 {
	p := s.c.RGB[3*i : 3*i+3]
	return 0xff<<24 | uint32(p[0])<<16 | uint32(p[1])<<8 | uint32(p[2])
}

// SafeName returns a field's name as one word of printable ASCII that readers do
// not take for a coordinate, a normal, a colour or padding.
func SafeName(name string) string {
	b := []byte(name)
	for i, c := range b {
		if c <= ' ' || c > '~' || c == '#' {
			b[i] = '_'
		}
	}
	name = string(b)
	if strings.Trim(name, "_") == "" {
		return "field"
	}
	if role, _ := Known(name); role != Scalar {
		return name + "_"
	}
	return name
}
