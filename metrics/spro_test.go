package metrics

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/internal/golden"
)

// exactTolerance bounds how far the exact sPRO lies from MVTec LOCO's sampled
// one at a limit: the reference run's own differences, rounded up.
var exactTolerance = map[string]float64{"0.01": 1e-3, "0.05": 2e-4, "0.1": 2e-4, "0.3": 2e-4, "1.0": 2e-4}

type locoAreas map[string]float64 // by limit

type locoOracle struct {
	Datasets []struct {
		Name     string
		Maps     golden.Ref
		MapPaths []string `json:"map_paths"`
		Channels []struct {
			Image      string
			PixelValue int `json:"pixel_value"`
		}
		ChannelArrays golden.Ref `json:"channel_arrays"`
		Areas         [][]int    `json:"defect_areas"`
		Saturation    [][]int    `json:"saturation_areas"`
		Official      map[string]struct {
			AUC            map[string]locoAreas `json:"auc_spro"`
			Overall        locoAreas
			PerType        map[string]locoAreas `json:"per_defect_type"`
			N              int                  `json:"n_thresholds"`
			Classification struct {
				AUC map[string]float64 `json:"auc_roc"`
			}
			Initial    []float64  `json:"initial_thresholds"`
			FPR        golden.Ref `json:"curve_fpr"`
			SPRO       golden.Ref `json:"curve_mean_spro"`
			Thresholds golden.Ref `json:"curve_thresholds"`
		}
		Exact map[string]locoAreas `json:"exact_all_distinct_thresholds"`
	}
	UnitSaturation []struct {
		Area       int     `json:"defect_area"`
		Threshold  float64 `json:"saturation_threshold"`
		Relative   bool
		Saturation float64 `json:"saturation_area"`
		Thresholds []float64
		SPRO       []golden.Float
	} `json:"unit_saturation"`
	UnitAUC []struct {
		OK, NOK           []float64
		Official, SkLearn float64
	} `json:"unit_classification_auc"`
}

// locoConfig is the defects_config.json of the reference run's trees, by pixel
// value.
var locoConfig = map[int]struct {
	name      string
	threshold float64
	relative  bool
}{
	255: {"missing_item", 60, false}, 254: {"additional_item", 1, true}, 253: {"wrong_place", 0.35, true},
	240: {"scratch", 1, true}, 7: {"contamination", 25, false},
}

func loadLOCO(t *testing.T) *locoOracle {
	t.Helper()
	o := new(locoOracle)
	golden.JSON(t, "metrics_spro/spro.json", o)
	return o
}

