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
