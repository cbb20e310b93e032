package pointcloud_test

import (
	"context"
	"fmt"

	"github.com/iad3d/iad3d/pointcloud"
)

func ExampleSegmentPlane() {
	c := &pointcloud.Cloud{} // a table at z = 0.5, seen from above, with a block on it
	for i := range 400 {
		x, y := float32(i%20)*0.01, float32(i/20)*0.01
		z := float32(0.5)
		if i%20 < 5 && i/20 < 4 {
			z = 0.46
		}
		c.XYZ = append(c.XYZ, x, y, z)
	}
	table, on, err := pointcloud.SegmentPlane(context.Background(), c, pointcloud.PlaneOptions{SampleSize: 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d of %d points on the table, the block is %.3f m high\n", len(on), c.Len(), table.Distance(c.At(0)))
	// Output: 380 of 400 points on the table, the block is 0.040 m high
}

func ExampleDBSCAN() {
	c := &pointcloud.Cloud{XYZ: []float32{
		0, 0, 0, 0.1, 0, 0, 0.2, 0, 0, // three in a row
		5, 0, 0, // alone
		9, 0, 0, 9, 0.1, 0, 9, 0, 0.1, // a corner
	}}
	labels, err := pointcloud.DBSCAN(context.Background(), c, 0.15, 2)
	fmt.Println(labels, err)
	// Output: [0 0 0 -1 1 1 1] <nil>
}

func ExampleClean() {
	scan := &pointcloud.Cloud{Width: 60, Height: 60} // a block of 20×20 pixels on a table, pitch 1 mm
	for i := range 60 * 60 {
		x, y, z := i%60, i/60, float32(0.5)
		if x >= 20 && x < 40 && y >= 20 && y < 40 {
			z = 0.46
		}
		scan.XYZ = append(scan.XYZ, float32(x)*0.001, float32(y)*0.001, z)
	}
	r, err := pointcloud.Clean(context.Background(), scan, pointcloud.CleanOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d points were background, %d are left; is the corner valid? %t\n", r.NearPlane, r.Kept, r.Cloud.IsValid(0))
	// Output: 3200 points were background, 400 are left; is the corner valid? false
}
