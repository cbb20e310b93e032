package malformed

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
)

const (
	plyXYZ  = "property float x\nproperty float y\nproperty float z\n"
	plyTwo  = "element vertex 2\n" + plyXYZ
	plyRows = "1 2 3\n4 5 6\n"
)

// plyOf returns a file of the given format line, entries and body.
func plyOf(format, entries, body string) string {
	return "ply\nformat " + format + "\n" + entries + "end_header\n" + body
}

func floats(v ...float32) string {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return string(b)
}

func plySound() []Sound {
	ascii, le := plyOf("ascii 1.0", plyTwo, plyRows), plyOf("binary_little_endian 1.0", plyTwo, floats(1, 2, 3, 4, 5, 6))
	return []Sound{
		{PLY, "ascii", []byte(ascii), len(ascii) - 1},
		{PLY, "binary", []byte(le), len(le)},
		{PLY, "binary, big endian", []byte(strings.Replace(le, "little", "big", 1)), len(le) - 3},
	}
}

func plyFiles() []File {
	m := maker{format: PLY}
	ascii := func(class Class, what, entries, body string) {
		m.text(class, what, plyOf("ascii 1.0", entries, body))
	}
	binary := func(class Class, what, entries, body string) {
		m.text(class, what, plyOf("binary_little_endian 1.0", entries, body))
	}
	for what, s := range map[string]string{
		"empty": "", "a line alone": "ply\n", "another word": "plyx\nformat ascii 1.0\n" + plyTwo + "end_header\n" + plyRows,
		"no format": "ply\n" + plyTwo + "end_header\n" + plyRows, "no end of the header": "ply\nformat ascii 1.0\n" + plyTwo,
		"nothing but line breaks": "ply\n\n\n\n",
	} {
		m.text(Invalid, what, s)
	}
	for _, f := range []string{"", "ascii", "ascii 2.0", "ascii 1.0 1.0", "text 1.0", "binary_middle_endian 1.0"} {
		m.text(Invalid, fmt.Sprintf("format %q", f), plyOf(f, plyTwo, plyRows))
	}
	ascii(Invalid, "two formats", "format ascii 1.0\n"+plyTwo, plyRows)
	ascii(Unsupported, "no vertex", "element face 0\nproperty list uchar int vertex_indices\n", "")
	for _, n := range []string{"", "-1", "2.5", "1e3", "0x10", "NaN", "Inf", "18446744073709551618", "9223372036854775807", "99999999999999999999999"} {
		ascii(Invalid, fmt.Sprintf("%q vertices", n), "element vertex "+n+"\n"+plyXYZ, plyRows)
	}
	ascii(TooLarge, "2²⁷+1 vertices", fmt.Sprintf("element vertex %d\n", 1<<27+1)+plyXYZ, plyRows)
	ascii(TooLarge, "2⁴⁰ vertices", fmt.Sprintf("element vertex %d\n", int64(1)<<40)+plyXYZ, plyRows)
	for _, n := range []int{3, 1000, 1 << 27} {
		what := fmt.Sprintf("%d vertices, two there", n)
		ascii(Invalid, what, fmt.Sprintf("element vertex %d\n", n)+plyXYZ, plyRows)
		binary(Invalid, what+", binary", fmt.Sprintf("element vertex %d\n", n)+plyXYZ, floats(1, 2, 3, 4, 5, 6))
	}
	ascii(Invalid, "two elements vertex", plyTwo+plyTwo, plyRows)
	ascii(Invalid, "a property of nothing", plyXYZ, plyRows)
	ascii(Invalid, "an unknown entry", plyTwo+"colour red\n", plyRows)
	for _, p := range []string{"", "float", "half a", "list a", "list float int a", "list uchar half a", "list uchar int", "float a b c"} {
		ascii(Invalid, fmt.Sprintf("property %q", p), plyTwo+"property "+p+"\n", plyRows)
	}
	ascii(Unsupported, "no z", "element vertex 2\nproperty float x\nproperty float y\n", "1 2\n3 4\n")
	ascii(Unsupported, "x twice", plyTwo+"property float x\n", "1 2 3 4\n5 6 7 8\n")
	ascii(Unsupported, "x is a list", "element vertex 1\nproperty list uchar float x\nproperty float y\nproperty float z\n", "1 1 2 3\n")
	ascii(TooLarge, "too many elements", strings.Repeat("element e 0\n", 1100)+plyTwo, plyRows)
	ascii(TooLarge, "too many properties", plyTwo+strings.Repeat("property float a\n", 1<<14), plyRows)
	ascii(TooLarge, "too many lines", strings.Repeat("comment\n", 1<<15)+plyTwo, plyRows)
	m.text(Invalid, "a header line without end", "ply\nformat ascii 1.0\ncomment "+strings.Repeat("a", 1<<17))
	ascii(TooLarge, "a line without end", plyTwo, strings.Repeat("1", 1<<17))
	for what, rows := range map[string]string{
		"one row": "1 2 3\n", "a row cut": "1 2 3\n4 5", "two values": "1 2 3\n4 5\n", "four values": "1 2 3\n4 5 6 7\n",
		"a word": "1 2 3\n4 five 6\n", "a decimal comma": "1 2 3\n4 5,5 6\n", "hexadecimal": "1 2 3\n4 0x5 6\n", "an exponent that does not end": "1 2 3\n4 5e 6\n",
		"a zero byte": "1 2 3\n4 \x00 6\n", "two signs": "1 2 3\n4 --5 6\n",
	} {
		ascii(Invalid, what, plyTwo, rows)
	}
	list := plyTwo + "property list int uchar l\n"
	ascii(Invalid, "a list longer than its line", list, "1 2 3 2 1\n4 5 6 0\n")
	ascii(Invalid, "a list of −1", list, "1 2 3 -1\n4 5 6 0\n")
	binary(Invalid, "a list of −1, binary", list, floats(1, 2, 3)+"\xff\xff\xff\xff"+floats(4, 5, 6)+"\x00\x00\x00\x00")
	binary(Invalid, "a list of 2³¹−1, binary", list, floats(1, 2, 3)+"\xff\xff\xff\x7f"+floats(4, 5, 6))
	binary(Invalid, "a list of 2⁶⁴−1, binary", plyTwo+"property list uint64 double l\n", floats(1, 2, 3)+strings.Repeat("\xff", 8)+floats(4, 5, 6))
	binary(Invalid, "2⁴⁵ doubles before the vertices", fmt.Sprintf("element e %d\nproperty double a\n", int64(1)<<45-1)+plyTwo, floats(1, 2, 3, 4, 5, 6))
	binary(Invalid, "cut in a value", plyTwo, floats(1, 2, 3, 4, 5, 6)[:23])
	binary(Invalid, "faces first, cut", "element face 2\nproperty list uchar int vertex_indices\n"+plyTwo, "\x03"+floats(0, 0, 0))
	grid := "obj_info num_cols 3\nobj_info num_rows 1\n" + plyTwo + "element range_grid 3\nproperty list uchar int vertex_indices\n"
	ascii(Invalid, "a raster of a vertex that is not there", grid, plyRows+"1 0\n1 2\n0\n")
	ascii(Invalid, "a raster of vertex −1", grid, plyRows+"1 0\n1 -1\n0\n")
	ascii(Invalid, "a raster of two vertices in one place", grid, plyRows+"1 0\n2 0 1\n0\n")
	ascii(Invalid, "a raster cut", grid, plyRows+"1 0\n")
	return m.files
}
