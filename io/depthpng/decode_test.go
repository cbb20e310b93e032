package depthpng

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/internal/golden"
	"github.com/iad3d/iad3d/internal/pointstest"
)

func encodePNG(t testing.TB, im image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, im); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// noise returns a depth image of values that no filter predicts.
func noise(w, h int) *image.Gray16 {
	r := rand.New(rand.NewPCG(uint64(w), uint64(h)))
	im := image.NewGray16(image.Rect(0, 0, w, h))
	for i := range im.Pix {
		im.Pix[i] = uint8(r.Uint32())
	}
	return im
}

func decode(b []byte, o Options) (*Image, error) {
	return Decode(bytes.NewReader(b), int64(len(b)), o)
}

func TestDecode(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {3, 2}, {640, 480}, {1, 300}} {
		im := noise(size[0], size[1])
		b := encodePNG(t, im)
		got, err := decode(b, Options{})
		if err != nil {
			t.Fatal(err)
		}
		h, err := DecodeHeader(bytes.NewReader(b), int64(len(b)), Options{})
		if err != nil || h != (Header{Width: size[0], Height: size[1]}) {
			t.Errorf("header %+v, %v", h, err)
		}
		if got.Width != size[0] || got.Height != size[1] || len(got.U16) != size[0]*size[1] {
			t.Fatalf("%d×%d with %d values", got.Width, got.Height, len(got.U16))
		}
		for i, v := range got.U16 {
			if want := im.Gray16At(i%size[0], i/size[0]).Y; v != want {
				t.Fatalf("pixel %d is %d, want %d", i, v, want)
			}
		}
	}
}

// rechecked gives the header of a PNG file another field and a checksum that is
// right.
func rechecked(b []byte, change func(ihdr []byte)) []byte {
	b = slices.Clone(b)
	change(b[16:29])
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return b
}

func sized(b []byte, w, h uint32) []byte {
	return rechecked(b, func(ihdr []byte) {
		binary.BigEndian.PutUint32(ihdr, w)
		binary.BigEndian.PutUint32(ihdr[4:], h)
	})
}

func TestRefuses(t *testing.T) {
	r := image.Rect(0, 0, 8, 8)
	whole := encodePNG(t, noise(8, 8))
	flipped := slices.Clone(whole)
	flipped[len(flipped)-20] ^= 1 // in the pixels
	transparent := func() []byte {
		chunk := []byte("\x00\x00\x00\x02tRNS\x00\x00")
		return slices.Concat(whole[:33], binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:])), whole[33:])
	}()
	flat := encodePNG(t, image.NewGray16(image.Rect(0, 0, 2000, 2000)))
	for name, c := range map[string]struct {
		file []byte
		want error
		part string
	}{
		"empty":               {nil, ErrFormat, "signature"},
		"another format":      {[]byte("GIF89a, and a little more of it so that it is long"), ErrFormat, "signature"},
		"header cut":          {whole[:20], ErrFormat, "ends in its header"},
		"no IHDR":             {slices.Concat(whole[:12], []byte("IDAT"), whole[16:]), ErrFormat, "no IHDR"},
		"checksum":            {slices.Concat(whole[:20], []byte{9}, whole[21:]), ErrFormat, "checksum"},
		"8-bit grey":          {encodePNG(t, image.NewGray(r)), ErrUnsupported, "greyscale, 8 bits per sample"},
		"colour":              {encodePNG(t, image.NewNRGBA(r)), ErrUnsupported, "RGB with alpha, 8 bits"},
		"16-bit colour":       {encodePNG(t, image.NewRGBA64(r)), ErrUnsupported, "16 bits"},
		"palette":             {encodePNG(t, image.NewPaletted(r, color.Palette{color.Black})), ErrUnsupported, "palette, 1 bits"},
		"unknown colour type": {rechecked(whole, func(h []byte) { h[9] = 7 }), ErrFormat, "colour type 7"},
		"interlace method":    {rechecked(whole, func(h []byte) { h[12] = 2 }), ErrFormat, "interlace method 2"},
		"no pixels":           {sized(whole, 0, 8), ErrFormat, "0×8"},
		"beyond PNG":          {sized(whole, 1<<31, 8), ErrFormat, "pixels"},
		"too large":           {sized(whole, 40000, 40000), ErrLimit, "40000×40000"},
		"overflow":            {sized(whole, 1<<31-1, 1<<31-1), ErrLimit, "2147483647×2147483647"},
		"empty promise":       {sized(whole, 20000, 20000), ErrFormat, "needs 800020000"},
		"flat and short":      {sized(flat, 2000, 2001), ErrFormat, "needs 8006001"},
		"cut in the pixels":   {whole[:len(whole)-30], ErrFormat, "not enough pixel data"},
		"no end":              {whole[:len(whole)-12], ErrFormat, "ends in the middle"},
		"flat and cut":        {flat[:len(flat)/2], ErrFormat, "unexpected EOF"},
		"damaged":             {flipped, ErrFormat, "checksum"},
		"transparent":         {transparent, ErrUnsupported, "transparent"},
	} {
		t.Run(name, func(t *testing.T) {
			im, err := decode(c.file, Options{})
			if im != nil || !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.part) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v, error %v, want %q", im != nil, err, c.part)
			}
		})
	}
	if _, err := decode(flat, Options{MaxBytes: 2*2000*2000 - 1}); !errors.Is(err, ErrLimit) {
		t.Errorf("limit of the caller: %v", err)
	}
	if im, err := decode(flat, Options{MaxBytes: 2 * 2000 * 2000}); err != nil || len(im.U16) != 2000*2000 {
		t.Errorf("an image that shrank a lot: %v", err)
	}
}

