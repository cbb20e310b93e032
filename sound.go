package iad3d

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"slices"
	"sync"

	"github.com/iad3d/iad3d/align"
	"github.com/iad3d/iad3d/io/model"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
	"github.com/iad3d/iad3d/view"
)

// A model keeps mostSounds captures of sound parts, chosen among the first
// soundCandidates scans of the fit, none wider than soundSide pixels.
const (
	mostSounds      = 3
	soundCandidates = 4
	soundSide       = 400
	// soundOverlap is the share of a sound part that must lie on another one: parts
	// that give way, or are put together, do not, and none is a measure for the others.
	soundOverlap = 0.95
	// plainOverlap is the share from which on a pose is not doubted. Below, a part that
	// is nearly symmetric may have been laid on another one of its sides: all captures
	// are tried.
	plainOverlap = 0.98
)

// Sound is a capture of a sound part that a model keeps, and how a scan lies on it.
type Sound struct {
	// Cloud is organised: the window of the scan that it was, in metres, valid where the
	// part was measured. It is not to be changed.
	Cloud *pointcloud.Cloud
	// Colour has Cloud's size; nil when the model does not look at colours.
	Colour *image.NRGBA
	// Pose takes the scan to the capture, in metres.
	Pose pointcloud.Rigid
}

// capture is a Sound whose Pose takes the first capture to it.
type capture = Sound

// sounds are the captures that a model keeps; nil for none.
type sounds struct {
	captures []capture
	parts    [mostSounds]lazyPart
}

// lazyPart is a capture prepared when it is asked for the first time, which takes a
// tenth of a second.
type lazyPart struct {
	once sync.Once
	part *align.Reference // nil where nothing can be aligned to it
}

func (m *sounds) part(k, workers int) *align.Reference {
	p := &m.parts[k]
	p.once.Do(func() {
		if r, err := align.NewReference(context.Background(), m.captures[k].Cloud, align.Options{Workers: workers}); err == nil {
			p.part = r
		}
	})
	return p.part
}

// lay returns the pose of a cloud on the first capture and the share of it that lies
// on the capture where most of it does; nil when it fits none.
func (m *sounds) lay(ctx context.Context, c *pointcloud.Cloud, workers int) (pose *pointcloud.Rigid, overlap float64, err error) {
	for k := range m.captures {
		part := m.part(k, workers)
		if part == nil {
			continue
		}
		f, err := part.Align(ctx, c)
		if ctx.Err() != nil {
			return nil, 0, ctx.Err()
		}
		if err == nil && f.Overlap > overlap {
			g := m.captures[k].Pose.Inverse().After(f.Pose)
			pose, overlap = &g, f.Overlap
		}
		if overlap >= plainOverlap {
			break
		}
	}
	return pose, overlap, nil
}

// LaySound lays a scan on the sound captures of the model, at most three, so that the
// two can be compared. There are none, and no error, when the model has none (it was
// fitted on loose scans, by the BTF protocol, on one scan, or on parts of which one does
// not lie on the other to a fraction of a millimetre) or the scan does not fit. It
// takes half a second to a few seconds.
func (d *Detector) LaySound(ctx context.Context, s *rgbd.Scan) ([]Sound, error) {
	if d.sounds == nil {
		return nil, nil
	}
	if err := s.CheckRaster(); err != nil {
		return nil, err
	}
	v, err := d.finder.Find(ctx, s.Cloud, d.config.Size)
	if err == nil { // at the scan's own resolution
		v, err = d.finder.Find(ctx, s.Cloud, v.Side)
	}
	switch {
	case errors.Is(err, view.ErrEmpty):
		return nil, nil
	case err != nil:
		return nil, err
	}
	pose, _, err := d.sounds.lay(ctx, v.Cloud, d.config.Workers)
	if pose == nil || err != nil {
		return nil, err
	}
	out := make([]Sound, len(d.sounds.captures))
	for i, c := range d.sounds.captures {
		out[i] = Sound{c.Cloud, c.Colour, c.Pose.After(*pose)}
	}
	return out, nil
}

// candidate is a training scan that may become a capture.
type candidate struct {
	name string
	capture
}

// consider keeps the first scans of a fit as candidates.
func (f *fitting) consider(ctx context.Context, s *rgbd.Scan, v *view.View) error {
	if len(f.candidates) == soundCandidates {
		return nil
	}
	full, err := f.finder.Find(ctx, s.Cloud, v.Side)
	if err != nil {
		return err
	}
	step := (full.Side + soundSide - 1) / soundSide
	n := (full.Side + step - 1) / step
	c := candidate{name: s.Name}
	c.Cloud = &pointcloud.Cloud{Width: n, Height: n, Unit: s.Cloud.Unit, XYZ: make([]float32, 3*n*n), Valid: make([]bool, n*n)}
	var photo *image.NRGBA
	if f.config.has(FeatureRGB) {
		photo = full.Crop(s.Colour)
		c.Colour = image.NewNRGBA(image.Rect(0, 0, n, n))
	}
	for y := range n {
		for x := range n {
			i, j := y*n+x, y*step*full.Side+x*step
			if c.Cloud.Valid[i] = full.Cloud.IsValid(j); c.Cloud.Valid[i] {
				copy(c.Cloud.XYZ[3*i:3*i+3], full.Cloud.XYZ[3*j:3*j+3])
			}
			if photo != nil {
				copy(c.Colour.Pix[4*i:4*i+3], photo.Pix[4*j:4*j+3])
				c.Colour.Pix[4*i+3] = 255
			}
		}
	}
	c.Cloud = c.Cloud.In(pointcloud.Metre)
	f.candidates = append(f.candidates, c)
	return nil
}

