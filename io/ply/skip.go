package ply

import (
	"bytes"
	"fmt"
	"io"

	"github.com/iad3d/iad3d/internal/points"
)

func errorf(format string, args ...any) error { return fmt.Errorf(format, args...) }

// skip passes over all instances of an element.
func skip(s *points.Source, h *Header, e *Element) error {
	if len(e.Properties) == 0 { // nothing is stored, in ascii neither
		return nil
	}
	if h.Encoding == ASCII {
		for i := int64(0); i < e.Count; {
			line, err := s.Line()
			if err != nil {
				return lineFault(s, err, "%s %d of %d", e.Name, i+1, e.Count)
			}
			if len(bytes.TrimSpace(line)) > 0 {
				i++
			}
		}
		return nil
	}
	size, lists := e.lists()
	if !lists {
		n, err := io.CopyN(io.Discard, s, e.Count*size) // the header bounds Count
		if err != nil {
			return invalid("%s %d of %d: %w", e.Name, n/size+1, e.Count, points.Early(err))
		}
		return nil
	}
	for i := range e.Count {
		for k := range e.Properties {
			if err := skipValue(s, h, &e.Properties[k]); err != nil {
				return invalid("%s %d of %d: property %s: %w", e.Name, i+1, e.Count, points.Quote(e.Properties[k].Name), points.Early(err))
			}
		}
	}
	return nil
}

// skipValue passes over a scalar or a list.
func skipValue(s *points.Source, h *Header, p *Property) error {
	n := int64(1)
	if p.List() {
		var err error
		if n, err = readLength(s, h, p); err != nil {
			return err
		}
	}
	return discard(s, n*int64(p.kind.Size()))
}

// readLength reads the length of a list, below 2³².
func readLength(s *points.Source, h *Header, p *Property) (int64, error) {
	size := p.length.Size()
	b, err := s.Peek(size)
	if err != nil {
		return 0, err
	}
	var n int64
	switch order := h.Encoding.order(); p.length {
	case points.Int8:
		n = int64(int8(b[0]))
	case points.Uint8:
		n = int64(b[0])
	case points.Int16:
		n = int64(int16(order.Uint16(b)))
	case points.Uint16:
		n = int64(order.Uint16(b))
	case points.Int32:
		n = int64(int32(order.Uint32(b)))
	case points.Uint32:
		n = int64(order.Uint32(b))
	default:
		n = int64(order.Uint64(b))
	}
	if n < 0 || n > 1<<32-1 {
		return 0, errorf("list of length %d", n)
	}
	return n, discard(s, int64(size))
}

func discard(s *points.Source, n int64) error {
	if n <= 1<<12 {
		_, err := s.Discard(int(n))
		return err
	}
	_, err := io.CopyN(io.Discard, s, n)
	return err
}

// lineFault is the error for a line that could not be read.
func lineFault(s *points.Source, err error, where string, args ...any) error {
	where = fmt.Sprintf(where, args...)
	if err == points.ErrLong {
		return tooLarge("%s (line %d): %w", where, s.Number(), err)
	}
	return invalid("%s: %w", where, points.Early(err))
}
