package malformed

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
)

// deflated returns b as a zlib stream.
func deflated(b []byte) []byte {
	var out bytes.Buffer
	z, err := zlib.NewWriterLevel(&out, zlib.BestCompression)
	if err == nil {
		_, err = z.Write(b)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		panic(err) // of a buffer
	}
	return out.Bytes()
}

// stream makes the image one strip of the given compression and bytes.
func stream(kind uint64, data []byte) *tiff {
	t := newTIFF()
	t.data = data
	t.set(entry{tag: 259, typ: short, values: []uint64{kind}}).set(entry{tag: 278, typ: short, values: []uint64{tiffHeight}})
	t.set(entry{tag: 273, typ: long, values: []uint64{tiffData}}).set(entry{tag: 279, typ: long, values: []uint64{uint64(len(data))}})
	return t
}

const (
	lzw, deflate, packBits, zstd = 5, 8, 32773, 50000
	bombSize                     = 64 << 20
)

// zstdZeros is a Zstandard frame of n zeros, in run-length blocks.
func zstdZeros(n int) []byte {
	b := []byte{0x28, 0xb5, 0x2f, 0xfd, 0, 7 << 3} // a window of 128 KiB
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

// tiffStreams are TIFF files whose compressed data are bad.
func tiffStreams() []File {
	m := maker{format: TIFF}
	bad := func(what string, kind uint64, data []byte) { m.add(Invalid, what, stream(kind, data).bytes()) }
	plain := newTIFF().data
	z := deflated(plain)
	bad("deflate: no zlib header", deflate, z[2:])
	bad("deflate: cut", deflate, z[:len(z)/2])
	bad("deflate: without its checksum", deflate, z[:len(z)-4])
	bad("deflate: a wrong checksum", deflate, edit(z, func(b []byte) { b[len(b)-1] ^= 1 }))
	bad("deflate: a row short", deflate, deflated(plain[:96]))
	bad("deflate: nothing", deflate, deflated(nil))
	bad("deflate: a byte too many", deflate, deflated(append(plain[:len(plain):len(plain)], 0)))
	bad("deflate: a reserved block type", deflate, []byte{0x78, 0x9c, 0x07, 0, 0, 0, 0, 0})
	bad("deflate: refers to what is before the beginning", deflate, []byte{0x78, 0x9c, 0x4b, 0x04, 0x91, 0, 0, 0})
	bad("deflate: garbage", deflate, bytes.Repeat([]byte{0xa5}, 144))
	bad("deflate: a bomb of 64 MiB for 144 bytes", deflate, deflated(make([]byte, bombSize)))
	bad("LZW: garbage", lzw, bytes.Repeat([]byte{0xff}, 144))
	bad("LZW: a code that is not known yet", lzw, []byte{0x80, 0x7f, 0xff, 0xff, 0xff})
	bad("LZW: nothing but the end", lzw, []byte{0x80, 0x40, 0x40})
	bad("LZW: one byte", lzw, []byte{0x80})
	bad("PackBits: ends within a run", packBits, []byte{0x81})
	bad("PackBits: ends within a copy", packBits, []byte{0x7f, 1, 2, 3})
	bad("PackBits: too little", packBits, []byte{0, 1})
	bad("PackBits: no-operations only", packBits, bytes.Repeat([]byte{0x80}, 200))
	bad("Zstandard: garbage", zstd, bytes.Repeat([]byte{0xa5}, 144))
	bad("Zstandard: a header alone", zstd, []byte{0x28, 0xb5, 0x2f, 0xfd})
	bad("Zstandard: cut", zstd, zstdZeros(144)[:8])
	bad("Zstandard: too little", zstd, zstdZeros(143))
	bad("Zstandard: too much", zstd, zstdZeros(145))
	bad("Zstandard: a bomb of 64 MiB for 144 bytes", zstd, zstdZeros(bombSize))
	bad("Zstandard: a reserved block type", zstd, []byte{0x28, 0xb5, 0x2f, 0xfd, 0, 0x38, 0x07, 0, 0})

	// Rasters of 64 MiB whose streams end just before the end.
	for what, s := range map[string]struct {
		kind uint64
		data []byte
	}{
		"deflate":   {deflate, deflated(make([]byte, bombSize))},
		"Zstandard": {zstd, zstdZeros(bombSize)},
		"PackBits":  {packBits, bytes.Repeat([]byte{0x81, 0}, bombSize/128)},
	} {
		t := stream(s.kind, s.data[:len(s.data)-7])
		t.set(entry{tag: 277, typ: short, values: []uint64{1}}).set(entry{tag: 258, typ: short, values: []uint64{32}}).set(entry{tag: 339, typ: short, values: []uint64{3}})
		t.set(entry{tag: 256, typ: long, values: []uint64{4096}}).set(entry{tag: 257, typ: long, values: []uint64{4096}}).set(entry{tag: 278, typ: long, values: []uint64{4096}})
		m.add(Invalid, what+": 64 MiB that are not whole", t.bytes())
	}
	for _, p := range []uint64{0, 4, 65535} {
		t := stream(deflate, z)
		t.set(entry{tag: 317, typ: short, values: []uint64{p}})
		m.add(Unsupported, fmt.Sprintf("predictor %d", p), t.bytes())
	}
	return m.files
}

// lzf returns the body of a compressed PCD file: sizes and stream.
func lzf(packed, plain uint32, stream ...byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, packed)
	return append(binary.LittleEndian.AppendUint32(b, plain), stream...)
}
