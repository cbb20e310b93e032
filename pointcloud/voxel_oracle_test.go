package pointcloud

import (
	"math"
	"testing"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/internal/golden"
)

// TestVoxelDownAgreesWithOpen3D compares with Open3D 0.16.1 voxel_down_sample,
// whose centroids are float64; this package rounds them to float32.
// testdata/oracles/align/generate.py made the values.
func TestVoxelDownAgreesWithOpen3D(t *testing.T) {
	const rounded, exact = 1e-7, 1e-12
	var o struct {
		Voxels []struct {
			Size            float64
			Points, Normals string
		} `json:"voxel_down_sample"`
	}
	golden.JSON(t, "align/align.json", &o)
	c := &Cloud{
		XYZ:     golden.NPY(t, "align/target_points.npy").Float32s(),
		Normals: golden.NPY(t, "align/target_normals.npy").Float64s(),
	}
	for _, x := range o.Voxels {
		v, err := VoxelDown(t.Context(), c, VoxelOptions{Size: x.Size})
		if err != nil {
			t.Fatal(err)
		}
		points, normals := golden.NPY(t, "align/"+x.Points).Float64s(), golden.NPY(t, "align/"+x.Normals).Float64s()
		if 3*v.Cloud.Len() != len(points) {
			t.Fatalf("size %g: %d points, Open3D has %d", x.Size, v.Cloud.Len(), len(points)/3)
		}
		ref := &Cloud{}
		for _, p := range points {
			ref.XYZ = append(ref.XYZ, float32(p))
		}
		tree, worst, turned := NewTree(ref), 0.0, 0.0
		seen := make([]bool, ref.Len())
		for i := range v.Cloud.Len() {
			n, _ := tree.Nearest(v.Cloud.At(i), math.Inf(1))
			if seen[n.Index] {
				t.Fatalf("size %g: two points for one of Open3D's", x.Size)
			}
			seen[n.Index] = true
			worst = max(worst, math.Sqrt(n.Dist2))
			m := normals[3*n.Index : 3*n.Index+3] // a mean that Open3D leaves shorter than 1
			turned = max(turned, v.Cloud.Normal(i).Sub(r3.Vector{X: m[0], Y: m[1], Z: m[2]}.Normalize()).Norm())
		}
		t.Logf("size %g: %d points, centroids differ by %.2g, normals by %.2g", x.Size, ref.Len(), worst, turned)
		if worst > rounded || turned > exact {
			t.Errorf("size %g differs", x.Size)
		}
	}
}
