package xyztext

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"strconv"

	"github.com/iad3d/iad3d/internal/points"
	"github.com/iad3d/iad3d/pointcloud"
)

// Decode reads the file in r. The errors wrap [ErrFormat] or [ErrLimit] and say
// which line is at fault; an error of r itself is passed on.
func Decode(r io.Reader, o Options) (*pointcloud.Cloud, error) {
	s := points.NewSource(r)
	c, err := decode(s, o)
	if err != nil {
		return nil, s.Blame("xyztext", err)
	}
	return c, nil
}

func decode(s *points.Source, o Options) (*pointcloud.Cloud, error) {
	h, err := readHeader(s, o)
	if err != nil {
		return nil, err
	}
	d := &decoder{s: s, h: &h, o: o, t: points.NewTable(h.cols, h.stride, 0), record: make([]byte, h.stride), promised: -1}
	if h.Points >= 0 {
		if err := d.promise(h.Points); err != nil {
			return nil, err
		}
	}
	for {
		more, err := d.line()
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
	}
	n := int64(d.t.Len())
	if d.promised > n {
		return nil, invalid("point %d of %d: %w", n+1, d.promised, io.ErrUnexpectedEOF)
	}
	if h.Width > 0 && int64(h.Width)*int64(h.Height) != n {
		return nil, invalid("%d points, but a raster of %d × %d: %w", n, h.Width, h.Height, io.ErrUnexpectedEOF)
	}
	c := d.t.Cloud(h.Width, h.Height)
	if h.Millimetre {
		c.Unit = pointcloud.Millimetre
	}
	return c, nil
}

// decoder takes lines.
type decoder struct {
	s        *points.Source
	h        *Header
	o        Options
	t        *points.Table
	record   []byte
	promised int64 // points of the blocks so far, −1 for none
	cells    [][]byte
	scratch  []byte
}

// promise adds a block of n points.
func (d *decoder) promise(n int64) error {
	if most := d.o.maxPoints() - max(0, d.promised); n > most {
		return tooLarge("%d points, at most %d are read", n, d.o.maxPoints())
	}
	d.promised = max(0, d.promised) + n
	return nil
}

// line takes a line; more is false at the end of the file.
func (d *decoder) line() (more bool, err error) {
	line, err := d.s.Line()
	switch {
	case err == io.EOF:
		return false, nil
	case err == points.ErrLong:
		return false, tooLarge("line %d: %w", d.s.Number(), err)
	case err != nil:
		return false, err
	case d.s.Number() <= d.h.skipped:
		return true, nil
	}
	if _, comment := commentText(bytes.TrimSpace(line)); comment || len(bytes.TrimSpace(line)) == 0 {
		return true, nil
	}
	n := int64(d.t.Len())
	if n == d.promised {
		k, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 10, 64)
		if err != nil || k < 0 {
			return false, invalid("line %d: more than the %d points that were announced", d.s.Number(), d.promised)
		}
		return true, d.promise(k)
	}
	if n >= d.o.maxPoints() {
		return false, tooLarge("more than %d points", d.o.maxPoints())
	}
	return true, d.row(line)
}

// row takes the line of a point.
func (d *decoder) row(line []byte) error {
	d.cells = d.h.split(d.cells[:0], bytes.TrimPrefix(line, mark))
	if len(d.cells) != len(d.h.cols) {
		return invalid("line %d: %d values, want %d", d.s.Number(), len(d.cells), len(d.h.cols))
	}
	for i, cell := range d.cells {
		c := &d.h.cols[i]
		dst := d.record[c.Offset:]
		cell = d.h.number(&d.scratch, cell)
		var err error
		switch {
		case c.Role == points.Skip:
		case len(cell) == 0 && c.Type == points.Float64:
			binary.LittleEndian.PutUint64(dst, math.Float64bits(math.NaN()))
		case len(cell) == 0 && c.Type == points.Float32:
			binary.LittleEndian.PutUint32(dst, math.Float32bits(float32(math.NaN())))
		case c.Role == points.Coordinate:
			err = points.PutCoordinate(dst, cell)
		default:
			err = points.PutText(dst, c.Type, cell)
		}
		if err != nil {
			return invalid("line %d: %s: %w", d.s.Number(), d.h.Columns[i], err)
		}
	}
	d.t.Add(d.record)
	return nil
}
