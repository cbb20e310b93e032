package dataset_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/internal/golden"
	"github.com/iad3d/iad3d/io/dataset"
)

// The real class, as its files count it.
func TestEyecandiesReal(t *testing.T) {
	s, err := dataset.Open("eyecandies", golden.Shared(t, "data/eyecandies"), "CandyCane")
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, split := range s.Splits() {
		for _, it := range s.Items(split) {
			count[string(split)+" "+it.Defect]++
			if split != dataset.Test {
				continue
			}
			l, err := s.Load(it)
			if err != nil {
				t.Fatal(err)
			}
			// The mask is the union of those of the kinds the sample is labelled with.
			union := make([]uint8, len(l.Truth.Pix))
			for _, kind := range []string{"bumps", "dents", "colors", "normals"} {
				m, err := s.DefectMask(it, kind)
				if err != nil {
					t.Fatal(err)
				}
				if seen := slices.Max(m.Pix) > 0; seen != slices.Contains(it.Defects(), kind) {
					t.Errorf("%s: %s seen %v", it.Name, kind, seen)
				}
				for i, v := range m.Pix {
					union[i] = max(union[i], v)
				}
			}
			if !slices.Equal(union, l.Truth.Pix) {
				t.Errorf("%s: mask.png is not the union of the masks", it.Name)
			}
		}
	}
	want := map[string]int{
		"train good": 40, "validation good": 8, "test_private ": 2, "test good": 13, "test bumps": 2, "test dents": 3,
		"test colors": 2, "test normals": 3, "test bumps+dents+colors+normals": 2,
	}
	if !maps.Equal(count, want) {
		t.Errorf("counts %v, want %v", count, want)
	}
}

// normalsError is the median angle, in degrees, that the back-projected depth may
// have to the sample's own normals map, of 8 bits: the figure that was asked for.
const normalsError = 0.5

// The normal of a pixel is the cross product of the differences of its neighbours
// in a row and in a column. It is compared where those five depths lie within
// 1 % of each other: across an edge there is no normal. The part is what is
// nearer than the scene without it, which the farthest of all samples shows.
func TestEyecandiesNormals(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 115 samples")
	}
	s, err := dataset.Open("eyecandies", golden.Shared(t, "data/eyecandies"), "CandyCane")
	if err != nil {
		t.Fatal(err)
	}
	far := make([]float32, side*side)
	for _, it := range s.Items(dataset.Train) {
		l, err := s.Load(it)
		if err != nil {
			t.Fatal(err)
		}
		for i := range far {
			far[i] = max(far[i], l.Cloud.XYZ[3*i+2])
		}
	}
	for _, split := range s.Splits() {
		var all, part []float64
		worst := 0.0
		for _, it := range s.Items(split) {
			l, err := s.Load(it)
			if err != nil {
				t.Fatal(err)
			}
			n, w, h, err := s.Normals(it)
			if err != nil || w != l.Cloud.Width || h != l.Cloud.Height {
				t.Fatalf("%d×%d, %v", w, h, err)
			}
			var own []float64
			for i := range w * h {
				if i%w == 0 || i%w == w-1 || i/w == 0 || i/w == h-1 {
					continue
				}
				at := func(j int) r3.Vector { return l.Cloud.At(j) }
				c, left, right, up, down := at(i), at(i-1), at(i+1), at(i-w), at(i+w)
				lo, hi := min(c.Z, left.Z, right.Z, up.Z, down.Z), max(c.Z, left.Z, right.Z, up.Z, down.Z)
				if hi-lo > 0.01*c.Z {
					continue
				}
				// Down × right points to the camera: y × x = −z.
				got := down.Sub(up).Cross(right.Sub(left))
				angle := got.Angle(r3.Vector{X: n[3*i], Y: n[3*i+1], Z: n[3*i+2]}).Degrees()
				own = append(own, angle)
				if c.Z < float64(far[i])-0.02 {
					part = append(part, angle)
				}
			}
			worst = max(worst, median(own))
			all = append(all, own...)
		}
		share := float64(len(all)) / float64(len(s.Items(split))*side*side)
		m, p := median(all), median(part)
		t.Logf("%s: median %.3f° over %.1f %% of %d samples' pixels, %.3f° in the worst sample, %.3f° on the part (%d pixels)",
			split, m, 100*share, len(s.Items(split)), worst, p, len(part))
		if !(m < normalsError) || !(worst < normalsError) || !(p < normalsError) || share < 0.9 {
			t.Errorf("%s: %.3f°, %.3f°, share %.2f", split, m, worst, share)
		}
	}
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}
