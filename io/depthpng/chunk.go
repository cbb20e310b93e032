package depthpng

import (
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
)

const (
	signature = "\x89PNG\r\n\x1a\n"
	// headSize is the size of the signature and of the IHDR chunk: length, type,
	// 13 bytes, checksum.
	headSize = 8 + 4 + 4 + 13 + 4
)

var colourTypes = map[byte]string{
	0: "greyscale", 2: "RGB", 3: "palette", 4: "greyscale with alpha", 6: "RGB with alpha",
}

// DecodeHeader reads the header of the file of size bytes in r. It fails for
// what Decode refuses without looking at pixels.
func DecodeHeader(r io.ReaderAt, size int64, o Options) (Header, error) {
	head := make([]byte, headSize)
	n, err := r.ReadAt(head[:min(headSize, max(size, 0))], 0)
	if err != nil && err != io.EOF {
		return Header{}, err
	}
	switch head = head[:n]; {
	case n < len(signature) || string(head[:8]) != signature:
		return Header{}, invalid("it does not begin with the PNG signature")
	case n < headSize:
		return Header{}, invalid("the file ends in its header: %w", io.ErrUnexpectedEOF)
	case binary.BigEndian.Uint32(head[8:]) != 13 || string(head[12:16]) != "IHDR":
		return Header{}, invalid("the first chunk is no IHDR of 13 bytes")
	case binary.BigEndian.Uint32(head[29:]) != crc32.ChecksumIEEE(head[12:29]):
		return Header{}, invalid("the checksum of the header is wrong")
	}
	width, height := binary.BigEndian.Uint32(head[16:]), binary.BigEndian.Uint32(head[20:])
	bits, colour, interlace := head[24], head[25], head[28]
	name, known := colourTypes[colour]
	switch {
	case width == 0 || height == 0 || width > 1<<31-1 || height > 1<<31-1:
		return Header{}, invalid("image of %d×%d pixels", width, height)
	case !known:
		return Header{}, invalid("colour type %d", colour)
	case interlace > 1:
		return Header{}, invalid("interlace method %d", interlace)
	case colour != 0 || bits != 16:
		return Header{}, fmt.Errorf("%w: %s, %d bits per sample", ErrUnsupported, name, bits)
	}
	h := Header{Width: int(width), Height: int(height), Interlaced: interlace == 1}
	return h, h.checkSize(o)
}

// verify decompresses the pixels without keeping them, and returns an error when
// there are not as many as the header says.
func verify(r io.ReaderAt, size int64, h *Header) error {
	p := &pixels{r: r, at: headSize, size: size}
	z, err := zlib.NewReader(p)
	if err == nil {
		want := h.filtered()
		var n int64
		if n, err = io.Copy(io.Discard, io.LimitReader(z, want)); err == nil && n < want {
			err = fmt.Errorf("%d bytes of pixels, the image of %d×%d needs %d", n, h.Width, h.Height, want)
		}
	}
	switch {
	case p.err != nil:
		return p.err
	case err != nil:
		return invalid("pixels: %w", err)
	}
	return nil
}

// filtered returns the size of the pixels before compression: rows of 2 bytes
// per pixel after one that names the filter, in each of Adam7's seven passes
// where the image is interlaced.
func (h *Header) filtered() int64 {
	rows := func(w, h int64) int64 {
		if w == 0 {
			return 0
		}
		return h * (1 + 2*w)
	}
	if !h.Interlaced {
		return rows(int64(h.Width), int64(h.Height))
	}
	n := int64(0)
	for _, p := range [7][4]int64{{8, 8, 0, 0}, {8, 8, 4, 0}, {4, 8, 0, 4}, {4, 4, 2, 0}, {2, 4, 0, 2}, {2, 2, 1, 0}, {1, 2, 0, 1}} {
		n += rows((int64(h.Width)-p[2]+p[0]-1)/p[0], (int64(h.Height)-p[3]+p[1]-1)/p[1])
	}
	return n
}

// pixels reads the content of the IDAT chunks, one after the other, as one
// stream. Checksums are left to the decoder.
type pixels struct {
	r        io.ReaderAt
	at, size int64
	left     int64 // of the current chunk
	started  bool
	err      error // of r
}

func (p *pixels) Read(b []byte) (int, error) {
	for p.left == 0 {
		if err := p.next(); err != nil {
			return 0, err
		}
	}
	n, err := p.readAt(b[:min(int64(len(b)), p.left)])
	p.left -= int64(n)
	if p.left == 0 {
		p.at += 4 // checksum
	}
	return n, err
}

// next goes on to the next IDAT chunk.
func (p *pixels) next() error {
	for {
		var head [8]byte
		if _, err := p.readAt(head[:]); err != nil {
			return err
		}
		length := int64(binary.BigEndian.Uint32(head[:]))
		switch string(head[4:]) {
		case "IDAT":
			p.started = true
			if p.left = length; length == 0 {
				p.at += 4
				continue
			}
			return nil
		case "IEND":
			return io.ErrUnexpectedEOF
		}
		if p.started { // the standard asks for consecutive chunks
			return io.ErrUnexpectedEOF
		}
		p.at += length + 4
	}
}

// readAt fills b from the current position, or fails.
func (p *pixels) readAt(b []byte) (int, error) {
	if int64(len(b)) > p.size-p.at {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := p.r.ReadAt(b, p.at)
	p.at += int64(n)
	if n == len(b) {
		return n, nil
	}
	if err == io.EOF {
		return n, io.ErrUnexpectedEOF
	}
	p.err = err
	return n, err
}
