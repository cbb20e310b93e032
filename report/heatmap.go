// Package report turns what a detector found into something to look at or to
// read by machine: heat-map pictures, tables, CSV and JSON.
//
// Every function writes the same bytes for the same input, and none writes NaN
// or an infinity: input that holds one is an error that says where.
package report

import (
	"fmt"
	"image"
	"image/png"
	"io"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/rgbd"
)

// HeatmapOptions steers [Heatmap]. The zero value shows the map on a scale of
// its own and no ground truth.
type HeatmapOptions struct {
	// Low and High are the scores at the ends of the colour bar; what lies
	// outside looks like the nearer end. Pictures that are to be compared need
	// the same two, see [Scale]. Both 0: the scale of this result alone.
	Low, High float64
	// Truth, where given, has the scan's size; pixels other than 0 are defect
	// and get an outline.
	Truth *image.Gray
	// Threshold, where above 0, is the pixel threshold: the colour bar then counts in
	// multiples of it, a unit that scores have not.
	Threshold float64
	// Regions, where given, has the number of the region of each pixel of the scan, 0
	// for none, as in [regions.Found]; they get an outline in white.
	Regions []int32
}

// ThresholdScale returns the ends of a colour bar that depends on nothing but the
// pixel threshold, so that pictures of different batches compare: from half to twice the
// threshold.
func ThresholdScale(threshold float64) (low, high float64) { return threshold / 2, 2 * threshold }

// Heatmap writes a PNG that shows where a scan is abnormal: on the left the
// photo, on the right the photo in grey under the score map, then the colour
// bar. Above them stand the scan's name, its score and the highest map value,
// which a ring in the map and an arrow at the bar mark.
//
// Colours run from violet over red to pale yellow and become steadily lighter,
// so that their order survives colour blindness and grey print. The higher the
// score, the less the photo shows through. Hatched pixels were not measured;
// what the map says there is interpolated. Where there is no colour image, the
// cloud's own colours stand in, else its surface lit from above left.
//
// One pixel of the scan is one of the picture, or n×n where the scan is less
// than 300 pixels wide; a map of another size than the scan is stretched to it.
// Sizes that do not fit, a result of another scan (by name), map values that are
// not finite and a scale with High < Low are errors.
func Heatmap(w io.Writer, s *rgbd.Scan, r *iad3d.Result, o HeatmapOptions) error {
	if err := o.check(s, r); err != nil {
		return err
	}
	if o.Low == 0 && o.High == 0 {
		o.Low, o.High = Scale([]*iad3d.Result{r})
	}
	p := sheet{
		scan:     s,
		result:   r,
		scale:    scale{o.Low, o.High},
		photo:    photograph(s),
		measured: measured(s, r.Map),
	}
	if o.Truth != nil && hasDefect(o.Truth) {
		p.truth = o.Truth
	}
	p.threshold = o.Threshold
	if o.Regions != nil {
		p.regions = labelled(o.Regions, s.Cloud.Width)
	}
	p.heat = overlay(p.photo, stretch(r.Map, s.Cloud.Height, s.Cloud.Width), p.scale, p.measured)
	if err := png.Encode(w, p.draw()); err != nil {
		return fmt.Errorf("report: heat map of %s: %w", s.Label(), err)
	}
	return nil
}

// check returns an error when the three do not fit together.
func (o HeatmapOptions) check(s *rgbd.Scan, r *iad3d.Result) error {
	if err := s.CheckRaster(); err != nil {
		return fmt.Errorf("report: heat map: %w", err)
	}
	bad := func(format string, args ...any) error {
		return fmt.Errorf("report: heat map of %s: %s", s.Label(), fmt.Sprintf(format, args...))
	}
	if r.Name != "" && s.Name != "" && r.Name != s.Name {
		return bad("the result is that of %s", r.Name)
	}
	if err := checkResult(r); err != nil {
		return err
	}
	if r.Map == nil {
		return bad("the result is that of a loose scan, which has no map")
	}
	for i, v := range r.Map.Data {
		if !finite(float64(v)) {
			return bad("map pixel (%d, %d) is %g", i%r.Map.W, i/r.Map.W, v)
		}
	}
	if t := o.Truth; t != nil && (t.Rect.Dx() != s.Cloud.Width || t.Rect.Dy() != s.Cloud.Height) {
		return bad("ground truth is %d×%d, the scan %d×%d", t.Rect.Dx(), t.Rect.Dy(), s.Cloud.Width, s.Cloud.Height)
	}
	if o.Regions != nil && len(o.Regions) != s.Cloud.Len() {
		return bad("regions of %d pixels, the scan has %d", len(o.Regions), s.Cloud.Len())
	}
	if !(o.Threshold >= 0) || !finite(o.Threshold) {
		return bad("threshold %g", o.Threshold)
	}
	if !(o.Low <= o.High) || !finite(o.High-o.Low) {
		return bad("no scale from %g to %g", o.Low, o.High)
	}
	return nil
}

// labelled returns a mask of the pixels that have a label; nil for none.
func labelled(labels []int32, w int) *image.Gray {
	mask := image.NewGray(image.Rect(0, 0, w, len(labels)/w))
	for i, l := range labels {
		if l != 0 {
			mask.Pix[i] = 255
		}
	}
	if !hasDefect(mask) {
		return nil
	}
	return mask
}

// stretch returns the map at the size h×w, interpolated values included.
func stretch(m *grid.Map, h, w int) *grid.Map {
	if m.H == h && m.W == w {
		return m
	}
	return grid.ResizeBilinear(&grid.Map{H: m.H, W: m.W, C: 1, Data: m.Data}, h, w)
}

// measured flags the scan's pixels at which there is a point and the map does
// not say otherwise.
func measured(s *rgbd.Scan, m *grid.Map) []bool {
	c := s.Cloud
	flags := make([]bool, c.Len())
	rows := grid.NearestIndices(m.H, c.Height, grid.RulePIL)
	columns := grid.NearestIndices(m.W, c.Width, grid.RulePIL)
	for i := range flags {
		flags[i] = c.IsValid(i) && m.IsValid(rows[i/c.Width], columns[i%c.Width])
	}
	return flags
}
