// Package pointstest holds what the tests of point-file readers share: clouds
// full of awkward values, a comparison of bits, and the checks that every reader
// must pass.
package pointstest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
	"testing/iotest"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/pointcloud"
)

// Options say what Cloud puts in beside coordinates.
type Options struct {
	W, H    int // organised when both are set, else W points
	Normals int // bits of their values: 0 (none), 32 or 64
	RGB     bool
	Fields  int
	NaN     bool // missing points, and NaN with a payload in fields
	Offset  bool
	Finite  bool // no infinite, and no signalling NaN
}

// Cloud returns a cloud of random values: denormals, negative zeros, the largest
// and smallest floats and, as asked for, NaN.
func Cloud(o Options, seed uint64) *pointcloud.Cloud {
	rng := rand.New(rand.NewPCG(seed, 7))
	n := o.W
	c := &pointcloud.Cloud{}
	if o.H > 0 {
		n *= o.H
		c.Width, c.Height = o.W, o.H
	}
	number := func() float32 {
		switch rng.IntN(8) {
		case 0:
			return float32(math.Copysign(0, -1))
		case 1:
			return math.Float32frombits(rng.Uint32() & 0x807fffff) // denormal
		case 2:
			return math.MaxFloat32
		case 3:
			return float32(rng.NormFloat64())
		}
		for {
			if v := math.Float32frombits(rng.Uint32()); v-v == 0 {
				return v
			}
		}
	}
	c.XYZ = make([]float32, 3*n)
	for i := range c.XYZ {
		c.XYZ[i] = number()
		if o.Offset {
			c.XYZ[i] = float32(rng.IntN(1<<20)-1<<19) / (1 << 14)
		}
	}
	if o.Offset {
		c.Offset = r3.Vector{X: 489_024, Y: 5_421_056, Z: 0} // what OffsetFor gives
	}
	if o.NaN {
		c.Valid = make([]bool, n)
		for i := range n {
			if c.Valid[i] = rng.IntN(3) > 0; !c.Valid[i] {
				c.XYZ[3*i+rng.IntN(3)] = float32(math.NaN())
			}
		}
	}
	if o.Normals > 0 {
		c.Normals = make([]float64, 3*n)
		for i := range c.Normals {
			c.Normals[i] = float64(number())
			if o.Normals == 64 {
				c.Normals[i] = rng.NormFloat64()
			}
		}
	}
	if o.RGB {
		c.RGB = make([]uint8, 3*n)
		for i := range c.RGB {
			c.RGB[i] = uint8(rng.Uint32())
		}
	}
	for k := range o.Fields {
		f := pointcloud.Field{Name: fmt.Sprintf("field%d", k), Values: make([]float32, n)}
		for i := range f.Values {
			f.Values[i] = number()
			if o.NaN && rng.IntN(4) == 0 {
				f.Values[i] = float32(math.NaN())
				if !o.Finite {
					f.Values[i] = math.Float32frombits(0x7f800001 + rng.Uint32N(1000))
				}
			}
		}
		c.Fields = append(c.Fields, f)
	}
	return c
}