// metrics_spro/spro.json: MVTec LOCO's evaluation script with NumPy 1.24, and an
// all-threshold curve in float64 beside it.
func TestSPROAgainstReferenceProgram(t *testing.T) {
	oracle := loadLOCO(t)
	for k := range oracle.Datasets {
		d := &oracle.Datasets[k]
		t.Run(d.Name, func(t *testing.T) {
			maps, masks := golden.NPY(t, d.Maps.File), golden.NPY(t, d.ChannelArrays.File)
			scores, size := maps.Float32s(), maps.Shape[1]*maps.Shape[2]
			// A pool for each set of kinds in each folder: every subset that has a
			// figure is a union of some.
			pools := map[string]*Pixels[float32]{}
			var imageScores []float32
			for i, path := range d.MapPaths {
				folder, _, _ := strings.Cut(path, "/")
				m := Image[float32]{Width: maps.Shape[2], Height: maps.Shape[1], Scores: scores[i*size : (i+1)*size], Serial: i}
				name := folder
				for j, c := range d.Channels {
					if c.Image != path {
						continue
					}
					mask := isDefect(masks.Uint8s()[j*size : (j+1)*size])
					area, conf := 0, locoConfig[c.PixelValue]
					for _, b := range mask {
						area += bit(b)
					}
					full, err := LOCOSaturation(conf.threshold, conf.relative, area)
					if n := len(m.Channels); err != nil || area != d.Areas[i][n] || full != float64(d.Saturation[i][n]) {
						t.Fatalf("%s: area %d, saturation %v, %v; want %v, %v", path, area, full, err, d.Areas[i], d.Saturation[i])
					}
					m.Channels = append(m.Channels, Channel{mask, conf.name, full})
					name += "/" + conf.name
				}
				if pools[name] == nil {
					pools[name] = new(Pixels[float32])
				}
				if err := pools[name].Add(m); err != nil {
					t.Fatal(err)
				}
				imageScores = append(imageScores, slices.Max(m.Scores))
			}
			union := func(want func(folder string, kinds []string) bool) *Pixels[float32] {
				var parts []*Pixels[float32]
				for name, p := range pools {
					f := strings.Split(name, "/")
					if f[0] == "good" || want(f[0], f[1:]) {
						parts = append(parts, p)
					}
				}
				return Union(parts...)
			}
			all := union(func(string, []string) bool { return true })

			exact := func(p *Pixels[float32]) *Curve {
				c, err := p.PROCurve(PROOptions{Exact: true})
				if err != nil {
					t.Fatal(err)
				}
				return c
			}
			locoNear(t, "exact, overall", exact(all), d.Exact["overall"], nil)

			for setting, o := range d.Official {
				_, number, _ := strings.Cut(setting, "=")
				distance, err := strconv.ParseFloat(number, 64)
				if err != nil {
					t.Fatal(err)
				}
				s, err := all.LOCOSampling(distance)
				if err != nil {
					t.Fatal(err)
				}
				if len(s.Thresholds) != o.N {
					t.Fatalf("%s: %d thresholds, want %d", setting, len(s.Thresholds), o.N)
				}
				if o.Initial != nil && !slices.Equal(all.locoInitial(), o.Initial) {
					t.Errorf("%s: initial thresholds %v, want %v", setting, all.locoInitial(), o.Initial)
				}
				official := func(p *Pixels[float32], kind string) *Curve {
					c, err := p.LOCOCurve(s, PROOptions{Kind: kind})
					if err != nil {
						t.Fatal(err)
					}
					return c
				}
				c := official(all, "")
				for name, got := range map[string][]float64{o.FPR.File: c.X, o.SPRO.File: c.Y, o.Thresholds.File: c.Threshold} {
					for i, want := range golden.NPY(t, name).Float64s() {
						if !(math.Abs(got[i]-want) <= oracleTolerance) {
							t.Fatalf("%s: value %d is %v, want %v", name, i, got[i], want)
						}
					}
				}
				locoNear(t, setting+" overall", c, o.Overall, nil)
				mean := map[string][]Area{}
				for _, folder := range []string{"logical_anomalies", "structural_anomalies"} {
					p := union(func(f string, _ []string) bool { return f == folder })
					areas := locoNear(t, setting+" "+folder, official(p, ""), o.AUC[folder], nil)
					locoNear(t, "exact "+folder, exact(p), d.Exact[folder], nil)
					if distance == LOCODistance {
						locoNear(t, "exact beside official "+folder, exact(p), o.AUC[folder], exactTolerance)
					}
					for limit, a := range areas {
						mean[limit] = append(mean[limit], a)
					}
				}
				for limit, a := range mean {
					m, err := Mean(a[0].Figure(), a[1].Figure())
					if want := o.AUC["mean"][limit]; err != nil || math.Abs(m.Value-want) > oracleTolerance {
						t.Errorf("mean at %s: %v, %v; want %v", limit, m, err, want)
					}
				}
				for kind, want := range o.PerType {
					p := union(func(_ string, kinds []string) bool { return slices.Contains(kinds, kind) })
					locoNear(t, setting+" "+kind, official(p, kind), want, nil)
				}
				for folder, want := range o.Classification.AUC {
					var v []float32
					var l []bool
					for i, path := range d.MapPaths {
						if f, _, _ := strings.Cut(path, "/"); f == folder || f == "good" {
							v, l = append(v, imageScores[i]), append(l, f == folder)
						}
					}
					if got, err := ROCAUCAsLOCO(v, l); folder != "mean" && (err != nil || math.Abs(got.Value-want) > oracleTolerance) {
						t.Errorf("classification %s: %v, %v; want %v", folder, got, err, want)
					}
				}
			}
		})
	}
}

