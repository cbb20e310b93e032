package malformed

import (
	"encoding/binary"
	"fmt"
	"strings"
)

const facet = "facet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1 0 0\nvertex 0 1 0\nendloop\nendfacet\n"

// stlBinary claims n triangles and holds body.
func stlBinary(n uint32, body int) []byte {
	return append(binary.LittleEndian.AppendUint32(make([]byte, 80), n), make([]byte, body)...)
}

func stlSound() []Sound {
	ascii, bin := "solid part\n"+facet+"endsolid part\n", stlBinary(2, 100)
	return []Sound{
		{STL, "ascii", []byte(ascii), strings.Index(ascii, "endsolid") + len("endsolid")},
		{STL, "binary", bin, len(bin)},
	}
}

func stlFiles() []File {
	m := maker{format: STL}
	m.text(Invalid, "empty", "")
	m.add(Invalid, "a header cut", stlBinary(0, 0)[:79])
	m.add(Invalid, "a count cut", stlBinary(0, 0)[:83])
	for _, body := range []int{0, 1, 49, 99, 101, 150} {
		m.add(Invalid, fmt.Sprintf("2 triangles, %d bytes", body), stlBinary(2, body))
	}
	m.add(Invalid, "no triangle, but bytes of one", stlBinary(0, 50))
	m.add(Invalid, "30 million triangles, two there", stlBinary(30_000_000, 100))
	for _, n := range []uint32{1<<25 + 1, 1 << 31, 1<<32 - 1} {
		m.add(TooLarge, fmt.Sprintf("%d triangles", n), stlBinary(n, 100))
	}
	ascii := func(what, body string) { m.text(Invalid, what, "solid part\n"+body) }
	m.text(Invalid, "solid alone", "solid\n")
	m.text(Invalid, "one that is solidified", "solidified\n"+facet+"endsolid\n")
	ascii("no end", facet)
	ascii("ends within a facet", facet[:60])
	for i, line := range strings.SplitAfter(strings.TrimSuffix(facet, "\n"), "\n") {
		ascii(fmt.Sprintf("without line %d of a facet", i+1), strings.Replace(facet, line, "", 1)+"endsolid\n")
		ascii(fmt.Sprintf("line %d of a facet twice", i+1), strings.Replace(facet, line, strings.TrimSuffix(line, "\n")+"\n"+line, 1)+"endsolid\n")
	}
	for _, v := range []string{"vertex 1 0", "vertex 1 0 0 0", "vertex 1 0 x", "vertex 1 0 0x1", "vertex 1,0 0 0", "vertex", "vertices 1 0 0"} {
		ascii(v, strings.Replace(facet, "vertex 1 0 0", v, 1)+"endsolid\n")
	}
	ascii("a normal of two numbers", strings.Replace(facet, "0 0 1", "0 0", 1)+"endsolid\n")
	ascii("text after the end", facet+"endsolid\nmore\n")
	m.text(TooLarge, "a line without end", "solid "+strings.Repeat("a", 1<<17))
	m.text(TooLarge, "a vertex without end", "solid a\n"+strings.Replace(facet, "1 0 0", "1 0 "+strings.Repeat("1", 1<<17), 1))
	return m.files
}

func objFiles() []File {
	m := maker{format: OBJ}
	const two = "v 1 2 3\nv 4 5 6\n"
	for what, s := range map[string]string{
		"empty": "", "a comment alone": "# part\n", "faces alone": "f 1 2 3\n", "no value": "v\n", "a vertex of spaces": "v  \n", "one value": "v 1\n", "two values": two + "v 1 2\n",
		"five values": two + "v 1 2 3 4 5\n", "eight values": two + "v 1 2 3 4 5 6 7 8\n", "a word": two + "v 1 two 3\n", "hexadecimal": two + "v 1 0x2 3\n", "a decimal comma": two + "v 1 2,5 3\n",
		"an exponent that does not end": two + "v 1 2e 3\n", "a zero byte": two + "v 1 \x00 3\n", "colour of some": two + "v 1 2 3 1 0 0\n", "no colour of some": "v 1 2 3 1 0 0\nv 1 2 3\n",
		"a colour that is none": "v 1 2 3 1 red 0\n", "ends within a vertex": two + "v 1 2",
	} {
		if what == "no value" {
			continue // "v" with nothing behind is no vertex line; the file has none
		}
		m.text(Invalid, what, s)
	}
	m.text(TooLarge, "a line without end", two+"v "+strings.Repeat("1", 1<<17))
	m.text(TooLarge, "a comment without end", "# "+strings.Repeat("1", 1<<17))
	return m.files
}
