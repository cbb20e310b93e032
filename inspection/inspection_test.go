package inspection_test

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/inspection"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/quality"
	"github.com/iad3d/iad3d/rgbd"
)

// flat is a plate with a spot of 5×4 pixels, some 5 mm², of the value 8 on 1.
func flat() (*rgbd.Scan, *iad3d.Result) {
	c := &pointcloud.Cloud{Width: 40, Height: 30, Unit: pointcloud.Millimetre}
	m := grid.New(30, 40, 1)
	for y := range 30 {
		for x := range 40 {
			c.XYZ = append(c.XYZ, float32(x)/2, float32(y)/2, 300)
			m.Set(y, x, 0, 1)
			if x >= 20 && x < 25 && y >= 10 && y < 14 {
				m.Set(y, x, 0, 8)
			}
		}
	}
	return &rgbd.Scan{Name: "plate", Cloud: c}, &iad3d.Result{Name: "plate", Score: 6, Map: m, Peak: iad3d.Peak{X: 20, Y: 10, Value: 8}}
}

func TestJudge(t *testing.T) {
	reason := []quality.Reason{{Text: "too dark"}}
	for name, test := range map[string]struct {
		thresholds *iad3d.Thresholds
		area       float64
		invalid    []quality.Reason
		want       inspection.Verdict
		why        string
		regions    int
	}{
		"nothing":                {nil, 0, nil, inspection.Unjudged, "", 0},
		"invalid":                {nil, 0, reason, inspection.Invalid, "too dark", 0},
		"invalid above all":      {&iad3d.Thresholds{Scan: 5}, 0, reason, inspection.Invalid, "too dark", 0},
		"scan":                   {&iad3d.Thresholds{Scan: 5}, 0, nil, inspection.Fail, "score 6 is above the threshold of 5", 0},
		"scan, at it":            {&iad3d.Thresholds{Scan: 6}, 0, nil, inspection.Pass, "score 6, the threshold is 6", 0},
		"pixel":                  {&iad3d.Thresholds{Pixel: 4}, 0, nil, inspection.Fail, "1 region is above the pixel threshold of 4", 1},
		"pixel, none":            {&iad3d.Thresholds{Pixel: 9}, 0, nil, inspection.Pass, "no pixel is above the threshold of 9", 0},
		"pixel, tolerated":       {&iad3d.Thresholds{Pixel: 4}, 6, nil, inspection.Pass, "only regions smaller than 6 mm²", 0},
		"both":                   {&iad3d.Thresholds{Scan: 5, Pixel: 4}, 0, nil, inspection.Fail, "score 6 is above", 1},
		"both, score below":      {&iad3d.Thresholds{Scan: 7, Pixel: 4}, 0, nil, inspection.Pass, "score 6, the threshold is 7", 1},
		"both, tolerated":        {&iad3d.Thresholds{Scan: 5, Pixel: 4}, 6, nil, inspection.Pass, "but no region has 6 mm²", 0},
		"both, above tolerance":  {&iad3d.Thresholds{Scan: 5, Pixel: 4}, 4, nil, inspection.Fail, "score 6 is above", 1},
		"both, no pixel reaches": {&iad3d.Thresholds{Scan: 5, Pixel: 9}, 0, nil, inspection.Fail, "score 6 is above", 0},
	} {
		s, r := flat()
		r.Invalid = test.invalid
		n, err := inspection.Judge(t.Context(), s, r, inspection.Options{Thresholds: test.thresholds, MinArea: test.area})
		if err != nil {
			t.Fatal(err)
		}
		if n.Verdict != test.want || !strings.Contains(n.Why, test.why) || (test.why == "") != (n.Why == "") || len(n.Regions()) != test.regions {
			t.Errorf("%s: %q because of %q, %d regions", name, n.Verdict, n.Why, len(n.Regions()))
		}
	}
}

