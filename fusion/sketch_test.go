package fusion_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/iad3d/iad3d/fusion"
	"github.com/iad3d/iad3d/grid"
)

// TestSketchPlanes compares with Sketch of the map that the planes make, bit by bit.
func TestSketchPlanes(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, s := range [][4]int{{5, 7, 40, 16}, {4, 4, 8, 128}, {9, 11, 130, 33}, {1, 1, 3, 1}, {14, 14, 64, 8}, {3, 0, 5, 4}, {6, 5, 17, 17}} {
		h, w, c, dim := s[0], s[1], s[2], s[3]
		m, planes := grid.New(h, w, c), make([]float32, h*w*c)
		for i := range m.Data {
			v := float32(max(0, r.NormFloat64()))
			switch {
			case i/c%5 == 3:
				v = float32(math.Copysign(0, r.NormFloat64())) // pixels of nothing
			case i/c%5 == 4:
				v = float32(1e-40 * r.NormFloat64()) // of next to nothing
			case r.IntN(20) == 0:
				v = -1e30 * v
			}
			m.Data[i], planes[i%c*h*w+i/c] = v, v
		}
		want := fusion.Sketch(m, dim, 9)
		got := fusion.SketchPlanes(planes, h, w, c, dim, 9)
		if got.H != want.H || got.W != want.W || got.C != want.C || got.Valid != nil {
			t.Fatalf("%v: %d×%d×%d", s, got.H, got.W, got.C)
		}
		for i, v := range want.Data {
			if math.Float32bits(v) != math.Float32bits(got.Data[i]) {
				t.Fatalf("%v: value %d is %v, want %v", s, i, got.Data[i], v)
			}
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("planes that are too short are accepted")
		}
	}()
	fusion.SketchPlanes(make([]float32, 5), 1, 2, 3, 2, 1)
}

// The layer of a ResNet-50 at stride 8, for an image of 448×448 pixels.
const benchSide, benchChannels = 56, 512

func BenchmarkSketch(b *testing.B) {
	m := grid.New(benchSide, benchSide, benchChannels)
	for i := range m.Data {
		m.Data[i] = float32(i % 7)
	}
	for b.Loop() {
		fusion.Sketch(m, 128, 1)
	}
}

func BenchmarkSketchPlanes(b *testing.B) {
	planes := make([]float32, benchSide*benchSide*benchChannels)
	for i := range planes {
		planes[i] = float32(i % 7)
	}
	for b.Loop() {
		fusion.SketchPlanes(planes, benchSide, benchSide, benchChannels, 128, 1)
	}
}
