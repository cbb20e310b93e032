package fpfh

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/iad3d/iad3d/pointcloud"
)

// TestTiles: in tiles of any size the descriptors are those of the whole cloud, bit
// by bit, ties, crowds and outliers included.
func TestTiles(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	c := &pointcloud.Cloud{}
	for i := range 1500 {
		p := [3]float64{r.Float64(), r.Float64(), 0.1 * r.NormFloat64()}
		switch i % 10 {
		case 0: // a lattice: ties
			p = [3]float64{float64(r.IntN(12)) / 12, float64(r.IntN(12)) / 12, 0}
		case 1: // a crowd
			p = [3]float64{0.5, 0.5, 1e-4 * r.Float64()}
		case 2:
			if i%100 == 2 {
				p[2] = 50 * r.Float64()
			}
		}
		n := [3]float64{r.NormFloat64(), r.NormFloat64(), 1}
		l := math.Sqrt(n[0]*n[0] + n[1]*n[1] + 1)
		for d := range 3 {
			c.XYZ = append(c.XYZ, float32(p[d]))
			c.Normals = append(c.Normals, n[d]/l)
		}
	}
	c.XYZ[3*77] = float32(math.NaN())
	c.MarkMissing(pointcloud.Missing{})
	for _, o := range []Options{
		{Search: pointcloud.Search{K: 20}}, {Search: pointcloud.Search{K: 40, Radius: 0.1}}, {Search: pointcloud.Search{Radius: 0.05}},
		{Convention: PCL, Search: pointcloud.Search{K: 15}}, {},
	} {
		for _, sizes := range [][]int{{math.MaxInt}, {5, 12}} {
			run := func(each func(emit func(s int, i int32, row *[Dim]float64)) error) []float64 {
				out := make([]float64, len(sizes)*c.Len()*Dim)
				seen := make([]int32, len(sizes)*c.Len())
				err := each(func(s int, i int32, row *[Dim]float64) {
					at := s*c.Len() + int(i)
					seen[at]++
					copy(out[at*Dim:], row[:])
				})
				if err != nil {
					t.Fatal(err)
				}
				for at, n := range seen {
					if want := int32(1); c.IsValid(at%c.Len()) && n != want {
						t.Fatalf("%+v: point %d is given %d times", o, at, n)
					}
				}
				return out
			}
			want := run(func(emit func(s int, i int32, row *[Dim]float64)) error {
				return eachWhole(t.Context(), c, o, sizes, emit)
			})
			for _, size := range []int{60, 700, 1499, 5000} {
				o.Workers = size % 4
				got := run(func(emit func(s int, i int32, row *[Dim]float64)) error {
					return eachTiled(t.Context(), c, o, sizes, size, emit)
				})
				for k := range want {
					if math.Float64bits(got[k]) != math.Float64bits(want[k]) {
						t.Fatalf("%+v, tiles of %d: value %d of point %d is %v, want %v", o, size, k%Dim, k/Dim, got[k], want[k])
					}
				}
			}
		}
	}
	if err := eachTiled(t.Context(), &pointcloud.Cloud{XYZ: make([]float32, 3)}, Options{}, []int{1}, 5, nil); err != ErrNoNormals {
		t.Errorf("without normals: %v", err)
	}
}
