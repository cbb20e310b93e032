package scan

import (
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/internal/golden"
	"github.com/iad3d/iad3d/io/xyztiff"
	"github.com/iad3d/iad3d/rgbd"
)

// xyz returns an image of w×h points of which the first is missing.
func xyz(w, h int) *xyztiff.Image {
	im := &xyztiff.Image{Width: w, Height: h, Samples: 3, F32: make([]float32, 3*w*h)}
	for i := 1; i < w*h; i++ {
		im.F32[3*i], im.F32[3*i+1], im.F32[3*i+2] = float32(i%w)/8, float32(i/w)/8, 0.5
	}
	return im
}

func writeTIFF(t *testing.T, path string, im *xyztiff.Image, o xyztiff.EncodeOptions) string {
	t.Helper()
	f := create(t, path)
	defer f.Close()
	if err := xyztiff.Encode(f, im, o); err != nil {
		t.Fatal(err)
	}
	return path
}

func writePNG(t *testing.T, path string, im image.Image) string {
	t.Helper()
	f := create(t, path)
	defer f.Close()
	if err := png.Encode(f, im); err != nil {
		t.Fatal(err)
	}
	return path
}

func create(t *testing.T, path string) *os.File {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func write(t *testing.T, path, content string) string {
	t.Helper()
	f := create(t, path)
	defer f.Close()
	if _, err := f.WriteString(content); err != nil {
		t.Fatal(err)
	}
	return path
}

// checkError asserts that err is an *Error about path whose message has each of
// the parts and names the path once.
func checkError(t *testing.T, err error, path string, parts ...string) {
	t.Helper()
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("error %v of type %T, want *Error", err, err)
	}
	if e.Path != path {
		t.Errorf("error is about %q, want %q", e.Path, path)
	}
	msg := err.Error()
	if !strings.HasPrefix(msg, path+": ") || strings.Count(msg, path) != 1 || strings.Contains(msg, "\n") {
		t.Errorf("message %q, want one line that names %s once, first", msg, path)
	}
	for _, p := range parts {
		if !strings.Contains(msg, p) {
			t.Errorf("message %q lacks %q", msg, p)
		}
	}
}

func TestRead(t *testing.T) {
	const w, h = 5, 3
	narrow := xyz(w, h)
	wide := &xyztiff.Image{Width: w, Height: h, Samples: 3, F64: make([]float64, 3*w*h)}
	for i, v := range narrow.F32 {
		wide.F64[i] = float64(v)
	}
	dir := t.TempDir()
	for name, path := range map[string]string{
		"float32":     writeTIFF(t, filepath.Join(dir, "a.tiff"), narrow, xyztiff.EncodeOptions{}),
		"float64":     writeTIFF(t, filepath.Join(dir, "b.tiff"), wide, xyztiff.EncodeOptions{}),
		"big-endian":  writeTIFF(t, filepath.Join(dir, "c.tiff"), narrow, xyztiff.EncodeOptions{ByteOrder: binary.BigEndian}),
		"BigTIFF":     writeTIFF(t, filepath.Join(dir, "d.tiff"), narrow, xyztiff.EncodeOptions{BigTIFF: true}),
		"both":        writeTIFF(t, filepath.Join(dir, "e.tiff"), narrow, xyztiff.EncodeOptions{BigTIFF: true, ByteOrder: binary.BigEndian}),
		"wrong name":  writeTIFF(t, filepath.Join(dir, "f.png"), narrow, xyztiff.EncodeOptions{}),
		"no xyz name": writeTIFF(t, filepath.Join(dir, "g"), narrow, xyztiff.EncodeOptions{}),
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Read(path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Check(); err != nil {
				t.Fatal(err)
			}
			if s.Cloud.Width != w || s.Cloud.Height != h || !slices.Equal(s.Cloud.XYZ, narrow.F32) {
				t.Errorf("cloud %d×%d %v", s.Cloud.Width, s.Cloud.Height, s.Cloud.XYZ)
			}
			if n := s.Cloud.CountValid(); n != w*h-1 || s.Cloud.IsValid(0) {
				t.Errorf("%d valid points, first %v", n, s.Cloud.IsValid(0))
			}
			if want := Stem(path); s.Name != want || s.Source != path || s.Colour != nil {
				t.Errorf("name %q, source %q, colour %v", s.Name, s.Source, s.Colour)
			}
		})
	}
}

