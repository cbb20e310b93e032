package fpfh

import (
	"math"
	"slices"
	"testing"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/internal/simd"
	"github.com/iad3d/iad3d/pointcloud"
)

// TestComputeCells compares with maps, their roots and the pooling of package grid, one
// after the other: the same bits at all levels of kernels and numbers of workers.
func TestComputeCells(t *testing.T) {
	c := sheet(t, 40)
	strip := &pointcloud.Cloud{Width: 40, Height: 23, XYZ: c.XYZ[:3*40*23], Normals: c.Normals[:3*40*23], Valid: slices.Clone(c.Valid[:40*23])}
	for i := range strip.Valid {
		strip.Valid[i] = strip.Valid[i] && i%40 > 11
	}
	whole := &pointcloud.Cloud{Width: 40, Height: 40, XYZ: slices.Clone(c.XYZ), Normals: slices.Clone(c.Normals)}
	for i := range whole.Len() { // missing ones measured
		if !c.IsValid(i) {
			copy(whole.XYZ[3*i:], []float32{float32(i) / 40, 1, 2})
			copy(whole.Normals[3*i:], []float64{0, 0, 1})
		}
	}
	for _, c := range []*pointcloud.Cloud{c, strip, whole} {
		for _, cells := range [][2]int{{1, 1}, {8, 10}, {7, 9}, {20, 20}, {50, 3}} {
			ks := []int{30, 9, 30}
			maps, err := ComputeMaps(t.Context(), c, Options{}, ks)
			if err != nil {
				t.Fatal(err)
			}
			joined := grid.New(c.Height, c.Width, Dim*len(ks))
			joined.Valid = c.Valid
			for p := range c.Len() {
				for j, m := range maps {
					for b, v := range m.Data[p*Dim:][:Dim] {
						joined.Data[(p*len(ks)+j)*Dim+b] = float32(math.Sqrt(float64(v)))
					}
				}
			}
			want := grid.AdaptiveAvgPoolValid(joined, cells[0], cells[1])
			for _, l := range simd.Levels() {
				restore := simd.Use(l)
				for _, workers := range []int{1, 3} {
					got, err := ComputeCells(t.Context(), c, Options{Workers: workers}, ks, cells[0], cells[1])
					if err != nil {
						t.Fatal(err)
					}
					if !slices.Equal(got.Data, want.Data) || !slices.Equal(got.Valid, want.Valid) || got.C != want.C || got.H != want.H {
						t.Errorf("%d×%d pixels in %v cells, %v, %d workers: other values", c.Width, c.Height, cells, l, workers)
					}
				}
				restore()
			}
		}
	}
	for _, cells := range [][2]int{{0, 1}, {1, -1}, {math.MaxInt32, math.MaxInt32}} {
		if _, err := ComputeCells(t.Context(), c, Options{}, []int{5}, cells[0], cells[1]); err == nil {
			t.Errorf("%v cells are accepted", cells)
		}
	}
}
