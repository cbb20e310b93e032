package onnx_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/internal/golden"
	"github.com/iad3d/iad3d/internal/pointstest"
	"github.com/iad3d/iad3d/internal/tinyonnx"
	"github.com/iad3d/iad3d/rgbd/onnx"
)

func TestInspect(t *testing.T) {
	n := tinyonnx.TwoConvs()
	n.Inputs = append(n.Inputs, tinyonnx.Value{Name: "w1", Type: tinyonnx.Float, Dims: []any{6, 3, 8, 8}}) // a weight, as old files list it
	path := write(t, n)
	m, err := onnx.Inspect(path)
	if err != nil {
		t.Fatal(err)
	}
	if m.Path != path || m.IR != 8 || m.Opset != 13 || m.Producer != "iad3d" || m.Size != int64(len(n.Encode())) || len(m.External) != 0 {
		t.Errorf("%+v", m)
	}
	sum := sha256.Sum256(n.Encode())
	if m.SHA256 != hex.EncodeToString(sum[:]) {
		t.Errorf("SHA-256 %s", m.SHA256)
	}
	var got []string
	for _, v := range slices.Concat(m.Inputs, m.Outputs) {
		got = append(got, v.Name+" "+v.Type+" "+v.String())
	}
	want := []string{"image float32 N×3×H×W", "fine float32 N×6×h8×w8", "coarse float32 N×5×h16×w16"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestInspectShared reads files of other writers; shapes as the onnx package of
// Python prints them.
func TestInspectShared(t *testing.T) {
	for file, want := range map[string]string{
		"resnet50_keras_l123_dyn.onnx": "input N×3×H×W, layer1 N×256×unk__28×unk__29, layer2 N×512×unk__62×unk__63, layer3 N×1024×unk__112×unk__113",
		"resnet18_tv_l23_224.onnx":     "input 1×3×224×224, layer2 1×128×28×28, layer3 1×256×14×14",
		"resnet18_l23_int8_cmc.onnx":   "mera_drp_0_i0 1×3×224×224, relu_43 1×128×28×28, relu_64 1×256×14×14",
	} {
		m, err := onnx.Inspect(golden.Shared(t, "weights/"+file))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, v := range slices.Concat(m.Inputs, m.Outputs) {
			if v.Type != "float32" {
				t.Errorf("%s: %s is %s", file, v.Name, v.Type)
			}
			got = append(got, v.Name+" "+v.String())
		}
		if s := strings.Join(got, ", "); s != want {
			t.Errorf("%s: %s, want %s", file, s, want)
		}
	}
}

// TestBadFiles are files that no library needs to see.
func TestBadFiles(t *testing.T) {
	dir := t.TempDir()
	good := tinyonnx.TwoConvs().Encode()
	put := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	elsewhere := func(name, file string) string {
		n := tinyonnx.TwoConvs()
		n.Weights[0].File = file
		return put(name, n.Encode())
	}
	for _, c := range []struct{ name, path, says string }{
		{"missing", filepath.Join(dir, "none.onnx"), "no such file or directory"},
		{"folder", dir, "it is a folder"},
		{"empty", put("empty.onnx", nil), "it is empty"},
		{"text", put("text.onnx", []byte("this is no model\n")), "it is not a whole ONNX file"},
		{"LFS", put("lfs.onnx", []byte("version https://git-lfs.github.com/spec/v1\noid sha256:00\n")), "git lfs pull"},
		{"cut", put("cut.onnx", good[:len(good)/2]), "it is not a whole ONNX file"},
		{"no graph", put("nograph.onnx", []byte{8, 8}), "there is no graph in it"},
		{"weights elsewhere", elsewhere("up.onnx", "../w.bin"), `it keeps weights in "../w.bin", outside its folder`},
		{"weights at an absolute path", elsewhere("absolute.onnx", "/etc/passwd"), `it keeps weights in "/etc/passwd", outside its folder`},
	} {
		_, err := onnx.Inspect(c.path)
		if !errors.Is(err, onnx.ErrModel) || !strings.Contains(err.Error(), c.path+": ") || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.name, err, c.says)
		}
		if _, open := onnx.Open(c.path, onnx.Options{}); open == nil || err != nil && open.Error() != err.Error() {
			t.Errorf("%s: Open says %v, Inspect %v", c.name, open, err)
		}
	}
}

