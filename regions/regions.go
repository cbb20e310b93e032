// Package regions turns a score map into places that can be measured: connected
// areas above a threshold, in millimetres in the sensor's frame.
//
// Lengths are millimetres and areas square millimetres whatever the cloud's unit;
// pixels are counted from 0, x to the right and y down. The same input gives the
// same bits.
package regions

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"slices"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/pointcloud"
)

// Part is the share of one modality in a score map; all parts add up to the map.
type Part struct {
	Name string
	Map  *grid.Map // C = 1, of the size of the map it is a share of
}

// Options steer [Find].
type Options struct {
	// Threshold is the score above which a pixel belongs to a region.
	Threshold float64
	// MinArea is the tolerance: regions of a smaller Area are counted in
	// Found.Ignored and otherwise left out. 0 keeps all.
	MinArea float64
	// Surface flags the pixels that show the part, so that the height of a region
	// at its outline is not measured from the table; nil: every measured pixel. See
	// [pointcloud.FindForeground].
	Surface []bool
	// Parts, where given, are shared out among the regions.
	Parts []Part
	// Sound are captures of sound parts that the scan is compared with; none or a few.
	Sound []Sound
	// Colour is the scan's photo, compared with those of Sound; nil for none.
	Colour *image.NRGBA
}

// Share is how much of a region's score one modality has, from 0 to 1.
type Share struct {
	Name  string  `json:"name"`
	Share float64 `json:"share"`
}

// Peak is the pixel of the highest score of a region, the first in row-major
// order.
type Peak struct {
	X     int     `json:"x"`
	Y     int     `json:"y"`
	Value float32 `json:"value"`
}

// PixelBox is the smallest rectangle of pixels around a region.
type PixelBox struct {
	X      int `json:"x"` // of the left column
	Y      int `json:"y"` // of the upper row
	Width  int `json:"width"`
	Height int `json:"height"`
}

// Box is the smallest axis-parallel box around a region's points.
type Box struct {
	Min [3]float64 `json:"min"`
	Max [3]float64 `json:"max"`
}

// Region is one place that is abnormal. It begins with an outline, a connected area of
// the score map above the threshold, where pixels that touch at a corner are connected.
// The map is pooled and blurred: an outline is larger than the defect. What is measured,
// and Labels flag, is therefore its extent:
//
//   - where the scan lies off all of Options.Sound by more than twice the noise, in the
//     median of 3×3 pixels, or was not measured where all of them were, unless as many
//     pixels are lost all around (ByGeometry). Such pieces belong to a region when they
//     touch its outline and have 2 % of its size there; they reach as far as they go.
//     Those nearer to each other than a hundredth of the raster are one region, or four
//     hundredths where neither the scan nor the captures saw anything between;
//   - else where its colour is off theirs by more than three times the noise: down to half of
//     each piece's difference, and on its flank to a quarter (ByColour). Of several pieces
//     that are one region each but the largest lies in the outline by half;
//   - else, and without Options.Sound, where the map is above half of its peak over the
//     level of the part around, for each peak that is separate at that height (ByMap).
//
// What the map says, Peak, Mean and Shares, is that of the outline's pixels that are
// nearest to the extent; the peak may lie beside it.
type Region struct {
	ID     int `json:"id"` // from 1, in the order of [Found]
	Pixels int `json:"pixels"`
	// Area is what the region covers across the line of sight: the sum of its
	// pixels' cells at their distance, those without data included.
	Area float64 `json:"area_mm2"`
	// Surface is the area on the part: Area with every pixel divided by the cosine
	// between the optical axis and the fitted neighbourhood's normal, at least 0.1.
	// It is Area where no neighbourhood was found.
	Surface float64 `json:"surface_mm2"`
	// Diameter is that of the circle of the size of Area.
	Diameter float64  `json:"diameter_mm"`
	PixelBox PixelBox `json:"box_px"`
	Box      Box      `json:"box_mm"` // of the measured points; of the centroid alone when there is none
	// Centroid is the mean of the pixels' points, in the sensor's frame. A pixel
	// without data has the depth of the nearest one of the region that was measured,
	// or of the nearest around it; in a raster of no camera that is known (see Find)
	// it does not count.
	Centroid [3]float64 `json:"centroid_mm"`
	Peak     Peak       `json:"peak"`
	Mean     float64    `json:"mean"` // of the scores
	// Height is how far the region stands out of the surface around it, positive
	// towards the sensor, negative for what lies deeper; see [Relief]. Nil when too
	// little was measured in or around it.
	Height *Relief `json:"height,omitempty"`
	Shares []Share `json:"shares,omitempty"` // in the order of Options.Parts
	// Missing is the fraction of the pixels at which nothing was measured; what the
	// score map says there is interpolated.
	Missing float64 `json:"missing"`
	// Extent says what the measured pixels are.
	Extent Extent `json:"extent"`
	// Outline is the area in mm² above the threshold that the region comes from.
	Outline float64 `json:"outline_mm2"`
}

