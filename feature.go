package iad3d

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/iad3d/iad3d/fpfh"
	"github.com/iad3d/iad3d/rgbd"
)

// Features, what can describe a part. With ProtocolDefault FPFH, surface, normals and RGB
// may be combined; with ProtocolBTF all but surface and normals may, and the rows of BTF's
// table are its single features and RGB with FPFH.
const (
	FeatureFPFH = "fpfh" // geometry: Fast Point Feature Histograms
	// FeatureRGB is colour: layers of a network that [WithBackbone] provides,
	// without one the filter bank [rgbd.FilterBank].
	FeatureRGB = "rgb"
	// FeatureSurface is how the surface bends, at two scales, and slants, as an image
	// ([view.View.Surface]) that is described as colour is, by the network or the filter
	// bank. It does not change when the part turns. ProtocolDefault only.
	FeatureSurface = "surface"
	// FeatureNormals is the shape of the surface as an image of its normals, described
	// likewise. ProtocolDefault only.
	FeatureNormals = "normals"
	// FeatureDepth is depth in metres, three times, as the input of the network,
	// which it cannot do without. ProtocolBTF only, like the following.
	FeatureDepth = "depth"
	FeatureRaw   = string(rgbd.DepthRaw)  // depth values, see [rgbd.RawPatches]
	FeatureHOG   = string(rgbd.DepthHOG)  // histograms of oriented gradients of depth, see [rgbd.HOG]
	FeatureSIFT  = string(rgbd.DepthSIFT) // dense SIFT of depth, see [rgbd.DenseSIFT]
)

// Features lists the features that exist.
func Features() []string {
	return []string{FeatureFPFH, FeatureSurface, FeatureNormals, FeatureRGB, FeatureDepth, FeatureRaw, FeatureHOG, FeatureSIFT}
}

// ErrBackbone is wrapped when a network is missing, or is not the one that a
// model was fitted with.
var ErrBackbone = errors.New("backbone")

func (c *Config) has(feature string) bool { return slices.Contains(c.Features, feature) }

// usesBackbone reports whether a network that is there would be used.
func (c *Config) usesBackbone() bool {
	return c.has(FeatureRGB) || c.has(FeatureDepth) || c.has(FeatureNormals) || c.has(FeatureSurface)
}

// depthCell is the side in pixels of the cells of FeatureRaw and FeatureHOG.
const depthCell = 8

// Bounds of what a model file may say of a network.
const (
	maxLayers   = 16
	maxChannels = 1 << 16
)

func (c *Config) checkFeatures() error {
	for i, f := range c.Features {
		switch {
		case !slices.Contains(Features(), f):
			return badConfig("feature %q; there are: %s; several are joined by +", f, strings.Join(Features(), ", "))
		case slices.Contains(c.Features[:i], f):
			return badConfig("feature %s is there twice", f)
		case c.Protocol == ProtocolBTF && (f == FeatureNormals || f == FeatureSurface):
			return badConfig("feature %s needs the default protocol", f)
		case c.Protocol != ProtocolBTF && f != FeatureFPFH && f != FeatureRGB && f != FeatureNormals && f != FeatureSurface:
			return badConfig("feature %s needs the BTF protocol", f)
		case (f == FeatureRaw || f == FeatureHOG) && c.Size != depthCell*c.Cells:
			return badConfig("feature %s has cells of %d pixels: %d cells need the size %d, not %d", f, depthCell, c.Cells, depthCell*c.Cells, c.Size)
		}
	}
	b := c.Backbone
	switch {
	case len(c.Features) == 0: // the first scan will decide
		return nil
	case b == nil && c.has(FeatureDepth):
		return fmt.Errorf("%w: feature %s needs a %w", ErrConfig, FeatureDepth, ErrBackbone)
	case b == nil:
		return nil
	case !c.usesBackbone():
		return badConfig("a backbone is given, but features %s do not use it", strings.Join(c.Features, "+"))
	case len(b.Layers) == 0 || len(b.Layers) > maxLayers:
		return badConfig("backbone %s: %d layers, 1 to %d are possible", b.Name, len(b.Layers), maxLayers)
	case b.Height < 0 || b.Width < 0 || b.Height > maxSize || b.Width > maxSize || (b.Height == 0) != (b.Width == 0):
		return badConfig("backbone %s: input of %d×%d pixels", b.Name, b.Height, b.Width)
	case c.Protocol == ProtocolBTF && b.Height != 0 && (b.Height != c.Size || b.Width != c.Size):
		return badConfig("backbone %s takes images of %d×%d pixels only, the size is %d", b.Name, b.Width, b.Height, c.Size)
	}
	for _, l := range b.Layers {
		if l.Channels < 1 || l.Channels > maxChannels || l.Stride < 1 || l.Stride > c.Size {
			return badConfig("backbone %s: layer %s with %d channels at stride %d", b.Name, l.Name, l.Channels, l.Stride)
		}
	}
	return nil
}

// dim returns the length of the rows that features make side by side.
func (c *Config) dim(features []string) int {
	n := 0
	for _, f := range features {
		switch f {
		case FeatureFPFH:
			n += fpfh.Dim * len(c.FPFHK)
		case FeatureRGB, FeatureDepth, FeatureNormals, FeatureSurface:
			if c.Backbone == nil {
				n += rgbd.FilterBankDim
				continue
			}
			for _, l := range c.Backbone.Layers {
				if c.Protocol == ProtocolBTF {
					n += l.Channels
				} else {
					n += min(l.Channels, c.Sketch)
				}
			}
		default:
			n += rgbd.DepthFeature(f).Dim()
		}
	}
	return n
}

// wants returns an error when a network is not the one of the configuration:
// another one, other layers, another input.
func (c *Config) wants(b rgbd.Backbone) error {
	switch {
	case c.Backbone == nil && b == nil:
		return nil
	case c.Backbone == nil:
		return fmt.Errorf("%w: %s is given, but the model was fitted without one", ErrBackbone, b.Info().Name)
	case b == nil:
		return fmt.Errorf("%w: the model needs %s", ErrBackbone, called(*c.Backbone))
	}
	have, want := b.Info(), *c.Backbone
	have.Name, want.Name = "", "" // the file may have been renamed
	if have.SHA256 == want.SHA256 && have.Height == want.Height && have.Width == want.Width && slices.Equal(have.Layers, want.Layers) {
		return nil
	}
	return fmt.Errorf("%w: the model needs %s, not %s", ErrBackbone, called(*c.Backbone), called(b.Info()))
}

// called names a network in messages.
func called(b rgbd.BackboneInfo) string {
	names := make([]string, len(b.Layers))
	for i, l := range b.Layers {
		names[i] = l.Name
	}
	return fmt.Sprintf("%s (sha256 %.12s…, layers %s)", b.Name, b.SHA256, strings.Join(names, ", "))
}
