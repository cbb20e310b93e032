package scan

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"slices"
	"strings"

	"golang.org/x/image/tiff"
)

// MaxImagePixels is the largest image, in pixels, that ReadColour and ReadMask
// decode.
const MaxImagePixels = 100_000_000

// codecs are the decoders by kind of file, the standard library's and of TIFF
// that of golang.org/x/image. They are called by
// name, and not through image.Decode, so that a format which some other package
// registers changes nothing here.
var codecs = map[kind]struct {
	config func(io.Reader) (image.Config, error)
	pixels func(io.Reader) (image.Image, error)
	least  func(head []byte, pixels int64) int64 // bytes of the smallest file that can hold them
}{
	pngFile:  {png.DecodeConfig, png.Decode, leastPNG},
	jpegFile: {jpeg.DecodeConfig, jpeg.Decode, leastJPEG},
	tiffFile: {tiff.DecodeConfig, tiff.Decode, leastTIFF},
}

// leastPNG: deflate shrinks at most 1032 times, to 2 bits for 258 bytes. Head
// holds the IHDR chunk: depth at 24, colour type at 25.
func leastPNG(head []byte, pixels int64) int64 {
	channels := int64(1) // grey, palette
	switch head[25] {
	case 2: // RGB
		channels = 3
	case 4: // grey and alpha
		channels = 2
	case 6: // RGB and alpha
		channels = 4
	}
	return pixels * channels * int64(head[24]) / 8 / 1032
}

// leastJPEG: a block of 8×8 pixels takes a bit or more, and the component with
// the most blocks has at least a quarter of what an unsampled one has.
func leastJPEG(_ []byte, pixels int64) int64 { return pixels / 64 / 8 / 4 }

// leastTIFF: of the compressions LZW shrinks most, to 12 bits for 4095 bytes at
// best.
func leastTIFF(_ []byte, pixels int64) int64 { return pixels / 8 / 2730 }

// decode decodes an image file of one of the kinds. Before anything is
// allocated for pixels the size is checked against MaxImagePixels, against what
// the file can hold, and by accept, which may be nil.
func decode(path string, accept func(w, h int) error, kinds ...kind) (image.Image, error) {
	f, err := open(context.Background(), path)
	if err != nil {
		return nil, err
	}
	defer f.close()
	head, err := f.head()
	if err != nil {
		return nil, err
	}
	k := sniff(head, f.size)
	switch {
	case k == emptyFile:
		return nil, errors.New("is empty")
	case !slices.Contains(kinds, k):
		names := make([]string, len(kinds))
		for i, k := range kinds {
			names[i] = string(k)
		}
		return nil, fmt.Errorf("is %s, not %s", k, strings.Join(names, " or "))
	}
	codec := codecs[k]
	c, err := codec.config(f.section())
	if err != nil {
		return nil, fmt.Errorf("is %s that cannot be decoded: %w", k, err)
	}
	w, h := int64(c.Width), int64(c.Height)
	if w < 1 || h < 1 || w > MaxImagePixels/h {
		return nil, fmt.Errorf("is %s of %d×%d pixels, at most %d can be read", k, w, h, MaxImagePixels)
	}
	if accept != nil {
		if err := accept(c.Width, c.Height); err != nil {
			return nil, err
		}
	}
	if f.size < codec.least(head, w*h) {
		return nil, fmt.Errorf("is %s of %d×%d pixels in %d bytes: cut short or damaged", k, w, h, f.size)
	}
	im, err := codec.pixels(f.section())
	if err != nil {
		return nil, fmt.Errorf("is %s that cannot be decoded: %w", k, err)
	}
	return im, nil
}
