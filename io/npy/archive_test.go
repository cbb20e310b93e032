package npy

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestArchiveRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 1))
	for _, compress := range []bool{false, true} {
		var arrays []Named
		for i := range 20 {
			arrays = append(arrays, Named{fmt.Sprint("a", i), random(rng)})
		}
		var b, again bytes.Buffer
		if err := EncodeArchive(&b, arrays, compress); err != nil {
			t.Fatal(err)
		}
		if err := EncodeArchive(&again, arrays, compress); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
			t.Errorf("not the same bytes twice, %v", err)
		}
		z := archive(t, b.Bytes())
		for i, name := range z.Names() {
			if got, err := z.Decode(name); err != nil || name != arrays[i].Name || !equal(got, arrays[i].Array) {
				t.Fatalf("%s: %v, %v", name, got, err)
			}
		}
	}
	for _, names := range [][]string{{""}, {"a", "a"}} {
		var arrays []Named
		for _, n := range names {
			arrays = append(arrays, Named{n, FromUint8s([]uint8{1}, 1)})
		}
		if err := EncodeArchive(&bytes.Buffer{}, arrays, false); err == nil {
			t.Errorf("names %q are accepted", names)
		}
	}
}

func zipOf(t *testing.T, files ...[2]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		w, err := z.CreateHeader(&zip.FileHeader{Name: f[0], Method: zip.Store})
		if err == nil {
			_, err = w.Write([]byte(f[1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestArchiveRefuses(t *testing.T) {
	one := file("{'descr': '|u1', 'fortran_order': False, 'shape': (4,), }", "1234")
	z := archive(t, zipOf(t, [2]string{"readme.txt", "hello"}, [2]string{"../a.npy", one}, [2]string{"long.npy", one + "x"}, [2]string{"bad.npy", "PNG"}))
	if !slices.Equal(z.Names(), []string{"../a", "long", "bad"}) {
		t.Errorf("names %q", z.Names())
	}
	if a, err := z.Decode("../a"); err != nil || !bytes.Equal(a.Data, []byte("1234")) {
		t.Errorf("%v, %v", a, err)
	}
	for _, name := range []string{"long", "bad", "readme"} {
		if _, err := z.Decode(name); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
	twice := zipOf(t, [2]string{"a.npy", one}, [2]string{"a.npy", one})
	damaged := zipOf(t, [2]string{"a.npy", one})
	damaged[bytes.Index(damaged, []byte("1234"))] = '9' // its checksum is wrong now
	for name, b := range map[string][]byte{"empty": {}, "text": []byte("not an archive"), "twice": twice, "cut": damaged[:len(damaged)-5]} {
		if _, err := OpenArchive(bytes.NewReader(b), int64(len(b)), Options{}); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := archive(t, damaged).Decode("a"); !errors.Is(err, ErrFormat) {
		t.Errorf("damaged: %v", err)
	}
	limited, err := OpenArchive(bytes.NewReader(twice[:0:0]), 0, Options{})
	if err == nil {
		t.Errorf("%v", limited)
	}
}

func ExampleOpenArchive() {
	var file bytes.Buffer
	err := EncodeArchive(&file, []Named{{"anomaly_map", FromFloat32s([]float32{0.5, 2}, 1, 2)}}, true)
	if err != nil {
		fmt.Println(err)
		return
	}
	z, err := OpenArchive(bytes.NewReader(file.Bytes()), int64(file.Len()), Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range z.Names() {
		a, err := z.Decode(name)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(name, a.Shape, a.Float32s())
	}
	// Output: anomaly_map [1 2] [0.5 2]
}
