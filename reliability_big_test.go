package iad3d_test

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/iad3d/iad3d/fpfh"
	"github.com/iad3d/iad3d/io/ply"
	"github.com/iad3d/iad3d/pointcloud"
)

// long skips a test that takes minutes unless "make check-long" runs it. A test that
// reports the memory of its process has a process of its own there.
func long(t *testing.T) {
	t.Helper()
	if os.Getenv("IAD3D_LONG") == "" {
		t.Skip("takes minutes: make check-long runs it (IAD3D_LONG=1)")
	}
}

// resident returns a figure of the process in bytes: VmHWM, the most memory it had, or
// VmRSS, what it has.
func resident(t *testing.T, name string) int64 {
	t.Helper()
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("needs /proc: ", err)
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			kb, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kb << 10
		}
	}
	t.Fatal("no " + name)
	return 0
}

const gib = 1 << 30

// TestTenMillionPoints reads a cloud of ten million points, estimates normals and
// computes FPFH descriptors, and reports time and memory after each step. The
// number of points can be set, to try it on less: IAD3D_POINTS.
func TestTenMillionPoints(t *testing.T) {
	long(t)
	n := 10_000_000
	if s := os.Getenv("IAD3D_POINTS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	file := func() []byte { // its own memory is garbage when it has been read
		b := bytes.NewBuffer(make([]byte, 0, 12*n+200))
		fmt.Fprintf(b, "ply\nformat binary_little_endian 1.0\nelement vertex %d\nproperty float x\nproperty float y\nproperty float z\nend_header\n", n)
		state := uint64(1)
		random := func() float64 {
			state = 6364136223846793005*state + 1442695040888963407
			return float64(state>>40) / (1 << 24)
		}
		var row [12]byte
		for range n {
			u, v := 4*random(), 2.5*random()
			z := 0.05*math.Sin(3*u)*math.Cos(4*v) + 1e-4*random()
			for d, x := range [3]float64{u, v, z} {
				bits := math.Float32bits(float32(x))
				row[4*d], row[4*d+1], row[4*d+2], row[4*d+3] = byte(bits), byte(bits>>8), byte(bits>>16), byte(bits>>24)
			}
			b.Write(row[:])
		}
		return b.Bytes()
	}()
	path := t.TempDir() + "/big.ply"
	if err := os.WriteFile(path, file, 0o644); err != nil {
		t.Fatal(err)
	}
	file = nil
	start := time.Now()
	step := func(what string) {
		t.Logf("%s: %.1f s, at most %.2f GiB so far", what, time.Since(start).Seconds(), float64(resident(t, "VmHWM"))/gib)
		start = time.Now()
	}
	step("made")
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c, err := ply.Decode(f, ply.Options{})
	if err != nil {
		t.Fatal(err)
	}
	step("read")
	search := pointcloud.Search{K: 30}
	if c.Normals, err = pointcloud.EstimateNormals(t.Context(), c, pointcloud.NormalOptions{Search: search}); err != nil {
		t.Fatal(err)
	}
	step("normals")
	d, err := fpfh.Compute(t.Context(), c, fpfh.Options{Search: search})
	if err != nil {
		t.Fatal(err)
	}
	step("FPFH")
	if len(d) != fpfh.Dim*n {
		t.Errorf("%d values", len(d))
	}
	const most = 5 * gib / 2
	if got := resident(t, "VmHWM"); got > most {
		t.Errorf("%d bytes, at most %d", got, int64(most))
	}
}
