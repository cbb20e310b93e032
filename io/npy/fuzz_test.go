package npy

import (
	"bytes"
	"errors"
	"testing"
	"testing/iotest"

	"github.com/iad3d/iad3d/internal/pointstest"
)

func named(err error) bool {
	return errors.Is(err, ErrFormat) || errors.Is(err, ErrUnsupported) || errors.Is(err, ErrLimit)
}

// bounded holds that a file of size bytes cost no more than it may; a is what was
// read, nil when it was refused.
func bounded(t *testing.T, used uint64, size int, a *Array) {
	t.Helper()
	most := pointstest.Bound(size)
	if a != nil {
		most = pointstest.Accepted(len(a.Data))
	}
	if used > most {
		t.Fatalf("%d bytes allocated for a file of %d, refused %v", used, size, a == nil)
	}
}

// FuzzDecode: no input panics, errors have names, a one-byte reader sees the
// same, and what was decoded survives being encoded.
func FuzzDecode(f *testing.F) {
	f.Add(fixture(f, "version2.npy"))
	f.Add(fixture(f, "version3.npy"))
	f.Add([]byte(file("{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }", "abcdefghijkl")))
	f.Add([]byte(file("{'descr': '|b1', 'fortran_order': False, 'shape': (), }", "\x01")))
	f.Fuzz(func(t *testing.T, data []byte) {
		o := Options{MaxBytes: 1 << 20}
		var a *Array
		var err error
		used := pointstest.Allocated(func() { a, err = Decode(bytes.NewReader(data), o) })
		bounded(t, used, len(data), a)
		b, slow := Decode(iotest.OneByteReader(bytes.NewReader(data)), o)
		if (err == nil) != (slow == nil) || err == nil && !equal(a, b) {
			t.Fatalf("byte by byte %v, %v; at once %v, %v", b, slow, a, err)
		}
		if err != nil {
			if !named(err) {
				t.Fatalf("error without a name: %v", err)
			}
			return
		}
		for _, how := range []EncodeOptions{{}, {BigEndian: true}, {Fortran: true}} {
			var w bytes.Buffer
			if err := Encode(&w, a, how); err != nil {
				t.Fatal(err)
			}
			if again, err := Decode(&w, o); err != nil || !equal(a, again) {
				t.Fatalf("%+v: %v, want %v; %v", how, again, a, err)
			}
		}
		if n := len(a.Float32s()); n != a.Len() {
			t.Fatalf("%d values of %d", n, a.Len())
		}
	})
}

func FuzzOpenArchive(f *testing.F) {
	f.Add(fixture(f, "refused.npz"))
	f.Add(fixture(f, "deflated.npz")[:2000])
	var small bytes.Buffer
	if err := EncodeArchive(&small, []Named{{"a", FromUint8s([]uint8{1, 2}, 2)}}, true); err != nil {
		f.Fatal(err)
	}
	f.Add(small.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		var z *Archive
		var err error
		used := pointstest.Allocated(func() {
			z, err = OpenArchive(bytes.NewReader(data), int64(len(data)), Options{MaxBytes: 1 << 20})
		})
		bounded(t, used, len(data), nil)
		if err != nil {
			if !named(err) {
				t.Fatalf("error without a name: %v", err)
			}
			return
		}
		for _, name := range z.Names() {
			var a *Array
			used := pointstest.Allocated(func() { a, err = z.Decode(name) })
			bounded(t, used, len(data), a)
			if err != nil && !named(err) {
				t.Fatalf("%s: %v, %v", name, a, err)
			}
		}
	})
}