// Diff says where two clouds differ in a bit, or returns "". Of missing points
// only that they are missing is compared.
func Diff(got, want *pointcloud.Cloud) string {
	switch {
	case got.Len() != want.Len():
		return fmt.Sprintf("%d points, want %d", got.Len(), want.Len())
	case got.Width != want.Width || got.Height != want.Height:
		return fmt.Sprintf("%d×%d, want %d×%d", got.Width, got.Height, want.Width, want.Height)
	case got.Unit != want.Unit || got.Offset != want.Offset:
		return fmt.Sprintf("unit %v offset %v, want %v %v", got.Unit, got.Offset, want.Unit, want.Offset)
	case (got.Normals == nil) != (want.Normals == nil) || (got.RGB == nil) != (want.RGB == nil) || len(got.Fields) != len(want.Fields):
		return fmt.Sprintf("normals %v, colour %v, %d fields; want %v, %v, %d", got.Normals != nil, got.RGB != nil, len(got.Fields),
			want.Normals != nil, want.RGB != nil, len(want.Fields))
	case !bytes.Equal(got.RGB, want.RGB):
		return "colours differ"
	}
	for i := range want.Len() {
		if got.IsValid(i) != want.IsValid(i) {
			return fmt.Sprintf("point %d: valid %v, want %v (%v, %v)", i, got.IsValid(i), want.IsValid(i), got.At(i), want.At(i))
		}
		for k := 3 * i; k < 3*i+3; k++ {
			if want.IsValid(i) && math.Float32bits(got.XYZ[k]) != math.Float32bits(want.XYZ[k]) {
				return fmt.Sprintf("point %d: coordinate %x, want %x (%v, %v)", i, math.Float32bits(got.XYZ[k]), math.Float32bits(want.XYZ[k]), got.XYZ[k], want.XYZ[k])
			}
			if want.Normals != nil && math.Float64bits(got.Normals[k]) != math.Float64bits(want.Normals[k]) {
				return fmt.Sprintf("point %d: normal %v, want %v", i, got.Normals[k], want.Normals[k])
			}
		}
	}
	for k, f := range want.Fields {
		if got.Fields[k].Name != f.Name {
			return fmt.Sprintf("field %d is %q, want %q", k, got.Fields[k].Name, f.Name)
		}
		for i, v := range f.Values {
			if math.Float32bits(got.Fields[k].Values[i]) != math.Float32bits(v) {
				return fmt.Sprintf("field %q of point %d: %x, want %x", f.Name, i, math.Float32bits(got.Fields[k].Values[i]), math.Float32bits(v))
			}
		}
	}
	return ""
}

// Decoder is a reader under test.
type Decoder func(io.Reader) (*pointcloud.Cloud, error)

// Readers fails the test unless a file gives the same through readers that hand
// out a byte at a time, that give data with io.EOF, that cannot seek, and that
// stop half way.
func Readers(t testing.TB, b []byte, decode Decoder) {
	t.Helper()
	want, wantErr := decode(bytes.NewReader(b))
	for name, r := range map[string]io.Reader{
		"one byte":     iotest.OneByteReader(bytes.NewReader(b)),
		"half":         iotest.HalfReader(bytes.NewReader(b)),
		"data+EOF":     iotest.DataErrReader(bytes.NewReader(b)),
		"not a seeker": struct{ io.Reader }{bytes.NewReader(b)},
	} {
		got, err := decode(r)
		if (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() {
			t.Fatalf("%s: error %v, want %v", name, err, wantErr)
		}
		if err == nil {
			if d := Diff(got, want); d != "" {
				t.Fatalf("%s: %s", name, d)
			}
		}
	}
	if wantErr != nil {
		return
	}
	broken := errors.New("broken")
	_, err := decode(io.MultiReader(bytes.NewReader(b[:len(b)/2]), iotest.ErrReader(broken)))
	if !errors.Is(err, broken) {
		t.Fatalf("broken reader: %v", err)
	}
}

// Bound is what a file of so many bytes may cost: 16 MiB and 8 times its size.
func Bound(size int) uint64 { return 16<<20 + 8*uint64(size) }

// Accepted is what a file that is read to so many bytes may cost: 16 MiB and 4 times
// that.
func Accepted(decoded int) uint64 { return 16<<20 + 4*uint64(decoded) }

// Allocated returns the bytes that fn allocates, freed ones included.
func Allocated(fn func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// Decodes is what a fuzz target asks of a reader for any input: that it stays
// within Bound, or within that of size where it is more than the input's, gives
// the same a byte at a time, and fails with one of the classes, or else gives a
// sound cloud, which is returned.
func Decodes(t testing.TB, b []byte, size int, decode Decoder, classes ...error) *pointcloud.Cloud {
	t.Helper()
	var c *pointcloud.Cloud
	var err error
	if used := Allocated(func() { c, err = decode(bytes.NewReader(b)) }); used > Bound(max(size, len(b))) {
		t.Fatalf("%d bytes allocated for a file of %d", used, len(b))
	}
	again, againErr := decode(iotest.OneByteReader(bytes.NewReader(b)))
	if fmt.Sprint(err) != fmt.Sprint(againErr) {
		t.Fatalf("one byte at a time: %v, else %v", againErr, err)
	}
	if err != nil {
		for _, class := range classes {
			if errors.Is(err, class) {
				return nil
			}
		}
		t.Fatalf("error of no class: %v", err)
	}
	if d := Diff(again, c); d != "" {
		t.Fatalf("one byte at a time: %s", d)
	}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	return c
}