// TestEveryFailureHasAPlace holds that a scan above the model's scan threshold has a
// region although no pixel reaches the model's pixel threshold, which is of the highest
// pixels of sound scans; another pixel threshold is taken at its word.
func TestEveryFailureHasAPlace(t *testing.T) {
	d, err := iad3d.Load(model(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	own := *d.Thresholds()
	if !(own.Scan < own.Pixel) {
		t.Fatalf("thresholds %+v", own)
	}
	between := float32((own.Scan + own.Pixel) / 2)
	for name, test := range map[string]struct {
		score, pixel float64
		want         inspection.Verdict
		regions      int
	}{
		"above":                   {own.Scan * 1.001, own.Pixel, inspection.Fail, 1},
		"below":                   {own.Scan * 0.999, own.Pixel, inspection.Pass, 0},
		"another pixel threshold": {own.Scan * 1.001, own.Pixel * 1.5, inspection.Pass, 0},
	} {
		s, r := flat()
		for i, v := range r.Map.Data {
			r.Map.Data[i] = 0.5 * float32(own.Scan)
			if v > 1 {
				r.Map.Data[i] = between
			}
		}
		r.Score, r.Peak.Value = test.score, between
		limits := own
		limits.Pixel = test.pixel
		n, err := inspection.Judge(t.Context(), s, r, inspection.Options{Thresholds: &limits, MinArea: 0.5, Detector: d})
		if err != nil {
			t.Fatal(err)
		}
		if n.Verdict != test.want || len(n.Regions()) != test.regions {
			t.Errorf("%s: %q because of %q, %d regions", name, n.Verdict, n.Why, len(n.Regions()))
		}
	}
}

func TestJudgeRefuses(t *testing.T) {
	s, r := flat()
	for _, o := range []inspection.Options{
		{Thresholds: &iad3d.Thresholds{Scan: math.NaN()}}, {Thresholds: &iad3d.Thresholds{Pixel: -1}}, {MinArea: -1}, {MinArea: math.Inf(1)},
	} {
		if _, err := inspection.Judge(t.Context(), s, r, o); !errors.Is(err, iad3d.ErrConfig) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	s.Cloud.Width, s.Cloud.Height = 0, 0
	if _, err := inspection.Judge(t.Context(), s, r, inspection.Options{Thresholds: &iad3d.Thresholds{Pixel: 4}}); !errors.Is(err, rgbd.ErrScan) {
		t.Error(err)
	}
}

func TestLooseScan(t *testing.T) {
	s, _ := flat()
	r := &iad3d.Result{Name: "loose", Score: 3, Points: make([]float32, 5), Peak: iad3d.Peak{Point: &iad3d.PeakPoint{}}}
	n, err := inspection.Judge(t.Context(), s, r, inspection.Options{Thresholds: &iad3d.Thresholds{Scan: 2, Pixel: 2}, MinArea: 1})
	if err != nil || n.Verdict != inspection.Fail || n.Found != nil {
		t.Errorf("%+v %v", n, err)
	}
}

func TestBatch(t *testing.T) {
	var b inspection.Batch
	s, r := flat()
	add := func(name string, score, threshold float64, took time.Duration) {
		r := *r
		r.Name, r.Score = name, score
		n, err := inspection.Judge(t.Context(), s, &r, inspection.Options{Thresholds: &iad3d.Thresholds{Scan: threshold}})
		if err != nil {
			t.Fatal(err)
		}
		b.Add(n, took)
	}
	add("a", 1, 2, time.Second)
	add("b", 3, 2, 3*time.Second)
	add("c", 3, 2, 2*time.Second)
	add("d", 3, 0, 0)
	b.AddError()
	got := b.Summary(2)
	want := inspection.Summary{
		Counts:   inspection.Counts{Scans: 5, Pass: 1, Fail: 2, Unjudged: 1, Errors: 1},
		FailRate: 2.0 / 3, Seconds: 6,
		MostAbnormal: []inspection.Timed{{"b", 3, inspection.Fail, 3}, {"c", 3, inspection.Fail, 2}},
		Slowest:      []inspection.Timed{{"b", 3, inspection.Fail, 3}, {"c", 3, inspection.Fail, 2}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if s := new(inspection.Batch).Summary(3); s.FailRate != 0 || s.Slowest == nil {
		t.Errorf("%+v", s)
	}
}
