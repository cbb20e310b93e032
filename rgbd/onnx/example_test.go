package onnx_test

import (
	"context"
	"fmt"
	"image"
	"log"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/rgbd"
	"github.com/iad3d/iad3d/rgbd/onnx"
)

// The layers that iad3d would use of a file, and their values for an image. It
// needs ONNX Runtime, so that it is compiled but not run with the tests.
func ExampleOpen() {
	b, err := onnx.Open("resnet50.onnx", onnx.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer b.Close()
	picture := image.NewNRGBA(image.Rect(0, 0, 800, 800))
	maps, err := b.Features(context.Background(), []*grid.Map{rgbd.ImageNetInput(picture, 224, 224)})
	if err != nil {
		log.Fatal(err)
	}
	for i, l := range b.Info().Layers {
		fmt.Println(l.Name, maps[0][i].H, maps[0][i].W, maps[0][i].C)
	}
}

// What a file says about itself needs nothing but the file.
func ExampleInspect() {
	m, err := onnx.Inspect("testdata/twoconvs.onnx")
	if err != nil {
		log.Fatal(err)
	}
	for _, t := range m.Inputs {
		fmt.Println("input", t.Name, t.Type, t)
	}
	for _, t := range m.Outputs {
		fmt.Println("output", t.Name, t.Type, t)
	}
	// Output:
	// input image float32 N×3×H×W
	// output fine float32 N×6×h8×w8
	// output coarse float32 N×5×h16×w16
}
