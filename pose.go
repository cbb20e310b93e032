package iad3d

import (
	"context"
	"fmt"

	"github.com/iad3d/iad3d/align"
	"github.com/iad3d/iad3d/io/model"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
)

// reference is the part that loose scans are laid on: the first scan of the fit,
// thinned out, in metres.
type reference struct {
	cloud *pointcloud.Cloud
	part  *align.Reference
}

func newReference(ctx context.Context, c *pointcloud.Cloud, workers int) (*reference, error) {
	c = c.In(pointcloud.Metre)
	part, err := align.NewReference(ctx, c, align.Options{Workers: workers})
	if err != nil {
		return nil, err
	}
	return &reference{c, part}, nil
}

// lay finds the pose of a loose scan, thinned out, on the reference. One that does
// not fit is no scan of the part, or not enough of it.
func (r *reference) lay(ctx context.Context, s *rgbd.Scan, work *pointcloud.Cloud) (*align.Fit, error) {
	fit, err := r.part.Align(ctx, work)
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w: %s: %w", rgbd.ErrScan, s.Label(), err)
	}
	return fit, err
}

// Names of the reference in the model file.
const (
	tensorReference = "reference"         // F32, points × 3, metres
	tensorNormals   = "reference.normals" // F64, points × 3
)

func (r *reference) tensors() []model.Tensor {
	shape := []int{r.cloud.Len(), 3}
	return []model.Tensor{
		model.Float32s(tensorReference, shape, r.cloud.XYZ),
		model.Float64s(tensorNormals, shape, r.cloud.Normals),
	}
}

// referenceFrom reads the reference of a model whose configuration wants one. What
// was stored is prepared again, which takes a tenth of a second.
func referenceFrom(f *model.File, c *Config) (*reference, error) {
	if !c.Align {
		return nil, nil
	}
	xyz, shape, err := f.Float32s(tensorReference)
	if err != nil {
		return nil, err
	}
	normals, same, err := f.Float64s(tensorNormals)
	if err != nil {
		return nil, err
	}
	if len(shape) != 2 || shape[1] != 3 || len(same) != 2 || same[0] != shape[0] || same[1] != 3 {
		return nil, fmt.Errorf("%s and %s have the shapes %v and %v", tensorReference, tensorNormals, shape, same)
	}
	return newReference(context.Background(), &pointcloud.Cloud{XYZ: xyz, Normals: normals}, 0)
}
