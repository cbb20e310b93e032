package scan

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/image/tiff"
)

// FuzzReadColour: no file makes ReadColour panic, and an image has the size of its
// pixels. The decoders are not ours, what is made of their types is.
func FuzzReadColour(f *testing.F) {
	r := image.Rect(0, 0, 5, 4)
	rgba := image.NewNRGBA(r)
	for i := range rgba.Pix {
		rgba.Pix[i] = uint8(i * 7)
	}
	palette := image.NewPaletted(r, color.Palette{color.Black, color.NRGBA{1, 2, 3, 4}})
	var files [][]byte
	add := func(encode func(b *bytes.Buffer) error) {
		var b bytes.Buffer
		if err := encode(&b); err != nil {
			f.Fatal(err)
		}
		files = append(files, b.Bytes())
	}
	for _, im := range []image.Image{rgba, palette, image.NewGray16(r), image.NewRGBA64(r)} {
		add(func(b *bytes.Buffer) error { return png.Encode(b, im) })
		add(func(b *bytes.Buffer) error { return tiff.Encode(b, im, nil) })
		add(func(b *bytes.Buffer) error {
			return tiff.Encode(b, im, &tiff.Options{Compression: tiff.Deflate, Predictor: true})
		})
	}
	add(func(b *bytes.Buffer) error { return jpeg.Encode(b, rgba, nil) })
	for _, b := range files {
		f.Add(b)
	}
	path := filepath.Join(f.TempDir(), "image")
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		im, err := readColour(path, func(w, h int) error { // as a scan's size bounds it
			if w > 1000 || h > 1000 {
				return errors.New("large")
			}
			return nil
		})
		if err == nil && (im.Rect.Min != image.Point{} || len(im.Pix) != 4*im.Rect.Dx()*im.Rect.Dy()) {
			t.Fatalf("%v with %d bytes", im.Rect, len(im.Pix))
		}
	})
}
