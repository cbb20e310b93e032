package xyztiff

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/iad3d/iad3d/internal/limit"
)

// Tags of an image file directory that this package reads or writes.
const (
	tagWidth           = 256
	tagHeight          = 257
	tagBitsPerSample   = 258
	tagCompression     = 259
	tagPhotometric     = 262
	tagFillOrder       = 266
	tagStripOffsets    = 273
	tagSamplesPerPixel = 277
	tagRowsPerStrip    = 278
	tagStripByteCounts = 279
	tagPlanar          = 284
	tagPredictor       = 317
	tagTileWidth       = 322
	tagTileHeight      = 323
	tagTileOffsets     = 324
	tagTileByteCounts  = 325
	tagSampleFormat    = 339
)

var tagNames = map[uint16]string{
	tagWidth: "ImageWidth", tagHeight: "ImageLength", tagBitsPerSample: "BitsPerSample",
	tagCompression: "Compression", tagFillOrder: "FillOrder", tagStripOffsets: "StripOffsets",
	tagSamplesPerPixel: "SamplesPerPixel", tagRowsPerStrip: "RowsPerStrip",
	tagStripByteCounts: "StripByteCounts", tagPlanar: "PlanarConfiguration",
	tagPredictor: "Predictor", tagTileWidth: "TileWidth", tagTileHeight: "TileLength",
	tagTileOffsets: "TileOffsets", tagTileByteCounts: "TileByteCounts", tagSampleFormat: "SampleFormat",
}

// Field types.
const (
	typeByte  = 1
	typeShort = 3
	typeLong  = 4
	typeIFD   = 13
	typeLong8 = 16
	typeIFD8  = 18
)

// source is the file. It remembers the first error of the reader that is not
// the end of the file, to tell a broken disk from a damaged file.
type source struct {
	r      io.ReaderAt
	size   int64
	failed error
}

func (s *source) ReadAt(p []byte, off int64) (int, error) {
	n, err := s.r.ReadAt(p, off)
	if n == len(p) {
		return n, nil
	}
	if err == nil || err == io.EOF {
		return n, io.ErrUnexpectedEOF
	}
	if s.failed == nil {
		s.failed = err
	}
	return n, err
}

// fault gives err, met while reading what, the sentinel it deserves.
func (s *source) fault(err error, format string, args ...any) error {
	where := fmt.Sprintf(format, args...)
	switch {
	case s.failed != nil:
		return fmt.Errorf("xyztiff: %s: %w", where, s.failed)
	case errors.Is(err, errStream):
		return unsupported("%s: %w", where, err)
	case err == io.EOF:
		err = io.ErrUnexpectedEOF
	}
	return invalid("%s: %w", where, err)
}

// field is one entry of a directory: count values of a type, in value when they
// fit there and elsewhere in the file otherwise.
type field struct {
	typ   uint16
	count uint64
	value [8]byte
}

// directory is the first image file directory: the entries this package knows.
type directory struct {
	src    *source
	order  binary.ByteOrder
	big    bool
	fields map[uint16]field
}

// readDirectory reads the file header and the first directory. Where a tag is
// repeated the first entry counts; the order of entries does not matter.
func readDirectory(src *source) (*directory, error) {
	var head [16]byte
	n := min(src.size, int64(len(head)))
	if n < 8 {
		return nil, invalid("file of %d bytes", src.size)
	}
	if _, err := src.ReadAt(head[:n], 0); err != nil {
		return nil, src.fault(err, "file header")
	}
	d := &directory{src: src, fields: make(map[uint16]field)}
	switch string(head[:2]) {
	case "II":
		d.order = binary.LittleEndian
	case "MM":
		d.order = binary.BigEndian
	default:
		return nil, invalid("file begins with % x", head[:4])
	}
	var at uint64
	switch version := d.order.Uint16(head[2:]); {
	case version == 42:
		at = uint64(d.order.Uint32(head[4:]))
	case version == 43 && n == 16 && d.order.Uint16(head[4:]) == 8 && d.order.Uint16(head[6:]) == 0:
		d.big = true
		at = d.order.Uint64(head[8:])
	default:
		return nil, invalid("file begins with % x", head[:8])
	}

	countSize, entrySize := 2, 12
	if d.big {
		countSize, entrySize = 8, 20
	}
	if at > uint64(src.size) || uint64(src.size)-at < uint64(countSize) {
		return nil, invalid("directory at offset %d of a file of %d bytes", at, src.size)
	}
	var b [8]byte
	if _, err := src.ReadAt(b[:countSize], int64(at)); err != nil {
		return nil, src.fault(err, "directory at offset %d", at)
	}
	entries := uint64(d.order.Uint16(b[:]))
	if d.big {
		entries = d.order.Uint64(b[:])
	}
	at += uint64(countSize)
	// A tag is 16 bits wide and occurs once, whatever a BigTIFF could count.
	if entries == 0 || entries > 1<<16 || entries*uint64(entrySize) > uint64(src.size)-at {
		return nil, invalid("directory of %d entries at offset %d of a file of %d bytes", entries, at, src.size)
	}
	body := io.NewSectionReader(src, int64(at), int64(entries)*int64(entrySize))
	err := limit.Records(body, int64(entries), entrySize, func(piece []byte) error {
		for e := range bytesOf(piece, entrySize) {
			d.add(e)
		}
		return nil
	})
	if err != nil {
		return nil, src.fault(err, "directory")
	}
	return d, nil
}

