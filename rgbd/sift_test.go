package rgbd

import (
	"math"
	"testing"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/internal/golden"
)

func TestDenseSIFTOracle(t *testing.T) {
	for _, c := range reference(t).SIFT.Cases {
		t.Run(c.Name, func(t *testing.T) {
			m := DenseSIFT(depthFile(t, c.Input.File), 0)
			planes := golden.NPY(t, c.F32.File).Float64s()
			want := make([]float64, len(planes))
			for i, v := range planes {
				want[i%(m.H*m.W)*siftDim+i/(m.H*m.W)] = v
			}
			d := differ(t, m.Data, want)
			t.Logf("off by %.2g at most", d)
			if d > siftTolerance {
				t.Errorf("off by %g", d)
			}
		})
	}
}

// SIFT cells are what the two poolings of package grid make of the map.
func TestSIFTCellsAgainstPooledMap(t *testing.T) {
	const tolerance = 2e-7 // two float32 roundings of values up to 1
	for _, c := range []struct{ h, w, cells int }{{224, 224, 28}, {41, 77, 5}, {30, 30, 28}, {50, 33, 1}, {3, 9, 1}, {70, 64, 33}} {
		z := terrain(c.h, c.w, 4)
		got, err := DepthSIFT.Cells(z, c.cells, 2)
		if err != nil {
			t.Fatal(err)
		}
		want := grid.AdaptiveAvgPool(grid.AvgPool(DenseSIFT(z, 2), 3), c.cells, c.cells)
		wide := make([]float64, len(want.Data))
		for i, v := range want.Data {
			wide[i] = float64(v)
		}
		if d := differ(t, got.Data, wide); d > tolerance {
			t.Errorf("%+v: off by %g", c, d)
		}
	}
}

// plainSIFT is the rule as the reference computes it, whole maps at a time and
// with every norm.
func plainSIFT(z *grid.Map) []float64 {
	at := func(y, x int) float64 {
		return float64(z.At(min(max(y, 0), z.H-1), min(max(x, 0), z.W-1), 0))
	}
	unit := func(v []float64) {
		n := 0.0
		for _, f := range v {
			n += f * f
		}
		for i := range v {
			v[i] /= max(math.Sqrt(n), 1e-12)
		}
	}
	var pooled [8][][]float64
	for a := range pooled {
		m := make([][]float64, z.H)
		for y := range m {
			m[y] = make([]float64, z.W)
			for x := range m[y] {
				gx, gy := (at(y, x+1)-at(y, x-1))/2, (at(y+1, x)-at(y-1, x))/2
				angle := (math.Atan2(gy, gx+1e-10) + 2*math.Pi) * 8 / (2 * math.Pi)
				low := math.Floor(angle)
				mag := math.Sqrt(gx*gx + gy*gy + 1e-10)
				if int(low)%8 == a {
					m[y][x] += (1 - angle + low) * mag
				}
				if (int(low)+1)%8 == a {
					m[y][x] += (angle - low) * mag
				}
			}
		}
		pooled[a] = make([][]float64, z.H+1)
		for i := range pooled[a] {
			pooled[a][i] = make([]float64, z.W+1)
			for j := range pooled[a][i] {
				for u := range 4 {
					for v := range 4 {
						if y, x := i+u-2, j+v-2; y >= 0 && y < z.H && x >= 0 && x < z.W {
							pooled[a][i][j] += (2 - math.Abs(float64(u)-1.5)) * (2 - math.Abs(float64(v)-1.5)) / 4 * m[y][x]
						}
					}
				}
			}
		}
	}
	var out []float64
	for y := range z.H {
		for x := range z.W {
			v := make([]float64, 0, 128)
			for a := range pooled {
				for i := y - 1; i <= y+2; i++ {
					for j := x - 1; j <= x+2; j++ {
						p := 0.0
						if i >= 0 && i <= z.H && j >= 0 && j <= z.W {
							p = pooled[a][i][j]
						}
						v = append(v, p)
					}
				}
			}
			unit(v)
			for i := range v {
				v[i] = min(v[i], 0.2)
			}
			unit(v)
			sum := 0.0
			for _, f := range v {
				sum += f
			}
			for i := range v {
				v[i] = math.Sqrt(v[i]/max(sum, 1e-12) + 1e-10)
			}
			out = append(out, v...)
		}
	}
	return out
}

func TestDenseSIFTAgainstPlainRule(t *testing.T) {
	for _, s := range [][2]int{{1, 1}, {1, 6}, {2, 3}, {37, 5}, {33, 40}, {70, 11}} {
		z := terrain(s[0], s[1], 7)
		if d := differ(t, DenseSIFT(z, 3).Data, plainSIFT(z)); d > 1e-7 { // the rounding to float32
			t.Errorf("%v: off by %g", s, d)
		}
	}
}
