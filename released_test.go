package iad3d_test

import (
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/internal/standin"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
)

// The models in testdata/models were written by the version that their names begin
// with, and scores.json holds what that version scored with them. A later one must
// load them and score alike. Where releasedEnv holds a name TestReleased first writes
// the present program's models under it; see testdata/models/README.md.
const (
	releasedDir = "testdata/models"
	releasedEnv = "IAD3D_RELEASED"
)

// releasedTolerance is relative. A model's settings come with it, so its scores
// change only where the code that computes descriptors, distances or maps does: a
// change of order in some sum is far below, another descriptor far above.
const releasedTolerance = 0.01

// sheet is a scan made by +, −, × and ÷ alone, the same everywhere: a wavy sheet of
// 40×32 pixels with noise, and with a dent at pixel (26, 12) when it is asked for.
// Loose it is its points without the raster.
func sheet(index int, dent float64, loose bool) *rgbd.Scan {
	const w, h = 40, 32
	c := &pointcloud.Cloud{}
	im := image.NewNRGBA(image.Rect(0, 0, w, h))
	state := uint32(2654435761 * uint32(index+1))
	noise := func() float64 {
		state = 1664525*state + 1013904223
		return float64(state>>8)/(1<<24) - 0.5
	}
	wave := func(t float64) float64 { // parabolas of period 2, from −1 to 1
		t -= 2 * math.Floor(t/2)
		if t < 1 {
			return float64(4 * t * (1 - t))
		}
		return -float64(4 * (t - 1) * (2 - t))
	}
	for y := range h {
		for x := range w {
			u, v := float64(x)+0.2*noise(), float64(y)
			z := 0.5 + float64(0.001*wave(0.07*u+0.01*float64(index))) + float64(0.001*wave(0.11*v)) + float64(2e-5*noise())
			if r2 := float64((u-26)*(u-26)) + float64((v-12)*(v-12)); r2 < 16 {
				z += dent * (1 - r2/16)
			}
			c.XYZ = append(c.XYZ, float32(0.0005*u), float32(0.0005*v), float32(z))
			im.SetNRGBA(x, y, color.NRGBA{uint8(100 + 3*x), uint8(200 - 4*y), uint8(120 + int(20*noise())), 255})
		}
	}
	s := &rgbd.Scan{Name: fmt.Sprintf("sheet %d", index), Cloud: c}
	if !loose {
		c.Width, c.Height, s.Colour = w, h, im
	}
	return s
}

// releasedConfigs are the kinds of models that are kept.
func releasedConfigs() map[string]iad3d.Config {
	few := iad3d.Config{Cells: 16, NormalK: 12, FPFHK: []int{16, 32}, Blur: 2}
	colour := few
	colour.Features = []string{iad3d.FeatureRGB, iad3d.FeatureFPFH}
	btf := iad3d.Config{Protocol: iad3d.ProtocolBTF, Size: 40, Cells: 16, FPFHK: []int{40}}
	loose := iad3d.Config{FPFHK: []int{16, 32}, Points: 1000, Centres: 100, Pool: 8}
	sound := few // all that a model of rasters holds, in a small file
	sound.Rows = 60
	padim := few // small files
	padim.Method, padim.Cells, padim.Features, padim.FPFHK = iad3d.MethodPaDiM, 6, []string{iad3d.FeatureFPFH}, []int{16}
	spade := padim
	spade.Method, spade.Rows = iad3d.MethodSPADE, 60
	network := sound // its rows whitened
	network.Features = []string{iad3d.FeatureNormals, iad3d.FeatureRGB}
	return map[string]iad3d.Config{"default": few, "sound": sound, "colour": colour, "btf": btf, "loose": loose, "padim": padim, "spade": spade, networkKind: network}
}

// networkKind is the kind of model that is fitted with a network, the stand-in for one.
const networkKind = "network"

// releasedNetwork opens the network of models that need one.
func releasedNetwork() iad3d.Option {
	return iad3d.WithNetwork(func(want *rgbd.BackboneInfo) (rgbd.Backbone, error) {
		if want == nil {
			return nil, nil
		}
		return standin.New(), nil
	})
}

type releasedScore struct {
	Good   float64 `json:"good"`   // of a sound sheet
	Dented float64 `json:"dented"` // of one with a dent
}

func releasedScores(t *testing.T, d *iad3d.Detector) releasedScore {
	t.Helper()
	score := func(dent float64) float64 {
		r, err := d.Score(t.Context(), sheet(100, dent, d.Config().Loose))
		if err != nil {
			t.Fatal(err)
		}
		return r.Score
	}
	return releasedScore{score(0), score(0.003)}
}

// keepModels writes a model of each kind and its scores.
func keepModels(t *testing.T, version string) {
	scores := map[string]releasedScore{}
	file := filepath.Join(releasedDir, "scores.json")
	if b, err := os.ReadFile(file); err == nil {
		if err := json.Unmarshal(b, &scores); err != nil {
			t.Fatal(err)
		}
	}
	for kind, c := range releasedConfigs() {
		var opts []iad3d.Option
		if kind == networkKind {
			opts = append(opts, iad3d.WithBackbone(standin.New()))
		}
		d, err := iad3d.Fit(t.Context(), c, scansOf(sheet(0, 0, kind == "loose"), sheet(1, 0, kind == "loose"), sheet(2, 0, kind == "loose")), opts...)
		if err != nil {
			t.Fatal(err)
		}
		name := version + "-" + kind + ".model"
		if err := d.Save(filepath.Join(releasedDir, name)); err != nil {
			t.Fatal(err)
		}
		scores[name] = releasedScores(t, d)
	}
	b, err := json.MarshalIndent(scores, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(b, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestReleased loads every model that was kept and scores with it.
func TestReleased(t *testing.T) {
	if version := os.Getenv(releasedEnv); version != "" {
		keepModels(t, version)
	}
	files, err := filepath.Glob(filepath.Join(releasedDir, "*.model"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no models: %v", err)
	}
	b, err := os.ReadFile(filepath.Join(releasedDir, "scores.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]releasedScore
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	if len(want) != len(files) {
		t.Errorf("%d models, scores of %d", len(files), len(want))
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			d, err := iad3d.Load(file, releasedNetwork())
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			got, want := releasedScores(t, d), want[filepath.Base(file)]
			near := func(a, b float64) bool { return math.Abs(a-b) <= releasedTolerance*b }
			if !near(got.Good, want.Good) || !near(got.Dented, want.Dented) {
				t.Errorf("scores %+v, its own version gave %+v", got, want)
			}
			if !(got.Dented > 1.2*got.Good) {
				t.Errorf("the dent does not show: %+v", got)
			}
		})
	}
}
