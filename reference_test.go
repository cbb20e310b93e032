package iad3d_test

import (
	"math"
	"testing"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/internal/golden"
	"github.com/iad3d/iad3d/io/dataset"
	"github.com/iad3d/iad3d/rgbd"
)

// TestReferenceCableGland repeats the FPFH row of BTF's program on a part of
// MVTec 3D-AD's cable_gland, 24 training and 35 test scans, unprocessed. The
// expected figures are that program's, with Open3D 0.16.1 and its coreset
// selected in full precision.
func TestReferenceCableGland(t *testing.T) {
	if testing.Short() {
		t.Skip("half a minute of work")
	}
	set, err := dataset.OpenMVTec3D(golden.Shared(t, "data/mvtec3d"), "cable_gland")
	if err != nil {
		t.Fatal(err)
	}
	d, err := iad3d.Fit(t.Context(), iad3d.Config{Protocol: iad3d.ProtocolBTF}, rgbd.WithoutLabels(set.Scans(t.Context(), dataset.Train)))
	if err != nil {
		t.Fatal(err)
	}
	e, err := d.Evaluate(t.Context(), set.Scans(t.Context(), dataset.Test), nil)
	if err != nil {
		t.Fatal(err)
	}
	if p := d.Provenance(); p.Scans != 24 || p.Rows != 24*784 || len(e.Scans) != 35 {
		t.Fatalf("%d training scans, %d rows, %d test scans", p.Scans, p.Rows, len(e.Scans))
	}
	for _, c := range []struct {
		name                 string
		got, want, tolerance float64
	}{
		{"image AUROC", e.ImageAUROC, 0.4286, 0.011}, // two pairs of scans of the 196
		{"pixel AUROC", e.PixelAUROC, 0.9536, 0.001},
		{"AU-PRO", e.AUPRO, 0.8692, 0.002},
	} {
		t.Logf("%s %.4f, the reference %.4f", c.name, c.got, c.want)
		if !(math.Abs(c.got-c.want) <= c.tolerance) {
			t.Errorf("%s %.4f, want %.4f within %v", c.name, c.got, c.want, c.tolerance)
		}
	}
}
