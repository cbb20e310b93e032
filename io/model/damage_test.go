package model

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// frame puts the length field before a header, and data behind it.
func frame(header, data string) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), data...)
}

// seal writes the right digest into a file that is sound otherwise, else leaves
// it as it is.
func seal(b []byte) []byte {
	n, err := headerSize(b, int64(len(b)))
	if err != nil {
		return b
	}
	h, err := parseHeader(b[:n], int64(len(b)))
	if err != nil {
		return b
	}
	b = bytes.Clone(b)
	copy(b[h.digestAt:], h.digest(b[:n], b[n:]))
	return b
}

func known(err error) bool {
	return errors.Is(err, ErrTruncated) || errors.Is(err, ErrDamaged) || errors.Is(err, ErrNewer) || errors.Is(err, ErrNotModel)
}

// TestBitFlips flips every bit of the header, and bits of the arrays.
func TestBitFlips(t *testing.T) {
	b := small(t)
	if _, err := parse(b); err != nil {
		t.Fatal(err)
	}
	n, _ := headerSize(b, int64(len(b)))
	for bit := range 8 * n {
		b[bit/8] ^= 1 << (bit % 8)
		if _, err := parse(b); !known(err) {
			t.Errorf("header, byte %d, bit %d: %v", bit/8, bit%8, err)
		}
		b[bit/8] ^= 1 << (bit % 8)
	}
	const flips = 10_000
	rng := rand.New(rand.NewPCG(1, 2))
	for range flips {
		bit := 8*n + rng.IntN(8*(len(b)-n))
		b[bit/8] ^= 1 << (bit % 8)
		if _, err := parse(b); !errors.Is(err, ErrDamaged) {
			t.Errorf("data, byte %d, bit %d: %v", bit/8, bit%8, err)
		}
		b[bit/8] ^= 1 << (bit % 8)
	}
	if _, err := parse(b); err != nil {
		t.Error("the test did not restore the file:", err)
	}
}

func TestTruncations(t *testing.T) {
	b := small(t)
	for n := range len(b) {
		if _, err := parse(b[:n]); !errors.Is(err, ErrTruncated) {
			t.Errorf("%d of %d bytes: %v", n, len(b), err)
		}
	}
	if _, err := parse(append(b, 0)); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "1 bytes after the last tensor") {
		t.Errorf("one byte more: %v", err)
	}
}

func TestNewer(t *testing.T) {
	// A later format may use types this program does not know.
	b := frame(`{"__metadata__":{"iad3d.format":"7"},"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}`, "x")
	path := filepath.Join(t.TempDir(), "model")
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := Open(path)
	want := "unusable model: " + path + ": written by a newer iad3d (format 7, this program reads up to 1)"
	if !errors.Is(err, ErrNewer) || !errors.Is(err, ErrModel) || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
	if _, err := ReadHeader(path); !errors.Is(err, ErrNewer) {
		t.Errorf("ReadHeader: %v", err)
	}
}

// TestNotAFile looks at what Open and ReadHeader say of other things than models.
func TestNotAFile(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(dir, "missing")
	for name, look := range map[string]func(string) error{
		"Open":       func(p string) error { _, err := Open(p); return err },
		"ReadHeader": func(p string) error { _, err := ReadHeader(p); return err },
	} {
		if err := look(missing); !errors.Is(err, ErrModel) || !errors.Is(err, fs.ErrNotExist) || strings.Count(err.Error(), missing) != 1 {
			t.Errorf("%s, missing: %v", name, err)
		}
		if err := look(dir); !errors.Is(err, ErrModel) || !errors.Is(err, ErrNotModel) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s, folder: %v", name, err)
		}
		if err := look(empty); !errors.Is(err, ErrModel) || !errors.Is(err, ErrTruncated) || !strings.Contains(err.Error(), empty) {
			t.Errorf("%s, empty: %v", name, err)
		}
	}
}

