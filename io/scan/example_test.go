package scan_test

import (
	"fmt"
	"image"
	"image/png"
	"log"
	"os"
	"path/filepath"

	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/io/xyztiff"
)

func ExampleRead() {
	dir, err := os.MkdirTemp("", "scan")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	// Two pixels, of which the second was not measured, and their colours.
	cloud := filepath.Join(dir, "part.tiff")
	f, err := os.Create(cloud)
	if err != nil {
		log.Fatal(err)
	}
	im := &xyztiff.Image{Width: 2, Height: 1, Samples: 3, F32: []float32{0.01, 0.02, 0.5, 0, 0, 0}}
	if err := xyztiff.Encode(f, im, xyztiff.EncodeOptions{}); err != nil {
		log.Fatal(err)
	}
	f.Close()
	colour := filepath.Join(dir, "part.png")
	if f, err = os.Create(colour); err != nil {
		log.Fatal(err)
	}
	if err := png.Encode(f, image.NewNRGBA(image.Rect(0, 0, 2, 1))); err != nil {
		log.Fatal(err)
	}
	f.Close()

	s, err := scan.Read(cloud, scan.Options{Colour: colour})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(s.Name, s.Cloud.Width, "×", s.Cloud.Height, "measured:", s.Cloud.CountValid(), "colour:", s.Colour != nil)

	_, err = scan.Read(colour, scan.Options{})
	fmt.Println(err.(*scan.Error).Err)
	// Output:
	// part 2 × 1 measured: 1 colour: true
	// is a PNG image, not a cloud or a 16-bit depth image
}
