package model

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"

	"github.com/iad3d/iad3d/internal/limit"
)

// DType is the type of a tensor's elements, spelt as safetensors does.
type DType string

const (
	F32 DType = "F32" // IEEE 754 binary32
	F64 DType = "F64" // IEEE 754 binary64
	I32 DType = "I32"
	I64 DType = "I64"
	U8  DType = "U8"
)

// Size returns the bytes per element, 0 for an unknown type.
func (d DType) Size() int {
	switch d {
	case F32, I32:
		return 4
	case F64, I64:
		return 8
	case U8:
		return 1
	}
	return 0
}

// Tensor is a named array. Data holds the elements in C order (last index
// fastest), little-endian whatever the machine. An empty Shape is a scalar: one
// element. Tensors are made by [Float32s] and its siblings.
type Tensor struct {
	Name  string
	DType DType
	Shape []int
	Data  []byte
}

// Float32s returns a tensor of the values v. On little-endian machines Data
// aliases v, so v must not change before the tensor was used.
func Float32s(name string, shape []int, v []float32) Tensor {
	return Tensor{name, F32, shape, encode(v, littleEndian())}
}

// Float64s is [Float32s] for float64.
func Float64s(name string, shape []int, v []float64) Tensor {
	return Tensor{name, F64, shape, encode(v, littleEndian())}
}

// Int32s is [Float32s] for int32.
func Int32s(name string, shape []int, v []int32) Tensor {
	return Tensor{name, I32, shape, encode(v, littleEndian())}
}

// Int64s is [Float32s] for int64.
func Int64s(name string, shape []int, v []int64) Tensor {
	return Tensor{name, I64, shape, encode(v, littleEndian())}
}

// Uint8s is [Float32s] for bytes; Data is v on every machine.
func Uint8s(name string, shape []int, v []uint8) Tensor {
	return Tensor{name, U8, shape, v}
}

type number interface {
	float32 | float64 | int32 | int64 | uint8
}

// littleEndian reports the byte order of the machine.
func littleEndian() bool { return binary.NativeEndian.Uint16([]byte{1, 0}) == 1 }

// encode returns the little-endian bytes of v: v's own when little says that
// the machine stores them so, else a copy.
func encode[T number](v []T, little bool) []byte {
	if !little {
		b, err := binary.Append(nil, binary.LittleEndian, v)
		if err != nil {
			panic(err) // only for types that number does not name
		}
		return b
	}
	var z T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), len(v)*int(unsafe.Sizeof(z)))
}

// decode is the inverse of encode for a whole number of elements; it also copies
// when b is not aligned for T.
func decode[T number](b []byte, little bool) []T {
	var z T
	size := unsafe.Sizeof(z)
	n := len(b) / int(size)
	p := unsafe.Pointer(unsafe.SliceData(b))
	if (little || size == 1) && uintptr(p)%size == 0 {
		return unsafe.Slice((*T)(p), n)
	}
	v := make([]T, n)
	if _, err := binary.Decode(b, binary.LittleEndian, v); err != nil {
		panic(err) // only for types that number does not name
	}
	return v
}

// byteLength returns the bytes of a tensor, or an error when its type is
// unknown, a dimension negative or the product beyond an int.
func byteLength(d DType, shape []int) (int, error) {
	size := d.Size()
	if size == 0 {
		return 0, fmt.Errorf("dtype %s is not one of F32, F64, I32, I64, U8", quote(string(d)))
	}
	factors := []int64{int64(size)}
	for _, s := range shape {
		factors = append(factors, int64(s))
	}
	return limit.Size(math.MaxInt, factors...)
}
