package regions_test

import (
	"context"
	"fmt"
	"log"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/regions"
)

// A plate 400 mm away with a dent of 2 mm, and a map of scores that found it.
func ExampleFind() {
	c := &pointcloud.Cloud{Width: 80, Height: 60, Unit: pointcloud.Millimetre}
	scores := grid.New(60, 80, 1)
	for y := range c.Height {
		for x := range c.Width {
			z := 400.0
			if x >= 20 && x < 30 && y >= 20 && y < 30 {
				z += 2
				scores.Set(y, x, 0, 5)
			}
			u, v := (float64(x)-39.5)/800, (float64(y)-29.5)/800
			c.XYZ = append(c.XYZ, float32(u*z), float32(v*z), float32(z))
		}
	}
	found, err := regions.Find(context.Background(), scores, c, regions.Options{Threshold: 1, MinArea: 0.5})
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range found.Regions {
		fmt.Printf("region %d: %.1f mm² at (%.1f, %.1f, %.1f) mm, height %+.2f mm\n",
			r.ID, r.Area, r.Centroid[0], r.Centroid[1], r.Centroid[2], r.Height.Height)
	}
	// Output:
	// region 1: 25.3 mm² at (-7.5, -2.5, 402.0) mm, height -2.00 mm
}
