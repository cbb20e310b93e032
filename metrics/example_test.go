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

// Half of a defect is enough: sPRO in place of PRO.
func ExampleSaturation() {
	m := metrics.Image[float32]{
		Width: 4, Height: 2,
		Scores: []float32{
			.9, .8, .1, .1,
			.2, .3, .7, .1,
		},
		Truth: []bool{
			true, true, false, false,
			true, true, false, false,
		},
	}
	for _, s := range []metrics.Saturation{{}, {Share: 0.5}, {Pixels: 2}} {
		m.Saturation = s
		a, err := metrics.AUPRO([]metrics.Image[float32]{m}, metrics.OfficialLimit, metrics.PROOptions{Exact: true})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%v: %.3f %v\n", s, a.Value, a.Convention)
	}
	// Output:
	// the region: 0.583 AU-PRO exact: 8-connected, every distinct score, ties grouped, limit 0.3
	// 0.5 of the region: 1.000 AU-sPRO exact: 8-connected, every distinct score, ties grouped, limit 0.3
	// 2 pixels: 1.000 AU-sPRO exact: 8-connected, every distinct score, ties grouped, limit 0.3
}

// Figures per kind of defect, each against all good scans.
func ExampleUnion() {
	pools := map[string]*metrics.Pixels[float32]{"good": {}, "bent": {}, "cut": {}}
	for kind, p := range pools {
		m := metrics.Image[float32]{Width: 2, Height: 2, Scores: []float32{.1, .2, .3, .4}}
		switch kind {
		case "bent":
			m.Truth = []bool{false, false, false, true}
		case "cut":
			m.Truth = []bool{true, false, false, false}
		}
		if err := p.Add(m); err != nil {
			fmt.Println(err)
			return
		}
	}
	for _, kind := range []string{"bent", "cut"} {
		auc, err := metrics.Union(pools["good"], pools[kind]).ROCAUC()
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s %.3f\n", kind, auc.Value)
	}
	// Output:
	// bent 0.929
	// cut 0.071
}

// Is one method better than another? The replicas of both are drawn alike.
func ExampleBootstrap() {
	replicas := func(lift float32) []float64 {
		var pool metrics.Pixels[float32]
		var images []metrics.Image[float32]
		for i := range 12 {
			m := metrics.Image[float32]{Width: 4, Height: 4, Scores: make([]float32, 16)}
			for k := range m.Scores {
				m.Scores[k] = float32((k*7+i*5)%16) / 16
			}
			if i%2 == 1 {
				m.Truth = make([]bool, 16)
				m.Truth[i] = true
				m.Scores[i] += lift
			}
			if err := pool.Add(m); err != nil {
				fmt.Println(err)
			}
			images = append(images, m)
		}
		thresholds, err := pool.BootstrapThresholds()
		if err != nil {
			fmt.Println(err)
		}
		b, err := metrics.NewBootstrap[float32](thresholds)
		if err != nil {
			fmt.Println(err)
		}
		for i, m := range images {
			if err := b.Add(m, float64(m.Scores[i]), m.Truth != nil); err != nil {
				fmt.Println(err)
			}
		}
		r, err := b.Replicas(200, 1, metrics.OfficialLimit)
		if err != nil {
			fmt.Println(err)
		}
		return r.PixelAUROC
	}
	better, worse := replicas(0.5), replicas(0.1)
	for i := range better {
		better[i] -= worse[i]
	}
	i, err := metrics.Interval(better, 0.95)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("better:", i.Low > 0)
	// Output: better: true
}
