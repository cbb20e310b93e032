package ply

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/internal/points"
	"github.com/iad3d/iad3d/internal/pointstest"
	"github.com/iad3d/iad3d/pointcloud"
)

func write(w io.Writer, e Encoding, v any) error {
	var order binary.ByteOrder = binary.LittleEndian
	if e == BinaryBigEndian {
		order = binary.BigEndian
	}
	return binary.Write(w, order, v)
}

func TestMalformed(t *testing.T) {
	le := BinaryLittleEndian
	for _, test := range []struct {
		b    string
		want error
		say  string
	}{
		{"", ErrFormat, "the file is empty"},
		{"plyx\n", ErrFormat, `begins with "plyx", not with a line "ply"`},
		{"ply\n", ErrFormat, "header line 2: unexpected EOF"},
		{"ply\nend_header\n", ErrFormat, "no format in the header"},
		{"ply\nformat ascii 2.0\n", ErrFormat, `header line 2: version "2.0", want 1.0`},
		{"ply\nformat text 1.0\n", ErrFormat, `header line 2: format "text", want ascii, binary_little_endian or binary_big_endian`},
		{"ply\nformat ascii\n", ErrFormat, "header line 2: want one format line of two words"},
		{ascii("format ascii 1.0\n", ""), ErrFormat, "header line 3: want one format line of two words"},
		{ascii("colour\n", ""), ErrFormat, `header line 3: unknown entry "colour"`},
		{ascii("element vertex\n", ""), ErrFormat, `header line 3: want "element NAME COUNT"`},
		{ascii("element vertex -1\n", ""), ErrFormat, `header line 3: element "vertex": count "-1", want a whole number from 0 on`},
		{ascii("element vertex 9223372036854775807\n", ""), ErrFormat, `header line 3: element "vertex": count "9223372036854775807", want a whole number from 0 on`},
		{ascii("element vertex 200000000\n"+xyz, ""), ErrLimit, "200000000 vertices, at most 134217728 are read"},
		{ascii(two+two, ""), ErrFormat, "header line 7: a second element vertex"},
		{ascii(xyz, ""), ErrFormat, "header line 3: a property before any element"},
		{ascii(two+"property float\n", ""), ErrFormat, `header line 7: want "property TYPE NAME" or "property list TYPE TYPE NAME"`},
		{ascii(two+"property half a\n", ""), ErrFormat, `header line 7: property "a": unknown type "half"`},
		{ascii(two+"property list float int a\n", ""), ErrFormat, `header line 7: property "a": list length of type "float"`},
		{ascii(two+"property list int text a\n", ""), ErrFormat, `header line 7: property "a": unknown type "text"`},
		{ascii(strings.Repeat("comment\n", 40_000)+two, ""), ErrLimit, "no end_header in the first 32768 lines"},
		{ascii(strings.Repeat("element e 1\n", 2000)+two, ""), ErrLimit, "header line 1027: more than 1024 elements"},
		{ascii(face, ""), ErrUnsupported, "no element vertex"},
		{ascii("element vertex 2\nproperty float x\nproperty float y\n", ""), ErrUnsupported, `element vertex with properties "x y": no "z"`},
		{ascii(two+"property float x\n", ""), ErrUnsupported, `element vertex with properties "x y z x": "x" is there twice`},
		{ascii("element vertex 2\nproperty list int float x\nproperty float y\nproperty float z\n", ""), ErrUnsupported, `element vertex with properties "x y z": no "x"`},

		{ascii(two, "1 2 3\n"), ErrFormat, "vertex 2 of 2: unexpected EOF"},
		{ascii(two, "1 2\n3 4 5 6\n"), ErrFormat, "vertex 1 of 2 (line 8): 2 values, want 3 or more"},
		{ascii(two, "1 2 3\n4 5 6 7\n"), ErrFormat, "vertex 2 of 2 (line 9): 4 values, want 3"},
		{ascii(two, "1 2 3\n4 x 6\n"), ErrFormat, `vertex 2 of 2 (line 9): property "y": "x" is not a number`},
		{ascii(two+"property list int int l\n", "1 2 3 2 1\n"), ErrFormat, `vertex 1 of 2 (line 9): property "l": list of length "2" on a line of 5 values`},
		{ascii(two+"property list int int l\n", "1 2 3 -1\n"), ErrFormat, `vertex 1 of 2 (line 9): property "l": list of length "-1" on a line of 4 values`},
		{ascii(face+two, "3 0 0 0 1\n"), ErrFormat, "face 2 of 2: unexpected EOF"},
		{ascii(two, strings.Repeat("1", 70_000)), ErrLimit, "vertex 1 of 2 (line 8): line of more than 64 KiB"},

		{ascii(cells+two+gridOf(3), data+"1 0\n0\n"), ErrFormat, "range_grid 3 of 3: unexpected EOF"},
		{ascii(cells+two+gridOf(3), data+"1 0\n2 0 1\n0\n"), ErrFormat, "range_grid 2 of 3: 3 values, want a list of none or one vertex"},
		{ascii(cells+two+gridOf(3), data+"1 0\n1 2\n0\n"), ErrFormat, "range_grid 2 of 3: vertex 2 of 2"},
		{ascii(cells+two+gridOf(3), data+"1 0\n1 x\n0\n"), ErrFormat, `range_grid 2 of 3: "x" is not a number`},
		{binaryFile(le, cells+two+gridOf(3), make([]byte, 24), uint8(1), int32(-1)), ErrFormat, "range_grid 1 of 3: list of length -1"},
		{binaryFile(le, cells+two+gridOf(3), make([]byte, 24), uint8(2), int32(1), int32(1)), ErrFormat, "range_grid 1 of 3: 2 vertices, want none or one"},
		{binaryFile(le, two, make([]byte, 23)), ErrFormat, `vertex 2 of 2: property "z": unexpected EOF`},
		{binaryFile(le, two, make([]byte, 12)), ErrFormat, `vertex 2 of 2: property "x": unexpected EOF`},
		{binaryFile(le, two+"property list int float l\n", make([]byte, 20)), ErrFormat, `vertex 2 of 2: property "y": unexpected EOF`},
		{binaryFile(le, two+"property list int float l\n", make([]byte, 12), int32(-1)), ErrFormat, `vertex 1 of 2: property "l": list of length -1`},
		{binaryFile(le, two+"property list uint64 float l\n", make([]byte, 12), uint64(1<<63)), ErrFormat, `vertex 1 of 2: property "l": list of length -9223372036854775808`},
		{binaryFile(le, face+two, uint8(0), int8(0), uint8(200), make([]byte, 100)), ErrFormat, `face 2 of 2: property "vertex_indices": unexpected EOF`},
		{binaryFile(le, "element e 35000000000000\nproperty double a\n"+two, make([]byte, 100)), ErrFormat, "e 13 of 35000000000000: unexpected EOF"},
	} {
		_, err := Decode(strings.NewReader(test.b), Options{})
		if !errors.Is(err, test.want) || err.Error() != "ply: "+test.say {
			t.Errorf("%.70q:\n got  %v\n want ply: %s (%v)", test.b, err, test.say, test.want)
		}
	}
}

