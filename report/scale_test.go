package report

import (
	"image"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/grid"
)

func mapResult(values ...float32) *iad3d.Result {
	return &iad3d.Result{Map: &grid.Map{H: 1, W: len(values), C: 1, Data: values}}
}

func TestScale(t *testing.T) {
	nan := float32(math.NaN())
	hidden := mapResult(1, 2, 3, 50)
	hidden.Map.Valid = []bool{true, true, true, false}
	for name, c := range map[string]struct {
		results   []*iad3d.Result
		low, high float64
	}{
		"none":         {nil, 0, 0},
		"no map":       {[]*iad3d.Result{{}}, 0, 0},
		"one":          {[]*iad3d.Result{mapResult(5, 1, 2, 3, 4)}, 3, 5},
		"even":         {[]*iad3d.Result{mapResult(4, 1, 2, 3)}, 2, 4},
		"constant":     {[]*iad3d.Result{mapResult(2, 2)}, 2, 2},
		"background":   {[]*iad3d.Result{mapResult(0, 0, 0, 0, 0, 0, 1, 2, 3)}, 2, 3},
		"all 0":        {[]*iad3d.Result{mapResult(0, 0)}, 0, 0},
		"not measured": {[]*iad3d.Result{hidden}, 2, 50},
		"not finite":   {[]*iad3d.Result{mapResult(nan, 1, 2, 3, float32(math.Inf(1)))}, 2, 3},
		// One bad part of three moves the high end alone.
		"batch": {[]*iad3d.Result{mapResult(1, 1.5, 2), mapResult(50, 70, 90), mapResult(1, 2, 3)}, 2, 90},
	} {
		if low, high := Scale(c.results); low != c.low || high != c.high {
			t.Errorf("%s: scale from %g to %g, want %g to %g", name, low, high, c.low, c.high)
		}
	}
}

func TestScaleDoesNotDependOnTheOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var results []*iad3d.Result
	for range 40 {
		v := make([]float32, 200)
		for i := range v {
			v[i] = float32(r.ExpFloat64())
		}
		results = append(results, mapResult(v...))
	}
	before := slices.Clone(results[0].Map.Data)
	low, high := Scale(results)
	if !(low > 0.5 && low < 0.9 && high > 5) { // the median of the distribution is ln 2
		t.Errorf("scale from %g to %g", low, high)
	}
	r.Shuffle(len(results), func(i, j int) { results[i], results[j] = results[j], results[i] })
	var s Scaler
	for i, one := range results {
		s.Add(one)
		if l, h := s.Scale(); !(l <= h) {
			t.Fatalf("after %d results the scale goes from %g to %g", i+1, l, h)
		}
	}
	if l, h := s.Scale(); l != low || h != high {
		t.Errorf("shuffled: %g to %g, want %g to %g", l, h, low, high)
	}
	if i := slices.IndexFunc(results, func(x *iad3d.Result) bool { return slices.Equal(x.Map.Data, before) }); i < 0 {
		t.Error("a map changed")
	}
}

func TestScaleSuitsHeatmap(t *testing.T) {
	s := flatScan(20, 20)
	for _, v := range []float32{0, 1, 5} {
		r := spotResult(20, 20, image.Rect(0, 0, 1, 1), v)
		low, high := Scale([]*iad3d.Result{r})
		render(t, s, r, HeatmapOptions{Low: low, High: high})
	}
}
