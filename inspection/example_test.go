package inspection_test

import (
	"context"
	"fmt"
	"iter"
	"log"
	"math"
	"os"
	"path/filepath"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/inspection"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
)

// sensor stands for a program's own source of clouds: a wavy sheet half a metre
// away, 80×60 pixels 0.5 mm apart, with a dent of the given depth in mm.
func sensor(name string, phase, dent float64) *rgbd.Scan {
	c := &pointcloud.Cloud{Width: 80, Height: 60, Unit: pointcloud.Millimetre}
	for y := range c.Height {
		for x := range c.Width {
			z := 500 + math.Sin(0.15*float64(x)+phase) + math.Cos(0.2*float64(y))
			z += dent * math.Exp(-(math.Pow(float64(x-50), 2)+math.Pow(float64(y-20), 2))/8)
			c.XYZ = append(c.XYZ, float32(0.5*float64(x)), float32(0.5*float64(y)), float32(z))
		}
	}
	return &rgbd.Scan{Name: name, Cloud: c}
}

// model fits a model to five sound sheets and saves it, as "iad3d fit" does.
func model(dir string) string {
	var scans iter.Seq2[*rgbd.Scan, error] = func(yield func(*rgbd.Scan, error) bool) {
		for i := range 5 {
			if !yield(sensor(fmt.Sprint("good ", i), 0.1*float64(i), 0), nil) {
				return
			}
		}
	}
	d, err := iad3d.Fit(context.Background(), iad3d.Config{Cells: 20, FPFHK: []int{40}}, scans)
	if err != nil {
		log.Fatal(err)
	}
	path := filepath.Join(dir, "sheet.iad3d")
	if err := d.Save(path); err != nil {
		log.Fatal(err)
	}
	return path
}

// A metrology program loads a model, hands over a cloud that it has in memory, and
// reads what is wrong in millimetres in the sensor's frame.
func Example() {
	dir, err := os.MkdirTemp("", "iad3d")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	detector, err := iad3d.Load(model(dir))
	if err != nil {
		log.Fatal(err)
	}
	defer detector.Close()

	sound, err := detector.Score(context.Background(), sensor("sound", 0.25, 0))
	if err != nil {
		log.Fatal(err)
	}
	// Thresholds from what a sound part comes to; a model may have its own.
	limits := &iad3d.Thresholds{Scan: 1.2 * sound.Score, Pixel: 1.2 * float64(sound.Peak.Value)}

	n, err := inspection.Inspect(context.Background(), detector, sensor("part 4711", 0.25, 2), inspection.Options{Thresholds: limits, MinArea: 0.5})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(n.Result.Name, n.Verdict)
	for _, r := range n.Regions()[:1] {
		fmt.Printf("centroid within 2 mm of the dent: %v\n", math.Hypot(r.Centroid[0]-25, r.Centroid[1]-10) < 2)
		fmt.Printf("deeper than the surface around: %v\n", r.Height.Height < 0)
	}
	// Output:
	// part 4711 fail
	// centroid within 2 mm of the dent: true
	// deeper than the surface around: true
}
