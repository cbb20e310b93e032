package iad3d_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/internal/synth"
	"github.com/iad3d/iad3d/io/model"
	"github.com/iad3d/iad3d/rgbd"
)

// otherMethods are those that are not the default.
var otherMethods = []iad3d.Method{iad3d.MethodPaDiM, iad3d.MethodSPADE}

// TestMethodsFindDefects holds that each method finds a defect and where it is, that
// features share the map, that a model scores the same over its file, and does not grow.
func TestMethodsFindDefects(t *testing.T) {
	for _, m := range otherMethods {
		t.Run(string(m), func(t *testing.T) {
			c := small(iad3d.ProtocolDefault)
			c.Method = m
			d := mustFit(t, c, 8)
			if k := d.Calibration(); len(k.Held) != 8 || len(k.Weights) != 3 || d.Thresholds() == nil || d.Config().Method != m {
				t.Fatalf("calibration %+v", k)
			}
			loaded := reloaded(t, d)
			good, err := loaded.Score(t.Context(), render(t, rgbd.Good, 1, synth.Test).Scan)
			if err != nil {
				t.Fatal(err)
			}
			s := render(t, "bent", 0, synth.Test)
			bent, err := loaded.Score(t.Context(), s.Scan)
			if err != nil {
				t.Fatal(err)
			}
			if bent.Score < 1.3*good.Score {
				t.Errorf("a good scan scores %v, a bent one %v", good.Score, bent.Score)
			}
			if n := nearestTruth(s.Truth, bent.Peak); n > 6 {
				t.Errorf("the peak %v is %.0f pixels from the defect", bent.Peak, n)
			}
			for i, v := range bent.Map.Data {
				sum := float32(0)
				for _, p := range bent.Parts {
					sum += p.Map.Data[i]
				}
				if sum != v {
					t.Fatalf("pixel %d is %v, its shares %v", i, v, sum)
				}
			}
			fresh, err := d.Score(t.Context(), s.Scan)
			if err != nil {
				t.Fatal(err)
			}
			if digest(fresh) != digest(bent) {
				t.Errorf("the loaded detector scores %v, the fitted one %v", bent.Score, fresh.Score)
			}
			if _, err := loaded.Update(t.Context(), training(t, 1), nil); !errors.Is(err, iad3d.ErrUpdate) || !strings.Contains(err.Error(), "fit it again") {
				t.Errorf("error %v, want one wrapping %v", err, iad3d.ErrUpdate)
			}
		})
	}
}

