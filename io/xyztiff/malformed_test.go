package xyztiff

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// TestMalformed: one damage or oddity each, the sentinel it must give (nil: it is
// legal and decodes to the plain image), and what the message must say.
func TestMalformed(t *testing.T) {
	set := func(e rawEntry) func(*file) { return func(f *file) { f.set(e) } }
	del := func(tag uint16) func(*file) { return func(f *file) { f.del(tag) } }
	// both puts the data, compressed by fn, into one strip.
	packed := func(kind uint64, fn func([]byte) []byte) func(*file) {
		return func(f *file) {
			f.data = fn(f.data)
			f.set(shorts(tagCompression, kind)).set(shorts(tagRowsPerStrip, 4))
			f.set(longs(tagStripOffsets, fileData)).set(longs(tagStripByteCounts, uint64(len(f.data))))
		}
	}
	deflate := func(b []byte) []byte {
		e := &encoder{h: Header{Compression: Deflate}}
		z, err := e.compress(nil, b)
		if err != nil {
			t.Fatal(err)
		}
		return z
	}
	zstdOf := func(b []byte) []byte {
		z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
		if err != nil {
			t.Fatal(err)
		}
		return z.EncodeAll(b, nil)
	}
	for _, tc := range []struct {
		name string
		edit func(*file)
		want error
		text string
	}{
		// Strange but legal.
		{"plain", func(*file) {}, nil, ""},
		{"big endian directory of bytes", func(f *file) { // 1-byte integers are unsigned integers too
			f.set(rawEntry{tag: tagWidth, typ: typeByte, values: []uint64{5}})
		}, nil, ""},
		{"entries in descending order", func(f *file) {
			for i, j := 0, len(f.entries)-1; i < j; i, j = i+1, j-1 {
				f.entries[i], f.entries[j] = f.entries[j], f.entries[i]
			}
		}, nil, ""},
		{"repeated tag", func(f *file) { f.entries = append(f.entries, shorts(tagWidth, 7)) }, nil, ""},
		{"unknown tags", func(f *file) {
			f.entries = append(f.entries,
				rawEntry{tag: 330, typ: typeIFD, values: []uint64{1 << 31}},
				rawEntry{tag: 271, typ: 2, values: []uint64{'M', 0, 0, 0, 0, 0, 0, 0}},
				rawEntry{tag: 60000, typ: 999, count: ptr(1 << 31), at: ptr(1 << 31)})
		}, nil, ""},
		{"orientation", set(shorts(274, 8)), nil, ""},
		{"SHORT strips", func(f *file) {
			f.set(shorts(tagStripOffsets, fileData, fileData+120)).set(shorts(tagStripByteCounts, 120, 120))
		}, nil, ""},
		{"LONG everything", func(f *file) {
			f.set(longs(tagWidth, 5)).set(longs(tagHeight, 4)).set(longs(tagBitsPerSample, 32, 32, 32)).set(longs(tagCompression, 1))
		}, nil, ""},
		{"no compression, planar configuration or strip height", func(f *file) {
			f.del(tagCompression).del(tagPlanar).del(tagRowsPerStrip)
			f.set(longs(tagStripOffsets, fileData)).set(longs(tagStripByteCounts, 240))
		}, nil, ""},
		{"strip height of 2³²−1", func(f *file) {
			f.set(longs(tagRowsPerStrip, 1<<32-1)).set(longs(tagStripOffsets, fileData)).set(longs(tagStripByteCounts, 240))
		}, nil, ""},
		{"strip higher than the image", func(f *file) {
			f.set(longs(tagRowsPerStrip, 100)).set(longs(tagStripOffsets, fileData)).set(longs(tagStripByteCounts, 240))
		}, nil, ""},
		{"lone strip without count", func(f *file) {
			f.del(tagRowsPerStrip).del(tagStripByteCounts).set(longs(tagStripOffsets, fileData))
		}, nil, ""},
		{"counts beyond the last row", set(longs(tagStripByteCounts, 120, 1<<32-1)), nil, ""},
		{"more strips than needed", func(f *file) {
			f.set(longs(tagStripOffsets, fileData, fileData+120, 1<<30)).set(longs(tagStripByteCounts, 120, 120, 0))
		}, nil, ""},
		{"strips in reverse", func(f *file) {
			f.data = append(append([]byte{}, f.data[120:]...), f.data[:120]...)
			f.set(longs(tagStripOffsets, fileData+120, fileData))
		}, nil, ""},
		{"predictor without a compression", set(shorts(tagPredictor, 2)), nil, ""},
		{"one value for all samples", func(f *file) { f.set(shorts(tagBitsPerSample, 32)).set(shorts(tagSampleFormat, 3)) }, nil, ""},
		{"second directory", func(f *file) { f.tail = 0 }, nil, ""},
		{"no room for the next directory's offset", func(f *file) { f.tail = 4 }, nil, ""},
		{"deflate", packed(8, deflate), nil, ""},
		{"deflate and garbage behind it", packed(8, func(b []byte) []byte { return append(deflate(b), 1, 2, 3) }), nil, ""},
		{"zstd after a skippable frame", packed(50000, func(b []byte) []byte {
			return append([]byte{0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3}, zstdOf(b)...)
		}), nil, ""},
		{"zstd in two frames", packed(50000, func(b []byte) []byte {
			return append(zstdOf(b[:77]), zstdOf(b[77:])...)
		}), nil, ""},
		{"packbits with no-operations, runs across rows", packed(32773, func(b []byte) []byte {
			return append([]byte{0x80, 0x80}, append(appendPackBits(nil, b), 0x80, 7)...)
		}), nil, ""},

		// Not a TIFF.
		{"directory offset 0 of nothing", func(f *file) { f.dirAt = ptr(0) }, ErrFormat, ""},
		{"directory beyond the end", func(f *file) { f.dirAt = ptr(1 << 31) }, ErrFormat, "directory at offset 2147483648"},
		{"directory at the last byte", func(f *file) { f.dirAt = ptr(uint64(len(f.bytes()) - 1)) }, ErrFormat, "directory at offset"},
		{"empty directory", func(f *file) { f.entries = nil }, ErrFormat, "directory of 0 entries"},
		{"directory cut", func(f *file) { f.tail = 5 }, ErrFormat, "directory of 11 entries"},

		// Tags that lie.
		{"no width", del(tagWidth), ErrFormat, "no tag 256 (ImageWidth)"},
		{"no height", del(tagHeight), ErrFormat, "no tag 257 (ImageLength)"},
		{"no offsets", del(tagStripOffsets), ErrFormat, "no tag 273 (StripOffsets)"},
		{"no counts", del(tagStripByteCounts), ErrFormat, "no tag 279 (StripByteCounts)"},
		{"width 0", set(shorts(tagWidth, 0)), ErrFormat, "tag 256 (ImageWidth) is 0"},
		{"height 0", set(shorts(tagHeight, 0)), ErrFormat, "tag 257 (ImageLength) is 0"},
		{"width of no values", set(rawEntry{tag: tagWidth, typ: typeShort}), ErrFormat, "has 0 values, 1 needed"},
		{"width of a wrong type", set(rawEntry{tag: tagWidth, typ: 12, values: []uint64{5}}), ErrFormat, "field type 12"},
		{"strip height 0", set(shorts(tagRowsPerStrip, 0)), ErrFormat, "strips of 0 rows"},
		{"planar configuration 3", set(shorts(tagPlanar, 3)), ErrFormat, "planar configuration 3"},
		{"too few values per sample", set(shorts(tagBitsPerSample, 32, 32)), ErrFormat, "has 2 values, 3 needed"},
		{"bits beyond the end", set(rawEntry{tag: tagBitsPerSample, typ: typeShort, count: ptr(3), at: ptr(1 << 30)}), ErrFormat, "3 values at offset 1073741824"},
		{"count beyond the end", set(rawEntry{tag: tagStripOffsets, typ: typeLong, count: ptr(1 << 31), at: ptr(8)}), ErrFormat, "2147483648 values at offset 8"},
		{"too few offsets", set(longs(tagStripOffsets, fileData)), ErrFormat, "offsets of 1 strips, 2 needed"},
		{"too few counts", set(longs(tagStripByteCounts, 120)), ErrFormat, "has 1 values, 2 needed"},
		{"compression of 32 bits", set(longs(tagCompression, 1<<16+1)), ErrFormat, "compression 65537"},

		// Strips that are not there.
		{"short strip", set(longs(tagStripByteCounts, 120, 119)), ErrFormat, "strip 2 of 2: 119 bytes, 120 needed"},
		{"strip beyond the end", set(longs(tagStripOffsets, fileData, 1<<31)), ErrFormat, "strip 2 of 2: 120 bytes at offset 2147483648"},
		{"strip half beyond the end", set(longs(tagStripOffsets, fileData, fileData+450)), ErrFormat, "strip 2 of 2"},
		{"same strip twice", set(longs(tagStripOffsets, fileData, fileData)), ErrFormat, "strips 1 and 2 of 2 overlap"},
		{"strips overlap by a byte", set(longs(tagStripOffsets, fileData+119, fileData)), ErrFormat, "strips 1 and 2 of 2 overlap"},
		{"empty deflate strip", func(f *file) { packed(8, deflate)(f); f.set(longs(tagStripByteCounts, 0)) }, ErrFormat, "strip 1 of 1: no data"},
		{"deflate without count", func(f *file) { packed(8, deflate)(f); f.del(tagStripByteCounts) }, ErrFormat, "no tag 279"},
		{"tile offsets without a size", set(longs(tagTileOffsets, fileData)), ErrFormat, "no tag 322 (TileWidth)"},
		{"tile without height", set(longs(tagTileWidth, 16)), ErrFormat, "no tag 323 (TileLength)"},
		{"tile of width 0", func(f *file) { f.set(longs(tagTileWidth, 0)).set(longs(tagTileHeight, 16)) }, ErrFormat, "tiles of 0×16"},
		{"tiles without offsets", func(f *file) { f.set(longs(tagTileWidth, 16)).set(longs(tagTileHeight, 16)) }, ErrFormat, "no tag 324"},

		// Streams that do not fit.
		{"not deflate", packed(8, func(b []byte) []byte { return b }), ErrFormat, "strip 1 of 1: zlib: invalid header"},
		{"short deflate", packed(8, func(b []byte) []byte { return deflate(b[:239]) }), ErrFormat, "strip 1 of 1: unexpected EOF"},
		{"long deflate", packed(8, func(b []byte) []byte { return deflate(append(b, 0)) }), ErrFormat, "strip 1 of 1: more data than the header allows"},
		{"deflate with a wrong checksum", packed(8, func(b []byte) []byte { b = deflate(b); b[len(b)-1]++; return b }), ErrFormat, "strip 1 of 1: zlib: invalid checksum"},
		{"not zstd", packed(50000, func(b []byte) []byte { return b }), ErrFormat, "strip 1 of 1: invalid input"},
		{"short zstd", packed(50000, func(b []byte) []byte { return zstdOf(b[:239]) }), ErrFormat, "strip 1 of 1: unexpected EOF"},
		{"long zstd", packed(50000, func(b []byte) []byte { return zstdOf(append(b, 0)) }), ErrFormat, "strip 1 of 1: more data than the header allows"},
		{"very long zstd", packed(50000, func(b []byte) []byte { return zstdOf(make([]byte, 1<<20)) }), ErrFormat, "strip 1 of 1: more data than the header allows"},
		{"zstd with a wrong checksum", packed(50000, func(b []byte) []byte { b = zstdOf(b); b[len(b)-1]++; return b }), ErrFormat, "strip 1 of 1: CRC check failed"},
		{"short packbits", packed(32773, func(b []byte) []byte { return appendPackBits(nil, b[:239]) }), ErrFormat, "strip 1 of 1: unexpected EOF"},
		{"packbits that ends in a literal", packed(32773, func([]byte) []byte { return []byte{127, 1, 2} }), ErrFormat, "strip 1 of 1: unexpected EOF"},
		{"short LZW", packed(5, func(b []byte) []byte { return lzwOf(b[:239]) }), ErrFormat, "strip 1 of 1: unexpected EOF"},
		{"LZW code out of range", packed(5, func([]byte) []byte { return []byte{0x80, 0x0f, 0xff, 0xff} }), ErrFormat, "strip 1 of 1: LZW code out of range"},

		// TIFF, but not for this package.
		{"two samples", func(f *file) { f.set(shorts(tagSamplesPerPixel, 2)) }, ErrUnsupported, "2 samples"},
		{"bits missing", del(tagBitsPerSample), ErrUnsupported, "1 bits"},
		{"format missing", del(tagSampleFormat), ErrUnsupported, "32 bits and sample format 1"},
		{"float16", set(shorts(tagBitsPerSample, 16, 16, 16)), ErrUnsupported, "16 bits and sample format 3"},
		{"mixed bits", set(shorts(tagBitsPerSample, 32, 32, 16)), ErrUnsupported, "tag 258 (BitsPerSample) has 32 and 16"},
		{"mixed formats", set(shorts(tagSampleFormat, 3, 1, 3)), ErrUnsupported, "tag 339 (SampleFormat) has 3 and 1"},
		{"JPEG", set(shorts(tagCompression, 7)), ErrUnsupported, "compression 7"},
		{"LZMA", set(shorts(tagCompression, 34925)), ErrUnsupported, "compression 34925"},
		{"predictor 5", func(f *file) { packed(8, deflate)(f); f.set(shorts(tagPredictor, 5)) }, ErrUnsupported, "predictor 5"},
		{"reversed bits", set(shorts(tagFillOrder, 2)), ErrUnsupported, "fill order 2"},
		{"old LZW", packed(5, func([]byte) []byte { return []byte{0, 1, 2, 3} }), ErrUnsupported, "LZW with reversed bits"},

		// Too large.
		{"4 G pixels wide", set(longs(tagWidth, 1<<32-1)), ErrLimit, "4294967295×4"},
		{"huge", func(f *file) { f.set(longs(tagWidth, 1<<31-1)).set(longs(tagHeight, 1<<31-1)) }, ErrLimit, "2147483647×2147483647"},
		{"over 1 GiB", func(f *file) { f.set(longs(tagWidth, 1<<14)).set(longs(tagHeight, 1<<13)) }, ErrLimit, "is more than 1073741824"},
		{"too many strips", func(f *file) { f.set(longs(tagWidth, 1)).set(longs(tagHeight, 1<<21)) }, ErrLimit, "at most 524288"},
		{"tiles of 1 GiB", func(f *file) { f.set(longs(tagTileWidth, 1<<16)).set(longs(tagTileHeight, 1<<16)) }, ErrLimit, "65536 × 65536"},
		{"tiles wider than allowed", func(f *file) { f.set(longs(tagTileWidth, 1<<16+1)).set(longs(tagTileHeight, 1)) }, ErrLimit, "tiles of 65537×1"},
	} {
		f, im := plain()
		tc.edit(f)
		b := f.bytes()
		var got *Image
		var err error
		used := allocated(func() { got, err = decode(b, Options{}) })
		if !errors.Is(err, tc.want) || tc.want == nil && err != nil {
			t.Errorf("%s: %v, want %v", tc.name, err, tc.want)
			continue
		}
		if tc.want == nil {
			if d := diff(got, im); d != "" {
				t.Errorf("%s: %s", tc.name, d)
			}
			continue
		}
		if !strings.Contains(err.Error(), tc.text) {
			t.Errorf("%s: %q does not say %q", tc.name, err, tc.text)
		}
		if used > refused(len(b)) {
			t.Errorf("%s: %d bytes allocated for a file of %d", tc.name, used, len(b))
		}
	}
}

