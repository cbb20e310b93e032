package iad3d

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/iad3d/iad3d/io/model"
	"github.com/iad3d/iad3d/quality"
)

// Names in the model file.
const (
	metaConfig     = "iad3d.config"     // Config as JSON
	metaProvenance = "iad3d.provenance" // Provenance as JSON
	metaLimits     = "iad3d.limits"     // quality.Limits as JSON; absent in models of earlier versions
	tensorBank     = "bank"             // F32, rows × values
	tensorMean     = "mean"             // F32, mean row of the first scan; of loose scans only

	// Of rasters with the default protocol; the tensors' names go on with a point and
	// the feature, tensorBank's too.
	metaBanks          = "iad3d.banks"  // bankMeta of each feature as JSON
	metaFinder         = "iad3d.finder" // view.Finder as JSON
	tensorSurroundings = "surroundings" // F32, pixels; absent where there are none
	tensorOffset       = "offset"       // F32, values: what stands at 128 in a bank, U8, whose unit is a step; absent where a bank is F32
	tensorList         = "list"         // I32, rows: the list of each; see memory.Index
	tensorMiddles      = "middles"      // U8, lists × values: their centres
	tensorLocal        = "local"        // F32, rows
	tensorOrigins      = "origins"      // I32, rows × 2: scan and row
	tensorWhitening    = "whitening"    // F32, values·(values+1)/2: see memory.Whitening; absent where rows are not whitened
	// Of MethodPaDiM, in place of bank, local and origins.
	tensorCells    = "cells"    // I32, cells: the Gaussian of each
	tensorCentres  = "centres"  // F32, Gaussians × values: their means
	tensorInverses = "inverses" // F32, Gaussians × values·(values+1)/2: triangles L⁻¹
	// Of MethodSPADE, in place of local.
	tensorMeans = "means" // F32, scans × values: the means of their rows
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
	var tensors []model.Tensor
	for _, ch := range d.channels {
		tensors = append(tensors, ch.tensors(ch.feature)...)
	}
	if d.mean != nil {
		tensors = append(tensors, model.Float32s(tensorMean, []int{len(d.mean)}, d.mean))
	}
	if d.reference != nil {
		tensors = append(tensors, d.reference.tensors()...)
	}
	meta := map[string]string{metaConfig: string(config), metaProvenance: string(provenance)}
	if d.finder != nil {
		if err := d.viewInto(meta); err != nil {
			return err
		}
		if around := d.finder.Surroundings; around != nil {
			tensors = append(tensors, model.Float32s(tensorSurroundings, []int{len(around)}, around))
		}
	}
	if d.limits != nil {
		limits, err := json.Marshal(d.limits)
		if err != nil {
			return err
		}
		meta[metaLimits] = string(limits)
	}
	captures, err := d.sounds.into(meta)
	if err != nil {
		return err
	}
	tensors = append(tensors, captures...)
	if err := d.thresholds.into(meta); err != nil {
		return err
	}
	if err := d.calibration.into(meta); err != nil {
		return err
	}
	return model.Save(path, meta, tensors)
}

// Load opens a model file. The bank stays in the file, which is mapped into
// memory: call Close when done. A file that is damaged, truncated, written by a
// newer program or no model at all gives an error wrapping [model.ErrModel].
//
// A model that was fitted with a backbone needs the same one, see
// [WithBackbone] and [WithNetwork]: another is an error wrapping [ErrBackbone] that says which is
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
	o := gather(opts)
	if o.network != nil {
		if o.backbone, err = o.network(d.Config().Backbone); err != nil {
			f.Close()
			return nil, err
		}
	}
	if d.backbone = o.backbone; d.backbone != nil {
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
	open(&d.config.Method, MethodBank) // of earlier versions
	if err := d.config.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", metaConfig, err)
	}
	if d.channels, err = channelsFrom(f, &d.config); err != nil {
		return nil, err
	}
	if d.config.views() {
		if d.finder, err = finderFrom(f, &d.config); err != nil {
			return nil, err
		}
	}
	if d.calibration, err = calibrationFrom(meta, len(d.channels)); err != nil {
		return nil, err
	}
	if d.sounds, err = soundsFrom(f, &d.config); err != nil {
		return nil, err
	}
	if d.mean, err = meanFrom(f, &d.config); err != nil {
		return nil, err
	}
	if d.reference, err = referenceFrom(f, &d.config); err != nil {
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
	if len(shape) != 1 || shape[0] != c.dim(c.Features) {
		return nil, fmt.Errorf("%s has the shape %v, its configuration makes rows of %d values", tensorMean, shape, c.dim(c.Features))
	}
	for _, v := range mean {
		if v-v != 0 {
			return nil, fmt.Errorf("%s holds %v", tensorMean, v)
		}
	}
	return slices.Clone(mean), nil
}
