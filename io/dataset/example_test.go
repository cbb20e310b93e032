package dataset_test

import (
	"context"
	"fmt"
	"image"
	"image/png"
	"log"
	"os"
	"path/filepath"

	"github.com/iad3d/iad3d/io/dataset"
	"github.com/iad3d/iad3d/io/xyztiff"
)

func ExampleOpen() {
	root, err := os.MkdirTemp("", "dataset")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(root)

	// The smallest set: one good and one bent nut of one pixel, without colour.
	point := &xyztiff.Image{Width: 1, Height: 1, Samples: 3, F32: []float32{0.01, 0.02, 0.5}}
	defect := &image.Gray{Pix: []uint8{255}, Stride: 1, Rect: image.Rect(0, 0, 1, 1)}
	for name, encode := range map[string]func(f *os.File) error{
		"nut/test/good/xyz/000.tiff": func(f *os.File) error { return xyztiff.Encode(f, point, xyztiff.EncodeOptions{}) },
		"nut/test/bent/xyz/000.tiff": func(f *os.File) error { return xyztiff.Encode(f, point, xyztiff.EncodeOptions{}) },
		"nut/test/bent/gt/000.png":   func(f *os.File) error { return png.Encode(f, defect) },
	} {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			log.Fatal(err)
		}
		f, err := os.Create(path)
		if err != nil {
			log.Fatal(err)
		}
		if err := encode(f); err != nil {
			log.Fatal(err)
		}
		f.Close()
	}

	set, err := dataset.Open("mvtec3d", root, "") // the only class there is
	if err != nil {
		log.Fatal(err)
	}
	for scan, err := range set.Scans(context.Background(), dataset.Test) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(set.Class, scan.Name, "anomalous:", scan.Anomalous())
	}
	// Output:
	// nut bent/000 anomalous: true
	// nut good/000 anomalous: false
}
