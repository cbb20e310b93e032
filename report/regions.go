package report

import (
	"encoding/csv"
	"io"
	"strconv"

	"github.com/iad3d/iad3d/inspection"
	"github.com/iad3d/iad3d/regions"
)

// regionColumns are the columns of [Regions], after those of the shares.
var regionColumns = []string{
	"scan", "verdict", "region", "area_mm2", "surface_mm2", "diameter_mm", "height_mm", "height_certain",
	"centroid_x_mm", "centroid_y_mm", "centroid_z_mm", "min_x_mm", "min_y_mm", "min_z_mm", "max_x_mm", "max_y_mm", "max_z_mm",
	"max_score", "mean_score", "peak_x_px", "peak_y_px", "box_x_px", "box_y_px", "box_width_px", "box_height_px", "pixels", "missing", "shares", "extent", "outline_mm2",
}

// Regions writes the regions of a batch as CSV, one row each under a header that
// names the units. A height that is not known is empty. Shares are in one column,
// "geometry=0.75 colour=0.25". Numbers have as many digits as it takes to read the
// same value back.
func Regions(w io.Writer, all []*inspection.Inspection) error {
	rows := [][]string{regionColumns}
	for _, n := range all {
		for _, r := range n.Regions() {
			rows = append(rows, regionRow(n, &r))
		}
	}
	return wrote(csv.NewWriter(w).WriteAll(rows), "the regions")
}

func regionRow(n *inspection.Inspection, r *regions.Region) []string {
	f := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	row := []string{n.Result.Name, string(n.Verdict), strconv.Itoa(r.ID), f(r.Area), f(r.Surface), f(r.Diameter)}
	if h := r.Height; h != nil {
		row = append(row, f(h.Height), strconv.FormatBool(h.Certain))
	} else {
		row = append(row, "", "")
	}
	for _, v := range [][3]float64{r.Centroid, r.Box.Min, r.Box.Max} {
		row = append(row, f(v[0]), f(v[1]), f(v[2]))
	}
	row = append(row, strconv.FormatFloat(float64(r.Peak.Value), 'g', -1, 32), f(r.Mean))
	b := r.PixelBox
	for _, v := range []int{r.Peak.X, r.Peak.Y, b.X, b.Y, b.Width, b.Height, r.Pixels} {
		row = append(row, strconv.Itoa(v))
	}
	shares := ""
	for i, s := range r.Shares {
		if i > 0 {
			shares += " "
		}
		shares += s.Name + "=" + strconv.FormatFloat(s.Share, 'f', 4, 64)
	}
	return append(row, f(r.Missing), shares, string(r.Extent), f(r.Outline))
}
