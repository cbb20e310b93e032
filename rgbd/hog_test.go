package rgbd

import (
	"math"
	"slices"
	"testing"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/internal/golden"
)

func TestHOGOracle(t *testing.T) {
	for _, c := range reference(t).HOG.Cases {
		t.Run(c.Name, func(t *testing.T) {
			m, err := HOG(depthFile(t, c.Input.File))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal([]int{m.H, m.W, m.C}, c.F32.Shape) {
				t.Fatalf("a %d×%d×%d map, want %v", m.H, m.W, m.C, c.F32.Shape)
			}
			for _, ref := range []golden.Ref{c.F32, c.F64} {
				d := differ(t, m.Data, golden.NPY(t, ref.File).Float64s())
				t.Logf("%s: off by %.2g at most", ref.DType, d)
				if d > hogTolerance {
					t.Errorf("%s: off by %g", ref.DType, d)
				}
			}
		})
	}
}

// A picture turned by 180° has each histogram of unsigned angles where the cell
// went.
func TestHOGHalfTurn(t *testing.T) {
	z := terrain(40, 56, 9)
	turned := grid.New(z.H, z.W, 1)
	for i, v := range z.Data {
		turned.Data[len(z.Data)-1-i] = v
	}
	a, err := HOG(z)
	if err != nil {
		t.Fatal(err)
	}
	b, err := HOG(turned)
	if err != nil {
		t.Fatal(err)
	}
	for y := range a.H {
		for x := range a.W {
			for k, v := range a.Pixel(y, x) {
				if w := b.At(a.H-1-y, a.W-1-x, k); math.Abs(float64(v-w)) > 1e-6 {
					t.Fatalf("cell %d, %d bin %d: %v, turned %v", y, x, k, v, w)
				}
			}
		}
	}
}

// Angles are those of float64: in a real scan, at the edges of holes, thousands of
// gradients have two components that differ in the last bits, and float32 would
// put them on the other side of a bin's edge. Values are scikit-image's.
func TestHOGBinEdges(t *testing.T) {
	for _, c := range []struct {
		gx, gy float64
		bin    int
		ok     bool
	}{
		{-0.6783689260482788, 0.678368866443634, 6, true},   // 135.0000025°
		{0.678368866443634, -0.6783689260482788, 5, true},   // 134.9999975°
		{-0.6783877015113831, -0.6783856153488159, 1, true}, // 44.99991°
		{1, 1, 2, true}, {-1, 1, 6, true}, {0, 1, 4, true}, {0, -1, 4, true}, {1, 0, 0, true}, {-1, 0, 0, true},
		{1, -1e-13, 7, true},  // just below 180°
		{1, -1e-18, 8, false}, // 180° after rounding: nowhere
	} {
		if bin, ok := hogBin(c.gx, c.gy); ok != c.ok || ok && bin != c.bin {
			t.Errorf("gradient %v, %v: bin %d, counted %t", c.gx, c.gy, bin, ok)
		}
	}
}
