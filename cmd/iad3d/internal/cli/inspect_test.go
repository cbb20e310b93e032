package cli

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/io/model"
	"github.com/iad3d/iad3d/io/xyztiff"
)

func TestInspectModel(t *testing.T) {
	path := testModel(t)
	head, err := model.ReadHeader(path)
	if err != nil {
		t.Fatal(err)
	}
	d, err := iad3d.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	want := modelDocument{"model", path, head.Size, head.Format, head.SHA256, sizeOf(d), d.Config(), d.Provenance(), d.Limits(), d.Thresholds(), d.Calibration()}
	if got := document[modelDocument](t, "inspect", path); !reflect.DeepEqual(got, want) {
		t.Errorf("document %+v, want %+v", got, want)
	}
	text := fine(t, "inspect", path)
	for _, s := range []string{path, head.SHA256 + " (verified)", "3 scans by iad3d " + iad3d.Version, "default", "fpfh", "plane removed",
		fmt.Sprintf("threshold    %.4g: of 3 sound scans held out in turn, false alarms in at most 25 %% promised\n", d.Thresholds().Scan)} {
		if !strings.Contains(text, s) {
			t.Errorf("text does not say %q:\n%s", s, text)
		}
	}
	if text := fine(t, "inspect", plainModel(t)); !strings.Contains(text, "threshold    none\n") {
		t.Errorf("btf:\n%s", text)
	}
}

// gridScan writes a scan of 4×3 pixels, 2 mm apart in x and 3 mm in y at z =
// 500 mm, without its first pixel, in MVTec 3D-AD's layout, and returns its path.
func gridScan(t *testing.T) string {
	im := &xyztiff.Image{Width: 4, Height: 3, Samples: 3, F32: make([]float32, 36)}
	for i := 1; i < 12; i++ {
		copy(im.F32[3*i:], []float32{float32(i%4) * 0.002, float32(i/4) * 0.003, 0.5})
	}
	var b bytes.Buffer
	if err := xyztiff.Encode(&b, im, xyztiff.EncodeOptions{}); err != nil {
		t.Fatal(err)
	}
	return put(t, filepath.Join(t.TempDir(), "cut", "xyz", "007.tiff"), b.Bytes())
}

func putPNG(t *testing.T, path string, im image.Image) {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, im); err != nil {
		t.Fatal(err)
	}
	put(t, path, b.Bytes())
}

func TestInspectScan(t *testing.T) {
	path := gridScan(t)
	text := strings.ReplaceAll(fine(t, "inspect", path), path, "PATH")
	if want := `scan          PATH
name          cut/007
format        TIFF, uncompressed
fields        x float32, y float32, z float32
size          4×3 pixels
measured      11 pixels, 91.7 %
numbers in    m
x             0.00 to 6.00 mm (6.00)
y             0.00 to 6.00 mm (6.00)
z             500.00 to 500.00 mm (0.00)
pixel pitch   2.000 mm
colour        none
ground truth  none
capture       fill rate 92 %, noise 0 mm, distance 500 mm (500 to 500.1), a point every 3.62 mm
`; text != want {
		t.Errorf("got\n%swant\n%s", text, want)
	}

	dir := filepath.Dir(filepath.Dir(path))
	putPNG(t, filepath.Join(dir, "rgb", "007.png"), image.NewNRGBA(image.Rect(0, 0, 4, 3)))
	truth := image.NewGray(image.Rect(0, 0, 4, 3))
	truth.SetGray(1, 1, color.Gray{254})
	truth.SetGray(2, 1, color.Gray{9})
	truth.SetGray(3, 2, color.Gray{254})
	putPNG(t, filepath.Join(dir, "gt", "007.png"), truth)
	d := document[scanDocument](t, "inspect", path)
	if d.Kind != "scan" || d.Name != "cut/007" || d.Width != 4 || d.Height != 3 || d.Valid != 11 || !d.Colour {
		t.Errorf("document %+v", d)
	}
	// Coordinates are float32 metres.
	near := func(a, b float64) bool { return math.Abs(a-b) < 1e-4 }
	if !near(d.ValidShare, 11.0/12) || d.Pitch == nil || !near(*d.Pitch, 2) || !near(d.Max[1], 6) || !near(d.Min[2], 500) {
		t.Errorf("document %+v", d)
	}
	if d.Truth == nil || d.Truth.Pixels != 3 || !bytes.Equal(d.Truth.IDs, []uint8{9, 254}) {
		t.Errorf("truth %+v", d.Truth)
	}
}

func TestByteCount(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 bytes", 999: "999 bytes", 1000: "1.00 kB", 99949: "99.9 kB", 248932: "249 kB", 1_500_000: "1.50 MB", 3_000_000_000_000: "3000 GB",
	} {
		if got := byteCount(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

// TestInspectCapture holds a scan of the line, and one of another sensor, against
// the model.
func TestInspectCapture(t *testing.T) {
	same := filepath.Join(testLine(t), "gear", "test", "good", "xyz", "000.tiff")
	if text := fine(t, "inspect", "--model", testModel(t), same); !strings.Contains(text, "capture       fill rate") || !strings.Contains(text, "as the model's sound scans") {
		t.Errorf("%s", text)
	}
	if text := fine(t, "inspect", same); !strings.Contains(text, "capture       fill rate") || strings.Contains(text, "valid  ") {
		t.Errorf("without a model:\n%s", text)
	}
	var far bytes.Buffer
	for i := range 600 {
		fmt.Fprintf(&far, "%d %d 90\n", i%30, i/30)
	}
	other := put(t, filepath.Join(t.TempDir(), "far.xyz"), far.Bytes())
	d := document[scanDocument](t, "inspect", "--model", testModel(t), other)
	if len(d.Invalid) == 0 || d.Capture == nil || d.Capture.Spacing < 500 {
		t.Errorf("another sensor: %+v, %+v", d.Capture, d.Invalid)
	}
	refuse(t, exitUsage, []string{"is a model itself"}, "inspect", "--model", testModel(t), testModel(t))
	refuse(t, exitModel, []string{"none.iad3d"}, "inspect", "--model", "none.iad3d", same)
}
