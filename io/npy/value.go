package npy

import (
	"encoding/binary"
	"math"
)

// Float32s returns the values rounded to float32, in C order; exactly where
// [Type.FitsFloat32]. A float64 beyond the range becomes an infinity. Booleans
// are 0 and 1.
func (a *Array) Float32s() []float32 {
	a.check()
	v := make([]float32, a.Len())
	if a.Type == Float32 {
		for i := range v {
			v[i] = math.Float32frombits(binary.LittleEndian.Uint32(a.Data[4*i:]))
		}
		return v
	}
	a.each(func(i int, x float64) { v[i] = float32(x) })
	return v
}

// Float64s returns the values in C order, exactly but for integers beyond 2⁵³,
// which are rounded. Booleans are 0 and 1.
func (a *Array) Float64s() []float64 {
	a.check()
	v := make([]float64, a.Len())
	a.each(func(i int, x float64) { v[i] = x })
	return v
}

// each calls fn with every value.
func (a *Array) each(fn func(i int, x float64)) {
	size := a.Type.Size()
	le := binary.LittleEndian
	get := map[Type]func(b []byte) float64{
		Float32: func(b []byte) float64 { return float64(math.Float32frombits(le.Uint32(b))) },
		Float64: func(b []byte) float64 { return math.Float64frombits(le.Uint64(b)) },
		Float16: func(b []byte) float64 { return half(le.Uint16(b)) },
		Bool:    func(b []byte) float64 { return float64(b[0]) },
		Int8:    func(b []byte) float64 { return float64(int8(b[0])) },
		Int16:   func(b []byte) float64 { return float64(int16(le.Uint16(b))) },
		Int32:   func(b []byte) float64 { return float64(int32(le.Uint32(b))) },
		Int64:   func(b []byte) float64 { return float64(int64(le.Uint64(b))) },
		Uint8:   func(b []byte) float64 { return float64(b[0]) },
		Uint16:  func(b []byte) float64 { return float64(le.Uint16(b)) },
		Uint32:  func(b []byte) float64 { return float64(le.Uint32(b)) },
		Uint64:  func(b []byte) float64 { return float64(le.Uint64(b)) },
	}[a.Type]
	for i := range a.Len() {
		fn(i, get(a.Data[i*size:]))
	}
}

// half returns the value of an IEEE 754 binary16 number.
func half(b uint16) float64 {
	exponent, fraction := int(b>>10&31), float64(b&1023)
	var v float64
	switch exponent {
	case 0:
		v = math.Ldexp(fraction, -24)
	case 31:
		v = math.Inf(1)
		if fraction != 0 {
			v = math.NaN()
		}
	default:
		v = math.Ldexp(1024+fraction, exponent-25)
	}
	if b>>15 != 0 {
		return -v
	}
	return v
}

// FromFloat32s returns a float32 array of the given shape; the values are
// copied. It panics when they are not as many as the shape says.
func FromFloat32s(v []float32, shape ...int) *Array {
	a := &Array{Shape: shape, Type: Float32, Data: make([]byte, 0, 4*len(v))}
	for _, x := range v {
		a.Data = binary.LittleEndian.AppendUint32(a.Data, math.Float32bits(x))
	}
	a.check()
	return a
}

// FromFloat64s returns a float64 array as [FromFloat32s] does.
func FromFloat64s(v []float64, shape ...int) *Array {
	a := &Array{Shape: shape, Type: Float64, Data: make([]byte, 0, 8*len(v))}
	for _, x := range v {
		a.Data = binary.LittleEndian.AppendUint64(a.Data, math.Float64bits(x))
	}
	a.check()
	return a
}

// FromUint8s returns a uint8 array, which shares the values.
func FromUint8s(v []uint8, shape ...int) *Array {
	a := &Array{Shape: shape, Type: Uint8, Data: v}
	a.check()
	return a
}
