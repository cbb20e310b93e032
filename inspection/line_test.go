package inspection_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/inspection"
	"github.com/iad3d/iad3d/internal/synth"
	"github.com/iad3d/iad3d/io/dataset"
	"github.com/iad3d/iad3d/regions"
	"github.com/iad3d/iad3d/rgbd"
)

// TestLine inspects the synthetic line from end to end: a model of each part, a pixel
// threshold that no pixel of two further sound scans exceeds, and the regions that the
// detector's own map has above it, against the line's truth. The map is pooled and
// blurred: its regions say where a defect is, and are larger than it. What regions of
// the exact mask come to is in package regions.
func TestLine(t *testing.T) {
	if testing.Short() {
		t.Skip("fits five models")
	}
	dir := t.TempDir()
	o := synth.Options{Seed: 23, Train: 8, Validation: 2, Good: 1, PerDefect: 2, Defects: []string{"bump", "crack", "dent", "hole", "missing"}}
	if err := synth.Write(t.Context(), dir, o, nil); err != nil {
		t.Fatal(err)
	}
	var scans, found, near, certain, right int
	var ratios []float64
	for _, part := range synth.Parts() {
		set, err := dataset.OpenMVTec3D(dir, part)
		if err != nil {
			t.Fatal(err)
		}
		d, err := iad3d.Fit(t.Context(), iad3d.Config{}, rgbd.WithoutLabels(set.Scans(t.Context(), dataset.Train)))
		if err != nil {
			t.Fatal(err)
		}
		limits := &iad3d.Thresholds{}
		for l, err := range set.Scans(t.Context(), dataset.Validation) {
			if err != nil {
				t.Fatal(err)
			}
			r, err := d.Score(t.Context(), l.Scan)
			if err != nil {
				t.Fatal(err)
			}
			limits.Pixel = max(limits.Pixel, float64(r.Peak.Value))
		}
		truth := truthOf(t, filepath.Join(dir, part, "truth.json"))
		for l, err := range set.Scans(t.Context(), dataset.Test) {
			if err != nil {
				t.Fatal(err)
			}
			if !l.Anomalous() {
				continue
			}
			n, err := inspection.Inspect(t.Context(), d, l.Scan, inspection.Options{Thresholds: limits, MinArea: 0.5})
			if err != nil {
				t.Fatal(err)
			}
			scans++
			want := truth[l.Name]
			g := hit(n, l)
			if g == nil {
				continue
			}
			found++
			if math.Hypot(g.Centroid[0]-want.Centroid[0], g.Centroid[1]-want.Centroid[1]) <= 3 {
				near++
			}
			ratios = append(ratios, g.Area/want.Area)
			if g.Height != nil && g.Height.Certain {
				certain++
				if g.Height.Height*want.Height > 0 {
					right++
				}
			}
		}
	}
	slices.Sort(ratios)
	if len(ratios) == 0 {
		t.Fatal("nothing was found")
	}
	t.Logf("%d defective scans: a region on the defect in %d, its centroid within 3 mm across the line of sight in %d, its area %.1f times the defect's (median; %.1f to %.1f), sign of the height right in %d of %d certain ones",
		scans, found, near, ratios[len(ratios)/2], ratios[0], ratios[len(ratios)-1], right, certain)
	if near < found/2 {
		t.Errorf("only %d of %d centroids are near", near, found)
	}
}

type lineTruth struct {
	Scan     string     `json:"scan"`
	Centroid [3]float64 `json:"centroid_mm"`
	Area     float64    `json:"area_mm2"`
	Height   float64    `json:"height_mm"`
}

func truthOf(t *testing.T, path string) map[string]lineTruth {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []lineTruth
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	out := map[string]lineTruth{}
	for _, f := range all {
		out[f.Scan] = f
	}
	return out
}

// hit returns the region that has most of the defect's pixels, nil for none.
func hit(n *inspection.Inspection, l *rgbd.Labelled) *regions.Region {
	counts := make([]int, len(n.Found.Regions)+1)
	for i, id := range l.Truth.Pix {
		if id > 0 {
			counts[n.Found.Labels[i]]++
		}
	}
	counts[0] = 0
	best := slices.Index(counts, slices.Max(counts))
	if best == 0 {
		return nil
	}
	return &n.Found.Regions[best-1]
}
