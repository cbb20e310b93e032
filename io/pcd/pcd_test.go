package pcd

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
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

var encodings = []Encoding{BinaryCompressed, Binary, ASCII}

// shapes are clouds that every encoding must keep.
var shapes = []pointstest.Options{
	{W: 0},
	{W: 1},
	{W: 9},
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
			got, err := Decode(bytes.NewReader(encode(t, c, e)), Options{})
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

func TestReaders(t *testing.T) {
	for i, o := range shapes {
		for _, e := range encodings {
			if b := encode(t, pointstest.Cloud(o, uint64(i)), e); o.W > 0 {
				pointstest.Readers(t, b, decodeBytes)
				pointstest.Readers(t, b[:len(b)-3], decodeBytes)
			}
		}
	}
}

// TestTruncated: no prefix of a file is taken for a file, but for one that lacks
// the end of its last line only.
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
				if !errors.Is(err, ErrFormat) && !errors.Is(err, ErrUnsupported) { // DATA b
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

// file is a header of xyz points in F 4 with other entries in place of some.
func file(data string, entries ...string) string {
	lines := []string{"VERSION .7", "FIELDS x y z", "SIZE 4 4 4", "TYPE F F F", "COUNT 1 1 1", "WIDTH 2", "HEIGHT 1", "VIEWPOINT 0 0 0 1 0 0 0", "POINTS 2", "DATA ascii"}
	for _, e := range entries {
		key, _, _ := strings.Cut(e, " ")
		i := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, strings.TrimPrefix(key, "-")) })
		switch {
		case strings.HasPrefix(key, "-"):
			lines = slices.Delete(lines, i, i+1)
		case i < 0:
			lines = append([]string{e}, lines...)
		default:
			lines[i] = e
		}
	}
	return strings.Join(lines, "\n") + "\n" + data
}

func TestVariants(t *testing.T) {
	const xyz = "1 2 3\n4 5 6\n"
	f4 := func(v ...float32) string {
		var b []byte
		for _, x := range v {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
		}
		return string(b)
	}
	for name, b := range map[string]string{
		"plain":            file(xyz),
		"version .5":       file(xyz, "VERSION .5", "-VIEWPOINT"),
		"COLUMNS":          strings.Replace(file(xyz, "VERSION .5", "-VIEWPOINT", "-COUNT"), "FIELDS", "COLUMNS", 1),
		"no COUNT":         file(xyz, "-COUNT"),
		"no POINTS":        file(xyz, "-POINTS"),
		"no WIDTH, HEIGHT": file(xyz, "-WIDTH", "-HEIGHT"),
		"one column":       file(xyz, "WIDTH 1", "HEIGHT 2"),
		"CR LF":            strings.ReplaceAll(file(xyz), "\n", "\r\n"),
		"CR":               strings.ReplaceAll(file(xyz), "\n", "\r"),
		"blank lines":      strings.ReplaceAll(file("\n1 2 3\n \n4 5 6"), "VERSION", "\n# hello\n\nVERSION"),
		"tabs":             file("1\t2 3 \n 4 5  6\n"),
		"other order":      file("3 1 2\n6 4 5\n", "FIELDS z x y"),
		"padding":          file("1 9 8 7 2 3\n4 9 8 7 5 6\n", "FIELDS x _ y z", "SIZE 4 1 4 4", "TYPE F U F F", "COUNT 1 3 1 1"),
		"F 8":              file(xyz, "SIZE 8 4 8"),
		"integers":         file(xyz, "SIZE 2 4 1", "TYPE I U U"),
		"whole floats":     file("1.0 2 3e0\n4 5 6\n", "SIZE 2 4 1", "TYPE I U U"),
		"binary":           file(f4(1, 2, 3, 4, 5, 6), "DATA binary"),
		"binary, padding":  file(f4(1, 7, 2, 3, 4, 7, 5, 6), "DATA binary", "FIELDS x _ y z", "SIZE 4 2 4 4", "TYPE F I F F", "COUNT 1 2 1 1"),
		"compressed":       file("\x04\x00\x00\x00\x18\x00\x00\x00", "DATA binary_compressed"),
	} {
		if name == "compressed" { // as PCL: no padding stored; and as Open3D: stored
			head := file("", "DATA binary_compressed", "FIELDS x _ y z", "SIZE 4 2 4 4", "TYPE F I F F", "COUNT 1 2 1 1")
			for _, body := range []string{f4(1, 4, 2, 5, 3, 6), f4(1, 4, 7, 7, 2, 5, 3, 6)} {
				z := appendLZF(nil, []byte(body))
				check(t, name, head+string([]byte{byte(len(z)), 0, 0, 0, byte(len(body)), 0, 0, 0})+string(z))
			}
			continue
		}
		check(t, name, b)
	}
}

