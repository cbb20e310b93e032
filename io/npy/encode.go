package npy

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// EncodeOptions choose how an array is stored. The zero value is what NumPy
// writes on most machines: little-endian, C order.
type EncodeOptions struct {
	BigEndian bool
	Fortran   bool
}

// Encode writes an array as an NPY file of version 1, or 2 where its header is
// too long for that. Decoding gives the same shape, type and bits.
func Encode(w io.Writer, a *Array, o EncodeOptions) error {
	a.check()
	if _, err := w.Write(header(a, o)); err != nil {
		return fmt.Errorf("npy: header: %w", err)
	}
	data := a.Data
	if o.Fortran && len(a.Shape) > 1 {
		data = transpose(data, a.Shape, a.Type.Size(), false)
	}
	if o.BigEndian && a.Type.Size() > 1 {
		data = bytes.Clone(data)
		swap(data, a.Type.Size())
	}
	if _, err := w.Write(data); err != nil {
		return fmt.Errorf("npy: values: %w", err)
	}
	return nil
}

// header returns what precedes the values, padded so that these begin at a
// multiple of 64 bytes.
func header(a *Array, o EncodeOptions) []byte {
	order, fortran := "<", "False"
	switch {
	case a.Type.Size() == 1:
		order = "|"
	case o.BigEndian:
		order = ">"
	}
	if o.Fortran {
		fortran = "True"
	}
	var shape strings.Builder
	for i, n := range a.Shape {
		if i > 0 {
			shape.WriteString(", ")
		}
		shape.WriteString(strconv.Itoa(n))
	}
	if len(a.Shape) == 1 {
		shape.WriteByte(',')
	}
	text := fmt.Sprintf("{'descr': '%s%s', 'fortran_order': %s, 'shape': (%s), }", order, types[a.Type].code, fortran, shape.String())
	const align = 64
	before := len(magic) + 4
	n := (before+len(text)+1+align-1)/align*align - before
	version := byte(1)
	if n > 1<<16-1 {
		version = 2
		before += 2
		n = (before+len(text)+1+align-1)/align*align - before
	}
	b := append([]byte(magic), version, 0)
	if version == 1 {
		b = binary.LittleEndian.AppendUint16(b, uint16(n))
	} else {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	b = append(b, text...)
	b = append(b, strings.Repeat(" ", n-len(text)-1)...)
	return append(b, '\n')
}
