package fpfh

import (
	"math"
	"slices"
	"testing"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/pointcloud"
)

// pooledTolerance is what rounding two maps of entries up to 200 to float32 makes
// of their means, and then some.
const pooledTolerance = 1e-4

// TestComputePooled compares with the maps and the pooling of package grid, one
// after the other.
func TestComputePooled(t *testing.T) {
	c := sheet(t, 40)
	strip := &pointcloud.Cloud{Width: 40, Height: 23, XYZ: c.XYZ[:3*40*23], Normals: c.Normals[:3*40*23], Valid: c.Valid[:40*23]}
	for _, c := range []*pointcloud.Cloud{c, strip} {
		for _, p := range []Pooling{{1, 1, 1}, {3, 7, 7}, {3, 5, 9}, {2, 23, 40}, {1, 50, 3}, {20, 2, 6}} {
			ks := []int{30, 9, 30}
			o := Options{Search: pointcloud.Search{Radius: 0.03}}
			got, err := ComputePooled(t.Context(), c, o, ks, p)
			if err != nil {
				t.Fatal(err)
			}
			maps, err := ComputeMaps(t.Context(), c, o, ks)
			if err != nil {
				t.Fatal(err)
			}
			for j, m := range maps {
				want := grid.AdaptiveAvgPool(grid.AvgPool(m, p.Window), p.H, p.W)
				if g := got[j]; g.H != p.H || g.W != p.W || g.C != Dim || g.Valid != nil || len(g.Data) != len(want.Data) {
					t.Fatalf("%+v: map of %d×%d×%d", p, g.H, g.W, g.C)
				}
				for i, w := range want.Data {
					if math.Abs(float64(got[j].Data[i]-w)) > pooledTolerance {
						t.Fatalf("%+v, k %d: entry %d is %v, want %v", p, ks[j], i, got[j].Data[i], w)
					}
				}
			}
		}
	}
}

func TestComputePooledSameBits(t *testing.T) {
	c := sheet(t, 60)
	var want []float32
	for _, workers := range []int{1, 2, 3, 8} {
		maps, err := ComputePooled(t.Context(), c, Options{Workers: workers}, []int{25}, Pooling{3, 7, 7})
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = maps[0].Data
		}
		if !slices.Equal(maps[0].Data, want) {
			t.Errorf("%d workers: other bits", workers)
		}
	}
}

func TestComputePooledErrors(t *testing.T) {
	c := sheet(t, 8)
	for _, p := range []Pooling{{}, {0, 1, 1}, {9, 1, 1}, {3, 0, 1}, {3, 1, -1}, {3, math.MaxInt32, math.MaxInt32}} {
		if _, err := ComputePooled(t.Context(), c, Options{}, []int{5}, p); err == nil {
			t.Errorf("%+v is accepted", p)
		}
	}
	if _, err := ComputePooled(t.Context(), c, Options{}, nil, Pooling{3, 2, 2}); err == nil {
		t.Error("no size is accepted")
	}
}
