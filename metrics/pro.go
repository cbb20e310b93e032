package metrics

import "fmt"

// PROOptions choose how the PRO curve is sampled. The zero value is the
// published script's way.
type PROOptions struct {
	// Thresholds is the number of threshold positions of the official curve, at
	// least 2 and at most 1<<24; 0 means 100.
	Thresholds int
	// Exact takes every distinct score as a threshold instead.
	Exact bool
	// Kind restricts the average to the channels of that kind of defect; the
	// false-positive rate stays that of all. Empty: all regions.
	Kind string
}

const (
	officialThresholds = 100
	mostThresholds     = 1 << 24 // bounds the curve's memory
)

// AUPRO returns the normalised area under the PRO curve of the images up to the
// false-positive rate limit, which is [OfficialLimit] in most papers. For more
// than one limit, or the ROC AUC as well, use [PROCurve] or [Pixels].
//
// Errors as for [Pixels.PROCurve] and [Curve.Area], and those of [Pixels.Add].
func AUPRO[S Score](images []Image[S], limit float64, o PROOptions) (Area, error) {
	c, err := PROCurve(images, o)
	if err != nil {
		return Area{}, err
	}
	return c.Area(limit)
}

// PROCurve is [Pixels.PROCurve] of the images.
func PROCurve[S Score](images []Image[S], o PROOptions) (*Curve, error) {
	p, err := pool(images)
	if err != nil {
		return nil, err
	}
	return p.PROCurve(o)
}

// PROCurve returns the per-region overlap (the share of a defect region's pixels
// that are found, averaged over the regions of all images) against the
// false-positive rate over the sound pixels of all images (Bergmann et al.,
// "The MVTec Anomaly Detection Dataset", IJCV 2021, section 5.2). Where regions
// have a saturation below their size it is the sPRO curve: the share is
// min(found/saturation, 1).
//
// The official curve follows the evaluation script of MVTec 3D-AD, which BTF and
// M3DM carry along, in all its choices, and agrees to 1e-9: with the N sound
// scores in ascending order and n threshold positions
// ⌊i·(N−1)/(n−1)⌋, the false-positive rate is 1 − (position+1)/N, from the
// position and not by counting, so that ties understate the curve; a pixel is
// found when its score is strictly greater than the one at the position; (1, 1)
// is appended. With 100 positions the first step is 1 % of false positives,
// too coarse for a limit of that size.
//
// The exact curve has every distinct score as a threshold, equal scores
// together; found means score ≥ threshold. It begins at (0, 0). Thresholds
// inside a straight horizontal or vertical stretch are left out of the points.
// Apart from masks that cover a whole image it is anomalib's.
//
// Errors: [ErrEmpty] without an image, [ErrNoRegion], [ErrNoOKPixel],
// [ErrOption].
func (p *Pixels[S]) PROCurve(o PROOptions) (*Curve, error) {
	if o.Thresholds == 0 {
		o.Thresholds = officialThresholds
	}
	if o.Thresholds < 2 || o.Thresholds > mostThresholds {
		return nil, fmt.Errorf("metrics: %w: %d thresholds, want 2…%d", ErrOption, o.Thresholds, mostThresholds)
	}
	v, c, err := p.overlap(o.Kind)
	if err != nil {
		return nil, err
	}
	if o.Exact {
		c.nameExact(v.connectivity())
		p.exact(v, func(x, y float64) { c.X, c.Y = append(c.X, x), append(c.Y, y) })
	} else {
		if c.YAxis == AxisSPRO { // no script has this
			c.name("by the official PRO's positions: %s%d positions", v.connectivity(), o.Thresholds)
		} else {
			c.name("official: %s%d positions", v.connectivity(), o.Thresholds)
		}
		p.official(c, v, o.Thresholds)
	}
	return c, nil
}

// name sets the convention: PRO or sPRO, then the way.
func (c *Curve) name(format string, args ...any) {
	what := "PRO "
	if c.YAxis == AxisSPRO {
		what = "sPRO "
	}
	c.Convention = Convention(what + fmt.Sprintf(format, args...))
}

func (c *Curve) nameExact(connectivity string) {
	c.name("exact: %severy distinct score, ties grouped", connectivity)
}

// official appends the points in ascending order of FPR: thresholds descend.
func (p *Pixels[S]) official(c *Curve, v *overlap[S], thresholds int) {
	c.X, c.Y = make([]float64, 0, thresholds+1), make([]float64, 0, thresholds+1)
	last := p.ok - 1
	step := float64(last) / float64(thresholds-1)
	g := 0
	for i := thresholds - 1; i >= 0; i-- {
		pos := last // numpy's linspace sets its last value
		if i < thresholds-1 {
			pos = int(float64(i) * step)
		}
		// A defect score exceeds the sound score at the position when more sound
		// scores than the position are below it.
		for ; g < len(p.rank.from) && p.ok-p.rank.reach[g] > pos; g++ {
			v.take(int(p.rank.from[g]))
		}
		c.X = append(c.X, 1-float64(pos+1)/float64(p.ok))
		c.Y = append(c.Y, v.mean())
	}
	c.X, c.Y = append(c.X, 1), append(c.Y, 1)
}

