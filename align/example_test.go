package align_test

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/align"
	"github.com/iad3d/iad3d/pointcloud"
)

// wedge is a curved surface without symmetry, 0.1 m wide, of side×side points.
func wedge(side int) *pointcloud.Cloud {
	c := &pointcloud.Cloud{}
	for i := range side * side {
		x, y := float64(i%side)/float64(side), float64(i/side)/float64(side)
		z := 0.15*math.Sin(5*x+1)*math.Cos(4*y) + 0.3*math.Exp(-30*((x-0.3)*(x-0.3)+(y-0.6)*(y-0.6)))
		c.XYZ = append(c.XYZ, float32(0.1*x), float32(0.1*y), float32(0.1*z))
	}
	return c
}

// A part is laid on the reference, whatever pose it was scanned in.
func ExampleReference_Align() {
	ctx := context.Background()
	ref, err := align.NewReference(ctx, wedge(80), align.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	away := pointcloud.FromQuaternion(0.3, -0.5, 0.8, 0.1, r3.Vector{X: 0.4, Z: 1.2})
	fit, err := ref.Align(ctx, wedge(70).Moved(away))
	fmt.Println(err)
	fmt.Println("right to a tenth of a degree:", fit.Pose.After(away).Angle().Degrees() < 0.1)

	_, err = ref.Align(ctx, &pointcloud.Cloud{XYZ: make([]float32, 300)})
	fmt.Println(errors.Is(err, align.ErrPoints))
	// Output:
	// <nil>
	// right to a tenth of a degree: true
	// true
}
