package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"image"
	"image/color"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/align"
	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/inspection"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/quality"
	"github.com/iad3d/iad3d/regions"
	"github.com/iad3d/iad3d/rgbd"
)

// inspected judges flatScan with a hot spot and two modalities.
func inspected(t *testing.T, o inspection.Options) (*rgbd.Scan, *inspection.Inspection) {
	t.Helper()
	s := flatScan(320, 301)
	r := spotResult(320, 301, image.Rect(200, 100, 210, 108), 5)
	r.Source = "in/<003>.tiff"
	if o.Thresholds != nil && o.Thresholds.Pixel > 0 {
		geometry, colour := grid.New(301, 320, 1), grid.New(301, 320, 1)
		for i, v := range r.Map.Data {
			geometry.Data[i], colour.Data[i] = v/4, v*3/4
		}
		r.Parts = []iad3d.Part{{Name: "geometry", Map: geometry}, {Name: "colour", Map: colour}}
	}
	n, err := inspection.Judge(t.Context(), s, r, o)
	if err != nil {
		t.Fatal(err)
	}
	return s, n
}

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("result.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("result.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSchema validates every kind of line.
func TestSchema(t *testing.T) {
	published, err := os.ReadFile(filepath.Join("..", "docs", "result.schema.json"))
	if err != nil || string(published) != Schema() {
		t.Errorf("docs/result.schema.json is not a copy of the schema: %v", err)
	}
	s := compiled(t)
	_, full := inspected(t, inspection.Options{Thresholds: &iad3d.Thresholds{Scan: 2, Pixel: 3, FalseAlarms: 0.01}, MinArea: 1})
	_, none := inspected(t, inspection.Options{Thresholds: &iad3d.Thresholds{Pixel: 30}})
	_, bare := inspected(t, inspection.Options{})
	invalid := *bare
	r := *bare.Result
	r.Invalid = []quality.Reason{{Text: "too dark"}}
	invalid.Result, invalid.Verdict, invalid.Why = &r, inspection.Invalid, "too dark"
	loose := &inspection.Inspection{Result: &iad3d.Result{Name: "l", Score: 1, Points: []float32{1, 2}, Fit: &align.Fit{}, Peak: iad3d.Peak{Value: 2, Point: &iad3d.PeakPoint{Index: 1}}}}
	files := Files{Map: "a.tiff", Heatmap: "a.png", Cloud: "a.ply", Points: "b.ply"}
	for name, write := range map[string]func(io.Writer) error{
		"regions":    func(w io.Writer) error { return Inspection(w, full, files) },
		"no regions": func(w io.Writer) error { return Inspection(w, none, files) },
		"bare":       func(w io.Writer) error { return Line(w, bare.Result, Files{}) },
		"invalid":    func(w io.Writer) error { return Inspection(w, &invalid, Files{}) },
		"loose":      func(w io.Writer) error { return Inspection(w, loose, files) },
		"failure":    func(w io.Writer) error { return Failure(w, "a", "b", errors.New("c <d>")) },
	} {
		line := written(t, write)
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
		if err == nil {
			err = s.Validate(v)
		}
		if err != nil {
			t.Errorf("%s: %s %v", name, line, err)
		}
		if strings.Count(line, "\n") != 1 {
			t.Errorf("%s: not one line", name)
		}
	}
	for _, bad := range []string{`{}`, `{"scan":"a","source":"b"}`, `{"scan":"a","source":"b","verdict":"error","error":"x","extra":1}`} {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(bad))
		if err != nil || s.Validate(v) == nil {
			t.Errorf("%s is valid, %v", bad, err)
		}
	}
}

func TestInspectionLine(t *testing.T) {
	_, n := inspected(t, inspection.Options{Thresholds: &iad3d.Thresholds{Scan: 2, Pixel: 3}, MinArea: 1})
	var got struct {
		Verdict    string           `json:"verdict"`
		Thresholds iad3d.Thresholds `json:"thresholds"`
		Regions    []regions.Region `json:"regions"`
	}
	if err := json.Unmarshal([]byte(written(t, func(w io.Writer) error { return Inspection(w, n, Files{}) })), &got); err != nil {
		t.Fatal(err)
	}
	if got.Verdict != "fail" || got.Thresholds.Pixel != 3 || len(got.Regions) != 1 || got.Regions[0].Pixels != 80 {
		t.Errorf("%+v", got)
	}
	// Pixels of flatScan are 1 mm apart.
	if g := got.Regions[0]; math.Abs(g.Area-80) > 0.01 || math.Abs(g.Centroid[0]-204.5) > 0.01 || g.Shares[1].Share != 0.75 {
		t.Errorf("%+v", g)
	}
	_, none := inspected(t, inspection.Options{Thresholds: &iad3d.Thresholds{Pixel: 30}})
	if line := written(t, func(w io.Writer) error { return Inspection(w, none, Files{}) }); !strings.Contains(line, `"regions":[]`) {
		t.Errorf("no empty list in %s", line)
	}
}

