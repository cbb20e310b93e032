package pcd

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/iad3d/iad3d/internal/points"
	"github.com/iad3d/iad3d/internal/pointstest"
	"github.com/iad3d/iad3d/pointcloud"
)

func TestMalformed(t *testing.T) {
	const xyz = "1 2 3\n4 5 6\n"
	compressed := func(packed, plain uint32, stream string) string {
		b := binary.LittleEndian.AppendUint32(nil, packed)
		return file(string(binary.LittleEndian.AppendUint32(b, plain))+stream, "DATA binary_compressed")
	}
	for _, test := range []struct {
		b    string
		want error
		say  string
	}{
		{"", ErrFormat, "the file is empty"},
		{"\n\n", ErrFormat, "header line 3: unexpected EOF"},
		{"VERSION .7\nFIELDS x y z\n", ErrFormat, "header line 3: unexpected EOF"},
		{"ply\n", ErrFormat, `header line 1: unknown entry "ply"`},
		{file(xyz, "VERSION 0.8"), ErrUnsupported, `version "0.8"; .5, .6 and .7 are read`},
		{"FIELDS x\nFIELDS y\n", ErrFormat, "header line 2: a second FIELDS"},
		{file(xyz, "WIDTH"), ErrFormat, "header line 6: WIDTH says nothing"},
		{file(xyz, "WIDTH -1"), ErrFormat, `WIDTH "-1", want a whole number from 0 on`},
		{file(xyz, "WIDTH 99999999999999999999"), ErrFormat, `WIDTH "99999999999999999999", want a whole number from 0 on`},
		{file(xyz, "WIDTH 4000000000", "HEIGHT 4000000000"), ErrLimit, "4000000000 × 4000000000 points, at most 134217728 are read"},
		{file(xyz, "POINTS 3"), ErrFormat, "POINTS 3 contradicts WIDTH 2 and HEIGHT 1"},
		{file(xyz, "-WIDTH", "-POINTS"), ErrFormat, "neither WIDTH nor POINTS"},
		{file(xyz, "SIZE 4 4"), ErrFormat, "2 values of SIZE for 3 fields"},
		{file(xyz, "-TYPE"), ErrFormat, "no SIZE or no TYPE"},
		{file(xyz, "SIZE 4 4 3"), ErrFormat, `field "z": SIZE "3", want 1, 2, 4 or 8`},
		{file(xyz, "SIZE 4 4 2"), ErrFormat, `field "z": TYPE F of SIZE 2`},
		{file(xyz, "TYPE F F D"), ErrFormat, `field "z": TYPE "D", want F, U or I`},
		{file(xyz, "COUNT 1 1 0"), ErrFormat, `field "z": COUNT "0", want 1 or more`},
		{file(xyz, "COUNT 1 1 99999999"), ErrLimit, "more than 16384 values per point"},
		{file(xyz, "FIELDS x y _"), ErrUnsupported, `fields "x y _": no "z"`},
		{file(xyz, "FIELDS x y x"), ErrUnsupported, `fields "x y x": "x" is there twice`},
		{file(xyz, "COUNT 1 1 2"), ErrUnsupported, `fields "x y z": no "z"`},
		{file("", "FIELDS x y z f", "SIZE 4 4 4 4", "TYPE F F F F", "COUNT 1 1 1 2000"), ErrUnsupported, `fields "x y z f": 2000 fields beside coordinates, normals and colour, at most 1000 can be read`},
		{file(xyz, "VIEWPOINT 0 0 0"), ErrFormat, "VIEWPOINT of 3 numbers, want 7"},
		{file(xyz, "VIEWPOINT 0 0 0 a 0 0 0"), ErrFormat, `VIEWPOINT: "a" is not a number`},
		{file(xyz, "DATA zip"), ErrUnsupported, `DATA "zip"; ascii, binary and binary_compressed are read`},
		{strings.Repeat("# a\n", 2000), ErrFormat, "no DATA in the first 1000 lines"},
		{"VERSION " + strings.Repeat("1", 70_000), ErrFormat, "header line 2: line of more than 64 KiB"},

		{file("1 2 3\n"), ErrFormat, `point 2 of 2: field "x": unexpected EOF`},
		{file("1 2 3\n4 5\n"), ErrFormat, "point 2 of 2 (line 12): 2 values, want 3"},
		{file("1 2 3 4\n5 6\n"), ErrFormat, "point 1 of 2 (line 11): 4 values, want 3"},
		{file("1 2 3\n4 5,5 6\n"), ErrFormat, `point 2 of 2: field "y" (line 12): "5,5" is not a number (a decimal comma?)`},
		{file("1 2 0x10\n"), ErrFormat, `point 1 of 2: field "z" (line 11): "0x10" is not a number`},
		{file("1 2 3.5\n", "TYPE F F I"), ErrFormat, `point 1 of 2: field "z" (line 11): "3.5" is not of type int32`},
		{file("1 2 256\n", "TYPE F F U", "SIZE 4 4 1"), ErrFormat, `point 1 of 2: field "z" (line 11): "256" is not of type uint8`},
		{file("1 2 " + strings.Repeat("3", 70_000)), ErrLimit, "line 11: line of more than 64 KiB"},

		{file("0123456789ABCDEFGHIJKLM", "DATA binary"), ErrFormat, `point 2 of 2: field "z": unexpected EOF`},
		{file("0123456789ABCDEF", "DATA binary"), ErrFormat, `point 2 of 2: field "y": unexpected EOF`},
		{file("", "DATA binary"), ErrFormat, `point 1 of 2: field "x": unexpected EOF`},

		{compressed(9, 24, "")[:len(compressed(9, 24, ""))-1], ErrFormat, "compressed data: unexpected EOF"},
		{compressed(9, 25, "\x00"), ErrFormat, "compressed data: 25 bytes when decompressed, want 24 for 2 points"},
		{compressed(9, 24, "\x00"), ErrFormat, "compressed data: 1 of 9 bytes: unexpected EOF"},
		{compressed(1<<32-1, 24, "\x00"), ErrFormat, "compressed data: 1 of 4294967295 bytes: unexpected EOF"},
		{compressed(2, 24, "\x00A"), ErrFormat, "compressed data: gives 1 bytes, want 24"},
		{compressed(2, 24, "\x01A"), ErrFormat, "compressed data: byte 1 of 2: ends within a code"},
		{compressed(3, 24, "\x00A\x20"), ErrFormat, "compressed data: byte 3 of 3: ends within a code"},
		{compressed(4, 24, "\x00A\xe0\x01"), ErrFormat, "compressed data: byte 3 of 4: ends within a code"},
		{compressed(4, 24, "\x00A\x20\x01"), ErrFormat, "compressed data: byte 3 of 4: refers to what is before the beginning"},
	} {
		_, err := Decode(strings.NewReader(test.b), Options{})
		if !errors.Is(err, test.want) || err.Error() != "pcd: "+test.say {
			t.Errorf("%.60q:\n got  %v\n want pcd: %s (%v)", test.b, err, test.say, test.want)
		}
	}
}

