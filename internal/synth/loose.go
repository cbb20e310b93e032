package synth

import (
	"context"
	"slices"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
)

// Loose makes the scan that [Scan] makes as a cloud without a raster and without
// the table: the part's measured points, and those that a defect lets the sensor
// see behind it, in random order and turned and shifted at random, as if each
// capture had a frame of its own. PointTruth holds for a defective scan which
// points the defect changed; nil for a sound one. There is no colour.
func Loose(ctx context.Context, part, defect string, index int, split string, o Options) (*rgbd.Labelled, error) {
	o, err := o.normal()
	if err != nil {
		return nil, err
	}
	return loose(ctx, job{part, defect, split, index}, o, 0)
}

func loose(ctx context.Context, j job, o Options, workers int) (*rgbd.Labelled, error) {
	m, err := scan(ctx, j, o, workers)
	if err != nil {
		return nil, err
	}
	rng := j.source(o.Seed, "loose")
	var keep []int32
	for i := range m.Cloud.Len() {
		if m.Cloud.IsValid(i) && (m.onPart[i] || m.Truth.Pix[i] > 0) {
			keep = append(keep, int32(i))
		}
	}
	rng.Shuffle(len(keep), func(a, b int) { keep[a], keep[b] = keep[b], keep[a] })
	const shift = 0.1 // metres, each way
	motion := pointcloud.FromQuaternion(rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64(),
		r3.Vector{X: shift * symmetric(rng), Y: shift * symmetric(rng), Z: shift * symmetric(rng)})
	cloud := m.Cloud.Select(keep).Moved(motion)
	cloud.Valid = nil
	l := &rgbd.Labelled{Scan: &rgbd.Scan{Name: m.Name, Cloud: cloud}, Defect: m.Defect}
	if m.Anomalous() {
		l.PointTruth = make([]bool, len(keep))
		for k, i := range keep {
			l.PointTruth[k] = m.Truth.Pix[i] > 0
		}
	}
	return l, nil
}

// ShapeDefects returns the names of the defects that change the shape and not
// the colour alone, ascending.
func ShapeDefects() []string {
	return slices.DeleteFunc(Defects(), func(name string) bool { return name == "stained" })
}
