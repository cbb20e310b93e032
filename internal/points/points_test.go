package points

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/pointcloud"
)

func TestLines(t *testing.T) {
	long := strings.Repeat("x", 70_000)
	for in, want := range map[string][]string{
		"":                            {},
		"a":                           {"a"},
		"a\n":                         {"a"},
		"a\n\nb":                      {"a", "", "b"},
		"a\r\nb\r\n":                  {"a", "b"},
		"a\rb\r\rc":                   {"a", "b", "", "c"},
		"a\nb\rc\n":                   {"a", "b\rc"},
		"a\r\nb\nc":                   {"a", "b", "c"},
		"\r":                          {""},
		"a\n" + long:                  {"a", "!"},
		long + "\nb\n":                {"!"},
		"a\n" + long[:65_000] + "\nb": {"a", long[:65_000], "b"},
	} {
		for name, r := range map[string]io.Reader{"": strings.NewReader(in), "one byte": iotest.OneByteReader(strings.NewReader(in))} {
			s := NewSource(r)
			got := []string{}
			for {
				line, err := s.Line()
				if err == ErrLong {
					got = append(got, "!")
					break
				}
				if err != nil {
					if err != io.EOF {
						t.Fatal(err)
					}
					break
				}
				got = append(got, string(line))
				if s.Number() != len(got) {
					t.Errorf("%.20q: line %d has number %d", in, len(got), s.Number())
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%.20q %s: %.40q, want %.40q", in, name, got, want)
			}
		}
	}
}

func TestSource(t *testing.T) {
	f := bytes.NewReader(make([]byte, 1000))
	f.Seek(100, io.SeekStart)
	s := NewSource(f)
	s.Discard(10)
	if got := s.Promised(1000, 100); got != 8 { // 890 bytes are left
		t.Errorf("promised %d, want 8", got)
	}
	if got := s.Promised(5, 100); got != 5 {
		t.Errorf("promised %d, want 5", got)
	}
	if got := NewSource(iotest.OneByteReader(f)).Promised(5, 1); got != 0 {
		t.Errorf("a stream promises %d", got)
	}
	broken := errors.New("broken")
	s = NewSource(iotest.ErrReader(broken))
	if _, err := s.Line(); s.Blame("x", errors.Join(err)) == nil || s.Blame("x", err).Error() != "x: broken" {
		t.Errorf("%v", err)
	}
	pieces := 0
	whole, part, err := NewSource(strings.NewReader(strings.Repeat("0123456789", 20_000)+"abc")).Records(1<<40, 10, func(p []byte) {
		if len(p)%10 != 0 || len(p) > sourceSize {
			t.Errorf("piece of %d bytes", len(p))
		}
		pieces++
	})
	if whole != 20_000 || part != 3 || err != io.ErrUnexpectedEOF || pieces < 4 {
		t.Errorf("%d, %d, %v in %d pieces", whole, part, err, pieces)
	}
}

// TestTable: any split of the records, any promise about them, and columns
// instead of records give the same cloud as a slow twin.
func TestTable(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for round := range 300 {
		types := []Type{Int8, Uint8, Int16, Uint16, Int32, Uint32, Int64, Uint64, Float32, Float64}
		cols := []Column{}
		stride := 0
		for _, name := range []string{"x", "a", "y", "z", "red", "nx", "green", "b1", "ny", "blue", "nz", "rgb"} {
			c := Column{Name: name, Type: types[rng.IntN(len(types))], Offset: stride, Role: Scalar}
			if name[0] == 'n' && round%2 == 0 {
				c.Type = []Type{Float32, Float64}[rng.IntN(2)]
			}
			if len(name) == 1 && name != "a" && round%3 == 0 {
				c.Type = Float32
			}
			cols = append(cols, c)
			stride += c.Type.Size()
		}
		if err := Assign(cols); err != nil {
			t.Fatal(err)
		}
		n := rng.IntN(9000)
		data := make([]byte, n*stride)
		for i := range data {
			data[i] = byte(rng.Uint32())
		}
		want := slow(cols, stride, data)
		once := NewTable(cols, stride, n)
		once.Add(data)
		pieces := NewTable(cols, stride, rng.IntN(2)*rng.IntN(n+1))
		for rest := data; len(rest) > 0; {
			k := min(len(rest), stride*(1+rng.IntN(3000)))
			pieces.Add(rest[:k])
			rest = rest[k:]
		}
		columns := NewTable(cols, stride, n)
		for i := range cols {
			c := &cols[i]
			for from := 0; from < n; {
				k := min(n-from, 1+rng.IntN(3000))
				columns.SetColumn(i, from, k, data[from*stride+c.Offset:], stride)
				from += k
			}
		}
		for name, table := range map[string]*Table{"at once": once, "in pieces": pieces, "by columns": columns} {
			if table.Len() != n {
				t.Fatalf("%s: %d points, want %d", name, table.Len(), n)
			}
			if d := differs(table.Cloud(0, 0), want); d != "" {
				t.Fatalf("round %d, %s: %s", round, name, d)
			}
		}
	}
}

// slow builds the cloud value by value.
func slow(cols []Column, stride int, data []byte) *pointcloud.Cloud {
	n := len(data) / stride
	value := func(c *Column, i int) float64 {
		var v [1]float64
		values(v[:], c.Type, data[i*stride+c.Offset:], 0)
		return v[0]
	}
	c := &pointcloud.Cloud{XYZ: make([]float32, 3*n)}
	wide := make([]float64, 3*n)
	isWide, floats, top := false, false, 0.0
	for i := range cols {
		col := &cols[i]
		isWide = isWide || col.Role == Coordinate && (col.Type == Float64 || col.Type >= Int32 && col.Type <= Uint64)
		floats = floats || col.Role == Colour && col.Type.Float()
	}
	bright := make([]float64, 3*n)
	for i := range cols {
		col := &cols[i]
		var f []float32
		if col.Role == Normal && c.Normals == nil {
			c.Normals = make([]float64, 3*n)
		}
		for k := range n {
			v := value(col, k)
			switch col.Role {
			case Coordinate:
				wide[3*k+col.Axis] = v
			case Normal:
				c.Normals[3*k+col.Axis] = v
			case Colour:
				if col.Type == Uint16 {
					v /= 257
				}
				if floats {
					v = float64(float32(v))
				}
				bright[3*k+col.Axis] = v
				if v > top {
					top = v
				}
			case Scalar:
				f = append(f, float32(v))
			}
		}
		switch col.Role {
		case Scalar:
			c.Fields = append(c.Fields, pointcloud.Field{Name: col.Name, Values: f})
		case Colour:
			c.RGB = make([]uint8, 3*n)
		case Packed:
			c.RGB = make([]uint8, 3*n)
			for k := range n {
				u := binary.LittleEndian.Uint32(data[k*stride+col.Offset:])
				copy(c.RGB[3*k:], []byte{byte(u >> 16), byte(u >> 8), byte(u)})
			}
		}
	}
	for i := range cols {
		if cols[i].Role == Colour {
			for k, v := range bright {
				if floats && top <= 1 {
					v *= 255
				}
				c.RGB[k] = clamp(v)
			}
		}
	}
	lo, hi, exact := r3.Vector{X: math.Inf(1), Y: math.Inf(1), Z: math.Inf(1)}, r3.Vector{X: math.Inf(-1), Y: math.Inf(-1), Z: math.Inf(-1)}, true
	for k := range n {
		p := r3.Vector{X: wide[3*k], Y: wide[3*k+1], Z: wide[3*k+2]}
		if p.Sub(p) != (r3.Vector{}) {
			continue
		}
		lo = r3.Vector{X: min(lo.X, p.X), Y: min(lo.Y, p.Y), Z: min(lo.Z, p.Z)}
		hi = r3.Vector{X: max(hi.X, p.X), Y: max(hi.Y, p.Y), Z: max(hi.Z, p.Z)}
		for _, v := range wide[3*k : 3*k+3] {
			exact = exact && float64(float32(v)) == v
		}
	}
	if isWide && !exact {
		c.Offset = pointcloud.OffsetFor(lo, hi)
	}
	for k, v := range wide {
		c.XYZ[k] = float32(v - []float64{c.Offset.X, c.Offset.Y, c.Offset.Z}[k%3])
	}
	c.Valid = make([]bool, n)
	for k := range n {
		p := c.At(k)
		c.Valid[k] = p.Sub(p) == r3.Vector{}
	}
	return c
}

// differs compares all but the payloads of NaN.
func differs(got, want *pointcloud.Cloud) string {
	same := func(a, b float64) bool { return a == b || a != a && b != b }
	switch {
	case got.Offset != want.Offset:
		return "offset"
	case !bytes.Equal(got.RGB, want.RGB):
		return "colours"
	case len(got.Fields) != len(want.Fields) || len(got.XYZ) != len(want.XYZ) || (got.Normals == nil) != (want.Normals == nil):
		return "sizes"
	}
	for i := range want.Len() {
		if got.IsValid(i) != want.IsValid(i) {
			return "validity"
		}
		for k := 3 * i; k < 3*i+3; k++ {
			if !same(float64(got.XYZ[k]), float64(want.XYZ[k])) && want.IsValid(i) {
				return "coordinates"
			}
			if want.Normals != nil && !same(got.Normals[k], want.Normals[k]) {
				return "normals"
			}
		}
		for k, f := range want.Fields {
			if got.Fields[k].Name != f.Name || !same(float64(got.Fields[k].Values[i]), float64(f.Values[i])) {
				return "field " + f.Name
			}
		}
	}
	return ""
}

func TestAssign(t *testing.T) {
	column := func(name string, typ Type) Column { return Column{Name: name, Type: typ, Role: Scalar} }
	cols := []Column{column("X", Float32), column("Y", Int8), column("z", Float64), column("nx", Float32), column("ny", Int16), column("nz", Float32),
		column("RED", Uint8), column("g", Uint8), column("b", Float32), column("rgb", Uint32), column("rgba", Float32), column("red", Uint8)}
	if err := Assign(cols); err != nil {
		t.Fatal(err)
	}
	var got []Role
	for _, c := range cols {
		got = append(got, c.Role)
	}
	// ny is of integers; there is a colour of three columns; a second red is a field.
	if want := []Role{Coordinate, Coordinate, Coordinate, Scalar, Scalar, Scalar, Colour, Colour, Colour, Scalar, Scalar, Scalar}; !slices.Equal(got, want) {
		t.Errorf("roles %v, want %v", got, want)
	}
}

func TestMeasured(t *testing.T) {
	c := &pointcloud.Cloud{XYZ: []float32{1, 2, 3, 4, 5, 6}, Width: 2, Height: 1, Valid: []bool{false, true}, RGB: []uint8{1, 2, 3, 4, 5, 6},
		Normals: []float64{1, 0, 0, 0, 1, 0}, Fields: []pointcloud.Field{{Name: "f", Values: []float32{1, 2}}}, Unit: pointcloud.Millimetre}
	m := Measured(c)
	if !slices.Equal(m.XYZ, []float32{4, 5, 6}) || m.Organised() || m.RGB[0] != 4 || m.Normals[1] != 1 || m.Field("f")[0] != 2 || m.Unit != c.Unit || c.Len() != 2 || m.Check() != nil {
		t.Errorf("%+v", m)
	}
	c.Valid = nil
	if m := Measured(c); m.Len() != 2 || m.Organised() {
		t.Errorf("%+v", m)
	}
}

func TestSafeName(t *testing.T) {
	for name, want := range map[string]string{"score": "score", "a b": "a_b", "": "field", "_": "field", "__": "field", "RGB": "RGB_", "x": "x_", "fpfh[3]": "fpfh[3]", "a#": "a_", "é": "field"} {
		if got := SafeName(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
