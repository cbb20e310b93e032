package npy_test

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/io/npy"
	"github.com/iad3d/iad3d/pointcloud"
)

// there writes a cloud and reads it back.
func there(t *testing.T, c *pointcloud.Cloud) *pointcloud.Cloud {
	t.Helper()
	var b bytes.Buffer
	if err := npy.Encode(&b, npy.FromCloud(c), npy.EncodeOptions{}); err != nil {
		t.Fatal(err)
	}
	a, err := npy.Decode(&b, npy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := a.Cloud()
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestCloudThereAndBack(t *testing.T) {
	odd := []float32{0, 0, 0, 1, float32(math.Copysign(0, -1)), 1e-45, -math.MaxFloat32, 2, 3, 5, 6, 7}
	loose := &pointcloud.Cloud{XYZ: odd}
	if got := there(t, loose); got.Organised() || got.Valid != nil || !slices.EqualFunc(got.XYZ, odd, same) {
		t.Errorf("loose: %+v", got)
	}
	raster := &pointcloud.Cloud{XYZ: odd, Width: 2, Height: 2, Valid: []bool{false, true, true, false}}
	got := there(t, raster)
	if got.Width != 2 || got.Height != 2 || !slices.Equal(got.Valid, raster.Valid) || !slices.EqualFunc(got.XYZ[3:9], odd[3:9], same) {
		t.Errorf("raster: %+v", got)
	}
	far := &pointcloud.Cloud{XYZ: []float32{0.123, 0, 0, 0.25, 1, 0, 0, 0, 1}, Offset: r3.Vector{X: 500_000, Y: 5_400_000, Z: 100}}
	got = there(t, far)
	for i := range far.Len() {
		if d := got.Absolute(i).Sub(far.Absolute(i)).Norm(); d > 0x1p-24 { // of an extent of 1
			t.Errorf("far point %d: %v, want %v", i, got.Absolute(i), far.Absolute(i))
		}
	}
	if got.Offset == (r3.Vector{}) {
		t.Error("far points got no offset")
	}
}

func same(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }

func TestCloudOfEveryType(t *testing.T) {
	for kind, v := range map[npy.Type][]byte{
		npy.Float16: {0, 0x3c, 0, 0x40, 0, 0x42}, // 1, 2, 3
		npy.Int8:    {1, 2, 3},
		npy.Uint16:  {1, 0, 2, 0, 3, 0},
		npy.Int64:   {1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0},
	} {
		c, err := (&npy.Array{Shape: []int{1, 3}, Type: kind, Data: v}).Cloud()
		if err != nil || c.At(0) != (r3.Vector{X: 1, Y: 2, Z: 3}) {
			t.Errorf("%v: %+v, %v", kind, c, err)
		}
	}
}

func TestCloudRefused(t *testing.T) {
	for _, a := range []*npy.Array{
		npy.FromFloat32s(make([]float32, 12), 3, 2, 2), // channels first
		npy.FromFloat32s(make([]float32, 8), 2, 4),
		npy.FromFloat32s(make([]float32, 3), 3),
		npy.FromFloat32s(nil, 0, 4, 3),
		{Shape: []int{1, 3}, Type: npy.Bool, Data: make([]byte, 3)},
	} {
		if _, err := a.Cloud(); !errors.Is(err, npy.ErrUnsupported) {
			t.Errorf("shape %v of %v: %v", a.Shape, a.Type, err)
		}
	}
	if c, err := npy.FromFloat32s(nil, 0, 3).Cloud(); err != nil || c.Len() != 0 {
		t.Errorf("no points: %v, %v", c, err)
	}
}
