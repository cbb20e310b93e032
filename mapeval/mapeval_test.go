package mapeval_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/io/groundtruth"
	"github.com/iad3d/iad3d/io/npy"
	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/io/xyztiff"
	"github.com/iad3d/iad3d/mapeval"
	"github.com/iad3d/iad3d/metrics"
)

// put writes a file and its folders.
func put(t testing.TB, path string, write func(w io.Writer) error) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := write(f); err != nil {
		t.Fatal(err)
	}
}

func array(a *npy.Array) func(io.Writer) error {
	return func(w io.Writer) error { return npy.Encode(w, a, npy.EncodeOptions{}) }
}

func mask(m *image.Gray) func(io.Writer) error {
	return func(w io.Writer) error { return png.Encode(w, m) }
}

const side = 24

// set is a test set in the layout of MVTec AD with its maps: three good scans,
// three bent ones and two cut ones.
type set struct {
	gt, maps string
	scans    []sample
}

type sample struct {
	kind   string
	scores []float32
	truth  []bool // nil: good
}

func newSet(t testing.TB, classes ...string) *set {
	t.Helper()
	if classes == nil {
		classes = []string{"nut"}
	}
	s := &set{gt: t.TempDir(), maps: t.TempDir()}
	rng := rand.New(rand.NewPCG(1, uint64(len(classes))))
	for _, class := range classes {
		for i, kind := range []string{"good", "good", "good", "bent", "bent", "bent", "cut", "cut"} {
			d := sample{kind: kind, scores: make([]float32, side*side)}
			m := image.NewGray(image.Rect(0, 0, side, side))
			if kind != "good" {
				d.truth = make([]bool, side*side)
			}
			for k := range d.scores {
				d.scores[k] = float32(rng.NormFloat64())
				x, y := k%side, k/side
				if d.truth != nil && (x-8-i)*(x-8-i)+(y-9)*(y-9) < 12 {
					d.truth[k], m.Pix[k] = true, 255
					d.scores[k] += 2
				}
			}
			stem := fmt.Sprintf("%03d", i)
			put(t, filepath.Join(s.maps, class, "test", kind, stem+".npy"), array(npy.FromFloat32s(d.scores, side, side)))
			if kind != "good" {
				put(t, filepath.Join(s.gt, class, "ground_truth", kind, stem+"_mask.png"), mask(m))
			}
			s.scans = append(s.scans, d)
		}
	}
	return s
}

// pool makes the pool of the good scans and those of one kind, and the scans'
// scores; of every kind when it is empty.
func (s *set) pool(t testing.TB, kind string) (p *metrics.Pixels[float32], scores []float64, labels []bool) {
	t.Helper()
	p = new(metrics.Pixels[float32])
	for _, d := range s.scans {
		if kind != "" && d.kind != "good" && d.kind != kind {
			continue
		}
		if err := p.Add(metrics.Image[float32]{Width: side, Height: side, Scores: d.scores, Truth: d.truth}); err != nil {
			t.Fatal(err)
		}
		scores, labels = append(scores, float64(slices.Max(d.scores))), append(labels, d.truth != nil)
	}
	return p, scores, labels
}

