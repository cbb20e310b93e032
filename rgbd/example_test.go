package rgbd_test

import (
	"fmt"
	"log"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/rgbd"
)

func ExampleCamera_Cloud() {
	// A depth image of 3×1 pixels in millimetres, of which the last was not
	// measured.
	depth := &rgbd.DepthImage{Width: 3, Height: 1, U16: []uint16{500, 600, 0}}
	camera := rgbd.Camera{Intrinsics: rgbd.Intrinsics{Width: 3, Height: 1, Fx: 10, Fy: 10, Cx: 1, Cy: 0}}
	cloud, err := camera.Cloud(depth)
	if err != nil {
		log.Fatal(err)
	}
	for i := range cloud.Len() {
		p := cloud.At(i)
		fmt.Printf("%.3f %.3f %.3f %v\n", p.X, p.Y, p.Z, cloud.IsValid(i))
	}
	at, seen := camera.Intrinsics.Project(r3.Vector{X: 0.05, Y: 0, Z: 0.5})
	fmt.Println(at.X, at.Y, seen)
	// Output:
	// -0.050 0.000 0.500 true
	// 0.000 0.000 0.600 true
	// 0.000 0.000 0.000 false
	// 2 0 true
}
