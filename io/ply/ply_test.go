package ply

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/internal/pointstest"
	"github.com/iad3d/iad3d/pointcloud"
)

func decodeBytes(r io.Reader) (*pointcloud.Cloud, error) { return Decode(r, Options{}) }

func encode(t testing.TB, c *pointcloud.Cloud, e Encoding) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Encode(&b, c, EncodeOptions{Encoding: e}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var encodings = []Encoding{BinaryLittleEndian, BinaryBigEndian, ASCII}

// shapes are clouds that every encoding must keep.
var shapes = []pointstest.Options{
	{W: 0},
	{W: 1},
	{W: 9},
	{W: 9, H: 1},
	{W: 1, H: 6, NaN: true, Finite: true},
	{W: 40, Normals: 32, RGB: true, Fields: 2},
	{W: 7, H: 5, RGB: true, NaN: true, Finite: true, Fields: 1},
	{W: 30, H: 20, NaN: true, Finite: true, Normals: 64},
	{W: 25, Offset: true, Normals: 64, Fields: 1},
	{W: 5000, NaN: true, Finite: true, RGB: true, Fields: 3},
}

func TestRoundTrip(t *testing.T) {
	for i, o := range shapes {
		for _, e := range encodings {
			c := pointstest.Cloud(o, uint64(i))
			c.Unit = pointcloud.Unit(i % 2)
			b := encode(t, c, e)
			got, err := Decode(bytes.NewReader(b), Options{})
			if err != nil {
				t.Errorf("%+v %v: %v", o, e, err)
				continue
			}
			if d := pointstest.Diff(got, c); d != "" {
				t.Errorf("%+v %v: %s", o, e, d)
			}
			if err := got.Check(); err != nil {
				t.Error(err)
			}
			if o.W > 0 {
				pointstest.Readers(t, b, decodeBytes)
				pointstest.Readers(t, b[:len(b)-3], decodeBytes)
			}
		}
		// NaN payloads, signalling ones too, survive where the file has bits.
		if o.NaN {
			o.Finite = false
			c := pointstest.Cloud(o, uint64(i))
			for _, e := range encodings[:2] {
				got, err := Decode(bytes.NewReader(encode(t, c, e)), Options{})
				if err != nil {
					t.Fatal(err)
				}
				if d := pointstest.Diff(got, c); d != "" {
					t.Errorf("%+v %v: %s", o, e, d)
				}
			}
		}
	}
}

// TestTruncated: no prefix of a file of vertices is taken for a file, but for one
// that lacks the end of its last line only.
func TestTruncated(t *testing.T) {
	c := pointstest.Cloud(pointstest.Options{W: 5, H: 4, RGB: true, Normals: 32, Fields: 1}, 1)
	for i := range c.Fields[0].Values {
		c.Fields[0].Values[i] = 0.5 // a prefix of a number is a number
	}
	for _, e := range encodings {
		b := encode(t, c, e)
		for n := range b {
			got, err := Decode(bytes.NewReader(b[:n]), Options{})
			if err != nil {
				if !errors.Is(err, ErrFormat) {
					t.Fatalf("%v: %d of %d bytes: %v", e, n, len(b), err)
				}
				continue
			}
			if e != ASCII || n < len(b)-3 {
				t.Fatalf("%v: %d of %d bytes: no error", e, n, len(b))
			}
			if n == len(b)-1 && pointstest.Diff(got, c) != "" {
				t.Errorf("without the last end of line: %s", pointstest.Diff(got, c))
			}
		}
		got, err := Decode(bytes.NewReader(append(b, "rubbish"...)), Options{})
		if err != nil || pointstest.Diff(got, c) != "" {
			t.Errorf("%v: with more behind: %v", e, err)
		}
	}
}

const (
	xyz  = "property float x\nproperty float y\nproperty float z\n"
	two  = "element vertex 2\n" + xyz
	face = "element face 2\nproperty list uchar int vertex_indices\nproperty char kind\n"
	data = "1 2 3\n4 5 6\n"
)

// ascii is an ASCII file.
func ascii(header, body string) string {
	return "ply\nformat ascii 1.0\n" + header + "end_header\n" + body
}

// binaryFile is a file of either byte order whose body holds values one after
// the other.
func binaryFile(e Encoding, header string, values ...any) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "ply\nformat %v 1.0\n%send_header\n", e, header)
	for _, v := range values {
		if err := write(&b, e, v); err != nil {
			panic(err)
		}
	}
	return b.String()
}

