package report_test

import (
	"bytes"
	"fmt"
	"image"
	"os"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/report"
	"github.com/iad3d/iad3d/rgbd"
)

func ExampleText() {
	e := &iad3d.Evaluation{
		Metrics:    iad3d.Metrics{ImageAUROC: 0.9375, PixelAUROC: 0.9812, AUPRO: 0.9307},
		Convention: "AU-PRO: official, limit 0.3",
		Good:       4,
		Defective:  8,
		Defects: []iad3d.DefectMetrics{
			{Defect: "dent", Scans: 5, Regions: 6, Metrics: iad3d.Metrics{ImageAUROC: 0.9, PixelAUROC: 0.9751, AUPRO: 0.9102}},
			{Defect: "hole", Scans: 3, Regions: 3, Metrics: iad3d.Metrics{ImageAUROC: 1, PixelAUROC: 0.9914, AUPRO: 0.9655}},
		},
	}
	if err := report.Text(os.Stdout, e); err != nil {
		fmt.Println(err)
	}
	// Output:
	// defect  scans  image AUROC  pixel AUROC  AU-PRO
	// dent        5       0.9000       0.9751  0.9102
	// hole        3       1.0000       0.9914  0.9655
	// all         8       0.9375       0.9812  0.9307
	// against 4 good scans
	// AU-PRO: official, limit 0.3
}

func ExampleLine() {
	m := grid.New(300, 400, 1)
	m.Set(120, 250, 0, 3.5)
	r := &iad3d.Result{
		Name:   "part-0017",
		Source: "in/part-0017.tiff",
		Score:  3.25,
		Map:    m,
		Peak:   iad3d.Peak{X: 250, Y: 120, Value: 3.5},
	}
	if err := report.Line(os.Stdout, r, report.Files{Heatmap: "out/part-0017.png"}); err != nil {
		fmt.Println(err)
	}
	// Output: {"scan":"part-0017","source":"in/part-0017.tiff","score":3.25,"peak":{"x":250,"y":120,"value":3.5},"width":400,"height":300,"files":{"heatmap":"out/part-0017.png"}}
}

// Two scans of a batch, on the scale of the batch.
func ExampleHeatmap() {
	var results []*iad3d.Result
	var scans []*rgbd.Scan
	for i, peak := range []float32{2, 9} {
		m := grid.New(8, 10, 1)
		for k := range m.Data {
			m.Data[k] = 1
		}
		m.Set(3, 4, 0, peak)
		name := fmt.Sprintf("part-%d", i)
		cloud := &pointcloud.Cloud{XYZ: make([]float32, 3*80), Width: 10, Height: 8}
		scans = append(scans, &rgbd.Scan{Name: name, Cloud: cloud})
		results = append(results, &iad3d.Result{Name: name, Score: float64(peak), Map: m, Peak: iad3d.Peak{X: 4, Y: 3, Value: peak}})
	}
	low, high := report.Scale(results)
	fmt.Println("scale from", low, "to", high)
	for i, s := range scans {
		var b bytes.Buffer
		if err := report.Heatmap(&b, s, results[i], report.HeatmapOptions{Low: low, High: high}); err != nil {
			fmt.Println(err)
			return
		}
		_, format, err := image.DecodeConfig(&b)
		fmt.Println(s.Name, format, err)
	}
	// Output:
	// scale from 1 to 9
	// part-0 png <nil>
	// part-1 png <nil>
}
