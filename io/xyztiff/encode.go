package xyztiff

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/iad3d/iad3d/internal/limit"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// EncodeOptions says how an image is written. The zero value gives an
// uncompressed little-endian classic TIFF with interleaved samples in one strip.
type EncodeOptions struct {
	Compression Compression // every one but LZW
	// Predictor needs deflate or Zstd; FloatingPoint needs float samples. Floats
	// shrink most with Deflate or Zstd and FloatingPoint.
	Predictor Predictor
	// RowsPerStrip is the height of the strips; 0 means one strip. It must be 0
	// for tiles.
	RowsPerStrip int
	// TileWidth and TileHeight are both 0 for strips or both multiples of 16, at
	// most 65536. Tiles that reach over the image's border are padded with 0.
	TileWidth, TileHeight int
	Planar                bool             // each sample in a plane of its own; nothing to do for one sample
	BigTIFF               bool             // needed for files of more than 4 GiB
	ByteOrder             binary.ByteOrder // nil: binary.LittleEndian
}

// Encode writes im so that Decode, libtiff and tifffile read the same bits. The
// directory stands before the pixels; three samples are tagged as RGB, as MVTec
// 3D-AD's files are. The error wraps [ErrUnsupported] for options that are
// impossible, [ErrLimit] for a classic TIFF of more than 4 GiB or an image of
// more strips or tiles than Decode reads; an error of w is passed on. Compressed
// data are held in memory until they are written. It panics when im breaks the
// invariants of [Image].
func Encode(w io.Writer, im *Image, o EncodeOptions) error {
	im.check()
	h, err := o.header(im)
	if err != nil {
		return err
	}
	e := &encoder{im: im, h: h, l: h.layout()}
	var data []byte // all chunks; nothing when they need not be compressed
	counts := make([]uint64, e.l.chunks())
	for i := range counts {
		if h.Compression == Uncompressed {
			counts[i] = uint64(e.size(i))
			continue
		}
		before := len(data)
		if data, err = e.compress(data, e.fill(i)); err != nil {
			return fmt.Errorf("xyztiff: %s %d of %d: %w", e.l.name, i+1, len(counts), err)
		}
		counts[i] = uint64(len(data) - before)
	}
	head, err := e.head(counts)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, bandBytes)
	out.Write(head)
	out.Write(data)
	if data == nil {
		for i := range counts {
			if _, err := out.Write(e.fill(i)); err != nil {
				break // Flush reports it
			}
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("xyztiff: %w", err)
	}
	return nil
}

// header returns what the options make of im, or what is wrong with them.
func (o EncodeOptions) header(im *Image) (Header, error) {
	h := Header{
		Width: im.Width, Height: im.Height, Samples: im.Samples, Type: im.Type(),
		Compression: max(o.Compression, Uncompressed), Predictor: max(o.Predictor, NoPredictor),
		ByteOrder: o.ByteOrder, BigTIFF: o.BigTIFF, Planar: o.Planar && im.Samples > 1,
		RowsPerStrip: o.RowsPerStrip, TileWidth: o.TileWidth, TileHeight: o.TileHeight,
		Tiled: o.TileWidth != 0 || o.TileHeight != 0,
	}
	if h.ByteOrder == nil {
		h.ByteOrder = binary.LittleEndian
	}
	bad := func(side int) bool { return side <= 0 || side > maxTile || side%16 != 0 }
	switch {
	case h.Samples != 1 && h.Samples != 3:
		return h, unsupported("%d samples per pixel, neither 1 nor 3", h.Samples)
	case h.Width > math.MaxInt32 || h.Height > math.MaxInt32:
		return h, tooLarge("image of %d×%d pixels", h.Width, h.Height)
	case h.ByteOrder != binary.LittleEndian && h.ByteOrder != binary.BigEndian:
		return h, unsupported("byte order %v", h.ByteOrder)
	case h.Compression == LZW:
		return h, unsupported("LZW can be read but not written")
	case h.Compression != Uncompressed && h.Compression != PackBits && !h.Compression.predicts():
		return h, unsupported("%v", h.Compression)
	case h.Predictor > FloatingPoint:
		return h, unsupported("%v", h.Predictor)
	case h.Predictor != NoPredictor && !h.Compression.predicts():
		return h, unsupported("predictor %v, %v", h.Predictor, h.Compression)
	case h.Predictor == FloatingPoint && h.Type == Uint16:
		return h, unsupported("floating-point predictor of uint16 samples")
	case h.Tiled && (bad(h.TileWidth) || bad(h.TileHeight)):
		return h, unsupported("tiles of %d×%d pixels, not multiples of 16 up to %d", h.TileWidth, h.TileHeight, maxTile)
	case h.Tiled && h.RowsPerStrip != 0 || h.RowsPerStrip < 0:
		return h, unsupported("%d rows per strip, tiles of %d×%d pixels", h.RowsPerStrip, h.TileWidth, h.TileHeight)
	}
	if !h.Tiled && (h.RowsPerStrip == 0 || h.RowsPerStrip > h.Height) {
		h.RowsPerStrip = h.Height
	}
	return h, h.checkSize(Options{MaxBytes: math.MaxInt64})
}

