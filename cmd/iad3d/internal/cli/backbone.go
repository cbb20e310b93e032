package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/rgbd"
	"github.com/iad3d/iad3d/rgbd/onnx"
)

// backboneFlags are the flags of commands that use a backbone.
type backboneFlags struct {
	file    string
	layers  []string
	library string
}

func (b *backboneFlags) add(cmd *cobra.Command) {
	b.addFile(cmd, "ONNX file of an image network")
	b.addLayers(cmd)
	addLibrary(cmd, &b.library)
}

// addModel adds those of commands that have a model, which knows the layers.
func (b *backboneFlags) addModel(cmd *cobra.Command) {
	b.addFile(cmd, "ONNX file of the image network that the model was fitted with, if any")
	addLibrary(cmd, &b.library)
}

func (b *backboneFlags) addFile(cmd *cobra.Command, usage string) {
	cmd.Flags().StringVar(&b.file, "backbone", "", usage)
}

func (b *backboneFlags) addLayers(cmd *cobra.Command) {
	cmd.Flags().StringSliceVar(&b.layers, "layers", nil, "outputs of the backbone to use, joined by commas (those with strides nearest to 8 and 16)")
}

// network is an open backbone; its rgbd.Backbone is nil where none was asked for.
type network struct{ rgbd.Backbone }

// close lets go of the backbone.
func (n network) close() {
	if b, ok := n.Backbone.(io.Closer); ok {
		b.Close()
	}
}

// options hands the backbone to the library.
func (n network) options() []iad3d.Option {
	if n.Backbone == nil {
		return nil
	}
	return []iad3d.Option{iad3d.WithBackbone(n.Backbone)}
}

// load loads a model that is to score, with its backbone where it has one. The
// function that it returns closes both.
func (b backboneFlags) load(path string) (d *iad3d.Detector, done func(), err error) {
	var n network
	d, err = iad3d.Load(path, iad3d.WithNetwork(func(want *rgbd.BackboneInfo) (rgbd.Backbone, error) {
		opened, err := b.wanted(path, want)
		if opened == nil {
			return nil, err // not opened: it would be an interface that is not nil
		}
		n = network{opened}
		return opened, nil
	}))
	if err != nil {
		n.close()
		return nil, nil, err
	}
	return d, func() { d.Close(); n.close() }, nil
}

// wanted opens the backbone that the model at path needs; nil where it needs none and
// none was given.
func (b *backboneFlags) wanted(path string, want *rgbd.BackboneInfo) (*onnx.Backbone, error) {
	switch {
	case b.file == "" && want == nil:
		return nil, nil
	case b.file == "":
		return nil, usagef("%s was fitted with the network %s (sha256 %.12s…): name its file by --backbone", path, want.Name, want.SHA256)
	}
	m, err := onnx.Read(b.file)
	if err != nil {
		return nil, err
	}
	o := onnx.Options{Library: b.library, Known: want}
	if want != nil {
		if m.SHA256 != want.SHA256 { // another network may not even have these layers
			return nil, usagef("--backbone %s: %s was fitted with another network, %s (sha256 %.12s…, this is %.12s…)", b.file, path, want.Name, want.SHA256, m.SHA256)
		}
		for _, l := range want.Layers {
			o.Layers = append(o.Layers, l.Name)
		}
	}
	return m.Open(o)
}

// open opens the backbone.
func (b *backboneFlags) open() (network, error) {
	if b.file == "" {
		if len(b.layers) > 0 {
			return network{}, usagef("--layers goes with --backbone")
		}
		if b.library != "" {
			return network{}, usagef("--ort-library goes with --backbone")
		}
		return network{}, nil
	}
	n, err := onnx.Open(b.file, onnx.Options{Library: b.library, Layers: b.layers})
	if err != nil {
		return network{}, err // not n: it would be an interface that is not nil
	}
	return network{n}, nil
}

const backboneLong = `A backbone is an ONNX file of an image network whose inner layers are among its
outputs. docs/backbones.md shows how one is exported from PyTorch.`

func (a *app) backbone() *cobra.Command {
	return a.group("backbone", "Look at ONNX backbones", backboneLong, "  iad3d backbone inspect resnet50.onnx", a.backboneInspect())
}

const backboneInspectLong = `Show what an ONNX file offers (inputs, outputs, their shapes and types; a name
stands for a size that may vary) and what iad3d would use of it, or why nothing. The
latter needs ONNX Runtime; without, the file is described all the same.`

