package pointcloud_test

import (
	"context"
	"fmt"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/pointcloud"
)

// row is eight points on a line, one apart.
func row() *pointcloud.Cloud {
	c := &pointcloud.Cloud{}
	for x := range 8 {
		c.XYZ = append(c.XYZ, float32(x), 0, 0)
	}
	return c
}

func ExampleVoxelDown() {
	v, err := pointcloud.VoxelDown(context.Background(), row(), pointcloud.VoxelOptions{Size: 4})
	fmt.Println(v.Cloud.XYZ, v.Count, v.Of, err)
	// Output: [0.5 0 0 3.5 0 0 6.5 0 0] [2 4 2] [0 0 1 1 1 1 2 2] <nil>
}

func ExampleTree_Farthest() {
	sample, radii, err := pointcloud.NewTree(row()).Farthest(context.Background(), 4, -1)
	fmt.Println(sample, radii, err)
	// Output: [0 7 3 5] [+Inf 7 3 2] <nil>
}

func ExampleInterpolate() {
	ends := row().Select([]int32{0, 6}) // with scores 1 and 3
	scores, err := pointcloud.Interpolate(context.Background(), pointcloud.NewTree(ends), []float64{1, 3}, row(), 2, 0)
	fmt.Printf("%.2f %v\n", scores, err)
	// Output: [1.00 1.08 1.40 2.00 2.60 2.92 3.00 2.96] <nil>
}

func ExampleRigid() {
	quarter := pointcloud.FromQuaternion(1, 0, 0, 1, r3.Vector{Z: 5}) // about z
	fmt.Printf("%.0f %.0f°\n", quarter.Apply(r3.Vector{X: 1}), quarter.Angle().Degrees())
	fmt.Printf("%.0f\n", quarter.Inverse().Apply(r3.Vector{Y: 1, Z: 5}))
	// Output:
	// {0 1 5} 90°
	// {1 0 0}
}

func ExampleGuessUnit() {
	part := &pointcloud.Cloud{XYZ: []float32{0, 0, 400, 120, 80, 410, 60, 40, 405}}
	g := pointcloud.GuessUnit(part)
	fmt.Println(g.Unit, g.Sure, g.Reason)
	// Output: mm true an extent of 144.6 suits millimetres: as metres it would be a building
}
