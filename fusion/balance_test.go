package fusion_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/iad3d/iad3d/fusion"
	"github.com/iad3d/iad3d/grid"
)

// TestBalance checks the promise: mean squared distance 2 in every block, however
// large its values.
func TestBalance(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	widths := []int{3, 7, 2}
	const n = 200
	var rows []float32
	for range n {
		for b, w := range widths {
			for range w {
				rows = append(rows, float32(5+r.NormFloat64()*math.Pow(100, float64(b))))
			}
		}
	}
	scales := fusion.Balance(rows, widths)
	fusion.Rescale(rows, widths, scales)
	at := 0
	for b, w := range widths {
		sum := 0.0
		for i := range n {
			for k := range n {
				for j := at; j < at+w; j++ {
					d := float64(rows[i*12+j] - rows[k*12+j])
					sum += d * d
				}
			}
		}
		// n·n pairs, of which n are a row with itself; float32 rows.
		if got := sum / (n * n); math.Abs(got-2) > 1e-4 {
			t.Errorf("block %d: mean squared distance %v, want 2", b, got)
		}
		at += w
	}
}

func TestBalanceConstantBlock(t *testing.T) {
	for _, v := range []float32{0, 7, 0.1, 1e30} {
		rows := []float32{1, v, 2, v, 3, v}
		if s := fusion.Balance(rows, []int{1, 1}); s[1] != 1 {
			t.Errorf("scale %v of a block that is always %v, want 1", s[1], v)
		}
	}
}

// TestRescaleIsEarly holds that rows joined first and scaled later have the bits
// of blocks scaled while they are joined.
func TestRescaleIsEarly(t *testing.T) {
	a, b := grid.New(2, 3, 2), grid.New(2, 3, 1)
	for i := range a.Data {
		a.Data[i] = float32(i) / 7
	}
	for i := range b.Data {
		b.Data[i] = float32(i) * 13.1
	}
	scales := []float32{0.3, 1.7}
	joined, err := fusion.Early(fusion.Block{Map: a}, fusion.Block{Map: b})
	if err != nil {
		t.Fatal(err)
	}
	fusion.Rescale(joined.Data, []int{2, 1}, scales)
	want, err := fusion.Early(fusion.Block{Map: a, Scale: scales[0]}, fusion.Block{Map: b, Scale: scales[1]})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(joined.Data, want.Data) {
		t.Errorf("%v, want %v", joined.Data, want.Data)
	}
}

func TestBalancePanics(t *testing.T) {
	for _, f := range []func(){
		func() { fusion.Balance([]float32{1, 2, 3}, []int{2}) },
		func() { fusion.Balance(nil, []int{2}) },
		func() { fusion.Rescale([]float32{1, 2}, []int{1, 1}, []float32{1}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic for rows that do not fit")
				}
			}()
			f()
		}()
	}
}
