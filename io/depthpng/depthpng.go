// Package depthpng reads the PNG files that depth cameras write: greyscale of 16
// bits, one depth value per pixel.
//
// Values come as they are stored; what they mean, and which of them stand for a
// missing pixel, is the caller's to know (package rgbd's DepthUnits). Every other
// kind of PNG is refused: 8 bits are a picture of a depth image, colours are no
// depth, and what transparency would mean is not defined. Gamma and other
// ancillary chunks are ignored, interlaced files are read.
//
// Pixels are decoded by the standard library. It allocates what the header asks
// for before it looks at the data; so a file that promises far more pixels than
// its size makes likely is decompressed once before, to see whether it keeps the
// promise. A refused file costs at most 16 MiB and 8 times its own size.
package depthpng

import (
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"

	"github.com/iad3d/iad3d/internal/limit"
)

// The sentinels that this package's errors wrap. An error of the underlying
// reader wraps none of them.
var (
	// ErrFormat: not a PNG file, or one that is damaged or cut short.
	ErrFormat = errors.New("depthpng: not a valid PNG file")
	// ErrUnsupported: a PNG file that is no 16-bit greyscale image.
	ErrUnsupported = errors.New("depthpng: not a 16-bit greyscale PNG")
	// ErrLimit: more bytes than Options allow.
	ErrLimit = errors.New("depthpng: too large")
)

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrFormat, fmt.Errorf(format, args...))
}

// Options bounds what a file may ask for.
type Options struct {
	// MaxBytes is the largest decoded size that is accepted; 0 or less means 1
	// GiB.
	MaxBytes int64
}

func (o Options) maxBytes() int64 {
	if o.MaxBytes <= 0 {
		return 1 << 30
	}
	return o.MaxBytes
}

// Header is what a file says about its image before its pixels.
type Header struct {
	Width, Height int
	Interlaced    bool
}

// Image is a decoded depth image: the value of pixel (x, y) is U16[y·Width + x].
type Image struct {
	Width, Height int
	U16           []uint16
}

// Decode reads the file of size bytes in r. The errors wrap [ErrFormat],
// [ErrUnsupported] or [ErrLimit]; an error of r itself is passed on.
func Decode(r io.ReaderAt, size int64, o Options) (*Image, error) {
	h, err := DecodeHeader(r, size, o)
	if err != nil {
		return nil, err
	}
	const ratio, allowance = 2, 2 << 20 // as decoding holds an image twice
	if bytes := int64(h.Width) * int64(h.Height) * 2; bytes > ratio*size+allowance {
		if err := verify(r, size, &h); err != nil {
			return nil, err
		}
	}
	src := &source{r: io.NewSectionReader(r, 0, size)}
	im, err := png.Decode(src)
	switch {
	case src.err != nil:
		return nil, src.err
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return nil, invalid("the file ends in the middle: %w", io.ErrUnexpectedEOF)
	case err != nil:
		return nil, invalid("%w", err)
	}
	g, ok := im.(*image.Gray16)
	if !ok {
		return nil, fmt.Errorf("%w: it has transparent pixels", ErrUnsupported)
	}
	d := &Image{Width: h.Width, Height: h.Height, U16: make([]uint16, h.Width*h.Height)}
	for y := range h.Height {
		row := g.Pix[y*g.Stride:][:2*h.Width]
		for x := range h.Width {
			d.U16[y*h.Width+x] = uint16(row[2*x])<<8 | uint16(row[2*x+1])
		}
	}
	return d, nil
}

// source passes reads on and keeps the reader's own error apart from those of
// the decoder.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// checkSize returns an error wrapping ErrLimit when the image is larger than o
// allows.
func (h *Header) checkSize(o Options) error {
	if _, err := limit.Size(o.maxBytes(), int64(h.Width), int64(h.Height), 2); err != nil {
		return fmt.Errorf("%w: image of %d×%d pixels: %w", ErrLimit, h.Width, h.Height, err)
	}
	return nil
}