// Found is the outcome of [Find].
type Found struct {
	Regions []Region // by the highest score, descending; ties by the first pixel
	Ignored int      // regions below Options.MinArea
	// Labels has the ID of the region of each pixel of the cloud's raster, 0 for
	// none.
	Labels []int32
	// Deviation is what each measured pixel is nearer to the sensor than the sound part,
	// in mm along the optical axis, 0 where it lies between Options.Sound; without these
	// its distance from the surface fitted around its region, as Region.Height, in the
	// regions and the neighbourhoods they were compared with. NaN elsewhere.
	Deviation []float32
}

// ErrInput is wrapped by errors about maps, clouds and options that do not go
// together.
var ErrInput = errors.New("regions: bad input")

// Find lists the places at which a score map lies above a threshold; see [Region].
//
// c is the scan's organised cloud; a map of another size, as of the BTF protocol,
// is stretched to it bilinearly. A pixel's cell and its line of sight come from the
// camera that the coordinates themselves show: a pinhole at the origin or parallel
// rays along z, the first that fits the raster to half a pixel. Where neither does, as
// in a rectified or resampled raster, cells are measured between neighbours.
func Find(ctx context.Context, m *grid.Map, c *pointcloud.Cloud, o Options) (*Found, error) {
	if err := o.check(m, c); err != nil {
		return nil, err
	}
	if m.H != c.Height || m.W != c.Width {
		m = stretch(m, c.Height, c.Width)
		parts := make([]Part, len(o.Parts))
		for i, p := range o.Parts {
			parts[i] = Part{p.Name, stretch(p.Map, c.Height, c.Width)}
		}
		o.Parts = parts
	}
	f := &Found{Deviation: make([]float32, c.Len())}
	for i := range f.Deviation {
		f.Deviation[i] = nan
	}
	outlines, labels := connected(m, float32(o.Threshold))
	s := &surveyor{cloud: c, lens: findLens(c), outlines: labels, surface: o.Surface}
	var diff *comparison
	if len(outlines) > 0 {
		var err error
		if diff, err = s.compare(ctx, o.Sound, o.Colour); err != nil {
			return nil, err
		}
	}
	if diff != nil {
		for i, v := range diff.off {
			f.Deviation[i] = float32(v)
		}
	}
	areas := s.extents(m, outlines, float32(o.Threshold), diff)
	s.labels = make([]int32, c.Len())
	for k, a := range areas {
		a.label = int32(k + 1)
		for _, i := range a.pixels {
			s.labels[i] = a.label
		}
	}
	var kept []*area
	for _, a := range areas {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s.measure(a)
		if a.region.Area < o.MinArea {
			f.Ignored++
			continue
		}
		a.score(m, o.Parts)
		kept = append(kept, a)
	}
	slices.SortStableFunc(kept, func(a, b *area) int { return cmp.Compare(b.region.Peak.Value, a.region.Peak.Value) })
	f.Labels = make([]int32, c.Len())
	for k, a := range kept {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		a.region.ID = k + 1
		for _, i := range a.pixels {
			f.Labels[i] = int32(k + 1)
		}
		if k < mostReliefs {
			s.relief(a, diff, f.Deviation)
		}
		f.Regions = append(f.Regions, a.region)
	}
	return f, nil
}

