// Package tinyonnx writes small ONNX files: a network of two convolutions whose
// outputs are known exactly, and whatever a test needs to be wrong.
package tinyonnx

import (
	"encoding/binary"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Net is the graph of a model.
type Net struct {
	Inputs, Outputs []Value
	Nodes           []Node
	Weights         []Tensor
}

// Value is an input or output. A dimension is an int, or a string: the name of a
// size that may vary.
type Value struct {
	Name string
	Type int // Float, …
	Dims []any
}

// Node is an operator. An attribute is an int or a []int.
type Node struct {
	Op      string
	In, Out []string
	Attr    []Attr
}

// Attr is a named attribute of a node.
type Attr struct {
	Name  string
	Value any
}

// Tensor is a constant: of float32 values, of int64 values, or kept in another
// file.
type Tensor struct {
	Name   string
	Dims   []int
	Floats []float32
	Ints   []int64
	File   string // when not empty, Floats are not written but said to be there
}

// Element types.
const (
	Float  = 1
	Int64  = 7
	Half   = 10
	Double = 11
)

// Encode returns the ONNX file: IR version 8, operators of version 13.
func (n *Net) Encode() []byte {
	var g []byte
	for _, node := range n.Nodes {
		g = nested(g, 1, node.encode())
	}
	g = text(g, 2, "tiny")
	for _, t := range n.Weights {
		g = nested(g, 5, t.encode())
	}
	for _, v := range n.Inputs {
		g = nested(g, 11, v.encode())
	}
	for _, v := range n.Outputs {
		g = nested(g, 12, v.encode())
	}
	var m []byte
	m = number(m, 1, 8)
	m = text(m, 2, "iad3d")
	m = nested(m, 7, g)
	return nested(m, 8, number(text(nil, 1, ""), 2, 13))
}

func (v Value) encode() []byte {
	var shape []byte
	for _, d := range v.Dims {
		var dim []byte
		switch d := d.(type) {
		case int:
			dim = number(dim, 1, int64(d))
		case string:
			dim = text(dim, 2, d)
		}
		shape = nested(shape, 1, dim)
	}
	tensor := number(nil, 1, int64(v.Type))
	if v.Dims != nil {
		tensor = nested(tensor, 2, shape)
	}
	return nested(text(nil, 1, v.Name), 2, nested(nil, 1, tensor))
}

func (n Node) encode() []byte {
	var b []byte
	for _, s := range n.In {
		b = text(b, 1, s)
	}
	for _, s := range n.Out {
		b = text(b, 2, s)
	}
	b = text(b, 4, n.Op)
	for _, a := range n.Attr {
		v := text(nil, 1, a.Name)
		switch x := a.Value.(type) {
		case int:
			v = number(number(v, 3, int64(x)), 20, 2)
		case []int:
			for _, i := range x {
				v = number(v, 8, int64(i))
			}
			v = number(v, 20, 7)
		}
		b = nested(b, 5, v)
	}
	return b
}

func (t Tensor) encode() []byte {
	var b []byte
	for _, d := range t.Dims {
		b = number(b, 1, int64(d))
	}
	kind := int64(Float)
	if t.Ints != nil {
		kind = Int64
	}
	b = text(number(b, 2, kind), 8, t.Name)
	if t.File != "" {
		b = nested(b, 13, text(text(nil, 1, "location"), 2, t.File))
		return number(b, 14, 1)
	}
	return nested(b, 9, t.Raw())
}

// Raw returns the values as a file of weights holds them.
func (t Tensor) Raw() []byte {
	var raw []byte
	for _, v := range t.Floats {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	for _, v := range t.Ints {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(v))
	}
	return raw
}

func number(b []byte, field protowire.Number, v int64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), uint64(v))
}

func text(b []byte, field protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), s)
}

func nested(b []byte, field protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), v)
}