// chooseSounds keeps candidates that are sound and lie on each other.
func (f *fitting) chooseSounds(ctx context.Context) error {
	c := f.calibration
	if c == nil {
		return nil
	}
	sound := slices.DeleteFunc(f.candidates, func(s candidate) bool {
		return slices.Contains(c.Left, s.name) || slices.Contains(c.Suspects, s.name)
	})
	for first := range min(2, len(sound)) { // the first of them may be the odd one
		m := &sounds{captures: []capture{sound[first].capture}}
		m.captures[0].Pose = pointcloud.Identity()
		for _, s := range sound[first+1:] {
			pose, overlap, err := m.lay(ctx, s.Cloud, f.config.Workers)
			if err != nil {
				return err
			}
			if pose != nil && overlap >= soundOverlap {
				s.Pose = pose.Inverse()
				m.captures = append(m.captures, s.capture)
			}
			if len(m.captures) == mostSounds {
				break
			}
		}
		if len(m.captures) > 1 {
			f.sounds = m
			return nil
		}
	}
	return nil
}

// Names in the model file; the tensors' go on with a point and the number from 0.
const (
	metaSounds  = "iad3d.sounds" // soundMeta of each capture as JSON; absent where there is none
	tensorSound = "sound"        // F32, height × width × 3, metres
	tensorPhoto = "photo"        // U8, height × width × 4: red, green, blue, and 1 where the point is valid
)

// soundMeta is what a model file says of a capture beside its tensors.
type soundMeta struct {
	Rotation    [3][3]float64 `json:"rotation"`    // rows; from the first capture
	Translation [3]float64    `json:"translation"` // m
	Colour      bool          `json:"colour"`
}

// into adds the captures to a model's metadata and returns their tensors.
func (m *sounds) into(meta map[string]string) ([]model.Tensor, error) {
	if m == nil {
		return nil, nil
	}
	var out []model.Tensor
	all := make([]soundMeta, len(m.captures))
	for k, c := range m.captures {
		for i, row := range c.Pose.R {
			all[k].Rotation[i] = [3]float64{row.X, row.Y, row.Z}
		}
		all[k].Translation = [3]float64{c.Pose.T.X, c.Pose.T.Y, c.Pose.T.Z}
		all[k].Colour = c.Colour != nil
		photo := make([]uint8, 4*c.Cloud.Len())
		for i := range c.Cloud.Len() {
			if c.Colour != nil {
				copy(photo[4*i:4*i+3], c.Colour.Pix[4*i:4*i+3])
			}
			if c.Cloud.IsValid(i) {
				photo[4*i+3] = 1
			}
		}
		h, w := c.Cloud.Height, c.Cloud.Width
		out = append(out, model.Float32s(fmt.Sprintf("%s.%d", tensorSound, k), []int{h, w, 3}, c.Cloud.XYZ),
			model.Uint8s(fmt.Sprintf("%s.%d", tensorPhoto, k), []int{h, w, 4}, photo))
	}
	text, err := json.Marshal(all)
	meta[metaSounds] = string(text)
	return out, err
}

// soundsFrom reads the captures.
func soundsFrom(f *model.File, c *Config) (*sounds, error) {
	text, ok := f.Meta()[metaSounds]
	if !ok {
		return nil, nil
	}
	var all []soundMeta
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		return nil, fmt.Errorf("%s: %w", metaSounds, err)
	}
	if len(all) == 0 || len(all) > mostSounds || !c.views() {
		return nil, fmt.Errorf("%s: %d captures", metaSounds, len(all))
	}
	m := &sounds{}
	for k, s := range all {
		name := fmt.Sprintf("%s.%d", tensorSound, k)
		xyz, shape, err := f.Float32s(name)
		if err != nil {
			return nil, err
		}
		photo, same, err := f.Uint8s(fmt.Sprintf("%s.%d", tensorPhoto, k))
		if err != nil {
			return nil, err
		}
		if len(shape) != 3 || shape[2] != 3 || !slices.Equal(same, []int{shape[0], shape[1], 4}) || shape[0] < 1 || shape[1] < 1 {
			return nil, fmt.Errorf("%s and its photo have the shapes %v and %v", name, shape, same)
		}
		at := capture{Cloud: &pointcloud.Cloud{Height: shape[0], Width: shape[1], XYZ: slices.Clone(xyz), Valid: make([]bool, shape[0]*shape[1])}}
		for i := range at.Cloud.Valid {
			at.Cloud.Valid[i] = photo[4*i+3] != 0
		}
		if err := at.Cloud.Check(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for i, row := range s.Rotation {
			at.Pose.R[i].X, at.Pose.R[i].Y, at.Pose.R[i].Z = row[0], row[1], row[2]
		}
		at.Pose.T.X, at.Pose.T.Y, at.Pose.T.Z = s.Translation[0], s.Translation[1], s.Translation[2]
		if err := at.Pose.Check(); err != nil {
			return nil, fmt.Errorf("%s: %w", metaSounds, err)
		}
		if s.Colour {
			at.Colour = image.NewNRGBA(image.Rect(0, 0, shape[1], shape[0]))
			for i := range at.Cloud.Valid {
				copy(at.Colour.Pix[4*i:4*i+3], photo[4*i:4*i+3])
				at.Colour.Pix[4*i+3] = 255
			}
		}
		m.captures = append(m.captures, at)
	}
	return m, nil
}
