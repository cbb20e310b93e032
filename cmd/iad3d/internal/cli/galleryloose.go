package cli

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/pointcloud"
	"github.com/iad3d/iad3d/report"
	"github.com/iad3d/iad3d/rgbd"
)

// scoreField is the name of the field that holds the score of a point, and
// truthField of the one that holds 1 at a defect, where that is known.
const (
	scoreField = report.ScoreField
	truthField = "label"
)

// addLoose writes the points of a loose scan with their scores as a field, as PLY
// and as PCD.
func (g *gallery) addLoose(name string, r *iad3d.Result, read func() (*rgbd.Labelled, error)) (report.Files, error) {
	f := report.Files{Points: filepath.Join(g.maps, name+".ply")}
	for _, path := range []string{f.Points, filepath.Join(g.maps, name+".pcd")} {
		if err := mayReplacePoints(path); err != nil {
			return f, err
		}
	}
	l, err := read()
	if err != nil {
		return f, err
	}
	c := *scored(l.Cloud, r.Points)
	if l.PointTruth != nil {
		labels := make([]float32, len(l.PointTruth))
		for i, bad := range l.PointTruth {
			if bad {
				labels[i] = 1
			}
		}
		c.Fields = append(c.Fields, pointcloud.Field{Name: truthField, Values: labels})
	}
	for _, ext := range []string{".ply", ".pcd"} {
		err := write(filepath.Join(g.maps, name+ext), func(w io.Writer) error {
			_, err := scan.Write(w, ext, &c, scan.WriteOptions{})
			return err
		})
		if err != nil {
			return f, err
		}
	}
	g.scaler.Add(r)
	return f, nil
}

// scored returns a cloud with scores as its only field.
func scored(c *pointcloud.Cloud, scores []float32) *pointcloud.Cloud {
	out := *c
	out.Fields = []pointcloud.Field{{Name: scoreField, Values: scores}}
	return &out
}

// mayReplacePoints refuses to write over a cloud that is not an earlier run's.
func mayReplacePoints(path string) error {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	info, err := scan.Inspect(path)
	if err != nil {
		return usagef("%s exists and was not written by iad3d; it is not replaced", path)
	}
	for _, f := range info.Fields {
		if len(f) > len(scoreField) && f[:len(scoreField)+1] == scoreField+" " {
			return nil
		}
	}
	return usagef("%s exists and has no scores; it is not replaced", path)
}
