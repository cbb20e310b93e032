package pointcloud

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/internal/golden"
)

func TestGuessUnit(t *testing.T) {
	scaled := func(f float64) *Cloud {
		c := testClouds(1)["surface"].Clone() // 0.14 across
		for i := range c.XYZ {
			c.XYZ[i] = float32(f * float64(c.XYZ[i]))
		}
		c.XYZ = append(c.XYZ, 1e6, -1e6, 1e6) // a flying pixel
		return c
	}
	for _, x := range []struct {
		c    *Cloud
		unit Unit
		sure bool
	}{
		{scaled(1), Metre, true}, {scaled(0.1), Metre, true}, {scaled(10), Metre, true}, {scaled(30), Metre, false},
		{scaled(1000), Millimetre, true}, {scaled(10_000), Millimetre, true}, {scaled(1e5), Millimetre, true},
		{scaled(70), Millimetre, false}, {scaled(1e-3), Metre, false}, {scaled(1e7), Millimetre, false},
		{&Cloud{}, Metre, false}, {&Cloud{XYZ: []float32{1, 2, 3, 1, 2, 3}}, Metre, false},
		{&Cloud{XYZ: []float32{3e38, 3e38, 3e38, -3e38, -3e38, -3e38}}, Millimetre, false},
	} {
		if g := GuessUnit(x.c); g.Unit != x.unit || g.Sure != x.sure || g.Reason == "" {
			t.Errorf("diagonal %g: %+v, want %v, sure %v", trimmedDiagonal(x.c), g, x.unit, x.sure)
		}
	}
}

// plainXYZ reads the vertices of the files the guess is tried on: ascii PLY,
// ascii PCD and binary STL.
func plainXYZ(t *testing.T, path string) *Cloud {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c := &Cloud{}
	if strings.HasSuffix(strings.ToLower(path), ".stl") {
		for tri := b[84:]; len(tri) >= 50; tri = tri[50:] {
			for i := range 9 {
				c.XYZ = append(c.XYZ, math.Float32frombits(binary.LittleEndian.Uint32(tri[12+4*i:])))
			}
		}
		return c
	}
	s := bufio.NewScanner(bytes.NewReader(b))
	n, body := math.MaxInt, false
	for s.Scan() {
		line := s.Text()
		fmt.Sscanf(line, "element vertex %d", &n)
		if line == "end_header" || line == "DATA ascii" {
			body = true
			continue
		}
		var p [3]float32
		if k, _ := fmt.Sscan(line, &p[0], &p[1], &p[2]); body && k == 3 && c.Len() < n {
			c.XYZ = append(c.XYZ, p[:]...)
		}
	}
	return c
}

// TestGuessUnitOfScans holds what is guessed of real files. Only of the bunny and
// PCL's clouds is the unit known (metres); the STL parts are drawn in inches,
// of which the larger one is not taken for sure metres and the smaller one is.
func TestGuessUnitOfScans(t *testing.T) {
	for _, x := range []struct {
		file string
		unit Unit
		sure bool
	}{
		{"opencv_contrib/bunny.ply", Metre, true},
		{"pcl/bun0.pcd", Metre, true},
		{"pcl/sac_plane_test.pcd", Metre, true},
		{"trimesh/featuretype.STL", Metre, false},
		{"trimesh/octagonal_pocket.stl", Metre, true},
	} {
		c := plainXYZ(t, golden.Shared(t, "data/scans/"+x.file))
		c.MarkMissing(Missing{})
		g := GuessUnit(c)
		t.Logf("%s: %d points, %v, sure %v: %s", x.file, c.Len(), g.Unit, g.Sure, g.Reason)
		if g.Unit != x.unit || g.Sure != x.sure {
			t.Errorf("%s: %v, sure %v, want %v, %v", x.file, g.Unit, g.Sure, x.unit, x.sure)
		}
	}
}
