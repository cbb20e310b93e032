package stl

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/iad3d/iad3d/internal/points"
)

// EncodeOptions says how to write a file. The zero value writes binary.
type EncodeOptions struct {
	ASCII bool
}

// Encode writes a mesh. Decode gives it back bit by bit, except that ascii has
// no attributes and no NaN payloads, and that the name has its blanks and what is
// not printable changed, and is cut after 80 bytes. It panics when the mesh's
// slices do not fit together.
func Encode(w io.Writer, m *Mesh, o EncodeOptions) error {
	m.check()
	if uint64(m.Len()) > math.MaxUint32 {
		return tooLarge("%d triangles", m.Len())
	}
	var err error
	if o.ASCII {
		err = m.writeASCII(w)
	} else {
		err = m.writeBinary(w)
	}
	if err != nil {
		return fmt.Errorf("stl: %w", err)
	}
	return nil
}

// name returns the name as it is written.
func (m *Mesh) name() string {
	s := strings.Join(strings.FieldsFunc(m.Name, func(r rune) bool { return r <= ' ' || r > '~' }), " ")
	if len(s) > headSize-1 {
		s = s[:headSize-1]
	}
	return s
}

// normal returns the normal of triangle i as it is written.
func (m *Mesh) normal(i int) [3]float32 {
	if m.Normals != nil {
		return [3]float32(m.Normals[3*i : 3*i+3])
	}
	n := m.cross(i)
	l := length(n)
	if !(l > 0 && l < math.MaxFloat64) {
		return [3]float32{}
	}
	return [3]float32{float32(n.X / l), float32(n.Y / l), float32(n.Z / l)}
}

// batch is how many triangles are written at a time.
const batch = 1024

func (m *Mesh) writeBinary(w io.Writer) error {
	name := m.name()
	if strings.HasPrefix(strings.ToLower(name), "solid") {
		name = " " + name // other programs would take it for ascii
	}
	buf := make([]byte, 0, batch*record)
	buf = append(buf, name...)
	for len(buf) < headSize {
		buf = append(buf, ' ')
	}
	buf = binary.LittleEndian.AppendUint32(buf, uint32(m.Len()))
	for i := range m.Len() {
		if len(buf)+record > cap(buf) {
			if _, err := w.Write(buf); err != nil {
				return err
			}
			buf = buf[:0]
		}
		n := m.normal(i)
		for _, v := range append(n[:], m.XYZ[9*i:9*i+9]...) {
			buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v))
		}
		a := uint16(0)
		if m.Attributes != nil {
			a = m.Attributes[i]
		}
		buf = binary.LittleEndian.AppendUint16(buf, a)
	}
	_, err := w.Write(buf)
	return err
}

func (m *Mesh) writeASCII(w io.Writer) error {
	name := m.name()
	text := fmt.Appendf(nil, "solid %s\n", name)
	three := func(word string, v []float32) {
		text = append(text, word...)
		for _, x := range v {
			text = points.AppendNumber(append(text, ' '), float64(x), 32)
		}
		text = append(text, '\n')
	}
	for i := range m.Len() {
		n := m.normal(i)
		three("facet normal", n[:])
		text = append(text, "  outer loop\n"...)
		for k := range 3 {
			three("    vertex", m.XYZ[9*i+3*k:9*i+3*k+3])
		}
		text = append(text, "  endloop\nendfacet\n"...)
		if i%batch == 0 {
			if _, err := w.Write(text); err != nil {
				return err
			}
			text = text[:0]
		}
	}
	_, err := w.Write(fmt.Appendf(text, "endsolid %s\n", name))
	return err
}
