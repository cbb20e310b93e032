package pointcloud

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/golang/geo/r1"
	"github.com/golang/geo/r3"
)

func TestMarkMissing(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	points := []float32{1, 2, 3, 0, 0, 0, 0, 5, 6, nan, 1, 1, 1, 1, inf, 4, 4, 0.1}
	for name, c := range map[string]struct {
		m    Missing
		want []bool
	}{
		"zero":     {Missing{}, []bool{true, false, true, false, false, true}},
		"any zero": {Missing{AnyZero: true}, []bool{true, false, false, false, false, true}},
		"range":    {Missing{Range: r1.Interval{Lo: 1, Hi: 4}}, []bool{true, false, false, false, false, false}},
	} {
		cloud := &Cloud{XYZ: points}
		n := cloud.MarkMissing(c.m)
		if !slices.Equal(cloud.Valid, c.want) || n != cloud.CountValid() || len(cloud.ValidIndices()) != n {
			t.Errorf("%s: %v (%d), want %v", name, cloud.Valid, n, c.want)
		}
	}
	cloud := &Cloud{XYZ: []float32{1, 1, 1, 2, 2, 2}, Valid: []bool{false, true}}
	if cloud.MarkMissing(Missing{}); !slices.Equal(cloud.Valid, []bool{false, true}) {
		t.Error("an invalid point became valid")
	}
}

func TestCloudCheck(t *testing.T) {
	for name, c := range map[string]*Cloud{
		"coordinates": {XYZ: make([]float32, 4)}, "normals": {XYZ: make([]float32, 3), Normals: make([]float64, 2)},
		"colours": {XYZ: make([]float32, 3), RGB: make([]uint8, 4)}, "validity": {XYZ: make([]float32, 3), Valid: make([]bool, 2)},
		"raster": {XYZ: make([]float32, 9), Width: 2, Height: 2}, "negative": {XYZ: make([]float32, 3), Width: -1, Height: -1},
		"wrapping product": {XYZ: make([]float32, 6), Width: 3, Height: 6148914691236517206}, "no height": {Width: 3},
		"NaN": {XYZ: []float32{0, float32(math.NaN()), 0}},
	} {
		if err := c.Check(); !errors.Is(err, ErrShape) {
			t.Errorf("%s: error %v, want %v", name, err, ErrShape)
		}
	}
	if err := (&Cloud{XYZ: []float32{0, float32(math.NaN()), 0}, Valid: []bool{false}}).Check(); err != nil {
		t.Errorf("a NaN in a missing pixel: %v", err)
	}
}

func TestBoundsAndClone(t *testing.T) {
	c := &Cloud{XYZ: []float32{1, 5, 3, -1, 2, 9, 100, 100, 100}, Valid: []bool{true, true, false}, Unit: Millimetre}
	lo, hi, ok := c.Bounds()
	if !ok || lo != (r3.Vector{X: -1, Y: 2, Z: 3}) || hi != (r3.Vector{X: 1, Y: 5, Z: 9}) {
		t.Errorf("bounds %v %v %v", lo, hi, ok)
	}
	if _, _, ok := (&Cloud{}).Bounds(); ok {
		t.Error("an empty cloud has bounds")
	}
	d := c.Clone()
	d.XYZ[0], d.Valid[0] = 7, false
	if c.XYZ[0] != 1 || !c.Valid[0] || d.Unit != Millimetre {
		t.Error("the clone shares storage or lost its unit")
	}
}

func ExampleTree_KNN() {
	c := &Cloud{XYZ: []float32{0, 0, 0, 1, 0, 0, 0, 3, 0, 2, 0, 0}}
	tree := NewTree(c)
	for _, n := range tree.KNN(r3.Vector{X: 0.4}, 3, nil) {
		fmt.Printf("point %d at %.1f\n", n.Index, math.Sqrt(n.Dist2))
	}
	// Output:
	// point 0 at 0.4
	// point 1 at 0.6
	// point 3 at 1.6
}

func ExampleEstimateNormals() {
	c := &Cloud{} // a floor half a metre below the camera
	for i := range 25 {
		c.XYZ = append(c.XYZ, float32(i%5), float32(i/5), 0.5)
	}
	n, err := EstimateNormals(context.Background(), c, NormalOptions{Search: Search{K: 9}})
	if err != nil {
		panic(err)
	}
	fmt.Println("z of the first normal:", n[2])
	// Output: z of the first normal: -1
}
