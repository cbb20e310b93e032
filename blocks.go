package iad3d

import (
	"context"
	"fmt"
	"image"
	"slices"

	"github.com/iad3d/iad3d/fpfh"
	"github.com/iad3d/iad3d/fusion"
	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/internal/parallel"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
	"github.com/iad3d/iad3d/view"
)

// btfNormalRadius and btfRadius are the radii, in metres, of BTF's hybrid
// searches. They bind on sparse clouds only.
const (
	btfNormalRadius = 0.1
	btfRadius       = 0.25
	btfPool         = 3 // side of the mean filter before cells are formed
)

// blocksBTF computes the blocks of a row, each Cells×Cells, from a scan and its
// cloud at Size×Size.
func (d *describer) blocksBTF(ctx context.Context, s *rgbd.Scan, work *pointcloud.Cloud) ([]*grid.Map, error) {
	c := &d.config
	depth := rgbd.Depth(work) // before zeros count as missing, which they do for FPFH only
	pool := func(m *grid.Map) *grid.Map { return grid.AdaptiveAvgPool(grid.AvgPool(m, btfPool), c.Cells, c.Cells) }
	var blocks []*grid.Map
	for _, f := range c.Features {
		switch f {
		case FeatureFPFH:
			m, err := c.fpfhBTF(ctx, s, work)
			if err != nil {
				return nil, err
			}
			blocks = append(blocks, m)
		case FeatureRaw, FeatureHOG, FeatureSIFT:
			m, err := rgbd.DepthFeature(f).Cells(depth, c.Cells, c.Workers)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.Label(), err)
			}
			blocks = append(blocks, m)
		case FeatureDepth:
			layers, err := d.layers(ctx, s, []*grid.Map{triple(depth)})
			if err != nil {
				return nil, err
			}
			for _, m := range layers[0] {
				blocks = append(blocks, pool(m))
			}
		case FeatureRGB:
			if d.backbone == nil {
				blocks = append(blocks, pool(rgbd.FilterBank(s.Colour, c.Size, c.Size)))
				continue
			}
			layers, err := d.layers(ctx, s, []*grid.Map{rgbd.ImageNetInput(s.Colour, c.Size, c.Size)})
			if err != nil {
				return nil, err
			}
			for _, m := range layers[0] {
				blocks = append(blocks, pool(m))
			}
		}
	}
	return blocks, nil
}

// fpfhBTF marks points with a zero coordinate in work as missing.
func (c *Config) fpfhBTF(ctx context.Context, s *rgbd.Scan, work *pointcloud.Cloud) (*grid.Map, error) {
	if work.MarkMissing(pointcloud.Missing{AnyZero: true}) == 0 {
		return nil, fmt.Errorf("%w: %s: no measured point is left at %d×%d pixels", rgbd.ErrScan, s.Label(), c.Size, c.Size)
	}
	metres := work.Unit.Metres()
	normal := pointcloud.Search{K: c.NormalK, Radius: btfNormalRadius / metres}
	o, err := c.surface(ctx, work, c.FPFHK, normal, pointcloud.OrientNone, btfRadius/metres)
	if err != nil {
		return nil, err
	}
	maps, err := fpfh.ComputePooled(ctx, work, o, c.FPFHK, fpfh.Pooling{Window: btfPool, H: c.Cells, W: c.Cells})
	if err != nil {
		return nil, err
	}
	return maps[0], nil
}

// featureMaps computes a map of Cells×Cells descriptors for each feature.
func (d *describer) featureMaps(ctx context.Context, s *rgbd.Scan, v *view.View) ([]*grid.Map, error) {
	c := &d.config
	var geometry *grid.Map
	if c.has(FeatureFPFH) || c.has(FeatureNormals) || c.has(FeatureSurface) {
		var err error
		if geometry, err = c.geometry(ctx, v.Cloud); err != nil {
			return nil, err
		}
	}
	out := make([]*grid.Map, len(c.Features))
	var images []*image.NRGBA // of features that are images, and the place of each
	var places []int
	for i, f := range c.Features {
		switch f {
		case FeatureFPFH:
			out[i] = geometry
		case FeatureNormals:
			images, places = append(images, v.Normals()), append(places, i)
		case FeatureSurface:
			img, err := v.Surface(ctx, c.Workers)
			if err != nil {
				return nil, err
			}
			images, places = append(images, img), append(places, i)
		case FeatureRGB:
			images, places = append(images, v.Crop(s.Colour)), append(places, i)
		}
	}
	if d.backbone == nil {
		return out, parallel.For(ctx, len(images), 1, c.Workers, func(_, i, _ int) {
			out[places[i]] = rgbd.FilterBankCells(images[i], c.Size, c.Size, c.Cells, c.Workers)
		})
	}
	if len(images) == 0 {
		return out, nil
	}
	h, w := c.input()
	inputs := make([]*grid.Map, len(images))
	for i, img := range images {
		inputs[i] = rgbd.ImageNetInput(img, h, w)
	}
	return out, d.outputs(ctx, s, inputs, func(i int, layers []rgbd.Output) error {
		sketches, channels := make([]*grid.Map, len(layers)), 0
		for l, o := range layers {
			if o.Planes {
				sketches[l] = fusion.SketchPlanes(o.Data, o.H, o.W, o.C, c.Sketch, c.Seed)
			} else {
				sketches[l] = fusion.Sketch(&grid.Map{H: o.H, W: o.W, C: o.C, Data: o.Data}, c.Sketch, c.Seed)
			}
			channels += sketches[l].C
		}
		m := grid.New(c.Cells, c.Cells, channels)
		at := 0
		for _, sketch := range sketches {
			grid.ResizeBilinearInto(m, at, sketch)
			at += sketch.C
		}
		out[places[i]] = m
		return nil
	})
}

