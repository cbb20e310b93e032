package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/internal/standin"
	"github.com/iad3d/iad3d/internal/synth"
	"github.com/iad3d/iad3d/io/dataset"
	"github.com/iad3d/iad3d/rgbd"
)

// set writes a small synthetic line and opens its classes.
func set(t *testing.T) []*dataset.Set {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "line")
	o := synth.Options{Size: 64, Train: 2, Validation: -1, Good: 2, PerDefect: 1, Parts: synth.Parts()[:2]}
	if err := synth.Write(t.Context(), dir, o, nil); err != nil {
		t.Fatal(err)
	}
	var sets []*dataset.Set
	for _, p := range o.Parts {
		s, err := dataset.OpenMVTec3D(dir, p)
		if err != nil {
			t.Fatal(err)
		}
		sets = append(sets, s)
	}
	return sets
}

func plan(t *testing.T, keys ...string) *Plan {
	t.Helper()
	p := &Plan{
		Dataset: "mvtec3d", Root: "line", Classes: set(t), Seeds: []uint64{0, 1}, Out: filepath.Join(t.TempDir(), "out"),
		Config: iad3d.Config{Protocol: iad3d.ProtocolBTF, Size: 64, Cells: 8}, Backbone: standin.New(),
	}
	for _, m := range Methods(iad3d.ProtocolBTF) {
		if len(keys) == 0 || slices.Contains(keys, m.Key) {
			p.Methods = append(p.Methods, m)
		}
	}
	return p
}

func silent(string, int) (func(int), func()) { return func(int) {}, func() {} }

func TestAllMethods(t *testing.T) {
	p := plan(t)
	runs, err := p.Do(t.Context(), nil, silent)
	if err != nil {
		t.Fatal(err)
	}
	if len(runs) != 2*(7+1) { // only the 128 values of SIFT are projected, to 119, and run with both seeds
		t.Fatalf("%d runs", len(runs))
	}
	for _, r := range runs {
		// The same by hand.
		s := p.Classes[slices.IndexFunc(p.Classes, func(s *dataset.Set) bool { return s.Class == r.Class })]
		m := p.Methods[slices.IndexFunc(p.Methods, func(m Method) bool { return m.Key == r.Method })]
		if len(r.ModelSHA256) != 64 || r.TestScans == 0 || r.Convention == "" || r.Provenance.Scans != 2 {
			t.Errorf("run %+v", r)
		}
		if m.Key != "fpfh" {
			continue
		}
		c := p.Config
		c.Features = m.Features
		d, err := iad3d.Fit(t.Context(), c, scansOf(t, s))
		if err != nil {
			t.Fatal(err)
		}
		e, err := d.Evaluate(t.Context(), s.Scans(t.Context(), dataset.Test), nil)
		if err != nil {
			t.Fatal(err)
		}
		if e.Metrics != r.Figures {
			t.Errorf("%s %s: %+v, by hand %+v", r.Class, r.Method, r.Figures, e.Metrics)
		}
	}
	table := p.Tabulate(runs)
	if err := p.Write(table, runs); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := table.Markdown(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"## AU-PRO", "| Depth iNet |", "| RGB + FPFH |", "| mean |", "backbone standin.onnx"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	for _, r := range table.Rows {
		mean := (r.Cells[0].AUPRO + r.Cells[1].AUPRO) / 2
		if len(r.Cells) != 3 || math.Abs(r.Cells[2].AUPRO-mean) > 1e-12 {
			t.Errorf("%s: mean %v, want %v", r.Method, r.Cells, mean)
		}
	}
	var e Evidence
	text, err := os.ReadFile(filepath.Join(p.Out, EvidenceJSON))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatal(err)
	}
	if len(e.Runs) != 16 || len(e.Classes) != 2 || len(e.Classes[0].SHA256) != 64 || e.Backbone == nil || e.Version != iad3d.Version {
		t.Errorf("evidence %+v", e)
	}
	lines, err := os.ReadFile(filepath.Join(p.Out, TableCSV))
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(lines, []byte("\n")); n != 1+7*3 {
		t.Errorf("%d lines of CSV", n)
	}
}

