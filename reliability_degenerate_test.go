package iad3d_test

import (
	"errors"
	"iter"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/io/model"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
)

// degenerate are clouds that hold next to nothing, or too much: of a raster of 24×18
// pixels, and the same loose.
func degenerate() map[string]*pointcloud.Cloud {
	const w, h = 24, 18
	of := func(fn func(x, y int) [3]float64) *pointcloud.Cloud {
		c := &pointcloud.Cloud{Width: w, Height: h}
		for y := range h {
			for x := range w {
				for _, v := range fn(x, y) {
					c.XYZ = append(c.XYZ, float32(v))
				}
			}
		}
		return c
	}
	only := func(n int) *pointcloud.Cloud {
		k := 0
		return of(func(x, y int) [3]float64 {
			if k++; k <= n {
				return [3]float64{0.001 * float64(x), 0.001 * float64(y), 0.5}
			}
			return [3]float64{}
		})
	}
	nan, inf := math.NaN(), math.Inf(1)
	bumpy := func(x, y int) [3]float64 {
		return [3]float64{0.001 * float64(x), 0.001 * float64(y), 0.5 + 0.0003*float64((x*7+y*13)%5)}
	}
	scaled := func(f float64) *pointcloud.Cloud {
		return of(func(x, y int) [3]float64 { p := bumpy(x, y); return [3]float64{f * p[0], f * p[1], f * p[2]} })
	}
	return map[string]*pointcloud.Cloud{
		"no cloud":             nil,
		"no point":             {},
		"a raster of none":     {Width: 0, Height: 5},
		"one pixel":            {Width: 1, Height: 1, XYZ: []float32{0, 0, 1}},
		"nothing measured":     only(0),
		"one point":            only(1),
		"two points":           only(2),
		"three points":         only(3),
		"all equal":            of(func(int, int) [3]float64 { return [3]float64{0.1, 0.1, 0.5} }),
		"a line":               of(func(x, y int) [3]float64 { return [3]float64{0.001 * float64(x+w*y), 0, 0.5} }),
		"a plane":              of(func(x, y int) [3]float64 { return [3]float64{0.001 * float64(x), 0.001 * float64(y), 0.5} }),
		"every point twice":    of(func(x, y int) [3]float64 { return bumpy(x/2*2, y) }),
		"coordinates of 1e-30": scaled(1e-30), "coordinates of 1e30": scaled(1e30), "coordinates of 3e38": scaled(6e38), "coordinates of 1e-45": scaled(1e-44),
		"NaN everywhere":      of(func(int, int) [3]float64 { return [3]float64{nan, nan, nan} }),
		"infinite everywhere": of(func(int, int) [3]float64 { return [3]float64{inf, -inf, inf} }),
		"NaN in z":            of(func(x, y int) [3]float64 { p := bumpy(x, y); return [3]float64{p[0], p[1], nan} }),
		"every other NaN": of(func(x, y int) [3]float64 {
			if (x+y)%2 == 0 {
				return [3]float64{nan, 0.1, 0.5}
			}
			return bumpy(x, y)
		}),
		"one outlier at 1e30": of(func(x, y int) [3]float64 {
			if x == 3 && y == 3 {
				return [3]float64{1e30, 1e30, 1e30}
			}
			return bumpy(x, y)
		}),
		"negative depth": scaled(-1),
		"sound":          scaled(1),
	}
}

// named reports whether an error says by a sentinel whose fault it is.
func named(err error) bool {
	return slices.ContainsFunc([]error{rgbd.ErrScan, iad3d.ErrConfig, iad3d.ErrNoScans, pointcloud.ErrNoPart}, func(e error) bool { return errors.Is(err, e) })
}

// finite fails when a result holds a number that is none, or a negative one.
func finite(t *testing.T, r *iad3d.Result) {
	t.Helper()
	if r.Score-r.Score != 0 || r.Score < 0 {
		t.Errorf("score %v", r.Score)
	}
	values := r.Points
	if r.Map != nil {
		values = r.Map.Data
	}
	for i, v := range values {
		if v-v != 0 || v < 0 {
			t.Errorf("value %d of the map is %v", i, v)
			return
		}
	}
	if p := r.Peak; p.Value-p.Value != 0 {
		t.Errorf("peak %+v", p)
	}
}

// TestDegenerate fits and scores each of the degenerate clouds, as rasters and loose,
// with both protocols: a result that is finite throughout, or an error with a name,
// and the cloud is left as it was.
func TestDegenerate(t *testing.T) {
	kinds := releasedConfigs()
	delete(kinds, "colour")
	many := kinds["default"] // more neighbours than there are points, all rows kept
	many.FPFHK, many.NormalK, many.Neighbors, many.Coreset = []int{900}, 900, 900, 1
	one := kinds["default"] // one row
	one.Coreset, one.KeepPlane = 1e-9, true
	kinds["k above N"], kinds["one row"] = many, one
	for kind, config := range kinds {
		if testing.Short() && kind != "one row" {
			continue
		}
		loose := kind == "loose"
		sound := fitSheets(t, config, 3, loose)
		for name, c := range degenerate() {
			t.Run(kind+"/"+name, func(t *testing.T) {
				var scan rgbd.Scan
				var before []float32
				if c != nil {
					cloud := *c
					if loose {
						cloud.Width, cloud.Height = 0, 0
					}
					cloud.XYZ = slices.Clone(c.XYZ)
					cloud.MarkMissing(pointcloud.Missing{})
					scan.Cloud, before = &cloud, slices.Clone(cloud.XYZ)
				}
				check := func(what string, d *iad3d.Detector) {
					r, err := d.Score(t.Context(), &scan)
					switch {
					case err != nil && !named(err):
						t.Errorf("%s: error without a name: %v", what, err)
					case err == nil:
						finite(t, r)
					}
				}
				check("score", sound)
				d, err := iad3d.Fit(t.Context(), config, scansOf(&scan, &scan))
				switch {
				case err != nil && !named(err):
					t.Errorf("fit: error without a name: %v", err)
				case err == nil:
					check("score on itself", d)
					path := filepath.Join(t.TempDir(), "model")
					if err := d.Save(path); err != nil {
						t.Fatalf("save: %v", err)
					}
					loaded, err := iad3d.Load(path)
					if err != nil {
						t.Fatalf("load: %v", err)
					}
					check("score on the loaded one", loaded)
					loaded.Close()
				}
				if scan.Cloud != nil && !slices.EqualFunc(before, scan.Cloud.XYZ, func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }) {
					t.Error("the cloud was changed")
				}
			})
		}
	}
}

// TestNoScanAtAll: sequences without a scan, and nil ones.
func TestNoScanAtAll(t *testing.T) {
	var none iter.Seq2[*rgbd.Scan, error] = func(func(*rgbd.Scan, error) bool) {}
	if _, err := iad3d.Fit(t.Context(), iad3d.Config{}, none); !errors.Is(err, iad3d.ErrNoScans) {
		t.Errorf("error %v", err)
	}
	if _, err := iad3d.Load(filepath.Join(t.TempDir(), "none")); !errors.Is(err, model.ErrModel) {
		t.Errorf("error %v", err)
	}
}
