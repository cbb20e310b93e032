package fusion_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/iad3d/iad3d/fusion"
	"github.com/iad3d/iad3d/grid"
)

// TestWeights holds the two promises: the mean level adds up to 1, and with many
// parts a kind counts by the inverse of its spread.
func TestWeights(t *testing.T) {
	levels := []fusion.Level{{Mean: 4, Spread: 1}, {Mean: 0.1, Spread: 0.01}, {Mean: 2, Spread: 0.1}}
	for _, n := range []int{2, 10, 100_000} {
		w := fusion.Weights(levels, n)
		sum := 0.0
		for i, l := range levels {
			sum += w[i] * l.Mean
		}
		if math.Abs(sum-1) > 1e-12 {
			t.Errorf("%d parts: the mean level is %v", n, sum)
		}
	}
	w := fusion.Weights(levels, 100_000)
	if r := w[1] * levels[1].Spread / (w[0] * levels[0].Spread); math.Abs(r-1) > 0.01 {
		t.Errorf("weights %v: ratio of z values %v", w, r)
	}
	few := fusion.Weights(levels, 2)
	if few[2]/few[0] > w[2]/w[0] {
		t.Errorf("a small spread of two parts counts %v, of many %v", few, w)
	}
}

// TestWeightsOfSilence: kinds that see nothing on sound parts, or do not vary.
func TestWeightsOfSilence(t *testing.T) {
	for _, levels := range [][]fusion.Level{{{}}, {{}, {}}, {{Mean: 1}}, {{Mean: 1, Spread: 0.5}, {}}, {{Mean: 3}, {Mean: 3}}} {
		for _, n := range []int{1, 5} {
			for _, w := range fusion.Weights(levels, n) {
				if !(w > 0) || math.IsInf(w, 0) {
					t.Errorf("%v of %d: weight %v", levels, n, w)
				}
			}
		}
	}
}

// TestSketchKeepsDistances compares squared distances of unit vectors with those of
// their sketches: in the mean equal, one by one within 4 standard deviations.
func TestSketchKeepsDistances(t *testing.T) {
	const n, channels, dim = 60, 1024, 128
	r := rand.New(rand.NewPCG(1, 2))
	m := grid.New(1, n, channels)
	for i := range m.Data {
		m.Data[i] = float32(max(0, r.NormFloat64())) // as after a rectifier
	}
	s := fusion.Sketch(m, dim, 5)
	unit := fusion.Sketch(m, channels, 5)
	if s.C != dim || unit.C != channels {
		t.Fatalf("%d and %d channels", s.C, unit.C)
	}
	sum, pairs := 0.0, 0
	for i := range n {
		for j := range i {
			ratio := squared(s, i, j) / squared(unit, i, j)
			sum += ratio
			pairs++
			if math.Abs(ratio-1) > 4*math.Sqrt(2.0/dim) {
				t.Errorf("pixels %d and %d: squared distance %v times what it was", i, j, ratio)
			}
		}
	}
	if mean := sum / float64(pairs); math.Abs(mean-1) > 0.02 {
		t.Errorf("squared distances come out %v times in the mean", mean)
	}
	zero := fusion.Sketch(grid.New(1, 1, channels), dim, 5)
	for _, v := range zero.Data {
		if v != 0 {
			t.Fatal("nothing has a direction")
		}
	}
}

func squared(m *grid.Map, i, j int) float64 {
	sum := 0.0
	for c := range m.C {
		d := float64(m.At(0, i, c) - m.At(0, j, c))
		sum += d * d
	}
	return sum
}
