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
	"github.com/iad3d/iad3d/pointcloud"
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

func ExampleInspect() {
	dir, err := os.MkdirTemp("", "scan")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "points.txt") // the name does not matter
	if err := os.WriteFile(path, []byte("ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\nproperty double z\nend_header\n1 2 3\n"), 0o644); err != nil {
		log.Fatal(err)
	}
	info, err := scan.Inspect(path)
	fmt.Println(info.Format, info.Detail, info.Fields, err)
	// Output: PLY ascii [x float y float z double] <nil>
}

func ExampleWrite() {
	c := &pointcloud.Cloud{XYZ: []float32{0, 0.25, 0.5}, RGB: []uint8{255, 0, 51}, Normals: []float64{0, 0, -1}}
	lost, err := scan.Write(os.Stdout, "part.pts", c, scan.WriteOptions{})
	fmt.Println("lost:", lost, err)
	// Output:
	// 1
	// 0 0.25 0.5 255 0 51
	// lost: [normals] <nil>
}
