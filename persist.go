package iad3d

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/iad3d/iad3d/io/model"
	"github.com/iad3d/iad3d/memory"
	"github.com/iad3d/iad3d/quality"
)

// Names in the model file.
const (
	metaConfig     = "iad3d.config"     // Config as JSON
	metaProvenance = "iad3d.provenance" // Provenance as JSON
	metaLimits     = "iad3d.limits"     // quality.Limits as JSON; absent in models of earlier versions
	tensorBank     = "bank"             // F32, rows × values
	tensorMean     = "mean"             // F32, mean row of the first scan; of loose scans only
	tensorScales   = "scales"           // F32, one per block of a row; absent where none is scaled
)

// Save writes the detector to a model file, whole or not at all; the format is
// described in package [github.com/iad3d/iad3d/io/model].
func (d *Detector) Save(path string) error {
	config, err := json.Marshal(d.config)
	if err != nil {
		return err
	}
	provenance, err := json.Marshal(d.provenance)
	if err != nil {
		return err
	}
	rows := d.bank.Rows()
	tensors := []model.Tensor{model.Float32s(tensorBank, []int{rows.N, rows.D}, rows.Data)}
	if d.scales != nil {
		tensors = append(tensors, model.Float32s(tensorScales, []int{len(d.scales)}, d.scales))
	}
	if d.mean != nil {
		tensors = append(tensors, model.Float32s(tensorMean, []int{len(d.mean)}, d.mean))
	}
	if d.reference != nil {
		tensors = append(tensors, d.reference.tensors()...)
	}
	meta := map[string]string{metaConfig: string(config), metaProvenance: string(provenance)}
	if d.limits != nil {
		limits, err := json.Marshal(d.limits)
		if err != nil {
			return err
		}
		meta[metaLimits] = string(limits)
	}
	if err := d.thresholds.into(meta); err != nil {
		return err
	}
	return model.Save(path, meta, tensors)
}

// Load opens a model file. The bank stays in the file, which is mapped into
// memory: call Close when done. A file that is damaged, truncated, written by a
// newer program or no model at all gives an error wrapping [model.ErrModel].
//
// A model that was fitted with a backbone needs the same one, see
// [WithBackbone]: another is an error wrapping [ErrBackbone] that says which is
// wanted. Without any the detector loads, so that it can be looked at, but does
// not score.
func Load(path string, opts ...Option) (*Detector, error) {
	f, err := model.Open(path)
	if err != nil {
		return nil, err
	}
	d, err := fromFile(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w: %w", path, model.ErrModel, err)
	}
	if d.backbone = gather(opts).backbone; d.backbone != nil {
		if err := d.config.wants(d.backbone); err != nil {
			f.Close()
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return d, nil
}

func fromFile(f *model.File) (*Detector, error) {
	d := &Detector{closer: f.Close}
	meta := f.Meta()
	for _, part := range []struct {
		key  string
		into any
	}{{metaConfig, &d.config}, {metaProvenance, &d.provenance}} {
		text, ok := meta[part.key]
		if !ok {
			return nil, fmt.Errorf("no %s", part.key)
		}
		if err := json.Unmarshal([]byte(text), part.into); err != nil {
			return nil, fmt.Errorf("%s: %w", part.key, err)
		}
	}
	if text, ok := meta[metaLimits]; ok {
		d.limits = new(quality.Limits)
		if err := json.Unmarshal([]byte(text), d.limits); err != nil {
			return nil, fmt.Errorf("%s: %w", metaLimits, err)
		}
	}
	var err error
	if d.thresholds, err = thresholdsFrom(meta); err != nil {
		return nil, err
	}
	if err := d.config.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", metaConfig, err)
	}
	data, shape, err := f.Float32s(tensorBank)
	if err != nil {
		return nil, err
	}
	if len(shape) != 2 || shape[1] != d.config.rowDim() {
		return nil, fmt.Errorf("%s has the shape %v, its configuration makes rows of %d values", tensorBank, shape, d.config.rowDim())
	}
	if d.scales, err = scalesFrom(f, &d.config); err != nil {
		return nil, err
	}
	if d.mean, err = meanFrom(f, &d.config); err != nil {
		return nil, err
	}
	if d.reference, err = referenceFrom(f, &d.config); err != nil {
		return nil, err
	}
	if d.bank, err = memory.NewBank(&memory.Rows{N: shape[0], D: shape[1], Data: data}, 0); err != nil {
		return nil, err
	}
	return d, d.check()
}

// meanFrom reads the mean row that the side of a loose scan's normals is chosen
// by.
func meanFrom(f *model.File, c *Config) ([]float32, error) {
	if !c.Loose {
		return nil, nil
	}
	mean, shape, err := f.Float32s(tensorMean)
	if err != nil {
		return nil, err
	}
	if len(shape) != 1 || shape[0] != c.rowDim() {
		return nil, fmt.Errorf("%s has the shape %v, its configuration makes rows of %d values", tensorMean, shape, c.rowDim())
	}
	for _, v := range mean {
		if v-v != 0 {
			return nil, fmt.Errorf("%s holds %v", tensorMean, v)
		}
	}
	return slices.Clone(mean), nil
}

// scalesFrom reads the factors of the blocks, copied: they outlive no mapping,
// but are few.
func scalesFrom(f *model.File, c *Config) ([]float32, error) {
	if !slices.ContainsFunc(f.Tensors(), func(t model.Info) bool { return t.Name == tensorScales }) {
		return nil, nil
	}
	scales, shape, err := f.Float32s(tensorScales)
	if err != nil {
		return nil, err
	}
	if n := len(c.widths()); len(shape) != 1 || shape[0] != n {
		return nil, fmt.Errorf("%s has the shape %v, its configuration makes %d blocks", tensorScales, shape, n)
	}
	for _, s := range scales {
		if !(s > 0) || s-s != 0 {
			return nil, fmt.Errorf("%s holds %v", tensorScales, s)
		}
	}
	return slices.Clone(scales), nil
}
