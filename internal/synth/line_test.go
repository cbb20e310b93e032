package synth

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"runtime"
	"slices"
	"testing"

	"github.com/iad3d/iad3d/rgbd"
)

// digest is a hash of all that a scan holds.
func digest(t *testing.T, part, defect string, o Options) string {
	t.Helper()
	l, err := Scan(t.Context(), part, defect, 1, Test, o)
	if err != nil {
		t.Fatal(err)
	}
	h := fnv.New64a()
	fmt.Fprint(h, l.Name, l.Cloud.XYZ, l.Cloud.Valid, l.Colour.Pix, l.Truth.Pix)
	return fmt.Sprintf("%016x", h.Sum64())
}

// workers sets the number of processors for the rest of a test.
func workers(t *testing.T, n int) {
	old := runtime.GOMAXPROCS(n)
	t.Cleanup(func() { runtime.GOMAXPROCS(old) })
}

func TestScanIsReproducible(t *testing.T) {
	seen := map[string]string{}
	for _, part := range Parts() {
		for _, defect := range []string{rgbd.Good, "crack", "missing", "stained"} {
			name := part + "/" + defect
			workers(t, 1)
			one := digest(t, part, defect, Options{Seed: 5, Size: 64})
			workers(t, 4)
			if four := digest(t, part, defect, Options{Seed: 5, Size: 64}); four != one {
				t.Errorf("%s: four processors give %s, one gives %s", name, four, one)
			}
			if again := digest(t, part, defect, Options{Seed: 5, Size: 64, Train: 3, Parts: []string{part}}); again != one {
				t.Errorf("%s: the numbers of scans change a scan", name)
			}
			for _, d := range []string{one, digest(t, part, defect, Options{Seed: 6, Size: 64})} {
				if other, ok := seen[d]; ok {
					t.Errorf("%s is the same as %s", name, other)
				}
				seen[d] = name
			}
		}
	}
}

func TestScansOfOneKindDiffer(t *testing.T) {
	o := Options{Size: 48}
	var clouds [][]float32
	for _, split := range []string{Train, Validation, Test} {
		for i := range 2 {
			l, err := Scan(t.Context(), "gear", rgbd.Good, i, split, o)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range clouds {
				if slices.Equal(c, l.Cloud.XYZ) {
					t.Errorf("%s %d repeats another scan", split, i)
				}
			}
			clouds = append(clouds, l.Cloud.XYZ)
		}
	}
}

// TestEveryDefectShows makes each defect on each part several times.
func TestEveryDefectShows(t *testing.T) {
	const size = 72
	each(t, func(t *testing.T, part, defect string) {
		for i := range 2 {
			m, err := scan(t.Context(), job{part, defect, Test, i}, Options{Seed: 2, Size: size}, 0)
			if err != nil {
				t.Fatal(err)
			}
			l, f := m.Labelled, m.found
			if err := l.Check(); err != nil {
				t.Fatal(err)
			}
			if l.Defect != defect || !l.Anomalous() || l.Name != fmt.Sprintf("%s/%03d", defect, i) {
				t.Errorf("scan is called %q, %q", l.Name, l.Defect)
			}
			marked := 0
			id := uint8(255 - slices.Index(Defects(), defect))
			for _, v := range l.Truth.Pix {
				if v != 0 && v != id {
					t.Fatalf("truth holds %d, want 0 or %d", v, id)
				}
				if v != 0 {
					marked++
				}
			}
			if marked < leastPixels(size) || marked > size*size/4 || marked != f.Pixels {
				t.Errorf("%d pixels marked, the record says %d", marked, f.Pixels)
			}
			checkFinding(t, f)
		}
	})
}

// checkFinding compares what a defect measures with what was drawn.
func checkFinding(t *testing.T, f *finding) {
	t.Helper()
	switch f.Defect {
	case "stained":
		if f.Height != 0 {
			t.Errorf("a stain changes the height by %g mm", f.Height)
		}
	case "bump":
		if f.Height < 0.3*f.Params["height"] {
			t.Errorf("height %g mm for %v", f.Height, f.Params)
		}
	case "dent", "hole", "crack", "missing":
		if f.Height > -TruthEpsilon {
			t.Errorf("height %g mm for %v", f.Height, f.Params)
		}
	}
	side := view / 72 // of a pixel on the table, mm
	if per := f.Area / float64(f.Pixels); per > 1.05*side*side || per < 0.75*side*side {
		t.Errorf("%g mm² for %d pixels of at most %g", f.Area, f.Pixels, side*side)
	}
	for k, most := range [3]float64{view / 2, view / 2, standoff + 10} {
		if max(f.Centroid[k], -f.Centroid[k]) > most {
			t.Errorf("centroid %v is out of view", f.Centroid)
		}
	}
}

func TestSize(t *testing.T) {
	for size, want := range map[int]int{0: 224, 48: 48, 75: 75} {
		l, err := Scan(t.Context(), "washer", rgbd.Good, 0, Train, Options{Size: size})
		if err != nil {
			t.Fatal(err)
		}
		if b := l.Truth.Bounds(); l.Cloud.Width != want || l.Cloud.Height != want || b.Dx() != want || b.Dy() != want {
			t.Errorf("size %d gives a cloud of %d×%d, truth %v", size, l.Cloud.Width, l.Cloud.Height, b)
		}
		if err := l.Check(); err != nil {
			t.Error(err)
		}
	}
}

func TestBadOptions(t *testing.T) {
	for name, o := range map[string]Options{
		"size below":    {Size: 8},
		"size above":    {Size: 5000},
		"size negative": {Size: -1},
		"too many":      {Train: maxScans + 1},
		"part":          {Parts: []string{"gear", "sprocket"}},
		"defect":        {Defects: []string{"good"}},
		"twice":         {Defects: []string{"dent", "hole", "dent"}},
	} {
		if err := Write(t.Context(), t.TempDir(), o, nil); !errors.Is(err, ErrOptions) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	for _, c := range [][3]string{{"sprocket", rgbd.Good, Train}, {"gear", "rust", Test}, {"gear", rgbd.Good, "exam"}} {
		if _, err := Scan(t.Context(), c[0], c[1], 0, c[2], Options{Size: 48}); !errors.Is(err, ErrOptions) {
			t.Errorf("%q: error %v", c, err)
		}
	}
}

func TestScanStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Scan(ctx, "gear", "bent", 0, Test, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func ExampleScan() {
	l, err := Scan(context.Background(), "gear", "hole", 0, Test, Options{Seed: 1, Size: 96})
	if err != nil {
		fmt.Println(err)
		return
	}
	marked := 0
	for _, id := range l.Truth.Pix {
		if id != 0 {
			marked++
		}
	}
	fmt.Println(l.Name, l.Cloud.Width, l.Cloud.Height, l.Anomalous(), marked > 0)
	// Output: hole/000 96 96 true true
}
