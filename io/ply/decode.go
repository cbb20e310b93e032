package ply

import (
	"fmt"
	"io"
	"strings"

	"github.com/iad3d/iad3d/internal/points"
	"github.com/iad3d/iad3d/pointcloud"
)

// Decode reads the vertices of the file in r. The errors wrap [ErrFormat],
// [ErrUnsupported] or [ErrLimit] and say which element and property are at fault;
// an error of r itself is passed on. A reader that can seek tells how long the
// file is, and is then believed about what is worth allocating in one piece.
func Decode(r io.Reader, o Options) (*pointcloud.Cloud, error) {
	s := points.NewSource(r)
	c, err := decode(s, o)
	if err != nil {
		return nil, s.Blame("ply", err)
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
	for i := range h.vertex {
		if err := skip(s, &h, &h.Elements[i]); err != nil {
			return nil, err
		}
	}
	var t *points.Table
	switch _, lists := h.Vertex().lists(); {
	case h.Encoding == ASCII:
		t, err = l.ascii(s)
	case lists:
		t, err = l.binaryLists(s)
	default:
		t, err = l.binary(s)
	}
	if err != nil {
		return nil, err
	}
	var c *pointcloud.Cloud
	if h.grid == 0 {
		c = t.Cloud(h.Width, h.Height)
	} else {
		for i := h.vertex + 1; i < h.grid; i++ {
			if err := skip(s, &h, &h.Elements[i]); err != nil {
				return nil, err
			}
		}
		grid, err := readGrid(s, &h)
		if err != nil {
			return nil, err
		}
		if c, err = spread(t.Cloud(0, 0), &h, grid, s.Consumed()); err != nil {
			return nil, err
		}
	}
	for _, text := range h.Comments {
		if text == "unit mm" {
			c.Unit = pointcloud.Millimetre
		}
	}
	return c, nil
}

// layout is the vertex element with its scalar properties as columns.
type layout struct {
	h      *Header
	cols   []points.Column // one per scalar property
	at     []int           // index of a property's column, -1 for a list
	stride int             // bytes of a vertex without its lists
}

func newLayout(h *Header) (*layout, error) {
	l := &layout{h: h}
	e := h.Vertex()
	for i := range e.Properties {
		p := &e.Properties[i]
		if p.List() {
			l.at = append(l.at, -1)
			continue
		}
		l.at = append(l.at, len(l.cols))
		l.cols = append(l.cols, points.Column{Name: p.Name, Type: p.kind, Offset: l.stride, Role: points.Scalar})
		l.stride += p.kind.Size()
	}
	if err := points.Assign(l.cols); err != nil {
		var names []string
		for i := range e.Properties[:min(len(e.Properties), 12)] {
			names = append(names, e.Properties[i].Name)
		}
		return nil, unsupported("element vertex with properties %s: %w", points.Quote(strings.Join(names, " ")), err)
	}
	return l, nil
}

// where names a vertex.
func (l *layout) where(i int64) string {
	return fmt.Sprintf("vertex %d of %d", i+1, l.h.Vertices)
}

// property names the property of which byte offset of a vertex is a part.
func (l *layout) property(offset int) string {
	name := ""
	for i := range l.cols {
		if l.cols[i].Offset <= offset {
			name = l.cols[i].Name
		}
	}
	return points.Quote(name)
}

func (l *layout) binary(s *points.Source) (*points.Table, error) {
	n := int64(l.h.Vertices)
	t := points.NewTable(l.cols, l.stride, s.Promised(n, int64(l.stride)))
	whole, part, err := s.Records(n, l.stride, func(piece []byte) {
		l.swap(piece)
		t.Add(piece)
	})
	if err != nil {
		return nil, invalid("%s: property %s: %w", l.where(whole), l.property(part), err)
	}
	return t, nil
}

// swap turns records of big-endian files round.
func (l *layout) swap(records []byte) {
	if l.h.Encoding != BinaryBigEndian {
		return
	}
	for i := range l.cols {
		points.Swap(records, &l.cols[i], l.stride)
	}
}

// binaryLists reads vertices whose size varies.
func (l *layout) binaryLists(s *points.Source) (*points.Table, error) {
	t := points.NewTable(l.cols, l.stride, s.Promised(int64(l.h.Vertices), int64(l.stride)))
	record := make([]byte, l.stride)
	properties := l.h.Vertex().Properties
	for t.Len() < l.h.Vertices {
		for i := range properties {
			var err error
			if k := l.at[i]; k < 0 {
				err = skipValue(s, l.h, &properties[i])
			} else {
				c := &l.cols[k]
				_, err = io.ReadFull(s, record[c.Offset:c.Offset+c.Type.Size()])
			}
			if err != nil {
				return nil, invalid("%s: property %s: %w", l.where(int64(t.Len())), points.Quote(properties[i].Name), points.Early(err))
			}
		}
		l.swap(record)
		t.Add(record)
	}
	return t, nil
}

func (l *layout) ascii(s *points.Source) (*points.Table, error) {
	n := l.h.Vertices
	// A value takes two bytes at least, the last line's end may be missing.
	t := points.NewTable(l.cols, l.stride, s.Promised(int64(n), 2*int64(len(l.cols))))
	record := make([]byte, l.stride)
	var words [][]byte
	for t.Len() < n {
		line, err := s.Line()
		if err != nil {
			return nil, lineFault(s, err, "%s", l.where(int64(t.Len())))
		}
		if words = points.Words(words[:0], line); len(words) == 0 {
			continue
		}
		if err := l.text(record, words); err != nil {
			return nil, invalid("%s (line %d): %w", l.where(int64(t.Len())), s.Number(), err)
		}
		t.Add(record)
	}
	return t, nil
}

// text stores the words of a vertex's line in its record.
func (l *layout) text(record []byte, words [][]byte) error {
	properties := l.h.Vertex().Properties
	k, want := 0, len(properties)
	for i := range properties {
		p := &properties[i]
		if k >= len(words) {
			return errorf("%d values, want %d or more", len(words), want)
		}
		if at := l.at[i]; at >= 0 {
			c := &l.cols[at]
			if err := points.PutText(record[c.Offset:], c.Type, words[k]); err != nil {
				return errorf("property %s: %w", points.Quote(p.Name), err)
			}
			k++
			continue
		}
		n, err := points.ParseFloat(words[k])
		if err != nil || n < 0 || n > float64(len(words)-k-1) {
			return errorf("property %s: list of length %s on a line of %d values", points.Quote(p.Name), points.Quote(string(words[k])), len(words))
		}
		k += 1 + int(n)
	}
	if k != len(words) {
		return errorf("%d values, want %d", len(words), k)
	}
	return nil
}
