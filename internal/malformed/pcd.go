package malformed

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
)

// pcdOf returns a file of two points whose header lines, known by their first word,
// are replaced or, where they begin with "-", left out.
func pcdOf(body string, lines ...string) string {
	head := []string{"VERSION .7", "FIELDS x y z", "SIZE 4 4 4", "TYPE F F F", "COUNT 1 1 1", "WIDTH 2", "HEIGHT 1", "VIEWPOINT 0 0 0 1 0 0 0", "POINTS 2", "DATA ascii"}
	for _, l := range lines {
		key, _, _ := strings.Cut(strings.TrimPrefix(l, "-"), " ")
		i := slices.IndexFunc(head, func(h string) bool { return strings.HasPrefix(h, key+" ") })
		if strings.HasPrefix(l, "-") {
			head = slices.Delete(head, i, i+1)
		} else {
			head[i] = l
		}
	}
	return "# .PCD v.7\n" + strings.Join(head, "\n") + "\n" + body
}

// lzfTwo is two points as literal runs: all x, all y, all z.
func lzfTwo() []byte {
	return lzf(25, 24, append([]byte{23}, floats(1, 4, 2, 5, 3, 6)...)...)
}

func pcdSound() []Sound {
	ascii, bin, packed := pcdOf(plyRows), pcdOf(floats(1, 2, 3, 4, 5, 6), "DATA binary"), pcdOf(string(lzfTwo()), "DATA binary_compressed")
	return []Sound{
		{PCD, "ascii", []byte(ascii), len(ascii) - 1},
		{PCD, "binary", []byte(bin), len(bin)},
		{PCD, "compressed", []byte(packed), len(packed)},
	}
}

