package scan

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// jpegError bounds what JPEG at its best quality changes in a flat grey image:
// rounding in the two colour transforms and in the quantised coefficient.
const jpegError = 2

func TestReadColour(t *testing.T) {
	const w, h = 5, 3
	r := image.Rect(0, 0, w, h)
	fill := func(im interface {
		image.Image
		Set(x, y int, c color.Color)
	}, c func(i int) color.Color) image.Image {
		for i := range w * h {
			im.Set(i%w, i/w, c(i))
		}
		return im
	}
	v := func(i int) uint8 { return uint8(16 * i) }
	palette := color.Palette{}
	for i := range w * h {
		palette = append(palette, color.NRGBA{v(i), 7, 200 - v(i)/2, 255})
	}
	dir := t.TempDir()
	for name, c := range map[string]struct {
		im   image.Image
		want func(i int) color.NRGBA
	}{
		"RGB": {
			fill(image.NewRGBA(r), func(i int) color.Color { return color.RGBA{v(i), 1, 255 - v(i), 255} }),
			func(i int) color.NRGBA { return color.NRGBA{v(i), 1, 255 - v(i), 255} },
		},
		"RGB and alpha, also where it is 0": {
			fill(image.NewNRGBA(r), func(i int) color.Color { return color.NRGBA{v(i), 2, 3, v(i)} }),
			func(i int) color.NRGBA { return color.NRGBA{v(i), 2, 3, v(i)} },
		},
		"grey": {
			fill(image.NewGray(r), func(i int) color.Color { return color.Gray{v(i)} }),
			func(i int) color.NRGBA { return color.NRGBA{v(i), v(i), v(i), 255} },
		},
		"palette": {
			fill(image.NewPaletted(r, palette), func(i int) color.Color { return palette[i] }),
			func(i int) color.NRGBA { return palette[i].(color.NRGBA) },
		},
		"16-bit RGB": {
			fill(image.NewRGBA64(r), func(i int) color.Color { return color.RGBA64{uint16(v(i))<<8 | 255, 256, 255, 65535} }),
			func(i int) color.NRGBA { return color.NRGBA{v(i), 1, 0, 255} },
		},
		"16-bit RGB and alpha": {
			fill(image.NewNRGBA64(r), func(i int) color.Color { return color.NRGBA64{uint16(v(i)) << 8, 0x1234, 0, 0x8080} }),
			func(i int) color.NRGBA { return color.NRGBA{v(i), 0x12, 0, 0x80} },
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ReadColour(writePNG(t, filepath.Join(dir, "a.png"), c.im))
			if err != nil {
				t.Fatal(err)
			}
			if got.Rect != r {
				t.Fatalf("bounds %v", got.Rect)
			}
			for i := range w * h {
				if g := got.NRGBAAt(i%w, i/w); g != c.want(i) {
					t.Errorf("pixel %d is %v, want %v", i, g, c.want(i))
				}
			}
		})
	}

	path := filepath.Join(dir, "a.jpg")
	f := create(t, path)
	if err := jpeg.Encode(f, fill(image.NewGray(image.Rect(0, 0, 16, 8)), func(int) color.Color { return color.Gray{100} }), &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	f.Close()
	got, err := ReadColour(path)
	if err != nil {
		t.Fatal(err)
	}
	p := got.NRGBAAt(1, 1)
	if got.Rect.Dx() != 16 || got.Rect.Dy() != 8 || p.A != 255 || max(p.R, 100)-min(p.R, 100) > jpegError || p.R != p.G || p.G != p.B {
		t.Errorf("JPEG: %v, %v", got.Rect, p)
	}
}

func TestReadMask(t *testing.T) {
	r := image.Rect(0, 0, 4, 1)
	gray := &image.Gray{Pix: []uint8{0, 1, 252, 255}, Stride: 4, Rect: r}
	gray16 := image.NewGray16(r)
	rgb := image.NewRGBA(r)
	rgb64 := image.NewRGBA64(r)
	for i, v := range []uint16{0, 1, 255, 65535} {
		gray16.SetGray16(i, 0, color.Gray16{v})
		rgb64.SetRGBA64(i, 0, color.RGBA64{0, v, 0, 65535})
		rgb.SetRGBA(i, 0, color.RGBA{0, 0, uint8(min(v, 254)), 255})
	}
	grays := color.Palette{color.Gray{255}, color.Gray{0}, color.Gray{253}, color.Gray{1}}
	twoBit := color.Palette{color.NRGBA{0, 0, 0, 255}, color.NRGBA{128, 0, 0, 255}}
	for name, c := range map[string]struct {
		im   image.Image
		want string
	}{
		"8-bit grey":             {gray, "\x00\x01\xfc\xff"},
		"16-bit grey":            {gray16, "\x00\x01\xff\xff"},
		"RGB":                    {rgb, "\x00\x01\xfe\xfe"},
		"16-bit RGB":             {rgb64, "\x00\x01\xff\xff"},
		"palette in other order": {&image.Paletted{Pix: []uint8{0, 1, 2, 3}, Stride: 4, Rect: r, Palette: grays}, "\xff\x00\xfd\x01"},
		"palette of 1 bit":       {&image.Paletted{Pix: []uint8{0, 1, 1, 0}, Stride: 4, Rect: r, Palette: twoBit}, "\x00\x80\x80\x00"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ReadMask(writePNG(t, filepath.Join(t.TempDir(), "m.png"), c.im))
			if err != nil {
				t.Fatal(err)
			}
			if string(got.Pix) != c.want || got.Rect != r {
				t.Errorf("% x in %v, want % x", got.Pix, got.Rect, c.want)
			}
		})
	}
	clear := writePNG(t, filepath.Join(t.TempDir(), "m.png"), image.NewNRGBA(r))
	_, err := ReadMask(clear)
	checkError(t, err, clear, "transparent pixels")
}

