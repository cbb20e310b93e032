package rgbd

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/internal/golden"
	"github.com/iad3d/iad3d/pointcloud"
)

// handcrafted is the oracle of this file: scikit-image 0.19.3's hog and the
// DenseSIFTDescriptor of BTF's program with kornia 0.6.4 and torch 1.13.1.
type handcrafted struct {
	HOG struct {
		Cases []struct {
			Name  string
			Input golden.Ref
			F32   golden.Ref `json:"hog_float32"`
			F64   golden.Ref `json:"hog_float64"`
		}
	}
	SIFT struct {
		Cases []struct {
			Name  string
			Input golden.Ref
			F32   golden.Ref `json:"sift_float32"`
		}
		Patch struct {
			Input   string
			Patches golden.Ref
		} `json:"btf_patch"`
	}
	Raw struct {
		Patch0   []float32 `json:"patch_0"`
		Patch29  []float32 `json:"patch_29"`
		Patch783 []float32 `json:"patch_783"`
	}
}

const (
	hogTolerance   = 1e-6 // the reference sums in float32; its entries are at most 1
	siftTolerance  = 2e-5 // float32 angles and pooling; entries at most 1
	patchTolerance = 1e-5 // the same after means over about a hundred pixels
)

func reference(t testing.TB) *handcrafted {
	t.Helper()
	o := new(handcrafted)
	golden.JSON(t, "handcrafted/handcrafted.json", o)
	return o
}

func depthFile(t testing.TB, file string) *grid.Map {
	t.Helper()
	a := golden.NPY(t, file)
	return &grid.Map{H: a.Shape[0], W: a.Shape[1], C: 1, Data: a.Float32s()}
}

// differ returns the largest difference; NaN counts as infinite.
func differ(t testing.TB, got []float32, want []float64) float64 {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d values, want %d", len(got), len(want))
	}
	worst := 0.0
	for i, w := range want {
		d := math.Abs(float64(got[i]) - w)
		if d != d {
			return math.Inf(1)
		}
		worst = max(worst, d)
	}
	return worst
}

// The rows that BTF's program puts into its memory bank.
func TestDepthCellsOracle(t *testing.T) {
	o := reference(t)
	z := depthFile(t, o.SIFT.Patch.Input)
	m, err := DepthSIFT.Cells(z, 28, 0)
	if err != nil {
		t.Fatal(err)
	}
	d := differ(t, m.Data, golden.NPY(t, o.SIFT.Patch.Patches.File).Float64s())
	t.Logf("SIFT: off by %.2g at most", d)
	if d > patchTolerance {
		t.Errorf("SIFT: off by %g", d)
	}
	if m, err = DepthRaw.Cells(z, 28, 0); err != nil {
		t.Fatal(err)
	}
	for i, want := range map[int][]float32{0: o.Raw.Patch0, 29: o.Raw.Patch29, 783: o.Raw.Patch783} {
		if got := m.Pixel(i/28, i%28); !slices.Equal(got, want) {
			t.Errorf("raw patch %d: %v, want %v", i, got, want)
		}
	}
	if m, err = DepthHOG.Cells(z, 28, 0); err != nil {
		t.Fatal(err)
	}
	for _, c := range o.HOG.Cases {
		if c.Name == "depth224" {
			if d := differ(t, m.Data, golden.NPY(t, c.F32.File).Float64s()); d > hogTolerance {
				t.Errorf("HOG: off by %g", d)
			}
		}
	}
}

// terrain is a depth image with slopes, steps and holes.
func terrain(h, w int, seed uint64) *grid.Map {
	r := rand.New(rand.NewPCG(seed, 1))
	z := grid.New(h, w, 1)
	for i := range z.Data {
		y, x := float64(i/w), float64(i%w)
		z.Data[i] = float32(0.5 + 0.02*math.Sin(y/7) + 0.01*math.Cos(x/3) + 1e-3*r.Float64())
		if i/w > h/2 && i%w > w/2 {
			z.Data[i] += 0.05
		}
		if r.IntN(20) == 0 {
			z.Data[i] = 0
		}
	}
	return z
}

