package metrics_test

import (
	"fmt"

	"github.com/iad3d/iad3d/metrics"
)

func ExampleROCAUC() {
	scores := []float64{0.1, 0.4, 0.35, 0.8}
	defect := []bool{false, false, true, true}
	auc, err := metrics.ROCAUC(scores, defect)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(auc.Value, "-", auc.Convention)
	// Output: 0.75 - ROC AUC: Mann-Whitney, ties count one half (scikit-learn)
}

func ExampleAUPRO() {
	// The three defect pixels touch, one by a corner only: one region.
	images := []metrics.Image[float32]{{
		Width: 4, Height: 3,
		Scores: []float32{
			.1, .2, .1, .0,
			.3, .9, .8, .1,
			.2, .1, .4, .2,
		},
		Truth: []bool{
			false, false, false, false,
			false, true, true, false,
			false, false, false, true,
		},
	}}
	for _, o := range []metrics.PROOptions{{}, {Exact: true}} {
		a, err := metrics.AUPRO(images, metrics.OfficialLimit, o)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%.4f %v\n", a.Value, a.Convention)
	}
	// Output:
	// 0.6667 AU-PRO official: 8-connected, 100 positions, limit 0.3
	// 0.6818 AU-PRO exact: 8-connected, every distinct score, ties grouped, limit 0.3
}

// The pool takes the maps one at a time, and sorts them once for all figures.
func ExamplePixels() {
	var p metrics.Pixels[float32]
	for range 3 {
		err := p.Add(metrics.Image[float32]{
			Width: 2, Height: 2,
			Scores: []float32{.1, .2, .9, .3},
			Truth:  []bool{false, false, true, false},
		})
		if err != nil {
			fmt.Println(err)
			return
		}
	}
	auc, _ := p.ROCAUC()
	curve, err := p.PROCurve(metrics.PROOptions{Exact: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, limit := range []float64{0.3, 0.05} {
		a, _ := curve.Area(limit)
		fmt.Println(auc.Value, a.Value, a.Limit)
	}
	// Output:
	// 1 1 0.3
	// 1 1 0.05
}
