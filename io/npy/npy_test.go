package npy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/iad3d/iad3d/internal/golden"
)

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(golden.Root(), "testdata", "npy", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func archive(t testing.TB, b []byte) *Archive {
	t.Helper()
	a, err := OpenArchive(bytes.NewReader(b), int64(len(b)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Files of NumPy 1.24.2: every type, byte order and memory order.
func TestDecodeNumPy(t *testing.T) {
	for _, file := range []string{"stored.npz", "deflated.npz"} {
		z := archive(t, fixture(t, file))
		if n := len(z.Names()); n != 49 {
			t.Fatalf("%s: %d arrays", file, n)
		}
		for _, name := range z.Names() {
			a, err := z.Decode(name)
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			part := strings.Split(name, "_")
			if len(part) != 3 {
				continue
			}
			if !slices.Equal(a.Shape, []int{2, 3, 4}) || types[a.Type].code != part[1] {
				t.Errorf("%s: shape %v, type %v", name, a.Shape, a.Type)
			}
			v32 := a.Float32s()
			for i, v := range a.Float64s() {
				want := float64(i)
				if part[1][0] != 'u' {
					want -= 9
				}
				if part[1][0] == 'f' {
					want /= 4
				}
				if v != want || v32[i] != float32(want) {
					t.Errorf("%s: value %d is %v and %v, want %v", name, i, v, v32[i], want)
				}
			}
		}
		for name, want := range map[string][]float64{
			"bool": {1, 0, 1}, "scalar": {2.5}, "empty": {}, "vector": {0, 1, 2, 3, 4},
			"special": {math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), 5.960464477539063e-08, 65504},
		} {
			a, err := z.Decode(name)
			if err != nil {
				t.Fatal(err)
			}
			got := a.Float64s()
			if len(got) != len(want) {
				t.Fatalf("%s: %v, want %v", name, got, want)
			}
			for i := range want {
				if math.Float64bits(got[i]) != math.Float64bits(want[i]) && !math.IsNaN(want[i]) {
					t.Errorf("%s: %v, want %v", name, got, want)
				}
			}
		}
		if _, err := z.Decode("nothing"); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "le_f4_C") {
			t.Errorf("missing array: %v", err)
		}
	}
	for _, file := range []string{"version2.npy", "version3.npy"} {
		a, err := Decode(bytes.NewReader(fixture(t, file)), Options{})
		if err != nil || !slices.Equal(a.Float32s(), []float32{0, 1, 2}) {
			t.Errorf("%s: %v, %v", file, a, err)
		}
	}
	z := archive(t, fixture(t, "refused.npz"))
	for _, name := range z.Names() {
		if _, err := z.Decode(name); !errors.Is(err, ErrUnsupported) {
			t.Errorf("%s: %v, want ErrUnsupported", name, err)
		}
	}
}

// random makes arrays of every type and of up to four dimensions.
func random(rng *rand.Rand) *Array {
	a := &Array{Type: Type(rng.IntN(len(types))), Shape: make([]int, rng.IntN(5))}
	n := a.Type.Size()
	for i := range a.Shape {
		a.Shape[i] = rng.IntN(6)
		n *= a.Shape[i]
	}
	a.Data = make([]byte, n)
	for i := range a.Data {
		a.Data[i] = byte(rng.Uint32())
		if a.Type == Bool {
			a.Data[i] &= 1
		}
	}
	return a
}

func equal(a, b *Array) bool {
	return a.Type == b.Type && slices.Equal(a.Shape, b.Shape) && bytes.Equal(a.Data, b.Data)
}

func TestRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 500 {
		a := random(rng)
		o := EncodeOptions{BigEndian: rng.IntN(2) == 0, Fortran: rng.IntN(2) == 0}
		var b bytes.Buffer
		if err := Encode(&b, a, o); err != nil {
			t.Fatal(err)
		}
		if (b.Len()-len(a.Data))%64 != 0 {
			t.Fatalf("values begin at byte %d", b.Len()-len(a.Data))
		}
		whole := bytes.Clone(b.Bytes())
		h, err := DecodeHeader(bytes.NewReader(whole), Options{})
		if err != nil || h.Type != a.Type || !slices.Equal(h.Shape, a.Shape) || h.Fortran != o.Fortran || h.BigEndian != (o.BigEndian && a.Type.Size() > 1) {
			t.Fatalf("header %+v, %v of %v %v", h, err, a.Shape, a.Type)
		}
		for _, r := range []io.Reader{bytes.NewReader(whole), iotest.OneByteReader(bytes.NewReader(whole)), iotest.DataErrReader(bytes.NewReader(whole))} {
			if got, err := Decode(r, Options{}); err != nil || !equal(got, a) {
				t.Fatalf("%+v: %v, want %v; %v", o, got, a, err)
			}
		}
		if n := len(whole); n > 0 { // cut anywhere
			if _, err := Decode(bytes.NewReader(whole[:rng.IntN(n)]), Options{}); !errors.Is(err, ErrFormat) || !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("cut short: %v", err)
			}
		}
	}
}