// The report says what package metrics says of the same arrays.
func TestRate(t *testing.T) {
	s := newSet(t)
	r, err := mapeval.Rate(t.Context(), s.maps, s.gt, mapeval.Options{Curves: true, Bootstrap: 50, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	if r.Layout != groundtruth.MVTecAD || len(r.Classes) != 1 || len(r.Notes) != 0 {
		t.Fatalf("%+v", r)
	}
	c := r.Classes[0]
	if c.Class != "nut" || c.Good != 3 || c.Defective != 5 || c.Pixels != 8*side*side || len(c.Scans) != 8 {
		t.Errorf("%+v", c)
	}
	check := func(kind string, image mapeval.ImageFigures, pixel *mapeval.PixelFigures) {
		t.Helper()
		p, scores, labels := s.pool(t, kind)
		auc, err := metrics.ROCAUC(scores, labels)
		if err != nil || image.AUROC != auc.Value {
			t.Errorf("%q: image AUROC %v, want %v, %v", kind, image.AUROC, auc, err)
		}
		ap, err := p.AveragePrecision()
		if err != nil || pixel.AP != ap.Value {
			t.Errorf("%q: pixel AP %v, want %v, %v", kind, pixel.AP, ap, err)
		}
		if auc, err = p.ROCAUC(); err != nil || pixel.AUROC != auc.Value {
			t.Errorf("%q: pixel AUROC %v, want %v, %v", kind, pixel.AUROC, auc, err)
		}
		official, err := p.PROCurve(metrics.PROOptions{})
		if err != nil {
			t.Fatal(err)
		}
		exact, err := p.PROCurve(metrics.PROOptions{Exact: true})
		if err != nil {
			t.Fatal(err)
		}
		for i, limit := range metrics.Limits() {
			a, _ := official.Area(limit)
			b, _ := exact.Area(limit)
			// The order of the pools changes that of sums.
			if got := pixel.Areas[i]; got.Limit != limit || math.Abs(*got.Official-a.Value) > 1e-12 || math.Abs(got.Exact-b.Value) > 1e-12 {
				t.Errorf("%q: %+v, want %v and %v", kind, got, a, b)
			}
		}
	}
	check("", c.ImageFigures, &c.PixelFigures)
	for i, kind := range []string{"bent", "cut"} {
		k := c.Kinds[i]
		if k.Kind != kind || k.Scans != 3-i || k.Regions != 3-i {
			t.Errorf("%+v", k)
		}
		check(kind, k.ImageFigures, k.PixelFigures)
	}
	if r.ImageAUROC != c.ImageFigures.AUROC || r.PixelAUROC != c.PixelFigures.AUROC || r.AUPRO != *c.Areas[0].Official {
		t.Errorf("headline %v %v %v", r.ImageAUROC, r.PixelAUROC, r.AUPRO)
	}
	for _, says := range []string{"maximum of the map", "Mann-Whitney", "AU-PRO official: 8-connected, 100 positions, limit 0.3", "at the maps' resolution"} {
		if !strings.Contains(r.Convention, says) {
			t.Errorf("convention %q does not say %q", r.Convention, says)
		}
	}
	names := ""
	for _, curve := range c.Curves {
		names += " " + curve.Name
	}
	if names != " image_roc image_pr pixel_roc pixel_pr pro_official pro_exact" {
		t.Errorf("curves%s", names)
	}
	if i := c.Intervals; i == nil || !(i.PixelAUROC.Low < c.PixelFigures.AUROC && c.PixelFigures.AUROC < i.PixelAUROC.High) || len(i.Areas) != 4 || !strings.Contains(i.Convention, "50 replicas, seed 3") {
		t.Errorf("intervals %+v", c.Intervals)
	}
	// Every figure has a convention.
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var keys map[string]any
	if err := json.Unmarshal(b, &keys); err != nil {
		t.Fatal(err)
	}
	for k := range keys {
		if _, named := r.Conventions[k]; !named && (strings.HasPrefix(k, "image_") || strings.HasPrefix(k, "pixel_")) {
			t.Errorf("%s has no convention", k)
		}
	}
}

// Maps of several classes lie in folders of their names, and the headline is the
// mean.
func TestRateClasses(t *testing.T) {
	s := newSet(t, "bolt", "nut")
	r, err := mapeval.Rate(t.Context(), s.maps, s.gt, mapeval.Options{Limits: []float64{0.1}})
	if err != nil {
		t.Fatal(err)
	}
	a, b := r.Classes[0], r.Classes[1]
	if mean := a.PixelFigures.AUROC/2 + b.PixelFigures.AUROC/2; a.Class != "bolt" || b.Class != "nut" || r.PixelAUROC != mean || !strings.Contains(r.Convention, "mean of 2 classes") {
		t.Errorf("%v, want %v: %s", r.PixelAUROC, mean, r.Convention)
	}
	only, err := mapeval.Rate(t.Context(), s.maps, s.gt, mapeval.Options{Class: "nut"})
	if err != nil || len(only.Classes) != 1 || only.Classes[0].PixelFigures.AUROC != b.PixelFigures.AUROC {
		t.Errorf("class nut alone: %v", err)
	}
	// One class named, the maps need no folder of its name.
	alone, err := mapeval.Rate(t.Context(), filepath.Join(s.maps, "nut"), s.gt, mapeval.Options{Class: "nut"})
	if err != nil || alone.PixelAUROC != only.PixelAUROC {
		t.Errorf("class nut alone in its folder: %v", err)
	}
	if _, err := mapeval.Rate(t.Context(), filepath.Join(s.maps, "nut"), s.gt, mapeval.Options{}); err == nil || !strings.Contains(err.Error(), filepath.Join("nut", "bolt")+": no folder with the maps of this class") {
		t.Errorf("maps of one class for two: %v", err)
	}
}

// A set whose maps are float64 beyond float32 is rated in float64, with no score
// rounded.
func TestRateFloat64(t *testing.T) {
	s := newSet(t)
	// Two pixels that only float64 tells apart.
	d := s.scans[0]
	wide := make([]float64, len(d.scores))
	for i, v := range d.scores {
		wide[i] = float64(v)
	}
	wide[0] = 100 + 1e-12
	put(t, filepath.Join(s.maps, "nut", "test", "good", "000.npy"), array(npy.FromFloat64s(wide, side, side)))
	r, err := mapeval.Rate(t.Context(), s.maps, s.gt, mapeval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Classes[0].Scans; got[5].Name != "good/000" || got[5].Score != 100+1e-12 {
		t.Errorf("%+v", got)
	}
}

// A saturation of the whole region changes nothing, one in mm² needs clouds and
// agrees with the same in pixels.
func TestRateSaturation(t *testing.T) {
	s := newSet(t)
	whole, err := mapeval.Rate(t.Context(), s.maps, s.gt, mapeval.Options{})
	if err != nil {
		t.Fatal(err)
	}
	same, err := mapeval.Rate(t.Context(), s.maps, s.gt, mapeval.Options{Saturation: metrics.Saturation{Share: 1}})
	if err != nil || same.AUPRO != whole.AUPRO {
		t.Errorf("saturation 1: %v, want %v; %v", same.AUPRO, whole.AUPRO, err)
	}
	if _, err := mapeval.Rate(t.Context(), s.maps, s.gt, mapeval.Options{Saturation: metrics.Saturation{Area: 1}}); !errors.Is(err, mapeval.ErrOptions) {
		t.Errorf("mm² without clouds: %v", err)
	}

	// The same set in MVTec 3D-AD's layout, a flat part, pixels 2 mm apart.
	root := t.TempDir()
	im := &xyztiff.Image{Width: side, Height: side, Samples: 3}
	for i := range side * side {
		im.F32 = append(im.F32, 0.002*float32(i%side), 0.002*float32(i/side), 0.5)
	}
	for i, d := range s.scans {
		m := image.NewGray(image.Rect(0, 0, side, side))
		for k := range d.scores {
			if d.truth != nil && d.truth[k] {
				m.Pix[k] = 254
			}
		}
		dir := filepath.Join(root, "nut", "test", d.kind)
		put(t, filepath.Join(dir, "gt", fmt.Sprintf("%03d.png", i)), mask(m))
		put(t, filepath.Join(dir, "xyz", fmt.Sprintf("%03d.tiff", i)), func(w io.Writer) error { return xyztiff.Encode(w, im, xyztiff.EncodeOptions{}) })
	}
	pixels, err := mapeval.Rate(t.Context(), s.maps, root, mapeval.Options{Saturation: metrics.Saturation{Pixels: 10}})
	if err != nil {
		t.Fatal(err)
	}
	area, err := mapeval.Rate(t.Context(), s.maps, root, mapeval.Options{Saturation: metrics.Saturation{Area: 40}})
	if err != nil {
		t.Fatal(err)
	}
	const tolerance = 1e-5 // float32 surfaces
	if math.Abs(pixels.AUPRO-area.AUPRO) > tolerance || pixels.AUPRO <= whole.AUPRO || !strings.Contains(area.Convention, "AU-sPRO by the official PRO's positions: 8-connected, 100 positions, saturation 40 mm², limit 0.3") {
		t.Errorf("10 pixels %v, 40 mm² %v, all %v: %s", pixels.AUPRO, area.AUPRO, whole.AUPRO, area.Convention)
	}
}

// At 224×224, maps of another size than the ground truth are compared too.
func TestRateBTF(t *testing.T) {
	s := newSet(t)
	for i, d := range s.scans {
		half := make([]float32, 0, side*side/4)
		for k, v := range d.scores {
			if k%2 == 0 && k/side%2 == 0 {
				half = append(half, v)
			}
		}
		put(t, filepath.Join(s.maps, "nut", "test", d.kind, fmt.Sprintf("%03d.npy", i)), array(npy.FromFloat32s(half, side/2, side/2)))
	}
	_, err := mapeval.Rate(t.Context(), s.maps, s.gt, mapeval.Options{})
	if _, ok := errors.AsType[*scan.Error](err); !ok || !strings.Contains(err.Error(), "map is 12×12, its ground truth") {
		t.Errorf("other size: %v", err)
	}
	r, err := mapeval.Rate(t.Context(), s.maps, s.gt, mapeval.Options{BTF: true})
	if err != nil || r.Classes[0].Pixels != 8*metrics.BTFSize*metrics.BTFSize || !strings.Contains(r.Convention, "at 224×224 as BTF") {
		t.Errorf("%+v, %v", r, err)
	}
}

// Sets that cannot be rated, each with an error of its kind that says why.
func TestRateRefuses(t *testing.T) {
	nan := make([]float32, side*side)
	nan[side+3] = float32(math.NaN())
	for name, c := range map[string]struct {
		spoil func(s *set)
		o     mapeval.Options
		want  error // nil: a *scan.Error
		says  string
	}{
		"NaN": {func(s *set) {
			put(t, filepath.Join(s.maps, "nut/test/bent/004.npy"), array(npy.FromFloat32s(nan, side, side)))
		}, mapeval.Options{}, nil, "004.npy: pixel (3, 1): score is not finite: NaN"},
		"missing":  {func(s *set) { os.Remove(filepath.Join(s.maps, "nut/test/cut/007.npy")) }, mapeval.Options{}, nil, "no map of cut/007"},
		"no good":  {func(s *set) { os.RemoveAll(filepath.Join(s.maps, "nut/test/good")) }, mapeval.Options{}, mapeval.ErrUndefined, "0 good and 5 defective scans"},
		"no map":   {func(s *set) { os.RemoveAll(s.maps) }, mapeval.Options{}, nil, "is not a folder"},
		"no class": {func(*set) {}, mapeval.Options{Class: "bolt"}, nil, `no class "bolt"; found nut`},
		"layout":   {func(*set) {}, mapeval.Options{Layout: groundtruth.LOCO}, nil, "no class folder of the layout loco"},
		"limit":    {func(*set) {}, mapeval.Options{Limits: []float64{0}}, mapeval.ErrOptions, "limit 0"},
		"limits":   {func(*set) {}, mapeval.Options{Limits: []float64{}}, mapeval.ErrOptions, "no limit"},
		"replica":  {func(*set) {}, mapeval.Options{Bootstrap: 1}, mapeval.ErrOptions, "1 bootstrap"},
		"BTF sPRO": {func(*set) {}, mapeval.Options{BTF: true, Saturation: metrics.Saturation{Pixels: 3}}, mapeval.ErrOptions, "without saturation"},
		"no pixel": {func(s *set) {
			for _, stem := range []string{"bent/003", "bent/004", "bent/005", "cut/006", "cut/007"} {
				put(t, filepath.Join(s.gt, "nut/ground_truth", stem+"_mask.png"), mask(image.NewGray(image.Rect(0, 0, side, side))))
			}
		}, mapeval.Options{}, mapeval.ErrUndefined, "no defect pixel"},
	} {
		s := newSet(t)
		c.spoil(s)
		r, err := mapeval.Rate(t.Context(), s.maps, s.gt, c.o)
		_, file := errors.AsType[*scan.Error](err)
		if r != nil || c.want == nil && !file || c.want != nil && !errors.Is(err, c.want) || err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func ExampleRate() {
	dir, err := os.MkdirTemp("", "mapeval")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	// Two maps of 2×2 pixels, the bent part's defect scoring highest.
	files := map[string]func(io.Writer) error{
		"gt/nut/ground_truth/bent/000_mask.png": mask(&image.Gray{Pix: []uint8{0, 255, 0, 0}, Stride: 2, Rect: image.Rect(0, 0, 2, 2)}),
		"maps/nut/test/bent/000.npy":            array(npy.FromFloat32s([]float32{.1, .9, .2, .1}, 2, 2)),
		"maps/nut/test/good/000.npy":            array(npy.FromFloat32s([]float32{.1, .3, .2, .1}, 2, 2)),
	}
	for name, write := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			fmt.Println(err)
			return
		}
		f, err := os.Create(path)
		if err != nil {
			fmt.Println(err)
			return
		}
		if err := write(f); err != nil {
			fmt.Println(err)
			return
		}
		f.Close()
	}
	r, err := mapeval.Rate(context.Background(), filepath.Join(dir, "maps"), filepath.Join(dir, "gt"), mapeval.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Layout, r.ImageAUROC, r.PixelAUROC, r.AUPRO)
	fmt.Println(r.Conventions["areas.exact"])
	// Output:
	// mvtec 1 1 1
	// AU-PRO exact: 8-connected, every distinct score, ties grouped
}