// The documented bounds of what decoding allocates in all.
func refused(file int) uint64     { return uint64(16<<20 + 8*file) }
func accepted(decoded int) uint64 { return uint64(16<<20 + 4*decoded) }

// allocated returns the bytes that fn allocates.
func allocated(fn func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	fn()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestNotATIFF(t *testing.T) {
	for _, b := range []string{
		"", "I", "II*\x00", "II*\x00\x08\x00\x00\x00", "x,y,z\n0.1,0.2,0.3\n", "II\x2a\x00AAAAAAAAAAAAAAAAAAA",
		"\x89PNG\r\n\x1a\n0123456789", "MM*\x00\x00\x00\x00\x08", "II+\x00\x04\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00",
		"II+\x00\x08\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff", "II+\x00\x08\x00\x00\x00", "MI*\x00\x08\x00\x00\x00\x00\x00",
		"II+\x00\x08\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff",
	} {
		if _, err := decode([]byte(b), Options{}); !errors.Is(err, ErrFormat) {
			t.Errorf("%q: %v", b, err)
		}
		if _, err := DecodeHeader(strings.NewReader(b), int64(len(b)), Options{}); !errors.Is(err, ErrFormat) {
			t.Errorf("%q: header: %v", b, err)
		}
	}
}

// TestBigTIFFOffsets: 64-bit values that overflow when added or multiplied.
func TestBigTIFFOffsets(t *testing.T) {
	long8 := func(tag uint16, v ...uint64) rawEntry { return rawEntry{tag: tag, typ: typeLong8, values: v} }
	for name, edit := range map[string]func(*file){
		"offset":          func(f *file) { f.set(long8(tagStripOffsets, fileData, 1<<64-8)) },
		"negative offset": func(f *file) { f.set(long8(tagStripOffsets, fileData, 1<<63)) },
		"offset to wrap":  func(f *file) { f.set(long8(tagStripOffsets, fileData, 1<<63-1)) },
		"count":           func(f *file) { f.set(shorts(tagCompression, 8)).set(long8(tagStripByteCounts, 120, 1<<64-1)) },
		"count to wrap":   func(f *file) { f.set(shorts(tagCompression, 8)).set(long8(tagStripByteCounts, 120, 1<<63-1)) },
		"values":          func(f *file) { f.set(rawEntry{tag: tagStripOffsets, typ: typeLong8, count: ptr(1 << 61), at: ptr(8)}) },
		"values at": func(f *file) {
			f.set(rawEntry{tag: tagStripOffsets, typ: typeLong8, count: ptr(2), at: ptr(1<<64 - 4)})
		},
		"directory": func(f *file) { f.dirAt = ptr(1<<64 - 2) },
	} {
		f, _ := plain()
		f.big = true
		edit(f)
		if _, err := decode(f.bytes(), Options{}); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		f, im := plain()
		f.big, f.order = true, order
		f.set(long8(tagWidth, 5)).set(long8(tagRowsPerStrip, 2)).set(long8(tagStripOffsets, fileData, fileData+120))
		if order == binary.BigEndian {
			swap(f.data, 4)
		}
		got, err := decode(f.bytes(), Options{})
		if err != nil {
			t.Errorf("%v: %v", order, err)
		} else if d := diff(got, im); d != "" {
			t.Errorf("%v: %s", order, d)
		}
	}
	f, _ := plain()
	f.big = true
	f.set(long8(tagWidth, 1<<40))
	if _, err := decode(f.bytes(), Options{}); !errors.Is(err, ErrLimit) {
		t.Errorf("2⁴⁰ pixels wide: %v", err)
	}
}

// TestTruncated: every prefix of a valid file is refused as damaged, or decodes
// to the whole image because only padding or an unused offset is missing.
func TestTruncated(t *testing.T) {
	im := hard(19, 6, 3, Float32, 3)
	files := map[string][]byte{}
	for name, o := range map[string]EncodeOptions{
		"plain":     {},
		"bigtiff":   {BigTIFF: true, ByteOrder: binary.BigEndian, RowsPerStrip: 1},
		"deflate":   {Compression: Deflate, Predictor: FloatingPoint, RowsPerStrip: 2},
		"zstd":      {Compression: Zstd, Predictor: Horizontal},
		"packbits":  {Compression: PackBits, Planar: true},
		"tiles":     {TileWidth: 16, TileHeight: 16},
		"zstdtiles": {Compression: Zstd, TileWidth: 16, TileHeight: 16},
	} {
		files[name] = encode(t, im, o)
	}
	// The directory at the end, as in MVTec 3D-AD.
	f, small := plain()
	files["directory last"] = f.bytes()
	for name, b := range files {
		want := im
		if name == "directory last" {
			want = small
		}
		kept := 0
		for n := range b {
			got, err := decode(b[:n], Options{})
			if err != nil {
				if !errors.Is(err, ErrFormat) {
					t.Fatalf("%s: %d of %d bytes: %v", name, n, len(b), err)
				}
				continue
			}
			kept++
			if d := diff(got, want); d != "" {
				t.Fatalf("%s: %d of %d bytes: %s", name, n, len(b), d)
			}
		}
		// The next directory's offset at the end of the file, or the rows of
		// padding in the last tile, are not needed.
		if most := map[string]int{"directory last": 4, "tiles": 10 * 16 * 12}[name]; kept > most {
			t.Errorf("%s: %d prefixes decode, at most %d should", name, kept, most)
		}
	}
}

// TestReaderError: an error of the reader is not the file's fault.
func TestReaderError(t *testing.T) {
	broken := errors.New("broken")
	if _, err := Decode(failing{broken}, 1000, Options{}); !errors.Is(err, broken) || errors.Is(err, ErrFormat) {
		t.Errorf("%v", err)
	}
	for _, c := range []Compression{Uncompressed, PackBits, Deflate, Zstd} {
		b := encode(t, hard(40, 40, 3, Float32, 2), EncodeOptions{Compression: c})
		for _, good := range []int{4, 9, 100, 300, 1000} {
			r := partly{b, good, broken}
			if _, err := Decode(r, int64(len(b)), Options{}); !errors.Is(err, broken) || errors.Is(err, ErrFormat) {
				t.Errorf("%v, broken after %d of %d bytes: %v", c, good, len(b), err)
			}
		}
		// A file that turns out shorter than it was said to be is damaged.
		if _, err := Decode(bytes.NewReader(b[:1000]), int64(len(b)), Options{}); !errors.Is(err, ErrFormat) {
			t.Errorf("%v, 1000 of %d bytes: %v", c, len(b), err)
		}
	}
}

// partly reads the first good bytes of b and then fails.
type partly struct {
	b    []byte
	good int
	err  error
}

func (p partly) ReadAt(dst []byte, off int64) (int, error) {
	n := 0
	if off < int64(p.good) {
		n = copy(dst, p.b[off:p.good])
	}
	if n < len(dst) {
		return n, p.err
	}
	return n, nil
}

var _ io.ReaderAt = partly{}
