package model

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/nlpodyssey/safetensors"
)

// sampleMeta and sample make a model with every type, empty arrays, a scalar
// and sizes that need padding and sizes that do not.
func sampleMeta() map[string]string {
	return map[string]string{"method": "fpfh", "config": `{"radius": 0.05, "note": "<µm & \"quotes\">"}`, "": "empty key", "z": ""}
}

func sample() []Tensor {
	long := make([]float32, 16*33)
	for i := range long {
		long[i] = float32(i) / 7
	}
	return []Tensor{
		Float32s("bank", []int{16, 33}, long), // 2112 bytes: a multiple of 64
		Float32s("bits", []int{5}, []float32{0, float32(math.Copysign(0, -1)), float32(math.Inf(1)), math.Float32frombits(0x7fc00123), math.SmallestNonzeroFloat32}),
		Float64s("Threshold", nil, []float64{0.1}),
		Int32s("index/von Größe", []int{3, 1}, []int32{-1, math.MaxInt32, math.MinInt32}),
		Int64s("counts", []int{2}, []int64{math.MinInt64, 1 << 40}),
		Float32s("nothing", []int{0, 33}, nil),
		Uint8s("mask", []int{7}, []uint8{0, 1, 2, 3, 254, 255, 7}),
		Int32s("nothing more", []int{4, 0, 2}, []int32{}),
	}
}

func save(t testing.TB, meta map[string]string, tensors []Tensor) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "model.safetensors")
	if err := Save(path, meta, tensors); err != nil {
		t.Fatal(err)
	}
	return path
}

