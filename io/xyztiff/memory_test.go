package xyztiff

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"
)

// bomb is a file of one float32 sample per pixel whose strips hold the given
// streams.
func bomb(kind Compression, w, h, rows uint64, streams ...[]byte) []byte {
	f := &file{order: binary.LittleEndian, big: true}
	offsets, counts := longs(tagStripOffsets), longs(tagStripByteCounts)
	for _, s := range streams {
		offsets.values = append(offsets.values, uint64(fileData+len(f.data)))
		counts.values = append(counts.values, uint64(len(s)))
		f.data = append(f.data, s...)
	}
	f.entries = []rawEntry{
		longs(tagWidth, w), longs(tagHeight, h), shorts(tagBitsPerSample, 32), shorts(tagCompression, uint64(kind)),
		longs(tagRowsPerStrip, rows), shorts(tagSampleFormat, 3), offsets, counts,
	}
	return f.bytes()
}

// zstdZeros is a Zstandard frame of n zeros in as few bytes as possible: run-
// length blocks of 128 KiB. With single it is a single-segment frame, else one
// with the given window descriptor.
func zstdZeros(n int, single bool, window byte) []byte {
	b := []byte{0x28, 0xb5, 0x2f, 0xfd}
	if single {
		b = binary.LittleEndian.AppendUint32(append(b, 0xa0), uint32(n))
	} else {
		b = append(b, 0, window)
	}
	for n > 0 {
		k := min(n, 128<<10)
		n -= k
		head := uint32(k)<<3 | 1<<1
		if n == 0 {
			head |= 1
		}
		b = append(b, byte(head), byte(head>>8), byte(head>>16), 0)
	}
	return b
}

// TestRefusedMemory: files built to make a decoder allocate, all damaged at the
// very end.
func TestRefusedMemory(t *testing.T) {
	const mib = 1 << 20
	deflate := func(n int) []byte {
		e := &encoder{h: Header{Compression: Deflate}}
		z, err := e.compress(nil, make([]byte, n))
		if err != nil {
			t.Fatal(err)
		}
		return z
	}
	last := func(b []byte) []byte { return b[:len(b)-3] }
	repeat := func(n int, stream []byte) [][]byte {
		s := slices.Repeat([][]byte{stream}, n)
		s[n-1] = last(stream)
		return s
	}
	windows := make([][]byte, 41)
	for i := range windows {
		windows[i] = zstdZeros(5*mib, false, byte(8<<3+i))
	}
	windows[40] = last(windows[40])
	for name, b := range map[string][]byte{
		"one deflate strip of 64 MiB":                    bomb(Deflate, 1<<12, 1<<12, 1<<12, last(deflate(64*mib))),
		"one deflate row of 64 MiB":                      bomb(Deflate, 1<<24, 1, 1, last(deflate(64*mib))),
		"one zstd strip of 64 MiB":                       bomb(Zstd, 1<<12, 1<<12, 1<<12, last(zstdZeros(64*mib, false, 13<<3))),
		"one zstd row of 64 MiB":                         bomb(Zstd, 1<<24, 1, 1, last(zstdZeros(64*mib, false, 13<<3))),
		"one zstd strip in a huge segment":               bomb(Zstd, 1<<12, 1<<12, 1<<12, last(zstdZeros(64*mib, true, 0))),
		"41 zstd strips of 5 MiB, windows of every size": bomb(Zstd, 1<<10, 41*1280, 1280, windows...),
		"64 zstd strips of 1 MiB in one segment each":    bomb(Zstd, 1<<10, 64<<8, 1<<8, repeat(64, zstdZeros(mib, true, 0))...),
		"strips of one row":                              bomb(LZW, 4, 30_000, 1, repeat(30_000, lzwOf(make([]byte, 16)))...),
		"deflate strips of one row":                      bomb(Deflate, 4, 20_000, 1, repeat(20_000, deflate(16))...),
		"packbits":                                       bomb(PackBits, 1<<13, 1<<10, 1<<10, last(appendPackBits(nil, make([]byte, 32*mib)))),
	} {
		var err error
		used := allocated(func() { _, err = decode(b, Options{}) })
		if err == nil {
			t.Errorf("%s: not refused", name)
		}
		t.Logf("%s: %.1f MiB allocated for a file of %d bytes: %v", name, float64(used)/mib, len(b), err)
		if used > refused(len(b)) {
			t.Errorf("%s: more than %.1f MiB", name, float64(refused(len(b)))/mib)
		}
	}
}

// TestAcceptedMemory: the same shapes, sound.
func TestAcceptedMemory(t *testing.T) {
	const mib = 1 << 20
	for name, tc := range map[string]struct {
		b       []byte
		decoded int
	}{
		"zstd strip":            {bomb(Zstd, 1<<12, 1<<12, 1<<12, zstdZeros(64*mib, false, 13<<3)), 64 * mib},
		"zstd row":              {bomb(Zstd, 1<<24, 1, 1, zstdZeros(64*mib, false, 13<<3)), 64 * mib},
		"zstd, 128 MiB window":  {bomb(Zstd, 1<<10, 1<<10, 1<<10, zstdZeros(4*mib, false, 17<<3)), 4 * mib},
		"LZW rows":              {bomb(LZW, 1, 100_000, 1, slices.Repeat([][]byte{lzwOf(make([]byte, 4))}, 100_000)...), 400_000},
		"most chunks":           {encode(t, newImage(1, maxChunks, 1, Uint16), EncodeOptions{RowsPerStrip: 1}), 2 * maxChunks},
		"many chunks, PackBits": {encode(t, newImage(1, maxChunks/4, 1, Uint16), EncodeOptions{RowsPerStrip: 1, Compression: PackBits}), 2 * maxChunks / 4},
		"small image, large tile": {encode(t, newImage(1, 1, 3, Float64), EncodeOptions{
			Compression: Zstd, Predictor: FloatingPoint, TileWidth: maxTile, TileHeight: 16}), 24},
	} {
		var err error
		used := allocated(func() { _, err = decode(tc.b, Options{}) })
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		t.Logf("%s: %.1f MiB allocated for %d decoded bytes", name, float64(used)/mib, tc.decoded)
		if used > accepted(tc.decoded) {
			t.Errorf("%s: more than %.1f MiB", name, float64(accepted(tc.decoded))/mib)
		}
	}
}

// TestWideWindow: the one limit on sound Zstandard data.
func TestWideWindow(t *testing.T) {
	b := bomb(Zstd, 1<<11, 1<<11, 1<<11, zstdZeros(16<<20, false, 14<<3))
	if _, err := decode(b, Options{}); !errors.Is(err, ErrUnsupported) {
		t.Errorf("window of 16 MiB: %v", err)
	}
}

func TestMaxBytes(t *testing.T) {
	b := encode(t, newImage(10, 10, 3, Float32), EncodeOptions{})
	if _, err := decode(b, Options{MaxBytes: 1200}); err != nil {
		t.Error(err)
	}
	if _, err := decode(b, Options{MaxBytes: 1199}); !errors.Is(err, ErrLimit) {
		t.Errorf("1200 bytes against a limit of 1199: %v", err)
	}
}