func (a *app) backboneInspect() *cobra.Command {
	var b backboneFlags
	cmd := &cobra.Command{
		Use:   "inspect FILE",
		Short: "Show what a backbone offers and what would be used",
		Long:  backboneInspectLong,
		Example: `  iad3d backbone inspect resnet50.onnx
  iad3d backbone inspect --layers layer2,layer3 resnet50.onnx`,
		Args: oneArg,
		RunE: func(_ *cobra.Command, args []string) error {
			b.file = args[0]
			return a.runBackboneInspect(&b)
		},
	}
	b.addLayers(cmd)
	addLibrary(cmd, &b.library)
	a.addJSON(cmd, "write a JSON document")
	return cmd
}

// backboneDocument is what backbone inspect --json writes.
type backboneDocument struct {
	File     string           `json:"file"`
	Bytes    int64            `json:"bytes"`
	SHA256   string           `json:"sha256"`
	Producer string           `json:"producer"`
	IR       int64            `json:"ir_version"`
	Opset    int64            `json:"opset"`
	External []string         `json:"external"` // files beside it that hold weights
	Inputs   []tensorDocument `json:"inputs"`
	Outputs  []tensorDocument `json:"outputs"`
	// Use is what iad3d would use; null where it can use nothing, for a reason.
	Use    *rgbd.BackboneInfo `json:"use"`
	Reason string             `json:"reason,omitempty"`
}

// tensorDocument is an input or output.
type tensorDocument struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Shape []any  `json:"shape"` // numbers, names, or null for a nameless size that may vary; null when not told
}

func tensorDocuments(tensors []onnx.Tensor) []tensorDocument {
	d := make([]tensorDocument, len(tensors))
	for i, t := range tensors {
		d[i] = tensorDocument{Name: t.Name, Type: t.Type}
		if t.Ranked {
			d[i].Shape = []any{}
		}
		for _, s := range t.Shape {
			switch {
			case s.Size > 0:
				d[i].Shape = append(d[i].Shape, s.Size)
			case s.Name != "":
				d[i].Shape = append(d[i].Shape, s.Name)
			default:
				d[i].Shape = append(d[i].Shape, nil)
			}
		}
	}
	return d
}

func (a *app) runBackboneInspect(b *backboneFlags) error {
	m, err := onnx.Inspect(b.file)
	if err != nil {
		return err
	}
	d := backboneDocument{
		File: m.Path, Bytes: m.Size, SHA256: m.SHA256, Producer: m.Producer, IR: m.IR, Opset: m.Opset,
		External: append([]string{}, m.External...), Inputs: tensorDocuments(m.Inputs), Outputs: tensorDocuments(m.Outputs),
	}
	use, err := b.open()
	switch {
	case err == nil:
		defer use.close()
		info := use.Info()
		d.Use = &info
	case errors.Is(err, onnx.ErrModel): // the file is described all the same
		d.Reason = "nothing: " + err.Error()
	case errors.Is(err, onnx.ErrLibrary) && b.library == "":
		d.Reason = "not known: " + err.Error()
	default:
		return err
	}
	if a.json {
		return a.document(d)
	}
	return a.table(d.rows(m))
}

// rows describes the file for people.
func (d *backboneDocument) rows(m *onnx.Model) [][2]string {
	rows := [][2]string{
		{"backbone", d.File},
		{"size", fmt.Sprintf("%s, IR version %d, opset %d", byteCount(d.Bytes), d.IR, d.Opset)},
		{"sha256", d.SHA256},
		{"made by", d.Producer},
	}
	if len(d.External) > 0 {
		rows = append(rows, [2]string{"weights", strings.Join(d.External, ", ")})
	}
	for _, t := range m.Inputs {
		rows = append(rows, [2]string{"input", fmt.Sprintf("%s: %s %s", t.Name, t.Type, t)})
	}
	for _, t := range m.Outputs {
		rows = append(rows, [2]string{"output", fmt.Sprintf("%s: %s %s", t.Name, t.Type, t)})
	}
	if d.Use == nil {
		return append(rows, [2]string{"use", oneLine(d.Reason)})
	}
	size := "any image size"
	if d.Use.Height > 0 || d.Use.Width > 0 {
		size = fmt.Sprintf("images of %d×%d pixels", d.Use.Height, d.Use.Width)
		size = strings.ReplaceAll(size, " 0×", " any×")
		size = strings.ReplaceAll(size, "×0 ", "×any ")
	}
	rows = append(rows, [2]string{"use", size})
	for _, l := range d.Use.Layers {
		rows = append(rows, [2]string{"use", fmt.Sprintf("layer %s: %d channels at stride %d", l.Name, l.Channels, l.Stride)})
	}
	return rows
}