// input returns the size of the network's input: the only one it takes, or Input
// rounded to a multiple of the coarsest stride.
func (c *Config) input() (int, int) {
	b := c.Backbone
	if b.Height > 0 {
		return b.Height, b.Width
	}
	step := 1
	for _, l := range b.Layers {
		step = max(step, l.Stride)
	}
	side := max(1, (c.Input+step/2)/step) * step
	return side, side
}

// layers runs the network on inputs and checks what comes out.
func (d *describer) layers(ctx context.Context, s *rgbd.Scan, inputs []*grid.Map) ([][]*grid.Map, error) {
	out, err := d.backbone.Features(ctx, inputs)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Label(), err)
	}
	if len(out) != len(inputs) {
		return nil, fmt.Errorf("%w: %s gives %d results for %d images", ErrBackbone, d.config.Backbone.Name, len(out), len(inputs))
	}
	for _, maps := range out {
		channels := make([]int, len(maps))
		for i, m := range maps {
			channels[i] = m.C
		}
		if err := d.promised(channels); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// promised returns an error for layers of other channels than the configuration's.
func (d *describer) promised(channels []int) error {
	want := d.config.Backbone.Layers
	if len(channels) != len(want) {
		return fmt.Errorf("%w: %s does not give the %d layers it promised", ErrBackbone, d.config.Backbone.Name, len(want))
	}
	for i, c := range channels {
		if c != want[i].Channels {
			return fmt.Errorf("%w: layer %s of %s has %d channels, not the %d it promised",
				ErrBackbone, want[i].Name, d.config.Backbone.Name, c, want[i].Channels)
		}
	}
	return nil
}

// outputs is layers for those who only read them: fn gets what comes out of input i, for
// several of them at once where the network can.
func (d *describer) outputs(ctx context.Context, s *rgbd.Scan, inputs []*grid.Map, fn func(i int, layers []rgbd.Output) error) error {
	b, ok := d.backbone.(rgbd.OutputBackbone)
	if !ok {
		all, err := d.layers(ctx, s, inputs)
		for i := 0; i < len(all) && err == nil; i++ {
			layers := make([]rgbd.Output, len(all[i]))
			for l, m := range all[i] {
				layers[l] = rgbd.Output{H: m.H, W: m.W, C: m.C, Data: m.Data}
			}
			err = fn(i, layers)
		}
		return err
	}
	err := b.Outputs(ctx, inputs, func(i int, layers []rgbd.Output) error {
		channels := make([]int, len(layers))
		for l, o := range layers {
			channels[l] = o.C
		}
		if err := d.promised(channels); err != nil {
			return err
		}
		return fn(i, layers)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", s.Label(), err)
	}
	return nil
}

// triple returns a one-channel map three times, as BTF feeds depth to a network
// for colour images: in metres, not normalised.
func triple(m *grid.Map) *grid.Map {
	out := grid.New(m.H, m.W, 3)
	for i, v := range m.Data {
		out.Data[3*i], out.Data[3*i+1], out.Data[3*i+2] = v, v, v
	}
	return out
}

// geometry estimates the normals of work and, with FeatureFPFH, returns the
// descriptors of every neighbourhood size, Cells×Cells.
func (c *Config) geometry(ctx context.Context, work *pointcloud.Cloud) (*grid.Map, error) {
	sizes := c.FPFHK
	if !c.has(FeatureFPFH) {
		sizes = []int{c.NormalK}
	}
	o, err := c.surface(ctx, work, sizes, pointcloud.Search{K: c.NormalK}, pointcloud.OrientViewpoint, 0)
	if err != nil || !c.has(FeatureFPFH) {
		return nil, err
	}
	return fpfh.ComputeCells(ctx, work, o, c.FPFHK, c.Cells, c.Cells)
}

// surface estimates the normals of work and returns what FPFH needs. All searches
// share the largest one's.
func (c *Config) surface(ctx context.Context, work *pointcloud.Cloud, sizes []int, normal pointcloud.Search, o pointcloud.Orientation, radius float64) (fpfh.Options, error) {
	widest := pointcloud.Search{K: max(slices.Max(sizes), c.NormalK), Radius: radius}
	nb, err := pointcloud.FindNeighborhoods(ctx, work, widest, c.Workers)
	if err != nil {
		return fpfh.Options{}, err
	}
	work.Normals, err = pointcloud.EstimateNormals(ctx, work, pointcloud.NormalOptions{
		Search: normal, Orientation: o, Neighborhoods: nb, Workers: c.Workers})
	return fpfh.Options{Search: pointcloud.Search{Radius: radius}, Neighborhoods: nb, Workers: c.Workers}, err
}