func TestSameDepthCellsForAnyWorkers(t *testing.T) {
	z := terrain(120, 120, 3)
	for _, f := range DepthFeatures() {
		one, err := f.Cells(z, 15, 1)
		if err != nil {
			t.Fatal(err)
		}
		if one.C != f.Dim() {
			t.Errorf("%s: %d values, Dim says %d", f, one.C, f.Dim())
		}
		many, err := f.Cells(z, 15, 7)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(one.Data, many.Data) {
			t.Errorf("%s differs with the number of workers", f)
		}
	}
	if !slices.Equal(DenseSIFT(z, 1).Data, DenseSIFT(z, runtime.NumCPU()+3).Data) {
		t.Error("dense SIFT differs with the number of workers")
	}
}

func TestDepthCellsRefuses(t *testing.T) {
	for _, c := range []struct {
		f           DepthFeature
		h, w, cells int
	}{{DepthRaw, 224, 224, 27}, {DepthHOG, 225, 225, 28}, {DepthHOG, 16, 24, 2}, {DepthRaw, 7, 7, 0}, {DepthSIFT, 5, 9, 4}, {DepthSIFT, 9, 9, 0}} {
		if _, err := c.f.Cells(grid.New(c.h, c.w, 1), c.cells, 0); !errors.Is(err, ErrScan) {
			t.Errorf("%+v: error %v, want one wrapping %v", c, err, ErrScan)
		}
	}
	if _, err := DepthFeature("surf").Cells(grid.New(8, 8, 1), 1, 0); err == nil || DepthFeature("surf").Dim() != 0 {
		t.Errorf("an unknown feature: error %v", err)
	}
	for name, f := range map[string]func(*grid.Map) (*grid.Map, error){"raw": RawPatches, "HOG": HOG} {
		if _, err := f(grid.New(20, 7, 1)); !errors.Is(err, ErrScan) {
			t.Errorf("%s of 20×7 pixels: error %v, want one wrapping %v", name, err, ErrScan)
		}
	}
	for name, z := range map[string]*grid.Map{
		"two channels": grid.New(8, 8, 2),
		"no pixel":     grid.New(0, 8, 1),
		"NaN":          {H: 1, W: 1, C: 1, Data: []float32{float32(math.NaN())}},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			DenseSIFT(z, 0)
		}()
	}
}

func TestDepth(t *testing.T) {
	c := &pointcloud.Cloud{Width: 2, Height: 1, XYZ: []float32{1, 2, 3, 4, 5, 6}, Valid: []bool{false, true}}
	if z := Depth(c); z.H != 1 || z.W != 2 || z.C != 1 || !slices.Equal(z.Data, []float32{0, 6}) {
		t.Errorf("depth %+v", z)
	}
}

func BenchmarkDepthCells(b *testing.B) {
	z := terrain(224, 224, 1)
	for _, f := range DepthFeatures() {
		b.Run(string(f), func(b *testing.B) {
			for b.Loop() {
				if _, err := f.Cells(z, 28, 1); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("dense SIFT", func(b *testing.B) {
		for b.Loop() {
			DenseSIFT(z, 1)
		}
	})
}

func ExampleDepthFeature_Cells() {
	cloud := &pointcloud.Cloud{Width: 16, Height: 16, XYZ: make([]float32, 3*256)}
	for i := range 256 {
		cloud.XYZ[3*i+2] = 0.5 + 0.001*float32(i/16) // further down is further away
	}
	m, err := DepthHOG.Cells(Depth(cloud), 2, 0)
	if err != nil {
		panic(err)
	}
	fmt.Println(m.H, m.W, m.Pixel(1, 1)) // bin 4: 90° to 112.5°
	// Output: 2 2 [0 0 0 0 1 0 0 0]
}
