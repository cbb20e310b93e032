package scan

import (
	"errors"
	"image"
)

// ReadMask reads a PNG file as a mask of class ids, 0 = sound. The id of a
// pixel of an 8-bit grey image is its value. Other images are read so that
// black alone is 0: 1-, 2- and 4-bit grey values are spread to 0…255, a 16-bit
// value above 255 counts as 255, a palette entry counts as its colour, and of
// red, green and blue the largest counts. Transparent pixels are an error.
// Sizes are bounded as in [ReadColour]. Bounds begin at (0, 0).
func ReadMask(path string) (*image.Gray, error) {
	im, err := decode(path, nil, pngFile)
	if err != nil {
		return nil, &Error{path, err}
	}
	m, err := mask(im)
	if err != nil {
		return nil, &Error{path, err}
	}
	return m, nil
}

func mask(im image.Image) (*image.Gray, error) {
	wide := false
	switch im := im.(type) {
	case *image.Gray:
		return im, nil
	case *image.Gray16, *image.RGBA64, *image.NRGBA64:
		wide = true
	}
	b := im.Bounds()
	m := image.NewGray(b)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			red, green, blue, alpha := im.At(x, y).RGBA()
			if alpha != 0xffff {
				return nil, errors.New("is a mask with transparent pixels; what those mean is not defined")
			}
			v := max(red, green, blue)
			if !wide {
				v >>= 8 // an 8-bit value is in both bytes
			}
			m.Pix[m.PixOffset(x, y)] = uint8(min(v, 255))
		}
	}
	return m, nil
}
