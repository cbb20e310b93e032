package xyztiff

import (
	"io"
	"math"

	"github.com/iad3d/iad3d/internal/limit"
)

const (
	// maxChunks bounds the strips or tiles of an image, and with them the memory
	// for their table (16 bytes each) next to a decoded image that may be small.
	maxChunks = 1 << 19
	// maxTile bounds a tile's sides, so that a row of a tile stays small however
	// small the image is.
	maxTile = 1 << 16
)

// DecodeHeader reads the header and first directory of the file of size bytes
// in r. It fails for what Decode refuses without looking at pixels, except for
// a wrong table of strips or tiles.
func DecodeHeader(r io.ReaderAt, size int64, o Options) (Header, error) {
	d, err := readDirectory(&source{r: r, size: size})
	if err != nil {
		return Header{}, err
	}
	return d.header(o)
}

// header turns the directory's tags into a Header that is consistent and within
// the limits of o.
func (d *directory) header(o Options) (Header, error) {
	var (
		h        = Header{ByteOrder: d.order, BigTIFF: d.big}
		err      error
		required = func(tag uint16) (v uint64) {
			if err == nil {
				err = d.values(tag, 1, func(_ int, got uint64) { v = got })
			}
			if err == nil && v == 0 {
				err = invalid("tag %d (%s) is 0", tag, tagNames[tag])
			}
			return v
		}
		optional = func(tag uint16, missing uint64) (v uint64) {
			if err == nil {
				v, err = d.value(tag, missing)
			}
			return v
		}
	)
	width, height := required(tagWidth), required(tagHeight)
	samples := optional(tagSamplesPerPixel, 1)
	compression := optional(tagCompression, uint64(Uncompressed))
	predictor := optional(tagPredictor, uint64(NoPredictor))
	planar := optional(tagPlanar, 1)
	fillOrder := optional(tagFillOrder, 1)
	if err != nil {
		return Header{}, err
	}

	if width > math.MaxInt32 || height > math.MaxInt32 {
		return Header{}, tooLarge("image of %d×%d pixels", width, height)
	}
	h.Width, h.Height = int(width), int(height)
	if samples != 1 && samples != 3 {
		return Header{}, unsupported("%d samples per pixel, neither 1 nor 3", samples)
	}
	h.Samples = int(samples)
	if h.Type, err = d.sampleType(h.Samples); err != nil {
		return Header{}, err
	}
	h.Compression = Compression(compression)
	switch {
	case compression == 0 || compression > math.MaxUint16:
		return Header{}, invalid("compression %d", compression)
	case h.Compression != Uncompressed && h.Compression != PackBits && !h.Compression.predicts():
		return Header{}, unsupported("%v", h.Compression)
	}
	h.Predictor = NoPredictor
	if h.Compression.predicts() {
		h.Predictor = Predictor(predictor)
		switch {
		case predictor < uint64(NoPredictor) || predictor > uint64(FloatingPoint):
			return Header{}, unsupported("predictor %d", predictor)
		case h.Predictor == FloatingPoint && h.Type == Uint16:
			return Header{}, unsupported("floating-point predictor of uint16 samples")
		}
	}
	if planar != 1 && planar != 2 {
		return Header{}, invalid("planar configuration %d", planar)
	}
	h.Planar = planar == 2
	if fillOrder != 1 {
		return Header{}, unsupported("fill order %d", fillOrder)
	}
	if err := d.chunkShape(&h); err != nil {
		return Header{}, err
	}
	return h, h.checkSize(o)
}

func (d *directory) sampleType(samples int) (Type, error) {
	bits, err := d.perSample(tagBitsPerSample, samples, 1)
	if err != nil {
		return 0, err
	}
	format, err := d.perSample(tagSampleFormat, samples, 1)
	if err != nil {
		return 0, err
	}
	const unsigned, float, untyped = 1, 3, 4
	switch {
	case bits == 32 && format == float:
		return Float32, nil
	case bits == 64 && format == float:
		return Float64, nil
	case bits == 16 && (format == unsigned || format == untyped):
		return Uint16, nil
	}
	return 0, unsupported("samples of %d bits and sample format %d; float32, float64 and uint16 can be read", bits, format)
}

