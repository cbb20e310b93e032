package metrics

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// An image given as points, its regions as clusters of touching pixels, has the
// same figures.
func TestPointsAreImages(t *testing.T) {
	rng := rand.New(rand.NewPCG(51, 1))
	for range 100 {
		images := tiny(rng)
		var byPixel, byPoint Pixels[float64]
		for _, m := range images {
			if err := byPixel.Add(m); err != nil {
				t.Fatal(err)
			}
			touching := func(i int) []int32 {
				var near []int32
				for j := range m.Scores {
					dx, dy := j%m.Width-i%m.Width, j/m.Width-i/m.Width
					if dx*dx <= 1 && dy*dy <= 1 {
						near = append(near, int32(j))
					}
				}
				return near
			}
			region, _, err := Connect(m.Truth, touching)
			if err != nil {
				t.Fatal(err)
			}
			if err := byPoint.AddPoints(Points[float64]{Scores: m.Scores, Region: region}); err != nil {
				t.Fatal(err)
			}
		}
		if byPixel.Regions() != byPoint.Regions() || byPixel.OKPixels() != byPoint.OKPixels() || byPixel.DefectPixels() != byPoint.DefectPixels() {
			t.Fatal("other counts")
		}
		a, err := byPixel.ROCAUC()
		if err != nil {
			t.Fatal(err)
		}
		if b, err := byPoint.ROCAUC(); err != nil || a != b {
			t.Fatalf("ROC AUC %v, %v; want %v", b, err, a)
		}
		for _, exact := range []bool{false, true} {
			a, err := byPixel.PROCurve(PROOptions{Exact: exact})
			if err != nil {
				t.Fatal(err)
			}
			b, err := byPoint.PROCurve(PROOptions{Exact: exact})
			if err != nil || !slices.Equal(a.X, b.X) || !slices.Equal(a.Y, b.Y) {
				t.Fatalf("other curve, %v", err)
			}
		}
	}
}

func TestPointsErrors(t *testing.T) {
	for _, c := range []struct {
		points Points[float64]
		want   error
	}{
		{Points[float64]{}, ErrEmpty},
		{Points[float64]{Scores: []float64{1}, Region: []int32{}}, ErrLength},
		{Points[float64]{Scores: []float64{1, math.NaN()}}, ErrNotFinite},
		{Points[float64]{Scores: []float64{1, 2}, Region: []int32{-2, 0}}, ErrOption},
		{Points[float64]{Scores: []float64{1, 2}, Region: []int32{1, 1}}, ErrOption},
		{Points[float64]{Scores: []float64{1, 2}, Region: []int32{0, math.MaxInt32}}, ErrOption},
		{Points[float64]{Scores: []float64{1, 2}, Region: []int32{0, -1}, Saturation: Saturation{Area: 1}}, ErrOption},
		{Points[float64]{Scores: []float64{1, 2}, Region: []int32{0, -1}, Saturation: Saturation{Share: 2}}, ErrOption},
	} {
		var p Pixels[float64]
		if err := p.AddPoints(c.points); !errors.Is(err, c.want) || p.Images() != 0 || p.OKPixels() != 0 || p.Regions() != 0 {
			t.Errorf("%+v: %v, want %v", c.points, err, c.want)
		}
	}
	for _, j := range []int32{-1, 2} {
		if _, _, err := Connect([]bool{true, true}, func(int) []int32 { return []int32{j} }); !errors.Is(err, ErrLength) {
			t.Errorf("neighbour %d: %v", j, err)
		}
	}
}

// Points on a line, connected where they are at most 1.5 apart.
func ExampleConnect() {
	x := []float64{0, 1, 2, 5, 6, 9}
	defect := []bool{true, false, true, true, true, true}
	scores := []float64{.9, .2, .8, .3, .4, .1}
	region, n, err := Connect(defect, func(i int) []int32 {
		var near []int32
		for j := range x {
			if math.Abs(x[j]-x[i]) <= 1.5 {
				near = append(near, int32(j))
			}
		}
		return near
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(n, region)
	var p Pixels[float64]
	if err := p.AddPoints(Points[float64]{Scores: scores, Region: region}); err != nil {
		fmt.Println(err)
		return
	}
	c, err := p.PROCurve(PROOptions{Exact: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	a, _ := c.Area(1)
	fmt.Println(a.Value, a.Convention)
	// Output:
	// 4 [0 -1 1 2 2 3]
	// 0.75 AU-PRO exact: clusters of points, every distinct score, ties grouped, limit 1
}
