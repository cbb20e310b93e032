package stl

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/iad3d/iad3d/internal/pointstest"
	"github.com/iad3d/iad3d/pointcloud"
)

func encode(t testing.TB, m *Mesh, o EncodeOptions) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Encode(&b, m, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// hard returns n triangles of awkward floats, NaN with payloads among them if
// wanted, and attributes.
func hard(n int, nan, attributes bool) *Mesh {
	rng := rand.New(rand.NewPCG(uint64(n), 1))
	m := &Mesh{Name: "hard to keep", XYZ: make([]float32, 9*n), Normals: make([]float32, 3*n)}
	for _, v := range [][]float32{m.XYZ, m.Normals} {
		for i := range v {
			for v[i] = math.Float32frombits(rng.Uint32()); !nan && v[i]-v[i] != 0; {
				v[i] = math.Float32frombits(rng.Uint32())
			}
			if rng.IntN(4) == 0 {
				v[i] = math.Float32frombits(rng.Uint32() & 0x807fffff) // denormal
			}
		}
	}
	if attributes {
		m.Attributes = make([]uint16, n)
		for i := range m.Attributes {
			m.Attributes[i] = uint16(rng.IntN(3))
		}
		m.Attributes[n-1] = 7
	}
	return m
}

func diff(got, want *Mesh) string {
	if got.Name != want.Name || got.Len() != want.Len() {
		return fmt.Sprintf("%q with %d triangles, want %q with %d", got.Name, got.Len(), want.Name, want.Len())
	}
	bits := func(v []float32) (b []uint32) {
		for _, x := range v {
			b = append(b, math.Float32bits(x))
		}
		return b
	}
	switch {
	case !slices.Equal(bits(got.XYZ), bits(want.XYZ)):
		return "corners differ"
	case !slices.Equal(bits(got.Normals), bits(want.Normals)):
		return "normals differ"
	case !slices.Equal(got.Attributes, want.Attributes):
		return "attributes differ"
	}
	return ""
}

func TestRoundTrip(t *testing.T) {
	for _, n := range []int{0, 1, 2, 1023, 1024, 1025, 5000} {
		m := hard(n, false, false)
		for _, o := range []EncodeOptions{{}, {ASCII: true}} {
			b := encode(t, m, o)
			got, err := Decode(bytes.NewReader(b), Options{})
			if err != nil {
				t.Errorf("%d %+v: %v", n, o, err)
			} else if d := diff(got, m); d != "" {
				t.Errorf("%d %+v: %s", n, o, d)
			}
			h, err := DecodeHeader(bytes.NewReader(b), Options{})
			if err != nil || h.ASCII != o.ASCII || h.Name != m.Name || !h.ASCII && h.Triangles != n {
				t.Errorf("%+v, %v", h, err)
			}
			for name, r := range map[string]io.Reader{"one byte": iotest.OneByteReader(bytes.NewReader(b)), "stream": struct{ io.Reader }{bytes.NewReader(b)}} {
				got, err := Decode(r, Options{})
				if err != nil || diff(got, m) != "" {
					t.Errorf("%s: %d %+v: %v", name, n, o, err)
				}
			}
		}
		if n > 0 {
			m = hard(n, true, true)
			if got, err := Decode(bytes.NewReader(encode(t, m, EncodeOptions{})), Options{}); err != nil || diff(got, m) != "" {
				t.Errorf("%d: NaN and attributes: %v", n, err)
			}
		}
	}
}

// TestSolidHeader: a binary file whose header begins as an ascii file does.
func TestSolidHeader(t *testing.T) {
	m := hard(3, false, false)
	m.Name = "solid part"
	b := encode(t, m, EncodeOptions{})
	if string(b[:6]) != " solid" {
		t.Errorf("written with header %q", b[:80])
	}
	copy(b, "solid part with 80 columns of text, as some CAD programs write it: nothing else.")
	got, err := Decode(bytes.NewReader(b), Options{})
	if err != nil || got.Len() != 3 || !strings.HasPrefix(got.Name, "solid part with") {
		t.Errorf("%v", err)
	}
	for n := range b {
		if _, err := Decode(bytes.NewReader(b[:n]), Options{}); !errors.Is(err, ErrFormat) {
			t.Fatalf("%d of %d bytes: %v", n, len(b), err)
		}
	}
	if _, err := Decode(bytes.NewReader(append(b, 0)), Options{}); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "more data behind the last of 3 triangles") {
		t.Errorf("a byte more: %v", err)
	}
}

