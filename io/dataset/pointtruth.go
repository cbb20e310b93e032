package dataset

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/rgbd"
)

// samePlace is the share of a cloud's extent that the points of its ground truth
// may be off, which is written with fewer digits.
const samePlace = 1e-3

// ofPoints reports whether a ground truth is a text of points, not a mask.
func ofPoints(path string) bool { return strings.HasSuffix(strings.ToLower(path), ".txt") }

// readPointTruth reads the ground truth of a loose scan: a text of rows of x, y, z
// and a label, which is the column called label or else the fourth. Points that
// are not those of the scan take their place.
func readPointTruth(ctx context.Context, l *rgbd.Labelled, path string) error {
	t, err := scan.ReadContext(ctx, path, scan.Options{NoColour: true})
	if err != nil {
		return err
	}
	bad := func(format string, args ...any) error {
		return &scan.Error{Path: path, Err: fmt.Errorf(format, args...)}
	}
	labels := t.Cloud.Field("label")
	if labels == nil && len(t.Cloud.Fields) > 0 {
		labels = t.Cloud.Fields[0].Values
	}
	switch {
	case labels == nil:
		return bad("no labels: want rows of x, y, z and label")
	case l.Cloud.Organised():
		return bad("is ground truth of loose points, but %s has a raster of %d×%d pixels", l.Source, l.Cloud.Width, l.Cloud.Height)
	}
	truth, marked := make([]bool, len(labels)), 0
	for i, v := range labels {
		if v-v != 0 {
			return bad("label %v of point %d is not a number", v, i)
		}
		if truth[i] = v != 0; truth[i] {
			marked++
		}
	}
	if marked > 0 && !l.Anomalous() {
		return bad("marks %d points as defective, but the scan is labelled %s", marked, rgbd.Good)
	}
	l.PointTruth = truth
	if t.Cloud.Unit = l.Cloud.Unit; !samePoints(l, t) {
		t.Cloud.Fields = nil
		l.Cloud = t.Cloud
	}
	return nil
}

// samePoints reports whether both scans have the same points in the same order.
func samePoints(a *rgbd.Labelled, b *rgbd.Scan) bool {
	if a.Cloud.Len() != b.Cloud.Len() {
		return false
	}
	lo, hi, ok := a.Cloud.Bounds()
	if !ok {
		return false
	}
	limit := samePlace * hi.Sub(lo).Norm()
	for i := range a.Cloud.Len() {
		if !a.Cloud.IsValid(i) || !b.Cloud.IsValid(i) {
			continue
		}
		d := a.Cloud.At(i).Add(a.Cloud.Offset).Sub(b.Cloud.At(i).Add(b.Cloud.Offset))
		if !(math.Abs(d.X) <= limit && math.Abs(d.Y) <= limit && math.Abs(d.Z) <= limit) {
			return false
		}
	}
	return true
}

// noImages refuses the choice of an image where there is none.
func (o Options) noImages(kind string) error {
	if o.Image != nil {
		return fmt.Errorf("%w: %s has no images to choose from", ErrOptions, kind)
	}
	return nil
}

var errMask = errors.New("ground truth is a mask, but the scan is loose points; want a .txt of rows x y z label")