type encoder struct {
	im   *Image
	h    Header
	l    layout
	buf  []byte // one chunk
	row  []byte
	zlib *zlib.Writer
	zstd *zstd.Encoder
}

// size is the decoded size of chunk i, tile padding included.
func (e *encoder) size(i int) int64 {
	rows := e.l.chunkH
	if !e.l.tiled {
		rows = e.l.chunk(i).rows
	}
	return int64(rows) * int64(e.l.rowBytes())
}

// fill returns chunk i ready to be compressed, valid until the next call.
func (e *encoder) fill(i int) []byte {
	n, row, size := int(e.size(i)), e.l.rowBytes(), e.l.sampleSize
	if cap(e.buf) < n {
		e.buf = make([]byte, n)
		e.row = make([]byte, row)
	}
	e.buf = e.buf[:n]
	clear(e.buf)
	c := e.l.chunk(i)
	stride, at := 1, (c.y*e.im.Width+c.x)*e.im.Samples
	if e.l.planes > 1 {
		stride, at = e.im.Samples, at+c.plane
	}
	for b := range bytesOf(e.buf[:c.rows*row], row) {
		e.im.words(at, stride, b[:c.cols*e.l.samples*size])
		at += e.im.Width * e.im.Samples
		switch {
		case e.h.Predictor == FloatingPoint:
			copy(e.row, b)
			toPlanes(b, e.row, size)
			doBytes(b, e.l.samples)
			continue // most significant byte first in files of both orders
		case e.h.Predictor == Horizontal:
			doWords(b, size, e.l.samples)
		}
		if isBig(e.h.ByteOrder) {
			swap(b, size)
		}
	}
	return e.buf
}

// compress appends the compressed form of a chunk to dst.
func (e *encoder) compress(dst, raw []byte) ([]byte, error) {
	switch e.h.Compression {
	case PackBits:
		for row := range bytesOf(raw, e.l.rowBytes()) {
			dst = appendPackBits(dst, row)
		}
		return dst, nil
	case Zstd:
		if e.zstd == nil {
			z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
			if err != nil {
				return nil, err
			}
			e.zstd = z
		}
		return e.zstd.EncodeAll(raw, dst), nil
	}
	buf := bytes.NewBuffer(dst)
	if e.zlib == nil {
		e.zlib = zlib.NewWriter(buf)
	} else {
		e.zlib.Reset(buf)
	}
	if _, err := e.zlib.Write(raw); err != nil {
		return nil, err
	}
	err := e.zlib.Close()
	return buf.Bytes(), err
}

// entry is a directory entry to be written.
type entry struct {
	tag, typ uint16
	values   []uint64
}

func (t entry) size() int {
	switch t.typ {
	case typeShort:
		return 2
	case typeLong:
		return 4
	}
	return 8
}