type broken struct{ io.ReaderAt }

func (b broken) ReadAt(p []byte, off int64) (int, error) {
	if off > 40 {
		return 0, os.ErrPermission
	}
	return b.ReaderAt.ReadAt(p, off)
}

// An error of the reader is not one of the file.
func TestReaderError(t *testing.T) {
	for _, im := range []image.Image{noise(300, 300), image.NewGray16(image.Rect(0, 0, 3000, 3000))} {
		b := encodePNG(t, im)
		_, err := Decode(broken{bytes.NewReader(b)}, int64(len(b)), Options{})
		if !errors.Is(err, os.ErrPermission) || errors.Is(err, ErrFormat) {
			t.Errorf("error %v", err)
		}
	}
}

// A refused file costs at most 16 MiB and 8 times its size; that is the figure
// the package comment gives.
func TestMemory(t *testing.T) {
	flat := encodePNG(t, image.NewGray16(image.Rect(0, 0, 4000, 4000)))
	for name, b := range map[string][]byte{
		"empty promise": sized(encodePNG(t, noise(8, 8)), 20000, 20000),
		"flat":          sized(flat, 20000, 20000),
		"interlaced":    rechecked(sized(flat, 20000, 20000), func(h []byte) { h[12] = 1 }),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := decode(b, Options{})
		runtime.ReadMemStats(&after)
		if spent := after.TotalAlloc - before.TotalAlloc; err == nil || spent > 16<<20+8*uint64(len(b)) {
			t.Errorf("%s: %d bytes for a file of %d, %v", name, spent, len(b), err)
		}
	}
}

// Filtered is checked against the sum over all pixels of each pass.
func TestFiltered(t *testing.T) {
	pass := [8]string{"16462646", "77777777", "56565656", "77777777", "36463646", "77777777", "56565656", "77777777"}
	for h := 1; h < 20; h++ {
		for w := 1; w < 20; w++ {
			want := int64(0)
			rows := map[[2]int]bool{}
			for y := range h {
				for x := range w {
					want += 2
					rows[[2]int{y, int(pass[y%8][x%8])}] = true
				}
			}
			want += int64(len(rows))
			if got := (&Header{Width: w, Height: h, Interlaced: true}).filtered(); got != want {
				t.Fatalf("%d×%d: %d, want %d", w, h, got, want)
			}
		}
	}
}