// small returns the bytes of a small model.
func small(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile(save(t, map[string]string{"k": "v"},
		[]Tensor{Float32s("a", []int{3}, []float32{1, 2, 3}), Int32s("b", []int{20}, make([]int32, 20))}))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRoundTrip(t *testing.T) {
	want := sample()
	path := save(t, sampleMeta(), want)
	for name, load := range map[string]loader{"mapped": mapFile, "read": readFile} {
		t.Run(name, func(t *testing.T) {
			f, err := open(path, load)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if got := f.Meta(); !reflect.DeepEqual(got, sampleMeta()) {
				t.Errorf("metadata %q", got)
			}
			infos := f.Tensors()
			if len(infos) != len(want) {
				t.Fatalf("%d tensors, want %d", len(infos), len(want))
			}
			for i, w := range want {
				shape := append([]int{}, w.Shape...)
				if !reflect.DeepEqual(infos[i], Info{w.Name, w.DType, shape, len(w.Data)}) {
					t.Errorf("tensor %d is %+v", i, infos[i])
				}
				got, err := f.Tensor(w.Name)
				if err != nil || got.Name != w.Name || got.DType != w.DType || !slices.Equal(got.Shape, w.Shape) || !bytes.Equal(got.Data, w.Data) {
					t.Errorf("tensor %q is %+v, %v", w.Name, got, err)
				}
				if at := f.header.size + f.index[w.Name].begin; at%align != 0 {
					t.Errorf("tensor %q is at byte %d, not a multiple of %d", w.Name, at, align)
				}
			}
		})
	}
}

func TestValues(t *testing.T) {
	f, err := Open(save(t, nil, sample()))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got, shape, err := f.Float32s("bits")
	if err != nil || !slices.Equal(shape, []int{5}) {
		t.Fatal(shape, err)
	}
	for i, want := range []uint32{0, 1 << 31, 0x7f800000, 0x7fc00123, 1} {
		if b := math.Float32bits(got[i]); b != want {
			t.Errorf("value %d has bits %#x, want %#x", i, b, want)
		}
	}
	if v, shape, err := f.Float64s("Threshold"); err != nil || len(shape) != 0 || !slices.Equal(v, []float64{0.1}) {
		t.Error(v, shape, err)
	}
	if v, shape, err := f.Int32s("index/von Größe"); err != nil || !slices.Equal(shape, []int{3, 1}) || !slices.Equal(v, []int32{-1, math.MaxInt32, math.MinInt32}) {
		t.Error(v, shape, err)
	}
	if v, _, err := f.Int64s("counts"); err != nil || !slices.Equal(v, []int64{math.MinInt64, 1 << 40}) {
		t.Error(v, err)
	}
	if v, _, err := f.Uint8s("mask"); err != nil || !slices.Equal(v, []uint8{0, 1, 2, 3, 254, 255, 7}) {
		t.Error(v, err)
	}
	if v, shape, err := f.Float32s("nothing"); err != nil || v == nil || len(v) != 0 || !slices.Equal(shape, []int{0, 33}) {
		t.Error(v, shape, err)
	}

	if _, _, err := f.Float32s("mask"); !errors.Is(err, ErrModel) || !strings.Contains(err.Error(), `tensor "mask" is U8, not F32`) {
		t.Error(err)
	}
	if _, _, err := f.Int32s(padPrefix + "0"); !errors.Is(err, ErrModel) || !strings.Contains(err.Error(), `no tensor "_pad.0"`) {
		t.Error(err)
	}
	shape[0] = 99 // the caller's own
	if _, again, _ := f.Float32s("nothing"); again[0] != 0 {
		t.Error("the shape given out is the file's own")
	}
	if err := errors.Join(f.Close(), f.Close()); err != nil {
		t.Error(err)
	}
	if _, _, err := f.Float32s("bits"); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// TestZeroCopy checks that values of a file of ours alias the mapping.
func TestZeroCopy(t *testing.T) {
	if !littleEndian() {
		t.Skip("a big-endian machine must copy")
	}
	f, err := Open(save(t, nil, sample()))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	v, _, err := f.Float32s("bank")
	if err != nil {
		t.Fatal(err)
	}
	at := f.header.size + f.index["bank"].begin
	if unsafe.Pointer(&v[0]) != unsafe.Pointer(&f.data[at]) {
		t.Error("values are a copy")
	}
	if cap(v) != len(v) {
		t.Errorf("an append would write beyond the tensor: length %d, capacity %d", len(v), cap(v))
	}
}

// TestByteOrder checks the copying paths, which a big-endian machine takes,
// against bytes written by hand, and that they undo each other.
func TestByteOrder(t *testing.T) {
	if b := encode([]float32{1, -2}, false); !bytes.Equal(b, []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0}) {
		t.Errorf("float32 1, -2 are % x", b)
	}
	if b := encode([]int64{0x0102030405060708}, false); !bytes.Equal(b, []byte{8, 7, 6, 5, 4, 3, 2, 1}) {
		t.Errorf("int64 is % x", b)
	}
	want := []float64{1.5, math.Pi, math.Inf(-1), 0}
	swapped := encode(want, false)
	if littleEndian() && !bytes.Equal(swapped, encode(want, true)) {
		t.Error("the machine's own bytes differ from the encoded ones")
	}
	odd := append(make([]byte, 1), swapped...)[1:] // not aligned for float64
	for _, b := range [][]byte{swapped, odd} {
		for _, little := range []bool{false, littleEndian()} {
			if got := decode[float64](b, little); !slices.Equal(got, want) {
				t.Errorf("decoded %v, want %v", got, want)
			}
		}
	}
}

// TestUnaligned reads a file that lacks the alignment, as another program might
// write it.
func TestUnaligned(t *testing.T) {
	for shift := range 8 {
		head := `{"__metadata__":{"iad3d.format":"1","iad3d.sha256":"` + strings.Repeat("0", 64) + `"},` +
			`"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"F32","shape":[2],"data_offsets":[3,11]}}`
		head += strings.Repeat(" ", shift)
		path := filepath.Join(t.TempDir(), "foreign")
		b := seal(frame(head, "\x01\x02\x03\x00\x00\x80\x3f\x00\x00\x00\xc0"))
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		f, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		v, _, err := f.Float32s("b")
		if err != nil || !slices.Equal(v, []float32{1, -2}) {
			t.Errorf("shift %d: %v, %v", shift, v, err)
		}
		f.Close()
	}
}

// TestDeterministic saves the same content twice and pins the bytes: a change
// here is a change of the format. The pinned file was checked by hand: the
// safetensors program itself (0.8.0, from Debian's python3-safetensors) read
// the tensors back, and Python's hashlib got the pinned value and, with the
// digits zeroed, the digest in the metadata.
func TestDeterministic(t *testing.T) {
	const pinned = "ccc24deac6ce778c955e7e3a1c146b5146f076b00b75ec81ba65a4a9f8a77312"
	var first []byte
	for range 5 {
		b, err := os.ReadFile(save(t, sampleMeta(), sample()))
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = b
		}
		if !bytes.Equal(b, first) {
			t.Fatal("two saves of one content differ")
		}
	}
	if sum := sha256.Sum256(first); hex.EncodeToString(sum[:]) != pinned {
		t.Errorf("SHA-256 of the file is %x", sum)
	}
}

// TestIndependentReader has another implementation of safetensors read our
// file: github.com/nlpodyssey/safetensors, commit bfb01cc25f7c.
func TestIndependentReader(t *testing.T) {
	b, err := os.ReadFile(save(t, sampleMeta(), sample()))
	if err != nil {
		t.Fatal(err)
	}
	s, err := safetensors.Deserialize(b)
	if err != nil {
		t.Fatal(err)
	}
	ours := 0
	for _, name := range s.Names() {
		if !strings.HasPrefix(name, padPrefix) {
			ours++
		}
	}
	if ours != len(sample()) {
		t.Errorf("%d tensors, want %d", ours, len(sample()))
	}
	for _, w := range sample() {
		v, ok := s.Tensor(w.Name)
		shape := []int{}
		for _, d := range v.Shape() {
			shape = append(shape, int(d))
		}
		if !ok || v.DType().String() != string(w.DType) || !slices.Equal(shape, w.Shape) || !bytes.Equal(v.Data(), w.Data) {
			t.Errorf("tensor %q: %v %v %v, %d bytes", w.Name, ok, v.DType(), v.Shape(), len(v.Data()))
		}
	}
	_, m, err := safetensors.ReadMetadata(b)
	if err != nil {
		t.Fatal(err)
	}
	want := sampleMeta()
	want[formatKey] = "1"
	want[digestKey] = m.Metadata()[digestKey]
	if !reflect.DeepEqual(m.Metadata(), want) {
		t.Errorf("metadata %q", m.Metadata())
	}
}

