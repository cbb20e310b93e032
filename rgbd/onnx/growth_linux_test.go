package onnx_test

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/internal/tinyonnx"
	"github.com/iad3d/iad3d/rgbd/onnx"
)

// resident returns the process's memory in MiB.
func resident(t *testing.T) float64 {
	t.Helper()
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip(err)
	}
	pages, err := strconv.Atoi(string(bytes.Fields(b)[1]))
	if err != nil {
		t.Fatal(err)
	}
	return float64(pages*os.Getpagesize()) / (1 << 20)
}

// growth calls step n times and compares the memory after a tenth with that at
// the end. Go's heap breathes by a few MiB; a leak of one output of the smallest
// network, 1 kB at a time, would add more in the 10,000 steps of a full run.
func growth(t *testing.T, n int, step func()) {
	const slack = 8.0 // MiB
	var first, last float64
	log := ""
	for i := range n {
		step()
		if (i+1)%(n/10) == 0 {
			last = resident(t)
			if log += fmt.Sprintf(" %.1f", last); first == 0 {
				first = last
			}
		}
	}
	t.Logf("MiB after each tenth of %d:%s", n, log)
	if last > first+slack {
		t.Errorf("grew from %.1f to %.1f MiB", first, last)
	}
}

// TestNoGrowth runs as many images as IAD3D_GROWTH says, 500 without, through the network
// that IAD3D_GROWTH_MODEL names, the tiny one without.
func TestNoGrowth(t *testing.T) {
	n := 500
	if s := os.Getenv("IAD3D_GROWTH"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil || n < 10 {
			t.Fatalf("IAD3D_GROWTH=%s: want a number from 10 on", s)
		}
	}
	path := os.Getenv("IAD3D_GROWTH_MODEL")
	if path == "" {
		path = write(t, tinyonnx.TwoConvs())
	}
	b := open(t, path, onnx.Options{})
	in := []*grid.Map{normalised(1), normalised(2)}
	growth(t, n/len(in), func() { features(t, b, in...) })
}

// TestNoGrowthOpening opens and closes a backbone again and again, and changes the
// image's size each time.
func TestNoGrowthOpening(t *testing.T) {
	path := write(t, tinyonnx.TwoConvs())
	needLibrary(t)
	i := 0
	growth(t, 200, func() {
		b, err := onnx.Open(path, onnx.Options{Threads: 1 + i%3})
		if err != nil {
			t.Fatal(err)
		}
		features(t, b, pixels(1, 32, 32+16*(i%5)))
		features(t, b, pixels(1, 64, 32))
		b.Close()
		i++
	})
}