func TestRegionsCSV(t *testing.T) {
	_, n := inspected(t, inspection.Options{Thresholds: &iad3d.Thresholds{Scan: 2, Pixel: 3}})
	got := written(t, func(w io.Writer) error { return Regions(w, []*inspection.Inspection{n, {Result: n.Result}}) })
	rows := strings.Split(strings.TrimSpace(got), "\n")
	if len(rows) != 2 || strings.Count(rows[0], ",") != strings.Count(rows[1], ",") {
		t.Fatalf("%s", got)
	}
	if !strings.HasPrefix(rows[1], "bent/003,fail,1,") || !strings.HasSuffix(rows[1], ",5,5,200,100,200,100,10,8,80,0,geometry=0.2500 colour=0.7500,map,80.00000023968016") {
		t.Errorf("%s", rows[1])
	}
}

func TestJUnit(t *testing.T) {
	_, fail := inspected(t, inspection.Options{Thresholds: &iad3d.Thresholds{Scan: 2, Pixel: 3}})
	_, pass := inspected(t, inspection.Options{Thresholds: &iad3d.Thresholds{Scan: 20}})
	_, none := inspected(t, inspection.Options{})
	invalid := &inspection.Inspection{Result: none.Result, Verdict: inspection.Invalid, Why: "too dark"}
	got := written(t, func(w io.Writer) error {
		return JUnit(w, "line <1>", []Case{
			{Source: "a", Inspection: fail, Took: 1500 * time.Millisecond}, {Source: "b", Inspection: pass}, {Source: "c", Inspection: none},
			{Source: "d", Inspection: invalid}, {Source: "e\x01", Err: errors.New("cut & <short>\xff")},
		})
	})
	for _, want := range []string{
		`<testsuite name="line &lt;1&gt;" tests="5" failures="1" errors="2" skipped="1" time="1.500">`,
		`<failure type="anomaly" message="score 2.5 is above the threshold of 2">region 1: 80 mm² at (204.50, 103.50, 500.00) mm`,
		`<system-out>score 2.5, the threshold is 20</system-out>`,
		`<skipped message="no threshold"></skipped>`,
		`<error type="invalid capture" message="too dark"></error>`,
		`<error type="unusable" message="cut &amp; &lt;short&gt;` + "\uFFFD" + `"></error>`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
	d := xml.NewDecoder(strings.NewReader(got))
	for {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestCloud(t *testing.T) {
	s, n := inspected(t, inspection.Options{Thresholds: &iad3d.Thresholds{Pixel: 3}})
	s.Cloud.Valid = make([]bool, s.Cloud.Len())
	for i := range s.Cloud.Valid {
		s.Cloud.Valid[i] = i%2 == 0
	}
	c, err := Cloud(s, n, 1, 5)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Check(); err != nil || c.Len() != s.Cloud.Len()/2 || c.Organised() {
		t.Errorf("%d points, %v", c.Len(), err)
	}
	hot := (100*320 + 200) / 2
	if c.Fields[0].Values[hot] != 5 || c.Fields[1].Values[hot] != 1 || c.Fields[1].Values[0] != 0 || c.XYZ[3*hot] != s.Cloud.XYZ[3*2*hot] {
		t.Errorf("point %d: score %v, region %v", hot, c.Fields[0].Values[hot], c.Fields[1].Values[hot])
	}
	if want := rampColour(255); (color.RGBA{c.RGB[3*hot], c.RGB[3*hot+1], c.RGB[3*hot+2], 255}) != want {
		t.Errorf("colour %v, want %v", c.RGB[3*hot:3*hot+3], want)
	}
	for _, v := range c.Fields[2].Values {
		if v-v != 0 {
			t.Fatal("a deviation that is not finite")
		}
	}
	loose := &inspection.Inspection{Result: &iad3d.Result{Points: []float32{1}, Peak: iad3d.Peak{Point: &iad3d.PeakPoint{}}}}
	if _, err := Cloud(&rgbd.Scan{Cloud: &pointcloud.Cloud{XYZ: make([]float32, 3)}}, loose, 0, 1); err == nil {
		t.Error("a coloured cloud of a loose scan")
	}
}

// TestHeatmapCountsInThresholds holds that regions have an outline and the bar
// another unit.
func TestHeatmapCountsInThresholds(t *testing.T) {
	s, n := inspected(t, inspection.Options{Thresholds: &iad3d.Thresholds{Pixel: 3}})
	low, high := ThresholdScale(3)
	var plain, marked bytes.Buffer
	for w, o := range map[*bytes.Buffer]HeatmapOptions{&plain: {Low: low, High: high}, &marked: {Low: low, High: high, Threshold: 3, Regions: n.Found.Labels}} {
		if err := Heatmap(w, s, n.Result, o); err != nil {
			t.Fatal(err)
		}
	}
	if bytes.Equal(plain.Bytes(), marked.Bytes()) {
		t.Error("the threshold changes nothing")
	}
	p := render(t, s, n.Result, HeatmapOptions{Low: low, High: high, Threshold: 3, Regions: n.Found.Labels})
	if got := p.mapAt(209, 109); got != white { // just below the spot, off the ring
		t.Errorf("no outline at the region: %v", got)
	}
	for _, o := range []HeatmapOptions{{Threshold: -1}, {Threshold: math.NaN()}, {Regions: make([]int32, 3)}} {
		if err := Heatmap(io.Discard, s, n.Result, o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}
