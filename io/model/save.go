package model

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/iad3d/iad3d/internal/atomicfile"
)

// Save writes a model file. It appears under path at once and whole, or not at
// all: see [atomicfile.Write], which also says what a symbolic link and an
// existing file's permissions come to. The same meta and tensors give the same
// bytes.
//
// Tensors lie in the file in the order given. Their names must be unique, not
// empty and not start with "_pad." or equal "__metadata__"; shape and Data must
// fit; metadata keys must not be "iad3d.format" or "iad3d.sha256", which Save
// adds. Names and metadata must be UTF-8. Both meta and tensors may be empty; at
// most 8192 tensors, padding included, of at most 32 dimensions and 8190 keys
// are allowed.
//
// On Windows a file cannot be replaced while a [File] maps it: Close it first.
// Elsewhere that File goes on showing the old content.
func Save(path string, meta map[string]string, tensors []Tensor) error {
	head, body, err := layOut(meta, tensors)
	if err != nil {
		return fmt.Errorf("saving model %s: %w", path, err)
	}
	err = atomicfile.Write(path, func(w io.Writer) error {
		for _, part := range append([][]byte{head}, body...) {
			if _, err := w.Write(part); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("saving model %w", err)
	}
	return nil
}

// layOut returns the bytes of a file: length field and header, then the arrays
// and the padding between them.
func layOut(meta map[string]string, tensors []Tensor) (head []byte, body [][]byte, err error) {
	// What the header says of one tensor.
	type described struct {
		DType   DType  `json:"dtype"`
		Shape   []int  `json:"shape"`
		Offsets [2]int `json:"data_offsets"`
	}
	fields := map[string]any{} // marshalled with sorted keys
	at := 0
	add := func(t Tensor) {
		end := at + len(t.Data)
		fields[t.Name] = described{t.DType, append([]int{}, t.Shape...), [2]int{at, end}}
		body = append(body, t.Data)
		at = end
	}
	pads := 0
	for i, t := range tensors {
		if err := t.check(); err != nil {
			return nil, nil, fmt.Errorf("tensor %d, %s: %w", i, quote(t.Name), err)
		}
		if _, ok := fields[t.Name]; ok {
			return nil, nil, fmt.Errorf("tensor %d: there is another %s", i, quote(t.Name))
		}
		if n := -at & (align - 1); n > 0 {
			add(Uint8s(padPrefix+strconv.Itoa(pads), []int{n}, make([]byte, n)))
			pads++
		}
		add(t)
	}
	all := map[string]string{formatKey: strconv.Itoa(formatVersion), digestKey: strings.Repeat("0", digestDigits)}
	for k, v := range meta {
		switch {
		case k == formatKey || k == digestKey:
			return nil, nil, fmt.Errorf("metadata %s is not the caller's to set", k)
		case !utf8.ValidString(k) || !utf8.ValidString(v):
			return nil, nil, fmt.Errorf("metadata %s is not UTF-8", quote(k))
		}
		all[k] = v
	}
	fields[metadataKey] = all

	text, err := json.Marshal(fields)
	if err != nil {
		return nil, nil, err
	}
	text = append(text, bytes.Repeat([]byte{' '}, -(lengthBytes+len(text))&(align-1))...)
	if len(text) > maxHeader {
		return nil, nil, fmt.Errorf("a header of %d bytes, at most %d are allowed", len(text), maxHeader)
	}
	head = append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)

	// The reader's eyes find the place of the digest, and what would not be read
	// back (the limits) is not written. %v: there is no damaged file here.
	h, err := parseHeader(head, int64(len(head)+at))
	if err != nil {
		return nil, nil, fmt.Errorf("%v", err)
	}
	copy(head[h.digestAt:], h.digest(head, body...))
	return head, body, nil
}

// check returns an error for a tensor that Save cannot write.
func (t *Tensor) check() error {
	switch {
	case t.Name == "":
		return errors.New("the name is empty")
	case t.Name == metadataKey || strings.HasPrefix(t.Name, padPrefix):
		return errors.New("the name is reserved")
	case !utf8.ValidString(t.Name):
		return errors.New("the name is not UTF-8")
	}
	n, err := byteLength(t.DType, t.Shape)
	if err != nil {
		return err
	}
	if n != len(t.Data) {
		return fmt.Errorf("%d bytes of data, but shape %v of %s needs %d", len(t.Data), t.Shape, t.DType, n)
	}
	return nil
}
