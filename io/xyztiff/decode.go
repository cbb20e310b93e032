package xyztiff

import "io"

// Decode reads the first image of the file of size bytes in r. The errors wrap
// [ErrFormat], [ErrUnsupported] or [ErrLimit] and say which strip, tile or tag
// is at fault; an error of r itself is passed on.
func Decode(r io.ReaderAt, size int64, o Options) (*Image, error) {
	src := &source{r: r, size: size}
	dir, err := readDirectory(src)
	if err != nil {
		return nil, err
	}
	h, err := dir.header(o)
	if err != nil {
		return nil, err
	}
	table, err := dir.extents(&h)
	if err != nil {
		return nil, err
	}
	d := &decoder{h: h, l: h.layout(), src: src, table: table}
	d.codec.init(&d.h, d.l, src, table)
	defer d.codec.close()

	n := h.Width * h.Height * h.Samples // header has found that its bytes fit an int
	// An uncompressed image has been found to lie in the file. A compressed one
	// that claims to shrink by more than this has to prove it first.
	const ratio, allowance = 4, 2 << 20
	if h.Compression != Uncompressed && int64(n)*int64(h.Type.Size()) > ratio*size+allowance {
		for i := range table {
			if err := d.verify(i); err != nil {
				return nil, err
			}
		}
	}
	im := &Image{Width: h.Width, Height: h.Height, Samples: h.Samples}
	switch h.Type {
	case Float32:
		im.F32 = make([]float32, n)
	case Float64:
		im.F64 = make([]float64, n)
	case Uint16:
		im.U16 = make([]uint16, n)
	}
	d.rows = max(1, bandBytes/d.l.rowBytes())
	d.buf = make([]byte, min(d.rows, d.l.chunkH)*d.l.rowBytes())
	for i := range table {
		if err := d.read(im, i); err != nil {
			return nil, err
		}
	}
	return im, nil
}

// bandBytes is about how much is decompressed at a time.
const bandBytes = 64 << 10

type decoder struct {
	h     Header
	l     layout
	src   *source
	table []extent
	codec codec
	buf   []byte // as many whole rows of a chunk as fit bandBytes, at least one
	rows  int
}

// verify decompresses chunk i without keeping it.
func (d *decoder) verify(i int) error {
	r, err := d.codec.open(d.table[i])
	if err == nil {
		rows := d.l.chunk(i).rows
		_, err = io.CopyN(io.Discard, r, int64(rows)*int64(d.l.rowBytes()))
		if err == nil {
			err = d.finish(r, rows)
		}
	}
	return d.where(i, err)
}

// read decodes chunk i into im.
func (d *decoder) read(im *Image, i int) error {
	r, err := d.codec.open(d.table[i])
	if err != nil {
		return d.where(i, err)
	}
	c := d.l.chunk(i)
	row := d.l.rowBytes()
	for y := 0; y < c.rows; y += d.rows {
		band := d.buf[:min(d.rows, c.rows-y)*row]
		if _, err := io.ReadFull(r, band); err != nil {
			return d.where(i, err)
		}
		for b := range bytesOf(band, row) {
			d.unpack(im, c, c.y, b)
			c.y++
		}
	}
	return d.where(i, d.finish(r, c.rows))
}

// finish checks that the stream ends where the chunk does, which also makes its
// reader compare checksums. Padding below the image's last row may be there or
// not. PackBits and LZW have no dependable end.
func (d *decoder) finish(r io.Reader, rows int) error {
	if !d.codec.ends() {
		return nil
	}
	rest := int64(d.l.chunkH-rows) * int64(d.l.rowBytes())
	switch n, err := io.CopyN(io.Discard, r, rest+1); {
	case n > rest:
		return errLong
	case err == io.EOF:
		return nil
	default:
		return err
	}
}

func (d *decoder) where(i int, err error) error {
	if err == nil {
		return nil
	}
	return d.src.fault(err, "%s %d of %d", d.l.name, i+1, len(d.table))
}

// unpack undoes the predictor on one row of chunk c and stores what lies in the
// image as row y.
func (d *decoder) unpack(im *Image, c chunk, y int, row []byte) {
	at, stride, n := (y*im.Width+c.x)*im.Samples, 1, c.cols*d.l.samples
	if d.l.planes > 1 {
		at, stride = at+c.plane, im.Samples
	}
	size := d.l.sampleSize
	if d.h.Predictor == FloatingPoint {
		undoBytes(row, d.l.samples)
		im.setPlanes(at, stride, n, row)
		return
	}
	row = row[:n*size]
	if isBig(d.h.ByteOrder) {
		swap(row, size)
	}
	if d.h.Predictor == Horizontal {
		undoWords(row, size, d.l.samples)
	}
	im.setWords(at, stride, row)
}