// TestMethodErrors holds what the methods do not go with.
func TestMethodErrors(t *testing.T) {
	for name, c := range map[string]iad3d.Config{
		"unknown":               {Method: "gmm"},
		"padim, btf":            {Method: iad3d.MethodPaDiM, Protocol: iad3d.ProtocolBTF},
		"padim, contamination":  {Method: iad3d.MethodPaDiM, Contamination: 0.1},
		"spade, contamination":  {Method: iad3d.MethodSPADE, Contamination: iad3d.ContaminationAuto},
		"spade, unscaled":       {Method: iad3d.MethodSPADE, Unscaled: true},
		"padim, unwhitened":     {Method: iad3d.MethodPaDiM, Unwhitened: true},
		"spade, trusting":       {Method: iad3d.MethodSPADE, Trusting: true},
		"btf, trusting":         {Protocol: iad3d.ProtocolBTF, Trusting: true},
		"bank, trusting, doubt": {Trusting: true, Contamination: iad3d.ContaminationAuto},
		"bank, trusting, plain": {Trusting: true, Unscaled: true},
		"padim, rows":           {Method: iad3d.MethodPaDiM, Rows: 100},
		"padim, neighbours":     {Method: iad3d.MethodPaDiM, Neighbors: 2},
		"padim, alike":          {Method: iad3d.MethodPaDiM, Alike: 2},
		"bank, alike":           {Alike: 2},
		"spade, alike negative": {Method: iad3d.MethodSPADE, Alike: -1},
	} {
		if _, err := iad3d.Fit(t.Context(), c, goodScans(2)); !errors.Is(err, iad3d.ErrConfig) {
			t.Errorf("%s: error %v, want one wrapping %v", name, err, iad3d.ErrConfig)
		}
	}
	if _, err := iad3d.Fit(t.Context(), iad3d.Config{Trusting: true}, scansOf(sheet(0, 0, true), sheet(1, 0, true))); !errors.Is(err, iad3d.ErrConfig) || !strings.Contains(err.Error(), "trusted anyway") {
		t.Errorf("trusting, loose: error %v, want one wrapping %v", err, iad3d.ErrConfig)
	}
	for _, m := range otherMethods {
		if _, err := iad3d.Fit(t.Context(), iad3d.Config{Method: m}, scansOf(sheet(0, 0, true), sheet(1, 0, true))); !errors.Is(err, iad3d.ErrConfig) || !strings.Contains(err.Error(), "loose") {
			t.Errorf("%s, loose: error %v, want one wrapping %v", m, err, iad3d.ErrConfig)
		}
		if _, err := iad3d.Fit(t.Context(), iad3d.Config{Method: m}, scansOf(sheet(0, 0, false))); !errors.Is(err, iad3d.ErrConfig) || !strings.Contains(err.Error(), "two scans") {
			t.Errorf("%s, one scan: error %v, want one wrapping %v", m, err, iad3d.ErrConfig)
		}
	}
}

// TestMethodsOfManyScans holds that scans beyond those that are held out count, too.
func TestMethodsOfManyScans(t *testing.T) {
	const n = 160
	for _, m := range otherMethods {
		c := iad3d.Config{Method: m, Size: 8, Cells: 4, NormalK: 6, FPFHK: []int{6}, Blur: 1, Features: []string{iad3d.FeatureFPFH}}
		var scans []*rgbd.Scan
		for i := range n {
			scans = append(scans, corner(i, 0))
		}
		d, err := iad3d.Fit(t.Context(), c, scansOf(scans...))
		if err != nil {
			t.Fatal(err)
		}
		if held := d.Calibration().Held; len(held) >= n || d.Provenance().Scans != n {
			t.Errorf("%s: %d of %d scans held out", m, len(held), d.Provenance().Scans)
		}
		if _, err := reloaded(t, d).Score(t.Context(), corner(n, 0)); err != nil {
			t.Error(err)
		}
	}
}

