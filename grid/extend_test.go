package grid_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/iad3d/iad3d/grid"
)

// TestExtend compares with the nearest of all valid pixels.
func TestExtend(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		m := grid.New(1+r.IntN(30), 1+r.IntN(30), 1)
		m.Valid = make([]bool, len(m.Data))
		density := r.Float64()
		for i := range m.Data {
			m.Data[i] = float32(1 + r.Float64())
			m.Valid[i] = r.Float64() < density*density
		}
		sigma := 0.5 + 3*r.Float64()
		got := grid.Extend(m, sigma)
		for y := range m.H {
			for x := range m.W {
				i := y*m.W + x
				if m.Valid[i] {
					if got.Data[i] != m.Data[i] {
						t.Fatal("a valid pixel changed")
					}
					continue
				}
				best := math.Inf(1)
				for j, ok := range m.Valid {
					if ok {
						best = min(best, math.Hypot(float64(j%m.W-x), float64(j/m.W-y)))
					}
				}
				if best > math.Floor(4*sigma) {
					if got.Data[i] != 0 {
						t.Fatalf("%v at a distance of %v", got.Data[i], best)
					}
					continue
				}
				found := false
				for j, ok := range m.Valid { // any of the nearest
					if ok && math.Hypot(float64(j%m.W-x), float64(j/m.W-y)) == best {
						want := float64(m.Data[j]) * math.Exp(-best*best/(2*sigma*sigma))
						found = found || math.Abs(float64(got.Data[i])-want) < 1e-6
					}
				}
				if !found {
					t.Fatalf("%v at a distance of %v", got.Data[i], best)
				}
			}
		}
	}
	whole := grid.New(2, 2, 1)
	whole.Data[3] = 5
	if got := grid.Extend(whole, 1); got.Data[3] != 5 || got.Data[0] != 0 {
		t.Errorf("%v", got.Data)
	}
}
