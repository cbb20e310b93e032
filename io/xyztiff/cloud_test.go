package xyztiff

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/pointcloud"
)

func TestCloud(t *testing.T) {
	nan := float32(math.NaN())
	im := &Image{Width: 3, Height: 2, Samples: 3, F32: []float32{
		0, 0, 0, 1, 2, 3, 0, 0, 0.5,
		nan, 1, 1, -1, -2, -3, float32(math.Copysign(0, -1)), 0, 0,
	}}
	valid := []bool{false, true, true, false, true, false}
	c, err := im.Cloud()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Check(); err != nil || c.Width != 3 || c.Height != 2 || c.Unit != pointcloud.Metre || !slices.Equal(c.Valid, valid) {
		t.Errorf("%+v, %v", c, err)
	}
	if &c.XYZ[0] != &im.F32[0] {
		t.Error("the cloud does not share the image's samples")
	}

	wide := &Image{Width: 3, Height: 2, Samples: 3, F64: make([]float64, 18)}
	for i, v := range im.F32 {
		wide.F64[i] = float64(v)
	}
	wide.F64[3] = 0.1   // not a float32
	wide.F64[13] = 1e39 // nor in its range
	valid[4] = false
	c, err = wide.Cloud()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Check(); err != nil || c.XYZ[3] != 0.1 || !slices.Equal(c.Valid, valid) {
		t.Errorf("float64: %+v, %v", c, err)
	}

	for name, im := range map[string]*Image{
		"depth":  newImage(4, 4, 1, Float32),
		"uint16": newImage(4, 4, 3, Uint16),
	} {
		if _, err := im.Cloud(); !errors.Is(err, ErrUnsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFromCloud(t *testing.T) {
	c := &pointcloud.Cloud{
		XYZ:   []float32{1, 2, 3, 9, 9, 9, 250, 500, 1000, float32(math.NaN()), 0, 1},
		Width: 2, Height: 2, Valid: []bool{true, false, true, false},
	}
	im := FromCloud(c)
	if want := []float32{1, 2, 3, 0, 0, 0, 250, 500, 1000, 0, 0, 0}; !slices.Equal(im.F32, want) || im.Width != 2 || im.Height != 2 {
		t.Errorf("%+v", im)
	}
	c.Unit = pointcloud.Millimetre
	if im := FromCloud(c); !slices.Equal(im.F32[6:9], []float32{0.25, 0.5, 1}) {
		t.Errorf("millimetres: %v", im.F32)
	}
	back, err := FromCloud(c).Cloud()
	if err != nil || !slices.Equal(back.Valid, c.Valid) {
		t.Errorf("%v, %v", back, err)
	}
	defer func() {
		if recover() == nil {
			t.Error("no panic for a cloud that is not organised")
		}
	}()
	FromCloud(&pointcloud.Cloud{XYZ: make([]float32, 12)})
}

func ExampleImage_Cloud() {
	im := &Image{Width: 2, Height: 1, Samples: 3, F32: []float32{0, 0, 0, 0.5, -0.25, 0.75}}
	c, err := im.Cloud()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d×%d %s, %d point measured: %v\n", c.Width, c.Height, c.Unit, c.CountValid(), c.At(1))
	// Output: 2×1 m, 1 point measured: (0.500000000000000000000000, -0.250000000000000000000000, 0.750000000000000000000000)
}

// TestCloudOffset: float64 coordinates of a map keep their millimetres.
func TestCloudOffset(t *testing.T) {
	im := &Image{Width: 2, Height: 2, Samples: 3, F64: []float64{489000.123, 5421000.456, 312.789, 0, 0, 0, 489001.5, 5421002.25, 313.001, math.NaN(), 1, 1}}
	c, err := im.Cloud()
	if err != nil {
		t.Fatal(err)
	}
	const tolerance = 1e-7 // 2⁻²⁴ of the extent of 1.8 m
	if d := c.Absolute(0).Sub(r3.Vector{X: 489000.123, Y: 5421000.456, Z: 312.789}).Norm(); d > tolerance || c.CountValid() != 2 || c.IsValid(1) || c.IsValid(3) {
		t.Errorf("off by %g, %d valid", d, c.CountValid())
	}
	if err := c.Check(); err != nil {
		t.Error(err)
	}
	again, err := FromCloud(c).Cloud()
	if err != nil || !slices.Equal(again.XYZ, c.XYZ) || again.Offset != c.Offset || !slices.Equal(again.Valid, c.Valid) {
		t.Errorf("written and read: %+v, %v", again, err)
	}
	im.F64 = []float64{489000.125, 5421000.5, 312.75, 0, 0, 0, 489001.5, 5421002, 313, 0, 0, 0}
	if c, err = im.Cloud(); err != nil || c.Offset != (r3.Vector{}) || c.CountValid() != 2 {
		t.Errorf("float32 values: %+v, %v", c, err)
	}
}
