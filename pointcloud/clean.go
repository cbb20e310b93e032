package pointcloud

import (
	"context"
	"errors"
	"fmt"
	"math"
)

// ErrNoPart is wrapped when cleaning leaves no point.
var ErrNoPart = errors.New("nothing but background")

// CleanOptions steers Clean. Lengths are in the cloud's unit; a zero field takes
// BTF's value, named beside it.
type CleanOptions struct {
	// Compatible reproduces BTF's preprocessing, oddities included: corners of
	// the edge band count twice, points with a coordinate of 0 take no part and
	// survive unless they lie near the plane, noise competes for the title of
	// the largest cluster and may win it, and a plane is sought with samples of
	// 50, which miss it when the part covers more than a tenth of the band.
	Compatible bool

	EdgeBand  int          // width of the band the plane is sought in; 10 pixels
	Plane     PlaneOptions // Distance 4 mm, Iterations 1000, SampleSize 50 with Compatible, else 3
	Removal   float64      // points strictly nearer to the plane are removed; 5 mm
	Eps       float64      // of DBSCAN; 6 mm
	MinPoints int          // of DBSCAN; 30 with Compatible, else 10
}

const (
	defaultEdgeBand  = 10
	defaultRemoval   = 0.005 // metres
	defaultEps       = 0.006 // metres
	defaultMinPoints = 30

	// cleanSampleSize is the sample when BTF's need not be matched: on crops of
	// MVTec 3D-AD scans with 30 % of the band on the part, samples of 3 found the
	// table each time, samples of 50 planes inclined to it by up to 58°. On
	// whole scans both lead to the same plane.
	cleanSampleSize = 3
	// cleanMinPoints suits coarse scans as well: at a pixel pitch of 1.8 mm 36
	// points lie within eps inside a surface, half of them at its edge and a
	// quarter in its corner. At 0.25 mm both numbers give the same clusters.
	cleanMinPoints = 10
)

// CleanResult is a cloud without its background and how it came about.
type CleanResult struct {
	// Cloud is a copy of the input in which removed points are not valid and
	// have coordinates, normals and colours of 0.
	Cloud *Cloud
	// Removed marks the pixels whose point was taken away: black in the colour
	// image that BTF writes. Pixels that had no point are not among them; to be
	// rid of those around the part too, black out all that Cloud holds invalid.
	Removed []bool

	Plane       Plane
	BandPoints  int // points of the edge band, and how many of them the plane
	PlanePoints int // was fitted to: a low share says that the band is no plane

	NearPlane int // points removed with the plane
	Clusters  int // found in what the plane left
	Discarded int // points removed because they are not in the largest one
	Kept      int // valid points left
}

// Clean removes the background of an organised scan of a part that lies on a
// plane: the points near the plane through the edges of the image, then all but
// the largest cluster of the rest. The input is not touched.
//
// It follows utils/preprocessing.py of BTF (Horwitz & Hoshen 2022) and with
// Compatible removes the same pixels; BTF also pads the result, see
// [Cloud.PadSquare]. Colour images are for the caller to clear, by Removed.
//
// An edge band with too few points gives an error wrapping ErrFewPoints, one
// whose points span no plane ErrNoPlane, and a scan of which nothing is left
// ErrNoPart.
func Clean(ctx context.Context, c *Cloud, o CleanOptions) (*CleanResult, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if !c.Organised() {
		return nil, fmt.Errorf("%w: cleaning needs an organised cloud, not %d loose points", ErrShape, c.Len())
	}
	if o.EdgeBand < 0 || !(o.Removal >= 0) || !(o.Eps >= 0) || o.MinPoints < 0 {
		return nil, fmt.Errorf("pointcloud: clean options: edge band %d, removal %g, eps %g, %d points: want no negative number",
			o.EdgeBand, o.Removal, o.Eps, o.MinPoints)
	}
	o = o.withDefaults(c.Unit)
	takesPart := make([]bool, c.Len())
	for i := range takesPart {
		p := c.XYZ[3*i : 3*i+3]
		takesPart[i] = c.IsValid(i) && !(o.Compatible && (p[0] == 0 || p[1] == 0 || p[2] == 0))
	}
	r := &CleanResult{Removed: make([]bool, c.Len())}
	if err := r.removePlane(ctx, c, takesPart, o); err != nil {
		return nil, err
	}
	if err := r.keepLargest(ctx, c, takesPart, o); err != nil {
		return nil, err
	}
	r.Cloud = c.without(r.Removed)
	r.Kept = r.Cloud.CountValid()
	return r, nil
}

