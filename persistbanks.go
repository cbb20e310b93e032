package iad3d

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/iad3d/iad3d/internal/cholesky"
	"github.com/iad3d/iad3d/io/model"
	"github.com/iad3d/iad3d/memory"
	"github.com/iad3d/iad3d/view"
)

// errPreview says that a model is of the default protocol as it was before there was
// a bank per feature.
var errPreview = errors.New("fitted by a preview of iad3d 0.1 whose default protocol was another one; fit it again")

// bankMeta is what a model file says of a channel beside its tensors.
type bankMeta struct {
	Feature string  `json:"feature"`
	Scale   float64 `json:"scale,omitempty"` // of a bank
	// Odd and Taught are a bank's, too. No Odd: no row is odd; so in models of earlier
	// versions, and of fits that trust their scans.
	Odd    *float64 `json:"odd,omitempty"`
	Taught int      `json:"taught,omitempty"`
	Step   float64  `json:"step,omitempty"`  // of its rows
	Reach  float64  `json:"reach,omitempty"` // of these, in steps
	Weight float64  `json:"weight"`
}

// views reports whether scans are seen through a finder's window, and features have
// a bank each.
func (c *Config) views() bool { return c.Protocol != ProtocolBTF && !c.Loose }

func (b *bank) tensors(feature string) []model.Tensor {
	x, d := b.index, b.index.D()
	out := []model.Tensor{
		model.Uint8s(tensorBank+"."+feature, []int{x.N, d}, x.Rows),
		model.Float32s(tensorOffset+"."+feature, []int{d}, x.Mean),
		model.Int32s(tensorList+"."+feature, []int{x.N}, x.List),
		model.Uint8s(tensorMiddles+"."+feature, []int{len(x.Centres) / d, d}, x.Centres),
		model.Float32s(tensorLocal+"."+feature, []int{x.N}, b.local),
		originsTensor(feature, b.origins),
	}
	if b.white != nil {
		inverse := b.white.Triangle()
		out = append(out, model.Float32s(tensorWhitening+"."+feature, []int{len(inverse)}, inverse))
	}
	return out
}

// viewInto adds what banks and finder need besides tensors to a model's metadata.
func (d *Detector) viewInto(meta map[string]string) error {
	banks := make([]bankMeta, len(d.channels))
	for i, ch := range d.channels {
		banks[i] = bankMeta{Feature: ch.feature, Weight: ch.weight}
		if b, ok := ch.judge.(*bank); ok {
			banks[i].Scale, banks[i].Step, banks[i].Reach, banks[i].Taught = b.scale, b.index.Size, b.index.Reach, b.taught
			if !math.IsInf(b.odd, 1) {
				banks[i].Odd = &b.odd
			}
		}
	}
	text, err := json.Marshal(banks)
	if err != nil {
		return err
	}
	meta[metaBanks] = string(text)
	text, err = json.Marshal(d.finder)
	meta[metaFinder] = string(text)
	return err
}

func hasTensor(f *model.File, name string) bool {
	return slices.ContainsFunc(f.Tensors(), func(t model.Info) bool { return t.Name == name })
}

// finderFrom reads the finder.
func finderFrom(f *model.File, c *Config) (*view.Finder, error) {
	finder := new(view.Finder)
	text, ok := f.Meta()[metaFinder]
	if !ok {
		return nil, fmt.Errorf("no %s", metaFinder)
	}
	if err := json.Unmarshal([]byte(text), finder); err != nil {
		return nil, fmt.Errorf("%s: %w", metaFinder, err)
	}
	if hasTensor(f, tensorSurroundings) {
		around, _, err := f.Float32s(tensorSurroundings)
		if err != nil {
			return nil, err
		}
		finder.Surroundings = slices.Clone(around)
	}
	return finder, finder.Restore(c.Seed, c.Workers)
}

// channelsFrom reads the channels; their rows stay in the file.
func channelsFrom(f *model.File, c *Config) ([]*channel, error) {
	if !c.views() {
		b, err := jointFrom(f, c)
		return []*channel{{judge: b, weight: 1}}, err
	}
	var meta []bankMeta
	text, ok := f.Meta()[metaBanks]
	if !ok && hasTensor(f, tensorBank) {
		return nil, errPreview
	}
	if !ok {
		return nil, fmt.Errorf("no %s", metaBanks)
	}
	if err := json.Unmarshal([]byte(text), &meta); err != nil {
		return nil, fmt.Errorf("%s: %w", metaBanks, err)
	}
	if len(meta) != len(c.Features) || len(meta) == 0 {
		return nil, fmt.Errorf("%s has %d banks, the configuration %d features", metaBanks, len(meta), len(c.Features))
	}
	var out []*channel
	for i, m := range meta {
		if m.Feature != c.Features[i] || (m.Scale > 0) != (c.Method == MethodBank) || m.Scale-m.Scale != 0 || !(m.Weight > 0) || m.Weight-m.Weight != 0 {
			return nil, fmt.Errorf("%s: scale %v and weight %v of feature %q", metaBanks, m.Scale, m.Weight, m.Feature)
		}
		ch := &channel{feature: m.Feature, weight: m.Weight}
		var err error
		switch c.Method {
		case MethodPaDiM:
			ch.judge, err = gaussiansFrom(f, c, m.Feature)
		case MethodSPADE:
			ch.judge, err = galleryFrom(f, c, m.Feature)
		default:
			ch.judge, err = bankFrom(f, c, m)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, ch)
	}
	return out, nil
}