func TestMaxPoints(t *testing.T) {
	b := file("1 2 3\n4 5 6\n")
	for n, want := range map[int64]error{1: ErrLimit, 2: nil, 0: nil} {
		if _, err := Decode(strings.NewReader(b), Options{MaxPoints: n}); !errors.Is(err, want) {
			t.Errorf("MaxPoints %d: %v", n, err)
		}
		if _, err := DecodeHeader(strings.NewReader(b), Options{MaxPoints: n}); !errors.Is(err, want) {
			t.Errorf("MaxPoints %d: header: %v", n, err)
		}
	}
}

// TestMemory: files that promise more than they hold, seen through readers that
// tell their size and that do not.
func TestMemory(t *testing.T) {
	bytesOnly := []string{"FIELDS x y z a b", "SIZE 1 1 1 1 1", "TYPE U U U U U", "COUNT 1 1 1 1 1", "WIDTH 100000000", "POINTS 100000000"}
	wide := []string{"SIZE 8 8 8", "WIDTH 100000000", "POINTS 100000000"}
	normals := []string{"FIELDS x y z nx ny nz", "SIZE 4 4 4 4 4 4", "TYPE F F F F F F", "COUNT 1 1 1 1 1 1", "WIDTH 100000000", "POINTS 100000000"}
	zeros := string(make([]byte, 4<<20))
	bomb := func(fill bool) string { // 64 MiB that end early, or do not

		var z bytes.Buffer
		z.WriteString("\x00\x00")
		n := 1
		for ; n+264 <= 64<<20; n += 264 {
			z.WriteString("\xe0\xff\x00")
		}
		if fill {
			z.Write(appendLZF(nil, make([]byte, 64<<20-n)))
		}
		b := binary.LittleEndian.AppendUint32(nil, uint32(z.Len()))
		b = binary.LittleEndian.AppendUint32(b, 64<<20)
		return file(string(b)+z.String(), "DATA binary_compressed", fmt.Sprintf("WIDTH %d", 64<<20/16), fmt.Sprintf("POINTS %d", 64<<20/16),
			"FIELDS x y z i", "SIZE 4 4 4 4", "TYPE F F F F", "COUNT 1 1 1 1")
	}
	for name, b := range map[string]string{
		"bytes":          file(zeros, append(bytesOnly, "DATA binary")...),
		"F 8":            file(zeros, append(wide, "DATA binary")...),
		"normals":        file(zeros, append(normals, "DATA binary")...),
		"short text":     file(strings.Repeat("1 1 1\n", 1<<19), append(wide, "DATA ascii")...),
		"long text":      file(strings.Repeat("1 1 1 1 1\n", 1<<19), append(bytesOnly, "DATA ascii")...),
		"compressed":     bomb(false),
		"huge":           file("1234", "DATA binary_compressed", "WIDTH 100000000", "POINTS 100000000"),
		"wide point":     file(zeros, "FIELDS x y z f", "SIZE 4 4 4 8", "TYPE F F F U", "COUNT 1 1 1 900", "WIDTH 100000000", "POINTS 100000000", "DATA binary"),
		"wide padding":   file(zeros, "FIELDS x y z _", "SIZE 4 4 4 8", "TYPE F F F U", "COUNT 1 1 1 16000", "WIDTH 100000000", "POINTS 100000000", "DATA binary"),
		"organised text": file(strings.Repeat("1 1 1\n", 1<<19), "WIDTH 10000", "HEIGHT 10000", "POINTS 100000000"),
	} {
		for kind, r := range map[string]io.Reader{"seeker": strings.NewReader(b), "stream": struct{ io.Reader }{strings.NewReader(b)}} {
			var err error
			used := pointstest.Allocated(func() { _, err = Decode(r, Options{}) })
			t.Logf("%s, %s: %.1f MiB for a file of %.1f MiB: %.60v", name, kind, float64(used)/(1<<20), float64(len(b))/(1<<20), err)
			if err == nil {
				t.Errorf("%s, %s: not refused", name, kind)
			}
			if used > pointstest.Bound(len(b)) {
				t.Errorf("%s, %s: %d bytes allocated", name, kind, used)
			}
		}
	}
	// Files that are accepted: small values, and as much text as can be.
	for name, b := range map[string]string{
		"bytes":      file(zeros, "FIELDS x y z a b", "SIZE 1 1 1 1 1", "TYPE U U U U U", "COUNT 1 1 1 1 1", "WIDTH 800000", "POINTS 800000", "DATA binary"),
		"F 8":        file(zeros, "SIZE 8 8 8", "WIDTH 170000", "POINTS 170000", "DATA binary"),
		"short text": file(strings.Repeat("1 1 1\n", 1<<19), "SIZE 8 8 8", "WIDTH 524288", "POINTS 524288"),
		"far text":   file("1 1 1\n"+strings.Repeat("1e9 7.1 5\n", 1<<19), "SIZE 8 8 8", "WIDTH 524288", "POINTS 524288"),
		"far NaN":    file("7e9 1.1 1\n"+strings.Repeat("7e9 7.1 5\nnan 1 2\n", 1<<19), "SIZE 8 8 8", "WIDTH 1048576", "POINTS 1048576"),
	} {
		for kind, r := range map[string]io.Reader{"seeker": strings.NewReader(b), "stream": struct{ io.Reader }{strings.NewReader(b)}} {
			var err error
			used := pointstest.Allocated(func() { _, err = Decode(r, Options{}) })
			t.Logf("%s, %s: %.1f MiB for a file of %.1f MiB", name, kind, float64(used)/(1<<20), float64(len(b))/(1<<20))
			if err != nil || used > pointstest.Bound(len(b)) {
				t.Errorf("%s, %s: %d bytes allocated, %v", name, kind, used, err)
			}
		}
	}
	b := bomb(true)
	var err error
	used := pointstest.Allocated(func() { _, err = Decode(strings.NewReader(b), Options{}) })
	if limit := pointstest.Bound(64 << 20); err != nil || used > limit {
		t.Errorf("64 MiB compressed to %d bytes: %d allocated, %v", len(b), used, err)
	}
}

