package metrics

import (
	"fmt"

	"github.com/iad3d/iad3d/grid"
)

// Image is the score map of one image with its ground truth, both row-major:
// pixel (x, y) at y·Width + x. Every pixel counts, as in the published scripts:
// one without a measurement needs a score like any other.
//
// A good image has neither Truth nor Channels.
type Image[S Score] struct {
	Width, Height int
	Scores        []S

	// Truth is true where there is a defect. Its 8-connected components are the
	// regions of the PRO curve.
	Truth []bool
	// Saturation is how much of a region of Truth has to be found. The zero value
	// asks for all of it.
	Saturation Saturation
	// PixelArea is the surface that each pixel shows, in the unit of
	// Saturation.Area; needed with it only. A value that is not above 0 stands for
	// a pixel without a measurement.
	PixelArea []float32

	// Channels are the defects of MVTec LOCO, in place of Truth.
	Channels []Channel

	// Serial is the place of the image in its set, where pools of parts of the set
	// are joined: MVTec LOCO's sampling depends on it, by a rounding.
	Serial int
}

// Channel is one annotated defect as MVTec LOCO has them: a region whatever its
// connectivity. Channels of an image may overlap.
type Channel struct {
	Mask []bool // true in the defect; at least once
	Kind string // of defect; see [PROOptions]
	// Saturation is how many pixels have to be found, above 0; more than the
	// defect has stand for all of them.
	Saturation float64
}

// FromMap returns the image of a map with one channel; it shares the map's
// data. The map's Valid flags are not looked at, see [Image]. A map with more
// channels gives an image that every function rejects with [ErrLength].
func FromMap(m *grid.Map, truth []bool) Image[float32] {
	return Image[float32]{Width: m.W, Height: m.H, Scores: m.Data, Truth: truth}
}

func (m Image[S]) check() error {
	n := len(m.Scores)
	switch {
	case m.Width < 0 || m.Height < 0 || m.Width > 0 && (n%m.Width != 0 || n/m.Width != m.Height) || m.Width == 0 && n != 0:
		return fmt.Errorf("%w: %d×%d pixels, %d scores", ErrLength, m.Width, m.Height, n)
	case n == 0:
		return ErrEmpty
	case m.Truth != nil && len(m.Truth) != n:
		return fmt.Errorf("%w: %d scores, %d truth pixels", ErrLength, n, len(m.Truth))
	case m.PixelArea != nil && len(m.PixelArea) != n:
		return fmt.Errorf("%w: %d scores, %d pixel areas", ErrLength, n, len(m.PixelArea))
	case m.Truth != nil && m.Channels != nil:
		return fmt.Errorf("%w: both a truth mask and channels", ErrOption)
	}
	if err := m.Saturation.check(); err != nil {
		return err
	}
	if i := notFinite(m.Scores); i >= 0 {
		return fmt.Errorf("pixel (%d, %d): %w: %v", i%m.Width, i/m.Width, ErrNotFinite, m.Scores[i])
	}
	for k, c := range m.Channels {
		switch {
		case len(c.Mask) != n:
			return fmt.Errorf("channel %d: %w: %d scores, %d truth pixels", k, ErrLength, n, len(c.Mask))
		case !(c.Saturation > 0): // NaN too
			return fmt.Errorf("channel %d: %w: %v pixels", k, ErrSaturation, c.Saturation)
		}
	}
	return nil
}

// BTFSize is the side of the maps on which "Back to the Feature", M3DM and CFM
// compute their figures.
const BTFSize = 224

// AtBTFResolution returns the map at 224×224 with its ground truth, resized as
// BTF's program does: the map by bilinear interpolation (PyTorch's, without a
// low-pass filter) unless it has that size already, the truth to the nearest
// pixel by Pillow's rule. Small defects may vanish, and the figures differ from
// those at full resolution: it is for comparison with published tables. Of mask
// values, BTF counts those above 127 as defect.
func AtBTFResolution(m *grid.Map, truth []bool, truthWidth, truthHeight int) (Image[float32], error) {
	if m.C != 1 || len(m.Data) != m.W*m.H || len(m.Data) == 0 {
		return Image[float32]{}, fmt.Errorf("metrics: %w: map of %d×%d×%d with %d values", ErrLength, m.W, m.H, m.C, len(m.Data))
	}
	if truth != nil && (truthWidth <= 0 || truthHeight <= 0 || len(truth)/truthWidth != truthHeight || len(truth)%truthWidth != 0) {
		return Image[float32]{}, fmt.Errorf("metrics: %w: truth of %d×%d with %d pixels", ErrLength, truthWidth, truthHeight, len(truth))
	}
	if m.W != BTFSize || m.H != BTFSize {
		m = grid.ResizeBilinear(&grid.Map{H: m.H, W: m.W, C: 1, Data: m.Data}, BTFSize, BTFSize)
	}
	if truth != nil {
		truth = grid.Nearest(truth, truthHeight, truthWidth, 1, BTFSize, BTFSize, grid.RulePIL)
	}
	return FromMap(m, truth), nil
}