// bankFrom reads the bank of a feature.
func bankFrom(f *model.File, c *Config, m bankMeta) (*bank, error) {
	b := &bank{scale: m.Scale, odd: math.Inf(1), taught: m.Taught, plain: c.Unscaled}
	if m.Odd != nil {
		b.odd = *m.Odd
	}
	if !(b.odd >= 0) || b.taught < 0 || b.taught > math.MaxInt32 {
		return nil, fmt.Errorf("%s: odd %v and taught %d of feature %q", metaBanks, b.odd, b.taught, m.Feature)
	}
	var err error
	if b.index, err = indexFrom(f, c, m); err != nil {
		return nil, err
	}
	n, d := b.index.N, b.index.D()
	local, err := floatsFrom(f, tensorLocal+"."+m.Feature, n)
	if err != nil {
		return nil, err
	}
	for _, v := range local {
		if !(v >= 0) {
			return nil, fmt.Errorf("%s.%s holds %v", tensorLocal, m.Feature, v)
		}
	}
	b.local = slices.Clone(local)
	if name := tensorWhitening + "." + m.Feature; hasTensor(f, name) {
		inverse, err := floatsFrom(f, name, cholesky.Size(d))
		if err != nil {
			return nil, err
		}
		if b.white, err = memory.NewWhitening(d, slices.Clone(inverse)); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	b.origins, err = originsFrom(f, m.Feature, n)
	return b, err
}

// indexFrom reads the rows of a bank, which stay in the file. Earlier versions kept them as
// they were: they are rounded now.
func indexFrom(f *model.File, c *Config, m bankMeta) (*memory.Index, error) {
	name := tensorBank + "." + m.Feature
	t, err := f.Tensor(name)
	if err != nil {
		return nil, err
	}
	if t.DType == model.F32 {
		rows, err := rowsFrom(f, name, c.dim([]string{m.Feature}))
		if err != nil {
			return nil, err
		}
		return memory.NewIndex(context.Background(), rows, nil, c.Workers)
	}
	bytes, shape, err := f.Uint8s(name)
	if err != nil {
		return nil, err
	}
	if want := c.dim([]string{m.Feature}); len(shape) != 2 || shape[1] != want {
		return nil, fmt.Errorf("%s has the shape %v, its configuration makes rows of %d values", name, shape, want)
	}
	n, d := shape[0], shape[1]
	offset, err := floatsFrom(f, tensorOffset+"."+m.Feature, d)
	if err != nil {
		return nil, err
	}
	list, lists, err := f.Int32s(tensorList + "." + m.Feature)
	if err != nil {
		return nil, err
	}
	middles, of, err := f.Uint8s(tensorMiddles + "." + m.Feature)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(lists, []int{n}) || len(of) != 2 || of[1] != d {
		return nil, fmt.Errorf("%s.%s has the shape %v and %s.%s %v, the bank %v", tensorList, m.Feature, lists, tensorMiddles, m.Feature, of, shape)
	}
	x, err := memory.IndexOf(memory.IndexParts{Steps: memory.Steps{Mean: offset, Size: m.Step, Reach: m.Reach}, N: n, Rows: bytes, List: list, Centres: middles}, c.Workers)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return x, nil
}

// floatsFrom returns a tensor of this shape and of finite numbers, which stay in the file.
func floatsFrom(f *model.File, name string, want ...int) ([]float32, error) {
	data, shape, err := f.Float32s(name)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(shape, want) {
		return nil, fmt.Errorf("%s has the shape %v, not %v", name, shape, want)
	}
	for _, v := range data {
		if v-v != 0 {
			return nil, fmt.Errorf("%s holds %v", name, v)
		}
	}
	return data, nil
}

// rowsFrom reads a table of rows of so many values, which stay in the file, unchecked.
func rowsFrom(f *model.File, name string, dim int) (*memory.Rows, error) {
	data, shape, err := f.Float32s(name)
	if err != nil {
		return nil, err
	}
	if len(shape) != 2 || shape[1] != dim {
		return nil, fmt.Errorf("%s has the shape %v, its configuration makes rows of %d values", name, shape, dim)
	}
	return &memory.Rows{N: shape[0], D: shape[1], Data: data}, nil
}

// originsFrom reads where the n rows of a feature come from.
func originsFrom(f *model.File, feature string, n int) ([]origin, error) {
	origins, shape, err := f.Int32s(tensorOrigins + "." + feature)
	if err != nil {
		return nil, err
	}
	if len(shape) != 2 || shape[0] != n || shape[1] != 2 {
		return nil, fmt.Errorf("%s.%s has the shape %v, the bank %d rows", tensorOrigins, feature, shape, n)
	}
	var out []origin
	for i := 0; i < len(origins); i += 2 {
		o := origin{origins[i], origins[i+1]}
		if o.Scan < 0 || o.Row < 0 || i > 0 && o.Scan < origins[i-2] {
			return nil, fmt.Errorf("%s.%s: the row at %d comes from row %d of scan %d", tensorOrigins, feature, i/2, o.Row, o.Scan)
		}
		out = append(out, o)
	}
	return out, nil
}

func originsTensor(feature string, origins []origin) model.Tensor {
	flat := make([]int32, 0, 2*len(origins))
	for _, o := range origins {
		flat = append(flat, o.Scan, o.Row)
	}
	return model.Int32s(tensorOrigins+"."+feature, []int{len(origins), 2}, flat)
}
