package depthpng_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"log"

	"github.com/iad3d/iad3d/io/depthpng"
)

func ExampleDecode() {
	depth := image.NewGray16(image.Rect(0, 0, 2, 1))
	depth.SetGray16(0, 0, color.Gray16{Y: 1234}) // millimetres, by convention
	var file bytes.Buffer
	if err := png.Encode(&file, depth); err != nil {
		log.Fatal(err)
	}
	im, err := depthpng.Decode(bytes.NewReader(file.Bytes()), int64(file.Len()), depthpng.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(im.Width, im.Height, im.U16)
	// Output: 2 1 [1234 0]
}
