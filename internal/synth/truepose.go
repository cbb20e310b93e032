package synth

import (
	"fmt"
	"slices"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/pointcloud"
)

// TruePose returns where the part of a scan made by [Scan] was: the motion from
// the part's own frame, in metres, to the camera's. Two scans of a part differ by
// the motion TruePose(b)·TruePose(a)⁻¹. Of o only Seed counts.
func TruePose(name, defect string, index int, split string, o Options) (pointcloud.Rigid, error) {
	o, err := o.normal()
	if err != nil {
		return pointcloud.Rigid{}, err
	}
	at := slices.IndexFunc(catalogue(), func(k *part) bool { return k.name == name })
	if at < 0 {
		return pointcloud.Rigid{}, fmt.Errorf("%w: no part %q, there are %q", ErrOptions, name, Parts())
	}
	j := job{name, defect, split, index}
	q := newScene(catalogue()[at], o.Size, j.source(o.Seed, "pose")).pose
	const metres = 1e-3
	return pointcloud.Rigid{
		R: [3]r3.Vector{{X: q.x.X, Y: q.y.X, Z: q.z.X}, {X: q.x.Y, Y: q.y.Y, Z: q.z.Y}, {X: q.x.Z, Y: q.y.Z, Z: q.z.Z}},
		T: q.origin.Mul(metres),
	}, nil
}
