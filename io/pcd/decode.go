package pcd

import (
	"fmt"
	"io"
	"strings"

	"github.com/iad3d/iad3d/internal/points"
	"github.com/iad3d/iad3d/pointcloud"
)

// Decode reads the file in r. The errors wrap [ErrFormat], [ErrUnsupported] or
// [ErrLimit] and say which point and field are at fault; an error of r itself is
// passed on. A reader that can seek tells how long the file is, and is then
// believed about what is worth allocating in one piece.
func Decode(r io.Reader, o Options) (*pointcloud.Cloud, error) {
	s := points.NewSource(r)
	c, err := decode(s, o)
	if err != nil {
		return nil, s.Blame("pcd", err)
	}
	return c, nil
}

func decode(s *points.Source, o Options) (*pointcloud.Cloud, error) {
	h, err := readHeader(s, o)
	if err != nil {
		return nil, err
	}
	l, err := newLayout(&h)
	if err != nil {
		return nil, err
	}
	var t *points.Table
	switch h.Encoding {
	case ASCII:
		t, err = l.ascii(s)
	case Binary:
		t, err = l.binary(s)
	default:
		t, err = l.compressed(s)
	}
	if err != nil {
		return nil, err
	}
	w, ht := h.Width, h.Height
	if !h.Organised() {
		w, ht = 0, 0
	}
	c := t.Cloud(w, ht)
	for _, text := range h.Comments {
		if text == "unit mm" {
			c.Unit = pointcloud.Millimetre
		}
	}
	return c, nil
}

// layout is a header with its fields as columns.
type layout struct {
	h      *Header
	cols   []points.Column // one per value
	stride int             // bytes of a point
}

var types = map[byte]map[int]points.Type{
	'F': {4: points.Float32, 8: points.Float64},
	'U': {1: points.Uint8, 2: points.Uint16, 4: points.Uint32, 8: points.Uint64},
	'I': {1: points.Int8, 2: points.Int16, 4: points.Int32, 8: points.Int64},
}

func newLayout(h *Header) (*layout, error) {
	l := &layout{h: h}
	for _, f := range h.Fields {
		for k := range f.Count {
			c := points.Column{Name: f.Name, Type: types[f.Type][f.Size], Offset: l.stride, Role: points.Scalar}
			switch {
			case f.Name == "_":
				c.Role = points.Skip
			case f.Count > 1:
				c.Name = fmt.Sprintf("%s[%d]", f.Name, k)
			}
			l.cols = append(l.cols, c)
			l.stride += f.Size
		}
	}
	if err := points.Assign(l.cols); err != nil {
		var names []string
		for _, f := range h.Fields[:min(len(h.Fields), 12)] {
			names = append(names, f.Name)
		}
		return nil, unsupported("fields %s: %w", points.Quote(strings.Join(names, " ")), err)
	}
	return l, nil
}

// at names a point, and a field by the byte of the point where it is stored.
func (l *layout) at(point, offset int64) string {
	name := ""
	for _, c := range l.cols {
		if int64(c.Offset) <= offset {
			name = c.Name
		}
	}
	return fmt.Sprintf("point %d of %d: field %s", point+1, l.h.Points, points.Quote(name))
}

func (l *layout) binary(s *points.Source) (*points.Table, error) {
	t := points.NewTable(l.cols, l.stride, s.Promised(int64(l.h.Points), int64(l.stride)))
	whole, part, err := s.Records(int64(l.h.Points), l.stride, t.Add)
	if err != nil {
		return nil, invalid("%s: %w", l.at(whole, int64(part)), err)
	}
	return t, nil
}

func (l *layout) ascii(s *points.Source) (*points.Table, error) {
	n := l.h.Points
	// A value takes two bytes at least, the last line's end may be missing.
	t := points.NewTable(l.cols, l.stride, s.Promised(int64(n), 2*int64(len(l.cols))))
	record := make([]byte, l.stride)
	var words [][]byte
	for t.Len() < n {
		line, err := s.Line()
		if err == points.ErrLong {
			return nil, tooLarge("line %d: %w", s.Number(), err)
		}
		if err != nil {
			return nil, invalid("%s: %w", l.at(int64(t.Len()), 0), points.Early(err))
		}
		words = points.Words(words[:0], line)
		if len(words) == 0 {
			continue
		}
		if len(words) != len(l.cols) {
			return nil, invalid("point %d of %d (line %d): %d values, want %d", t.Len()+1, n, s.Number(), len(words), len(l.cols))
		}
		for i, w := range words {
			c := &l.cols[i]
			if c.Role == points.Skip {
				continue
			}
			if err := points.PutText(record[c.Offset:], c.Type, w); err != nil {
				return nil, invalid("%s (line %d): %w", l.at(int64(t.Len()), int64(c.Offset)), s.Number(), err)
			}
		}
		t.Add(record)
	}
	return t, nil
}
