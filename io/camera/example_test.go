package camera_test

import (
	"fmt"
	"log"
	"strings"

	"github.com/iad3d/iad3d/io/camera"
)

func ExampleDecode() {
	c, err := camera.Decode(strings.NewReader(`
width: 640
height: 480
fx: 525.0
fy: 525.0
cx: 319.5
cy: 239.5
depth_scale: 0.0001
`))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.Intrinsics.Width, c.Intrinsics.Height, c.Intrinsics.Fx, c.Units.Scale)

	_, err = camera.Decode(strings.NewReader("width: 640\nheight: 480\n"))
	fmt.Println(err)
	// Output:
	// 640 480 525 0.0001
	// camera: not a camera file: field fx is missing
}
