// Package golden gives tests the inputs and outputs of reference programs.
//
// A value is looked up in testdata/oracles of this repository (gzipped where
// that is smaller) and then in ../shared/oracles beside it. Where neither has
// it the test that asked is skipped with the reason.
package golden

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// Root returns the repository's top folder.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

// Shared returns the path of a file or folder of the material beside the
// repository, and skips the test when it is not there.
func Shared(t testing.TB, rel string) string {
	t.Helper()
	p := filepath.Join(Root(), "..", "shared", filepath.FromSlash(rel))
	if _, err := os.Stat(p); err != nil {
		t.Skipf("shared material %s is not beside the repository", rel)
	}
	return p
}

// Bytes returns the content of an oracle file.
func Bytes(t testing.TB, rel string) []byte {
	t.Helper()
	for _, dir := range []string{filepath.Join(Root(), "testdata", "oracles"), filepath.Join(Root(), "..", "shared", "oracles")} {
		b, err := read(filepath.Join(dir, filepath.FromSlash(rel)))
		if err == nil {
			return b
		}
		if !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	t.Skipf("oracle %s is neither in testdata/oracles nor in shared/oracles", rel)
	return nil
}

func read(path string) ([]byte, error) {
	if b, err := os.ReadFile(path); err == nil {
		return b, nil
	}
	z, err := os.ReadFile(path + ".gz")
	if err != nil {
		return nil, err
	}
	r, err := gzip.NewReader(bytes.NewReader(z))
	if err != nil {
		return nil, fmt.Errorf("%s.gz: %w", path, err)
	}
	return io.ReadAll(r)
}

// JSON decodes an oracle's JSON file into v. Fields of type [Float] accept the
// strings "NaN", "Infinity" and "-Infinity".
func JSON(t testing.TB, rel string, v any) {
	t.Helper()
	if err := json.Unmarshal(Bytes(t, rel), v); err != nil {
		t.Fatalf("%s: %v", rel, err)
	}
}

// Float is a float64 that JSON may spell as a string when it is not finite.
type Float float64

// UnmarshalJSON implements [json.Unmarshaler].
func (f *Float) UnmarshalJSON(b []byte) error {
	v, err := strconv.ParseFloat(strings.Trim(string(b), `"`), 64)
	*f = Float(v)
	return err
}

// Ref is how the oracles' JSON names an array file.
type Ref struct {
	File  string `json:"file"`
	DType string `json:"dtype"`
	Shape []int  `json:"shape"`
}

// Array is a decoded NPY file; the values are in C order.
type Array struct {
	DType string // "float32", "float64", "int32", "int64", "uint8", "bool"
	Shape []int
	raw   []byte
}

var (
	descr = regexp.MustCompile(`'descr': '[<|]?([a-z]\d)'`)
	shape = regexp.MustCompile(`'shape': \(([^)]*)\)`)
	types = map[string]string{"f4": "float32", "f8": "float64", "i4": "int32", "i8": "int64", "u1": "uint8", "b1": "bool"}
)

// NPY reads an oracle's array (NPY version 1, little-endian, C order).
func NPY(t testing.TB, rel string) Array {
	t.Helper()
	b := Bytes(t, rel)
	if len(b) < 10 || string(b[:6]) != "\x93NUMPY" {
		t.Fatalf("%s: not an NPY file", rel)
	}
	n := int(binary.LittleEndian.Uint16(b[8:])) + 10
	head := string(b[10:n])
	d, s := descr.FindStringSubmatch(head), shape.FindStringSubmatch(head)
	if d == nil || s == nil || types[d[1]] == "" || strings.Contains(head, "'fortran_order': True") {
		t.Fatalf("%s: header %q is not supported", rel, head)
	}
	a := Array{DType: types[d[1]], raw: b[n:]}
	for _, f := range strings.FieldsFunc(s[1], func(r rune) bool { return r == ',' || r == ' ' }) {
		v, err := strconv.Atoi(f)
		if err != nil {
			t.Fatalf("%s: shape %q", rel, s[1])
		}
		a.Shape = append(a.Shape, v)
	}
	return a
}

// Float32s returns the values of a float32 array, and panics for other types.
func (a Array) Float32s() []float32 { return decode[float32](a, "float32") }

// Float64s returns the values of a float64 array, or those of a float32 array
// widened.
func (a Array) Float64s() []float64 {
	if a.DType == "float32" {
		w := make([]float64, 0, len(a.raw)/4)
		for _, v := range a.Float32s() {
			w = append(w, float64(v))
		}
		return w
	}
	return decode[float64](a, "float64")
}

// Int32s returns the values of an int32 array.
func (a Array) Int32s() []int32 { return decode[int32](a, "int32") }

// Uint8s returns the values of a uint8 or bool array.
func (a Array) Uint8s() []uint8 {
	if a.DType != "uint8" && a.DType != "bool" {
		panic("golden: array is " + a.DType + ", not uint8")
	}
	return a.raw
}

func decode[T any](a Array, dtype string) []T {
	if a.DType != dtype {
		panic("golden: array is " + a.DType + ", not " + dtype)
	}
	var zero T
	v := make([]T, len(a.raw)/binary.Size(zero))
	if err := binary.Read(bytes.NewReader(a.raw), binary.LittleEndian, v); err != nil {
		panic(err)
	}
	return v
}