const facet = "facet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1 0 0\nvertex 0 1 0\nendloop\nendfacet\n"

func TestASCII(t *testing.T) {
	want := &Mesh{Name: "a b", XYZ: []float32{0, 0, 0, 1, 0, 0, 0, 1, 0}, Normals: []float32{0, 0, 1}}
	for name, b := range map[string]string{
		"plain":      "solid a b\n" + facet + "endsolid a b\n",
		"no end":     "solid a b\n" + facet + "endsolid",
		"capitals":   strings.ToUpper("solid ") + "a b\n" + strings.ToUpper(facet) + "ENDSOLID\n",
		"CR LF":      strings.ReplaceAll("solid a b\n"+facet+"endsolid\n", "\n", "\r\n"),
		"CR":         strings.ReplaceAll("solid a b\n"+facet+"endsolid\n", "\n", "\r"),
		"indented":   strings.ReplaceAll("solid  a  b\n"+facet+"endsolid\n", "\n", " \n\n\t "),
		"two solids": "solid a b\n" + facet + "endsolid\nsolid c\nendsolid c\n",
	} {
		got, err := Decode(strings.NewReader(b), Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if d := diff(got, want); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	b := "solid a b\n" + facet + "endsolid a b\n"
	for n := range b {
		if _, err := Decode(strings.NewReader(b[:n]), Options{}); err == nil && n < len(b)-5 {
			t.Fatalf("%q: no error", b[:n])
		}
	}
}

func TestMalformed(t *testing.T) {
	head := string(make([]byte, 80))
	for _, test := range []struct {
		b    string
		want error
		say  string
	}{
		{"", ErrFormat, "the file is empty"},
		{"hello", ErrFormat, "5 bytes, a binary file has 84 or more: unexpected EOF"},
		{"solidify\n", ErrFormat, `line 1 is "solidify", want "solid"`},
		{"solid\n", ErrFormat, "triangle 1: unexpected EOF"},
		{"solid\n" + facet, ErrFormat, "triangle 2: unexpected EOF"},
		{"solid\n" + facet[:30], ErrFormat, "triangle 1: unexpected EOF"},
		{"solid\nvertex 1 2 3\n", ErrFormat, `triangle 1 (line 2): want "facet normal"`},
		{"solid\nfacet normal 1 2\n", ErrFormat, `triangle 1 (line 2): facet normal with 2 values, want 3`},
		{"solid\nfacet normal 1 2 x\n", ErrFormat, `triangle 1 (line 2): "x" is not a number`},
		{"solid\n" + strings.Replace(facet, "vertex 1", "vertex 1,5", 1), ErrFormat, `triangle 1 (line 5): "1,5" is not a number (a decimal comma?)`},
		{"solid\n" + strings.Replace(facet, "endloop", "vertex 1 2 3", 1), ErrFormat, `triangle 1 (line 7): want "endloop"`},
		{"solid\nendsolid\nhello\n", ErrFormat, `line 3: "hello" after endsolid`},
		{"solid\n" + strings.Repeat(" ", 70_000), ErrLimit, "line 2: line of more than 64 KiB"},
		{head + "\x01\x00\x00\x00", ErrFormat, "triangle 1 of 1: 0 of 50 bytes: unexpected EOF"},
		{head + "\x02\x00\x00\x00" + head, ErrFormat, "triangle 2 of 2: 30 of 50 bytes: unexpected EOF"},
		{head + "\xff\xff\xff\xff" + head, ErrLimit, "4294967295 triangles, at most 33554432 are read"},
	} {
		_, err := Decode(strings.NewReader(test.b), Options{})
		if !errors.Is(err, test.want) || err.Error() != "stl: "+test.say {
			t.Errorf("%.60q:\n got  %v\n want stl: %s (%v)", test.b, err, test.say, test.want)
		}
	}
	for _, o := range []EncodeOptions{{}, {ASCII: true}} {
		b := encode(t, hard(3, false, false), o)
		if _, err := Decode(bytes.NewReader(b), Options{MaxTriangles: 2}); !errors.Is(err, ErrLimit) {
			t.Errorf("%+v: 3 of 2 triangles: %v", o, err)
		}
		broken := errors.New("broken")
		if _, err := Decode(io.MultiReader(bytes.NewReader(b[:100]), iotest.ErrReader(broken)), Options{}); !errors.Is(err, broken) || errors.Is(err, ErrFormat) {
			t.Errorf("broken reader: %v", err)
		}
	}
}

func TestMemory(t *testing.T) {
	many := append(make([]byte, 80), 0, 0, 0, 2) // 33 million
	for name, b := range map[string][]byte{
		"promise":    append(many, make([]byte, 4<<20)...),
		"attributes": append(many, bytes.Repeat([]byte{1}, 4<<20)...),
		"text":       []byte("solid\n" + strings.Repeat(facet, 40_000)),
		"distinct":   encode(t, hard(80_000, false, true), EncodeOptions{}),
	} {
		for kind, r := range map[string]io.Reader{"seeker": bytes.NewReader(b), "stream": struct{ io.Reader }{bytes.NewReader(b)}} {
			var err error
			used := pointstest.Allocated(func() {
				var m *Mesh
				if m, err = Decode(r, Options{}); err == nil {
					m.Vertices()
				}
			})
			t.Logf("%s, %s: %.1f MiB for a file of %.1f MiB: %v", name, kind, float64(used)/(1<<20), float64(len(b))/(1<<20), err)
			if used > pointstest.Bound(len(b)) {
				t.Errorf("%s, %s: %d bytes allocated", name, kind, used)
			}
		}
	}
}

func TestVertices(t *testing.T) {
	nan, zero := float32(math.NaN()), float32(math.Copysign(0, -1))
	m := &Mesh{Name: "part, unit mm", XYZ: []float32{0, 0, 0, 1, 0, 0, 0, 1, 0, 1, zero, 0, 0, 0, 0, 0, nan, 0}}
	c := m.Vertices()
	if !slices.Equal(c.XYZ, []float32{0, 0, 0, 1, 0, 0, 0, 1, 0}) || c.Unit != pointcloud.Millimetre || c.Organised() {
		t.Errorf("%+v", c)
	}
}

// TestSample: shares of two triangles as their areas, all points on them, and the
// mean of each at its centroid.
func TestSample(t *testing.T) {
	m := &Mesh{XYZ: []float32{
		0, 0, 0, 1, 0, 0, 0, 1, 0, // area ½
		5, 5, 5, 5, 5, 5, 6, 6, 6, // none
		0, 0, 2, 0, 3, 2, 1, 0, 2, // area 3/2, the other way round
	}}
	const n = 100_000
	c, err := m.Sample(n, 1)
	if err != nil {
		t.Fatal(err)
	}
	var count, sum [2]float64
	for i := range n {
		p, q := c.At(i), c.Normal(i)
		k := int(p.Z / 2)
		if p.Z != 0 && p.Z != 2 || p.X < 0 || p.Y < 0 || p.X+p.Y/(1+2*float64(k)) > 1+1e-6 || q.Z != float64(1-2*k) || q.X != 0 || q.Y != 0 {
			t.Fatalf("point %v, normal %v", p, q)
		}
		count[k]++
		sum[k] += p.X
	}
	// Five standard deviations of a binomial share and of a mean in a triangle.
	if math.Abs(count[0]/n-0.25) > 5*math.Sqrt(0.25*0.75/n) {
		t.Errorf("share %g, want 0.25", count[0]/n)
	}
	for k := range 2 {
		if mean := sum[k] / count[k]; math.Abs(mean-1.0/3) > 5*math.Sqrt(1.0/18/count[k]) {
			t.Errorf("mean x %g, want 1/3", mean)
		}
	}
	again, _ := m.Sample(n, 1)
	if pointstest.Diff(again, c) != "" {
		t.Error("the same seed gave other points")
	}
	if other, _ := m.Sample(n, 2); pointstest.Diff(other, c) == "" {
		t.Error("another seed gave the same points")
	}
	if _, err := (&Mesh{XYZ: make([]float32, 9)}).Sample(1, 0); !errors.Is(err, ErrSurface) {
		t.Errorf("no area: %v", err)
	}
}

func TestFromCloud(t *testing.T) {
	c := &pointcloud.Cloud{Width: 4, Height: 3, XYZ: make([]float32, 36), Valid: slices.Repeat([]bool{true}, 12), Unit: pointcloud.Millimetre}
	for i := range 12 {
		copy(c.XYZ[3*i:], []float32{float32(i % 4), float32(i / 4), 500})
	}
	m, err := FromCloud(c)
	if err != nil || m.Len() != 12 || m.Unit() != pointcloud.Millimetre {
		t.Fatalf("%v", err)
	}
	area := 0.0
	for i := range m.Len() {
		if n := m.cross(i); n.Z >= 0 {
			t.Errorf("triangle %d looks away from the camera: %v", i, n)
		} else {
			area -= n.Z / 2
		}
	}
	if area != 6 {
		t.Errorf("area %g, want 6", area)
	}
	c.Valid[0], c.Valid[6] = false, false // cost 1 and 3 triangles
	c.XYZ[3*11+2] = 600                   // a jump in depth costs 2 more
	if m, err = FromCloud(c); err != nil || m.Len() != 6 {
		t.Errorf("%d triangles, %v", m.Len(), err)
	}
	for _, c := range []*pointcloud.Cloud{{XYZ: make([]float32, 9)}, {Width: 2, Height: 2, XYZ: make([]float32, 12), Valid: make([]bool, 4)}} {
		if _, err := FromCloud(c); !errors.Is(err, ErrSurface) {
			t.Errorf("%v", err)
		}
	}
}

func TestCallerPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	Encode(io.Discard, &Mesh{XYZ: make([]float32, 9), Normals: make([]float32, 2)}, EncodeOptions{})
}

func FuzzDecode(f *testing.F) {
	for _, n := range []int{0, 1, 3} {
		f.Add(encode(f, hard(n, false, n > 0), EncodeOptions{}))
		f.Add(encode(f, hard(n, false, false), EncodeOptions{ASCII: true}))
	}
	f.Add([]byte("solid\r" + strings.ReplaceAll(facet, "\n", "\r") + "endsolid\rsolid b\rendsolid"))
	f.Fuzz(func(t *testing.T, b []byte) {
		o := Options{MaxTriangles: 1 << 20}
		h, headErr := DecodeHeader(bytes.NewReader(b), o)
		c := pointstest.Decodes(t, b, 0, func(r io.Reader) (*pointcloud.Cloud, error) {
			m, err := Decode(r, o)
			if err != nil {
				return nil, err
			}
			return m.Vertices(), nil
		}, ErrFormat, ErrLimit)
		if c == nil {
			return
		}
		m, err := Decode(bytes.NewReader(b), o)
		if err != nil || headErr != nil || !h.ASCII && h.Triangles != m.Len() {
			t.Fatalf("header %+v, %v", h, headErr)
		}
		m.Name = "fuzz"
		for _, o := range []EncodeOptions{{}, {ASCII: true}} {
			got, err := Decode(bytes.NewReader(encode(t, m, o)), Options{})
			if err != nil {
				t.Fatalf("written again: %v", err)
			}
			if d := diff(got, m); d != "" && !o.ASCII {
				t.Fatalf("written again: %s", d)
			}
		}
		if s, err := m.Sample(10, 1); err == nil && s.Len() != 10 {
			t.Fatalf("%d points", s.Len())
		}
	})
}

func ExampleMesh_Sample() {
	// A square of 2 × 2.
	m := &Mesh{XYZ: []float32{0, 0, 1, 2, 0, 1, 2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 2, 1}}
	c, err := m.Sample(1000, 0)
	lo, hi, _ := c.Bounds()
	fmt.Println(c.Len(), c.Normals[:3], lo.X >= 0 && hi.X <= 2, err)
	fmt.Println(m.Vertices().XYZ)
	// Output:
	// 1000 [0 0 1] true <nil>
	// [0 0 1 2 0 1 2 2 1 0 2 1]
}

func ExampleDecode() {
	m, err := Decode(strings.NewReader("solid part\n"+facet+"endsolid part\n"), Options{})
	fmt.Println(m.Name, m.Len(), m.Normals, err)
	// Output: part 1 [0 0 1] <nil>
}

func ExampleEncode() {
	m := &Mesh{Name: "part", XYZ: []float32{0, 0, 0, 1, 0, 0, 0, 1, 0}}
	if err := Encode(os.Stdout, m, EncodeOptions{ASCII: true}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// solid part
	// facet normal 0 0 1
	//   outer loop
	//     vertex 0 0 0
	//     vertex 1 0 0
	//     vertex 0 1 0
	//   endloop
	// endfacet
	// endsolid part
}

func ExampleDecodeHeader() {
	h, err := DecodeHeader(strings.NewReader("solid part\n"+facet+"endsolid part\n"), Options{})
	fmt.Println(h.ASCII, h.Name, err)
	// Output: true part <nil>
}

func ExampleFromCloud() {
	c := &pointcloud.Cloud{Width: 2, Height: 2, XYZ: []float32{0, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1}}
	m, err := FromCloud(c)
	fmt.Println(m.Len(), err)
	// Output: 2 <nil>
}
