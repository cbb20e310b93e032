package xyztiff

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

var (
	// errStream marks a stream that is sound but beyond this package.
	errStream = errors.New("stream not supported")
	errLong   = errors.New("more data than the header allows")
)

// codec decompresses one chunk after the other. Whatever it needs is allocated
// once and used for every chunk, so that neither many small chunks nor a stream
// that is built to provoke it costs more memory.
type codec struct {
	kind    Compression
	chunk   int64 // decoded size of a whole chunk
	section section
	buf     *bufio.Reader
	zlib    io.ReadCloser
	lzw     *lzwReader
	packed  packBitsReader

	whole  *zstd.Decoder // for chunks that are decompressed in one go
	in     []byte        // as long as the largest of them is in the file
	out    []byte
	memory bytes.Reader
	stream *zstd.Decoder // for the others
}

const (
	// wholeZstd is the size, stored and decoded, up to which a Zstandard chunk is
	// decompressed in one go. That needs no window, which at the highest levels
	// is declared to be 128 MiB even for a small chunk.
	wholeZstd = 4 << 20
	// windowZstd is the largest window of longer streams: what RFC 8878 section
	// 3.1.1.1.2 asks every decoder to support.
	windowZstd = 8 << 20
)

func (c *codec) init(h *Header, l layout, src *source, table []extent) {
	c.kind = h.Compression
	c.chunk = int64(l.chunkH) * int64(l.rowBytes())
	c.section.src = src
	if c.kind != Uncompressed {
		c.buf = bufio.NewReaderSize(&c.section, bandBytes)
	}
	if c.kind == Zstd && c.chunk <= wholeZstd {
		longest := int64(0)
		for _, e := range table {
			if e.n <= wholeZstd {
				longest = max(longest, e.n)
			}
		}
		c.in = make([]byte, longest)
	}
}

func (c *codec) close() {
	if c.whole != nil {
		c.whole.Close()
	}
	if c.stream != nil {
		c.stream.Close()
	}
}

// ends reports whether a reader that open returned says dependably where the
// stream ends.
func (c *codec) ends() bool { return c.kind == Deflate || c.kind == OldDeflate || c.kind == Zstd }

// open returns a reader of the decompressed content of e, valid until the next
// call.
func (c *codec) open(e extent) (io.Reader, error) {
	c.section.at, c.section.n = e.at, e.n
	if c.kind == Uncompressed {
		return &c.section, nil
	}
	c.buf.Reset(&c.section)
	switch c.kind {
	case PackBits:
		c.packed = packBitsReader{r: c.buf}
		return &c.packed, nil
	case LZW:
		if b, _ := c.buf.Peek(2); len(b) == 2 && b[0] == 0 && b[1]&1 != 0 {
			return nil, fmt.Errorf("%w: LZW with reversed bits, as very old writers made it", errStream)
		}
		if c.lzw == nil {
			c.lzw = new(lzwReader)
		}
		c.lzw.reset(c.buf)
		return c.lzw, nil
	case Deflate, OldDeflate:
		var err error
		if c.zlib == nil {
			c.zlib, err = zlib.NewReader(c.buf)
		} else {
			err = c.zlib.(zlib.Resetter).Reset(c.buf, nil)
		}
		return c.zlib, err
	case Zstd:
		if c.chunk <= wholeZstd && e.n <= wholeZstd {
			return c.zstdWhole(int(e.n))
		}
		return c.zstdStream()
	}
	panic("xyztiff: compression passed the header but has no decoder")
}

func (c *codec) zstdWhole(n int) (io.Reader, error) {
	if c.whole == nil {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(false), zstd.WithDecodeAllCapLimit(true))
		if err != nil {
			return nil, err
		}
		c.whole = d
		// With some room behind the last byte the decoder need not check each copy.
		c.out = make([]byte, 0, c.chunk+64)
	}
	if _, err := io.ReadFull(c.buf, c.in[:n]); err != nil {
		return nil, err
	}
	out, err := c.whole.DecodeAll(c.in[:n], c.out)
	if errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		err = errLong
	}
	c.memory.Reset(out)
	return &c.memory, err
}

func (c *codec) zstdStream() (io.Reader, error) {
	if c.stream == nil {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(false), zstd.WithDecoderMaxWindow(windowZstd))
		if err != nil {
			return nil, err
		}
		c.stream = d
		// An empty frame that declares the largest window: the decoder then
		// allocates its history once instead of anew for each larger window.
		widest := []byte{0x28, 0xb5, 0x2f, 0xfd, 0, 13 << 3, 1, 0, 0}
		if err := d.Reset(bytes.NewReader(widest)); err != nil {
			return nil, err
		}
		if _, err := d.Read(make([]byte, 1)); err != io.EOF {
			return nil, err
		}
	}
	err := c.stream.Reset(c.buf)
	return zstdStream{c.stream}, err
}

// zstdStream names the one limit of a Zstandard stream that is this package's.
type zstdStream struct{ d *zstd.Decoder }

func (z zstdStream) Read(p []byte) (int, error) {
	n, err := z.d.Read(p)
	if errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		err = fmt.Errorf("%w: zstd window of more than %d MiB", errStream, windowZstd>>20)
	}
	return n, err
}

// section reads n bytes of the file at an offset. It is an io.SectionReader that
// can be set to another place without an allocation.
type section struct {
	src   *source
	at, n int64
}

func (s *section) Read(p []byte) (int, error) {
	if s.n == 0 {
		return 0, io.EOF
	}
	k, err := s.src.ReadAt(p[:min(int64(len(p)), s.n)], s.at)
	s.at += int64(k)
	s.n -= int64(k)
	return k, err
}
