package iad3d

import (
	"encoding/json"
	"fmt"

	"github.com/iad3d/iad3d/io/model"
	"github.com/iad3d/iad3d/memory"
)

// Names in the model file.
const (
	metaConfig     = "iad3d.config"     // Config as JSON
	metaProvenance = "iad3d.provenance" // Provenance as JSON
	tensorBank     = "bank"             // F32, rows × values
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
	return model.Save(path, map[string]string{
		metaConfig:     string(config),
		metaProvenance: string(provenance),
	}, []model.Tensor{model.Float32s(tensorBank, []int{rows.N, rows.D}, rows.Data)})
}

// Load opens a model file. The bank stays in the file, which is mapped into
// memory: call Close when done. A file that is damaged, truncated, written by a
// newer program or no model at all gives an error wrapping [model.ErrModel].
func Load(path string) (*Detector, error) {
	f, err := model.Open(path)
	if err != nil {
		return nil, err
	}
	d, err := fromFile(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w: %w", path, model.ErrModel, err)
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
	if d.bank, err = memory.NewBank(&memory.Rows{N: shape[0], D: shape[1], Data: data}, 0); err != nil {
		return nil, err
	}
	return d, d.check()
}
