package pointcloud

import (
	"fmt"
	"math"
	"testing"
)

// plane is an organised cloud of w×h points on z = slope·x, 1 mm apart in x and
// y.
func plane(w, h int, slope float64) *Cloud {
	c := &Cloud{Width: w, Height: h}
	for i := range w * h {
		x, y := float64(i%w)*1e-3, float64(i/w)*1e-3
		c.XYZ = append(c.XYZ, float32(x), float32(y), float32(0.5+float64(slope*x)))
	}
	return c
}

func TestPixelAreas(t *testing.T) {
	const tolerance = 1e-4 // relative: coordinates are float32
	for _, slope := range []float64{0, 1, -2} {
		c := plane(12, 9, slope)
		cell := 1e-6 * math.Sqrt(1+slope*slope)
		sum := 0.0
		for i, a := range PixelAreas(c, 0) {
			sum += float64(a)
			if x, y := i%12, i/12; x > 0 && x < 11 && y > 0 && y < 8 && math.Abs(float64(a)/cell-1) > tolerance {
				t.Errorf("slope %v: pixel (%d, %d) shows %v, want %v", slope, x, y, a, cell)
			}
		}
		if want := 11 * 8 * cell; math.Abs(sum/want-1) > tolerance {
			t.Errorf("slope %v: %v in all, want %v", slope, sum, want)
		}
	}
}

// Missing pixels show nothing and leave the others what is measured; a step in
// depth is no surface; millimetres give the same.
func TestPixelAreasOfGaps(t *testing.T) {
	c := plane(6, 6, 0)
	whole := PixelAreas(c, 0)
	c.Valid = make([]bool, 36)
	for i := range c.Valid {
		c.Valid[i] = i != 14
	}
	holed := PixelAreas(c, 0)
	if holed[14] != 0 || !(holed[15] < whole[15]) || holed[35] != whole[35] {
		t.Errorf("hole %v, beside it %v of %v, far off %v of %v", holed[14], holed[15], whole[15], holed[35], whole[35])
	}
	step := plane(6, 6, 0)
	for i := range 36 {
		if i%6 > 2 {
			step.XYZ[3*i+2] += 0.1
		}
	}
	sum := 0.0
	for _, a := range PixelAreas(step, 0) {
		sum += float64(a)
	}
	if want := 20e-6; math.Abs(sum/want-1) > 1e-4 { // 25 cells but for the column of the step
		t.Errorf("surface with a step %v, want %v", sum, want)
	}
	mm := plane(6, 6, 0)
	for i := range mm.XYZ {
		mm.XYZ[i] *= 1000
	}
	mm.Unit = Millimetre
	if a := PixelAreas(mm, 0)[14]; math.Abs(float64(a/whole[14])-1) > 1e-3 {
		t.Errorf("in millimetres %v, want %v", a, whole[14])
	}
	none := &Cloud{XYZ: make([]float32, 12), Width: 2, Height: 2, Valid: make([]bool, 4)}
	for _, a := range PixelAreas(none, 0) {
		if a != 0 {
			t.Errorf("nothing measured shows %v", a)
		}
	}
}

func ExamplePixelAreas() {
	c := &Cloud{Width: 3, Height: 3, Unit: Millimetre}
	for i := range 9 {
		c.XYZ = append(c.XYZ, float32(i%3)*2, float32(i/3)*2, 100) // 2 mm apart
	}
	fmt.Printf("%.0f mm²\n", 1e6*PixelAreas(c, 0)[4])
	// Output: 4 mm²
}