// chunkShape sets the size of the strips or tiles.
func (d *directory) chunkShape(h *Header) error {
	h.Tiled = d.has(tagTileWidth) || d.has(tagTileOffsets)
	if !h.Tiled {
		rows, err := d.value(tagRowsPerStrip, math.MaxUint32)
		if err == nil && rows == 0 {
			err = invalid("strips of 0 rows")
		}
		h.RowsPerStrip = int(min(rows, uint64(h.Height)))
		return err
	}
	var w, ht uint64
	if err := d.values(tagTileWidth, 1, func(_ int, v uint64) { w = v }); err != nil {
		return err
	}
	if err := d.values(tagTileHeight, 1, func(_ int, v uint64) { ht = v }); err != nil {
		return err
	}
	switch {
	case w == 0 || ht == 0:
		return invalid("tiles of %d×%d pixels", w, ht)
	case w > maxTile || ht > maxTile:
		return tooLarge("tiles of %d×%d pixels", w, ht)
	}
	h.TileWidth, h.TileHeight = int(w), int(ht)
	return nil
}

// checkSize returns an error wrapping ErrLimit when the image, padded to whole
// tiles, is larger than o allows or has too many strips or tiles.
func (h *Header) checkSize(o Options) error {
	l := h.layout()
	_, err := limit.Size(o.maxBytes(), int64(l.across)*int64(l.chunkW), l.paddedHeight(), int64(h.Samples), int64(h.Type.Size()))
	if err != nil {
		return tooLarge("image of %d×%d pixels, %d samples, %v: %w", h.Width, h.Height, h.Samples, h.Type, err)
	}
	if n, err := limit.Product(int64(l.across), int64(l.down), int64(l.planes)); err != nil || n > maxChunks {
		return tooLarge("%d×%d×%d %ss, at most %d can be read", l.across, l.down, l.planes, l.name, maxChunks)
	}
	return nil
}

// layout is the arithmetic of strips and tiles, here both called chunks. Chunk
// i is number i%(across·down) of plane i/(across·down), counted row by row.
type layout struct {
	name           string // "strip" or "tile"
	width, height  int    // of the image
	chunkW, chunkH int    // of a chunk; a strip's width is the image's
	across, down   int    // chunks of a plane
	planes         int
	samples        int // per pixel of a chunk
	sampleSize     int
	tiled          bool
}

func (h *Header) layout() layout {
	l := layout{
		name: "strip", width: h.Width, height: h.Height, chunkW: h.Width, chunkH: h.RowsPerStrip,
		planes: 1, samples: h.Samples, sampleSize: h.Type.Size(), tiled: h.Tiled,
	}
	if h.Tiled {
		l.name, l.chunkW, l.chunkH = "tile", h.TileWidth, h.TileHeight
	}
	if h.Planar {
		l.planes, l.samples = h.Samples, 1
	}
	l.across = (h.Width-1)/l.chunkW + 1
	l.down = (h.Height-1)/l.chunkH + 1
	return l
}

// paddedHeight is the height of all chunks of a column. The last strip of an
// image is cut short, the last tile is not.
func (l *layout) paddedHeight() int64 {
	if l.tiled {
		return int64(l.down) * int64(l.chunkH)
	}
	return int64(l.height)
}

func (l *layout) chunks() int { return l.across * l.down * l.planes }

// rowBytes is the decoded size of one row of a chunk.
func (l *layout) rowBytes() int { return l.chunkW * l.samples * l.sampleSize }

// chunk is where one strip or tile lies in the image: rows×cols pixels of its
// upper left part, from (x, y) in the given plane.
type chunk struct {
	plane, x, y, rows, cols int
}

func (l *layout) chunk(i int) chunk {
	per := l.across * l.down
	c := chunk{plane: i / per}
	c.y = i % per / l.across * l.chunkH
	c.x = i % l.across * l.chunkW
	c.rows = min(l.chunkH, l.height-c.y)
	c.cols = min(l.chunkW, l.width-c.x)
	return c
}
