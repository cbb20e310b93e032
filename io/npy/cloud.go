package npy

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/internal/points"
	"github.com/iad3d/iad3d/pointcloud"
)

// pointTypes are the types of coordinates; Float16 is read as float32, and
// booleans are none.
var pointTypes = map[Type]points.Type{
	Float32: points.Float32, Float16: points.Float32, Float64: points.Float64,
	Int8: points.Int8, Int16: points.Int16, Int32: points.Int32, Int64: points.Int64,
	Uint8: points.Uint8, Uint16: points.Uint16, Uint32: points.Uint32, Uint64: points.Uint64,
}

// CloudShape returns the raster that an array of a shape holds the points of: W×H
// pixels of H×W×3, 0×0 of N×3 loose points. Other shapes are [ErrUnsupported].
func CloudShape(shape []int) (w, h int, err error) {
	switch n := len(shape); {
	case n == 2 && shape[1] == 3:
		return 0, 0, nil
	case n == 3 && shape[2] == 3 && shape[0] > 0 && shape[1] > 0:
		return shape[1], shape[0], nil
	}
	return 0, 0, unsupported("array of shape %v; a cloud is H×W×3 or N×3", shape)
}

// Cloud returns an array of H×W×3 values as an organised cloud in metres, one of
// N×3 as loose points. Points that are not finite are missing, of a raster those
// that are (0, 0, 0) too. Float64, and integers of 32 bits and more, are narrowed
// to float32, with an Offset where that would cost too much
// ([pointcloud.OffsetFor]). An array of another shape, of booleans, or of more
// points than a cloud can index is [ErrUnsupported].
func (a *Array) Cloud() (*pointcloud.Cloud, error) {
	a.check()
	w, h, err := CloudShape(a.Shape)
	if err != nil {
		return nil, err
	}
	kind, ok := pointTypes[a.Type]
	if !ok {
		return nil, unsupported("coordinates of type %v", a.Type)
	}
	n := a.Len() / 3
	if n > math.MaxInt32/3 {
		return nil, unsupported("cloud of %d points", n)
	}
	data := a.Data
	if a.Type == Float16 {
		data = FromFloat32s(a.Float32s(), a.Shape...).Data
	}
	cols := make([]points.Column, 3)
	for k, name := range []string{"x", "y", "z"} {
		cols[k] = points.Column{Name: name, Type: kind, Offset: k * kind.Size(), Role: points.Coordinate, Axis: k}
	}
	t := points.NewTable(cols, 3*kind.Size(), n)
	t.Add(data)
	return t.Cloud(w, h), nil
}

// FromCloud returns the coordinates of a cloud in its own unit, H×W×3 where it is
// organised and N×3 where not: of float32, or of float64 when the cloud has an
// Offset, which is added. Missing points are NaN.
func FromCloud(c *pointcloud.Cloud) *Array {
	shape := []int{c.Len(), 3}
	if c.Organised() {
		shape = []int{c.Height, c.Width, 3}
	}
	if c.Offset != (r3.Vector{}) {
		v := make([]float64, 0, 3*c.Len())
		for i := range c.Len() {
			p := c.Absolute(i)
			if !c.IsValid(i) {
				p = r3.Vector{X: math.NaN(), Y: math.NaN(), Z: math.NaN()}
			}
			v = append(v, p.X, p.Y, p.Z)
		}
		return FromFloat64s(v, shape...)
	}
	a := FromFloat32s(c.XYZ, shape...)
	for i := range c.Len() {
		if !c.IsValid(i) {
			nan := binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(math.NaN())))
			copy(a.Data[12*i:], slices.Repeat(nan, 3))
		}
	}
	return a
}
