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
// "The MVTec Anomaly Detection Dataset", IJCV 2021, section 5.2).
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
	r, err := p.ranking()
	switch {
	case err != nil:
		return nil, err
	case len(p.sizes) == 0:
		return nil, fmt.Errorf("metrics: %w in %d images", ErrNoRegion, p.images)
	case p.ok.n == 0:
		return nil, fmt.Errorf("metrics: %w in %d images", ErrNoOKPixel, p.images)
	}
	c := &Curve{Regions: len(p.sizes), OKPixels: p.ok.n}
	if o.Exact {
		c.Convention = "PRO exact: 8-connected, every distinct score, ties grouped"
		p.exact(c, r)
	} else {
		c.Convention = Convention(fmt.Sprintf("PRO official: 8-connected, %d positions", o.Thresholds))
		p.official(c, o.Thresholds)
	}
	return c, nil
}

// official appends the points in ascending order of FPR: thresholds descend.
func (p *Pixels[S]) official(c *Curve, thresholds int) {
	c.FPR, c.PRO = make([]float64, 0, thresholds+1), make([]float64, 0, thresholds+1)
	last := p.ok.n - 1
	step := float64(last) / float64(thresholds-1)
	o := p.overlap()
	for i := thresholds - 1; i >= 0; i-- {
		pos := last // numpy's linspace sets its last value
		if i < thresholds-1 {
			pos = int(float64(i) * step)
		}
		t := p.ok.at(pos)
		for o.next > 0 && p.defect[o.next-1] > t {
			o.take(o.next - 1)
		}
		c.FPR = append(c.FPR, 1-float64(pos+1)/float64(p.ok.n))
		c.PRO = append(c.PRO, o.mean())
	}
	c.FPR, c.PRO = append(c.FPR, 1), append(c.PRO, 1)
}

func (p *Pixels[S]) exact(c *Curve, r ranking[S]) {
	c.vertex(0, 0)
	o := p.overlap()
	n := float64(p.ok.n)
	for t := range r.ties() {
		c.vertex(float64(t.above)/n, o.mean())
		o.take(t.from)
		c.vertex(float64(t.above+t.equal)/n, o.mean())
	}
	c.vertex(1, 1)
}

// overlap sums the PRO while the threshold falls.
type overlap struct {
	region []int32
	weight []float64 // of a pixel of each region: 1/size
	next   int       // defect pixels from here on are found
	// Compensated (Kahan), so that millions of pixels add up to the number of
	// regions within a rounding or two.
	sum, low float64
}

func (p *Pixels[S]) overlap() *overlap {
	o := &overlap{region: p.region, weight: make([]float64, len(p.sizes)), next: len(p.region)}
	for i, n := range p.sizes {
		o.weight[i] = 1 / float64(n)
	}
	return o
}

// take counts the defect pixels from … next−1 as found too.
func (o *overlap) take(from int) {
	for ; o.next > from; o.next-- {
		add := o.weight[o.region[o.next-1]] - o.low
		t := o.sum + add
		o.low = (t - o.sum) - add
		o.sum = t
	}
}

func (o *overlap) mean() float64 {
	if o.next == 0 {
		return 1
	}
	return o.sum / float64(len(o.weight))
}