// exact passes the points on, in ascending order of FPR.
func (p *Pixels[S]) exact(v *overlap[S], emit func(x, y float64)) {
	l := polyline{emit: emit}
	l.add(0, 0)
	n := float64(p.ok)
	for g, from := range p.rank.from {
		l.add(float64(p.rank.above[g])/n, v.mean())
		v.take(int(from))
		l.add(float64(p.rank.reach[g])/n, v.mean())
	}
	l.add(1, 1)
	l.end()
}

// PROAreas returns the areas under the curve of [Pixels.PROCurve] up to each
// limit, as [Curve.Area] does. The exact curve, which may have many millions of
// points, is not kept. Errors are those of both.
func (p *Pixels[S]) PROAreas(o PROOptions, limits ...float64) ([]Area, error) {
	for _, limit := range limits {
		if err := checkLimit(limit); err != nil {
			return nil, err
		}
	}
	areas := make([]Area, len(limits))
	if !o.Exact {
		c, err := p.PROCurve(o)
		if err != nil {
			return nil, err
		}
		for i, limit := range limits {
			if areas[i], err = c.Area(limit); err != nil {
				return nil, err
			}
		}
		return areas, nil
	}
	v, c, err := p.overlap(o.Kind)
	if err != nil {
		return nil, err
	}
	sums := partialAreas{limits: limits, areas: make([]float64, len(limits))}
	p.exact(v, sums.add)
	c.nameExact(v.connectivity())
	for i, limit := range limits {
		areas[i] = c.area(sums.areas[i], limit)
	}
	return areas, nil
}

// overlap sums the (s)PRO while the threshold falls.
type overlap[S Score] struct {
	pool    *Pixels[S]
	counted []bool  // regions averaged over
	n       int     // how many they are
	found   []int32 // pixels of each region
	next    int     // defect pixels from here on are found
	// Compensated (Kahan), so that millions of pixels add up to the number of
	// regions within a rounding or two.
	sum, low float64
}

// overlap returns the state with no pixel found, and the curve to fill.
func (p *Pixels[S]) overlap(kind string) (*overlap[S], *Curve, error) {
	if _, err := p.ranking(); err != nil {
		return nil, nil, err
	}
	v := &overlap[S]{pool: p, counted: make([]bool, len(p.regions)), found: make([]int32, len(p.regions)), next: len(p.defect)}
	c := &Curve{XAxis: AxisFPR, YAxis: AxisPRO, OKPixels: p.ok}
	for i, r := range p.regions {
		if kind != "" && r.kind != kind {
			continue
		}
		v.counted[i] = true
		v.n++
		if r.full < float64(r.size) {
			c.YAxis = AxisSPRO
		}
	}
	c.Regions = v.n
	switch {
	case v.n == 0 && kind != "":
		return nil, nil, fmt.Errorf("metrics: %w of kind %q in %d images", ErrNoRegion, kind, p.images)
	case v.n == 0:
		return nil, nil, fmt.Errorf("metrics: %w in %d images", ErrNoRegion, p.images)
	case p.ok == 0:
		return nil, nil, fmt.Errorf("metrics: %w in %d images", ErrNoOKPixel, p.images)
	}
	return v, c, nil
}

// connectivity says what the regions are.
func (v *overlap[S]) connectivity() string {
	var seen origin
	first := true
	for i, r := range v.pool.regions {
		switch {
		case !v.counted[i]:
		case first:
			seen, first = r.origin, false
		case r.origin != seen:
			return "regions of several kinds, "
		}
	}
	return [...]string{fromMask: "8-connected, ", fromChannel: "channels as annotated, ", fromCluster: "clusters of points, "}[seen]
}

// take counts the defect pixels from … next−1 as found too.
func (v *overlap[S]) take(from int) {
	for ; v.next > from; v.next-- {
		id := v.pool.member[v.next-1]
		if id < 0 {
			id = -1 - id
		}
		if !v.counted[id] {
			continue
		}
		r := &v.pool.regions[id]
		v.found[id]++
		add := 1 / r.full
		if n := float64(v.found[id]); n > r.full {
			if add = 1 - (n-1)/r.full; add <= 0 {
				continue
			}
		}
		add -= v.low
		t := v.sum + add
		v.low = (t - v.sum) - add
		v.sum = t
	}
}

func (v *overlap[S]) mean() float64 {
	if v.next == 0 {
		return 1
	}
	return min(v.sum/float64(v.n), 1)
}
