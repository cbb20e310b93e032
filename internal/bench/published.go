package bench

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/iad3d/iad3d"
)

// publishedCSV holds the tables of the README of BTF's program (E. Horwitz,
// Y. Hoshen, "Back to the Feature", 2022; wide_resnet50_2, coreset in half
// precision): MVTec 3D-AD as it is ("raw"), and without its background
// ("preprocessed").
//
//go:embed published.csv
var publishedCSV string

// meanClass stands for the mean over the classes of a set in the table.
const meanClass = "mean"

type publishedKey struct{ scans, method, class string }

var published = sync.OnceValue(func() map[publishedKey]iad3d.Metrics {
	rows, err := csv.NewReader(strings.NewReader(publishedCSV)).ReadAll()
	if err != nil {
		panic(fmt.Sprintf("bench: published.csv: %v", err))
	}
	table := make(map[publishedKey]iad3d.Metrics)
	for _, r := range rows[1:] {
		var v [3]float64
		for i := range v {
			if v[i], err = strconv.ParseFloat(r[3+i], 64); err != nil {
				panic(fmt.Sprintf("bench: published.csv: %v", err))
			}
		}
		table[publishedKey{r[0], r[1], r[2]}] = iad3d.Metrics{ImageAUROC: v[0], PixelAUROC: v[1], AUPRO: v[2]}
	}
	return table
})

// publishedFor returns the published figures of a method, nil when there are
// none: for another data set, another protocol, or the mean of other classes
// than the ten.
func (p *Plan) publishedFor(method, class string) *iad3d.Metrics {
	if p.Dataset != "mvtec3d" || p.Config.Protocol != iad3d.ProtocolBTF || strings.Contains(method, iad3d.FeatureRGB) && p.Backbone == nil {
		return nil
	}
	scans := "raw"
	if p.Preprocessed {
		scans = "preprocessed"
	}
	if class == meanClass && !p.allPublished() {
		return nil
	}
	if m, ok := published()[publishedKey{scans, method, class}]; ok {
		return &m
	}
	return nil
}

// allPublished reports whether the classes are those of the published mean.
func (p *Plan) allPublished() bool {
	n := 0
	for key := range published() {
		if key.scans == "raw" && key.method == iad3d.FeatureFPFH && key.class != meanClass {
			n++
		}
	}
	for _, c := range p.Classes {
		if _, ok := published()[publishedKey{"raw", iad3d.FeatureFPFH, c.Class}]; !ok || c.Class == meanClass {
			return false
		}
	}
	return n == len(p.Classes)
}
