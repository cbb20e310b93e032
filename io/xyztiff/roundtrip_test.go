package xyztiff

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/iotest"
)

// matrix calls fn for every combination of options that can be written for a
// type.
func matrix(t Type, fn func(o EncodeOptions)) {
	for _, c := range []Compression{0, PackBits, Deflate, OldDeflate, Zstd} {
		for _, p := range []Predictor{0, Horizontal, FloatingPoint} {
			if p != 0 && !c.predicts() || p == FloatingPoint && t == Uint16 {
				continue
			}
			for _, shape := range [][3]int{{0, 0, 0}, {1, 0, 0}, {5, 0, 0}, {0, 16, 16}, {0, 48, 16}} {
				if c == OldDeflate && shape != [3]int{5, 0, 0} {
					continue
				}
				for mask := range 8 {
					o := EncodeOptions{
						Compression: c, Predictor: p,
						RowsPerStrip: shape[0], TileWidth: shape[1], TileHeight: shape[2],
						Planar: mask&1 != 0, BigTIFF: mask&2 != 0,
					}
					if mask&4 != 0 {
						o.ByteOrder = binary.BigEndian
					}
					fn(o)
				}
			}
		}
	}
}

// TestRoundTrip writes and reads every combination and compares all bits.
func TestRoundTrip(t *testing.T) {
	for _, typ := range []Type{Float32, Float64, Uint16} {
		for _, samples := range []int{1, 3} {
			im := hard(37, 21, samples, typ, uint64(samples))
			matrix(typ, func(o EncodeOptions) {
				b := encode(t, im, o)
				got, err := decode(b, Options{})
				if err != nil {
					t.Errorf("%v ×%d %+v: %v", typ, samples, o, err)
					return
				}
				if d := diff(got, im); d != "" {
					t.Errorf("%v ×%d %+v: %s", typ, samples, o, d)
				}
				h, err := DecodeHeader(bytes.NewReader(b), int64(len(b)), Options{})
				if err != nil {
					t.Errorf("%v ×%d %+v: header: %v", typ, samples, o, err)
				}
				want, _ := o.header(im)
				if h != want {
					t.Errorf("%v ×%d %+v: header %+v, want %+v", typ, samples, o, h, want)
				}
				if o.BigTIFF || o.ByteOrder != nil {
					return
				}
				if again := encode(t, im, o); !bytes.Equal(again, b) {
					t.Errorf("%v ×%d %+v: two encodings differ", typ, samples, o)
				}
			})
		}
	}
}

// TestRoundTripLong takes chunks longer than one band, than a Zstandard block,
// and than what is decompressed in one go.
func TestRoundTripLong(t *testing.T) {
	im := hard(700, 650, 3, Float32, 5) // 5.2 MiB
	for _, o := range []EncodeOptions{
		{},
		{Compression: Zstd, Predictor: FloatingPoint},
		{Compression: Zstd, RowsPerStrip: 300, ByteOrder: binary.BigEndian},
		{Compression: Zstd, TileWidth: 1024, TileHeight: 512},
		{Compression: Deflate, Predictor: Horizontal},
		{Compression: PackBits, TileWidth: 512, TileHeight: 512},
	} {
		got, err := decode(encode(t, im, o), Options{})
		if err != nil {
			t.Errorf("%+v: %v", o, err)
			continue
		}
		if d := diff(got, im); d != "" {
			t.Errorf("%+v: %s", o, d)
		}
	}
}

