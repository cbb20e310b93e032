package obj

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

func encode(t testing.TB, c *pointcloud.Cloud) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Encode(&b, c); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRoundTrip(t *testing.T) {
	for i, o := range []pointstest.Options{
		{W: 1}, {W: 50}, {W: 50, RGB: true}, {W: 7, H: 5, NaN: true, RGB: true, Fields: 1, Normals: 64}, {W: 30, Offset: true}, {W: 20_000, RGB: true},
	} {
		c := pointstest.Cloud(o, uint64(i))
		c.Unit = pointcloud.Unit(i % 2)
		b := encode(t, c)
		got, err := Decode(bytes.NewReader(b), Options{})
		if err != nil {
			t.Errorf("%+v: %v", o, err)
			continue
		}
		want := points.Measured(c)
		want.Fields, want.Normals = nil, nil
		if d := pointstest.Diff(got, want); d != "" {
			t.Errorf("%+v: %s", o, d)
		}
		pointstest.Readers(t, b, decodeBytes)
	}
	// Every colour, and points far away without an offset.
	c := &pointcloud.Cloud{XYZ: make([]float32, 3*256), RGB: make([]uint8, 3*256)}
	for i := range 256 {
		copy(c.XYZ[3*i:], []float32{489000 + float32(i)/32, 5421000.5, 0.1})
		copy(c.RGB[3*i:], []uint8{uint8(i), 255, uint8(i / 2)})
	}
	got, err := Decode(bytes.NewReader(encode(t, c)), Options{})
	if err != nil || pointstest.Diff(got, c) != "" {
		t.Errorf("%v, %s", err, pointstest.Diff(got, c))
	}
}

