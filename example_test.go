package iad3d_test

import (
	"context"
	"fmt"
	"iter"
	"log"
	"math"
	"os"
	"path/filepath"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
)

// capture stands for a sensor: a wavy sheet of 80×60 pixels, 0.5 mm apart, half
// a metre away, with a dent of the given depth at pixel (50, 20).
func capture(name string, phase, dent float64) *rgbd.Scan {
	c := &pointcloud.Cloud{Width: 80, Height: 60}
	for y := range c.Height {
		for x := range c.Width {
			z := 0.5 + 0.001*math.Sin(0.15*float64(x)+phase) + 0.001*math.Cos(0.2*float64(y))
			z += dent * math.Exp(-(math.Pow(float64(x-50), 2)+math.Pow(float64(y-20), 2))/8)
			c.XYZ = append(c.XYZ, float32(x)*0.0005, float32(y)*0.0005, float32(z))
		}
	}
	c.MarkMissing(pointcloud.Missing{})
	return &rgbd.Scan{Name: name, Cloud: c}
}

func goodScans(n int) iter.Seq2[*rgbd.Scan, error] {
	return func(yield func(*rgbd.Scan, error) bool) {
		for i := range n {
			if !yield(capture(fmt.Sprint("good ", i), 0.1*float64(i), 0), nil) {
				return
			}
		}
	}
}

func Example() {
	ctx := context.Background()
	detector, err := iad3d.Fit(ctx, iad3d.Config{Cells: 20, FPFHK: []int{40}}, goodScans(5))
	if err != nil {
		log.Fatal(err)
	}
	good, err := detector.Score(ctx, capture("good", 0.25, 0))
	if err != nil {
		log.Fatal(err)
	}
	dented, err := detector.Score(ctx, capture("dented", 0.25, 0.002))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("the dented part scores higher:", dented.Score > 1.5*good.Score)
	fmt.Println("the peak is at the dent:", math.Hypot(float64(dented.Peak.X-50), float64(dented.Peak.Y-20)) < 6)
	// Output:
	// the dented part scores higher: true
	// the peak is at the dent: true
}

func ExampleLoad() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "iad3d")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "sheet.iad3d")

	detector, err := iad3d.Fit(ctx, iad3d.Config{Protocol: iad3d.ProtocolBTF, Size: 60, Cells: 10}, goodScans(3))
	if err != nil {
		log.Fatal(err)
	}
	if err := detector.Save(path); err != nil {
		log.Fatal(err)
	}

	loaded, err := iad3d.Load(path)
	if err != nil {
		log.Fatal(err)
	}
	defer loaded.Close()
	rows, values := loaded.BankSize()
	fmt.Println(loaded.Provenance().Scans, "scans,", rows, "rows of", values/rows)
	// Output: 3 scans, 30 rows of 33
}