// TestRoundTripEdges takes the smallest images and one row or column.
func TestRoundTripEdges(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {1, 50}, {50, 1}, {17, 15}} {
		for _, samples := range []int{1, 3} {
			im := hard(size[0], size[1], samples, Float64, 9)
			matrix(Float64, func(o EncodeOptions) {
				if o.BigTIFF || o.ByteOrder != nil || o.Compression == OldDeflate {
					return
				}
				got, err := decode(encode(t, im, o), Options{})
				if err != nil {
					t.Errorf("%v ×%d %+v: %v", size, samples, o, err)
				} else if d := diff(got, im); d != "" {
					t.Errorf("%v ×%d %+v: %s", size, samples, o, d)
				}
			})
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	f32, u16 := newImage(8, 8, 3, Float32), newImage(8, 8, 1, Uint16)
	type custom struct{ binary.ByteOrder }
	for _, tc := range []struct {
		im   *Image
		o    EncodeOptions
		want error
	}{
		{f32, EncodeOptions{Compression: LZW}, ErrUnsupported},
		{f32, EncodeOptions{Compression: 7}, ErrUnsupported},
		{f32, EncodeOptions{Predictor: Horizontal}, ErrUnsupported},
		{f32, EncodeOptions{Predictor: FloatingPoint, Compression: PackBits}, ErrUnsupported},
		{f32, EncodeOptions{Predictor: 4, Compression: Zstd}, ErrUnsupported},
		{u16, EncodeOptions{Predictor: FloatingPoint, Compression: Zstd}, ErrUnsupported},
		{f32, EncodeOptions{RowsPerStrip: -1}, ErrUnsupported},
		{f32, EncodeOptions{TileWidth: 16}, ErrUnsupported},
		{f32, EncodeOptions{TileWidth: 16, TileHeight: 17}, ErrUnsupported},
		{f32, EncodeOptions{TileWidth: -16, TileHeight: 16}, ErrUnsupported},
		{f32, EncodeOptions{TileWidth: 1 << 20, TileHeight: 16}, ErrUnsupported},
		{f32, EncodeOptions{TileWidth: 16, TileHeight: 16, RowsPerStrip: 2}, ErrUnsupported},
		{f32, EncodeOptions{ByteOrder: custom{}}, ErrUnsupported},
		{newImage(8, 8, 2, Float32), EncodeOptions{}, ErrUnsupported},
		{newImage(1, maxChunks+1, 1, Uint16), EncodeOptions{RowsPerStrip: 1}, ErrLimit},
	} {
		var b bytes.Buffer
		if err := Encode(&b, tc.im, tc.o); !errors.Is(err, tc.want) || b.Len() != 0 {
			t.Errorf("%+v: %v and %d bytes, want %v", tc.o, err, b.Len(), tc.want)
		}
	}
	// A classic file that would pass 4 GiB, without making one: two strips.
	e := &encoder{h: Header{Width: 1 << 16, Height: 1 << 15, RowsPerStrip: 1 << 14, Samples: 1, ByteOrder: binary.LittleEndian}}
	if _, err := e.head([]uint64{1 << 31, 1 << 31}); !errors.Is(err, ErrLimit) {
		t.Errorf("4 GiB in a classic TIFF: %v", err)
	}
	broken := errors.New("broken")
	for _, c := range []Compression{Uncompressed, Zstd} {
		im := hard(300, 300, 3, Float32, 1)
		if err := Encode(iotest.TruncateWriter(failing{broken}, 0), im, EncodeOptions{Compression: c}); err != nil {
			t.Errorf("writer that drops everything: %v", err)
		}
		if err := Encode(failing{broken}, im, EncodeOptions{Compression: c}); !errors.Is(err, broken) {
			t.Errorf("%v: broken writer: %v", c, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error)             { return 0, f.err }
func (f failing) ReadAt(p []byte, _ int64) (int, error) { return 0, f.err }

// TestCallerPanics: images that only a broken program can make.
func TestCallerPanics(t *testing.T) {
	for name, im := range map[string]*Image{
		"nothing":   {Width: 2, Height: 2, Samples: 3},
		"short":     {Width: 2, Height: 2, Samples: 3, F32: make([]float32, 11)},
		"long":      {Width: 2, Height: 2, Samples: 3, F32: make([]float32, 13)},
		"two types": {Width: 2, Height: 1, Samples: 3, F32: make([]float32, 6), U16: []uint16{}},
		"negative":  {Width: -2, Height: -2, Samples: 3, F32: make([]float32, 12)},
		"zero":      {F32: []float32{}},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			Encode(io.Discard, im, EncodeOptions{})
		}()
	}
}

func ExampleEncode() {
	im := &Image{Width: 2, Height: 1, Samples: 3, F32: []float32{0, 0, 0, 0.5, -0.25, 0.75}}
	var b bytes.Buffer
	err := Encode(&b, im, EncodeOptions{Compression: Deflate, Predictor: FloatingPoint})
	if err != nil {
		fmt.Println(err)
		return
	}
	back, err := Decode(bytes.NewReader(b.Bytes()), int64(b.Len()), Options{})
	fmt.Println(back.F32, err)
	// Output: [0 0 0 0.5 -0.25 0.75] <nil>
}