func TestReadColourOfScan(t *testing.T) {
	const w, h = 4, 3
	dir := t.TempDir()
	cloud := writeTIFF(t, filepath.Join(dir, "bent", "xyz", "003.tiff"), xyz(w, h), xyztiff.EncodeOptions{})
	red := image.NewNRGBA(image.Rect(0, 0, w, h))
	red.SetNRGBA(1, 2, color.NRGBA{255, 0, 0, 255})
	blue := image.NewNRGBA(image.Rect(0, 0, w, h))
	blue.SetNRGBA(1, 2, color.NRGBA{0, 0, 255, 255})
	other := writePNG(t, filepath.Join(dir, "blue.png"), blue)

	read := func(o Options) *rgbd.Scan {
		t.Helper()
		s, err := Read(cloud, o)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if s := read(Options{}); s.Colour != nil || s.Name != "bent/003" {
		t.Errorf("without a sibling: colour %v, name %q", s.Colour, s.Name)
	}
	sibling := writePNG(t, filepath.Join(dir, "bent", "rgb", "003.PNG"), red)
	if s := read(Options{}); s.Colour == nil || s.Colour.NRGBAAt(1, 2).R != 255 {
		t.Error("the sibling was not read")
	}
	if s := read(Options{Colour: other, Name: "me"}); s.Colour == nil || s.Colour.NRGBAAt(1, 2).B != 255 || s.Name != "me" {
		t.Error("the named image was not read")
	}
	if s := read(Options{Colour: other, NoColour: true}); s.Colour != nil {
		t.Error("colour read though it was not wanted")
	}
	// From within the folder the path does not show the layout.
	t.Chdir(filepath.Dir(cloud))
	if s, err := Read("003.tiff", Options{}); err != nil || s.Colour == nil || s.Name != "bent/003" {
		t.Errorf("from within the folder: %v, %v", s, err)
	}

	writePNG(t, sibling, image.NewGray(image.Rect(0, 0, h, w)))
	_, err := Read(cloud, Options{})
	checkError(t, err, sibling, "3×4", cloud, "4×3", "registration needed")
	if !errors.Is(err, rgbd.ErrScan) {
		t.Errorf("%v does not wrap ErrScan", err)
	}
	_, err = Read(cloud, Options{Colour: cloud})
	checkError(t, err, cloud, "is a TIFF file that cannot be decoded")
	missing := filepath.Join(dir, "none.png")
	_, err = Read(cloud, Options{Colour: missing})
	checkError(t, err, missing)
}

func TestReadRefuses(t *testing.T) {
	dir := t.TempDir()
	none := xyz(4, 3)
	clear(none.F32)
	none.F32[5] = float32(math.NaN())
	none.F32[7] = float32(math.Inf(1))
	stl := make([]byte, 84)
	copy(stl, "made by a scanner\x00")
	const only = "this version reads xyz TIFF, PCD, PLY, STL, OBJ, NPY, NPZ and text"
	for name, c := range map[string]struct {
		path  string
		parts []string
	}{
		"missing":      {filepath.Join(dir, "missing.tiff"), nil},
		"folder":       {dir, []string{"is a folder, not a file"}},
		"device":       {os.DevNull, []string{"is not a regular file"}},
		"empty":        {write(t, filepath.Join(dir, "empty.tiff"), ""), []string{"is empty"}},
		"text":         {write(t, filepath.Join(dir, "t.tiff"), "\n<!DOCTYPE html>\r\n<p>Größe"), []string{`is a text file named .tiff (begins "<!DOCTYPE html>"), and not of points: line 2 is neither names nor numbers: "<!DOCTYPE html>"`}},
		"two values":   {write(t, filepath.Join(dir, "t.xyz"), "0.1 0.2\n"), []string{`is a text file (begins "0.1 0.2"), and not of points: line 1: 2 values`}},
		"cut text":     {write(t, filepath.Join(dir, "u.xyz"), "1 2 3\n4 5\n"), []string{`xyztext: line 2: 2 values, want 3`}},
		"PNG":          {writePNG(t, filepath.Join(dir, "p.tiff"), image.NewGray(image.Rect(0, 0, 2, 2))), []string{"is a PNG image, not a cloud"}},
		"PLY":          {write(t, filepath.Join(dir, "p.ply"), "ply\nformat ascii 1.0\n"), []string{"ply: header line 3: unexpected EOF"}},
		"PCD":          {write(t, filepath.Join(dir, "p.pcd"), "# .PCD v.7 - Point Cloud\n"), []string{"pcd: header line 2: unexpected EOF"}},
		"ASCII STL":    {write(t, filepath.Join(dir, "a.stl"), "solid part\n"), []string{"stl: triangle 1: unexpected EOF"}},
		"no triangle":  {write(t, filepath.Join(dir, "b.stl"), string(stl)), []string{"no point in the file"}},
		"cut STL":      {write(t, filepath.Join(dir, "cut.STL"), string(append(stl, "0123456789"...))), []string{"stl: more data behind the last of 0 triangles"}},
		"E57":          {write(t, filepath.Join(dir, "e.e57"), "ASTM-E57xxxx"), []string{"is an E57 file", only}},
		"no vertex":    {write(t, filepath.Join(dir, "n.ply"), "ply\nformat ascii 1.0\nelement vertex 0\nproperty float x\nproperty float y\nproperty float z\nend_header\n"), []string{"no point in the file"}},
		"all missing":  {write(t, filepath.Join(dir, "n.xyz"), "nan 1 2\n1 2 inf\n"), []string{"no measured point: all 2 are not finite"}},
		"NPY":          {write(t, filepath.Join(dir, "a.npy"), "\x93NUMPY\x01\x00"), []string{"npy: not a valid file"}},
		"WebP":         {write(t, filepath.Join(dir, "w"), "RIFF\x00\x01\x00\x00WEBPVP8 "), []string{"is a WebP image, not a cloud"}},
		"unknown":      {write(t, filepath.Join(dir, "u.tiff"), "\x00\x01\x02\x03"), []string{"unknown format (first bytes 00 01 02 03)", only}},
		"cut short":    {write(t, filepath.Join(dir, "s.tiff"), "II*\x00\x08"), []string{"xyztiff: "}},
		"depth":        {writeTIFF(t, filepath.Join(dir, "d.tiff"), &xyztiff.Image{Width: 2, Height: 1, Samples: 1, U16: []uint16{1, 2}}, xyztiff.EncodeOptions{}), []string{"1 sample per pixel (uint16): a depth image", "intrinsics are needed"}},
		"16-bit RGB":   {writeTIFF(t, filepath.Join(dir, "rgb.tiff"), &xyztiff.Image{Width: 1, Height: 1, Samples: 3, U16: []uint16{1, 2, 3}}, xyztiff.EncodeOptions{}), []string{"uint16 samples, as colour images are"}},
		"nothing seen": {writeTIFF(t, filepath.Join(dir, "none.tiff"), none, xyztiff.EncodeOptions{}), []string{"no measured point: all 12 pixels are (0,0,0) or not finite"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Read(c.path, Options{})
			if s != nil {
				t.Error("a scan came with the error")
			}
			checkError(t, err, c.path, c.parts...)
			if name == "missing" && !errors.Is(err, fs.ErrNotExist) {
				t.Error("error does not wrap fs.ErrNotExist")
			}
			if name == "nothing seen" && !errors.Is(err, rgbd.ErrScan) {
				t.Error("error does not wrap rgbd.ErrScan")
			}
		})
	}
}

// A reader's error in the middle of a file must not name the file again.
func TestReadErrorNamesFileOnce(t *testing.T) {
	path := writeTIFF(t, filepath.Join(t.TempDir(), "a.tiff"), xyz(2, 2), xyztiff.EncodeOptions{})
	f, err := open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	f.close()
	_, err = xyztiff.Decode(f, f.size, xyztiff.Options{})
	if !errors.Is(err, os.ErrClosed) || strings.Contains(err.Error(), path) {
		t.Errorf("%v, want os.ErrClosed without the path", err)
	}
}

func TestSniffCutRune(t *testing.T) {
	text := "x" + strings.Repeat("é", headSize)
	if k := sniff([]byte(text[:headSize]), int64(len(text))); k != textFile {
		t.Errorf("UTF-8 cut within a character is %q", k)
	}
	if k := sniff([]byte("abc\xc3\xc3"), 5); k != unknown {
		t.Errorf("broken UTF-8 is %q", k)
	}
}

func FuzzSniff(f *testing.F) {
	for _, s := range signatures {
		f.Add([]byte(s.prefix), int64(100))
	}
	f.Add(make([]byte, 84), int64(84))
	f.Fuzz(func(t *testing.T, head []byte, size int64) {
		k := sniff(head, size)
		if (k == emptyFile) != (size == 0) {
			t.Errorf("%q for a size of %d", k, size)
		}
		if k != tiffFile && k != emptyFile && len(head) >= 4 {
			switch string(head[:4]) {
			case "II*\x00", "MM\x00*", "II+\x00", "MM\x00+":
				t.Errorf("% x is %q", head[:4], k)
			}
		}
	})
}

// A real scan: 400×400 pixels, with colour in the place where it is looked for.
func TestReadMVTec(t *testing.T) {
	path := filepath.Join(golden.Shared(t, "data/mvtec3d/cable_gland"), "test", "bent", "xyz", "000.tiff")
	s, err := Read(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	if s.Name != "bent/000" || s.Cloud.Width != 400 || s.Cloud.Height != 400 || s.Colour == nil {
		t.Errorf("%q, %d×%d, colour %v", s.Name, s.Cloud.Width, s.Cloud.Height, s.Colour != nil)
	}
}

// TestStem holds that no file lacks a name.
func TestStem(t *testing.T) {
	for path, want := range map[string]string{
		"a/b.tiff": "b", "a/b": "b", "b.c.pcd": "b.c", "a/.tiff": ".tiff", ".hidden.ply": ".hidden",
	} {
		if got := Stem(filepath.FromSlash(path)); got != want {
			t.Errorf("%s is called %q, want %q", path, got, want)
		}
	}
}