func (o *Options) check(m *grid.Map, c *pointcloud.Cloud) error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrInput, fmt.Sprintf(format, args...))
	}
	if err := c.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrInput, err)
	}
	switch {
	case !c.Organised():
		return bad("the cloud of %d points is not organised (it has no raster)", c.Len())
	case c.CountValid() == 0:
		return bad("no measured point in %d×%d pixels", c.Width, c.Height)
	case !(o.Threshold >= 0) || o.Threshold-o.Threshold != 0:
		return bad("threshold %v is no score", o.Threshold)
	case !(o.MinArea >= 0):
		return bad("least area %v mm²", o.MinArea)
	case o.Colour != nil && (o.Colour.Bounds().Dx() != c.Width || o.Colour.Bounds().Dy() != c.Height):
		return bad("a photo of %v for %d×%d pixels", o.Colour.Bounds(), c.Width, c.Height)
	case o.Surface != nil && len(o.Surface) != c.Len():
		return bad("%d flags of the surface for %d pixels", len(o.Surface), c.Len())
	}
	for i, s := range o.Sound {
		switch {
		case s.Cloud == nil || s.Cloud.Check() != nil || !s.Cloud.Organised():
			return bad("sound capture %d has no organised cloud", i)
		case s.Colour != nil && (s.Colour.Bounds().Dx() != s.Cloud.Width || s.Colour.Bounds().Dy() != s.Cloud.Height):
			return bad("sound capture %d: a photo of %v for %d×%d pixels", i, s.Colour.Bounds(), s.Cloud.Width, s.Cloud.Height)
		}
		if err := s.Pose.Check(); err != nil {
			return bad("sound capture %d: %v", i, err)
		}
	}
	maps := []Part{{"score", m}}
	for _, p := range append(maps, o.Parts...) {
		switch q := p.Map; {
		case q == nil || q.H <= 0 || q.W <= 0 || q.C != 1 || len(q.Data) != q.H*q.W:
			return bad("%s: not a map of one channel", p.Name)
		case q.H != m.H || q.W != m.W:
			return bad("part %s is %d×%d, the map %d×%d", p.Name, q.W, q.H, m.W, m.H)
		}
		for i, v := range p.Map.Data {
			if v-v != 0 {
				return bad("%s: pixel (%d, %d) is %v", p.Name, i%m.W, i/m.W, v)
			}
		}
	}
	return nil
}

// stretch returns the map at another size, interpolated values included.
func stretch(m *grid.Map, h, w int) *grid.Map {
	return grid.ResizeBilinear(&grid.Map{H: m.H, W: m.W, C: 1, Data: m.Data}, h, w)
}

// area is a region in the making, or an outline that regions come from.
type area struct {
	pixels []int32 // ascending
	label  int32   // in the labels of connected, or among the areas, from 1
	region Region
	scores []float32 // of each pixel
	cells  []float64 // mm², of each pixel
	depths []float64 // mm, of each pixel, filled in where nothing was measured
	centre r3.Vector // mm, without the cloud's offset

	outlines  []*area // that it touches
	outline   []int32 // the pixels of theirs that are nearest to it
	explained bool    // an outline in which something stands out
}

// score fills in what the map says.
func (a *area) score(m *grid.Map, parts []Part) {
	r := &a.region
	sum := 0.0
	for k, i := range a.outline {
		v := m.Data[i]
		sum += float64(v)
		if k == 0 || v > r.Peak.Value {
			r.Peak = Peak{X: int(i) % m.W, Y: int(i) / m.W, Value: v}
		}
	}
	r.Mean = sum / float64(len(a.outline))
	a.scores = make([]float32, len(a.pixels))
	for k, i := range a.pixels {
		a.scores[k] = m.Data[i]
	}
	total := 0.0
	for _, p := range parts {
		s := 0.0
		for _, i := range a.outline {
			s += float64(p.Map.Data[i])
		}
		s = max(s, 0)
		total += s
		r.Shares = append(r.Shares, Share{p.Name, s})
	}
	for k := range r.Shares {
		if total > 0 {
			r.Shares[k].Share /= total
		}
	}
}
