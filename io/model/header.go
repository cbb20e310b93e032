package model

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// header is the part of a file before the arrays, checked.
type header struct {
	size     int               // of length field and header: where the arrays begin
	meta     map[string]string // all of it, ours included
	entries  []entry           // by offset
	digestAt int               // offset in the file of the digest's first digit
}

// entry is one array of the header, padding included.
type entry struct {
	name       string
	dtype      DType
	shape      []int
	begin, end int // from the end of the header
}

func (e *entry) padding() bool { return strings.HasPrefix(e.name, padPrefix) }

// headerSize returns the size of length field and header from the first 8 bytes
// of a file of fileSize bytes; it is not larger than the file.
func headerSize(b []byte, fileSize int64) (int, error) {
	if len(b) < lengthBytes {
		return 0, fmt.Errorf("%w: %d bytes, too short for any model", ErrTruncated, fileSize)
	}
	n := binary.LittleEndian.Uint64(b)
	if n < 2 || n > maxHeader {
		return 0, fmt.Errorf("%w (nor a safetensors file: its header would have %d bytes)", ErrNotModel, n)
	}
	if int64(n) > fileSize-lengthBytes {
		return 0, fmt.Errorf("%w: the file has %d bytes, its header alone %d", ErrTruncated, fileSize, n)
	}
	return lengthBytes + int(n), nil
}

// parseHeader reads b, the length field and header of a file of fileSize bytes,
// and checks that the file is as the header says, the digest apart. It is the
// one door for what a file claims: after it, offsets lie within the file.
func parseHeader(b []byte, fileSize int64) (*header, error) {
	h := &header{size: len(b)}
	text := b[lengthBytes:]
	if text[0] != '{' {
		return nil, fmt.Errorf("%w (nor a safetensors file: the header starts with byte %#02x)", ErrNotModel, text[0])
	}
	if !utf8.Valid(text) {
		return nil, fmt.Errorf("%w: the header is not UTF-8", ErrDamaged)
	}
	if err := h.decode(bytes.TrimRight(text, " ")); err != nil {
		return nil, fmt.Errorf("%w: header: %w", ErrDamaged, err)
	}
	// The version comes before everything a later format could do otherwise.
	format, ok := h.meta[formatKey]
	if !ok {
		return nil, fmt.Errorf("%w (no %s)", ErrNotModel, formatKey)
	}
	v, err := strconv.Atoi(format)
	switch {
	case err != nil || v < 1:
		return nil, fmt.Errorf("%w: %s is %s", ErrDamaged, formatKey, quote(format))
	case v > formatVersion:
		return nil, fmt.Errorf("%w (format %d, this program reads up to %d)", ErrNewer, v, formatVersion)
	}
	if err := h.checkEntries(fileSize - int64(h.size)); err != nil {
		return nil, err
	}
	if h.digestAt == 0 {
		return nil, fmt.Errorf("%w: no %s", ErrDamaged, digestKey)
	}
	return h, nil
}

// checkEntries sorts the entries and checks that they tile the size bytes of
// the arrays.
func (h *header) checkEntries(size int64) error {
	slices.SortFunc(h.entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end), cmp.Compare(a.name, b.name))
	})
	at := 0
	for _, e := range h.entries {
		damaged := func(format string, a ...any) error {
			return fmt.Errorf("%w: tensor %s: %s", ErrDamaged, quote(e.name), fmt.Sprintf(format, a...))
		}
		n, err := byteLength(e.dtype, e.shape)
		switch {
		case err != nil:
			return damaged("%v", err)
		case e.end < e.begin:
			return damaged("ends at byte %d, before its begin %d", e.end, e.begin)
		case e.begin < at:
			return damaged("begins at byte %d, within the one before, which ends at %d", e.begin, at)
		case e.begin > at:
			return damaged("begins at byte %d, but the one before ends at %d", e.begin, at)
		case n != e.end-e.begin:
			return damaged("%d bytes, but shape %v of %s needs %d", e.end-e.begin, e.shape, e.dtype, n)
		}
		at = e.end
	}
	switch {
	case int64(at) > size:
		return fmt.Errorf("%w: %d bytes of tensors, of which %d are there", ErrTruncated, at, size)
	case int64(at) < size:
		return fmt.Errorf("%w: %d bytes after the last tensor", ErrDamaged, size-int64(at))
	}
	return nil
}

// publicMeta returns a copy of the metadata without this package's own.
func (h *header) publicMeta() map[string]string {
	m := maps.Clone(h.meta)
	delete(m, formatKey)
	delete(m, digestKey)
	return m
}

func (h *header) infos() []Info {
	list := []Info{}
	for _, e := range h.entries {
		if !e.padding() {
			list = append(list, Info{e.name, e.dtype, slices.Clone(e.shape), e.end - e.begin})
		}
	}
	return list
}

// index maps names to entries, padding apart.
func (h *header) index() map[string]*entry {
	m := map[string]*entry{}
	for i := range h.entries {
		if e := &h.entries[i]; !e.padding() {
			m[e.name] = e
		}
	}
	return m
}

// digest returns the digest of a file given as its header bytes and the parts
// that follow.
func (h *header) digest(head []byte, parts ...[]byte) string {
	s := sha256.New()
	s.Write(head[:h.digestAt])
	s.Write(bytes.Repeat([]byte{'0'}, digestDigits))
	s.Write(head[h.digestAt+digestDigits:])
	for _, p := range parts {
		s.Write(p)
	}
	return hex.EncodeToString(s.Sum(nil))
}

// parse checks a whole file, digest included.
func parse(b []byte) (*header, error) {
	n, err := headerSize(b, int64(len(b)))
	if err != nil {
		return nil, err
	}
	h, err := parseHeader(b[:n], int64(len(b)))
	if err != nil {
		return nil, err
	}
	if got, want := h.digest(b[:n], b[n:]), h.meta[digestKey]; got != want {
		return nil, fmt.Errorf("%w: SHA-256 is %s, the file says %s", ErrDamaged, got, want)
	}
	return h, nil
}