// TestHostile holds headers that lie. Each is sealed where it can be, so that no
// case leans on the digest.
func TestHostile(t *testing.T) {
	zeros := strings.Repeat("0", digestDigits)
	ours := `"__metadata__":{"iad3d.format":"1","iad3d.sha256":"` + zeros + `"}`
	one := func(entry string) string { return `{` + ours + `,"a":` + entry + `}` }
	many := func(n int, item func(i int) string) string {
		var s []string
		for i := range n {
			s = append(s, item(i))
		}
		return strings.Join(s, ",")
	}
	for _, c := range []struct {
		what, header, data string
		is                 error
		says               string
	}{
		{what: "sound", header: one(`{"dtype":"U8","shape":[2],"data_offsets":[0,2]}`), data: "ab"},
		{what: "sound, fields in another order, spaces", header: `{ "a" : {"data_offsets":[0, 2], "shape":[2],"dtype":"U8"},` + ours + "}  ", data: "ab"},
		{what: "sound, arrays listed in another order", header: `{` + ours + `,"b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, data: "ab"},
		{what: "sound, empty arrays anywhere", header: `{` + ours + `,"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"a":{"dtype":"F64","shape":[0],"data_offsets":[2,2]},"c":{"dtype":"F64","shape":[9,0],"data_offsets":[0,0]}}`, data: "ab"},

		{what: "plain safetensors", header: `{"a":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}`, data: "ab", is: ErrNotModel, says: "not an iad3d model (no iad3d.format)"},
		{what: "other metadata", header: `{"__metadata__":{"format":"pt"}}`, is: ErrNotModel, says: "not an iad3d model (no iad3d.format)"},
		{what: "no digest", header: `{"__metadata__":{"iad3d.format":"1"}}`, is: ErrDamaged, says: "no iad3d.sha256"},
		{what: "format 0", header: `{"__metadata__":{"iad3d.format":"0"}}`, is: ErrDamaged, says: `iad3d.format is "0"`},
		{what: "format in words", header: `{"__metadata__":{"iad3d.format":"one"}}`, is: ErrDamaged, says: `iad3d.format is "one"`},
		{what: "digest in capitals", header: `{"__metadata__":{"iad3d.format":"1","iad3d.sha256":"` + zeros[1:] + `A"}}`, is: ErrDamaged, says: "lower-case"},
		{what: "digest short", header: `{"__metadata__":{"iad3d.format":"1","iad3d.sha256":"00"}}`, is: ErrDamaged, says: "64 lower-case"},
		{what: "digest empty", header: `{"__metadata__":{"iad3d.format":"1","iad3d.sha256":""}}`, is: ErrDamaged, says: "64 lower-case"},
		{what: "digest escaped", header: `{"__metadata__":{"iad3d.format":"1","iad3d.sha256":"` + zeros[1:] + `\u0030"}}`, is: ErrDamaged, says: "64 lower-case"},

		{what: "not an object", header: `[{"dtype":"U8"}]`, is: ErrNotModel, says: "starts with byte 0x5b"},
		{what: "space first", header: ` {}`, is: ErrNotModel, says: "starts with byte 0x20"},
		{what: "not UTF-8", header: "{\"\xff\":{}}", is: ErrDamaged, says: "not UTF-8"},
		{what: "JSON stops", header: `{"a":{"dtype":`, is: ErrDamaged, says: "unexpected EOF"},
		{what: "second object", header: `{` + ours + `}{}`, is: ErrDamaged, says: "after the closing brace"},
		{what: "zeros as padding", header: `{` + ours + "}\x00\x00", is: ErrDamaged, says: "after the closing brace"},
		{what: "comma too many", header: `{` + ours + `,}`, is: ErrDamaged, says: "header"},
		{what: "deep", header: `{"a":` + strings.Repeat("[", 100_000), is: ErrDamaged, says: "where { is wanted"},
		{what: "deep in metadata", header: `{"__metadata__":{"a":` + strings.Repeat(`{"a":`, 100_000), is: ErrDamaged, says: "where text is wanted"},
		{what: "name twice", header: `{` + ours + `,"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, data: "ab", is: ErrDamaged, says: `key "a" appears twice`},
		{what: "name twice, once escaped", header: `{` + ours + `,"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\u0061":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, data: "ab", is: ErrDamaged, says: `key "a" appears twice`},
		{what: "metadata twice", header: `{` + ours + `,` + ours + `}`, is: ErrDamaged, says: `key "__metadata__" appears twice`},
		{what: "metadata key twice", header: `{"__metadata__":{"iad3d.format":"1","iad3d.format":"1"}}`, is: ErrDamaged, says: `key "iad3d.format" appears twice`},
		{what: "metadata a number", header: `{"__metadata__":{"iad3d.format":1}}`, is: ErrDamaged, says: `"1" where text is wanted`},
		{what: "metadata null", header: `{"__metadata__":null}`, is: ErrDamaged, says: "where { is wanted"},
		{what: "field twice", header: one(`{"dtype":"U8","dtype":"U8","shape":[2],"data_offsets":[0,2]}`), data: "ab", is: ErrDamaged, says: `key "dtype" appears twice`},
		{what: "field missing", header: one(`{"dtype":"U8","data_offsets":[0,2]}`), data: "ab", is: ErrDamaged, says: "wants dtype, shape and data_offsets"},
		{what: "unknown field", header: one(`{"dtype":"U8","shape":[2],"offset":[0,2]}`), data: "ab", is: ErrDamaged, says: `"offset": unknown key`},
		{what: "fourth field", header: one(`{"dtype":"U8","shape":[2],"data_offsets":[0,2],"x":1}`), data: "ab", is: ErrDamaged, says: "more than 3 keys"},
		{what: "dtype a number", header: one(`{"dtype":8,"shape":[2],"data_offsets":[0,2]}`), data: "ab", is: ErrDamaged, says: `"dtype": "8" where text is wanted`},
		{what: "unknown dtype", header: one(`{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}`), data: "ab", is: ErrDamaged, says: `dtype "BF16" is not one of`},
		{what: "shape a number", header: one(`{"dtype":"U8","shape":2,"data_offsets":[0,2]}`), data: "ab", is: ErrDamaged, says: "where [ is wanted"},
		{what: "shape of text", header: one(`{"dtype":"U8","shape":["2"],"data_offsets":[0,2]}`), data: "ab", is: ErrDamaged, says: "where a number is wanted"},
		{what: "negative dimension", header: one(`{"dtype":"U8","shape":[-2],"data_offsets":[0,2]}`), data: "ab", is: ErrDamaged, says: `"-2" where a count is wanted`},
		{what: "two negative dimensions", header: one(`{"dtype":"U8","shape":[-2,-1],"data_offsets":[0,2]}`), data: "ab", is: ErrDamaged, says: "where a count is wanted"},
		{what: "fraction", header: one(`{"dtype":"U8","shape":[2.0],"data_offsets":[0,2]}`), data: "ab", is: ErrDamaged, says: "where a count is wanted"},
		{what: "exponent", header: one(`{"dtype":"U8","shape":[2e0],"data_offsets":[0,2]}`), data: "ab", is: ErrDamaged, says: "where a count is wanted"},
		{what: "dimension beyond 64 bits", header: one(`{"dtype":"U8","shape":[18446744073709551618],"data_offsets":[0,2]}`), data: "ab", is: ErrDamaged, says: "where a count is wanted"},
		{what: "product overflows", header: one(`{"dtype":"F64","shape":[2147483647,2147483647,2147483647],"data_offsets":[0,0]}`), is: ErrDamaged, says: "overflow"},
		{what: "product 2⁶⁴+4", header: one(`{"dtype":"U8","shape":[20,5581,8681,49477,384773],"data_offsets":[0,4]}`), data: "abcd", is: ErrDamaged, says: "overflow"},
		{what: "rank", header: one(`{"dtype":"U8","shape":[` + many(40, func(int) string { return "1" }) + `],"data_offsets":[0,1]}`), data: "a", is: ErrDamaged, says: "more than 32 numbers"},
		{what: "one offset", header: one(`{"dtype":"U8","shape":[2],"data_offsets":[2]}`), data: "ab", is: ErrDamaged, says: "one number is missing"},
		{what: "three offsets", header: one(`{"dtype":"U8","shape":[2],"data_offsets":[0,2,2]}`), data: "ab", is: ErrDamaged, says: "more than 2 numbers"},
		{what: "negative offset", header: one(`{"dtype":"U8","shape":[2],"data_offsets":[-2,0]}`), data: "ab", is: ErrDamaged, says: "where a count is wanted"},
		{what: "offsets reversed", header: one(`{"dtype":"U8","shape":[2],"data_offsets":[2,0]}`), data: "ab", is: ErrDamaged, says: "ends at byte 0, before its begin 2"},
		{what: "offset beyond the file", header: one(`{"dtype":"U8","shape":[3],"data_offsets":[0,3]}`), data: "ab", is: ErrTruncated, says: "3 bytes of tensors, of which 2 are there"},
		{what: "offset far beyond the file", header: one(`{"dtype":"U8","shape":[1099511627776],"data_offsets":[0,1099511627776]}`), data: "ab", is: nil, says: "skip on 32 bits"},
		{what: "hole at the start", header: one(`{"dtype":"U8","shape":[1],"data_offsets":[1,2]}`), data: "ab", is: ErrDamaged, says: "begins at byte 1, but the one before ends at 0"},
		{what: "hole", header: `{` + ours + `,"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}`, data: "abc", is: ErrDamaged, says: `tensor "b": begins at byte 2, but the one before ends at 1`},
		{what: "overlap", header: `{` + ours + `,"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, data: "abc", is: ErrDamaged, says: `tensor "b": begins at byte 1, within the one before`},
		{what: "the same bytes twice", header: `{` + ours + `,"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`, data: "ab", is: ErrDamaged, says: "within the one before"},
		{what: "padding overlaps too", header: `{` + ours + `,"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"_pad.0":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`, data: "ab", is: ErrDamaged, says: "within the one before"},
		{what: "shape too small", header: one(`{"dtype":"F32","shape":[1],"data_offsets":[0,8]}`), data: "abcdefgh", is: ErrDamaged, says: "8 bytes, but shape [1] of F32 needs 4"},
		{what: "shape too large", header: one(`{"dtype":"F32","shape":[1000000],"data_offsets":[0,8]}`), data: "abcdefgh", is: ErrDamaged, says: "needs 4000000"},
		{what: "bytes at the end", header: one(`{"dtype":"U8","shape":[1],"data_offsets":[0,1]}`), data: "ab", is: ErrDamaged, says: "1 bytes after the last tensor"},
		{what: "too many tensors", header: `{` + ours + `,` + many(maxTensors+1, func(i int) string {
			return fmt.Sprintf(`"%d":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`, i)
		}) + `}`, is: ErrDamaged, says: "more than 8193 keys"},
		{what: "too much metadata", header: `{"__metadata__":{` + many(maxMetadata+1, func(i int) string { return fmt.Sprintf(`"%d":""`, i) }) + `}}`, is: ErrDamaged, says: "more than 8192 keys"},
		{what: "long name in the message", header: `{"` + strings.Repeat("n", 1<<20) + `":1}`, is: ErrDamaged, says: `n"…: "1" where { is wanted`},
	} {
		t.Run(c.what, func(t *testing.T) {
			if c.what == "offset far beyond the file" {
				if ^uint(0)>>32 == 0 {
					t.Skip("not an int here")
				}
				c.is, c.says = ErrTruncated, "1099511627776 bytes of tensors, of which 2 are there"
			}
			_, err := parse(seal(frame(c.header, c.data)))
			switch {
			case c.is == nil && err != nil:
				t.Error(err)
			case c.is != nil && (!errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says)):
				t.Errorf("error is %v, want %v, %q", err, c.is, c.says)
			case err != nil && len(err.Error()) > 500:
				t.Errorf("the message has %d characters", len(err.Error()))
			}
		})
	}
}

// TestHostileLength holds length fields that lie.
func TestHostileLength(t *testing.T) {
	for _, c := range []struct {
		n  uint64
		is error
	}{
		{0, ErrNotModel}, {1, ErrNotModel}, {57, ErrTruncated}, {maxHeader, ErrTruncated},
		{maxHeader + 1, ErrNotModel}, {1 << 31, ErrNotModel}, {1<<63 - 1, ErrNotModel}, {1 << 63, ErrNotModel}, {1<<64 - 1, ErrNotModel},
		{1<<64 - 8, ErrNotModel}, // with the 8 bytes of the field: 0
	} {
		b := append(binary.LittleEndian.AppendUint64(nil, c.n), bytes.Repeat([]byte(" "), 56)...)
		if _, err := parse(b); !errors.Is(err, c.is) {
			t.Errorf("header of %d bytes: %v, want %v", c.n, err, c.is)
		}
	}
}