func (o CleanOptions) withDefaults(u Unit) CleanOptions {
	if o.EdgeBand == 0 {
		o.EdgeBand = defaultEdgeBand
	}
	if o.Removal == 0 {
		o.Removal = defaultRemoval / u.Metres()
	}
	if o.Eps == 0 {
		o.Eps = defaultEps / u.Metres()
	}
	if o.MinPoints == 0 {
		o.MinPoints = cleanMinPoints
		if o.Compatible {
			o.MinPoints = defaultMinPoints
		}
	}
	if o.Plane.SampleSize == 0 && !o.Compatible {
		o.Plane.SampleSize = cleanSampleSize
	}
	return o
}

// removePlane fits the plane and marks the points near it.
func (r *CleanResult) removePlane(ctx context.Context, c *Cloud, takesPart []bool, o CleanOptions) error {
	band := edgeBand(takesPart, c.Width, c.Height, o.EdgeBand, o.Compatible)
	p, on, err := segmentPlane(ctx, c, band, o.Plane)
	if err != nil {
		return fmt.Errorf("cleaning: edge band of %d pixels: %w", o.EdgeBand, err)
	}
	r.Plane, r.BandPoints, r.PlanePoints = p, len(band), len(on)
	for i := range r.Removed {
		// BTF looks at every pixel here, whatever it dropped elsewhere.
		if (takesPart[i] || o.Compatible) && math.Abs(p.Distance(c.At(i))) < o.Removal {
			r.Removed[i] = true
			r.NearPlane++
		}
	}
	return nil
}

// edgeBand lists the points that take part and are fewer than width pixels from
// the image's edge, row-major; with corners, as BTF lists them: the top, bottom,
// left and right strip one after the other, so that the corners come twice.
func edgeBand(takesPart []bool, w, h, width int, corners bool) []int32 {
	var band []int32
	add := func(x0, y0, x1, y1 int) {
		for y := y0; y < y1; y++ {
			for x := x0; x < x1; x++ {
				if i := y*w + x; takesPart[i] {
					band = append(band, int32(i))
				}
			}
		}
	}
	bw, bh := min(width, w), min(width, h)
	if corners {
		add(0, 0, w, bh)
		add(0, h-bh, w, h)
		add(0, 0, bw, h)
		add(w-bw, 0, w, h)
		return band
	}
	for y := range h {
		if y < bh || y >= h-bh {
			add(0, y, w, y+1)
			continue
		}
		add(0, y, bw, y+1)
		add(max(bw, w-bw), y, w, y+1)
	}
	return band
}

// keepLargest clusters what the plane left and marks all but the largest
// cluster, the lowest label of equals.
func (r *CleanResult) keepLargest(ctx context.Context, c *Cloud, takesPart []bool, o CleanOptions) error {
	rest := &Cloud{XYZ: c.XYZ, Valid: make([]bool, c.Len())}
	for i := range rest.Valid {
		rest.Valid[i] = takesPart[i] && !r.Removed[i]
	}
	labels, err := DBSCAN(ctx, rest, o.Eps, o.MinPoints)
	if err != nil {
		return fmt.Errorf("cleaning: %w", err)
	}
	var sizes []int
	noise := 0
	for _, l := range labels {
		switch {
		case l == LabelNoise:
			noise++
		case l >= 0:
			for int(l) >= len(sizes) {
				sizes = append(sizes, 0)
			}
			sizes[l]++
		}
	}
	r.Clusters = len(sizes)
	largest, size := LabelNoise, 0
	if o.Compatible {
		size = noise
	}
	for l, n := range sizes {
		if n > size {
			largest, size = int32(l), n
		}
	}
	if size == 0 {
		return fmt.Errorf("pointcloud: cleaning: %w: of %d points the plane took %d, and the rest forms no cluster (eps %g, %d points)",
			ErrNoPart, c.CountValid(), r.NearPlane, o.Eps, o.MinPoints)
	}
	for i, l := range labels {
		if l != LabelInvalid && l != largest {
			r.Removed[i] = true
			r.Discarded++
		}
	}
	return nil
}

// without returns a copy of c in which the marked points are missing.
func (c *Cloud) without(removed []bool) *Cloud {
	d := c.Clone()
	if d.Valid == nil {
		d.Valid = make([]bool, d.Len())
		for i := range d.Valid {
			d.Valid[i] = true
		}
	}
	for i, gone := range removed {
		if !gone {
			continue
		}
		d.Valid[i] = false
		clear(d.XYZ[3*i : 3*i+3])
		if d.Normals != nil {
			clear(d.Normals[3*i : 3*i+3])
		}
		if d.RGB != nil {
			clear(d.RGB[3*i : 3*i+3])
		}
	}
	return d
}
