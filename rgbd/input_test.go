package rgbd_test

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"testing"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/internal/golden"
	"github.com/iad3d/iad3d/rgbd"
)

// decode reads an oracle's PNG into a part of a larger, partly transparent
// canvas: origin, stride and opacity must not matter.
func decode(t *testing.T, file string) *image.NRGBA {
	t.Helper()
	im, err := png.Decode(bytes.NewReader(golden.Bytes(t, file)))
	if err != nil {
		t.Fatal(err)
	}
	size := im.Bounds().Size()
	canvas := image.NewNRGBA(image.Rect(-5, -3, size.X+4, size.Y+6))
	draw.Draw(canvas, canvas.Bounds(), image.NewUniform(color.NRGBA{90, 80, 70, 255}), image.Point{}, draw.Src)
	part := canvas.SubImage(image.Rectangle{Max: size}).(*image.NRGBA)
	draw.Draw(part, part.Rect, im, im.Bounds().Min, draw.Src)
	for i := 3; i < len(canvas.Pix); i += 4 * 7 {
		canvas.Pix[i] = 13
	}
	return part
}

// TestImageNetInput compares with torchvision 0.14.1's Resize, ToTensor and
// Normalize; every step is the same float32 operation, so the bits are equal.
func TestImageNetInput(t *testing.T) {
	want := golden.NPY(t, "preproc/rgb800_normalised_rows16.npy").Float32s() // 3×14×224: every 16th row
	m := rgbd.ImageNetInput(decode(t, "preproc/rgb800.png"), 224, 224)
	for i, v := range want {
		k, y, x := i/(14*224), i/224%14*16, i%224
		if got := m.At(y, x, k); got != v {
			t.Fatalf("pixel (%d, %d) channel %d: %v, want %v", y, x, k, got, v)
		}
	}
}

// TestImageNetInputShape has another aspect ratio: resized bytes are Pillow's,
// and the values those of the normalisation's formula.
func TestImageNetInputShape(t *testing.T) {
	resized := golden.NPY(t, "preproc/rgb61x97_bicubic_31x33.npy")
	h, w := resized.Shape[0], resized.Shape[1]
	m := rgbd.ImageNetInput(decode(t, "preproc/rgb61x97.png"), h, w)
	if m.H != h || m.W != w || m.C != 3 {
		t.Fatalf("%d×%d×%d", m.H, m.W, m.C)
	}
	want := grid.NormaliseImageNet(resized.Uint8s(), h, w)
	for i, v := range m.Data {
		if math.Float32bits(v) != math.Float32bits(want.Data[i]) {
			t.Fatalf("value %d: %v, want %v", i, v, want.Data[i])
		}
	}
}
