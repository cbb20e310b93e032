package xyztiff

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// Images and comparisons that the tests share.

func decode(b []byte, o Options) (*Image, error) {
	return Decode(bytes.NewReader(b), int64(len(b)), o)
}

func encode(t testing.TB, im *Image, o EncodeOptions) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Encode(&b, im, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// bits returns the samples' bits.
func bits(im *Image) []uint64 {
	var v []uint64
	for _, f := range im.F32 {
		v = append(v, uint64(math.Float32bits(f)))
	}
	for _, f := range im.F64 {
		v = append(v, math.Float64bits(f))
	}
	for _, u := range im.U16 {
		v = append(v, uint64(u))
	}
	return v
}

// diff says where two images differ, or returns "".
func diff(got, want *Image) string {
	if got.Width != want.Width || got.Height != want.Height || got.Samples != want.Samples || got.Type() != want.Type() {
		return fmt.Sprintf("%d×%d×%d %v, want %d×%d×%d %v", got.Width, got.Height, got.Samples, got.Type(),
			want.Width, want.Height, want.Samples, want.Type())
	}
	g, w := bits(got), bits(want)
	if len(g) != len(w) {
		return fmt.Sprintf("%d samples, want %d", len(g), len(w))
	}
	for i := range g {
		if g[i] != w[i] {
			return fmt.Sprintf("sample %d is %#x, want %#x", i, g[i], w[i])
		}
	}
	return ""
}

func newImage(w, h, samples int, t Type) *Image {
	im := &Image{Width: w, Height: h, Samples: samples}
	switch n := w * h * samples; t {
	case Float32:
		im.F32 = make([]float32, n)
	case Float64:
		im.F64 = make([]float64, n)
	case Uint16:
		im.U16 = make([]uint16, n)
	}
	return im
}

// setBits stores a sample by its bits.
func (im *Image) setBits(i int, v uint64) {
	switch im.Type() {
	case Float32:
		im.F32[i] = math.Float32frombits(uint32(v))
	case Float64:
		im.F64[i] = math.Float64frombits(v)
	case Uint16:
		im.U16[i] = uint16(v)
	}
}

// hard returns an image of smooth stretches, runs of zeros and random bits, which
// among others are infinities, denormals, negative zeros, and quiet and
// signalling NaNs with payloads.
func hard(w, h, samples int, t Type, seed uint64) *Image {
	im := newImage(w, h, samples, t)
	rng := rand.New(rand.NewPCG(seed, 7))
	special := map[Type][]uint64{
		Float32: {0x80000000, 1, 0x807fffff, 0x7f800000, 0xff800000, 0x7fc12345, 0x7f800001, 0xffffffff},
		Float64: {1 << 63, 1, 0x800fffffffffffff, 0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000012345, 0x7ff0000000000001, math.MaxUint64},
		Uint16:  {0, 1, 255, 256, 0x7fff, 0x8000, 0xff00, 0xffff},
	}[t]
	n := w * h * samples
	for i := 0; i < n; {
		kind, run := rng.IntN(4), 1+rng.IntN(40)
		for ; run > 0 && i < n; run, i = run-1, i+1 {
			switch kind {
			case 0: // zero
			case 1:
				im.setBits(i, rng.Uint64())
			case 2:
				im.setBits(i, special[rng.IntN(len(special))])
			default:
				switch t {
				case Float32:
					im.F32[i] = 0.5 + float32(i)*1e-6
				case Float64:
					im.F64[i] = 0.5 + float64(i)*1e-6
				case Uint16:
					im.U16[i] = uint16(700 + i/samples)
				}
			}
		}
	}
	return im
}

// file builds TIFF files as Encode does not: the pixels first, then the arrays,
// the directory last, its entries in any order, of any type and with any lie.
type file struct {
	order   binary.ByteOrder
	big     bool
	data    []byte // from offset 16
	entries []rawEntry
	dirAt   *uint64 // overrides the offset of the directory
	tail    int     // bytes cut off the end
}

type rawEntry struct {
	tag, typ uint16
	values   []uint64
	count    *uint64 // overrides the count
	at       *uint64 // overrides the place of values that do not fit
}

func ptr(v uint64) *uint64 { return &v }

const fileData = 16 // offset of file.data

func (f *file) bytes() []byte {
	o := f.order.(binary.AppendByteOrder)
	word := func(b []byte, v uint64, size int) []byte {
		switch size {
		case 1:
			return append(b, byte(v))
		case 2:
			return o.AppendUint16(b, uint16(v))
		case 4:
			return o.AppendUint32(b, uint32(v))
		}
		return o.AppendUint64(b, v)
	}
	ws := 4
	if f.big {
		ws = 8
	}
	body := append(make([]byte, fileData), f.data...)
	var dir []byte
	if f.big {
		dir = word(dir, uint64(len(f.entries)), 8)
	} else {
		dir = word(dir, uint64(len(f.entries)), 2)
	}
	for _, e := range f.entries {
		size := map[uint16]int{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 12: 8, 13: 4, 16: 8, 18: 8}[e.typ]
		var v []byte
		for _, x := range e.values {
			v = word(v, x, size)
		}
		dir = word(word(dir, uint64(e.tag), 2), uint64(e.typ), 2)
		count := uint64(len(e.values))
		if e.count != nil {
			count = *e.count
		}
		dir = word(dir, count, ws)
		switch {
		case e.at != nil:
			dir = word(dir, *e.at, ws)
		case len(v) <= ws:
			dir = append(dir, append(v, make([]byte, ws-len(v))...)...)
		default:
			dir = word(dir, uint64(len(body)), ws)
			body = append(body, v...)
		}
	}
	dir = word(dir, 0, ws)
	at := uint64(len(body))
	if f.dirAt != nil {
		at = *f.dirAt
	}
	head := []byte("II")
	if f.order == binary.BigEndian {
		head = []byte("MM")
	}
	if f.big {
		head = word(word(word(word(head, 43, 2), 8, 2), 0, 2), at, 8)
	} else {
		head = word(word(head, 42, 2), at, 4)
	}
	copy(body, head)
	body = append(body, dir...)
	return body[:len(body)-f.tail]
}

// set replaces or adds an entry, del removes one.
func (f *file) set(e rawEntry) *file {
	for i := range f.entries {
		if f.entries[i].tag == e.tag {
			f.entries[i] = e
			return f
		}
	}
	f.entries = append(f.entries, e)
	return f
}

func (f *file) del(tag uint16) *file {
	for i := range f.entries {
		if f.entries[i].tag == tag {
			f.entries = append(f.entries[:i], f.entries[i+1:]...)
			return f
		}
	}
	return f
}

func shorts(tag uint16, v ...uint64) rawEntry {
	return rawEntry{tag: tag, typ: typeShort, values: v}
}
func longs(tag uint16, v ...uint64) rawEntry { return rawEntry{tag: tag, typ: typeLong, values: v} }

// plain returns a file of 5×4 pixels, three float32 samples each, uncompressed in
// two strips of two rows, and its image.
func plain() (*file, *Image) {
	im := newImage(5, 4, 3, Float32)
	f := &file{order: binary.LittleEndian}
	for i := range im.F32 {
		im.F32[i] = float32(i)/8 - 3
		f.data = binary.LittleEndian.AppendUint32(f.data, math.Float32bits(im.F32[i]))
	}
	f.entries = []rawEntry{
		shorts(tagWidth, 5), shorts(tagHeight, 4), shorts(tagBitsPerSample, 32, 32, 32), shorts(tagCompression, 1),
		shorts(tagPhotometric, 2), longs(tagStripOffsets, fileData, fileData+120), shorts(tagSamplesPerPixel, 3),
		shorts(tagRowsPerStrip, 2), longs(tagStripByteCounts, 120, 120), shorts(tagPlanar, 1), shorts(tagSampleFormat, 3, 3, 3),
	}
	return f, im
}