func TestVariants(t *testing.T) {
	f := func(v float32) any { return v }
	files := map[string]string{
		"plain":            ascii(two, data),
		"CR LF":            strings.ReplaceAll(ascii(two, data), "\n", "\r\n"),
		"CR":               strings.ReplaceAll(ascii(two, data), "\n", "\r"),
		"comments":         ascii("comment a\nobj_info b\ncomment\n\n"+two+"comment c\n", data),
		"new names":        ascii(strings.ReplaceAll(two, "float", "float32"), data),
		"double":           ascii(strings.ReplaceAll(two, "float", "double"), data),
		"integers":         ascii("element vertex 2\nproperty uchar x\nproperty short y\nproperty uint32 z\n", data),
		"other order":      ascii("element vertex 2\nproperty float z\nproperty float x\nproperty float y\n", "3 1 2\n6 4 5\n"),
		"faces first":      ascii(face+two, "3 0 1 0 7\n\n4 0 1 0 1 -8\n"+data),
		"faces last":       ascii(two+face, data+"3 0 1 0 7\n4 0 1 0 1 -8\n"),
		"faces missing":    ascii(two+face, data),
		"lists in vertex":  ascii("element vertex 2\nproperty float x\nproperty list int float l\nproperty float y\nproperty float z\n", "1 2 9 9 2 3\n4 0 5 6\n"),
		"nothing elements": ascii("element nothing 9000000000000\nelement empty 0\nproperty list int int a\n"+two, data),
		"tabs and blanks":  ascii(two, "  1\t2  3 \n\n\t4 5 6"),
	}
	for _, e := range encodings[:2] {
		name := e.String() + " "
		files[name+"plain"] = binaryFile(e, two, f(1), f(2), f(3), f(4), f(5), f(6))
		files[name+"faces first"] = binaryFile(e, face+two, uint8(3), int32(0), int32(1), int32(0), int8(7), uint8(0), int8(9), f(1), f(2), f(3), f(4), f(5), f(6))
		files[name+"fixed first"] = binaryFile(e, "element camera 2\nproperty double view\nproperty uchar k\n"+two, 1.5, uint8(1), 2.5, uint8(2), f(1), f(2), f(3), f(4), f(5), f(6))
		files[name+"lists"] = binaryFile(e, "element vertex 2\nproperty list short double a\nproperty float x\nproperty list uint uchar b\nproperty float y\nproperty float z\nproperty list int64 int c\n",
			int16(1), 9.5, f(1), uint32(2), uint8(1), uint8(2), f(2), f(3), int64(0), int16(0), f(4), uint32(0), f(5), f(6), int64(1), int32(5))
		files[name+"mixed"] = binaryFile(e, "element vertex 2\nproperty uchar x\nproperty short y\nproperty int z\n", uint8(1), int16(2), int32(3), uint8(4), int16(5), int32(6))
		files[name+"double"] = binaryFile(e, strings.ReplaceAll(two, "float", "double"), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
		files[name+"CR LF header"] = strings.Replace(strings.ReplaceAll(binaryFile(e, two), "\n", "\r\n")+binaryFile(e, two, f(1), f(2), f(3), f(4), f(5), f(6)), binaryFile(e, two), "", 1)
		files[name+"CR header"] = strings.Replace(strings.ReplaceAll(binaryFile(e, two), "\n", "\r")+binaryFile(e, two, f(1), f(2), f(3), f(4), f(5), f(6)), binaryFile(e, two), "", 1)
	}
	for name, b := range files {
		c, err := Decode(strings.NewReader(b), Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		c.Fields = nil
		if d := pointstest.Diff(c, &pointcloud.Cloud{XYZ: []float32{1, 2, 3, 4, 5, 6}}); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestFields(t *testing.T) {
	c, err := Decode(strings.NewReader(ascii(two+"property uchar red\nproperty uchar green\nproperty uchar blue\nproperty uchar alpha\nproperty double nx\nproperty float ny\nproperty float nz\nproperty double score\n",
		"1 2 3 255 0 7 128 0 0 1 0.1\n4 5 6 1 2 3 4 0.1 0 0 -7\n")), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(c.RGB, []byte{255, 0, 7, 1, 2, 3}) || !slices.Equal(c.Normals, []float64{0, 0, 1, 0.1, 0, 0}) {
		t.Errorf("colour %v, normals %v", c.RGB, c.Normals)
	}
	if len(c.Fields) != 2 || !slices.Equal(c.Field("alpha"), []float32{128, 4}) || !slices.Equal(c.Field("score"), []float32{0.1, -7}) {
		t.Errorf("fields %v", c.Fields)
	}
	for name, test := range map[string]struct {
		kind, body string
		want       []byte
	}{
		"floats to 1":   {"float", "1 2 3 0 0.5 1\n4 5 6 0.2 -1 nan\n", []byte{0, 128, 255, 51, 0, 0}},
		"floats to 255": {"double", "1 2 3 0 0.5 1\n4 5 6 254.6 300 2\n", []byte{0, 0, 1, 255, 255, 2}},
		"ushort":        {"ushort", "1 2 3 0 257 65535\n4 5 6 32768 1 2\n", []byte{0, 1, 255, 128, 0, 0}},
		"int":           {"int", "1 2 3 0 -5 65535\n4 5 6 200 1 2\n", []byte{0, 0, 255, 200, 1, 2}},
	} {
		p := "property " + test.kind + " "
		c, err := Decode(strings.NewReader(ascii(two+p+"r\n"+p+"g\n"+p+"b\n", test.body)), Options{})
		if err != nil || !bytes.Equal(c.RGB, test.want) {
			t.Errorf("%s: %v, %v", name, c.RGB, err)
		}
	}
	// Names that readers would take for something else, or not at all.
	odd := &pointcloud.Cloud{XYZ: make([]float32, 3), Fields: []pointcloud.Field{{Name: "x", Values: []float32{1}}, {Name: "", Values: []float32{2}}, {Name: "größe mm", Values: []float32{3}}}}
	c, err = Decode(bytes.NewReader(encode(t, odd, ASCII)), Options{})
	if err != nil || len(c.Fields) != 3 || c.Fields[0].Name != "x_" || c.Fields[1].Name != "field" || c.Fields[2].Name != "gr____e_mm" {
		t.Errorf("%v, %v", c, err)
	}
}

const cells = "obj_info num_cols 3\nobj_info num_rows 1\n"

func gridOf(n int) string {
	return fmt.Sprintf("element range_grid %d\nproperty list uchar int vertex_indices\n", n)
}

// TestRangeGrid: organised as Stanford's range scans are.
func TestRangeGrid(t *testing.T) {
	f := func(v float32) any { return v }
	want := &pointcloud.Cloud{Width: 3, Height: 1, XYZ: []float32{4, 5, 6, 0, 0, 0, 1, 2, 3}, Valid: []bool{true, false, true},
		RGB: []byte{7, 8, 9, 0, 0, 0, 1, 2, 3}}
	const rgb = "property uchar red\nproperty uchar green\nproperty uchar blue\nproperty float score\n"
	for name, b := range map[string]string{
		"ascii": ascii(cells+two+rgb+face+gridOf(3), "1 2 3 1 2 3 5\n4 5 6 7 8 9 7\n3 0 1 0 7\n0 1\n1 1\n0\n\n1 0\n"),
		"binary": binaryFile(BinaryBigEndian, cells+two+rgb+gridOf(3), f(1), f(2), f(3), uint8(1), uint8(2), uint8(3), f(5), f(4), f(5), f(6), uint8(7), uint8(8), uint8(9), f(7),
			uint8(1), int32(1), uint8(0), uint8(1), int32(0)),
	} {
		c, err := Decode(strings.NewReader(b), Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if s := c.Field("score"); s[0] != 7 || s[1] == s[1] || s[2] != 5 {
			t.Errorf("%s: score %v", name, s)
		}
		c.Fields = nil
		if d := pointstest.Diff(c, want); d != "" || c.Check() != nil {
			t.Errorf("%s: %s", name, d)
		}
		pointstest.Readers(t, []byte(b), decodeBytes)
		h, err := DecodeHeader(strings.NewReader(b), Options{})
		if err != nil || h.Width != 3 || h.Height != 1 || h.Vertices != 2 {
			t.Errorf("%s: %+v, %v", name, h, err)
		}
	}
	// A grid of another size, or before the vertices, says nothing.
	for _, b := range []string{ascii(cells+two+gridOf(2), data), ascii(cells+gridOf(3)+two, "0\n0\n0\n"+data)} {
		if c, err := Decode(strings.NewReader(b), Options{}); err != nil || c.Organised() || c.Len() != 2 {
			t.Errorf("%+v, %v", c, err)
		}
	}
}

func TestOffset(t *testing.T) {
	const text = "489000.123 5421000.456 312.789\n489001.5 5421002.25 313.001\n"
	c, err := Decode(strings.NewReader(ascii(strings.ReplaceAll(two, "float", "double"), text)), Options{})
	if err != nil || c.Offset == (r3.Vector{}) {
		t.Fatalf("offset %v, %v", c.Offset, err)
	}
	const tolerance = 1e-7 // 2⁻²⁴ of the extent of 1.8 m
	if d := c.Absolute(0).Sub(r3.Vector{X: 489000.123, Y: 5421000.456, Z: 312.789}).Norm(); d > tolerance {
		t.Errorf("off by %g", d)
	}
	for _, e := range encodings {
		again, err := Decode(bytes.NewReader(encode(t, c, e)), Options{})
		if err != nil || pointstest.Diff(again, c) != "" {
			t.Errorf("%v: %v, %s", e, err, pointstest.Diff(again, c))
		}
	}
	if c, err = Decode(strings.NewReader(ascii(two, text)), Options{}); err != nil || c.Offset != (r3.Vector{}) {
		t.Errorf("of type float: offset %v, %v", c.Offset, err)
	}
}

func TestHeader(t *testing.T) {
	h, err := DecodeHeader(strings.NewReader(ascii("comment made by hand\nobj_info num_cols 2\nobj_info num_rows 1\n"+face+two+"comment  unit mm \n", "")), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if h.Encoding != ASCII || len(h.Elements) != 2 || h.Vertex().Name != "vertex" || h.Vertex().Count != 2 || h.Vertices != 2 || h.Width != 2 || h.Height != 1 ||
		!slices.Equal(h.Comments, []string{"made by hand", "unit mm"}) || len(h.Info) != 2 {
		t.Errorf("%+v", h)
	}
	if p := h.Elements[0].Properties; p[0].Name != "vertex_indices" || !p[0].List() || p[0].Length != "uchar" || p[0].Type != "int" || p[1].List() {
		t.Errorf("%+v", p)
	}
}

func ExampleEncode() {
	c := &pointcloud.Cloud{XYZ: []float32{0, 0.25, 0.5, 1, 0.25, 0.5}}
	c.Fields = []pointcloud.Field{{Name: "score", Values: []float32{0.25, 4}}}
	if err := Encode(os.Stdout, c, EncodeOptions{Encoding: ASCII}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// ply
	// format ascii 1.0
	// element vertex 2
	// property float x
	// property float y
	// property float z
	// property float score
	// end_header
	// 0 0.25 0.5 0.25
	// 1 0.25 0.5 4
}

func ExampleDecode() {
	c, err := Decode(strings.NewReader("ply\nformat ascii 1.0\nelement vertex 1\nproperty double x\nproperty double y\nproperty double z\nproperty uchar intensity\nend_header\n1 2 3 77\n"), Options{})
	fmt.Println(c.XYZ, c.Field("intensity"), err)
	// Output: [1 2 3] [77] <nil>
}

func ExampleDecodeHeader() {
	h, err := DecodeHeader(strings.NewReader("ply\nformat binary_big_endian 1.0\nelement vertex 8\nproperty float x\nproperty float y\nproperty float z\nelement face 6\nproperty list uchar int vertex_indices\nend_header\n"), Options{})
	fmt.Println(h.Encoding, h.Vertices, h.Elements[1].Name, h.Elements[1].Count, err)
	// Output: binary_big_endian 8 face 6 <nil>
}
