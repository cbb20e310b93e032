package iad3d

import (
	"context"
	"fmt"

	"github.com/iad3d/iad3d/metrics"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
)

// regionReach is how many voxels two defect points of one region may be apart.
const regionReach = 2

// addPoints adds the scores of a loose scan and its ground truth to a pool. Points
// that are not valid do not count.
func (d *Detector) addPoints(ctx context.Context, to *metrics.Pixels[float32], s *rgbd.Labelled, scores []float32) error {
	c := s.Cloud
	switch {
	case s.PointTruth == nil && s.Anomalous():
		return fmt.Errorf("%w: %s: labelled %q but without ground truth of its points", ErrEvaluate, s.Label(), s.Defect)
	case s.PointTruth != nil && len(s.PointTruth) != c.Len():
		return fmt.Errorf("%w: %s: ground truth of %d points, the scan has %d", ErrEvaluate, s.Label(), len(s.PointTruth), c.Len())
	}
	p := metrics.Points[float32]{Scores: make([]float32, 0, c.CountValid())}
	var defects []int32 // in c
	for i, v := range scores {
		if !c.IsValid(i) {
			continue
		}
		if s.PointTruth != nil && s.PointTruth[i] {
			defects = append(defects, int32(i))
		}
		p.Scores = append(p.Scores, v)
	}
	if len(defects) > 0 {
		of, err := regions(ctx, c.Select(defects), regionReach*d.config.Voxel/c.Unit.Metres())
		if err != nil {
			return err
		}
		p.Region = make([]int32, 0, len(p.Scores))
		for i := range c.Len() {
			switch {
			case !c.IsValid(i):
			case s.PointTruth[i]:
				p.Region, of = append(p.Region, of[0]), of[1:]
			default:
				p.Region = append(p.Region, -1)
			}
		}
	}
	if err := to.AddPoints(p); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrEvaluate, s.Label(), err)
	}
	return nil
}

// regions numbers the clusters of points within reach of each other.
func regions(ctx context.Context, c *pointcloud.Cloud, reach float64) ([]int32, error) {
	tree := pointcloud.NewTree(c)
	all := make([]bool, c.Len())
	for i := range all {
		all[i] = true
	}
	var near []pointcloud.Neighbor
	var list []int32
	of, _, err := metrics.Connect(all, func(i int) []int32 {
		list = list[:0]
		if ctx.Err() != nil {
			return nil
		}
		near = tree.Radius(c.At(i), reach, near)
		for _, n := range near {
			list = append(list, n.Index)
		}
		return list
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return of, err
}