// TestHostileMethods: whatever a model's tensors and texts say, Load gives a detector that
// scores or an error wrapping model.ErrModel.
func TestHostileMethods(t *testing.T) {
	for _, m := range otherMethods {
		t.Run(string(m), func(t *testing.T) {
			c := releasedConfigs()[string(m)]
			path := filepath.Join(t.TempDir(), "model")
			if err := fitSheets(t, c, 3, false).Save(path); err != nil {
				t.Fatal(err)
			}
			f, err := model.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			var tensors []model.Tensor
			for _, info := range f.Tensors() {
				v, err := f.Tensor(info.Name)
				if err != nil {
					t.Fatal(err)
				}
				v.Data = bytes.Clone(v.Data)
				tensors = append(tensors, v)
			}
			meta := f.Meta()
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			load := func(name string, change func(v *model.Tensor), meta map[string]string) error {
				list := slices.Clone(tensors)
				for i := range list {
					list[i].Data, list[i].Shape = bytes.Clone(list[i].Data), slices.Clone(list[i].Shape)
					if list[i].Name == name+"."+iad3d.FeatureFPFH {
						change(&list[i])
					}
				}
				if err := os.WriteFile(path, modelFile(t, maps.Clone(meta), list), 0o600); err != nil {
					t.Fatal(err)
				}
				d, err := iad3d.Load(path)
				if err != nil {
					if !errors.Is(err, model.ErrModel) {
						t.Errorf("%s: error %v", name, err)
					}
					return err
				}
				defer d.Close()
				r, err := d.Score(t.Context(), sheet(1, 0, false))
				if err == nil && (r.Score-r.Score != 0 || r.Score < 0) {
					t.Errorf("%s: score %v", name, r.Score)
				}
				return nil
			}
			if err := load("", nil, meta); err != nil {
				t.Fatal(err)
			}
			number := func(bits uint32) func(v *model.Tensor) {
				return func(v *model.Tensor) { binary.LittleEndian.PutUint32(v.Data, bits) }
			}
			float := func(f float64) func(v *model.Tensor) { return number(math.Float32bits(float32(f))) }
			shorter := func(v *model.Tensor) {
				v.Data = v.Data[:len(v.Data)-len(v.Data)/v.Shape[0]]
				v.Shape[0]--
			}
			flat := func(v *model.Tensor) { v.Shape = []int{len(v.Data) / 4} }
			cases := map[string][]func(v *model.Tensor){
				"cells":    {shorter, number(1 << 30), number(math.MaxUint32), number(2), func(v *model.Tensor) { v.Shape = []int{1, len(v.Data) / 4} }},
				"centres":  {shorter, flat, float(math.NaN()), float(math.Inf(1))},
				"inverses": {shorter, flat, float(math.NaN()), float(0), float(-1), float(1e9)},
			}
			if m == iad3d.MethodSPADE {
				cases = map[string][]func(v *model.Tensor){
					"bank":    {shorter, flat, float(math.NaN())},
					"means":   {shorter, flat, float(math.NaN()), float(math.Inf(-1))},
					"origins": {shorter, flat, number(7), number(math.MaxUint32), func(v *model.Tensor) { binary.LittleEndian.PutUint32(v.Data[len(v.Data)-8:], 1000) }},
				}
			}
			for name, changes := range cases {
				for i, change := range changes {
					if load(name, change, meta) == nil {
						t.Errorf("%s, change %d: loads", name, i)
					}
				}
			}
			for _, text := range []struct{ key, old, new string }{
				{"iad3d.config", `"method":"` + string(m) + `"`, `"method":"x"`},
				{"iad3d.config", `"method":"` + string(m) + `"`, `"method":"bank"`},
				{"iad3d.config", `"method":"` + string(m) + `",`, ``},
				{"iad3d.config", `"protocol":"default"`, `"protocol":"btf"`},
				{"iad3d.config", `"cells":6`, `"cells":5`},
				{"iad3d.config", `"fpfh_k":[16]`, `"fpfh_k":[16,32]`},
				{"iad3d.banks", `"feature"`, `"scale":1,"feature"`},
				{"iad3d.banks", `"weight":`, `"weight":-`},
			} {
				changed := maps.Clone(meta)
				if changed[text.key] = strings.Replace(meta[text.key], text.old, text.new, 1); changed[text.key] == meta[text.key] {
					t.Fatalf("no %s in %s", text.old, meta[text.key])
				}
				if m == iad3d.MethodSPADE && text.old == `"cells":6` {
					continue // rows that are of none
				}
				if load("", nil, changed) == nil {
					t.Errorf("%s for %s: loads", text.new, text.old)
				}
			}
		})
	}
}

// TestMethodsWithoutColour holds a scan without a colour image, whose features are of geometry alone.
func TestMethodsWithoutColour(t *testing.T) {
	for _, m := range otherMethods {
		var scans []*rgbd.Scan
		for i := range 3 {
			s := sheet(i, 0, false)
			s.Colour = nil
			scans = append(scans, s)
		}
		c := releasedConfigs()[string(m)]
		c.Features = nil
		d, err := iad3d.Fit(t.Context(), c, scansOf(scans...))
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Config().Features; !slices.Equal(got, []string{iad3d.FeatureFPFH, iad3d.FeatureSurface}) {
			t.Errorf("%s: features %v", m, got)
		}
	}
}
