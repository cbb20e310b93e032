package report

import (
	"fmt"

	"github.com/iad3d/iad3d/inspection"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/rgbd"
)

// Names of the fields of [Cloud].
const (
	ScoreField     = "score"
	RegionField    = "region"
	DeviationField = "deviation_mm"
)

// Cloud returns the measured points of an organised scan for a viewer: coloured by
// the ramp of [Heatmap] from low to high, with the score as a field and, where
// regions were sought, the number of the region (0 for none) and the deviation from
// the surface around it in mm (0 where none was fitted). Coordinates, unit and
// offset are the scan's. Written as PLY it opens in CloudCompare and MeshLab, which
// show fields as scalar fields.
func Cloud(s *rgbd.Scan, n *inspection.Inspection, low, high float64) (*pointcloud.Cloud, error) {
	if err := (HeatmapOptions{Low: low, High: high}).check(s, n.Result); err != nil {
		return nil, err
	}
	c := s.Cloud
	m := stretch(n.Result.Map, c.Height, c.Width)
	if n.Found != nil && (len(n.Found.Labels) != c.Len() || len(n.Found.Deviation) != c.Len()) {
		return nil, fmt.Errorf("report: cloud of %s: the regions are those of another scan", s.Label())
	}
	size := c.CountValid()
	out := &pointcloud.Cloud{
		XYZ: make([]float32, 0, 3*size), RGB: make([]uint8, 0, 3*size), Unit: c.Unit, Offset: c.Offset,
	}
	scores := make([]float32, 0, size)
	var labels, deviation []float32
	ramp := scale{low, high}
	for i := range c.Len() {
		if !c.IsValid(i) {
			continue
		}
		out.XYZ = append(out.XYZ, c.XYZ[3*i:3*i+3]...)
		colour := rampColour(ramp.level(float64(m.Data[i])))
		out.RGB = append(out.RGB, colour.R, colour.G, colour.B)
		scores = append(scores, m.Data[i])
		if n.Found != nil {
			labels = append(labels, float32(n.Found.Labels[i]))
			d := n.Found.Deviation[i]
			if d-d != 0 {
				d = 0
			}
			deviation = append(deviation, d)
		}
	}
	out.Fields = append(out.Fields, pointcloud.Field{Name: ScoreField, Values: scores})
	if n.Found != nil {
		out.Fields = append(out.Fields, pointcloud.Field{Name: RegionField, Values: labels}, pointcloud.Field{Name: DeviationField, Values: deviation})
	}
	return out, nil
}
