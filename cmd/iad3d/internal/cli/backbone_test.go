package cli

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/iad3d/iad3d/internal/tinyonnx"
	"github.com/iad3d/iad3d/rgbd/onnx"
)

// tinyBackbone writes the test network.
func tinyBackbone(t *testing.T) string {
	return put(t, filepath.Join(t.TempDir(), "tiny.onnx"), tinyonnx.TwoConvs().Encode())
}

func TestBackboneInspect(t *testing.T) {
	path := tinyBackbone(t)
	d := document[backboneDocument](t, "backbone", "inspect", path)
	if d.File != path || d.IR != 8 || d.Opset != 13 || d.Producer != "iad3d" || len(d.Inputs) != 1 || len(d.Outputs) != 2 || len(d.External) != 0 {
		t.Errorf("%+v", d)
	}
	if in := d.Inputs[0]; in.Name != "image" || in.Type != "float32" || len(in.Shape) != 4 || in.Shape[0] != "N" || in.Shape[1] != 3.0 {
		t.Errorf("input %+v", in)
	}
	if (d.Use == nil) != (d.Reason != "") {
		t.Errorf("use %+v, reason %q", d.Use, d.Reason)
	}
	needLibrary(t)
	golden(t, "backbone-inspect.txt", strings.ReplaceAll(fine(t, "backbone", "inspect", path), path, "PATH"))
	d = document[backboneDocument](t, "backbone", "inspect", "--layers", "coarse", path)
	if d.Use == nil || len(d.Use.Layers) != 1 || d.Use.Layers[0].Name != "coarse" || d.Use.SHA256 != d.SHA256 {
		t.Errorf("use %+v, %s", d.Use, d.Reason)
	}
	refuse(t, exitUsage, []string{`there is no layer "layer2", but fine (stride 8), coarse (stride 16)`}, "backbone", "inspect", "--layers", "layer2", path)
	if d := document[backboneDocument](t, "backbone", "inspect", classifier(t)); d.Use != nil || !strings.Contains(d.Reason, "docs/backbones.md") {
		t.Errorf("use %+v, reason %q", d.Use, d.Reason)
	}
}

// classifier writes a network that gives only scores.
func classifier(t *testing.T) string {
	n := tinyonnx.TwoConvs()
	n.Outputs = []tinyonnx.Value{{Name: "scores", Type: tinyonnx.Float, Dims: []any{"N", 1000}}}
	return put(t, filepath.Join(t.TempDir(), "classifier.onnx"), n.Encode())
}

func TestBackboneInspectRefuses(t *testing.T) {
	dir := t.TempDir()
	good := tinyonnx.TwoConvs().Encode()
	for _, c := range []struct{ path, says string }{
		{filepath.Join(dir, "none.onnx"), "none.onnx: "},
		{dir, "it is a folder"},
		{put(t, filepath.Join(dir, "cut.onnx"), good[:len(good)-100]), "it is not a whole ONNX file"},
		{put(t, filepath.Join(dir, "text.onnx"), []byte("text")), "it is not a whole ONNX file"},
	} {
		refuse(t, exitModel, []string{c.path, c.says}, "backbone", "inspect", c.path)
	}
	if onnx.Usable { // a library that was named is wanted
		refuse(t, exitInput, []string{"none.so", "iad3d ort install"}, "backbone", "inspect", "--ort-library", filepath.Join(dir, "none.so"), tinyBackbone(t))
	}
}

func TestBackboneFlags(t *testing.T) {
	parse := func(args ...string) (network, error) {
		var b backboneFlags
		cmd := &cobra.Command{Use: "x"}
		b.add(cmd)
		if err := cmd.ParseFlags(args); err != nil {
			t.Fatal(err)
		}
		return b.open()
	}
	if n, err := parse(); n.Backbone != nil || err != nil {
		t.Errorf("none asked for: %v, %v", n, err)
	}
	for _, args := range [][]string{{"--layers", "a"}, {"--ort-library", "x"}} {
		if n, err := parse(args...); n.Backbone != nil || err == nil || exitCode(err) != exitUsage {
			t.Errorf("%q: %v, %v", args, n, err)
		}
	}
	if n, err := parse("--backbone", "none.onnx"); n.Backbone != nil || exitCode(err) != exitModel {
		t.Errorf("missing: %v, %v", n, err)
	}
	if n, err := parse("--backbone", classifier(t)); n.Backbone != nil || exitCode(err) != exitModel {
		t.Errorf("a classifier: %v, %v", n, err)
	}
	needLibrary(t)
	if n, err := parse("--backbone", tinyBackbone(t), "--layers", "fine,none"); n.Backbone != nil || exitCode(err) != exitUsage {
		t.Errorf("unknown layer: %v, %v", n, err)
	}
	n, err := parse("--backbone", tinyBackbone(t), "--layers", "fine")
	if err != nil {
		t.Fatal(err)
	}
	defer n.close()
	if l := n.Info().Layers; len(l) != 1 || l[0].Name != "fine" {
		t.Errorf("layers %+v", l)
	}
}

// TestBackboneOfAModel fits with a network, which score and eval then want.
func TestBackboneOfAModel(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	file, m := tinyBackbone(t), filepath.Join(dir, "m.iad3d")
	fine(t, fitArgs(t, m, "--features", "rgb+fpfh", "--backbone", file, "--layers", "fine")...)
	scan := filepath.Join(testLine(t), "gear", "test", "dent", "xyz", "000.tiff")
	refuse(t, exitUsage, []string{"was fitted with the network", "--backbone"}, "score", "--model", m, scan)
	refuse(t, exitUsage, []string{"was fitted with the network", "--backbone"}, evalArgs(t, "--model", m)...)
	if text := fine(t, "score", "--model", m, "--backbone", file, scan); !strings.Contains(text, "000.tiff") {
		t.Errorf("%s", text)
	}
	plain := testModel(t)
	refuse(t, exitUsage, []string{"the model was fitted without one"}, "score", "--model", plain, "--backbone", file, scan)
	for _, want := range []string{"features     rgb+fpfh", "layers fine"} {
		if text := fine(t, "inspect", m); !strings.Contains(text, want) {
			t.Errorf("inspect says no %q:\n%s", want, text)
		}
	}
	out := filepath.Join(dir, "bench")
	if text := fine(t, benchArgs(t, out, "--methods", "depth", "--backbone", file)...); !strings.Contains(text, "| Depth iNet | 0.") {
		t.Errorf("bench: %s", text)
	}
}

// A network of other outputs is told from the model's before its layers are asked
// for.
func TestOtherBackbone(t *testing.T) {
	needLibrary(t)
	m := filepath.Join(t.TempDir(), "m.iad3d")
	fine(t, fitArgs(t, m, "--features", "rgb", "--backbone", tinyBackbone(t), "--layers", "fine")...)
	scan := filepath.Join(testLine(t), "gear", "test", "dent", "xyz", "000.tiff")
	refuse(t, exitUsage, []string{"was fitted with another network, tiny.onnx"}, "score", "--model", m, "--backbone", classifier(t), scan)
}
