package grid

import (
	"bytes"
	"image"
	"image/png"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/internal/golden"
)

// readRGB decodes a PNG oracle into red, green, blue bytes.
func readRGB(t *testing.T, rel string) (pix []uint8, h, w int) {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(golden.Bytes(t, rel)))
	if err != nil {
		t.Fatalf("%s: %v", rel, err)
	}
	rgba, ok := img.(*image.RGBA) // what image/png gives for opaque colour
	if !ok {
		t.Fatalf("%s is a %T", rel, img)
	}
	h, w = rgba.Rect.Dy(), rgba.Rect.Dx()
	for y := range h {
		for x := range w {
			i := rgba.PixOffset(x, y)
			pix = append(pix, rgba.Pix[i], rgba.Pix[i+1], rgba.Pix[i+2])
		}
	}
	return pix, h, w
}

// Pillow 9.4.0 resize(BICUBIC), exact.
func TestResizeBicubicOracle(t *testing.T) {
	for _, c := range oracle(t).Bicubic {
		t.Run(strings.TrimPrefix(c.Output.File, "preproc/"), func(t *testing.T) {
			pix, h, w := readRGB(t, c.Input)
			if [2]int{h, w} != c.In {
				t.Fatalf("input is %d×%d", h, w)
			}
			got := ResizeBicubic(pix, h, w, 3, c.Out[0], c.Out[1])
			if !bytes.Equal(got, golden.NPY(t, c.Output.File).Uint8s()) {
				t.Error("differs from Pillow")
			}
		})
	}
}

// The same arithmetic in the most direct form: one value at a time, with the
// formula of the kernel in the literature's form.
func bicubicDirect(pix []uint8, h, w, c, oh, ow int) []uint8 {
	axis := func(in, out, i int, value func(j int) uint8) uint8 {
		if in == out {
			return value(i)
		}
		scale := float64(in) / float64(out)
		stretch := max(scale, 1)
		at := (float64(i) + 0.5) * scale
		kernel := func(j int) float64 {
			x := math.Abs((float64(j) + 0.5 - at) / stretch)
			switch {
			case x < 1:
				return 1.5*x*x*x - 2.5*x*x + 1
			case x < 2:
				return -0.5*x*x*x + 2.5*x*x - 4*x + 2
			}
			return 0
		}
		first, last := max(int(at-2*stretch+0.5), 0), min(int(at+2*stretch+0.5), in)
		total := 0.0
		for j := first; j < last; j++ {
			total += kernel(j)
		}
		sum := int64(1 << 21)
		for j := first; j < last; j++ {
			sum += int64(value(j)) * int64(math.Round(kernel(j)/total*(1<<22)))
		}
		return uint8(min(max(sum>>22, 0), 255))
	}
	wide := make([]uint8, h*ow*c)
	for i := range wide {
		y, x, k := i/(ow*c), i/c%ow, i%c
		wide[i] = axis(w, ow, x, func(j int) uint8 { return pix[(y*w+j)*c+k] })
	}
	dst := make([]uint8, oh*ow*c)
	for i := range dst {
		y, rest := i/(ow*c), i%(ow*c)
		dst[i] = axis(h, oh, y, func(j int) uint8 { return wide[j*ow*c+rest] })
	}
	return dst
}

// compareBicubic allows one level: the two forms of the kernel round
// differently in float64, so that a weight can differ by 2⁻²².
func compareBicubic(t *testing.T, pix []uint8, h, w, c, oh, ow int) {
	t.Helper()
	got, want := ResizeBicubic(pix, h, w, c, oh, ow), bicubicDirect(pix, h, w, c, oh, ow)
	if len(got) != len(want) {
		t.Fatalf("%d×%d×%d to %d×%d: %d bytes, want %d", h, w, c, oh, ow, len(got), len(want))
	}
	for i := range got {
		if d := int(got[i]) - int(want[i]); d < -1 || d > 1 {
			t.Fatalf("%d×%d×%d to %d×%d: byte %d is %d, want %d", h, w, c, oh, ow, i, got[i], want[i])
		}
	}
}

func TestResizeBicubicAgainstDirectSums(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	for _, s := range [][5]int{{1, 1, 3, 5, 4}, {20, 31, 3, 7, 40}, {9, 8, 1, 30, 3}, {25, 25, 4, 25, 8}, {13, 6, 2, 2, 6}, {50, 2, 3, 1, 1}} {
		compareBicubic(t, randomBytes(r, s[0]*s[1]*s[2]), s[0], s[1], s[2], s[3], s[4])
	}
}

