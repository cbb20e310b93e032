package iad3d_test

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
)

// fitMemory is what a fit may take, of however many scans.
const fitMemory = 2 * gib

// TestThousandScans fits scans of 224×224 pixels with the default settings and
// reports time and memory; their number can be set, to try it on fewer: IAD3D_SCANS.
// No two scans are alike: each has noise and a phase of its own.
func TestThousandScans(t *testing.T) {
	long(t)
	n := 1000
	if s := os.Getenv("IAD3D_SCANS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	start := time.Now()
	read := start
	d, err := iad3d.Fit(t.Context(), iad3d.Config{}, func(yield func(*rgbd.Scan, error) bool) {
		for i := range n {
			if !yield(noisy(i), nil) {
				return
			}
		}
	}, iad3d.WithProgress(func(int) { read = time.Now() }))
	if err != nil {
		t.Fatal(err)
	}
	rows, dim := d.BankSize()
	most := resident(t, "VmHWM")
	t.Logf("%d scans, %d rows: described in %.0f s, the rest %.0f s; banks of %d rows of %d values; at most %.2f GiB",
		n, d.Provenance().Rows, read.Sub(start).Seconds(), time.Since(read).Seconds(), rows, dim, float64(most)/gib)
	if most > fitMemory {
		t.Errorf("%d bytes, at most %d", most, int64(fitMemory))
	}
}

// noisy is a part of 224×224 pixels, without a plane.
func noisy(index int) *rgbd.Scan {
	const side = 224
	c := &pointcloud.Cloud{Width: side, Height: side, XYZ: make([]float32, 0, 3*side*side)}
	state := uint64(index)*0x9e3779b97f4a7c15 + 1
	noise := func() float64 {
		state = 6364136223846793005*state + 1442695040888963407
		return float64(state>>40)/(1<<24) - 0.5
	}
	phase := 6 * noise()
	for y := range side {
		for x := range side {
			u, v := float64(x), float64(y)
			z := 0.5 + 0.004*math.Sin(0.05*u+phase)*math.Cos(0.07*v) + 0.001*math.Sin(0.2*v+0.1*u) + 5e-5*noise()
			c.XYZ = append(c.XYZ, float32(u*0.0005), float32(v*0.0005), float32(z))
		}
	}
	return &rgbd.Scan{Name: fmt.Sprint("noisy ", index), Cloud: c}
}