// interlaced returns im as a file with Adam7's seven passes and no filter, which
// package png does not write.
func interlaced(t testing.TB, im *image.Gray16) []byte {
	t.Helper()
	w, h := im.Rect.Dx(), im.Rect.Dy()
	var data bytes.Buffer
	z := zlib.NewWriter(&data)
	for _, p := range [7][4]int{{8, 8, 0, 0}, {8, 8, 4, 0}, {4, 8, 0, 4}, {4, 4, 2, 0}, {2, 4, 0, 2}, {2, 2, 1, 0}, {1, 2, 0, 1}} {
		for y := p[3]; y < h; y += p[1] {
			if p[2] < w {
				z.Write([]byte{0})
			}
			for x := p[2]; x < w; x += p[0] {
				z.Write(im.Pix[im.PixOffset(x, y):][:2])
			}
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	b := []byte(signature)
	for _, c := range []struct {
		name string
		data []byte
	}{
		{"IHDR", []byte{0, 0, byte(w >> 8), byte(w), 0, 0, byte(h >> 8), byte(h), 16, 0, 0, 0, 1}}, {"IDAT", data.Bytes()}, {"IEND", nil},
	} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(c.data)))
		at := len(b)
		b = append(append(b, c.name...), c.data...)
		b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[at:]))
	}
	return b
}

func TestInterlaced(t *testing.T) {
	for _, im := range []*image.Gray16{noise(1, 1), noise(13, 9), image.NewGray16(image.Rect(0, 0, 3000, 1500))} {
		b := interlaced(t, im)
		got, err := decode(b, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range got.U16 {
			if want := im.Gray16At(i%got.Width, i/got.Width).Y; v != want {
				t.Fatalf("%v: pixel %d is %d, want %d", im.Rect, i, v, want)
			}
		}
		if h, err := DecodeHeader(bytes.NewReader(b), int64(len(b)), Options{}); err != nil || !h.Interlaced {
			t.Errorf("%+v, %v", h, err)
		}
	}
}

// Figures of numpy 1.24 and Pillow 9.4.0 for Open3D's depth image.
func TestReal(t *testing.T) {
	b, err := os.ReadFile(golden.Shared(t, "data/scans/open3d/depth_00120.png"))
	if err != nil {
		t.Fatal(err)
	}
	im, err := decode(b, Options{})
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, v := range im.U16 {
		sum += int(v)
	}
	if im.Width != 640 || im.Height != 480 || sum != 529233116 || slices.Min(im.U16) != 1210 || slices.Max(im.U16) != 2818 {
		t.Errorf("%d×%d, sum %d, from %d to %d", im.Width, im.Height, sum, slices.Min(im.U16), slices.Max(im.U16))
	}
}

// FuzzDecode: no input makes Decode panic, hang or allocate beyond its bounds;
// an error wraps a sentinel; what decodes can be written and reads the same.
func FuzzDecode(f *testing.F) {
	f.Add(encodePNG(f, noise(5, 4)))
	f.Add(encodePNG(f, image.NewGray16(image.Rect(0, 0, 700, 700))))
	f.Add(interlaced(f, noise(9, 5)))
	f.Add(encodePNG(f, image.NewGray(image.Rect(0, 0, 2, 2))))
	f.Fuzz(func(t *testing.T, b []byte) {
		const most = 1 << 20
		h, headErr := DecodeHeader(bytes.NewReader(b), int64(len(b)), Options{MaxBytes: most})
		var im *Image
		var err error
		used := pointstest.Allocated(func() { im, err = decode(b, Options{MaxBytes: most}) })
		if err != nil {
			if used > pointstest.Bound(len(b)) {
				t.Fatalf("%d bytes allocated for a file of %d: %v", used, len(b), err)
			}
			if !errors.Is(err, ErrFormat) && !errors.Is(err, ErrUnsupported) && !errors.Is(err, ErrLimit) {
				t.Fatalf("error of no class: %v", err)
			}
			return
		}
		if headErr != nil || h.Width != im.Width || h.Height != im.Height || len(im.U16) != h.Width*h.Height || 2*len(im.U16) > most {
			t.Fatalf("header %+v, %v of an image of %d×%d with %d values", h, headErr, im.Width, im.Height, len(im.U16))
		}
		if used > pointstest.Accepted(2*len(im.U16)) {
			t.Fatalf("%d bytes allocated for %d decoded", used, 2*len(im.U16))
		}
		g := image.NewGray16(image.Rect(0, 0, im.Width, im.Height))
		for i, v := range im.U16 {
			binary.BigEndian.PutUint16(g.Pix[2*i:], v)
		}
		again, err := decode(encodePNG(t, g), Options{})
		if err != nil || !slices.Equal(again.U16, im.U16) {
			t.Fatalf("written again: %v", err)
		}
	})
}