// TestExternalWeights has weights in a file beside the model, which count for the
// hash; and behind a link out of the folder, which is refused.
func TestExternalWeights(t *testing.T) {
	dir := t.TempDir()
	path, weights := filepath.Join(dir, "m.onnx"), filepath.Join(dir, "sub", "w.bin")
	n := tinyonnx.TwoConvs()
	raw := n.Weights[0].Raw()
	n.Weights[0].File = "sub/w.bin"
	if err := errors.Join(os.Mkdir(filepath.Dir(weights), 0o755), os.WriteFile(path, n.Encode(), 0o644)); err != nil {
		t.Fatal(err)
	}
	if _, err := onnx.Inspect(path); !errors.Is(err, onnx.ErrModel) || !strings.Contains(err.Error(), "its weights in sub/w.bin") {
		t.Errorf("missing weights: %v", err)
	}
	if err := os.WriteFile(weights, raw, 0o644); err != nil {
		t.Fatal(err)
	}
	m, err := onnx.Inspect(path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(slices.Concat(n.Encode(), raw))
	if m.SHA256 != hex.EncodeToString(sum[:]) || !slices.Equal(m.External, []string{"sub/w.bin"}) {
		t.Errorf("%+v", m)
	}
	if onnx.Usable {
		b := open(t, path, onnx.Options{})
		in := pixels(1, 32, 32)
		if fine, _ := tinyonnx.Apply(in.Data, 32, 32); !slices.Equal(features(t, b, in)[0][0].Data, fine) {
			t.Error("not the network's values")
		}
	}
	elsewhere := filepath.Join(t.TempDir(), "w.bin")
	if err := errors.Join(os.Rename(weights, elsewhere), os.Symlink(elsewhere, weights)); err != nil {
		t.Skip(err)
	}
	if _, err := onnx.Inspect(path); !errors.Is(err, onnx.ErrModel) || !strings.Contains(err.Error(), "must lie in the model's folder") {
		t.Errorf("weights behind a link: %v", err)
	}
}

// TestUnfitModels are whole ONNX files that are no backbones, or not as asked for.
func TestUnfitModels(t *testing.T) {
	image := func(dims ...any) []tinyonnx.Value {
		return []tinyonnx.Value{{Name: "image", Type: tinyonnx.Float, Dims: dims}}
	}
	for _, c := range []struct {
		name   string
		change func(*tinyonnx.Net)
		says   string
		run    bool // only ONNX Runtime can tell
	}{
		{"two inputs", func(n *tinyonnx.Net) {
			n.Inputs = append(n.Inputs, tinyonnx.Value{Name: "mask", Type: tinyonnx.Float})
		}, "it has 2 inputs", false},
		{"half precision", func(n *tinyonnx.Net) { n.Inputs[0].Type = tinyonnx.Half }, "takes float16, want float32", false},
		{"channels last", func(n *tinyonnx.Net) { n.Inputs = image("N", 224, 224, 3) }, "channels last", false},
		{"grey", func(n *tinyonnx.Net) { n.Inputs = image("N", 1, 224, 224) }, "three channels", false},
		{"vector", func(n *tinyonnx.Net) { n.Inputs = image("N", 3) }, "image is N×3, want N×3×H×W", false},
		{"batch", func(n *tinyonnx.Net) { n.Inputs = image(4, 3, 224, 224) }, "batches of 4 images only", false},
		{"huge", func(n *tinyonnx.Net) { n.Inputs = image(1, 3, 1<<40, 1<<40) }, "more than 16777216 pixels", false},
		{"huge product", func(n *tinyonnx.Net) { n.Inputs = image(1, 3, 1<<20, 1<<20) }, "more than 16777216 pixels", false},
		{"no outputs", func(n *tinyonnx.Net) { n.Outputs = nil }, "no outputs", false},
		{"classifier", func(n *tinyonnx.Net) {
			n.Outputs = []tinyonnx.Value{{Name: "scores", Type: tinyonnx.Float, Dims: []any{"N", 1000}}}
		}, "its inner layers are not among its outputs: export it with them, see docs/backbones.md; output scores is N×1000", false},
		{"whole numbers out", func(n *tinyonnx.Net) { n.Outputs = n.Outputs[:1]; n.Outputs[0].Type = tinyonnx.Int64 }, "output fine is int64", false},
		{"unknown operator", func(n *tinyonnx.Net) { n.Nodes[1].Op = "Frobnicate" }, "refuses it", true},
		{"wrong weights", func(n *tinyonnx.Net) { n.Weights[0].Dims[0] = 7 }, "refuses it", true},
		{"too coarse", func(n *tinyonnx.Net) { // 224×224 pixels to one place
			n.Inputs = image(1, 3, 8, 8)
			n.Nodes, n.Outputs = n.Nodes[:2], n.Outputs[:1]
			n.Outputs[0].Dims = nil
			n.Nodes[0].Attr[1].Value = []int{64, 64}
			n.Inputs = image(1, 3, 64, 64)
		}, "no layer has a stride from 4 to 32; there is fine (stride 64)", true},
		{"fails on the image", func(n *tinyonnx.Net) { n.Inputs = image(1, 3, 4, 4); n.Outputs[0].Dims, n.Outputs[1].Dims = nil, nil }, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := tinyonnx.TwoConvs()
			c.change(n)
			path := write(t, n)
			if _, err := onnx.Inspect(path); err != nil {
				t.Errorf("it cannot even be described: %v", err)
			}
			if c.run {
				needLibrary(t)
			}
			_, err := onnx.Open(path, onnx.Options{})
			if !errors.Is(err, onnx.ErrModel) || !strings.Contains(err.Error(), path+": ") || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
		})
	}
}

func FuzzInspect(f *testing.F) {
	good := tinyonnx.TwoConvs()
	f.Add(good.Encode())
	good.Weights[0].File = "w.bin"
	f.Add(good.Encode()[:200])
	f.Add([]byte{8, 8, 58, 0})
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(dir, "x.onnx")
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		var m *onnx.Model
		var err error
		if used := pointstest.Allocated(func() { m, err = onnx.Inspect(path) }); used > pointstest.Bound(len(content)) {
			t.Fatalf("%d bytes allocated for a file of %d", used, len(content))
		}
		if (m == nil) == (err == nil) || err != nil && !errors.Is(err, onnx.ErrModel) {
			t.Fatalf("%v, %v", m, err)
		}
		if err == nil {
			for _, v := range slices.Concat(m.Inputs, m.Outputs) {
				_ = v.String()
			}
		}
	})
}
