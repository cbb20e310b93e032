package xyztiff

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/iad3d/iad3d/internal/golden"
)

// FuzzDecode: no input makes Decode panic, hang or allocate beyond its bounds;
// an error wraps a sentinel; what decodes can be written and reads the same.
func FuzzDecode(f *testing.F) {
	for _, typ := range []Type{Float32, Float64, Uint16} {
		im := hard(9, 5, 3, typ, 1)
		matrix(typ, func(o EncodeOptions) {
			if o.RowsPerStrip != 1 && o.TileWidth != 48 {
				f.Add(encode(f, im, o))
			}
		})
	}
	names, err := filepath.Glob(filepath.Join(golden.Root(), "testdata", "xyztiff", "u16*.tiff"))
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	p, _ := plain()
	f.Add(p.bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		const most = 1 << 20
		h, headErr := DecodeHeader(bytes.NewReader(b), int64(len(b)), Options{MaxBytes: most})
		var im *Image
		var err error
		used := allocated(func() { im, err = decode(b, Options{MaxBytes: most}) })
		if err != nil && used > refused(len(b)) {
			t.Fatalf("%d bytes allocated for a file of %d: %v", used, len(b), err)
		}
		if err != nil {
			if !errors.Is(err, ErrFormat) && !errors.Is(err, ErrUnsupported) && !errors.Is(err, ErrLimit) {
				t.Fatalf("error of no class: %v", err)
			}
			return
		}
		if headErr != nil || h.Width != im.Width || h.Height != im.Height || h.Samples != im.Samples || h.Type != im.Type() {
			t.Fatalf("header %+v, %v of an image of %d×%d×%d %v", h, headErr, im.Width, im.Height, im.Samples, im.Type())
		}
		if decoded := im.Width * im.Height * im.Samples * im.Type().Size(); used > accepted(decoded) {
			t.Fatalf("%d bytes allocated for %d decoded", used, decoded)
		}
		if n := len(bits(im)); n != im.Width*im.Height*im.Samples || n*h.Type.Size() > most {
			t.Fatalf("%d samples of %+v", n, h)
		}
		o := EncodeOptions{Compression: h.Compression, Planar: h.Planar, BigTIFF: h.BigTIFF, ByteOrder: h.ByteOrder, Predictor: h.Predictor, RowsPerStrip: h.RowsPerStrip}
		if o.Compression == LZW {
			o.Compression = Deflate
		}
		got, err := decode(encode(t, im, o), Options{})
		if err != nil {
			t.Fatalf("written again: %v", err)
		}
		if d := diff(got, im); d != "" {
			t.Fatalf("written again: %s", d)
		}
	})
}

// FuzzRoundTrip: any samples survive any combination of options bit by bit.
func FuzzRoundTrip(f *testing.F) {
	f.Add(uint8(5), uint8(4), uint16(0), []byte("0123456789abcdefghijklmnopqrstuvwxyz"))
	f.Add(uint8(40), uint8(1), uint16(0xffff), []byte{0, 0, 0x80, 0x7f, 1, 0, 0xc0, 0xff})
	f.Add(uint8(17), uint8(33), uint16(0x1234), []byte{0, 0, 0, 0, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, w, h uint8, choice uint16, data []byte) {
		pick := func(n int) int {
			c := int(choice) % n
			choice = choice/uint16(n) + choice%uint16(n)
			return c
		}
		typ := Type(pick(3))
		im := newImage(1+int(w)%70, 1+int(h)%70, 1+2*pick(2), typ)
		if len(data) > 0 {
			word := make([]byte, 8)
			for i := range im.Width * im.Height * im.Samples {
				for k := range word {
					word[k] = data[(i*8+k)%len(data)]
				}
				im.setBits(i, binary.LittleEndian.Uint64(word))
			}
		}
		o := EncodeOptions{Planar: pick(2) == 1, BigTIFF: pick(2) == 1}
		if pick(2) == 1 {
			o.ByteOrder = binary.BigEndian
		}
		o.Compression = []Compression{Uncompressed, PackBits, Deflate, OldDeflate, Zstd}[pick(5)]
		if o.Predictor = Predictor(1 + pick(3)); !o.Compression.predicts() || typ == Uint16 && o.Predictor == FloatingPoint {
			o.Predictor = 0
		}
		if pick(2) == 1 {
			o.TileWidth, o.TileHeight = 16*(1+pick(4)), 16*(1+pick(4))
		} else {
			o.RowsPerStrip = pick(40)
		}
		got, err := decode(encode(t, im, o), Options{})
		if err != nil {
			t.Fatalf("%+v: %v", o, err)
		}
		if d := diff(got, im); d != "" {
			t.Fatalf("%+v: %s", o, d)
		}
	})
}
