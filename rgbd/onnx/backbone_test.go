package onnx_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/internal/golden"
	"github.com/iad3d/iad3d/internal/ortlib"
	"github.com/iad3d/iad3d/internal/tinyonnx"
	"github.com/iad3d/iad3d/rgbd"
	"github.com/iad3d/iad3d/rgbd/onnx"
)

// needLibrary skips the test where there is no library, or no cgo to load it. A
// library that is there but cannot be used is no reason to skip.
func needLibrary(t testing.TB) {
	t.Helper()
	if !onnx.Usable {
		t.Skip("built without cgo: ONNX Runtime cannot be loaded")
	}
	if _, err := ortlib.Find(ortlib.Search{}); err != nil {
		t.Skipf("no library to test with: %v", err)
	}
}

func open(t testing.TB, path string, o onnx.Options) *onnx.Backbone {
	t.Helper()
	needLibrary(t)
	b, err := onnx.Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// write puts a network into a file.
func write(t testing.TB, n *tinyonnx.Net) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tiny.onnx")
	if err := os.WriteFile(path, n.Encode(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// pixels returns whole values from 0 to 255, which the tiny network treats
// exactly.
func pixels(seed uint64, h, w int) *grid.Map {
	m := grid.New(h, w, 3)
	r := rand.New(rand.NewPCG(seed, 1))
	for i := range m.Data {
		m.Data[i] = float32(r.IntN(256))
	}
	return m
}

func features(t testing.TB, b *onnx.Backbone, in ...*grid.Map) [][]*grid.Map {
	t.Helper()
	m, err := b.Features(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// same compares bit for bit.
func same(a, b *grid.Map) bool {
	return a.H == b.H && a.W == b.W && a.C == b.C && slices.EqualFunc(a.Data, b.Data, func(x, y float32) bool {
		return math.Float32bits(x) == math.Float32bits(y)
	})
}

func sameAll(a, b []*grid.Map) bool { return slices.EqualFunc(a, b, same) }

// TestExact compares with the network computed in Go, for several image sizes
// in turn and beside each other's.
func TestExact(t *testing.T) {
	b := open(t, write(t, tinyonnx.TwoConvs()), onnx.Options{})
	want := []rgbd.Layer{{Name: "fine", Channels: 6, Stride: 8}, {Name: "coarse", Channels: 5, Stride: 16}}
	if info := b.Info(); !slices.Equal(info.Layers, want) || info.Name != "tiny.onnx" || len(info.SHA256) != 64 || info.Height != 0 || info.Width != 0 {
		t.Errorf("info %+v", info)
	}
	for i, size := range [][2]int{{32, 48}, {16, 16}, {224, 224}, {32, 48}, {128, 16}} {
		h, w := size[0], size[1]
		in := []*grid.Map{pixels(uint64(i), h, w), pixels(uint64(i)+100, h, w), pixels(uint64(i)+200, h, w)}
		for j, got := range features(t, b, in...) {
			fine, coarse := tinyonnx.Apply(in[j].Data, h, w)
			if !slices.Equal(got[0].Data, fine) || !slices.Equal(got[1].Data, coarse) {
				t.Errorf("%d×%d, image %d: not the network's values", h, w, j)
			}
			if got[0].H != h/8 || got[0].W != w/8 || got[0].C != 6 || got[1].H != h/16 || got[1].W != w/16 || got[1].C != 5 {
				t.Errorf("%d×%d: maps of %d×%d×%d and %d×%d×%d", h, w, got[0].H, got[0].W, got[0].C, got[1].H, got[1].W, got[1].C)
			}
		}
	}
}

// TestKnown opens a network with what an earlier Open found: the same information and
// bits. What was found of another file is of no account, and what is wrong an error.
func TestKnown(t *testing.T) {
	path := write(t, tinyonnx.TwoConvs())
	asked := open(t, path, onnx.Options{Layers: []string{"coarse"}})
	info := asked.Info()
	known := info
	known.Name = "renamed.onnx"
	told := open(t, path, onnx.Options{Known: &known})
	if got := told.Info(); !reflect.DeepEqual(got, info) {
		t.Errorf("information %+v, want %+v", got, info)
	}
	for i, size := range [][2]int{{32, 48}, {16, 16}, {32, 48}} {
		in := pixels(uint64(i), size[0], size[1])
		if !sameAll(features(t, told, in)[0], features(t, asked, in)[0]) {
			t.Errorf("%v: other values", size)
		}
	}
	for name, change := range map[string]func(*rgbd.BackboneInfo){
		"file":  func(b *rgbd.BackboneInfo) { b.SHA256 = "0" },
		"input": func(b *rgbd.BackboneInfo) { b.Height = 7 },
		"layer": func(b *rgbd.BackboneInfo) { b.Layers = []rgbd.Layer{{Name: "finest", Channels: 1, Stride: 1}} },
		"none":  func(b *rgbd.BackboneInfo) { b.Layers = nil },
	} {
		other := info
		change(&other)
		if got := open(t, path, onnx.Options{Known: &other, Layers: []string{"coarse"}}).Info(); !reflect.DeepEqual(got, info) {
			t.Errorf("another %s: %+v", name, got)
		}
	}
	wrong := info
	wrong.Layers = []rgbd.Layer{{Name: "coarse", Channels: 6, Stride: 16}}
	if _, err := open(t, path, onnx.Options{Known: &wrong}).Features(t.Context(), []*grid.Map{pixels(1, 16, 16)}); err == nil || !strings.Contains(err.Error(), "output coarse has 5 channels at stride 16") {
		t.Errorf("wrong channels: %v", err)
	}
	m, err := onnx.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := m.Open(onnx.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b.Close()
	if _, err := m.Open(onnx.Options{}); !errors.Is(err, onnx.ErrModel) {
		t.Errorf("opened again: %v", err)
	}
}

// TestShared runs real networks: serial, in a batch and from eight goroutines.
func TestShared(t *testing.T) {
	for _, c := range []struct {
		file string
		want rgbd.BackboneInfo
	}{
		{"resnet50_keras_l123_dyn.onnx", rgbd.BackboneInfo{Layers: []rgbd.Layer{{Name: "layer2", Channels: 512, Stride: 8}, {Name: "layer3", Channels: 1024, Stride: 16}}}},
		{"resnet18_tv_l23_224.onnx", rgbd.BackboneInfo{Height: 224, Width: 224, Layers: []rgbd.Layer{{Name: "layer2", Channels: 128, Stride: 8}, {Name: "layer3", Channels: 256, Stride: 16}}}},
		{"resnet18_l23_int8_cmc.onnx", rgbd.BackboneInfo{Height: 224, Width: 224, Layers: []rgbd.Layer{{Name: "relu_43", Channels: 128, Stride: 8}, {Name: "relu_64", Channels: 256, Stride: 16}}}},
	} {
		t.Run(c.file, func(t *testing.T) {
			if testing.Short() && c.want.Height == 0 {
				t.Skip("the largest of the networks")
			}
			b := open(t, golden.Shared(t, "weights/"+c.file), onnx.Options{})
			info := b.Info()
			if !slices.Equal(info.Layers, c.want.Layers) || info.Height != c.want.Height || info.Width != c.want.Width || info.Name != c.file {
				t.Errorf("info %+v", info)
			}
			var in []*grid.Map
			var serial [][]*grid.Map
			for i := range 2 {
				in = append(in, normalised(uint64(i)))
				serial = append(serial, features(t, b, in[i])[0])
			}
			if same(serial[0][0], serial[1][0]) {
				t.Error("two images have the same features")
			}
			for i, m := range features(t, b, in...) {
				if !sameAll(m, serial[i]) {
					t.Errorf("image %d differs in a batch", i)
				}
			}
			var wg sync.WaitGroup
			for g := range 8 {
				wg.Go(func() {
					for i := range in {
						j := (i + g) % len(in)
						m, err := b.Features(context.Background(), []*grid.Map{in[j]})
						if err != nil || !sameAll(m[0], serial[j]) {
							t.Errorf("goroutine %d, image %d: differs, or %v", g, j, err)
						}
					}
				})
			}
			wg.Wait()
		})
	}
}

// normalised returns an input of 224×224 with values as of a normalised image.
func normalised(seed uint64) *grid.Map {
	m := pixels(seed, 224, 224)
	for i, v := range m.Data {
		m.Data[i] = (v/255 - 0.45) / 0.225
	}
	return m
}

// TestOutputs compares with Features; an error of the function ends the run.
func TestOutputs(t *testing.T) {
	patches := transformer(2)
	for _, n := range []*tinyonnx.Net{tinyonnx.TwoConvs(), patches} {
		b := open(t, write(t, n), onnx.Options{})
		in := []*grid.Map{pixels(1, 32, 48), pixels(2, 32, 48), pixels(3, 32, 48)}
		want := features(t, b, in...)
		seen := make([]atomic.Int32, len(in))
		err := b.Outputs(t.Context(), in, func(i int, layers []rgbd.Output) error {
			seen[i].Add(1)
			if len(layers) != len(want[i]) {
				t.Errorf("%d layers, want %d", len(layers), len(want[i]))
				return nil
			}
			for l, o := range layers {
				m := want[i][l]
				if o.H != m.H || o.W != m.W || o.C != m.C || len(o.Data) != len(m.Data) || o.Planes != (n != patches) {
					t.Errorf("image %d layer %d: %d×%d×%d, %d values, planes %t", i, l, o.H, o.W, o.C, len(o.Data), o.Planes)
					return nil
				}
				for j, v := range m.Data {
					at := j
					if o.Planes {
						at = j%o.C*o.H*o.W + j/o.C
					}
					if math.Float32bits(o.Data[at]) != math.Float32bits(v) {
						t.Errorf("image %d layer %d value %d: %v, want %v", i, l, j, o.Data[at], v)
						return nil
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for i := range seen {
			if n := seen[i].Load(); n != 1 {
				t.Errorf("image %d is shown %d times", i, n)
			}
		}
		enough := errors.New("enough")
		if err := b.Outputs(t.Context(), in, func(int, []rgbd.Output) error { return enough }); !errors.Is(err, enough) {
			t.Errorf("error %v, want %v", err, enough)
		}
		if got := features(t, b, in...); !sameAll(got[0], want[0]) { // the slots are free again
			t.Error("other values after an error")
		}
	}
}

func TestCancelled(t *testing.T) {
	b := open(t, write(t, tinyonnx.TwoConvs()), onnx.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if m, err := b.Features(ctx, []*grid.Map{pixels(1, 16, 16)}); !errors.Is(err, context.Canceled) || m != nil {
		t.Errorf("%v, %v", m, err)
	}
	if m := features(t, b); len(m) != 0 {
		t.Errorf("no input gives %d results", len(m))
	}
	b.Close()
	if _, err := b.Features(context.Background(), []*grid.Map{pixels(1, 16, 16)}); !errors.Is(err, onnx.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	b.Close()
}

// TestCloseWhileRunning closes a backbone that others use: each call gives all or
// ErrClosed.
func TestCloseWhileRunning(t *testing.T) {
	for range 20 {
		b := open(t, write(t, tinyonnx.TwoConvs()), onnx.Options{})
		in := []*grid.Map{pixels(1, 64, 64), pixels(2, 64, 64), pixels(3, 64, 64)}
		fine, _ := tinyonnx.Apply(in[2].Data, 64, 64)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for {
					m, err := b.Features(context.Background(), in)
					if errors.Is(err, onnx.ErrClosed) && m == nil {
						return
					}
					if err != nil || !slices.Equal(m[2][0].Data, fine) {
						t.Errorf("wrong values, or %v", err)
						return
					}
				}
			})
		}
		b.Close()
		wg.Wait()
	}
}

// TestForgotten holds that a backbone that nobody closes is freed when it is collected,
// without ending the program.
func TestForgotten(t *testing.T) {
	needLibrary(t)
	for range 3 {
		b, err := onnx.Open(write(t, tinyonnx.TwoConvs()), onnx.Options{})
		if err != nil {
			t.Fatal(err)
		}
		features(t, b, pixels(1, 16, 16))
	}
	for range 5 {
		runtime.GC()
		time.Sleep(20 * time.Millisecond) // finalizers run beside
	}
}

// TestCheck runs the library's own test.
func TestCheck(t *testing.T) {
	needLibrary(t)
	lib, err := onnx.Check(context.Background(), "")
	if err != nil || len(lib.SHA256) != 64 || lib.Version == "" || !filepath.IsAbs(lib.Path) {
		t.Errorf("%+v, %v", lib, err)
	}
}

// TestWithoutCgo says what is missing.
func TestWithoutCgo(t *testing.T) {
	if onnx.Usable {
		t.Skip("built with cgo")
	}
	_, err := onnx.Open(write(t, tinyonnx.TwoConvs()), onnx.Options{})
	if !errors.Is(err, onnx.ErrLibrary) || !strings.Contains(err.Error(), "built without cgo") || !strings.Contains(err.Error(), "CGO_ENABLED=1") {
		t.Error(err)
	}
	if _, err := onnx.Check(context.Background(), ""); !errors.Is(err, onnx.ErrLibrary) {
		t.Error(err)
	}
}
