// Package obj reads and writes the vertices of Wavefront OBJ files.
//
// Read are lines "v x y z", "v x y z w" (the weight is ignored) and, as MeshLab
// and others write colours, "v x y z r g b", of floats from 0 to 1 or, when one
// is above 1, to 255; a value more behind them is ignored. Everything else is
// skipped: faces, normals (which OBJ ties to faces, not to vertices), texture.
// Coordinates far from the origin get an Offset, see [pointcloud.OffsetFor].
// The unit is metres unless a comment "# unit mm" says otherwise: the format
// has none.
//
// # Damaged and hostile files
//
// A vertex that cannot be read is an error. OBJ has no end mark, so that a file
// cut between two lines, or in the last one's number, cannot be told from a
// whole one; a file without any vertex is refused. Any file costs at most 16
// MiB and 8 times its size.
package obj

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/iad3d/iad3d/internal/points"
	"github.com/iad3d/iad3d/pointcloud"
)

// The sentinels that this package's errors wrap. An error of the underlying
// reader or writer wraps none of them.
var (
	// ErrFormat: not an OBJ file, or one that is damaged.
	ErrFormat = errors.New("obj: not a valid OBJ file")
	// ErrLimit: more vertices than Options allow.
	ErrLimit = errors.New("obj: too large")
)

func invalid(format string, args ...any) error {
	return points.Fault("obj", ErrFormat, format, args...)
}

func tooLarge(format string, args ...any) error {
	return points.Fault("obj", ErrLimit, format, args...)
}

// Header is what the beginning of a file says, up to its first vertex.
type Header struct {
	Colour   bool
	Comments []string // without "#", at most 100
	values   int      // per vertex
}

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

const maxComments = 100 // kept

// DecodeHeader reads the file in r up to its first vertex.
func DecodeHeader(r io.Reader, _ Options) (Header, error) {
	s := points.NewSource(r)
	d := decoder{s: s}
	ok, err := d.next()
	if err == nil && !ok {
		err = invalid("no vertex in the file")
	}
	return d.h, s.Blame("obj", err)
}

// Decode reads the vertices of the file in r, those with a coordinate that is
// not finite as missing. The errors wrap [ErrFormat] or [ErrLimit] and say
// which vertex is at fault; an error of r itself is passed on.
func Decode(r io.Reader, o Options) (*pointcloud.Cloud, error) {
	s := points.NewSource(r)
	c, err := decode(s, o)
	if err != nil {
		return nil, s.Blame("obj", err)
	}
	return c, nil
}

// decoder finds the vertices.
type decoder struct {
	s     *points.Source
	h     Header
	words [][]byte // of the vertex, without "v"
	n     int      // vertices so far
}

// next goes to the next vertex; ok is false at the end of the file.
func (d *decoder) next() (ok bool, err error) {
	for {
		line, err := d.s.Line()
		switch {
		case err == io.EOF:
			return false, nil
		case err == points.ErrLong:
			return false, tooLarge("line %d: %w", d.s.Number(), err)
		case err != nil:
			return false, err
		}
		line = bytes.TrimLeft(line, " \t")
		switch {
		case len(line) == 0:
		case line[0] == '#' && len(d.h.Comments) < maxComments:
			d.h.Comments = append(d.h.Comments, strings.TrimSpace(string(line[1:])))
		case line[0] == 'v' && len(line) > 1 && (line[1] == ' ' || line[1] == '\t'):
			d.words = points.Words(d.words[:0], line[2:])
			d.n++
			return true, d.check()
		}
	}
}

// check looks at the number of values.
func (d *decoder) check() error {
	n := len(d.words)
	if n < 3 || n == 5 || n > 7 {
		return d.fault("%d values, want 3, or 6 with a colour", n)
	}
	if d.h.values == 0 {
		d.h.values = n
		d.h.Colour = n >= 6
	}
	if (n >= 6) != d.h.Colour {
		return d.fault("%d values, while the first vertex has %d: a colour for all or for none", n, d.h.values)
	}
	return nil
}

func (d *decoder) fault(format string, args ...any) error {
	return invalid("vertex %d (line %d): %w", d.n, d.s.Number(), fmt.Errorf(format, args...))
}

func decode(s *points.Source, o Options) (*pointcloud.Cloud, error) {
	d := decoder{s: s}
	var t *points.Table
	var cols []points.Column
	var record []byte
	for {
		ok, err := d.next()
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		if t == nil {
			cols = columns(d.h.Colour)
			last := cols[len(cols)-1]
			record = make([]byte, last.Offset+last.Type.Size())
			t = points.NewTable(cols, len(record), 0)
		}
		if int64(t.Len()) >= o.maxPoints() {
			return nil, tooLarge("more than %d vertices", o.maxPoints())
		}
		for i, c := range cols {
			if c.Role == points.Coordinate {
				err = points.PutCoordinate(record[c.Offset:], d.words[i])
			} else {
				err = points.PutText(record[c.Offset:], c.Type, d.words[i])
			}
			if err != nil {
				return nil, d.fault("%w", err)
			}
		}
		t.Add(record)
	}
	if t == nil {
		return nil, invalid("no vertex in the file")
	}
	c := t.Cloud(0, 0)
	for _, text := range d.h.Comments {
		if text == "unit mm" {
			c.Unit = pointcloud.Millimetre
		}
	}
	return c, nil
}

func columns(colour bool) []points.Column {
	var cols []points.Column
	for k := range 3 {
		cols = append(cols, points.Column{Type: points.Float64, Offset: 8 * k, Role: points.Coordinate, Axis: k})
	}
	if colour {
		for k := range 3 {
			cols = append(cols, points.Column{Type: points.Float32, Offset: 24 + 4*k, Role: points.Colour, Axis: k})
		}
	}
	return cols
}

// Encode writes the measured points of a cloud as vertices, with their colours
// where it has some. Decode gives coordinates and colours back bit by bit,
// except that those with an Offset are sums, correct to half a unit in the last
// place of a float64. Normals, fields and the raster are not written. It panics
// when the cloud's slices do not fit together.
func Encode(w io.Writer, c *pointcloud.Cloud) error {
	c = points.Measured(c)
	sheet := points.NewSheet(c, points.Colour)
	sheet.Untyped()
	var text []byte
	if c.Unit == pointcloud.Millimetre {
		text = append(text, "# unit mm\n"...)
	}
	const batch = 1 << 16
	for i := range c.Len() {
		text = append(text, 'v')
		for k := range sheet.Cols {
			switch col := &sheet.Cols[k]; col.Role {
			case points.Coordinate:
				text = sheet.AppendText(append(text, ' '), col, i)
			case points.Colour:
				text = points.AppendNumber(append(text, ' '), float64(float32(c.RGB[3*i+col.Axis])/255), 32)
			}
		}
		text = append(text, '\n')
		if len(text) > batch {
			if _, err := w.Write(text); err != nil {
				return fmt.Errorf("obj: %w", err)
			}
			text = text[:0]
		}
	}
	if _, err := w.Write(text); err != nil {
		return fmt.Errorf("obj: %w", err)
	}
	return nil
}
