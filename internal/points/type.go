package points

import (
	"encoding/binary"
	"math"
)

// Type is the type of a stored value.
type Type uint8

const (
	Int8 Type = iota
	Uint8
	Int16
	Uint16
	Int32
	Uint32
	Int64
	Uint64
	Float32
	Float64
)

var typeSize = [...]int{Int8: 1, Uint8: 1, Int16: 2, Uint16: 2, Int32: 4, Uint32: 4, Int64: 8, Uint64: 8, Float32: 4, Float64: 8}

// Size returns the bytes of a value.
func (t Type) Size() int { return typeSize[t] }

func (t Type) String() string {
	return [...]string{Int8: "int8", Uint8: "uint8", Int16: "int16", Uint16: "uint16", Int32: "int32", Uint32: "uint32",
		Int64: "int64", Uint64: "uint64", Float32: "float32", Float64: "float64"}[t]
}

// Float reports whether values are floating-point numbers.
func (t Type) Float() bool { return t >= Float32 }

// narrow reports whether a float32 holds every value.
func (t Type) narrow() bool { return t <= Uint16 || t == Float32 }

// limits of the integer types, as floats that are exact but for 64 bits.
var limits = [...][2]float64{
	Int8: {-1 << 7, 1<<7 - 1}, Uint8: {0, 1<<8 - 1}, Int16: {-1 << 15, 1<<15 - 1}, Uint16: {0, 1<<16 - 1},
	Int32: {-1 << 31, 1<<31 - 1}, Uint32: {0, 1<<32 - 1}, Int64: {-1 << 63, 1<<63 - 1024}, Uint64: {0, 1<<64 - 2048},
}

// values stores n values of type t in dst; the first begins at src and each one
// stride bytes after the one before.
func values(dst []float64, t Type, src []byte, stride int) {
	le := binary.LittleEndian
	switch t {
	case Int8:
		for i := range dst {
			dst[i] = float64(int8(src[i*stride]))
		}
	case Uint8:
		for i := range dst {
			dst[i] = float64(src[i*stride])
		}
	case Int16:
		for i := range dst {
			dst[i] = float64(int16(le.Uint16(src[i*stride:])))
		}
	case Uint16:
		for i := range dst {
			dst[i] = float64(le.Uint16(src[i*stride:]))
		}
	case Int32:
		for i := range dst {
			dst[i] = float64(int32(le.Uint32(src[i*stride:])))
		}
	case Uint32:
		for i := range dst {
			dst[i] = float64(le.Uint32(src[i*stride:]))
		}
	case Int64:
		for i := range dst {
			dst[i] = float64(int64(le.Uint64(src[i*stride:])))
		}
	case Uint64:
		for i := range dst {
			dst[i] = float64(le.Uint64(src[i*stride:]))
		}
	case Float32:
		for i := range dst {
			dst[i] = float64(math.Float32frombits(le.Uint32(src[i*stride:])))
		}
	case Float64:
		for i := range dst {
			dst[i] = math.Float64frombits(le.Uint64(src[i*stride:]))
		}
	}
}

// floats stores float32 values like values does, bit by bit, to every step-th
// element of dst. It reports whether all of them are finite.
func floats(dst []float32, step int, src []byte, stride, n int) (finite bool) {
	const exponent, lowest = 0xff << 23, 1 << 23
	carry := uint32(0)
	for i := range n {
		bits := binary.LittleEndian.Uint32(src[i*stride:])
		carry |= bits&exponent + lowest // beyond the exponent when that is all ones
		dst[i*step] = math.Float32frombits(bits)
	}
	return carry>>31 == 0
}

// Swap reverses the bytes of the n values of a column in records.
func Swap(records []byte, c *Column, stride int) {
	size := c.Type.Size()
	for at := c.Offset; at+size <= len(records); at += stride {
		switch b := records[at : at+size]; size {
		case 2:
			b[0], b[1] = b[1], b[0]
		case 4:
			binary.BigEndian.PutUint32(b, binary.LittleEndian.Uint32(b))
		case 8:
			binary.BigEndian.PutUint64(b, binary.LittleEndian.Uint64(b))
		}
	}
}