// TestGoesOn interrupts a benchmark and starts it again: what was done is not
// repeated, and the figures are those of an undisturbed run.
func TestGoesOn(t *testing.T) {
	p := plan(t, "raw", "hog")
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	_, err := p.Do(ctx, func(Run) {
		if n++; n == 2 {
			cancel()
		}
	}, silent)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("%v", err)
	}
	reused := 0
	runs, err := p.Do(t.Context(), func(r Run) {
		if r.Reused {
			reused++
		}
	}, silent)
	if err != nil {
		t.Fatal(err)
	}
	if reused != 2 || len(runs) != 4 {
		t.Errorf("%d of %d runs taken over, want 2 of 4", reused, len(runs))
	}
	whole := *p
	whole.Out = filepath.Join(t.TempDir(), "whole")
	want, err := whole.Do(t.Context(), nil, silent)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if runs[i].Figures != want[i].Figures || runs[i].ModelSHA256 != want[i].ModelSHA256 {
			t.Errorf("%s %s: %+v, undisturbed %+v", runs[i].Class, runs[i].Method, runs[i].Figures, want[i].Figures)
		}
	}

	// A change of what the figures depend on, and a damaged record, are seen.
	again := func(what string, want int) {
		t.Helper()
		fresh := 0
		if _, err := p.Do(t.Context(), func(r Run) {
			if !r.Reused {
				fresh++
			}
		}, silent); err != nil {
			t.Fatal(err)
		}
		if fresh != want {
			t.Errorf("%s: %d runs done again, want %d", what, fresh, want)
		}
	}
	again("nothing", 0)
	if err := os.WriteFile(filepath.Join(p.Out, RunsFolder, p.Classes[0].Class+"_raw_0.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	again("a damaged record", 1)
	item := p.Classes[0].Items(dataset.Test)[0]
	other := p.Classes[0].Items(dataset.Test)[1]
	content, err := os.ReadFile(other.XYZ)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(item.XYZ, content, 0o644); err != nil {
		t.Fatal(err)
	}
	again("another scan", 2)
	p.Config.Blur = 3
	again("another setting", 4)
	p.Program = "0123456789ab"
	again("another program", 4)
}

func TestPublished(t *testing.T) {
	if n := len(published()); n != 2*7*11 {
		t.Errorf("%d published cells", n)
	}
	for _, v := range []string{"raw", "preprocessed"} {
		for _, m := range Methods(iad3d.ProtocolBTF) {
			var sum [3]float64
			for key, figures := range published() {
				if key.scans == v && key.method == m.Key && key.class != meanClass {
					for i, x := range values(figures) {
						sum[i] += x / 10
					}
				}
			}
			for i, x := range values(published()[publishedKey{v, m.Key, meanClass}]) {
				if math.Abs(x-sum[i]) > 1e-3+1e-9 { // the program rounds each to three places
					t.Errorf("%s %s, %s: mean %v, of the classes %v", v, m.Key, figureNames[i], x, sum[i])
				}
			}
		}
	}
	p := &Plan{Dataset: "mvtec3d", Config: iad3d.Config{Protocol: iad3d.ProtocolBTF}}
	if m := p.publishedFor("fpfh", "cable_gland"); m == nil || *m != (iad3d.Metrics{ImageAUROC: .533, PixelAUROC: .955, AUPRO: .849}) {
		t.Errorf("%+v", m)
	}
	if m := p.publishedFor("rgb", "cable_gland"); m != nil {
		t.Errorf("a network's figures beside those of filters: %+v", m)
	}
	if m := p.publishedFor("fpfh", "mean"); m != nil {
		t.Errorf("the mean of ten classes beside that of none: %+v", m)
	}
	p.Preprocessed = true
	if m := p.publishedFor("fpfh", "cable_gland"); m == nil || m.AUPRO != .878 {
		t.Errorf("%+v", m)
	}
	p.Config.Protocol = iad3d.ProtocolDefault
	if m := p.publishedFor("fpfh", "cable_gland"); m != nil {
		t.Errorf("%+v", m)
	}
}

func TestSeedsAreAveraged(t *testing.T) {
	runs := []Run{
		{Class: "a", Method: "m", Seed: 0, Figures: iad3d.Metrics{ImageAUROC: .5, PixelAUROC: .9, AUPRO: .7}},
		{Class: "a", Method: "m", Seed: 1, Figures: iad3d.Metrics{ImageAUROC: .7, PixelAUROC: .9, AUPRO: .8}},
	}
	c := cellOf("a", "m", runs)
	if c.Seeds != 2 || math.Abs(c.ImageAUROC-.6) > 1e-12 || math.Abs(c.Spread.ImageAUROC-.1) > 1e-12 || math.Abs(c.Spread.PixelAUROC) > 1e-12 {
		t.Errorf("%+v", c)
	}
	if s := c.text(0); s != "0.6000 ± 0.1000" {
		t.Errorf("%q", s)
	}
}

func TestPlanRefused(t *testing.T) {
	p := plan(t, "raw")
	p.Methods = []Method{{Key: "depth", Features: []string{"depth"}, Needs: MustBackbone}}
	p.Backbone = nil
	if _, err := p.Do(t.Context(), nil, silent); !errors.Is(err, iad3d.ErrBackbone) {
		t.Errorf("%v", err)
	}
	p.Methods = nil
	if _, err := p.Do(t.Context(), nil, silent); !errors.Is(err, ErrPlan) {
		t.Errorf("%v", err)
	}
}

func scansOf(t *testing.T, s *dataset.Set) iter.Seq2[*rgbd.Scan, error] {
	return rgbd.WithoutLabels(s.Scans(t.Context(), dataset.Train))
}

// TestAblation holds that every lever is another setting than the default's, and that
// a bootstrap gives intervals to figures and differences.
func TestAblation(t *testing.T) {
	p := plan(t, "fpfh")
	p.Config = iad3d.Config{Size: 48, Cells: 12, FPFHK: []int{20, 40}}
	p.Seeds, p.Classes, p.Bootstrap, p.Backbone = p.Seeds[:1], p.Classes[:1], 50, nil
	p.Methods = Ablation([]string{iad3d.FeatureFPFH, iad3d.FeatureSurface}, false)
	seen := map[string]string{}
	for _, m := range p.Methods {
		text, err := json.Marshal(p.config(m, 0))
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[string(text)]; ok {
			t.Errorf("%s is the same as %s", m.Key, other)
		}
		seen[string(text)] = m.Key
	}
	p.Methods = slices.DeleteFunc(p.Methods, func(m Method) bool { return m.Key != "default" && m.Key != "unscaled" && m.Key != "no-normals" })
	runs, err := p.Do(t.Context(), nil, silent)
	if err != nil {
		t.Fatal(err)
	}
	table := p.Tabulate(runs)
	for i, r := range table.Rows {
		c := r.Cells[0]
		if c.Low == nil || c.Low.AUPRO > c.AUPRO || c.High.AUPRO < c.AUPRO || (c.DifferenceLow == nil) != (i == 0) {
			t.Errorf("%s: %+v", r.Method, c)
		}
		if i > 0 && (c.DifferenceLow.AUPRO > c.AUPRO-table.Rows[0].Cells[0].AUPRO || c.DifferenceHigh.AUPRO < c.AUPRO-table.Rows[0].Cells[0].AUPRO) {
			t.Errorf("%s: difference %+v to %+v", r.Method, c.DifferenceLow, c.DifferenceHigh)
		}
	}
	var b bytes.Buffer
	if err := table.Markdown(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| distances as they are |", " Δ [", "in brackets: 95 %"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

// TestOtherDetectors holds that padim and spade stand beside the default detector, with
// the features that a fit chooses.
func TestOtherDetectors(t *testing.T) {
	p := plan(t)
	p.Classes, p.Methods, p.Backbone = p.Classes[:1], nil, nil
	p.Config = iad3d.Config{Size: 64, Cells: 8, FPFHK: []int{30}}
	for _, m := range Methods(iad3d.ProtocolDefault) {
		if m.Features == nil {
			p.Methods = append(p.Methods, m)
		}
	}
	runs, err := p.Do(t.Context(), nil, silent)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]iad3d.Method{DefaultKey: iad3d.MethodBank, "padim": iad3d.MethodPaDiM, "spade": iad3d.MethodSPADE}
	if len(runs) != len(want) {
		t.Fatalf("%d runs", len(runs))
	}
	for _, r := range runs {
		if r.Config.Method != want[r.Method] || len(r.Config.Features) != 3 || r.BankRows == 0 {
			t.Errorf("%s: method %s, features %v, %d rows", r.Method, r.Config.Method, r.Config.Features, r.BankRows)
		}
	}
	var b bytes.Buffer
	if err := p.Tabulate(runs).Markdown(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| default |", "| PaDiM |", "| SPADE |"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}
