package iad3d_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/internal/standin"
	"github.com/iad3d/iad3d/internal/synth"
	"github.com/iad3d/iad3d/io/model"
	"github.com/iad3d/iad3d/rgbd"
)

// featured is small with these features.
func featured(p iad3d.Protocol, features ...string) iad3d.Config {
	c := small(p)
	c.Features = features
	if p == iad3d.ProtocolBTF {
		c.Cells = 12 // of 8 pixels, as raw and HoG need them
	}
	return c
}

// TestEveryFeature fits, saves, loads and scores with each feature alone and with
// all that go together: the loaded detector gives the fitted one's bits.
func TestEveryFeature(t *testing.T) {
	for _, c := range []struct {
		config   iad3d.Config
		backbone bool
		dim      int // of a row
	}{
		{featured(iad3d.ProtocolBTF, "raw"), false, 64},
		{featured(iad3d.ProtocolBTF, "hog"), false, 8},
		{featured(iad3d.ProtocolBTF, "sift"), false, 128},
		{featured(iad3d.ProtocolBTF, "depth"), true, 9},
		{featured(iad3d.ProtocolBTF, "rgb"), true, 9},
		{featured(iad3d.ProtocolBTF, "rgb"), false, rgbd.FilterBankDim},
		{featured(iad3d.ProtocolBTF, "rgb", "fpfh"), true, 9 + 33},
		{featured(iad3d.ProtocolBTF, "fpfh", "raw", "hog", "sift", "depth", "rgb"), true, 33 + 64 + 8 + 128 + 9 + 9},
		{featured(iad3d.ProtocolDefault, "rgb"), true, 9},
		{featured(iad3d.ProtocolDefault, "rgb"), false, rgbd.FilterBankDim},
		{featured(iad3d.ProtocolDefault, "fpfh", "rgb"), true, 66 + 9},
		{featured(iad3d.ProtocolDefault, "normals"), false, rgbd.FilterBankDim},
		{featured(iad3d.ProtocolDefault, "surface"), false, rgbd.FilterBankDim},
		{featured(iad3d.ProtocolDefault, "fpfh", "normals", "surface", "rgb"), true, 66 + 9 + 9 + 9},
		{featured(iad3d.ProtocolDefault, "rgb", "fpfh"), false, rgbd.FilterBankDim + 66},
	} {
		name := string(c.config.Protocol) + " " + strings.Join(c.config.Features, "+")
		var opts []iad3d.Option
		if c.backbone {
			name += " with backbone"
			opts = append(opts, iad3d.WithBackbone(standin.New()))
		}
		t.Run(name, func(t *testing.T) {
			d, err := iad3d.Fit(t.Context(), c.config, training(t, 2), opts...)
			if err != nil {
				t.Fatal(err)
			}
			rows, values := d.BankSize()
			if c.config.Protocol == iad3d.ProtocolDefault {
				rows /= len(c.config.Features) // a bank each, of the same cells
			}
			if values != rows*c.dim {
				t.Errorf("%d rows of %d values in all, want %d each", rows, values, c.dim)
			}
			path := filepath.Join(t.TempDir(), "model")
			if err := d.Save(path); err != nil {
				t.Fatal(err)
			}
			loaded, err := iad3d.Load(path, opts...)
			if err != nil {
				t.Fatal(err)
			}
			defer loaded.Close()
			s := render(t, "dent", 0, synth.Test).Scan
			want, err := d.Score(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			got, err := loaded.Score(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			if got.Score != want.Score || !slices.Equal(got.Map.Data, want.Map.Data) {
				t.Errorf("the loaded detector scores %v, the fitted one %v", got.Score, want.Score)
			}
			if want.Score <= 0 {
				t.Errorf("score %v of a dent", want.Score)
			}
		})
	}
}

// shown is the stand-in as a network that shows its planes, several images at once.
type shown struct{ *standin.Backbone }

func (b shown) Outputs(ctx context.Context, inputs []*grid.Map, fn func(i int, layers []rgbd.Output) error) error {
	all, err := b.Features(ctx, inputs)
	if err != nil {
		return err
	}
	errs := make([]error, len(all))
	var wg sync.WaitGroup
	for i, maps := range all {
		wg.Go(func() {
			var layers []rgbd.Output
			for _, m := range maps {
				o := rgbd.Output{H: m.H, W: m.W, C: m.C, Planes: true, Data: make([]float32, len(m.Data))}
				for j, v := range m.Data {
					o.Data[j%m.C*m.H*m.W+j/m.C] = v
				}
				layers = append(layers, o)
			}
			errs[i] = fn(i, layers)
			for _, o := range layers { // theirs no more
				clear(o.Data)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// TestShownPlanes: what a network shows gives the bits of what it copies, and must be
// what it promised, too.
func TestShownPlanes(t *testing.T) {
	config := featured(iad3d.ProtocolDefault, "fpfh", "normals", "rgb")
	s := render(t, "dent", 0, synth.Test).Scan
	var want *iad3d.Result
	for _, b := range []rgbd.Backbone{standin.New(), shown{standin.New()}} {
		d, err := iad3d.Fit(t.Context(), config, training(t, 2), iad3d.WithBackbone(b))
		if err != nil {
			t.Fatal(err)
		}
		got, err := d.Score(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = got
		}
		if got.Score != want.Score || !slices.Equal(got.Map.Data, want.Map.Data) {
			t.Errorf("score %v, want %v, or another map", got.Score, want.Score)
		}
	}
	b := shown{standin.New()}
	b.Described.Layers[1].Channels = 7
	_, err := iad3d.Fit(t.Context(), config, training(t, 2), iad3d.WithBackbone(b))
	if !errors.Is(err, iad3d.ErrBackbone) || !strings.Contains(err.Error(), "layer coarse of standin.onnx has 6 channels, not the 7 it promised") {
		t.Errorf("error %v", err)
	}
}

// TestColourIsSeen paints a spot that has no depth: colour finds it, geometry does
// not.
func TestColourIsSeen(t *testing.T) {
	good := render(t, rgbd.Good, 0, synth.Test).Scan
	painted := *good
	colour := *good.Colour
	colour.Pix = slices.Clone(good.Colour.Pix)
	painted.Colour = &colour
	x, y := 0, 0
	for i := range good.Cloud.Len() { // somewhere on the part: nearest to the camera
		if good.Cloud.IsValid(i) && good.Cloud.At(i).Z < good.Cloud.At(y*good.Cloud.Width+x).Z {
			x, y = i%good.Cloud.Width, i/good.Cloud.Width
		}
	}
	for dy := -4; dy <= 4; dy++ {
		for dx := -4; dx <= 4; dx++ {
			copy(colour.Pix[colour.PixOffset(x+dx, y+dy):], []uint8{0, 0, 255})
		}
	}
	for _, c := range []struct {
		features []string
		backbone bool
		sees     bool
	}{
		{[]string{"fpfh"}, false, false},
		{[]string{"rgb"}, false, true},
		{[]string{"rgb", "fpfh"}, false, true},
		{[]string{"rgb", "fpfh"}, true, true},
	} {
		var opts []iad3d.Option
		if c.backbone {
			opts = append(opts, iad3d.WithBackbone(standin.New()))
		}
		d, err := iad3d.Fit(t.Context(), featured(iad3d.ProtocolDefault, c.features...), training(t, 4), opts...)
		if err != nil {
			t.Fatal(err)
		}
		before, err := d.Score(t.Context(), good)
		if err != nil {
			t.Fatal(err)
		}
		after, err := d.Score(t.Context(), &painted)
		if err != nil {
			t.Fatal(err)
		}
		if c.sees != (after.Score > 1.5*before.Score) {
			t.Errorf("%v, backbone %v: score %v, painted %v", c.features, c.backbone, before.Score, after.Score)
		}
		if n := max(after.Peak.X-x, x-after.Peak.X, after.Peak.Y-y, y-after.Peak.Y); c.sees && n > 10 {
			t.Errorf("%v, backbone %v: the peak is %d pixels from the spot", c.features, c.backbone, n)
		}
	}
}

func TestBackboneMustBeTheSame(t *testing.T) {
	net := standin.New()
	d, err := iad3d.Fit(t.Context(), featured(iad3d.ProtocolBTF, "rgb"), training(t, 1), iad3d.WithBackbone(net))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "model")
	if err := d.Save(path); err != nil {
		t.Fatal(err)
	}
	other, layers, fixed, renamed := standin.New(), standin.New(), standin.New(), standin.New()
	other.Described.SHA256, other.Described.Name = "0123456789abcdef", "other.onnx"
	layers.Described.Layers = layers.Described.Layers[:1]
	fixed.Described.Height, fixed.Described.Width = 96, 96
	renamed.Described.Name = "copy.onnx"
	for _, b := range []*standin.Backbone{other, layers, fixed} {
		_, err := iad3d.Load(path, iad3d.WithBackbone(b))
		if !errors.Is(err, iad3d.ErrBackbone) || !strings.Contains(err.Error(), "needs standin.onnx (sha256 5ca1ab1e") {
			t.Errorf("%+v: %v", b.Described, err)
		}
		if errors.Is(err, model.ErrModel) {
			t.Errorf("%v: the model is not to blame", err)
		}
	}
	if d, err := iad3d.Load(path, iad3d.WithBackbone(renamed)); err != nil {
		t.Errorf("a renamed file: %v", err)
	} else {
		d.Close()
	}

	// A function is told which one is needed.
	closed := errors.New("no network today")
	for _, given := range []rgbd.Backbone{renamed, other, nil} {
		d, err := iad3d.Load(path, iad3d.WithNetwork(func(want *rgbd.BackboneInfo) (rgbd.Backbone, error) {
			if want == nil || want.SHA256 != net.Described.SHA256 {
				t.Errorf("asked for %+v", want)
			}
			if given == nil {
				return nil, closed
			}
			return given, nil
		}))
		switch {
		case given == renamed && err == nil:
			d.Close()
		case given == other && errors.Is(err, iad3d.ErrBackbone):
		case given == nil && err == closed:
		default:
			t.Errorf("%v: %v", given, err)
		}
	}

	// Without one it can be looked at, not used.
	bare, err := iad3d.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	defer bare.Close()
	if b := bare.Config().Backbone; b == nil || b.Name != "standin.onnx" {
		t.Errorf("backbone %+v", b)
	}
	if _, err := bare.Score(t.Context(), render(t, rgbd.Good, 0, synth.Test).Scan); !errors.Is(err, iad3d.ErrBackbone) {
		t.Errorf("scored without its backbone: %v", err)
	}
	if text, _ := os.ReadFile(path); bytes.Contains(text, []byte(t.TempDir())) {
		t.Error("the model holds a path")
	}

	// A model that was fitted without any takes none.
	plain := mustFit(t, small(iad3d.ProtocolBTF), 1)
	if err := plain.Save(path); err != nil {
		t.Fatal(err)
	}
	if _, err := iad3d.Load(path, iad3d.WithBackbone(net)); !errors.Is(err, iad3d.ErrBackbone) {
		t.Errorf("a backbone for a model without: %v", err)
	}
}

func TestFeaturesRefused(t *testing.T) {
	for _, c := range []struct {
		config   iad3d.Config
		backbone bool
		want     string
	}{
		{featured(iad3d.ProtocolBTF, "colour"), false, `feature "colour"; there are: fpfh, surface, normals, rgb`},
		{featured(iad3d.ProtocolBTF, "fpfh", "fpfh"), false, "twice"},
		{featured(iad3d.ProtocolDefault, "sift"), false, "needs the BTF protocol"},
		{featured(iad3d.ProtocolBTF, "surface"), false, "needs the default protocol"},
		{featured(iad3d.ProtocolBTF, "depth"), false, "feature depth needs a backbone"},
		{featured(iad3d.ProtocolBTF, "fpfh"), true, "do not use it"},
		{iad3d.Config{Protocol: iad3d.ProtocolBTF, Features: []string{"hog"}, Cells: 20}, false, "20 cells need the size 160"},
	} {
		var opts []iad3d.Option
		if c.backbone {
			opts = append(opts, iad3d.WithBackbone(standin.New()))
		}
		_, err := iad3d.Fit(t.Context(), c.config, training(t, 1), opts...)
		if !errors.Is(err, iad3d.ErrConfig) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.config.Features, err, c.want)
		}
	}
	fixed := standin.New()
	fixed.Described.Height, fixed.Described.Width = 128, 128
	if _, err := iad3d.Fit(t.Context(), featured(iad3d.ProtocolBTF, "rgb"), training(t, 1), iad3d.WithBackbone(fixed)); !errors.Is(err, iad3d.ErrConfig) {
		t.Errorf("a network of another size: %v", err)
	}
	s := render(t, rgbd.Good, 0, synth.Test).Scan
	s.Colour = nil
	d, err := iad3d.Fit(t.Context(), featured(iad3d.ProtocolDefault, "rgb"), training(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Score(t.Context(), s); !errors.Is(err, rgbd.ErrScan) || !strings.Contains(err.Error(), "no colour image") {
		t.Errorf("scored without colour: %v", err)
	}
}