func TestReadHeader(t *testing.T) {
	path := save(t, sampleMeta(), sample())
	h, err := ReadHeader(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want := &Header{1, f.SHA256(), sampleMeta(), f.Tensors(), int64(len(f.data))}
	if !reflect.DeepEqual(h, want) {
		t.Errorf("header %+v, want %+v", h, want)
	}

	// It does not look at the arrays, but at the length of the file.
	b := bytes.Clone(f.data)
	b[len(b)-1] ^= 1
	for cut := range 2 {
		changed := filepath.Join(t.TempDir(), "changed")
		if err := os.WriteFile(changed, b[:len(b)-cut], 0o644); err != nil {
			t.Fatal(err)
		}
		_, err = ReadHeader(changed)
		if (cut == 0) != (err == nil) || cut == 1 && !errors.Is(err, ErrTruncated) {
			t.Errorf("%d bytes cut off: %v", cut, err)
		}
	}
	for _, n := range []int{0, 7, 8, 9} {
		short := filepath.Join(t.TempDir(), "short")
		if err := os.WriteFile(short, b[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadHeader(short); !errors.Is(err, ErrTruncated) || !errors.Is(err, ErrModel) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestEmptyModel(t *testing.T) {
	f, err := Open(save(t, nil, nil))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if len(f.Meta()) != 0 || len(f.Tensors()) != 0 {
		t.Error(f.Meta(), f.Tensors())
	}
}

func TestSaveRefuses(t *testing.T) {
	one := []float32{1}
	deep := slices.Repeat([]int{1}, maxRank+1)
	for _, c := range []struct {
		says    string
		meta    map[string]string
		tensors []Tensor
	}{
		{"tensor 0, \"\": the name is empty", nil, []Tensor{Float32s("", []int{1}, one)}},
		{"the name is reserved", nil, []Tensor{Float32s("_pad.x", []int{1}, one)}},
		{"the name is reserved", nil, []Tensor{Float32s("__metadata__", []int{1}, one)}},
		{"the name is not UTF-8", nil, []Tensor{Float32s("\xff", []int{1}, one)}},
		{"tensor 1: there is another \"a\"", nil, []Tensor{Float32s("a", []int{1}, one), Float32s("a", []int{1}, one)}},
		{"4 bytes of data, but shape [2] of F32 needs 8", nil, []Tensor{Float32s("a", []int{2}, one)}},
		{"negative factor", nil, []Tensor{Float32s("a", []int{-1}, one)}},
		{"size limit exceeded", nil, []Tensor{Float32s("a", []int{math.MaxInt, 3}, one)}},
		{"dtype \"F16\" is not one of", nil, []Tensor{{"a", "F16", nil, nil}}},
		{"more than 32 numbers", nil, []Tensor{Float32s("a", deep, one)}},
		{"metadata iad3d.format is not the caller's to set", map[string]string{formatKey: "1"}, nil},
		{"metadata iad3d.sha256 is not the caller's to set", map[string]string{digestKey: ""}, nil},
		{`metadata "k" is not UTF-8`, map[string]string{"k": "\xff"}, nil},
		{`metadata "\xff" is not UTF-8`, map[string]string{"\xff": ""}, nil},
	} {
		path := filepath.Join(t.TempDir(), "model")
		err := Save(path, c.meta, c.tensors)
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path) {
			t.Errorf("error is %v, want %q", err, c.says)
		}
		if errors.Is(err, ErrModel) || errors.Is(err, ErrDamaged) || errors.Is(err, ErrNotModel) {
			t.Errorf("error %v speaks of a file that does not exist", err)
		}
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Error("a file appeared")
		}
	}
}

func TestSaveFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "missing", "model")
	err := Save(path, nil, nil)
	if want := "saving model " + path + ": create a temporary file"; !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(fmt.Sprint(err), want) {
		t.Errorf("error is %v, want %s…", err, want)
	}
}

// TestReplaceWhileOpen saves over an open model: the File shows the old content.
func TestReplaceWhileOpen(t *testing.T) {
	if os.PathSeparator == '\\' {
		t.Skip("Windows does not replace a mapped file")
	}
	path := save(t, nil, []Tensor{Float32s("a", []int{1}, []float32{1})})
	old, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	if err := Save(path, nil, []Tensor{Float32s("a", []int{2}, []float32{2, 3})}); err != nil {
		t.Fatal(err)
	}
	if v, _, err := old.Float32s("a"); err != nil || !slices.Equal(v, []float32{1}) {
		t.Error(v, err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if v, _, err := f.Float32s("a"); err != nil || !slices.Equal(v, []float32{2, 3}) {
		t.Error(v, err)
	}
}