func pcdFiles() []File {
	m := maker{format: PCD}
	for _, key := range []string{"FIELDS", "SIZE", "TYPE"} {
		m.text(Invalid, "no "+key, pcdOf(plyRows, "-"+key+" "))
	}
	m.text(Invalid, "neither WIDTH nor POINTS", pcdOf(plyRows, "-WIDTH ", "-POINTS "))
	m.text(Invalid, "no DATA", strings.TrimSuffix(pcdOf(""), "DATA ascii\n"))
	m.text(Invalid, "empty", "")
	m.text(Invalid, "comments alone", strings.Repeat("# .PCD v.7\n", 3000))
	m.text(Invalid, "a comment without end", "# "+strings.Repeat("a", 1<<17))
	for _, l := range []string{
		"WIDTH", "WIDTH -1", "WIDTH 2.5", "WIDTH 1e3", "WIDTH NaN", "WIDTH 9223372036854775808", "WIDTH 2 2", "HEIGHT -1", "HEIGHT x", "POINTS -1", "POINTS 3", "POINTS 99999999999999999999",
		"SIZE 4 4", "SIZE 4 4 3", "SIZE 4 4 -4", "SIZE 4 4 0", "SIZE 4 4 2", "SIZE 4 4 99999999999", "TYPE F F", "TYPE F F D", "TYPE F F FF", "COUNT 1 1", "COUNT 1 1 0", "COUNT 1 1 -1", "COUNT 1 1 x",
		"VIEWPOINT 0 0 0", "VIEWPOINT 0 0 0 a 0 0 0", "FIELDS x y z w",
	} {
		m.text(Invalid, l, pcdOf(plyRows, l))
	}
	for _, l := range []string{"VERSION 0.8", "VERSION 1", "VERSION x", "DATA", "DATA zip", "DATA ASCII", "FIELDS x y w", "FIELDS x y x", "COUNT 1 1 2"} {
		class := Unsupported
		if l == "DATA" {
			class = Invalid // says nothing
		}
		m.text(class, l, pcdOf(plyRows, l))
	}
	m.text(Invalid, "two WIDTH", strings.Replace(pcdOf(plyRows), "HEIGHT 1\n", "HEIGHT 1\nWIDTH 2\n", 1))
	m.text(Invalid, "an unknown entry", strings.Replace(pcdOf(plyRows), "HEIGHT 1\n", "HEIGHT 1\nCOLOUR 2\n", 1))
	for _, c := range [][2]int64{{1<<27 + 1, 1}, {1 << 40, 1}, {math.MaxInt64, 1}, {1 << 32, 1 << 32}, {math.MaxInt64, math.MaxInt64}, {3037000500, 3037000500}} {
		for _, data := range []string{"ascii", "binary", "binary_compressed"} {
			m.text(TooLarge, fmt.Sprintf("%d × %d points, %s", c[0], c[1], data),
				pcdOf(plyRows, fmt.Sprintf("WIDTH %d", c[0]), fmt.Sprintf("HEIGHT %d", c[1]), "-POINTS ", "DATA "+data))
		}
	}
	m.text(TooLarge, "too many values of a point", pcdOf(plyRows, "COUNT 1 1 99999999"))
	m.text(TooLarge, "values of a point that overflow", pcdOf(plyRows, "COUNT 9223372036854775807 9223372036854775807 9223372036854775807"))
	m.text(TooLarge, "a line without end", pcdOf(strings.Repeat("1", 1<<17)))
	for _, n := range []int{3, 1000, 1 << 27} {
		w, p := fmt.Sprintf("WIDTH %d", n), fmt.Sprintf("POINTS %d", n)
		m.text(Invalid, w+", two there", pcdOf(plyRows, w, p))
		m.text(Invalid, w+", two there, binary", pcdOf(floats(1, 2, 3, 4, 5, 6), w, p, "DATA binary"))
		m.text(Invalid, w+", two there, compressed", pcdOf(string(lzfTwo()), w, p, "DATA binary_compressed"))
	}
	for what, rows := range map[string]string{
		"one row": "1 2 3\n", "a row cut": "1 2 3\n4 5", "two values": "1 2 3\n4 5\n", "four values": "1 2 3 4\n5 6 7\n", "a word": "1 2 3\n4 five 6\n",
		"a decimal comma": "1 2 3\n4 5,5 6\n", "hexadecimal": "1 2 3\n4 0x5 6\n", "a zero byte": "1 2 3\n4 \x00 6\n",
	} {
		m.text(Invalid, what, pcdOf(rows))
	}
	m.text(Invalid, "a fraction in a whole number", pcdOf("1 2 3\n4 5 6.5\n", "TYPE F F I"))
	m.text(Invalid, "256 in a byte", pcdOf("1 2 3\n4 5 256\n", "TYPE F F U", "SIZE 4 4 1"))

	bad := func(what string, body []byte) {
		m.text(Invalid, "compressed: "+what, pcdOf(string(body), "DATA binary_compressed"))
	}
	whole := lzfTwo()
	bad("no sizes", nil)
	bad("half the sizes", whole[:4])
	bad("no stream", whole[:8])
	bad("cut", whole[:len(whole)-1])
	bad("a size of 0", lzf(0, 24))
	bad("a size of 2³²−1", lzf(1<<32-1, 24, whole[8:]...))
	bad("plain size of 2³²−1", lzf(25, 1<<32-1, whole[8:]...))
	bad("plain size of 23", lzf(25, 23, whole[8:]...))
	bad("too little", lzf(2, 24, 0, 'A'))
	bad("too much", lzf(27, 24, append(whole[8:len(whole):len(whole)], 0, 'A')...))
	bad("ends within a literal", lzf(2, 24, 5, 'A'))
	bad("ends within a reference", lzf(3, 24, 0, 'A', 0x20))
	bad("ends within a long reference", lzf(4, 24, 0, 'A', 0xe0, 1))
	bad("refers to what is before the beginning", lzf(4, 24, 0, 'A', 0x20, 1))
	bad("refers far before the beginning", lzf(4, 24, 0, 'A', 0x3f, 0xff))
	bomb := append([]byte{0, 0}, bytes.Repeat([]byte{0xe0, 0xff, 0}, bombSize/264)...)
	m.text(Invalid, "compressed: a bomb of 64 MiB that is not whole", pcdOf(string(lzf(uint32(len(bomb)), bombSize, bomb...)),
		"DATA binary_compressed", "FIELDS x y z i", "SIZE 4 4 4 4", "TYPE F F F F", "COUNT 1 1 1 1", fmt.Sprintf("WIDTH %d", bombSize/16), fmt.Sprintf("POINTS %d", bombSize/16)))
	bad("a bomb of 64 MiB for 24 bytes", lzf(uint32(len(bomb)), 24, bomb...))
	return m.files
}
