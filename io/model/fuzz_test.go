package model

import (
	"bytes"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/internal/pointstest"
)

// FuzzOpen feeds files to the parser: it returns an error of a known kind or a
// header whose tensors lie within the file. A file that only lacks the right
// digest is sealed and goes on; what it holds must survive Save's layout.
func FuzzOpen(f *testing.F) {
	f.Add(small(f))
	head, body, err := layOut(sampleMeta(), sample())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append(head, bytes.Join(body, nil)...))
	f.Add(frame(`{}`, ""))
	f.Add(frame(`{"__metadata__":{"iad3d.format":"2"},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}`, "abcd"))
	f.Add(frame(`{"__metadata__":{"iad3d.format":"1","iad3d.sha256":"`+strings.Repeat("0", 64)+`"},"a":{"dtype":"I64","shape":[1,0],"data_offsets":[0,0]}}`, ""))
	f.Fuzz(func(t *testing.T, b []byte) {
		var err error
		if used := pointstest.Allocated(func() { _, err = parse(b) }); used > pointstest.Bound(len(b)) {
			t.Fatalf("%d bytes allocated for a file of %d", used, len(b))
		}
		if err != nil && !known(err) {
			t.Fatalf("error of no known kind: %v", err)
		}
		b = seal(b)
		h, err := parse(b)
		if err != nil {
			return
		}
		file := &File{path: "fuzz", data: b, header: h, index: h.index()}
		var tensors []Tensor
		for _, info := range file.Tensors() {
			v, err := file.Tensor(info.Name)
			if err != nil || len(v.Data) != info.Bytes {
				t.Fatalf("tensor %+v: %d bytes, %v", info, len(v.Data), err)
			}
			if info.DType == F64 {
				if x, _, err := file.Float64s(info.Name); err != nil || 8*len(x) != info.Bytes {
					t.Fatalf("tensor %+v: %d values, %v", info, len(x), err)
				}
			}
			if info.Name != "" { // Save does not take it
				tensors = append(tensors, v)
			}
		}
		head, body, err := layOut(file.Meta(), tensors)
		if err != nil {
			t.Fatalf("what was read cannot be saved: %v", err)
		}
		again, err := parse(append(head, bytes.Join(body, nil)...))
		if err != nil {
			t.Fatalf("what was saved cannot be read: %v", err)
		}
		if n := len(again.infos()); n != len(tensors) {
			t.Fatalf("%d tensors came back of %d", n, len(tensors))
		}
	})
}
