// Package stl reads and writes STL files, the triangles that CAD programs
// exchange.
//
// A file is ascii when it begins with "solid" and has text, or nothing, where a
// binary file has its number of triangles (bytes 81 to 84); so a binary file
// whose header begins with "solid" is read as one. A binary file must be
// exactly as long as its number of triangles says. Ascii keywords may have any
// case, and a file may have several solids.
//
// STL has float32 coordinates, no unit and no points: [Mesh.Vertices] gives the
// corners and [Mesh.Sample] points of the surface. The unit is metres unless the
// name ends in "unit mm".
//
// # Damaged and hostile files
//
// A file is refused rather than guessed at, and no prefix of a valid file is
// valid, but for one that lacks only what follows the last "endsolid". Nothing
// is allocated because a file says so: any file costs at most 16 MiB and 8
// times its own size, with its Vertices.
package stl

import (
	"errors"
	"fmt"
	"strings"

	"github.com/iad3d/iad3d/internal/points"
	"github.com/iad3d/iad3d/pointcloud"
)

// The sentinels that this package's errors wrap. An error of the underlying
// reader or writer wraps none of them.
var (
	// ErrFormat: not an STL file, or one that is damaged or contradicts itself.
	ErrFormat = errors.New("stl: not a valid STL file")
	// ErrLimit: more triangles than Options or the package allow.
	ErrLimit = errors.New("stl: too large")
	// ErrSurface: a mesh that cannot be made or sampled.
	ErrSurface = errors.New("stl: no surface")
)

func invalid(format string, args ...any) error {
	return points.Fault("stl", ErrFormat, format, args...)
}

func tooLarge(format string, args ...any) error {
	return points.Fault("stl", ErrLimit, format, args...)
}

// Header describes a file.
type Header struct {
	ASCII     bool
	Name      string // of the first solid, or what the binary header says
	Triangles int    // of a binary file; 0 for ascii, which does not say
}

// Mesh is a set of triangles.
type Mesh struct {
	Name string // one line; 80 bytes at most are written
	// XYZ are the corners, 9·N: x, y and z of corner k of triangle i at 9i + 3k.
	XYZ []float32
	// Normals are the normals as stored, 3·N; nobody vouches for them. Nil is
	// written as normals of the corners.
	Normals []float32
	// Attributes are the 16 bits behind each triangle of a binary file; nil when
	// all are 0.
	Attributes []uint16
}

// Len returns the number of triangles.
func (m *Mesh) Len() int { return len(m.XYZ) / 9 }

// Unit returns what the name says about the unit.
func (m *Mesh) Unit() pointcloud.Unit {
	if strings.HasSuffix(m.Name, "unit mm") {
		return pointcloud.Millimetre
	}
	return pointcloud.Metre
}

// check panics for a mesh whose slices do not fit together.
func (m *Mesh) check() {
	n := m.Len()
	if len(m.XYZ) != 9*n || m.Normals != nil && len(m.Normals) != 3*n || m.Attributes != nil && len(m.Attributes) != n {
		panic(fmt.Sprintf("stl: %d coordinates, %d normal components, %d attributes", len(m.XYZ), len(m.Normals), len(m.Attributes)))
	}
}

// Options bounds what a file may ask for.
type Options struct {
	// MaxTriangles is the largest number of triangles that is accepted; 0 or less
	// means 2²⁵, 33 million.
	MaxTriangles int64
}

func (o Options) maxTriangles() int64 {
	if o.MaxTriangles <= 0 {
		return 1 << 25
	}
	return o.MaxTriangles
}