func check(t *testing.T, name, b string) {
	t.Helper()
	c, err := Decode(strings.NewReader(b), Options{})
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if d := pointstest.Diff(c, &pointcloud.Cloud{XYZ: []float32{1, 2, 3, 4, 5, 6}}); d != "" {
		t.Errorf("%s: %s", name, d)
	}
}

func TestFields(t *testing.T) {
	c, err := Decode(strings.NewReader(file(
		"1 2 3 16711935 0 0 1 7 1 2 3\n4 5 6 4278255615 1 0 0 8 4 5 6\n",
		"FIELDS x y z rgba normal_x normal_y normal_z intensity fpfh", "SIZE 4 4 4 4 4 4 4 2 4", "TYPE F F F U F F F U F", "COUNT 1 1 1 1 1 1 1 1 3")), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(c.RGB, []byte{255, 0, 255, 0, 255, 255}) || !slices.Equal(c.Normals, []float64{0, 0, 1, 1, 0, 0}) {
		t.Errorf("colour %v, normals %v", c.RGB, c.Normals)
	}
	if len(c.Fields) != 4 || !slices.Equal(c.Field("intensity"), []float32{7, 8}) || !slices.Equal(c.Field("fpfh[2]"), []float32{3, 6}) {
		t.Errorf("fields %v", c.Fields)
	}
	// A colour of type F is the float that has its bits.
	text := fmt.Sprintf("1 2 3 %g\n4 5 6 %g\n", math.Float32frombits(0xff0010), math.Float32frombits(0x01020304))
	c, err = Decode(strings.NewReader(file(text, "FIELDS x y z rgb", "SIZE 4 4 4 4", "TYPE F F F F", "COUNT 1 1 1 1")), Options{})
	if err != nil || !bytes.Equal(c.RGB, []byte{0xff, 0, 0x10, 2, 3, 4}) {
		t.Errorf("rgb of type F: %v, %v", c.RGB, err)
	}
	// An incomplete normal, or one of integers, is a field like others.
	c, err = Decode(strings.NewReader(file("1 2 3 4\n4 5 6 5\n", "FIELDS x y z nx", "SIZE 4 4 4 4", "TYPE F F F I", "COUNT 1 1 1 1")), Options{})
	if err != nil || c.Normals != nil || !slices.Equal(c.Field("nx"), []float32{4, 5}) {
		t.Errorf("nx alone: %+v, %v", c, err)
	}
}

func TestOrganised(t *testing.T) {
	c, err := Decode(strings.NewReader(file("nan nan nan\n1 2 3\n0 0 0\n4 5 6\n", "WIDTH 2", "HEIGHT 2", "POINTS 4")), Options{})
	if err != nil || c.Width != 2 || c.Height != 2 || !slices.Equal(c.Valid, []bool{false, true, false, true}) {
		t.Errorf("%+v, %v", c, err)
	}
	c, err = Decode(strings.NewReader(file("0 0 0\n1 2 3\n")), Options{})
	if err != nil || c.Organised() || c.Valid != nil {
		t.Errorf("the origin of an unorganised cloud: %+v, %v", c, err)
	}
}

// TestOffset: coordinates of a map in metres, and their millimetres.
func TestOffset(t *testing.T) {
	const text = "489000.123 5421000.456 312.789\n489001.5 5421002.25 313.001\n"
	c, err := Decode(strings.NewReader(file(text, "SIZE 8 8 8")), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if c.Offset == (r3.Vector{}) {
		t.Fatal("no offset")
	}
	const tolerance = 1e-7 // 2⁻²⁴ of the extent of 1.8 m
	for i, want := range []r3.Vector{{X: 489000.123, Y: 5421000.456, Z: 312.789}, {X: 489001.5, Y: 5421002.25, Z: 313.001}} {
		if d := c.Absolute(i).Sub(want).Norm(); d > tolerance {
			t.Errorf("point %d is off by %g", i, d)
		}
	}
	for _, e := range encodings {
		again, err := Decode(bytes.NewReader(encode(t, c, e)), Options{})
		if err != nil || pointstest.Diff(again, c) != "" {
			t.Errorf("%v: %v, %s", e, err, pointstest.Diff(again, c))
		}
	}
	// What a float32 holds needs no offset, and a file of type F 4 has none.
	for _, text := range []string{"489000.125 5421000.5 312.75\n489001.5 5421002 313\n", text} {
		size := "SIZE 8 8 8"
		if strings.Contains(text, "456") {
			size = "SIZE 4 4 4"
		}
		if c, err = Decode(strings.NewReader(file(text, size)), Options{}); err != nil || c.Offset != (r3.Vector{}) {
			t.Errorf("%s: offset %v, %v", size, c.Offset, err)
		}
	}
}

func TestHeader(t *testing.T) {
	b := file("1 2 3 4 5\n1 2 3 4 5\n", "# .PCD v.7", "FIELDS x y z rgb _", "SIZE 4 4 4 4 1", "TYPE F F F F U", "COUNT 1 1 1 1 1", "VIEWPOINT 1 2 3 0 1 0 0")
	h, err := DecodeHeader(strings.NewReader(b), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if h.Version != ".7" || len(h.Fields) != 5 || h.Fields[3] != (Field{"rgb", 'F', 4, 1}) || h.Width != 2 || h.Height != 1 || h.Points != 2 ||
		h.Viewpoint != (Viewpoint{1, 2, 3, 0, 1, 0, 0}) || h.Encoding != ASCII || !slices.Equal(h.Comments, []string{".PCD v.7"}) || h.Organised() {
		t.Errorf("%+v", h)
	}
	var out bytes.Buffer
	if err := Encode(&out, &pointcloud.Cloud{XYZ: make([]float32, 12), Width: 2, Height: 2}, EncodeOptions{Viewpoint: &h.Viewpoint}); err != nil {
		t.Fatal(err)
	}
	if again, err := DecodeHeader(&out, Options{}); err != nil || again.Viewpoint != h.Viewpoint || !again.Organised() || again.Version != "0.7" {
		t.Errorf("%+v, %v", again, err)
	}
}

func ExampleDecode() {
	f, err := os.CreateTemp("", "*.pcd")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.Remove(f.Name())
	defer f.Close()
	c := &pointcloud.Cloud{XYZ: []float32{0, 0.25, 0.5, 1, 0.25, 0.5}}
	c.Fields = []pointcloud.Field{{Name: "score", Values: []float32{0.25, 4}}}
	if err := Encode(f, c, EncodeOptions{}); err != nil {
		fmt.Println(err)
		return
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		fmt.Println(err)
		return
	}
	back, err := Decode(f, Options{})
	fmt.Println(back.Len(), back.XYZ, back.Field("score"), err)
	// Output: 2 [0 0.25 0.5 1 0.25 0.5] [0.25 4] <nil>
}

func ExampleDecodeHeader() {
	h, err := DecodeHeader(strings.NewReader("VERSION .7\nFIELDS x y z rgb\nSIZE 4 4 4 4\nTYPE F F F F\nWIDTH 640\nHEIGHT 480\nDATA binary\n"), Options{})
	fmt.Println(h.Width, h.Height, h.Fields[3].Name, h.Encoding, h.Organised(), err)
	// Output: 640 480 rgb binary true <nil>
}

func ExampleEncode() {
	c := &pointcloud.Cloud{XYZ: []float32{0, 0.25, 0.5}, RGB: []uint8{255, 0, 51}}
	if err := Encode(os.Stdout, c, EncodeOptions{Encoding: ASCII}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// # .PCD v0.7 - Point Cloud Data file format
	// VERSION 0.7
	// FIELDS x y z rgb
	// SIZE 4 4 4 4
	// TYPE F F F U
	// COUNT 1 1 1 1
	// WIDTH 1
	// HEIGHT 1
	// VIEWPOINT 0 0 0 1 0 0 0
	// POINTS 1
	// DATA ascii
	// 0 0.25 0.5 4294901811
}
