package synth

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/iad3d/iad3d/internal/atomicfile"
	"github.com/iad3d/iad3d/io/pcd"
	"github.com/iad3d/iad3d/rgbd"
)

// WriteLoose makes the data set of o as loose clouds, see [Loose], in the layout
// of Real3D-AD:
//
//	<dir>/<part>/train/NNN_template.pcd
//	<dir>/<part>/test/NNN_good.pcd, NNN_<defect>.pcd
//	<dir>/<part>/gt/NNN_<defect>.txt: a row "x y z label" per point, in its order
//	<dir>/<part>/synth.json: the options, the mark of this program
//
// There are no validation scans, and Defects defaults to [ShapeDefects]. A
// folder is taken, and progress called, as [Write] does.
func WriteLoose(ctx context.Context, dir string, o Options, progress func(done, total int)) error {
	o.Validation = -1
	if o.Defects == nil {
		o.Defects = ShapeDefects()
	}
	o, err := o.normal()
	if err != nil {
		return err
	}
	marks := make([][]byte, len(o.Parts))
	for i, part := range o.Parts {
		if marks[i], err = claim(filepath.Join(dir, part), part, o, true); err != nil {
			return fmt.Errorf("synth: %w", err)
		}
	}
	var jobs []job
	for i, part := range o.Parts {
		for _, folder := range []string{Train, Test, "gt"} {
			if err := os.MkdirAll(filepath.Join(dir, part, folder), 0o755); err != nil {
				return fmt.Errorf("synth: %w", err)
			}
		}
		if err := storeBytes(filepath.Join(dir, part, markerName), marks[i]); err != nil {
			return fmt.Errorf("synth: %w", err)
		}
		jobs = append(jobs, o.jobs(part)...)
	}
	return makeAll(ctx, jobs, progress, func(ctx context.Context, i int) error {
		l, err := loose(ctx, jobs[i], o, 1)
		if err != nil {
			return err
		}
		return storeLoose(filepath.Join(dir, jobs[i].part), jobs[i], l)
	})
}

func storeLoose(dir string, j job, l *rgbd.Labelled) error {
	label := j.defect
	if j.split == Train {
		label = "template"
	}
	name := fmt.Sprintf("%03d_%s", j.index, label)
	err := atomicfile.Write(filepath.Join(dir, j.split, name+".pcd"), func(w io.Writer) error {
		return pcd.Encode(w, l.Cloud, pcd.EncodeOptions{})
	})
	if err != nil || l.PointTruth == nil {
		return err
	}
	return atomicfile.Write(filepath.Join(dir, "gt", name+".txt"), func(w io.Writer) error {
		b := bufio.NewWriter(w)
		var row []byte
		for i, bad := range l.PointTruth {
			row = row[:0]
			for _, v := range l.Cloud.XYZ[3*i : 3*i+3] {
				row = append(strconv.AppendFloat(row, float64(v), 'g', -1, 32), ' ')
			}
			if bad {
				row = append(row, "1\n"...)
			} else {
				row = append(row, "0\n"...)
			}
			if _, err := b.Write(row); err != nil {
				return err
			}
		}
		return b.Flush()
	})
}
