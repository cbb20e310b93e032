// Package xyztiff reads and writes the TIFF files that hold coordinates or
// depth: rasters of float32, float64 or uint16 with one or three samples per
// pixel, as MVTec 3D-AD stores its xyz images.
//
// Read are classic TIFF and BigTIFF of both byte orders; strips and tiles;
// interleaved samples and planes; the compressions none, PackBits, LZW, deflate
// (both codes) and Zstandard; the predictors none, horizontal (on the words of
// floats too, as libtiff does) and floating-point. Everything but LZW can also
// be written: no Go library writes TIFF's LZW, and deflate does better.
//
// Only the first image of a file is read. Orientation and photometric
// interpretation are ignored: samples come as they are stored. A predictor tag
// beside a compression that has none (uncompressed, PackBits) is ignored, as
// libtiff does. The layout follows TIFF 6.0 (Adobe, 1992), its Technical Notes 2
// and 3 and the BigTIFF proposal; where those leave room, libtiff 4.5 decides.
//
// # Damaged and hostile files
//
// A file is refused rather than guessed at. Strips must be complete, must not
// overlap, and a deflate or Zstandard stream must end, with a correct checksum
// where it has one, at most at the size its strip has by the header. Nothing is
// allocated because a file says so: a refused file costs at most 16 MiB and
// 8 times its own size, an accepted one 16 MiB and 4 times the decoded size.
// A file that promises far more pixels than its size makes likely is therefore
// decompressed twice, the first time to see whether it keeps the promise.
package xyztiff

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The sentinels that this package's errors wrap. An error of the underlying
// reader or writer wraps none of them.
var (
	// ErrFormat: not a TIFF file, or one that is damaged or contradicts itself.
	ErrFormat = errors.New("xyztiff: not a valid TIFF file")
	// ErrUnsupported: a TIFF file, or a wish for one, outside of what the package
	// comment lists.
	ErrUnsupported = errors.New("xyztiff: unsupported")
	// ErrLimit: more pixels, strips or bytes than Options or the format allow.
	ErrLimit = errors.New("xyztiff: too large")
)

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrFormat, fmt.Errorf(format, args...))
}

func unsupported(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrUnsupported, fmt.Errorf(format, args...))
}

func tooLarge(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrLimit, fmt.Errorf(format, args...))
}

// Type is the type of a sample.
type Type uint8

const (
	Float32 Type = iota
	Float64
	Uint16
)

// Size returns the bytes of one sample.
func (t Type) Size() int { return [...]int{Float32: 4, Float64: 8, Uint16: 2}[t] }

func (t Type) String() string {
	return [...]string{Float32: "float32", Float64: "float64", Uint16: "uint16"}[t]
}

// Compression is the value of the Compression tag. The zero value counts as
// Uncompressed.
type Compression uint16

const (
	Uncompressed Compression = 1
	LZW          Compression = 5 // read only
	Deflate      Compression = 8
	PackBits     Compression = 32773
	OldDeflate   Compression = 32946 // Deflate under its experimental code
	Zstd         Compression = 50000
)

func (c Compression) String() string {
	switch c {
	case 0, Uncompressed:
		return "uncompressed"
	case LZW:
		return "LZW"
	case Deflate:
		return "deflate"
	case PackBits:
		return "PackBits"
	case OldDeflate:
		return "deflate (32946)"
	case Zstd:
		return "zstd"
	}
	return fmt.Sprintf("compression %d", uint16(c))
}

// predicts reports whether libtiff's codec applies the Predictor tag.
func (c Compression) predicts() bool {
	return c == LZW || c == Deflate || c == OldDeflate || c == Zstd
}

// Predictor is the value of the Predictor tag. The zero value counts as
// NoPredictor.
type Predictor uint16

const (
	NoPredictor   Predictor = 1
	Horizontal    Predictor = 2 // differences of words, also of a float's bits
	FloatingPoint Predictor = 3 // differences of byte planes, Technical Note 3
)

func (p Predictor) String() string {
	switch p {
	case 0, NoPredictor:
		return "none"
	case Horizontal:
		return "horizontal"
	case FloatingPoint:
		return "floating point"
	}
	return fmt.Sprintf("predictor %d", uint16(p))
}

// Header describes the first image of a file.
type Header struct {
	Width, Height int
	Samples       int // per pixel: 1 or 3
	Type          Type
	Compression   Compression
	Predictor     Predictor // NoPredictor where the compression has none
	ByteOrder     binary.ByteOrder
	BigTIFF       bool
	Planar        bool // each sample in a plane of its own
	Tiled         bool
	RowsPerStrip  int // at most Height; 0 when Tiled
	TileWidth     int // 0 unless Tiled
	TileHeight    int // 0 unless Tiled
}

// Options bounds what a file may ask for.
type Options struct {
	// MaxBytes is the largest decoded size, tile padding included, that is
	// accepted; 0 or less means 1 GiB.
	MaxBytes int64
}

func (o Options) maxBytes() int64 {
	if o.MaxBytes <= 0 {
		return 1 << 30
	}
	return o.MaxBytes
}

// Image is a decoded raster. Exactly one of F32, F64 and U16 is not nil; sample
// s of pixel (x, y) is its element (y·Width + x)·Samples + s. The bits of every
// sample are those in the file, NaN payloads included.
type Image struct {
	Width, Height, Samples int
	F32                    []float32
	F64                    []float64
	U16                    []uint16
}

// Type returns the type of the samples.
func (im *Image) Type() Type {
	switch {
	case im.F64 != nil:
		return Float64
	case im.U16 != nil:
		return Uint16
	}
	return Float32
}

// check panics for an image that breaks the invariants of Image: only a caller
// can have made it.
func (im *Image) check() {
	set := 0
	for _, ok := range []bool{im.F32 != nil, im.F64 != nil, im.U16 != nil} {
		if ok {
			set++
		}
	}
	n := len(im.F32) + len(im.F64) + len(im.U16)
	if set != 1 || im.Width <= 0 || im.Height <= 0 || im.Samples <= 0 || n/im.Samples/im.Width != im.Height || n%(im.Samples*im.Width) != 0 {
		panic(fmt.Sprintf("xyztiff: image of %d×%d pixels and %d samples with %d float32, %d float64 and %d uint16 values",
			im.Width, im.Height, im.Samples, len(im.F32), len(im.F64), len(im.U16)))
	}
}