func FuzzDecode(f *testing.F) {
	for i, o := range shapes[:7] {
		for _, e := range encodings {
			f.Add(encode(f, pointstest.Cloud(o, uint64(i)), e))
		}
	}
	f.Add([]byte(file("1 2 3\n4 5 6\n", "VERSION .5")))
	f.Add([]byte(file("489000.123 5421000.456 312.789\nnan 0 0\n", "SIZE 8 8 8")))
	f.Add([]byte(file("1 9 8 7 2 3 5\n4 9 8 7 5 6 1e-38\n", "FIELDS x _ y z rgb", "SIZE 4 1 4 4 4", "TYPE F U F F F", "COUNT 1 3 1 1 1")))
	f.Fuzz(func(t *testing.T, b []byte) {
		o := Options{MaxPoints: 1 << 20}
		h, headErr := DecodeHeader(bytes.NewReader(b), o)
		size := 0
		if headErr == nil && h.Encoding == BinaryCompressed {
			for _, f := range h.Fields {
				size += h.Points * f.Size * f.Count
			}
			if z := bytes.Index(b, []byte("DATA")); z < 0 || len(b)-z < size/100 {
				size = 0 // too short to be that long: it must be refused
			}
		}
		c := pointstest.Decodes(t, b, size, func(r io.Reader) (*pointcloud.Cloud, error) { return Decode(r, o) }, ErrFormat, ErrUnsupported, ErrLimit)
		if c == nil {
			return
		}
		if headErr != nil || h.Points != c.Len() || h.Organised() != c.Organised() {
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
			if c.Offset != got.Offset || e == ASCII {
				continue // sums are rounded; text has no NaN payload
			}
			if d := pointstest.Diff(got, c); d != "" && !points.Moved(c) {
				t.Fatalf("written again: %s", d)
			}
		}
	})
}

