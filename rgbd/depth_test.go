package rgbd

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/iad3d/iad3d/pointcloud"
)

func TestCloudOfDepth(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	k := Intrinsics{Width: 3, Height: 2, Fx: 2, Fy: 4, Cx: 1, Cy: 0.5}
	for name, c := range map[string]struct {
		units DepthUnits
		depth DepthImage
		z     []float32 // 0 = missing
	}{
		"millimetres":        {DepthUnits{}, DepthImage{U16: []uint16{0, 1, 500, 1000, 65535, 2}}, []float32{0, 0.001, 0.5, 1, 65.535, 0.002}},
		"another code":       {DepthUnits{Invalid: []float64{65535}}, DepthImage{U16: []uint16{0, 1, 500, 1000, 65535, 2}}, []float32{0, 0.001, 0.5, 1, 0, 0.002}},
		"two codes":          {DepthUnits{Invalid: []float64{1, 500}}, DepthImage{U16: []uint16{0, 1, 500, 1000, 3, 2}}, []float32{0, 0, 0, 1, 0.003, 0.002}},
		"scaled":             {DepthUnits{Scale: 0.25}, DepthImage{U16: []uint16{4, 1, 0, 2, 3, 8}}, []float32{1, 0.25, 0, 0.5, 0.75, 2}},
		"offset":             {DepthUnits{Scale: 0.25, Offset: 2}, DepthImage{U16: []uint16{4, 1, 0, 2, 3, 8}}, []float32{3, 2.25, 0, 2.5, 2.75, 4}},
		"offset and no code": {DepthUnits{Scale: 0.25, Offset: 2, Invalid: []float64{}}, DepthImage{U16: []uint16{4, 1, 0, 2, 3, 8}}, []float32{3, 2.25, 2, 2.5, 2.75, 4}},
		"behind the camera":  {DepthUnits{Scale: 1, Offset: -2}, DepthImage{U16: []uint16{4, 1, 1, 2, 3, 8}}, []float32{2, 0, 0, 0, 1, 6}},
		"metres":             {DepthUnits{}, DepthImage{F32: []float32{0, 1, -1, nan, inf, 0.5}}, []float32{0, 1, 0, 0, 0, 0.5}},
		"float millimetres":  {DepthUnits{Scale: 0.001}, DepthImage{F32: []float32{0, 1000, 1, nan, -inf, 250}}, []float32{0, 1, 0.001, 0, 0, 0.25}},
		"beyond float32":     {DepthUnits{Scale: 1e30}, DepthImage{F32: []float32{1, 1e10, 1e-30, 2, 0, 1e30}}, []float32{1e30, 0, 1, 2e30, 0, 0}},
		"below float32":      {DepthUnits{Scale: 1e-60}, DepthImage{F32: []float32{1, 1e10, 1e30, 1e20, 0, 1}}, []float32{0, 0, 1e-30, 1e-40, 0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			c.depth.Width, c.depth.Height = 3, 2
			cam := Camera{Intrinsics: k, Units: c.units}
			cloud, err := cam.Cloud(&c.depth)
			if err != nil {
				t.Fatal(err)
			}
			if err := (&Scan{Cloud: cloud, Intrinsics: &k}).Check(); err != nil {
				t.Fatal(err)
			}
			if cloud.Unit != pointcloud.Metre || cloud.Width != 3 || cloud.Height != 2 {
				t.Errorf("%d×%d in %v", cloud.Width, cloud.Height, cloud.Unit)
			}
			for i, z := range c.z {
				want := []float32{0, 0, 0}
				if z != 0 {
					// The exact depth, not its float32, is what x and y are made of: one ulp.
					want = []float32{float32((float64(i%3) - 1) * float64(z) / 2), float32((float64(i/3) - 0.5) * float64(z) / 4), z}
				}
				got := cloud.XYZ[3*i : 3*i+3]
				if cloud.Valid[i] != (z != 0) || !slices.EqualFunc(got, want, func(a, b float32) bool { return math.Abs(float64(a-b)) <= 1.2e-7*math.Abs(float64(b)) }) {
					t.Errorf("pixel %d: %v, valid %v, want %v", i, got, cloud.Valid[i], want)
				}
			}
		})
	}
}

func TestCloudOfDepthRefuses(t *testing.T) {
	good := Camera{Intrinsics: Intrinsics{Width: 2, Height: 1, Fx: 1, Fy: 1}}
	for name, change := range map[string]func(c *Camera){
		"size":            func(c *Camera) { c.Intrinsics.Width = 3 },
		"intrinsics":      func(c *Camera) { c.Intrinsics.Fx = 0 },
		"scale":           func(c *Camera) { c.Units.Scale = -1 },
		"scale not one":   func(c *Camera) { c.Units.Scale = math.NaN() },
		"offset infinite": func(c *Camera) { c.Units.Offset = math.Inf(1) },
		"registration":    func(c *Camera) { c.Registration = &Registration{} },
	} {
		c := good
		change(&c)
		if _, err := c.Cloud(&DepthImage{Width: 2, Height: 1, U16: []uint16{1, 2}}); !errors.Is(err, ErrCamera) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a depth image that contradicts itself is accepted")
		}
	}()
	_, _ = good.Cloud(&DepthImage{Width: 2, Height: 1, U16: []uint16{1}})
}

func TestCheckIntrinsicsOfScan(t *testing.T) {
	s := Scan{Source: "a.png", Cloud: &pointcloud.Cloud{Width: 2, Height: 1, XYZ: []float32{1, 2, 3, 4, 5, 6}}}
	for want, k := range map[string]*Intrinsics{
		"focal lengths":                 {Width: 2, Height: 1},
		"for images of 1×2 pixels":      {Width: 1, Height: 2, Fx: 1, Fy: 1},
		"unusable scan: a.png: unusabl": {Width: 0, Height: 2, Fx: 1, Fy: 1},
	} {
		s.Intrinsics = k
		if err := s.Check(); !errors.Is(err, ErrScan) || !errors.Is(err, ErrCamera) || !contains(err, want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
