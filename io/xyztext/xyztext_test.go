package xyztext

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

	"github.com/iad3d/iad3d/internal/points"
	"github.com/iad3d/iad3d/internal/pointstest"
	"github.com/iad3d/iad3d/pointcloud"
)

func decodeBytes(r io.Reader) (*pointcloud.Cloud, error) { return Decode(r, Options{}) }

func encode(t testing.TB, c *pointcloud.Cloud, f Format) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Encode(&b, c, EncodeOptions{Format: f}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRoundTrip(t *testing.T) {
	for i, o := range []pointstest.Options{
		{W: 1}, {W: 50}, {W: 50, RGB: true}, {W: 40, RGB: true, Normals: 64, Fields: 3}, {W: 40, Normals: 32, Fields: 1, NaN: true, Finite: true},
		{W: 7, H: 5, NaN: true, Finite: true, RGB: true, Fields: 1, Normals: 64}, {W: 30, Offset: true, Fields: 1}, {W: 20_000, RGB: true},
	} {
		for _, f := range []Format{XYZ, CSV, PTS} {
			c := pointstest.Cloud(o, uint64(i))
			if f != PTS {
				c.Unit = pointcloud.Unit(i % 2)
			}
			b := encode(t, c, f)
			got, err := Decode(bytes.NewReader(b), Options{})
			if err != nil {
				t.Errorf("%+v %d: %v\n%.300s", o, f, err, b)
				continue
			}
			want := c
			if f != XYZ || !c.Organised() {
				want = points.Measured(c)
			}
			if f == PTS {
				want.Normals, want.Fields = nil, nil
			}
			if d := pointstest.Diff(got, want); d != "" {
				t.Errorf("%+v %d: %s\n%.300s", o, f, d, b)
			}
			pointstest.Readers(t, b, decodeBytes)
		}
	}
	// Points far away without an offset; intensity of PTS, with colour and without.
	c := &pointcloud.Cloud{XYZ: make([]float32, 3*256), RGB: make([]uint8, 3*256), Fields: []pointcloud.Field{{Name: "intensity", Values: make([]float32, 256)}}}
	for i := range 256 {
		copy(c.XYZ[3*i:], []float32{489000 + float32(i)/32, 5421000.5, 0.1})
		copy(c.RGB[3*i:], []uint8{uint8(i), 255, uint8(i / 2)})
		c.Fields[0].Values[i] = float32(i) - 2048
	}
	for range 2 {
		for _, f := range []Format{XYZ, CSV, PTS} {
			got, err := Decode(bytes.NewReader(encode(t, c, f)), Options{})
			if err != nil || pointstest.Diff(got, c) != "" {
				t.Errorf("%d: %v, %s", f, err, pointstest.Diff(got, c))
			}
		}
		c.RGB = nil
	}
}

func TestSeparators(t *testing.T) {
	for name, test := range map[string]struct {
		b     string
		sep   byte
		comma bool
		named bool
	}{
		"blanks":             {"1 2.5 3\n4 5 6\n", ' ', false, false},
		"tabs":               {"1\t2.5\t3\n4\t5\t6", ' ', false, false},
		"commas":             {"1,2.5,3\n4,5,6\n", ',', false, false},
		"commas and blanks":  {"1, 2.5, 3\n4 ,5 ,6\n", ',', false, false},
		"comma at the end":   {"1,2.5,3,\n4,5,6,\n", ',', false, false},
		"semicolons":         {"1;2.5;3\n4;5;6\n", ';', false, false},
		"decimal commas":     {"1,0 2,5 3,0\n4,0 5,0 6,0\n", ' ', true, false},
		"decimal commas 2":   {"1;2,5;3\n4;5;6\n", ';', true, false},
		"CR LF":              {"1 2.5 3\r\n4 5 6\r\n", ' ', false, false},
		"CR":                 {"1 2.5 3\r4 5 6", ' ', false, false},
		"byte order mark":    {"\xef\xbb\xbf1 2.5 3\n4 5 6\n", ' ', false, false},
		"comments":           {"# hello\n// x\n% y\n\n1 2.5 3\n# in between\n4 5 6\n", ' ', false, false},
		"names":              {"x y z\n1 2.5 3\n4 5 6\n", ' ', false, true},
		"names, other order": {"Z,X,Y\n3,1,2.5\n6,4,5\n", ',', false, true},
		"quoted":             {"\"x\";\"y\";\"z\"\n1;2,5;3\n4;5;6\n", ';', true, true},
		"names in a comment": {"//X Y Z\n1 2.5 3\n4 5 6\n", ' ', false, true},
		"PTS":                {"2\n1 2.5 3\n4 5 6\n", ' ', false, false},
		"PTS, two blocks":    {"1\n1 2.5 3\n1\n4 5 6\n", ' ', false, false},
		"pandas":             {",x,y,z\n0,1,2.5,3\n1,4,5,6\n", ',', false, true},
		"exponents":          {"1e0 2.5E+00 3.e0\n4 .5e1 6\n", ' ', false, false},
	} {
		c, err := Decode(strings.NewReader(test.b), Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := pointstest.Diff(c, &pointcloud.Cloud{XYZ: []float32{1, 2.5, 3, 4, 5, 6}}); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		h, err := DecodeHeader(strings.NewReader(test.b), Options{})
		if err != nil || h.Separator != test.sep || h.DecimalComma != test.comma || h.Named != test.named {
			t.Errorf("%s: %+v, %v", name, h, err)
		}
	}
}

func TestColumns(t *testing.T) {
	for b, want := range map[string]string{
		"1 2 3 255 0 7\n":                          "x y z red green blue",
		"1 2 3 256 0 7\n":                          "x y z column4 column5 column6",
		"1 2 3 0 0.6 0.8\n":                        "x y z nx ny nz",
		"1 2 3 0 0.6 0.8 255 0 7\n":                "x y z nx ny nz red green blue",
		"1 2 3 255 0 7 0 0.6 -0.8 5.5\n":           "x y z red green blue nx ny nz column10",
		"1 2 3 1\n":                                "x y z column4",
		"1\n1 2 3 1\n":                             "x y z intensity",
		"1\n1 2 3 -1024 1 2 3\n":                   "x y z intensity red green blue",
		"1\n1 2 3 100 1 2 3\n":                     "x y z intensity red green blue",
		"1 2 3 5.5 1 2 3\n":                        "x y z column4 red green blue",
		"X,Y,Z,Intensity,R,G,B\n1,2,3,0.5,1,2,3\n": "X Y Z Intensity R G B",
		"//X Y Z R G B Scalar Nx Ny Nz\n1 2 3 4 5 6 7 8 9 1\n": "X Y Z R G B Scalar Nx Ny Nz",
	} {
		h, err := DecodeHeader(strings.NewReader(b), Options{})
		if err != nil || strings.Join(h.Columns, " ") != want {
			t.Errorf("%q: %q, %v, want %q", b, h.Columns, err, want)
		}
		if _, err := Decode(strings.NewReader(b), Options{}); err != nil {
			t.Errorf("%q: %v", b, err)
		}
	}
	c, err := Decode(strings.NewReader("x [mm];y [mm];z [mm];r;g;b;score\n1;2;3;0;0,5;1;7,25\n4;;6;1;1;0;\n"), Options{})
	if err != nil || c.Unit != pointcloud.Millimetre || !bytes.Equal(c.RGB, []byte{0, 128, 255, 255, 255, 0}) || c.Field("score")[0] != 7.25 || c.Field("score")[1] == c.Field("score")[1] || !slices.Equal(c.Valid, []bool{true, false}) {
		t.Errorf("%+v, %v", c, err)
	}
	c, err = Decode(strings.NewReader("489000.123 5421000.456 312.789\n489001.5 5421002.25 313.001\n"), Options{})
	const tolerance = 1e-7 // 2⁻²⁴ of the extent of 1.8 m
	if err != nil || c.Absolute(0).Sub(r3.Vector{X: 489000.123, Y: 5421000.456, Z: 312.789}).Norm() > tolerance {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestMalformed(t *testing.T) {
	for _, test := range []struct {
		b    string
		want error
		say  string
	}{
		{"", ErrFormat, "the file is empty"},
		{" \n\n", ErrFormat, "the file is empty"},
		{"# only\n", ErrFormat, "no line of numbers in the first 7 bytes"},
		{"x y z\n", ErrFormat, "no line of numbers in the first 6 bytes"},
		{"<!DOCTYPE html>\n<p>hello", ErrFormat, `line 1 is neither names nor numbers: "<!DOCTYPE html>"`},
		{"x y z\nhello\n", ErrFormat, `line 2: 1 values in "hello", want 3 or more: x, y, z`},
		{"1 2\n", ErrFormat, `line 1: 2 values in "1 2", want 3 or more: x, y, z`},
		{"5\n1 2\n", ErrFormat, `line 2: 2 values in "1 2", want 3 or more: x, y, z`},
		{"1 2 3\n4 5\n", ErrFormat, "line 2: 2 values, want 3"},
		{"1 2 3\n4 5 6 7\n", ErrFormat, "line 2: 4 values, want 3"},
		{"1 2 3\n4 x 6\n", ErrFormat, `line 2: y: "x" is not a number`},
		{"1 2 3\n4 5,5 6\n", ErrFormat, `line 2: y: "5,5" is not a number (a decimal comma?)`},
		{"1,5 2,5 3,5\n4,5 5.5 6,1.2\n", ErrFormat, `line 2: z: "6,1.2" is not a number (a decimal comma?)`},
		{"1 2 3 4 5 6\n1 2 3 4 5 300\n", ErrFormat, ""}, // not a colour
		{strings.Repeat("1 2 3 4 5 6\n", 300) + "1 2 3 4 5 300\n", ErrFormat, `line 301: blue: "300" is not of type uint8`},
		{"a b c\n1 2 3\n", ErrFormat, `columns "a b c": no "x"`},
		{"x y z w\n1 2 3\n", ErrFormat, `line 1: "x y z w" names not as many columns as there are values in the first row, 3`},
		{"x,y,x\n1,2,3\n", ErrFormat, `columns "x y x": "x" is there twice`},
		{"3\n1 2 3\n4 5 6\n", ErrFormat, "point 3 of 3: unexpected EOF"},
		{"1\n1 2 3\n4 5 6\n", ErrFormat, "line 3: more than the 1 points that were announced"},
		{"999999999999\n1 2 3\n", ErrLimit, "999999999999 points, at most 134217728 are read"},
		{"# raster 2 2\n1 2 3\n", ErrFormat, "1 points, but a raster of 2 × 2: unexpected EOF"},
		{"# raster 99999999 99999999\n1 2 3\n", ErrLimit, "raster of 99999999 × 99999999 points, at most 134217728 are read"},
		{strings.Repeat("1 ", 2000) + "\n", ErrLimit, "2000 columns, at most 1000 are read"},
		{strings.Repeat("1", 70_000), ErrLimit, "line 1: line of more than 64 KiB"},
		{"1 2 3\n" + strings.Repeat("1", 70_000), ErrLimit, "line 2: line of more than 64 KiB"},
	} {
		_, err := Decode(strings.NewReader(test.b), Options{})
		if test.say == "" {
			if err != nil {
				t.Errorf("%.60q: %v", test.b, err)
			}
			continue
		}
		if !errors.Is(err, test.want) || err.Error() != "xyztext: "+test.say {
			t.Errorf("%.60q:\n got  %v\n want xyztext: %s", test.b, err, test.say)
		}
	}
	for _, b := range []string{"1 2 3\n4 5 6\n", "2\n1 2 3\n4 5 6\n"} {
		if _, err := Decode(strings.NewReader(b), Options{MaxPoints: 1}); !errors.Is(err, ErrLimit) {
			t.Errorf("%q with MaxPoints 1: %v", b, err)
		}
	}
}

func TestMemory(t *testing.T) {
	for name, b := range map[string]string{
		"short":   strings.Repeat("1 1 1\n", 1<<19),
		"colours": strings.Repeat("1 1 1 1 1 1\n", 1<<18),
		"fields":  strings.Repeat("1 1 1"+strings.Repeat(" 9", 900)+"\n", 1000),
		"far":     strings.Repeat("7e9 .1 1\nnan 1 1\n", 1<<18),
		"promise": "100000000\n" + strings.Repeat("1 1 1\n", 1<<10),
		"columns": strings.Repeat("1;", 999) + "\n",
	} {
		used := pointstest.Allocated(func() { Decode(strings.NewReader(b), Options{}) })
		if t.Logf("%s: %d for %d", name, used, len(b)); used > pointstest.Bound(len(b)) {
			t.Errorf("%s: %d bytes allocated for %d", name, used, len(b))
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, format := range []Format{XYZ, CSV, PTS} {
		f.Add(encode(f, pointstest.Cloud(pointstest.Options{W: 3, H: 3, RGB: true, Normals: 32, Fields: 1, NaN: true, Finite: true}, 1), format))
	}
	for _, s := range []string{
		"489000.123 5421000.456 312.789\nnan 2 1.#IND\n", "1,5 2,5 3,5\n1,0 2,0 3,0\n", "\"x [mm]\";y;z;score\n1;2,5;3;\n", "2\n1 2 3 -100 1 2 3\n4 5 6 7 8 9 10\n",
		"//X Y Z R G B\r\n1 2 3 0.1 0.2 0.3\r\n", ",x,y,z\n0,1,2,3\n", "# raster 2 1\n1 2 3\r4 5 6",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		o := Options{MaxPoints: 1 << 20}
		c := pointstest.Decodes(t, b, 0, func(r io.Reader) (*pointcloud.Cloud, error) { return Decode(r, o) }, ErrFormat, ErrLimit)
		if c == nil {
			return
		}
		if h, err := DecodeHeader(bytes.NewReader(b), o); err != nil || h.Width != c.Width {
			t.Fatalf("%+v, %v", h, err)
		}
		if c.CountValid() == 0 {
			return // nothing to write
		}
		for i := range c.Fields {
			c.Fields[i].Name = fmt.Sprintf("field%d", i)
		}
		got, err := Decode(bytes.NewReader(encode(t, c, XYZ)), Options{})
		if err != nil {
			t.Fatalf("written again: %v", err)
		}
		want := c
		if !c.Organised() {
			want = points.Measured(c)
		}
		for _, c := range []*pointcloud.Cloud{got, want} {
			c.Fields, c.Normals = nil, nil // NaN has no payload in text
		}
		if d := pointstest.Diff(got, want); d != "" && !points.Moved(c) {
			t.Fatalf("written again: %s", d)
		}
	})
}

func ExampleDecode() {
	c, err := Decode(strings.NewReader("x;y;z;score\n0,5;1;2;7\n0,25;1;2;8\n"), Options{})
	fmt.Println(c.XYZ, c.Field("score"), err)
	// Output: [0.5 1 2 0.25 1 2] [7 8] <nil>
}

func ExampleEncode() {
	c := &pointcloud.Cloud{XYZ: []float32{0, 0.25, 0.5}, RGB: []uint8{255, 0, 51}, Fields: []pointcloud.Field{{Name: "score", Values: []float32{2.5}}}}
	for _, f := range []Format{XYZ, CSV, PTS} {
		if err := Encode(os.Stdout, c, EncodeOptions{Format: f}); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// # x y z red green blue score
	// 0 0.25 0.5 255 0 51 2.5
	// x,y,z,red,green,blue,score
	// 0,0.25,0.5,255,0,51,2.5
	// 1
	// 0 0.25 0.5 255 0 51
}

func ExampleDecodeHeader() {
	h, err := DecodeHeader(strings.NewReader("0,5;1;2;255;0;0\n0,25;1;2;0;255;0\n"), Options{})
	fmt.Printf("%c %v %s %v\n", h.Separator, h.DecimalComma, h.Columns, err)
	// Output: ; true [x y z red green blue] <nil>
}