// locoNear compares the areas of a curve by limit, with one tolerance or with
// one for each limit.
func locoNear(t *testing.T, what string, c *Curve, want locoAreas, tolerance map[string]float64) map[string]Area {
	t.Helper()
	if len(want) == 0 {
		t.Fatalf("%s: no value to compare with", what)
	}
	areas := map[string]Area{}
	for limit, w := range want {
		l, err := strconv.ParseFloat(limit, 64)
		if err != nil {
			t.Fatal(err)
		}
		within := oracleTolerance
		if tolerance != nil {
			within = tolerance[limit]
		}
		a, err := c.Area(l)
		if err != nil || !(math.Abs(a.Value-w) <= within) {
			t.Errorf("%s: %s = %v, %v; want %v", what, a.Convention, a.Value, err, w)
		}
		areas[limit] = a
	}
	return areas
}

// The same program's tables for one defect.
func TestLOCOSaturation(t *testing.T) {
	for _, c := range loadLOCO(t).UnitSaturation {
		full, err := LOCOSaturation(c.Threshold, c.Relative, c.Area)
		if c.Saturation == 0 {
			if !errors.Is(err, ErrSaturation) {
				t.Errorf("area %d: %v, %v; want ErrSaturation where the script divides by 0", c.Area, full, err)
			}
			continue
		}
		if err != nil || full != c.Saturation {
			t.Fatalf("saturation of %d pixels at %v: %v, %v; want %v", c.Area, c.Threshold, full, err, c.Saturation)
		}
		m := Image[float64]{Width: 20, Height: 10, Scores: make([]float64, 200)}
		mask := make([]bool, 200)
		for i := range m.Scores {
			m.Scores[i] = float64((9-i/20)*20 + i%20)
			mask[i] = i < c.Area
		}
		m.Channels = []Channel{{mask, "unit", full}}
		p, err := pool([]Image[float64]{m})
		if err != nil {
			t.Fatal(err)
		}
		thresholds := slices.Clone(c.Thresholds)
		slices.Reverse(thresholds)
		points, err := p.samples(thresholds, "")
		if err != nil {
			t.Fatal(err)
		}
		for i, got := range points {
			if want := float64(c.SPRO[len(c.SPRO)-1-i]); math.Abs(got.pro-want) > oracleTolerance {
				t.Errorf("area %d: sPRO at %v = %v, want %v", c.Area, thresholds[i], got.pro, want)
			}
		}
	}
	for _, bad := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		if _, err := LOCOSaturation(bad, false, 5); !errors.Is(err, ErrOption) {
			t.Errorf("threshold %v: %v", bad, err)
		}
	}
	if _, err := LOCOSaturation(1.5, true, 5); !errors.Is(err, ErrOption) {
		t.Errorf("relative 1.5: %v", err)
	}
}

func TestROCAUCAsLOCO(t *testing.T) {
	for _, c := range loadLOCO(t).UnitAUC {
		scores := slices.Concat(c.OK, c.NOK)
		labels := make([]bool, len(scores))
		for i := range c.NOK {
			labels[len(c.OK)+i] = true
		}
		got, err := ROCAUCAsLOCO(scores, labels)
		if err != nil || math.Abs(got.Value-c.Official) > oracleTolerance || got.Convention != ConventionROCAUCLOCO {
			t.Errorf("%v %v: %v, %v; want %v", c.OK, c.NOK, got, err, c.Official)
		}
		if right, err := ROCAUC(scores, labels); err != nil || math.Abs(right.Value-c.SkLearn) > oracleTolerance {
			t.Errorf("%v %v: %v, %v; want %v", c.OK, c.NOK, right, err, c.SkLearn)
		}
	}
}

// Ten levels of scores stop the script with an assertion; the exact curve is
// there all the same.
func TestLOCOTies(t *testing.T) {
	images := inspection(3, 40, 5)
	for _, m := range images {
		for i, v := range m.Scores {
			m.Scores[i] = float32(math.Round(float64(v)*10)) / 10
		}
	}
	p, err := pool(images)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := p.LOCOSampling(LOCODistance); !errors.Is(err, ErrTies) {
		t.Errorf("%v, %v; want ErrTies", s, err)
	}
	if _, err := p.PROCurve(PROOptions{Exact: true}); err != nil {
		t.Error(err)
	}
	for _, d := range []float64{0, -1, math.NaN()} {
		if _, err := p.LOCOSampling(d); !errors.Is(err, ErrOption) {
			t.Errorf("distance %v: %v", d, err)
		}
	}
}
