package onnx

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// This file reads the few parts of an ONNX file (a protocol buffer of type
// ModelProto, github.com/onnx/onnx/blob/main/onnx/onnx.proto) that say what goes
// in, what comes out and which other files belong to it. Weights are skipped,
// not copied.

// maxDepth is how deep graphs may be nested in nodes of graphs.
const maxDepth = 32

var errNested = errors.New("graphs are nested too deeply")

// message calls fn for every field of a protocol buffer message. v is the content of a
// length-delimited field, x the value of a number.
func message(b []byte, fn func(field protowire.Number, v []byte, x uint64) error) error {
	for len(b) > 0 {
		field, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		var v []byte
		var x uint64
		switch kind {
		case protowire.BytesType:
			v, n = protowire.ConsumeBytes(b)
		case protowire.VarintType:
			x, n = protowire.ConsumeVarint(b)
		default:
			n = protowire.ConsumeFieldValue(field, kind, b)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		if err := fn(field, v, x); err != nil {
			return err
		}
	}
	return nil
}

// decodeModel reads ModelProto.
func decodeModel(b []byte) (*Model, error) {
	m := &Model{}
	d := decoder{model: m, weights: map[string]bool{}}
	graphs := 0
	err := message(b, func(field protowire.Number, v []byte, x uint64) error {
		switch field {
		case 1:
			m.IR = int64(x)
		case 2:
			m.Producer = string(v)
		case 7:
			graphs++
			return d.graph(v, 0)
		case 8:
			return d.opset(v)
		case 25:
			return message(v, func(field protowire.Number, v []byte, _ uint64) error {
				if field == 7 {
					return d.node(v, 1)
				}
				return nil
			})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if graphs != 1 || m.IR == 0 {
		return nil, errors.New("there is no graph in it")
	}
	// Up to IR version 3 weights are listed among the inputs.
	fed := m.Inputs[:0]
	for _, in := range m.Inputs {
		if !d.weights[in.Name] {
			fed = append(fed, in)
		}
	}
	m.Inputs = fed
	return m, nil
}

// decoder collects what lies in several places of the file.
type decoder struct {
	model   *Model
	weights map[string]bool // names of the main graph's initialisers
}

// opset reads OperatorSetIdProto; the domain of the standard is empty.
func (d *decoder) opset(b []byte) error {
	domain, version := "", int64(0)
	err := message(b, func(field protowire.Number, v []byte, x uint64) error {
		switch field {
		case 1:
			domain = string(v)
		case 2:
			version = int64(x)
		}
		return nil
	})
	if domain == "" || domain == "ai.onnx" {
		d.model.Opset = version
	}
	return err
}

// graph reads GraphProto.
func (d *decoder) graph(b []byte, depth int) error {
	if depth > maxDepth {
		return errNested
	}
	return message(b, func(field protowire.Number, v []byte, _ uint64) error {
		switch field {
		case 1:
			return d.node(v, depth)
		case 5:
			name, err := d.tensor(v)
			if depth == 0 {
				d.weights[name] = true
			}
			return err
		case 11, 12:
			if depth > 0 {
				return nil
			}
			t, err := decodeValue(v)
			if field == 11 {
				d.model.Inputs = append(d.model.Inputs, t)
			} else {
				d.model.Outputs = append(d.model.Outputs, t)
			}
			return err
		case 15:
			return d.sparse(v)
		}
		return nil
	})
}

// node reads what of NodeProto can hold tensors: its attributes.
func (d *decoder) node(b []byte, depth int) error {
	return message(b, func(field protowire.Number, v []byte, _ uint64) error {
		if field != 5 {
			return nil
		}
		return message(v, func(field protowire.Number, v []byte, _ uint64) error {
			switch field {
			case 5, 10:
				_, err := d.tensor(v)
				return err
			case 6, 11:
				return d.graph(v, depth+1)
			case 22, 23:
				return d.sparse(v)
			}
			return nil
		})
	})
}

// sparse reads SparseTensorProto: values and indices are tensors.
func (d *decoder) sparse(b []byte) error {
	return message(b, func(field protowire.Number, v []byte, _ uint64) error {
		if field != 1 && field != 2 {
			return nil
		}
		_, err := d.tensor(v)
		return err
	})
}

// tensor reads a TensorProto's name and notes the file that holds its values
// where that is another one.
func (d *decoder) tensor(b []byte) (name string, err error) {
	external, location := false, ""
	err = message(b, func(field protowire.Number, v []byte, x uint64) error {
		switch field {
		case 8:
			name = string(v)
		case 13:
			key, value := "", ""
			err := message(v, func(field protowire.Number, v []byte, _ uint64) error {
				switch field {
				case 1:
					key = string(v)
				case 2:
					value = string(v)
				}
				return nil
			})
			if key == "location" {
				location = value
			}
			return err
		case 14:
			external = x == 1
		}
		return nil
	})
	if external || location != "" {
		d.model.addExternal(location)
	}
	return name, err
}

// decodeValue reads ValueInfoProto.
func decodeValue(b []byte) (Tensor, error) {
	t := Tensor{Type: "not a tensor"}
	err := message(b, func(field protowire.Number, v []byte, _ uint64) error {
		switch field {
		case 1:
			t.Name = string(v)
		case 2:
			return message(v, func(field protowire.Number, v []byte, _ uint64) error {
				if field != 1 {
					return nil
				}
				return t.decodeType(v)
			})
		}
		return nil
	})
	return t, err
}

// decodeType reads TypeProto.Tensor.
func (t *Tensor) decodeType(b []byte) error {
	t.Type = elementType(0)
	return message(b, func(field protowire.Number, v []byte, x uint64) error {
		switch field {
		case 1:
			t.Type = elementType(x)
		case 2:
			t.Ranked = true
			return message(v, func(field protowire.Number, v []byte, _ uint64) error {
				if field != 1 {
					return nil
				}
				dim, err := decodeDim(v)
				t.Shape = append(t.Shape, dim)
				return err
			})
		}
		return nil
	})
}

func decodeDim(b []byte) (Dim, error) {
	d := Dim{Size: -1}
	err := message(b, func(field protowire.Number, v []byte, x uint64) error {
		switch field {
		case 1:
			d.Size = int64(x)
		case 2:
			d.Name = string(v)
		}
		return nil
	})
	if d.Size <= 0 { // some writers leave 0 for "any"
		d.Size = -1
	}
	return d, err
}

// elementType names TensorProto.DataType.
func elementType(x uint64) string {
	names := [...]string{
		"undefined", "float32", "uint8", "int8", "uint16", "int16", "int32", "int64",
		"string", "bool", "float16", "float64", "uint32", "uint64", "complex64", "complex128", "bfloat16",
	}
	if x < uint64(len(names)) {
		return names[x]
	}
	return fmt.Sprintf("type %d", x)
}
