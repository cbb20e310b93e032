// Package ply reads and writes the vertices of PLY files, the Polygon File
// Format of the Stanford 3D Scanning Repository.
//
// Read are ascii and binary of both byte orders, with any scalar and list types
// under their old and new names (float, float32), elements in any order, and
// headers whose lines end in LF, CR LF or CR. Of the element vertex, x, y and z
// are the coordinates; nx, ny and nz of a float type the normals; red, green
// and blue (also r, g, b and diffuse_red…) the colour, where floats go from 0
// to 1, or to 255 when one is above 1, and ushort to 65535. Alpha is a field,
// as is every other scalar property, rounded to float32: a confidence, an
// intensity, a score. Lists of vertices, and other elements such as faces, are
// skipped.
//
// A cloud is organised when "obj_info num_cols" and "obj_info num_rows"
// multiply to the number of vertices, as Encode writes it, or to that of an
// element range_grid behind the vertices, a list per pixel of none or one
// vertex, as Stanford's range scans and PCL have it. A point is missing when a
// coordinate is not finite; (0, 0, 0) counts as missing in an organised cloud
// only. Coordinates of type double or of 32-bit integers far from the origin
// get an Offset, see [pointcloud.OffsetFor]; those of type float are kept bit
// by bit. The unit is metres unless "comment unit mm" says otherwise: the
// format has none.
//
// # Damaged and hostile files
//
// A file is refused rather than guessed at, and every file that ends before its
// last vertex, or range_grid, is. What follows is not looked at. In ascii files
// each vertex has a line of its own. Nothing is allocated because a file says
// so: any file costs at most 16 MiB and 8 times its own size.
package ply

import (
	"encoding/binary"
	"errors"

	"github.com/iad3d/iad3d/internal/points"
)

// The sentinels that this package's errors wrap. An error of the underlying
// reader or writer wraps none of them.
var (
	// ErrFormat: not a PLY file, or one that is damaged or contradicts itself.
	ErrFormat = errors.New("ply: not a valid PLY file")
	// ErrUnsupported: a PLY file outside of what the package comment lists.
	ErrUnsupported = errors.New("ply: unsupported")
	// ErrLimit: more vertices or properties than Options or the package allow.
	ErrLimit = errors.New("ply: too large")
)

func invalid(format string, args ...any) error {
	return points.Fault("ply", ErrFormat, format, args...)
}

func unsupported(format string, args ...any) error {
	return points.Fault("ply", ErrUnsupported, format, args...)
}

func tooLarge(format string, args ...any) error {
	return points.Fault("ply", ErrLimit, format, args...)
}

// Encoding is how a file stores its elements.
type Encoding uint8

const (
	BinaryLittleEndian Encoding = iota
	BinaryBigEndian
	ASCII
)

func (e Encoding) String() string {
	return [...]string{BinaryLittleEndian: "binary_little_endian", BinaryBigEndian: "binary_big_endian", ASCII: "ascii"}[e]
}

func (e Encoding) order() binary.ByteOrder {
	if e == BinaryBigEndian {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// Property is a property of an element.
type Property struct {
	Name   string
	Type   string // as it stands there: "float", "float32"
	Length string // the type of the length of a list, "" for a scalar

	kind, length points.Type
}

// List reports whether the property is a list.
func (p *Property) List() bool { return p.Length != "" }

// Element is a kind of thing that a file holds.
type Element struct {
	Name       string
	Count      int64
	Properties []Property
}

// lists reports whether instances have lists, else their size in bytes.
func (e *Element) lists() (size int64, lists bool) {
	for i := range e.Properties {
		if e.Properties[i].List() {
			return 0, true
		}
		size += int64(e.Properties[i].kind.Size())
	}
	return size, false
}

// Header describes a file.
type Header struct {
	Encoding Encoding
	Elements []Element // in the order of the file
	Comments []string  // at most 100
	Info     []string  // obj_info lines, at most 100
	Vertices int
	// Width and Height are those of the organised cloud that Decode gives; 0, 0
	// for a cloud that is not organised.
	Width, Height int

	vertex int // index in Elements
	grid   int // index of the element that has the raster, 0 for none: it follows the vertices
}

// Vertex returns the element of the vertices.
func (h *Header) Vertex() *Element { return &h.Elements[h.vertex] }

// Options bounds what a file may ask for.
type Options struct {
	// MaxPoints is the largest number of vertices that is accepted; 0 or less means
	// 2²⁷, 134 million.
	MaxPoints int64
}

func (o Options) maxPoints() int64 {
	if o.MaxPoints <= 0 {
		return 1 << 27
	}
	return o.MaxPoints
}