// slowLZF decompresses byte by byte; nil when that does not make n bytes.
func slowLZF(src []byte, n int) []byte {
	out := []byte{}
	for len(src) > 0 {
		c := int(src[0])
		src = src[1:]
		if c < 32 {
			if c+1 > len(src) {
				return nil
			}
			out = append(out, src[:c+1]...)
			src = src[c+1:]
			continue
		}
		length := c >> 5
		if length == 7 && len(src) > 0 {
			length += int(src[0])
			src = src[1:]
		}
		if len(src) == 0 {
			return nil
		}
		from := len(out) - (c&31)<<8 - int(src[0]) - 1
		src = src[1:]
		if from < 0 {
			return nil
		}
		for k := range length + 2 {
			out = append(out, out[from+k])
		}
	}
	if len(out) != n {
		return nil
	}
	return out
}

// expandAll decompresses a stream.
func expandAll(z []byte) ([]byte, error) {
	e := newExpander(points.NewSource(iotest.HalfReader(bytes.NewReader(z))), int64(len(z)), 1)
	var all []byte
	for {
		switch err := e.fill(); {
		case err == io.EOF:
			return all, nil
		case err != nil:
			return nil, err
		}
		all = append(all, e.buf[e.start:e.end]...)
		e.start = e.end
	}
}

// TestLZFWindow: codes that reach as far as they can, across the ends of windows.
func TestLZFWindow(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 9))
	for range 20 {
		var z []byte
		n := 0
		for n < 300_000 {
			if n == 0 || rng.IntN(3) == 0 {
				k := 1 + rng.IntN(32)
				z = append(z, byte(k-1))
				for range k {
					z = append(z, byte(rng.Uint32()))
				}
				n += k
				continue
			}
			back := min(n, 1+rng.IntN(lzfDistance)) - 1
			if rng.IntN(3) == 0 {
				back = min(n-1, rng.IntN(20))
			}
			length := 3 + rng.IntN(lzfLength-3)
			n += length
			if length -= 2; length < 7 {
				z = append(z, byte(length<<5|back>>8), byte(back))
			} else {
				z = append(z, byte(7<<5|back>>8), byte(length-7), byte(back))
			}
		}
		want := slowLZF(z, n)
		if got, err := expandAll(z); want == nil || err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%d of %d bytes, %v", len(got), n, err)
		}
	}
}

// FuzzLZF: what is compressed comes back, and no stream reads or writes beyond
// its bounds.
func FuzzLZF(f *testing.F) {
	f.Add([]byte("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabcabcabcabc"))
	f.Add([]byte("\x00A\xe0\x10\x00"))
	f.Add(bytes.Repeat([]byte("0123456789abcdefghijklmnopqrstuvwxyz"), 300))
	f.Fuzz(func(t *testing.T, b []byte) {
		z := appendLZF(nil, b)
		if err := checkLZF(z, int64(len(b))); err != nil {
			t.Fatal(err)
		}
		if got, err := expandAll(z); err != nil || !bytes.Equal(got, b) {
			t.Fatalf("another content: %v", err)
		}
		got, err := expandAll(b)
		for n := range 80 {
			want := slowLZF(b, n)
			if err := checkLZF(b, int64(n)); (err == nil) != (want != nil) {
				t.Fatalf("%d bytes: %v, want %v", n, err, want)
			}
			if want != nil && (err != nil || !bytes.Equal(got, want)) {
				t.Fatalf("%d bytes: %v, %v, want %v", n, got, err, want)
			}
		}
	})
}
