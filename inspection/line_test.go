package inspection_test

import (
	"encoding/json"
	"fmt"
	"maps"
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

// What regions must come to, of the defects in which one was found. A bent part has no
// place of its own: its region is what of it lies off the sound part.
const (
	lineCentroid = 1.0  // mm
	lineArea     = 0.25 // of the area
	leastArea    = 4.0  // mm²
	centroidsIn  = 0.8
	areasIn      = 0.8
	signsIn      = 0.95
)

// tally counts what became of one kind of defect.
type tally struct {
	scans, found, near, areas, right, signs, certain, certainRight int
	ratios                                                         []float64
}

func (t *tally) add(o *tally) {
	t.scans, t.found, t.near, t.areas = t.scans+o.scans, t.found+o.found, t.near+o.near, t.areas+o.areas
	t.right, t.signs = t.right+o.right, t.signs+o.signs
	t.certain, t.certainRight = t.certain+o.certain, t.certainRight+o.certainRight
	t.ratios = append(t.ratios, o.ratios...)
}

func (t *tally) String() string {
	slices.Sort(t.ratios)
	middle := 0.0
	if n := len(t.ratios); n > 0 {
		middle = t.ratios[n/2]
	}
	return fmt.Sprintf("%3d scans, found in %3d: centroid within %.0f mm %3d, area within %.0f %% %3d (median ratio %.2f), sign of the height %d of %d, certain ones %d of %d",
		t.scans, t.found, lineCentroid, t.near, 100*lineArea, t.areas, middle, t.right, t.signs, t.certainRight, t.certain)
}

// TestLine inspects the synthetic line from end to end: a model of each part, judged by
// its own thresholds, and the regions that it finds against the line's truth.
// IAD3D_LONG asks for scans of 400×400 pixels and two seeds.
func TestLine(t *testing.T) {
	if testing.Short() {
		t.Skip("fits five models")
	}
	runs := []synth.Options{{Seed: 23, Train: 10, Validation: -1, Good: -1}}
	if os.Getenv("IAD3D_LONG") != "" {
		runs = []synth.Options{{Seed: 505, Size: 400, Train: 14, Validation: -1, Good: -1, PerDefect: 2}, {Seed: 606, Size: 400, Train: 14, Validation: -1, Good: -1, PerDefect: 2}}
	}
	kinds := map[string]*tally{}
	for _, o := range runs {
		for _, part := range synth.Parts() {
			o.Parts = []string{part}
			lineOf(t, o, kinds)
		}
	}
	local := &tally{}
	for _, k := range slices.Sorted(maps.Keys(kinds)) {
		t.Logf("%-8s %v", k, kinds[k])
		if k != "bent" {
			local.add(kinds[k])
		}
	}
	t.Logf("local    %v", local)
	if local.found < local.scans*2/3 {
		t.Errorf("found %d of %d", local.found, local.scans)
	}
	if float64(local.near) < centroidsIn*float64(local.found) {
		t.Errorf("centroids: %d of %d", local.near, local.found)
	}
	if float64(local.areas) < areasIn*float64(local.found) {
		t.Errorf("areas: %d of %d", local.areas, local.found)
	}
	if float64(local.right) < signsIn*float64(local.signs) {
		t.Errorf("signs: %d of %d", local.right, local.signs)
	}
}

func lineOf(t *testing.T, o synth.Options, kinds map[string]*tally) {
	dir, part := t.TempDir(), o.Parts[0]
	if err := synth.Write(t.Context(), dir, o, nil); err != nil {
		t.Fatal(err)
	}
	set, err := dataset.OpenMVTec3D(dir, part)
	if err != nil {
		t.Fatal(err)
	}
	d, err := iad3d.Fit(t.Context(), iad3d.Config{}, rgbd.WithoutLabels(set.Scans(t.Context(), dataset.Train)))
	if err != nil {
		t.Fatal(err)
	}
	truth := truthOf(t, filepath.Join(dir, part, "truth.json"))
	for l, err := range set.Scans(t.Context(), dataset.Test) {
		if err != nil {
			t.Fatal(err)
		}
		n, err := inspection.Inspect(t.Context(), d, l.Scan, inspection.Options{MinArea: 0.5})
		if err != nil {
			t.Fatal(err)
		}
		k := kinds[l.Defect]
		if k == nil {
			k = &tally{}
			kinds[l.Defect] = k
		}
		want := truth[l.Name]
		if want.Area < leastArea {
			continue
		}
		k.scans++
		g := hit(n, l)
		if g == nil {
			continue
		}
		k.found++
		off, ratio := math.Hypot(g.Centroid[0]-want.Centroid[0], g.Centroid[1]-want.Centroid[1]), g.Area/want.Area
		k.near += count(off <= lineCentroid)
		k.areas += count(math.Abs(ratio-1) <= lineArea)
		k.ratios = append(k.ratios, ratio)
		if want.Height != 0 && g.Height != nil {
			ok := g.Height.Height*want.Height > 0
			k.signs++
			k.right += count(ok)
			if g.Height.Certain {
				k.certain++
				k.certainRight += count(ok)
			}
		}
		if off > lineCentroid || math.Abs(ratio-1) > lineArea {
			t.Logf("%s %s: by %s, centroid %.2f mm off, area %.2f times %.1f mm²", part, l.Name, g.Extent, off, ratio, want.Area)
		}
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

func count(ok bool) int {
	if ok {
		return 1
	}
	return 0
}
