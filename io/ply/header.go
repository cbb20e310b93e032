package ply

import (
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/iad3d/iad3d/internal/points"
)

const (
	maxHeaderLines = 1 << 15
	maxElements    = 1 << 10
	maxProperties  = 1 << 14 // of all elements
	maxComments    = 100     // kept
)

var kinds = map[string]points.Type{
	"char": points.Int8, "uchar": points.Uint8, "short": points.Int16, "ushort": points.Uint16,
	"int": points.Int32, "uint": points.Uint32, "float": points.Float32, "double": points.Float64,
	"int8": points.Int8, "uint8": points.Uint8, "int16": points.Int16, "uint16": points.Uint16,
	"int32": points.Int32, "uint32": points.Uint32, "float32": points.Float32, "float64": points.Float64,
	"int64": points.Int64, "uint64": points.Uint64, // not in the format's definition, but in files
}

// DecodeHeader reads the header of the file in r. It fails for what Decode
// refuses without looking at the elements, except for coordinates that are
// missing.
func DecodeHeader(r io.Reader, o Options) (Header, error) {
	s := points.NewSource(r)
	h, err := readHeader(s, o)
	return h, s.Blame("ply", err)
}

func readHeader(s *points.Source, o Options) (Header, error) {
	var h Header
	line := func() (string, error) {
		b, err := s.Line()
		switch {
		case err == io.EOF && s.Number() == 0:
			return "", invalid("the file is empty")
		case err != nil:
			return "", invalid("header line %d: %w", s.Number()+1, points.Early(err))
		}
		return string(b), nil
	}
	magic, err := line()
	if err != nil {
		return h, err
	}
	if strings.TrimRight(magic, " \t") != "ply" {
		return h, invalid("begins with %s, not with a line \"ply\"", points.Quote(magic))
	}
	b := builder{h: &h, vertex: -1}
	for {
		text, err := line()
		if err != nil {
			return h, err
		}
		if s.Number() > maxHeaderLines {
			return h, tooLarge("no end_header in the first %d lines", maxHeaderLines)
		}
		words := strings.Fields(text)
		if len(words) == 0 {
			continue
		}
		if words[0] == "end_header" {
			break
		}
		if err := b.add(text, words); err != nil {
			class := ErrFormat
			if fault, ok := err.(limited); ok {
				class, err = ErrLimit, fault.error
			}
			return h, points.Fault("ply", class, "header line %d: %w", s.Number(), err)
		}
	}
	return h, b.finish(o)
}

// finish checks the header as a whole.
func (b *builder) finish(o Options) error {
	h := b.h
	if !b.format {
		return invalid("no format in the header")
	}
	if b.vertex < 0 {
		return unsupported("no element vertex")
	}
	h.vertex = b.vertex
	n := h.Vertex().Count
	if n > o.maxPoints() {
		return tooLarge("%d vertices, at most %d are read", n, o.maxPoints())
	}
	h.Vertices = int(n)
	raster := func(key string) int64 {
		for _, text := range h.Info {
			if rest, ok := strings.CutPrefix(text, key+" "); ok {
				if v, err := strconv.ParseInt(strings.TrimSpace(rest), 10, 32); err == nil && v > 0 {
					return v
				}
			}
		}
		return 0
	}
	w, ht := raster("num_cols"), raster("num_rows")
	if w > 0 && ht > 0 && w*ht <= o.maxPoints() {
		if w*ht == n {
			h.Width, h.Height = int(w), int(ht)
			return nil
		}
		for i := h.vertex + 1; i < len(h.Elements); i++ {
			e := &h.Elements[i]
			if e.Name == rangeGrid && e.Count == w*ht && len(e.Properties) == 1 && e.Properties[0].List() && !e.Properties[0].kind.Float() {
				h.Width, h.Height, h.grid = int(w), int(ht), i
				return nil
			}
		}
	}
	return nil
}

// limited marks an error as one of the class ErrLimit.
type limited struct{ error }

// builder collects the lines of a header.
type builder struct {
	h          *Header
	format     bool
	vertex     int // index of the element, -1 so far
	properties int
}

// add takes a line of the header.
func (b *builder) add(text string, words []string) error {
	h := b.h
	switch words[0] {
	case "comment", "obj_info":
		kept := &h.Comments
		if words[0] == "obj_info" {
			kept = &h.Info
		}
		if len(*kept) < maxComments {
			*kept = append(*kept, strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(text), words[0])))
		}
		return nil
	case "format":
		return b.setFormat(words[1:])
	case "element":
		return b.addElement(words[1:])
	case "property":
		return b.addProperty(words[1:])
	}
	return errorf("unknown entry %s", points.Quote(words[0]))
}

func (b *builder) setFormat(words []string) error {
	if len(words) != 2 || b.format {
		return errorf("want one format line of two words")
	}
	if words[1] != "1.0" {
		return errorf("version %s, want 1.0", points.Quote(words[1]))
	}
	for _, e := range []Encoding{BinaryLittleEndian, BinaryBigEndian, ASCII} {
		if words[0] == e.String() {
			b.h.Encoding, b.format = e, true
			return nil
		}
	}
	return errorf("format %s, want ascii, binary_little_endian or binary_big_endian", points.Quote(words[0]))
}

func (b *builder) addElement(words []string) error {
	if len(words) != 2 {
		return errorf("want \"element NAME COUNT\"")
	}
	n, err := strconv.ParseInt(words[1], 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64>>18 {
		return errorf("element %s: count %s, want a whole number from 0 on", points.Quote(words[0]), points.Quote(words[1]))
	}
	if words[0] == "vertex" {
		if b.vertex >= 0 {
			return errorf("a second element vertex")
		}
		b.vertex = len(b.h.Elements)
	}
	if len(b.h.Elements) == maxElements {
		return limited{errorf("more than %d elements", maxElements)}
	}
	b.h.Elements = append(b.h.Elements, Element{Name: words[0], Count: n})
	return nil
}

func (b *builder) addProperty(words []string) error {
	if len(b.h.Elements) == 0 {
		return errorf("a property before any element")
	}
	e := &b.h.Elements[len(b.h.Elements)-1]
	var p Property
	ok := true
	switch {
	case len(words) == 4 && words[0] == "list":
		p = Property{Name: words[3], Type: words[2], Length: words[1]}
		if p.length, ok = kinds[p.Length]; !ok || p.length.Float() {
			return errorf("property %s: list length of type %s", points.Quote(p.Name), points.Quote(p.Length))
		}
	case len(words) == 2:
		p = Property{Name: words[1], Type: words[0]}
	default:
		return errorf("want \"property TYPE NAME\" or \"property list TYPE TYPE NAME\"")
	}
	if p.kind, ok = kinds[p.Type]; !ok {
		return errorf("property %s: unknown type %s", points.Quote(p.Name), points.Quote(p.Type))
	}
	if b.properties++; b.properties > maxProperties {
		return limited{errorf("more than %d properties", maxProperties)}
	}
	e.Properties = append(e.Properties, p)
	return nil
}
