package grid_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/internal/portable"
)

// TestExtend compares with a look at all pixels, bit by bit.
func TestExtend(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 60 {
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
				best, at := math.MaxInt, -1 // of ties the nearest column, then the leftmost, then the upper one
				for dx := 0; dx < m.W; dx++ {
					for _, nx := range [2]int{x - dx, x + dx} {
						for ny := range m.H {
							if nx < 0 || nx >= m.W || !m.Valid[ny*m.W+nx] {
								continue
							}
							if d := dx*dx + (ny-y)*(ny-y); d < best {
								best, at = d, ny*m.W+nx
							}
						}
					}
				}
				want := float32(0)
				if reach := int(4 * sigma); at >= 0 && best <= reach*reach {
					want = float32(portable.Exp(-float64(best)/(2*sigma*sigma)) * float64(m.Data[at]))
				}
				if got.Data[i] != want {
					t.Fatalf("%v at a squared distance of %d, want %v", got.Data[i], best, want)
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

// BenchmarkExtend is a round part on the default detector's working raster.
func BenchmarkExtend(b *testing.B) {
	const side = 168
	m := grid.New(side, side, 1)
	m.Valid = make([]bool, side*side)
	for i := range m.Valid {
		dy, dx := i/side-side/2, i%side-side/2
		m.Data[i], m.Valid[i] = 1, dy*dy+dx*dx < side*side/9
	}
	for b.Loop() {
		grid.Extend(m, 4)
	}
}