// Several arrays in one stream are read one after the other.
func TestStream(t *testing.T) {
	var b bytes.Buffer
	for i := range 3 {
		if err := Encode(&b, FromFloat32s([]float32{float32(i)}, 1), EncodeOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3 {
		a, err := Decode(&b, Options{})
		if err != nil || a.Float32s()[0] != float32(i) {
			t.Errorf("array %d: %v, %v", i, a, err)
		}
	}
}

// file makes an NPY file of version 1 with the given header.
func file(header, values string) string {
	return magic + "\x01\x00" + string([]byte{byte(len(header)), byte(len(header) >> 8)}) + header + values
}

func TestHeaderSpelling(t *testing.T) {
	for _, header := range []string{
		"{'descr':'<f4','fortran_order':False,'shape':(2,)}",
		"{ 'shape' : (2 ,) , \"fortran_order\" : True , 'descr' : \"<f4\" , } \n",
		"{'descr': '<f4', 'fortran_order': False, 'shape': (2L,), }          \n",
	} {
		a, err := Decode(strings.NewReader(file(header, "\x00\x00\x80\x3f\x00\x00\x00\x40")), Options{})
		if err != nil || !slices.Equal(a.Float32s(), []float32{1, 2}) {
			t.Errorf("%q: %v, %v", header, a, err)
		}
	}
}

func TestRefuse(t *testing.T) {
	good := "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }\n"
	with := func(old, new string) string { return file(strings.Replace(good, old, new, 1), "1234") }
	for name, c := range map[string]struct {
		file string
		want error
	}{
		"empty":              {"", ErrFormat},
		"other":              {"\x89PNG\r\n\x1a\n and more", ErrFormat},
		"version 4":          {magic + "\x04\x00\x00\x00\x00\x00", ErrUnsupported},
		"long header":        {magic + "\x02\x00\xff\xff\xff\x7f", ErrLimit},
		"no dictionary":      {file("[1]", ""), ErrFormat},
		"open dictionary":    {with(", }", ","), ErrFormat},
		"text after":         {with("}", "} x"), ErrFormat},
		"repeated":           {with("'shape': (1,)", "'descr': '<f4'"), ErrFormat},
		"missing":            {with(", 'shape': (1,)", ""), ErrFormat},
		"unknown entry":      {with("shape", "shapes"), ErrFormat},
		"order":              {with("False", "None"), ErrFormat},
		"native order":       {with("<f4", "=f4"), ErrUnsupported},
		"no order":           {with("<f4", "|f4"), ErrUnsupported},
		"long double":        {with("<f4", "<f16"), ErrUnsupported},
		"no type":            {with("<f4", ""), ErrUnsupported},
		"escape":             {with("<f4", `<f\x34`), ErrFormat},
		"negative":           {with("(1,)", "(-1,)"), ErrFormat},
		"fraction":           {with("(1,)", "(1.5,)"), ErrFormat},
		"number":             {with("(1,)", "1"), ErrFormat},
		"open tuple":         {with("(1,)", "(1"), ErrFormat},
		"huge number":        {with("(1,)", "(99999999999999999999,)"), ErrFormat},
		"huge":               {with("(1,)", "(1000000, 1000000, 1000000)"), ErrLimit},
		"overflow":           {with("(1,)", "(9223372036854775807, 9223372036854775807)"), ErrLimit},
		"huge beside zero":   {with("(1,)", "(9223372036854775807, 9223372036854775807, 0)"), ErrLimit},
		"many dimensions":    {with("(1,)", "("+strings.Repeat("1,", 65)+")"), ErrUnsupported},
		"too few values":     {with("(1,)", "(2,)"), ErrFormat},
		"boolean 2":          {file("{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }", "\x01\x02"), ErrFormat},
		"promise of a giant": {with("(1,)", "(200000000,)"), ErrFormat},
	} {
		a, err := Decode(strings.NewReader(c.file), Options{})
		if !errors.Is(err, c.want) || a != nil {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := Decode(strings.NewReader(file(good, "1234")), Options{MaxBytes: 3}); !errors.Is(err, ErrLimit) {
		t.Errorf("limit of 3 bytes: %v", err)
	}
	broken := errors.New("broken disk")
	if _, err := Decode(iotest.ErrReader(broken), Options{}); !errors.Is(err, broken) || errors.Is(err, ErrFormat) {
		t.Errorf("broken reader: %v", err)
	}
}

// A file that promises a gigabyte and holds little costs little.
func TestPromise(t *testing.T) {
	b := []byte(file("{'descr': '<f4', 'fortran_order': False, 'shape': (200000000,), }", "1234"))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := Decode(bytes.NewReader(b), Options{}); !errors.Is(err, ErrFormat) {
		t.Errorf("%v", err)
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 2<<20 {
		t.Errorf("%d bytes for a file of %d", n, len(b))
	}
}

// Half floats against their definition, by every bit pattern's neighbours: the
// values ascend with the bits.
func TestHalf(t *testing.T) {
	for b := uint16(1); b < 31<<10; b++ {
		if !(half(b) > half(b-1)) || half(b|1<<15) != -half(b) {
			t.Fatalf("%#x: %v after %v", b, half(b), half(b-1))
		}
	}
	for b, want := range map[uint16]float64{0x3c00: 1, 0x3555: 0.333251953125, 0x7bff: 65504, 0x0001: 5.960464477539063e-08, 0xc000: -2} {
		if half(b) != want {
			t.Errorf("%#x: %v, want %v", b, half(b), want)
		}
	}
}

func TestFitsFloat32(t *testing.T) {
	for typ := range Type(len(types)) {
		want := typ.Size() < 4 || typ == Float32
		if typ.FitsFloat32() != want {
			t.Errorf("%v: %v", typ, !want)
		}
	}
}

func TestEncodePanics(t *testing.T) {
	for _, a := range []*Array{
		{Shape: []int{2}, Data: []byte{1}}, {Shape: []int{-1}}, {Type: 99, Data: []byte{1}}, {Shape: []int{math.MaxInt, 8}},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%v: no panic", a)
				}
			}()
			_ = Encode(io.Discard, a, EncodeOptions{})
		}()
	}
}

func ExampleDecode() {
	var file bytes.Buffer
	scores := FromFloat32s([]float32{0, 0.25, 0.5, 1, 2, 4}, 2, 3) // rows, columns
	if err := Encode(&file, scores, EncodeOptions{}); err != nil {
		fmt.Println(err)
		return
	}
	a, err := Decode(&file, Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(a.Shape, a.Type, a.Float32s())
	// Output: [2 3] float32 [0 0.25 0.5 1 2 4]
}