func TestMaxPoints(t *testing.T) {
	for n, want := range map[int64]error{1: ErrLimit, 2: nil, 0: nil} {
		if _, err := Decode(strings.NewReader(ascii(two, data)), Options{MaxPoints: n}); !errors.Is(err, want) {
			t.Errorf("MaxPoints %d: %v", n, err)
		}
		if _, err := DecodeHeader(strings.NewReader(ascii(two, data)), Options{MaxPoints: n}); !errors.Is(err, want) {
			t.Errorf("MaxPoints %d: header: %v", n, err)
		}
	}
}

// TestMemory: files that promise more than they hold, and files of small values,
// seen through readers that tell their size and that do not.
func TestMemory(t *testing.T) {
	zeros := make([]byte, 4<<20)
	many, kept := "element vertex 100000000\n", "element vertex 500000\n"
	small := "property uchar x\nproperty uchar y\nproperty uchar z\nproperty uchar red\nproperty uchar green\nproperty uchar blue\nproperty uchar i\n"
	wide := strings.ReplaceAll(xyz, "float", "double") + "property float nx\nproperty float ny\nproperty float nz\n"
	for name, test := range map[string]struct {
		b  string
		ok bool
	}{
		"small":            {binaryFile(BinaryLittleEndian, many+small, zeros), false},
		"small, kept":      {binaryFile(BinaryLittleEndian, kept+small, zeros), true},
		"wide":             {binaryFile(BinaryBigEndian, many+wide, zeros), false},
		"wide, kept":       {binaryFile(BinaryBigEndian, "element vertex 110000\n"+wide, zeros), true},
		"text":             {ascii(many+strings.ReplaceAll(xyz, "float", "double"), strings.Repeat("1 1 1\n", 1<<19)), false},
		"text, kept":       {ascii(kept+strings.ReplaceAll(xyz, "float", "double"), strings.Repeat("1 1 1\n", 1<<19)), true},
		"float rgb, kept":  {ascii(kept+xyz+"property float r\nproperty float g\nproperty float b\n", strings.Repeat("1 1 1 0 1 1\n", 1<<19)), true},
		"lists":            {binaryFile(BinaryLittleEndian, many+xyz+"property list uchar int l\n", zeros), false},
		"a list of 2³²":    {binaryFile(BinaryLittleEndian, "element e 1\nproperty list uint double l\n"+many+xyz, uint32(1<<32-1), zeros), false},
		"many faces first": {ascii("element face 100000000\nproperty list uchar int l\n"+many+xyz, strings.Repeat("0\n", 1<<20)), false},
		"sparse raster":    {binaryFile(BinaryLittleEndian, strings.Replace(cells, "cols 3", "cols 4000000", 1)+two+gridOf(4_000_000), make([]byte, 24), zeros), false},
		"full raster":      {binaryFile(BinaryLittleEndian, strings.Replace(cells, "cols 3", "cols 500000", 1)+"element vertex 250000\n"+xyz+gridOf(500_000), make([]byte, 3_000_000), zeros), true},
		"properties":       {ascii(many+xyz+strings.Repeat("property list uchar char a\n", 16_000), "1 2 3\n"), false},
	} {
		for kind, r := range map[string]io.Reader{"seeker": strings.NewReader(test.b), "stream": struct{ io.Reader }{strings.NewReader(test.b)}} {
			var err error
			used := pointstest.Allocated(func() { _, err = Decode(r, Options{}) })
			t.Logf("%s, %s: %.1f MiB for a file of %.1f MiB: %.60v", name, kind, float64(used)/(1<<20), float64(len(test.b))/(1<<20), err)
			if (err == nil) != test.ok || used > pointstest.Bound(len(test.b)) {
				t.Errorf("%s, %s: %d bytes allocated, %v", name, kind, used, err)
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	for i, o := range shapes[:9] {
		for _, e := range encodings {
			f.Add(encode(f, pointstest.Cloud(o, uint64(i)), e))
		}
	}
	f.Add([]byte(ascii(face+strings.ReplaceAll(two, "float", "double"), "3 0 1 0 7\n4 0 1 0 1 -8\n489000.123 5421000.456 312.789\nnan 0 0\n")))
	f.Add([]byte(binaryFile(BinaryBigEndian, "element vertex 1\nproperty list short double a\nproperty float x\nproperty list uint uchar b\nproperty float y\nproperty float z\nproperty list int64 int c\n",
		int16(1), 9.5, float32(1), uint32(2), uint8(1), uint8(2), float32(2), float32(3), int64(0))))
	f.Add([]byte(binaryFile(BinaryLittleEndian, face+two+"property uchar red\nproperty ushort green\nproperty float blue\n", uint8(3), make([]byte, 13), uint8(0), make([]byte, 40))))
	f.Add([]byte(strings.ReplaceAll(ascii(two, data), "\n", "\r\n")))
	f.Add([]byte(ascii(cells+two+face+gridOf(3), data+"3 0 1 0 7\n0 1\n1 1\n0\n1 0\n")))
	f.Add([]byte(binaryFile(BinaryBigEndian, cells+two+gridOf(3), make([]byte, 24), uint8(1), int32(1), uint8(0), uint8(1), int32(0))))
	f.Fuzz(func(t *testing.T, b []byte) {
		o := Options{MaxPoints: 1 << 20}
		h, headErr := DecodeHeader(bytes.NewReader(b), o)
		c := pointstest.Decodes(t, b, 0, func(r io.Reader) (*pointcloud.Cloud, error) { return Decode(r, o) }, ErrFormat, ErrUnsupported, ErrLimit)
		if c == nil {
			return
		}
		if headErr != nil || h.Vertices != c.Len() && (h.grid == 0 || h.Width*h.Height != c.Len()) || h.Width != c.Width || h.Height != c.Height {
			t.Fatalf("header %+v, %v of %d points", h, headErr, c.Len())
		}
		for i := range c.Fields {
			c.Fields[i].Name = fmt.Sprintf("field%d", i) // names can be unwritable
		}
		for _, e := range encodings {
			got, err := Decode(bytes.NewReader(encode(t, c, e)), Options{})
			if err != nil {
				t.Fatalf("written again: %v", err)
			}
			if points.Moved(c) || e == ASCII {
				continue // sums are rounded; text has no NaN payload
			}
			if d := pointstest.Diff(got, c); d != "" {
				t.Fatalf("written again: %s", d)
			}
		}
	})
}
