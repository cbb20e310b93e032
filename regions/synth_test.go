package regions_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/internal/synth"
	"github.com/iad3d/iad3d/io/dataset"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/regions"
	"github.com/iad3d/iad3d/rgbd"
)

// finding is what the line's truth.json says of a defect.
type finding struct {
	Scan     string     `json:"scan"`
	Centroid [3]float64 `json:"centroid_mm"`
	Area     float64    `json:"area_mm2"`
	Height   float64    `json:"height_mm"`
}

// What regions of the truth masks must come to. The sensor leaves out what the
// projector does not reach; the bottom of a deep hole is then where its nearest
// measured pixel is, and only such centroids are further off.
const (
	centroidOff   = 1.0  // mm
	areaOff       = 0.25 // of the area, for those above leastArea
	leastArea     = 4.0  // mm²
	mostMissing   = 0.5  // of the pixels, for the depth of the centroid
	centroidShare = 0.95
	acrossShare   = 0.98 // of all centroids, across the line of sight
	signShare     = 0.95 // of the heights that are certain
	localShare    = 0.93 // of all heights but those of bent parts
)

// TestTruth measures the regions of the truth masks of the synthetic line, with the
// sensor's noise and gaps, against what the line knows of its defects.
func TestTruth(t *testing.T) {
	dir := t.TempDir()
	o := synth.Options{Seed: 41, Size: 224, Train: -1, Validation: -1, Good: -1, PerDefect: 4}
	if testing.Short() {
		o.Parts, o.PerDefect = []string{"bracket", "washer"}, 1
	}
	if err := synth.Write(t.Context(), dir, o, nil); err != nil {
		t.Fatal(err)
	}
	parts := o.Parts
	if parts == nil {
		parts = synth.Parts()
	}
	var across, seen, near, areas, certain, certainRight, local, localRight, bent, bentRight, scans int
	worstArea := 0.0
	for _, part := range parts {
		truth := findings(t, filepath.Join(dir, part, "truth.json"))
		set, err := dataset.OpenMVTec3D(dir, part)
		if err != nil {
			t.Fatal(err)
		}
		for l, err := range set.Scans(t.Context(), dataset.Test) {
			if err != nil {
				t.Fatal(err)
			}
			if l.Defect == rgbd.Good {
				continue
			}
			scans++
			want := truth[l.Name]
			f := measure(t, l)
			all, biggest := whole(f)
			off := distance(all.Centroid, want.Centroid)
			if math.Hypot(all.Centroid[0]-want.Centroid[0], all.Centroid[1]-want.Centroid[1]) <= centroidOff {
				across++
			}
			if all.Missing <= mostMissing {
				seen++
				if off <= centroidOff {
					near++
				} else {
					t.Logf("%s %s: centroid %.2f mm off, %.0f %% without data", part, l.Name, off, 100*all.Missing)
				}
			}
			if want.Area > leastArea {
				areas++
				worstArea = max(worstArea, math.Abs(all.Area/want.Area-1))
			}
			h := biggest.Height
			if want.Height == 0 {
				continue
			}
			right := h != nil && h.Height*want.Height > 0
			if l.Defect == "bent" {
				bent++
				bentRight += count(right)
			} else {
				local++
				localRight += count(right)
			}
			if h != nil && h.Certain {
				certain++
				certainRight += count(right)
			}
		}
	}
	t.Logf("%d scans: centroid within %.0f mm across the line of sight in %d, in space in %d of %d of which at least half was measured; area off by at most %.1f %% in %d; sign of the height right in %d of %d local defects, %d of %d bent parts, %d of %d certain ones",
		scans, centroidOff, across, near, seen, 100*worstArea, areas, localRight, local, bentRight, bent, certainRight, certain)
	if float64(near) < centroidShare*float64(seen) {
		t.Errorf("centroids: %d of %d", near, seen)
	}
	if float64(across) < acrossShare*float64(scans) {
		t.Errorf("centroids across the line of sight: %d of %d", across, scans)
	}
	if worstArea > areaOff {
		t.Errorf("area off by %.1f %%", 100*worstArea)
	}
	if float64(localRight) < localShare*float64(local) {
		t.Errorf("signs: %d of %d", localRight, local)
	}
	if float64(certainRight) < signShare*float64(certain) || certain < (local+bent)/2 {
		t.Errorf("signs: %d of %d certain ones", certainRight, certain)
	}
}

func findings(t *testing.T, path string) map[string]finding {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []finding
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	out := map[string]finding{}
	for _, f := range all {
		out[f.Scan] = f
	}
	return out
}

// measure finds the regions of a scan's truth mask.
func measure(t *testing.T, l *rgbd.Labelled) *regions.Found {
	t.Helper()
	m := grid.New(l.Cloud.Height, l.Cloud.Width, 1)
	for i, id := range l.Truth.Pix {
		m.Data[i] = float32(id)
	}
	part, err := pointcloud.FindForeground(t.Context(), l.Cloud, pointcloud.ForegroundOptions{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := regions.Find(t.Context(), m, l.Cloud, regions.Options{Threshold: 0.5, Surface: part.Part})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// whole joins regions, as a defect may have several, and returns the biggest one.
func whole(f *regions.Found) (all, biggest regions.Region) {
	for _, r := range f.Regions {
		for k := range 3 {
			all.Centroid[k] += r.Centroid[k] * float64(r.Pixels)
		}
		all.Area += r.Area
		all.Missing += r.Missing * float64(r.Pixels)
		all.Pixels += r.Pixels
	}
	for k := range 3 {
		all.Centroid[k] /= float64(all.Pixels)
	}
	all.Missing /= float64(all.Pixels)
	biggest = slices.MaxFunc(f.Regions, func(a, b regions.Region) int { return a.Pixels - b.Pixels })
	return all, biggest
}

func distance(a, b [3]float64) float64 {
	s := 0.0
	for k := range 3 {
		s += (a[k] - b[k]) * (a[k] - b[k])
	}
	return math.Sqrt(s)
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}
