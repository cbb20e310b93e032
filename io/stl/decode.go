package stl

import (
	"encoding/binary"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/iad3d/iad3d/internal/points"
)

const (
	headSize = 80 // bytes before the number of triangles
	bodyAt   = 84
	record   = 50 // bytes of a triangle
)

// DecodeHeader reads the header of the file in r.
func DecodeHeader(r io.Reader, o Options) (Header, error) {
	s := points.NewSource(r)
	h, err := readHeader(s, o)
	return h, s.Blame("stl", err)
}

// Decode reads the file in r. The errors wrap [ErrFormat] or [ErrLimit] and say
// which triangle is at fault; an error of r itself is passed on.
func Decode(r io.Reader, o Options) (*Mesh, error) {
	s := points.NewSource(r)
	h, err := readHeader(s, o)
	m := &Mesh{Name: h.Name}
	if err == nil {
		if h.ASCII {
			err = m.ascii(s, o)
		} else {
			err = m.binary(s, h.Triangles)
		}
	}
	if err != nil {
		return nil, s.Blame("stl", err)
	}
	return m, nil
}

// readHeader reads what comes before the triangles: the first line of an ascii
// file, 84 bytes of a binary one.
func readHeader(s *points.Source, o Options) (Header, error) {
	head, _ := s.Peek(bodyAt)
	if len(head) == 0 {
		return Header{}, invalid("the file is empty")
	}
	if isASCII(head) {
		line, err := s.Line()
		if err != nil {
			return Header{}, lineFault(s, err, "line 1")
		}
		words := strings.Fields(string(line))
		if len(words) == 0 || !strings.EqualFold(words[0], "solid") {
			return Header{}, invalid("line 1 is %s, want \"solid\"", points.Quote(string(line)))
		}
		return Header{ASCII: true, Name: strings.Join(words[1:], " ")}, nil
	}
	if len(head) < bodyAt {
		return Header{}, invalid("%d bytes, a binary file has %d or more: %w", len(head), bodyAt, io.ErrUnexpectedEOF)
	}
	n := int64(binary.LittleEndian.Uint32(head[headSize:]))
	if n > o.maxTriangles() {
		return Header{}, tooLarge("%d triangles, at most %d are read", n, o.maxTriangles())
	}
	h := Header{Name: strings.ToValidUTF8(strings.Trim(string(head[:headSize]), " \x00"), "?"), Triangles: int(n)}
	_, err := s.Discard(bodyAt)
	return h, err
}

// isASCII tells the two encodings apart. A binary file has a zero among the
// bytes of its number of triangles, unless that is above 16 million: then one that
// no text has, as below 151 million it has one of less than 9.
func isASCII(head []byte) bool {
	if len(head) < 5 || !strings.EqualFold(string(head[:5]), "solid") {
		return false
	}
	for _, c := range head[min(headSize, len(head)):] {
		if c < '\t' {
			return false
		}
	}
	return true
}

func (m *Mesh) binary(s *points.Source, n int) error {
	k := s.Promised(int64(n), record)
	m.XYZ, m.Normals = slices.Grow(m.XYZ, 9*k), slices.Grow(m.Normals, 3*k)
	whole, part, err := s.Records(int64(n), record, func(piece []byte) {
		for ; len(piece) > 0; piece = piece[record:] {
			var v [12]float32
			for i := range v {
				v[i] = math.Float32frombits(binary.LittleEndian.Uint32(piece[4*i:]))
			}
			m.Normals = append(m.Normals, v[:3]...)
			m.XYZ = append(m.XYZ, v[3:]...)
			if a := binary.LittleEndian.Uint16(piece[48:]); a != 0 || m.Attributes != nil {
				for len(m.Attributes) < len(m.XYZ)/9-1 {
					m.Attributes = append(m.Attributes, 0)
				}
				m.Attributes = append(m.Attributes, a)
			}
		}
	})
	if err != nil {
		return invalid("triangle %d of %d: %d of %d bytes: %w", whole+1, n, part, record, err)
	}
	if _, err := s.ReadByte(); err == nil {
		return invalid("more data behind the last of %d triangles", n)
	}
	return nil
}

// lineFault is the error for a line that could not be read.
func lineFault(s *points.Source, err error, where string) error {
	if err == points.ErrLong {
		return tooLarge("line %d: %w", s.Number(), err)
	}
	return invalid("%s: %w", where, points.Early(err))
}
