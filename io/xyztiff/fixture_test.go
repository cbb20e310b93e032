package xyztiff

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/internal/golden"
)

// fixture is the image that testdata/xyztiff/generate.py writes.
func fixture(t Type, samples int) *Image {
	const w, h = 23, 17
	im := newImage(w, h, samples, t)
	special := map[Type][]uint64{Float32: {0x80000000, 1, 0x7fc12345}, Float64: {1 << 63, 1, 0x7ff8000012345678}}[t]
	i := 0
	for y := range h {
		for x := range w {
			for c := range samples {
				n := uint64(x*1009 + y*9176 + c*31337)
				switch {
				case x < 5 || y >= 14:
				case x == 6 && y == 4 && special != nil:
					im.setBits(i, special[c])
				case t == Float32:
					im.F32[i] = float32(float64(n*12345%16777213)/(1<<24) - 0.25)
				case t == Float64:
					im.F64[i] = float64(n*12345678901%9007199254740881)/(1<<53) - 0.25
				default:
					im.U16[i] = uint16(n % 65521)
				}
				i++
			}
		}
	}
	return im
}

var fixtureName = regexp.MustCompile(`^(f32|f64|u16)x([13])_(tifffile|tiffcp)_(\w+)\.tiff$`)

// TestOtherPrograms reads files of tifffile 2023.2.3 and libtiff 4.5.0; see
// testdata/xyztiff/README.md. All bits must be those of the formula.
func TestOtherPrograms(t *testing.T) {
	names, err := filepath.Glob(filepath.Join(golden.Root(), "testdata", "xyztiff", "*.tiff"))
	if err != nil || len(names) != 75 {
		t.Fatalf("%d files, %v; want 75", len(names), err)
	}
	for _, name := range names {
		base := filepath.Base(name)
		m := fixtureName.FindStringSubmatch(base)
		if m == nil {
			t.Fatalf("file name %s", base)
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		typ := map[string]Type{"f32": Float32, "f64": Float64, "u16": Uint16}[m[1]]
		want := fixture(typ, int(m[2][0]-'0'))
		got, err := decode(b, Options{})
		if err != nil {
			t.Errorf("%s: %v", base, err)
			continue
		}
		if d := diff(got, want); d != "" {
			t.Errorf("%s: %s", base, d)
		}

		h, err := DecodeHeader(bytes.NewReader(b), int64(len(b)), Options{})
		if err != nil {
			t.Errorf("%s: %v", base, err)
		}
		wantHeader := Header{
			Width: 23, Height: 17, Samples: want.Samples, Type: typ, Compression: Uncompressed, Predictor: NoPredictor, ByteOrder: binary.LittleEndian,
			RowsPerStrip: h.RowsPerStrip, TileWidth: h.TileWidth, TileHeight: h.TileHeight,
		}
		for _, part := range strings.Split(m[4], "_") {
			codec := strings.TrimRight(part, "23")
			if c, ok := map[string]Compression{"lzw": LZW, "zip": Deflate, "zlib": Deflate, "packbits": PackBits, "zstd": Zstd}[codec]; ok {
				wantHeader.Compression = c
				if codec != part {
					wantHeader.Predictor = Predictor(part[len(codec)] - '0')
				}
			}
			switch part {
			case "be":
				wantHeader.ByteOrder = binary.BigEndian
			case "bigtiff":
				wantHeader.BigTIFF = true
			case "separate":
				wantHeader.Planar = true
			case "tiles":
				wantHeader.Tiled = true
			}
		}
		if h != wantHeader || h.Tiled != (h.TileWidth > 0) || h.Tiled == (h.RowsPerStrip > 0) {
			t.Errorf("%s: header %+v, want %+v", base, h, wantHeader)
		}
	}
}

// TestMVTec3D reads every xyz image of the part of MVTec 3D-AD that may lie
// beside the repository: HALCON's files, one row per strip, directory and a
// SubIFD at the end.
func TestMVTec3D(t *testing.T) {
	root := golden.Shared(t, "data/mvtec3d")
	names, err := filepath.Glob(filepath.Join(root, "*", "*", "*", "xyz", "*.tiff"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		st, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		h, err := DecodeHeader(f, st.Size(), Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if h.Type != Float32 || h.Samples != 3 || h.Compression != Uncompressed || h.RowsPerStrip != 1 {
			t.Errorf("%s: %+v", name, h)
		}
		im, err := Decode(f, st.Size(), Options{})
		f.Close()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		c, err := im.Cloud()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := c.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		// Parts of a hand's size, half a metre below the sensor.
		lo, hi, ok := c.Bounds()
		if size := hi.Sub(lo).Norm(); !ok || size < 0.01 || size > 0.5 || lo.Z < 0.1 || hi.Z > 2 {
			t.Errorf("%s: points from %v to %v", name, lo, hi)
		}
		if n := c.CountValid(); n < c.Len()/10 || n == c.Len() || h.Width*h.Height != c.Len() {
			t.Errorf("%s: %d of %d points valid", name, n, c.Len())
		}
		for i := range c.Len() {
			p := c.XYZ[3*i : 3*i+3]
			if c.Valid[i] == (p[0] == 0 && p[1] == 0 && p[2] == 0) {
				t.Fatalf("%s: point %d %v has validity %v", name, i, p, c.Valid[i])
			}
		}
	}
}

// TestGrabberDepth reads the depth image of a PCL grabber: 640×480 uint16
// millimetres, PackBits, 6 rows per strip.
func TestGrabberDepth(t *testing.T) {
	dir := golden.Shared(t, "data/scans/pcl/grabber")
	read := func(kind string) (*Image, error) {
		names, err := filepath.Glob(filepath.Join(dir, "*_"+kind+".tiff"))
		if err != nil || len(names) != 1 {
			t.Fatalf("%v, %v", names, err)
		}
		b, err := os.ReadFile(names[0])
		if err != nil {
			t.Fatal(err)
		}
		return decode(b, Options{})
	}
	im, err := read("depth")
	if err != nil {
		t.Fatal(err)
	}
	if im.Width != 640 || im.Height != 480 || im.Samples != 1 || im.Type() != Uint16 {
		t.Fatalf("%d×%d×%d %v", im.Width, im.Height, im.Samples, im.Type())
	}
	near, far, missing := math.MaxInt, 0, 0
	for _, v := range im.U16 {
		if v == 0 {
			missing++
			continue
		}
		near, far = min(near, int(v)), max(far, int(v))
	}
	if near < 300 || far > 12000 || missing == 0 || missing > len(im.U16)/2 {
		t.Errorf("depth %d to %d mm, %d of %d missing", near, far, missing, len(im.U16))
	}
	if _, err := read("rgb"); err == nil || !strings.Contains(err.Error(), "samples of 8 bits") {
		t.Errorf("8-bit colour image: %v", err)
	}
}
