package grid

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/iad3d/iad3d/internal/golden"
)

// PyTorch 1.13.1 interpolate(mode="nearest") and Pillow 9.4.0 resize(NEAREST)
// of a ramp, exact.
func TestNearestIndicesOracle(t *testing.T) {
	cases := oracle(t).Nearest.Cases
	if len(cases) != 19 {
		t.Fatalf("%d size pairs", len(cases))
	}
	for _, c := range cases {
		if got := NearestIndices(c.In, c.Out, RuleTorch); !slices.Equal(got, c.Torch) {
			t.Errorf("torch %d to %d: %v, want %v", c.In, c.Out, got, c.Torch)
		}
		if got := NearestIndices(c.In, c.Out, RulePIL); !slices.Equal(got, c.PIL) {
			t.Errorf("PIL %d to %d: %v, want %v", c.In, c.Out, got, c.PIL)
		}
	}
}

// Both rules are exact integer divisions but for rounding, which moves an index
// by at most one.
func TestNearestIndicesNearExactRule(t *testing.T) {
	for in := 1; in < 120; in++ {
		for out := 1; out < 120; out++ {
			torch, pil := NearestIndices(in, out, RuleTorch), NearestIndices(in, out, RulePIL)
			for i := range out {
				corner, centre := i*in/out, (2*i+1)*in/(2*out)
				if d := torch[i] - corner; d < -1 || d > 1 || torch[i] < 0 || torch[i] >= in {
					t.Fatalf("torch %d to %d: index %d is %d, want %d", in, out, i, torch[i], corner)
				}
				if d := pil[i] - centre; d < -1 || d > 1 || pil[i] < 0 || pil[i] >= in {
					t.Fatalf("PIL %d to %d: index %d is %d, want %d", in, out, i, pil[i], centre)
				}
			}
		}
	}
}

// BTF's resize_organized_pc (PyTorch 1.13.1), exact.
func TestNearestCloudOracle(t *testing.T) {
	c := oracle(t).Cloud
	in, want := golden.NPY(t, c.Input.File), golden.NPY(t, c.Output.File)
	got := Nearest(in.Float32s(), in.Shape[0], in.Shape[1], 3, c.Target[0], c.Target[1], RuleTorch)
	if !slices.Equal(got, want.Float32s()) {
		t.Error("resized cloud differs")
	}
}

// BTF's ground truth (Pillow 9.4.0 NEAREST to 224×224, /255, > 0.5), exact.
func TestNearestTruthOracle(t *testing.T) {
	c := oracle(t).Truth
	in, want := golden.NPY(t, c.Input.File), golden.NPY(t, c.Output.File)
	got := Nearest(in.Uint8s(), in.Shape[0], in.Shape[1], 1, want.Shape[0], want.Shape[1], RulePIL)
	for i, v := range got {
		got[i] = 0
		if v > 127 {
			got[i] = 1
		}
	}
	if !slices.Equal(got, want.Uint8s()) {
		t.Error("resized ground truth differs")
	}
}

func TestResizeNearestCopiesPixelsAndFlags(t *testing.T) {
	m := noise(rand.New(rand.NewPCG(2, 1)), 30, 23, 3, true)
	for _, rule := range []Rule{RuleTorch, RulePIL} {
		got := ResizeNearest(m, 17, 40, rule)
		rows, columns := NearestIndices(30, 17, rule), NearestIndices(23, 40, rule)
		for i, y := range rows {
			for j, x := range columns {
				if got.IsValid(i, j) != m.IsValid(y, x) {
					t.Fatalf("rule %d: flag of pixel (%d, %d) is not that of (%d, %d)", rule, i, j, y, x)
				}
				if m.IsValid(y, x) && !slices.Equal(got.Pixel(i, j), m.Pixel(y, x)) {
					t.Fatalf("rule %d: pixel (%d, %d) is not (%d, %d)", rule, i, j, y, x)
				}
			}
		}
	}
	if ResizeNearest(New(4, 4, 1), 2, 2, RulePIL).Valid != nil {
		t.Error("a map without flags gets some")
	}
}

func TestNearestPanics(t *testing.T) {
	mustPanic(t, "no source", func() { NearestIndices(0, 3, RulePIL) })
	mustPanic(t, "no target", func() { NearestIndices(3, 0, RuleTorch) })
	mustPanic(t, "rule", func() { NearestIndices(3, 3, 2) })
	mustPanic(t, "short raster", func() { Nearest(make([]int, 5), 2, 3, 1, 1, 1, RulePIL) })
}

func ExampleNearestIndices() {
	fmt.Println(NearestIndices(10, 4, RuleTorch))
	fmt.Println(NearestIndices(10, 4, RulePIL))
	// Output:
	// [0 2 5 7]
	// [1 3 6 8]
}
