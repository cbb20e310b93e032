// Package pcd reads and writes the point clouds of the Point Cloud Library.
//
// Read are the versions .5, .6 and .7 with data in ascii, binary and
// binary_compressed; fields in any order, of any type and count, with padding
// fields named "_". Fields x, y and z are the coordinates; normal_x, normal_y and
// normal_z (or nx, ny, nz) of a float type the normals; rgb or rgba of 4 bytes, be
// it F, U or I, the colour, of which alpha is not kept. Every other value becomes
// a field of the cloud, rounded to float32, and those of a field with a count of
// several are named "fpfh[0]", "fpfh[1]" and so on.
//
// A cloud is organised when both WIDTH and HEIGHT are more than 1. A point is
// missing when a coordinate is not finite; (0, 0, 0) counts as missing in an
// organised cloud only. Coordinates of type F 8 far from the origin get an Offset,
// see [pointcloud.OffsetFor]; those of type F 4 are kept bit by bit. VIEWPOINT is
// in the [Header] and not applied to the points, as PCL and Open3D do it. The unit
// is metres unless a comment "# unit mm" says otherwise: the format has none.
//
// In binary_compressed data padding fields may be stored, as Open3D does it, or
// not, as PCL does it; the size tells which.
//
// # Damaged and hostile files
//
// A file is refused rather than guessed at, and every file that ends before its
// last value is. What follows that value is not looked at. Nothing is allocated
// because a file says so: ascii and binary cost at most 16 MiB and 8 times the
// file's size. Compressed data can be 90 times as long as the file; where they
// are more than 4 times as long they are walked through before anything of that
// size is allocated, so that a refused file stays within this bound and an
// accepted one within 16 MiB and 8 times its decompressed size.
package pcd

import (
	"errors"

	"github.com/iad3d/iad3d/internal/points"
)

// The sentinels that this package's errors wrap. An error of the underlying
// reader or writer wraps none of them.
var (
	// ErrFormat: not a PCD file, or one that is damaged or contradicts itself.
	ErrFormat = errors.New("pcd: not a valid PCD file")
	// ErrUnsupported: a PCD file outside of what the package comment lists.
	ErrUnsupported = errors.New("pcd: unsupported")
	// ErrLimit: more points or fields than Options or the package allow.
	ErrLimit = errors.New("pcd: too large")
)

func invalid(format string, args ...any) error {
	return points.Fault("pcd", ErrFormat, format, args...)
}

func unsupported(format string, args ...any) error {
	return points.Fault("pcd", ErrUnsupported, format, args...)
}

func tooLarge(format string, args ...any) error {
	return points.Fault("pcd", ErrLimit, format, args...)
}

// Encoding is how a file stores its points.
type Encoding uint8

const (
	BinaryCompressed Encoding = iota // LZF, one field after the other
	Binary                           // one point after the other, little-endian
	ASCII
)

func (e Encoding) String() string {
	return [...]string{BinaryCompressed: "binary_compressed", Binary: "binary", ASCII: "ascii"}[e]
}

// Field is one field of a point.
type Field struct {
	Name  string
	Type  byte // 'F', 'U' or 'I'
	Size  int  // bytes of a value: 1, 2, 4 or 8; 4 or 8 when Type is 'F'
	Count int  // values per point
}

// Viewpoint is the sensor's pose: a position and a quaternion w, x, y, z.
type Viewpoint [7]float64

// Header describes a file.
type Header struct {
	Version       string // as it stands there: "0.7", ".7", ".5"
	Fields        []Field
	Width, Height int // as they stand there; Points = Width·Height
	Points        int
	Viewpoint     Viewpoint // 0 0 0 1 0 0 0 when there is none
	Encoding      Encoding
	Comments      []string // without "#", at most 100

	line int // of DATA
}

// Organised reports whether Decode gives an organised cloud.
func (h *Header) Organised() bool { return h.Width > 1 && h.Height > 1 }

// Options bounds what a file may ask for.
type Options struct {
	// MaxPoints is the largest number of points that is accepted; 0 or less means
	// 2²⁷, 134 million.
	MaxPoints int64
}

func (o Options) maxPoints() int64 {
	if o.MaxPoints <= 0 {
		return 1 << 27
	}
	return o.MaxPoints
}
