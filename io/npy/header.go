package npy

import (
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	magic         = "\x93NUMPY"
	maxDimensions = 64
	// maxHeader is the longest header in bytes. NumPy refuses those of more than
	// 10000 characters; its own take 128.
	maxHeader = 1 << 16
)

// DecodeHeader reads what precedes an array's values. It checks the size of the
// array against o, and leaves r where the values begin.
func DecodeHeader(r io.Reader, o Options) (Header, error) {
	var head [12]byte
	if err := read(r, head[:8], "signature"); err != nil {
		return Header{}, err
	}
	if string(head[:6]) != magic {
		return Header{}, invalid("file begins with % x", head[:6])
	}
	var n int
	switch major := head[6]; major {
	case 1:
		if err := read(r, head[8:10], "header length"); err != nil {
			return Header{}, err
		}
		n = int(binary.LittleEndian.Uint16(head[8:]))
	case 2, 3:
		if err := read(r, head[8:12], "header length"); err != nil {
			return Header{}, err
		}
		if l := binary.LittleEndian.Uint32(head[8:]); l > maxHeader {
			return Header{}, fmt.Errorf("%w: header of %d bytes, at most %d are read", ErrLimit, l, maxHeader)
		}
		n = int(binary.LittleEndian.Uint32(head[8:]))
	default:
		return Header{}, unsupported("format version %d.%d", major, head[7])
	}
	text := make([]byte, n)
	if err := read(r, text, "header"); err != nil {
		return Header{}, err
	}
	h, err := parseHeader(string(text))
	if err != nil {
		return Header{}, err
	}
	if _, err := size(h, o.maxBytes()); err != nil {
		return Header{}, err
	}
	return h, nil
}

// read fills b; an end before that is a fault of the file.
func read(r io.Reader, b []byte, what string) error {
	switch _, err := io.ReadFull(r, b); err {
	case nil:
		return nil
	case io.EOF, io.ErrUnexpectedEOF:
		return invalid("%s: %w", what, io.ErrUnexpectedEOF)
	default:
		return fmt.Errorf("npy: %s: %w", what, err)
	}
}

// parser reads the Python dictionary of a header, of whose grammar it knows what
// NumPy writes, in any order and spacing.
type parser struct{ rest string }

func (p *parser) space() { p.rest = strings.TrimLeft(p.rest, " \t\n\r") }

// take reads a word that must come next.
func (p *parser) take(word string) error {
	p.space()
	rest, ok := strings.CutPrefix(p.rest, word)
	if !ok {
		return invalid("header: want %q before %q", word, clip(p.rest))
	}
	p.rest = rest
	return nil
}

// try reads a word if it comes next.
func (p *parser) try(word string) bool {
	p.space()
	rest, ok := strings.CutPrefix(p.rest, word)
	if ok {
		p.rest = rest
	}
	return ok
}

// quoted reads a string without escapes.
func (p *parser) quoted() (string, error) {
	p.space()
	if p.rest == "" || p.rest[0] != '\'' && p.rest[0] != '"' {
		return "", invalid("header: want a string before %q", clip(p.rest))
	}
	quote := p.rest[:1]
	text, rest, ok := strings.Cut(p.rest[1:], quote)
	if !ok || strings.ContainsAny(text, "\\\n") {
		return "", invalid("header: string %q does not end", clip(p.rest))
	}
	p.rest = rest
	return text, nil
}

func clip(s string) string { return s[:min(len(s), 40)] }

func parseHeader(text string) (Header, error) {
	var h Header
	var seen [3]bool // descr, fortran_order, shape
	p := &parser{text}
	if err := p.take("{"); err != nil {
		return h, err
	}
	for !p.try("}") {
		name, err := p.quoted()
		if err != nil {
			return h, err
		}
		if err := p.take(":"); err != nil {
			return h, err
		}
		k := map[string]int{"descr": 0, "fortran_order": 1, "shape": 2}
		i, known := k[name]
		if !known || seen[i] {
			return h, invalid("header: entry %q, unknown or repeated", clip(name))
		}
		seen[i] = true
		switch i {
		case 0:
			err = p.descr(&h)
		case 1:
			switch {
			case p.try("True"):
				h.Fortran = true
			case !p.try("False"):
				err = invalid("header: fortran_order is %q", clip(p.rest))
			}
		case 2:
			h.Shape, err = p.shape()
		}
		if err != nil {
			return h, err
		}
		if !p.try(",") {
			if err := p.take("}"); err != nil {
				return h, err
			}
			break
		}
	}
	if p.space(); p.rest != "" {
		return h, invalid("header: %q after its end", clip(p.rest))
	}
	if seen != [3]bool{true, true, true} {
		return h, invalid("header: descr, fortran_order or shape is missing")
	}
	return h, nil
}

// descr reads the type of the values.
func (p *parser) descr(h *Header) error {
	if p.space(); strings.HasPrefix(p.rest, "[") {
		return unsupported("records: %q", clip(p.rest))
	}
	text, err := p.quoted()
	if err != nil {
		return err
	}
	if len(text) < 2 {
		return unsupported("type %q", text)
	}
	for t, known := range types {
		if text[1:] != known.code {
			continue
		}
		h.Type = Type(t)
		switch {
		case text[0] == '<' || known.size == 1 && (text[0] == '|' || text[0] == '>'):
		case text[0] == '>':
			h.BigEndian = true
		default:
			return unsupported("type %q without byte order", text)
		}
		return nil
	}
	return unsupported("type %q", clip(text))
}

// shape reads a tuple of lengths.
func (p *parser) shape() ([]int, error) {
	if err := p.take("("); err != nil {
		return nil, err
	}
	shape := []int{}
	for !p.try(")") {
		p.space()
		digits := len(p.rest) - len(strings.TrimLeft(p.rest, "0123456789"))
		n, err := strconv.ParseInt(p.rest[:digits], 10, 64)
		if err != nil || int64(int(n)) != n {
			return nil, invalid("header: length %q in shape", clip(p.rest))
		}
		p.rest = strings.TrimPrefix(p.rest[digits:], "L") // as Python 2 wrote it
		if shape = append(shape, int(n)); len(shape) > maxDimensions {
			return nil, unsupported("more than %d dimensions", maxDimensions)
		}
		if !p.try(",") {
			if err := p.take(")"); err != nil {
				return nil, err
			}
			break
		}
	}
	return shape, nil
}