func TestVariants(t *testing.T) {
	for name, b := range map[string]string{
		"plain":      "v 1 2 3\nv 4 5 6\n",
		"whole mesh": "# made by hand\nmtllib a.mtl\no part\nv 1 2 3\nv 4.0 5e0 6\nvt 0 1\nvn 0 0 1\ns off\nf 1/1/1 2/1/1 1/1/1\nvp 1\n",
		"weights":    "v 1 2 3 1\nv 4 5 6 1.0\n",
		"CR LF":      "v 1 2 3\r\nv 4 5 6\r\n",
		"indented":   "\t v\t1  2 3 \n\n\n  v 4 5 6",
	} {
		c, err := Decode(strings.NewReader(b), Options{})
		if err != nil || pointstest.Diff(c, &pointcloud.Cloud{XYZ: []float32{1, 2, 3, 4, 5, 6}}) != "" {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
	for name, b := range map[string]string{"to 1": "v 1 2 3 1 0.5 0\n", "to 255": "v 1 2 3 255 128 0\n", "alpha": "v 1 2 3 1 .5 0 1\n"} {
		c, err := Decode(strings.NewReader(b), Options{})
		if err != nil || !bytes.Equal(c.RGB, []byte{255, 128, 0}) {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
	c, err := Decode(strings.NewReader("# unit mm\nv 489000.123 5421000.456 312.789\nv 489001.5 5421002.25 313.001\nv nan 0 0\n"), Options{})
	const tolerance = 1e-7 // 2⁻²⁴ of the extent of 1.8 m
	if err != nil || c.Absolute(0).Sub(r3.Vector{X: 489000.123, Y: 5421000.456, Z: 312.789}).Norm() > tolerance || c.Unit != pointcloud.Millimetre || c.CountValid() != 2 {
		t.Errorf("%+v, %v", c, err)
	}
	h, err := DecodeHeader(strings.NewReader("# a\n#b\nv 1 2 3 1 1 1\n# c\n"), Options{})
	if err != nil || !h.Colour || !slices.Equal(h.Comments, []string{"a", "b"}) {
		t.Errorf("%+v, %v", h, err)
	}
}

func TestMalformed(t *testing.T) {
	for _, test := range []struct {
		b    string
		want error
		say  string
	}{
		{"", ErrFormat, "no vertex in the file"},
		{"f 1 2 3\n", ErrFormat, "no vertex in the file"},
		{"v 1 2\n", ErrFormat, "vertex 1 (line 1): 2 values, want 3, or 6 with a colour"},
		{"v 1 2 3 4 5\n", ErrFormat, "vertex 1 (line 1): 5 values, want 3, or 6 with a colour"},
		{"#\nv 1 2 3\nv 1 2 3 1 1 1\n", ErrFormat, "vertex 2 (line 3): 6 values, while the first vertex has 3: a colour for all or for none"},
		{"v 1,5 2,5 3\n", ErrFormat, `vertex 1 (line 1): "1,5" is not a number (a decimal comma?)`},
		{"v 1 2 \\\n3\n", ErrFormat, `vertex 1 (line 1): "\\" is not a number`},
		{"v 1 2 3 red 0 0\n", ErrFormat, `vertex 1 (line 1): "red" is not a number`},
		{"v 1 2 3\n" + strings.Repeat("f", 70_000), ErrLimit, "line 2: line of more than 64 KiB"},
	} {
		_, err := Decode(strings.NewReader(test.b), Options{})
		if !errors.Is(err, test.want) || err.Error() != "obj: "+test.say {
			t.Errorf("%.60q:\n got  %v\n want obj: %s", test.b, err, test.say)
		}
	}
	if _, err := Decode(strings.NewReader("v 1 2 3\nv 1 2 3\n"), Options{MaxPoints: 1}); !errors.Is(err, ErrLimit) {
		t.Errorf("MaxPoints 1: %v", err)
	}
}

func TestMemory(t *testing.T) {
	for name, b := range map[string]string{
		"short": strings.Repeat("v 1 1 1\n", 1<<19),
		"far":   strings.Repeat("v 7e9 .1 1\nv nan 1 1\n", 1<<18),
		"rgb":   strings.Repeat("v 1 1 1 1 1 1\n", 1<<18),
	} {
		used := pointstest.Allocated(func() { Decode(strings.NewReader(b), Options{}) })
		if t.Logf("%s: %d for %d", name, used, len(b)); used > pointstest.Bound(len(b)) {
			t.Errorf("%s: %d bytes allocated for %d", name, used, len(b))
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("# unit mm\nv 1 2 3\r\nvn 0 0 1\nv 4 5 6 1\n"))
	f.Add([]byte("v 489000.123 5421000.456 312.789\nv nan 2 1.#IND\n"))
	f.Add(encode(f, pointstest.Cloud(pointstest.Options{W: 9, RGB: true}, 1)))
	f.Fuzz(func(t *testing.T, b []byte) {
		c := pointstest.Decodes(t, b, 0, decodeBytes, ErrFormat, ErrLimit)
		if c == nil {
			return
		}
		if _, err := DecodeHeader(bytes.NewReader(b), Options{}); err != nil {
			t.Fatal(err)
		}
		if c.CountValid() == 0 {
			return // nothing to write
		}
		got, err := Decode(bytes.NewReader(encode(t, c)), Options{})
		if err != nil {
			t.Fatalf("written again: %v", err)
		}
		if d := pointstest.Diff(got, points.Measured(c)); d != "" && !points.Moved(c) {
			t.Fatalf("written again: %s", d)
		}
	})
}

func ExampleDecode() {
	c, err := Decode(strings.NewReader("o square\nv 0 0 1\nv 2 0 1\nv 2 2 1\nv 0 2 1\nf 1 2 3 4\n"), Options{})
	fmt.Println(c.Len(), c.XYZ[3:6], err)
	// Output: 4 [2 0 1] <nil>
}

func ExampleEncode() {
	c := &pointcloud.Cloud{XYZ: []float32{0, 0.25, 0.5}, RGB: []uint8{255, 0, 51}}
	if err := Encode(os.Stdout, c); err != nil {
		fmt.Println(err)
	}
	// Output: v 0 0.25 0.5 1 0 0.2
}

func ExampleDecodeHeader() {
	h, err := DecodeHeader(strings.NewReader("# from a scanner\nv 0 0 1 0.5 0.5 0.5\n"), Options{})
	fmt.Println(h.Colour, h.Comments, err)
	// Output: true [from a scanner] <nil>
}