// Three channels have a loop of their own: it must do what the general one does.
func TestResizeBicubicChannelsAreIndependent(t *testing.T) {
	rgb := randomBytes(rand.New(rand.NewPCG(4, 2)), 37*29*3)
	got := ResizeBicubic(rgb, 37, 29, 3, 16, 50)
	for k := range 3 {
		var plane []uint8
		for i := k; i < len(rgb); i += 3 {
			plane = append(plane, rgb[i])
		}
		for i, v := range ResizeBicubic(plane, 37, 29, 1, 16, 50) {
			if got[3*i+k] != v {
				t.Fatalf("channel %d pixel %d: %d, alone %d", k, i, got[3*i+k], v)
			}
		}
	}
}

func TestResizeBicubicSameSizeIsACopy(t *testing.T) {
	pix := randomBytes(rand.New(rand.NewPCG(4, 3)), 5*6*3)
	got := ResizeBicubic(pix, 5, 6, 3, 5, 6)
	if !bytes.Equal(got, pix) || &got[0] == &pix[0] {
		t.Error("not a copy")
	}
}

func FuzzResizeBicubic(f *testing.F) {
	f.Add(uint8(3), uint8(5), uint8(2), uint8(9), []byte{0, 255, 7})
	f.Add(uint8(1), uint8(1), uint8(4), uint8(1), []byte{200})
	f.Add(uint8(40), uint8(33), uint8(1), uint8(2), []byte{255, 0})
	f.Fuzz(func(t *testing.T, h, w, oh, ow uint8, seed []byte) {
		size := func(v uint8) int { return 1 + int(v)%48 }
		pix := make([]uint8, size(h)*size(w)*3)
		for i := range pix {
			if len(seed) > 0 {
				pix[i] = seed[i%len(seed)]
			}
		}
		compareBicubic(t, pix, size(h), size(w), 3, size(oh), size(ow))
	})
}

// torchvision 0.14.1 ToTensor and Normalize of the 800×800 image at 224×224;
// every 16th row, channels first. float32 throughout on both sides.
func TestNormaliseImageNetOracle(t *testing.T) {
	const tolerance = 1e-6
	want := golden.NPY(t, oracle(t).Normalised.Array.File)
	pix, h, w := readRGB(t, "preproc/rgb800.png")
	m := NormaliseImageNet(ResizeBicubic(pix, h, w, 3, 224, 224), 224, 224)
	var rows []float32
	for y := 0; y < 224; y += 16 {
		rows = append(rows, m.Data[y*224*3:][:224*3]...)
	}
	d := worst(t, rows, channelsLast(want.Float32s(), 3, 14, 224))
	t.Logf("largest difference %.3g", d)
	if d > tolerance {
		t.Errorf("off by %g, more than %g", d, tolerance)
	}
}

// The formula by hand: black, white, and (v/255 − mean)/deviation of 51 = 255/5.
func TestNormaliseImageNetByHand(t *testing.T) {
	const tolerance = 1e-6
	m := NormaliseImageNet([]uint8{0, 0, 0, 255, 255, 255, 51, 51, 51}, 1, 3)
	want := []float64{
		-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225,
		0.515 / 0.229, 0.544 / 0.224, 0.594 / 0.225,
		-0.285 / 0.229, -0.256 / 0.224, -0.206 / 0.225,
	}
	if d := worst(t, m.Data, want); d > tolerance || m.H != 1 || m.W != 3 || m.C != 3 {
		t.Errorf("%v, want %v", m.Data, want)
	}
}

func TestImagePanics(t *testing.T) {
	mustPanic(t, "bytes", func() { ResizeBicubic(make([]uint8, 11), 2, 2, 3, 1, 1) })
	mustPanic(t, "target", func() { ResizeBicubic(make([]uint8, 12), 2, 2, 3, 1, 0) })
	mustPanic(t, "source", func() { ResizeBicubic(nil, 0, 2, 3, 1, 1) })
	mustPanic(t, "grey", func() { NormaliseImageNet(make([]uint8, 4), 2, 2) })
}

func BenchmarkResizeBicubic800To224(b *testing.B) {
	pix := slices.Repeat(randomBytes(rand.New(rand.NewPCG(4, 4)), 800*3), 800)
	b.SetBytes(int64(len(pix)))
	for b.Loop() {
		ResizeBicubic(pix, 800, 800, 3, 224, 224)
	}
}