// resized returns a PNG file whose header claims another size than its pixels
// have, with a checksum that is right.
func resized(t *testing.T, im image.Image, w, h uint32) string {
	t.Helper()
	b, err := os.ReadFile(writePNG(t, filepath.Join(t.TempDir(), "r.png"), im))
	if err != nil {
		t.Fatal(err)
	}
	binary.BigEndian.PutUint32(b[16:], w)
	binary.BigEndian.PutUint32(b[20:], h)
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return string(b)
}

func TestImageErrors(t *testing.T) {
	dir := t.TempDir()
	gray := image.NewGray(image.Rect(0, 0, 8, 8))
	whole, err := os.ReadFile(writePNG(t, filepath.Join(dir, "whole.png"), gray))
	if err != nil {
		t.Fatal(err)
	}
	f := create(t, filepath.Join(dir, "whole.jpg"))
	if err := jpeg.Encode(f, gray, nil); err != nil {
		t.Fatal(err)
	}
	f.Close()
	wholeJPEG, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	// The frame header holds precision, height and width after its length.
	sof := strings.Index(string(wholeJPEG), "\xff\xc0")
	hugeJPEG := []byte(string(wholeJPEG))
	binary.BigEndian.PutUint16(hugeJPEG[sof+5:], 9000)
	binary.BigEndian.PutUint16(hugeJPEG[sof+7:], 9000)

	for name, c := range map[string]struct {
		path  string
		parts []string
	}{
		"missing":           {filepath.Join(dir, "none.png"), nil},
		"folder":            {dir, []string{"is a folder"}},
		"empty":             {write(t, filepath.Join(dir, "e.png"), ""), []string{"is empty"}},
		"text":              {write(t, filepath.Join(dir, "t.png"), "hello"), []string{"is a text file, not a PNG image"}},
		"GIF":               {write(t, filepath.Join(dir, "g.png"), "GIF89a"), []string{"is a GIF image, not a PNG image"}},
		"signature only":    {write(t, filepath.Join(dir, "s.png"), string(whole[:8])), []string{"is a PNG image that cannot be decoded", "unexpected EOF"}},
		"cut in the pixels": {write(t, filepath.Join(dir, "c.png"), string(whole[:len(whole)-20])), []string{"is a PNG image that cannot be decoded"}},
		"too large":         {write(t, filepath.Join(dir, "l.png"), resized(t, gray, 20000, 5001)), []string{"20000×5001 pixels, at most 100000000"}},
		"width overflows":   {write(t, filepath.Join(dir, "o.png"), resized(t, gray, 1<<31-1, 1<<31-1)), []string{"PNG image"}},
		"promises too much": {write(t, filepath.Join(dir, "p.png"), resized(t, gray, 10000, 10000)), []string{"10000×10000 pixels in", "cut short"}},
	} {
		t.Run(name, func(t *testing.T) {
			im, err := ReadColour(c.path)
			if im != nil {
				t.Error("an image came with the error")
			}
			checkError(t, err, c.path, c.parts...)
			m, err := ReadMask(c.path)
			if m != nil {
				t.Error("a mask came with the error")
			}
			checkError(t, err, c.path, c.parts...)
			if name == "missing" && !errors.Is(err, fs.ErrNotExist) {
				t.Error("error does not wrap fs.ErrNotExist")
			}
		})
	}
	_, err = ReadMask(f.Name())
	checkError(t, err, f.Name(), "is a JPEG image, not a PNG image")
	huge := write(t, filepath.Join(dir, "huge.jpg"), string(hugeJPEG))
	_, err = ReadColour(huge)
	checkError(t, err, huge, "9000×9000 pixels in", "cut short")
}

// Images that compress as far as they can must not be taken for damaged ones.
func TestLeastSizeIsBelowReal(t *testing.T) {
	const side = 1024
	r := image.Rect(0, 0, side, side)
	dir := t.TempDir()
	f := create(t, filepath.Join(dir, "a.jpg"))
	if err := jpeg.Encode(f, image.NewGray(r), nil); err != nil {
		t.Fatal(err)
	}
	f.Close()
	two := image.NewPaletted(r, color.Palette{color.Black, color.White})
	for _, path := range []string{
		f.Name(),
		writePNG(t, filepath.Join(dir, "grey.png"), image.NewGray(r)),
		writePNG(t, filepath.Join(dir, "rgba.png"), image.NewNRGBA(r)),
		writePNG(t, filepath.Join(dir, "bits.png"), two),
	} {
		if _, err := ReadColour(path); err != nil {
			t.Error(err)
		}
	}
}

// A larger image than the cloud is refused before its pixels are decoded: here
// they are missing.
func TestSizeIsCheckedFirst(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "a.png"), resized(t, image.NewGray(image.Rect(0, 0, 1, 1)), 3000, 3000))
	want := errors.New("not the size of the cloud")
	_, err := readColour(path, func(w, h int) error {
		if w != 3000 || h != 3000 {
			t.Errorf("size %d×%d", w, h)
		}
		return want
	})
	if err != want {
		t.Errorf("error %v", err)
	}
}
