// Package npy reads and writes NumPy's array files: NPY, and the NPZ archives of
// several, as anomaly maps, depth images and point clouds are passed on by
// Python programs.
//
// Read are format versions 1 to 3; booleans, signed and unsigned integers of 1
// to 8 bytes, and floats of 2, 4 and 8 bytes; both byte orders, C and Fortran
// order, any number of dimensions up to 64. Everything but version 3 can be
// written. Complex numbers, strings, dates, records and objects are refused;
// nothing is ever unpickled. The layout is that of NumPy's numpy.lib.format.
//
// A file is not believed: memory is taken as data arrives, at most some twice
// what has come in, and never more than [Options] allow.
package npy

import (
	"errors"
	"fmt"

	"github.com/iad3d/iad3d/internal/limit"
)

// The sentinels that this package's errors wrap. An error of the underlying
// reader or writer wraps none of them.
var (
	// ErrFormat: not an NPY or NPZ file, or one that is damaged or cut short.
	ErrFormat = errors.New("npy: not a valid file")
	// ErrUnsupported: a file of a version or type that the package comment does
	// not list.
	ErrUnsupported = errors.New("npy: unsupported")
	// ErrLimit: more values or bytes than Options allow.
	ErrLimit = errors.New("npy: too large")
)

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrFormat, fmt.Errorf(format, args...))
}

func unsupported(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrUnsupported, fmt.Errorf(format, args...))
}

// Type is the type of an array's values.
type Type uint8

const (
	Float32 Type = iota
	Float64
	Float16
	Bool
	Int8
	Int16
	Int32
	Int64
	Uint8
	Uint16
	Uint32
	Uint64
)

// types holds NumPy's code of each type, which ends in its size, and its name.
var types = [...]struct {
	code string
	size int
	name string
}{
	Float32: {"f4", 4, "float32"}, Float64: {"f8", 8, "float64"}, Float16: {"f2", 2, "float16"}, Bool: {"b1", 1, "bool"},
	Int8: {"i1", 1, "int8"}, Int16: {"i2", 2, "int16"}, Int32: {"i4", 4, "int32"}, Int64: {"i8", 8, "int64"},
	Uint8: {"u1", 1, "uint8"}, Uint16: {"u2", 2, "uint16"}, Uint32: {"u4", 4, "uint32"}, Uint64: {"u8", 8, "uint64"},
}

// Size returns the bytes of one value.
func (t Type) Size() int { return types[t].size }

func (t Type) String() string { return types[t].name }

// FitsFloat32 reports whether a float32 holds every value of the type exactly.
func (t Type) FitsFloat32() bool {
	switch t {
	case Float64, Int32, Int64, Uint32, Uint64:
		return false
	}
	return true
}

// Header describes an array in a file.
type Header struct {
	Shape     []int // empty: a single value
	Type      Type
	BigEndian bool
	Fortran   bool // stored with the first index running fastest
}

// Options bounds what a file may ask for.
type Options struct {
	// MaxBytes is the largest size of an array's values; 0 or less means 1 GiB.
	MaxBytes int64
}

func (o Options) maxBytes() int64 {
	if o.MaxBytes <= 0 {
		return 1 << 30
	}
	return o.MaxBytes
}

// Array is a decoded array.
type Array struct {
	Shape []int // empty: a single value
	Type  Type
	// Data holds the values' bits, as in the file, in little-endian and C order,
	// the last index running fastest, whatever the file's: Size bytes each.
	Data []byte
}

// Len returns the number of values, the product of the shape.
func (a *Array) Len() int { return len(a.Data) / a.Type.Size() }

// check panics for an array that breaks the invariants of Array: only a caller
// can have made it.
func (a *Array) check() {
	if int(a.Type) >= len(types) {
		panic(fmt.Sprintf("npy: type %d", a.Type))
	}
	n, err := size(Header{Shape: a.Shape, Type: a.Type}, 1<<62)
	if err != nil || n != len(a.Data) || len(a.Shape) > maxDimensions {
		panic(fmt.Sprintf("npy: array of shape %v and type %v with %d bytes", a.Shape, a.Type, len(a.Data)))
	}
}

// size returns the bytes of an array's values.
func size(h Header, most int64) (int, error) {
	factors := make([]int64, 0, len(h.Shape)+1)
	for _, n := range h.Shape {
		factors = append(factors, int64(n))
	}
	n, err := limit.Size(most, append(factors, int64(h.Type.Size()))...)
	if err != nil {
		return 0, fmt.Errorf("%w: shape %v of %v: %w", ErrLimit, h.Shape, h.Type, err)
	}
	return n, nil
}
