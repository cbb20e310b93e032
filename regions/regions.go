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

// Region is one connected area of a score map; pixels that touch at a corner are
// connected.
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
}

// Found is the outcome of [Find].
type Found struct {
	Regions []Region // by the highest score, descending; ties by the first pixel
	Ignored int      // regions below Options.MinArea
	// Labels has the ID of the region of each pixel of the cloud's raster, 0 for
	// none.
	Labels []int32
	// Deviation is the distance of each measured pixel from the surface fitted
	// around its region, in mm as Region.Height; NaN where nothing was fitted. It
	// covers the regions and the neighbourhoods they were compared with.
	Deviation []float32
}

// ErrInput is wrapped by errors about maps, clouds and options that do not go
// together.
var ErrInput = errors.New("regions: bad input")

// Find lists the connected areas of a score map that lie above a threshold.
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
	areas, labels := connected(m, float32(o.Threshold))
	s := &surveyor{cloud: c, lens: findLens(c), labels: labels, surface: o.Surface}
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
			s.relief(a, f.Deviation)
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
	case o.Surface != nil && len(o.Surface) != c.Len():
		return bad("%d flags of the surface for %d pixels", len(o.Surface), c.Len())
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

// area is a region in the making.
type area struct {
	pixels []int32 // ascending
	label  int32   // in the labels of connected, from 1
	region Region
	scores []float32 // of each pixel
	cells  []float64 // mm², of each pixel
	depths []float64 // mm, of each pixel, filled in where nothing was measured
	centre r3.Vector // mm, without the cloud's offset
}

// score fills in what the map says.
func (a *area) score(m *grid.Map, parts []Part) {
	r := &a.region
	sum := 0.0
	a.scores = make([]float32, len(a.pixels))
	for k, i := range a.pixels {
		v := m.Data[i]
		a.scores[k] = v
		sum += float64(v)
		if k == 0 || v > r.Peak.Value {
			r.Peak = Peak{X: int(i) % m.W, Y: int(i) / m.W, Value: v}
		}
	}
	r.Mean = sum / float64(len(a.pixels))
	total := 0.0
	for _, p := range parts {
		s := 0.0
		for _, i := range a.pixels {
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