// bytesOf yields the consecutive records of size bytes in b.
func bytesOf(b []byte, size int) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for ; len(b) >= size; b = b[size:] {
			if !yield(b[:size]) {
				return
			}
		}
	}
}

func (d *directory) add(entry []byte) {
	tag := d.order.Uint16(entry)
	if _, again := d.fields[tag]; again || tagNames[tag] == "" {
		return
	}
	f := field{typ: d.order.Uint16(entry[2:])}
	if d.big {
		f.count = d.order.Uint64(entry[4:])
		copy(f.value[:], entry[12:])
	} else {
		f.count = uint64(d.order.Uint32(entry[4:]))
		copy(f.value[:], entry[8:])
	}
	d.fields[tag] = f
}

func (d *directory) has(tag uint16) bool {
	_, ok := d.fields[tag]
	return ok
}

// values calls fn for the first n values of a tag, which must be there, be
// unsigned integers, be at least n, and lie within the file to the last.
func (d *directory) values(tag uint16, n int, fn func(i int, v uint64)) error {
	f, ok := d.fields[tag]
	if !ok {
		return invalid("no tag %d (%s)", tag, tagNames[tag])
	}
	var size int
	switch f.typ {
	case typeByte:
		size = 1
	case typeShort:
		size = 2
	case typeLong, typeIFD:
		size = 4
	case typeLong8, typeIFD8:
		size = 8
	default:
		return invalid("tag %d (%s) has field type %d", tag, tagNames[tag], f.typ)
	}
	if f.count < uint64(n) {
		return invalid("tag %d (%s) has %d values, %d needed", tag, tagNames[tag], f.count, n)
	}
	inline := uint64(4)
	var r io.Reader
	if d.big {
		inline = 8
	}
	if f.count <= inline/uint64(size) {
		r = bytes.NewReader(f.value[:])
	} else {
		at := uint64(d.order.Uint32(f.value[:]))
		if d.big {
			at = d.order.Uint64(f.value[:])
		}
		if at > uint64(d.src.size) || f.count > (uint64(d.src.size)-at)/uint64(size) {
			return invalid("tag %d (%s) has %d values at offset %d of a file of %d bytes", tag, tagNames[tag], f.count, at, d.src.size)
		}
		r = io.NewSectionReader(d.src, int64(at), int64(n)*int64(size))
	}
	i := 0
	err := limit.Records(r, int64(n), size, func(piece []byte) error {
		for b := range bytesOf(piece, size) {
			fn(i, d.uint(b))
			i++
		}
		return nil
	})
	if err != nil {
		return d.src.fault(err, "tag %d (%s)", tag, tagNames[tag])
	}
	return nil
}

func (d *directory) uint(b []byte) uint64 {
	switch len(b) {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(d.order.Uint16(b))
	case 4:
		return uint64(d.order.Uint32(b))
	}
	return d.order.Uint64(b)
}

// value returns the first value of a tag, or missing when the tag is absent.
func (d *directory) value(tag uint16, missing uint64) (uint64, error) {
	if !d.has(tag) {
		return missing, nil
	}
	var got uint64
	err := d.values(tag, 1, func(_ int, v uint64) { got = v })
	return got, err
}

// perSample returns the value of a tag that has one value per sample, all of
// them equal; a single value stands for all, as libtiff tolerates.
func (d *directory) perSample(tag uint16, samples int, missing uint64) (uint64, error) {
	f, ok := d.fields[tag]
	if !ok {
		return missing, nil
	}
	if f.count == 1 {
		return d.value(tag, missing)
	}
	var first, other uint64
	differ := false
	err := d.values(tag, samples, func(i int, v uint64) {
		if i == 0 {
			first = v
		} else if v != first {
			other, differ = v, true
		}
	})
	if err == nil && differ {
		err = unsupported("samples of different kinds: tag %d (%s) has %d and %d", tag, tagNames[tag], first, other)
	}
	return first, err
}
