package scan

import (
	"image"
	"image/draw"

	"github.com/iad3d/iad3d/pointcloud"
)

// ReadColour reads a PNG, JPEG or TIFF file of any colour type as 8-bit RGB with
// alpha. Of 16-bit samples the high byte is kept; an EXIF orientation is not
// applied, as the cloud would not turn with the image. A size above
// [MaxImagePixels], or one that the file is too short to fill, is an error
// before anything of that size is allocated. Bounds begin at (0, 0).
func ReadColour(path string) (*image.NRGBA, error) {
	im, err := readColour(path, nil)
	if err != nil {
		return nil, &Error{path, err}
	}
	return im, nil
}

// readColour is ReadColour with the check of decode, and without the path in
// its errors.
func readColour(path string, accept func(w, h int) error) (*image.NRGBA, error) {
	im, err := decode(path, accept, pngFile, jpegFile, tiffFile)
	if err != nil {
		return nil, err
	}
	switch im := im.(type) {
	case *image.NRGBA:
		return im, nil
	case *image.RGBA: // of a PNG always opaque, of a TIFF mostly
		if im.Opaque() {
			return opaque(im), nil
		}
	case *image.NRGBA64: // by way of package draw the alpha would round the colours
		c := image.NewNRGBA(im.Rect)
		for i := range c.Pix {
			c.Pix[i] = im.Pix[2*i]
		}
		return c, nil
	}
	if o, ok := im.(interface{ Opaque() bool }); ok && o.Opaque() {
		// Package draw is fast towards RGBA only.
		c := image.NewRGBA(im.Bounds())
		draw.Draw(c, c.Rect, im, c.Rect.Min, draw.Src)
		return opaque(c), nil
	}
	c := image.NewNRGBA(im.Bounds())
	draw.Draw(c, c.Rect, im, c.Rect.Min, draw.Src)
	return c, nil
}

// opaque returns im, which must be opaque and is not to be used any more, as
// the same bytes without premultiplied alpha.
func opaque(im *image.RGBA) *image.NRGBA {
	return &image.NRGBA{Pix: im.Pix, Stride: im.Stride, Rect: im.Rect}
}

// ownColour returns the colours of an organised cloud as an opaque image; nil
// when it has none.
func ownColour(c *pointcloud.Cloud) *image.NRGBA {
	if c.RGB == nil || !c.Organised() {
		return nil
	}
	im := image.NewNRGBA(image.Rect(0, 0, c.Width, c.Height))
	for i := range c.Len() {
		copy(im.Pix[4*i:], c.RGB[3*i:3*i+3])
		im.Pix[4*i+3] = 255
	}
	return im
}