// entries returns the directory but for the offsets, in ascending order of tags.
func (e *encoder) entries(offsets, counts []uint64) []entry {
	h := &e.h
	one := func(tag, typ uint16, v int) entry { return entry{tag, typ, []uint64{uint64(v)}} }
	all := func(tag uint16, v uint64) entry {
		t := entry{tag, typeShort, make([]uint64, h.Samples)}
		for i := range t.values {
			t.values[i] = v
		}
		return t
	}
	const minIsBlack, rgb = 1, 2
	photometric, format, planar := minIsBlack, uint64(3), 1
	if h.Samples == 3 {
		photometric = rgb
	}
	if h.Type == Uint16 {
		format = 1
	}
	if h.Planar {
		planar = 2
	}
	address := uint16(typeLong)
	if h.BigTIFF {
		address = typeLong8
	}
	t := []entry{
		one(tagWidth, typeLong, h.Width),
		one(tagHeight, typeLong, h.Height),
		all(tagBitsPerSample, uint64(8*h.Type.Size())),
		one(tagCompression, typeShort, int(h.Compression)),
		one(tagPhotometric, typeShort, photometric),
	}
	if !h.Tiled {
		t = append(t, entry{tagStripOffsets, address, offsets})
	}
	t = append(t, one(tagSamplesPerPixel, typeShort, h.Samples))
	if !h.Tiled {
		t = append(t, one(tagRowsPerStrip, typeLong, h.RowsPerStrip), entry{tagStripByteCounts, address, counts})
	}
	t = append(t, one(tagPlanar, typeShort, planar))
	if h.Predictor != NoPredictor {
		t = append(t, one(tagPredictor, typeShort, int(h.Predictor)))
	}
	if h.Tiled {
		t = append(t, one(tagTileWidth, typeLong, h.TileWidth), one(tagTileHeight, typeLong, h.TileHeight),
			entry{tagTileOffsets, address, offsets}, entry{tagTileByteCounts, address, counts})
	}
	return append(t, all(tagSampleFormat, format))
}

// head returns everything before the pixels: file header, directory, arrays.
func (e *encoder) head(counts []uint64) ([]byte, error) {
	offsets := make([]uint64, len(counts))
	t := e.entries(offsets, counts)
	headSize, countSize, entrySize, word := 8, 2, 12, 4
	if e.h.BigTIFF {
		headSize, countSize, entrySize, word = 16, 8, 20, 8
	}
	// Arrays follow the directory and the zero that says there is no next one.
	outside := headSize + countSize + len(t)*entrySize + word
	end := outside
	for _, f := range t {
		if n := len(f.values) * f.size(); n > word {
			end += n
		}
	}
	end = (end + 15) &^ 15 // readers that map the file like aligned pixels
	total := int64(end)
	for i, n := range counts {
		offsets[i] = uint64(total)
		var err error
		if total, err = limit.Sum(total, int64(n)); err != nil {
			return nil, tooLarge("%w", err)
		}
	}
	if !e.h.BigTIFF && total > math.MaxUint32 {
		return nil, tooLarge("%d bytes need BigTIFF", total)
	}

	order := e.h.ByteOrder.(binary.AppendByteOrder)
	b := make([]byte, 0, end)
	array := make([]byte, 0, end-outside)
	b = append(b, "II"...)
	if isBig(e.h.ByteOrder) {
		b = append(b[:0], "MM"...)
	}
	appendWord := func(b []byte, v uint64, size int) []byte {
		switch size {
		case 2:
			return order.AppendUint16(b, uint16(v))
		case 4:
			return order.AppendUint32(b, uint32(v))
		}
		return order.AppendUint64(b, v)
	}
	if e.h.BigTIFF {
		b = order.AppendUint16(b, 43)
		b = order.AppendUint16(b, 8)
		b = order.AppendUint16(b, 0)
	} else {
		b = order.AppendUint16(b, 42)
	}
	b = appendWord(b, uint64(headSize), word)
	b = appendWord(b, uint64(len(t)), countSize)
	for _, f := range t {
		b = order.AppendUint16(b, f.tag)
		b = order.AppendUint16(b, f.typ)
		b = appendWord(b, uint64(len(f.values)), word)
		if len(f.values)*f.size() > word {
			b = appendWord(b, uint64(outside+len(array)), word)
			for _, v := range f.values {
				array = appendWord(array, v, f.size())
			}
			continue
		}
		value := len(b)
		for _, v := range f.values {
			b = appendWord(b, v, f.size())
		}
		b = append(b, make([]byte, word-(len(b)-value))...)
	}
	b = appendWord(b, 0, word)
	b = append(b, array...)
	return append(b, make([]byte, end-len(b))...), nil
}
