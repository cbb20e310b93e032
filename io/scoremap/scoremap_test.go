package scoremap_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/io/npy"
	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/io/scoremap"
	"github.com/iad3d/iad3d/io/xyztiff"
)

// put writes a file and returns its path.
func put(t testing.TB, name string, write func(w io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func tiff(im *xyztiff.Image) func(io.Writer) error {
	return func(w io.Writer) error { return xyztiff.Encode(w, im, xyztiff.EncodeOptions{}) }
}

func array(a *npy.Array) func(io.Writer) error {
	return func(w io.Writer) error { return npy.Encode(w, a, npy.EncodeOptions{}) }
}

func archive(a ...npy.Named) func(io.Writer) error {
	return func(w io.Writer) error { return npy.EncodeArchive(w, a, true) }
}

func picture(im image.Image) func(io.Writer) error {
	return func(w io.Writer) error { return png.Encode(w, im) }
}

// The same map of 3×2 pixels in every format; names say nothing.
func TestRead(t *testing.T) {
	v := []float32{0, 1, 2, 255, 3, 4}
	wide := make([]float64, len(v))
	u := make([]uint16, len(v))
	b := make([]uint8, len(v))
	grey, grey16 := image.NewGray(image.Rect(0, 0, 3, 2)), image.NewGray16(image.Rect(0, 0, 3, 2))
	for i, x := range v {
		wide[i], u[i], b[i] = float64(x), uint16(x), uint8(x)
		grey.SetGray(i%3, i/3, color.Gray{Y: uint8(x)})
		grey16.SetGray16(i%3, i/3, color.Gray16{Y: uint16(x)})
	}
	single := npy.FromFloat32s(v, 2, 3)
	for name, c := range map[string]struct {
		write func(io.Writer) error
		wide  bool
	}{
		"float32.tiff": {tiff(&xyztiff.Image{Width: 3, Height: 2, Samples: 1, F32: v}), false},
		"float64.tif":  {tiff(&xyztiff.Image{Width: 3, Height: 2, Samples: 1, F64: wide}), true},
		"uint16.tiff":  {tiff(&xyztiff.Image{Width: 3, Height: 2, Samples: 1, U16: u}), false},
		"float32.npy":  {array(single), false},
		"float64.npy":  {array(npy.FromFloat64s(wide, 1, 2, 3, 1)), true},
		"uint8.npy":    {array(npy.FromUint8s(b, 2, 3)), false},
		"one.npz":      {archive(npy.Named{Name: "arr_0", Array: single}), false},
		"several.npz":  {archive(npy.Named{Name: "label", Array: npy.FromUint8s([]uint8{1}, 1)}, npy.Named{Name: "anomaly_map", Array: single}), false},
		"grey.png":     {picture(grey), false},
		"grey16.npy":   {picture(grey16), false},
	} {
		m, err := scoremap.Read(put(t, name, c.write))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if m.Width != 3 || m.Height != 2 || (m.F64 != nil) != c.wide || (m.F32 != nil) == c.wide || !slices.Equal(m.Float64s(), wide) {
			t.Errorf("%s: %+v", name, m)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	text := func(s string) func(io.Writer) error {
		return func(w io.Writer) error {
			_, err := io.WriteString(w, s)
			return err
		}
	}
	one := npy.FromUint8s([]uint8{1, 2}, 2)
	for name, c := range map[string]struct {
		write func(io.Writer) error
		says  string
	}{
		"empty.tiff":  {text(""), "is empty"},
		"text.npy":    {text("0.1 0.2"), "unknown format (first bytes 30 2e 31"},
		"cloud.tiff":  {tiff(&xyztiff.Image{Width: 1, Height: 1, Samples: 3, F32: make([]float32, 3)}), "3 samples per pixel"},
		"broken.tiff": {text("II*\x00"), "not a valid TIFF"},
		"broken.npy":  {text("\x93NUMPY\x01\x00"), "not a valid file"},
		"broken.npz":  {text("PK\x03\x04"), "not a valid file"},
		"broken.png":  {text("\x89PNG\r\n\x1a\n"), "PNG"},
		"list.npy":    {array(one), "shape [2]"},
		"batch.npy":   {array(npy.FromUint8s(make([]uint8, 12), 2, 2, 3)), "shape [2 2 3]"},
		"nothing.npy": {array(npy.FromUint8s(nil, 0, 3)), "shape [0 3]"},
		"none.npz":    {archive(), "unknown format"}, // an empty ZIP has another signature
		"which.npz":   {archive(npy.Named{Name: "a", Array: one}, npy.Named{Name: "b", Array: one}), "anomaly_map"},
		"colour.png":  {picture(image.NewNRGBA(image.Rect(0, 0, 2, 2))), "in colour"},
	} {
		path := put(t, name, c.write)
		m, err := scoremap.Read(path)
		if _, ok := errors.AsType[*scan.Error](err); !ok || !strings.HasPrefix(err.Error(), path+": ") || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, %v; want %q", name, m, err, c.says)
		}
	}
	for _, path := range []string{filepath.Join(t.TempDir(), "gone.tiff"), t.TempDir()} {
		if _, err := scoremap.Read(path); err == nil || !strings.HasPrefix(err.Error(), path+": ") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func ExampleRead() {
	dir, err := os.MkdirTemp("", "scoremap")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "000.npy")
	f, err := os.Create(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := npy.Encode(f, npy.FromFloat32s([]float32{.1, .2, .9, .3}, 2, 2), npy.EncodeOptions{}); err != nil {
		fmt.Println(err)
		return
	}
	f.Close()
	m, err := scoremap.Read(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Width, m.Height, m.F32)
	// Output: 2 2 [0.1 0.2 0.9 0.3]
}
