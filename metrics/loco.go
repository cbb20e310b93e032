package metrics

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// The refinement of thresholds in MVTec LOCO's script.
const (
	// LOCODistance is how far apart, in the plane of false-positive rate and sPRO,
	// neighbouring points of the curve may be by default.
	LOCODistance = 0.001

	locoInitial = 50   // thresholds to begin with
	locoMargin  = 1e-6 // of the first and the last one
	locoFewest  = 20   // thresholds added in a step
	locoMost    = 100
	locoSteps   = 10
)

// LOCOSampling is where MVTec LOCO's evaluation script samples the sPRO curve of
// a set of images.
type LOCOSampling struct {
	Thresholds  []float64 // descending
	MaxDistance float64
}

// LOCOSampling returns the thresholds of MVTec LOCO's evaluation script for the
// pool: 50 to begin with, the highest score plus 1e-6, 48 scores at equal
// distances in the order of all, the lowest minus 1e-6; then, in at most 10
// steps, more between neighbours whose points (sPRO, false-positive rate) are
// farther apart than maxDistance ([LOCODistance] in the script), unless the step
// between them is all but level or upright: a triangle of no more than
// maxDistance²/4. The curve of a part of the pool is sampled at the thresholds of
// the whole.
//
// The script draws the initial scores at random from sets of more than ten
// million pixels; here all are used. It does not check that its margin survives
// rounding; here scores are widened to float64 first, as NumPy 1 did.
//
// Errors: those of [Pixels.PROCurve]; [ErrOption] for a distance that is not
// above 0; [ErrTies] where the script stops with an assertion because two
// thresholds are equal. The exact curve has no such limit.
func (p *Pixels[S]) LOCOSampling(maxDistance float64) (*LOCOSampling, error) {
	if !(maxDistance > 0) {
		return nil, fmt.Errorf("metrics: %w: distance %v", ErrOption, maxDistance)
	}
	if _, _, err := p.overlap(""); err != nil {
		return nil, err
	}
	t := p.locoInitial()
	var points []point
	for step := 0; ; step++ {
		if i := notDescending(t); i > 0 {
			return nil, fmt.Errorf("metrics: %w: thresholds %d and %d of MVTec LOCO's sampling are both %v", ErrTies, i-1, i, t[i])
		}
		if step == 0 {
			var err error
			if points, err = p.samples(t, ""); err != nil {
				return nil, err
			}
		}
		more := refine(t, points, maxDistance)
		if len(more) == 0 || step == locoSteps {
			return &LOCOSampling{t, maxDistance}, nil
		}
		slices.SortFunc(more, func(a, b float64) int { return cmp.Compare(b, a) })
		added, err := p.samples(more, "")
		if err != nil {
			return nil, err
		}
		t, points = merge(t, points, more, added)
	}
}

// locoInitial returns the thresholds to begin with.
func (p *Pixels[S]) locoInitial() []float64 {
	n := p.ok + p.defects
	t := make([]float64, 0, locoInitial)
	t = append(t, float64(p.rank.highest)+locoMargin)
	step := float64(n-1) / float64(locoInitial-1)
	for i := locoInitial - 2; i > 0; i-- {
		t = append(t, float64(p.nth(int(float64(i)*step))))
	}
	return append(t, float64(p.rank.lowest)-locoMargin)
}

// nth returns score i of all pixels in ascending order.
func (p *Pixels[S]) nth(i int) S {
	// The highest key that fewer than n−i pixels exceed is that of the score:
	// n−i pixels or more are at or above it.
	want := p.ok + p.defects - i
	lo, hi := key(p.rank.lowest), key(p.rank.highest)
	for lo < hi { // fewer than want exceed hi; the answer is in [lo, hi]
		mid := lo + (hi-lo)/2
		if above(p.runs, mid)+p.defectsAbove(mid) < want {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return score[S](lo)
}

// defectsAbove counts the defect pixels whose keys exceed k.
func (p *Pixels[S]) defectsAbove(k uint64) int {
	from, _ := slices.BinarySearchFunc(p.defect, k, func(s S, k uint64) int {
		if key(s) > k {
			return 1
		}
		return -1
	})
	n := len(p.defect) - from
	if p.defects == len(p.defect) {
		return n
	}
	for _, id := range p.member[from:] {
		if id < 0 {
			n--
		}
	}
	return n
}

// notDescending returns the first index whose value is not less than the one
// before, 0 without.
func notDescending(t []float64) int {
	for i := 1; i < len(t); i++ {
		if !(t[i] < t[i-1]) {
			return i
		}
	}
	return 0
}

// point is one of a curve.
type point struct{ fpr, pro float64 }

// refine returns the thresholds to add between those given.
func refine(t []float64, points []point, maxDistance float64) []float64 {
	type gap struct{ distance, from, to float64 }
	var gaps []gap
	total := 0.0
	flat := 0.25 * maxDistance * maxDistance
	for i := 1; i < len(t); i++ {
		dx, dy := points[i-1].fpr-points[i].fpr, points[i-1].pro-points[i].pro
		if d := math.Sqrt(float64(dy*dy) + float64(dx*dx)); d > maxDistance && 0.5*dx*dy > flat {
			gaps = append(gaps, gap{d, t[i-1], t[i]})
		}
	}
	slices.SortStableFunc(gaps, func(a, b gap) int { return cmp.Compare(b.distance, a.distance) })
	gaps = gaps[:min(len(gaps), locoMost)]
	for _, g := range gaps {
		total += g.distance
	}
	rest := max(locoFewest-len(gaps), 0)
	var more []float64
	for _, g := range gaps {
		extra := int(math.RoundToEven(g.distance / total * float64(rest)))
		step := (g.to - g.from) / float64(extra+2)
		for k := 1; k <= extra+1; k++ {
			more = append(more, float64(float64(k)*step)+g.from)
		}
		rest -= extra
		total -= g.distance
	}
	return more
}

// merge joins two descending lists of thresholds with their points.
func merge(t []float64, points []point, u []float64, more []point) ([]float64, []point) {
	all, both := make([]float64, 0, len(t)+len(u)), make([]point, 0, len(t)+len(u))
	for i, j := 0, 0; i < len(t) || j < len(u); {
		if j == len(u) || i < len(t) && t[i] >= u[j] {
			all, both = append(all, t[i]), append(both, points[i])
			i++
		} else {
			all, both = append(all, u[j]), append(both, more[j])
			j++
		}
	}
	return all, both
}

// samples returns the points of the curve at thresholds, which descend: a score
// strictly above a threshold is found.
func (p *Pixels[S]) samples(thresholds []float64, kind string) ([]point, error) {
	v, _, err := p.overlap(kind)
	if err != nil {
		return nil, err
	}
	points := make([]point, 0, len(thresholds))
	p.walk(thresholds, v, func(_ int, fp int, overlap float64) {
		points = append(points, point{float64(fp) / float64(p.ok), overlap / float64(v.n)})
	})
	return points, nil
}

// walk tells fn for each threshold, of which none is above the one before, how
// many sound pixels lie above it and the sum of the regions' overlaps. The
// overlap is at its beginning.
func (p *Pixels[S]) walk(thresholds []float64, v *overlap[S], fn func(i, fp int, overlap float64)) {
	inOrder := p.bySerial(v.counted)
	tops := make([]cursor, len(p.runs))
	for i, r := range p.runs {
		tops[i] = r.top()
	}
	for i, t := range thresholds {
		k := keyBelow[S](t)
		from := v.next
		for from > 0 && key(p.defect[from-1]) > k {
			from--
		}
		v.take(from)
		fp := 0
		for i := range tops {
			fp += tops[i].pass(k, true)
		}
		// The script's sum over the defects in the order of the images: the last bit
		// decides which of several equal gaps is refined.
		sum := 0.0
		for _, j := range inOrder {
			sum += min(float64(v.found[j])/p.regions[j].full, 1)
		}
		fn(i, fp, sum)
	}
}

// bySerial returns the regions that are counted in the order of their images.
func (p *Pixels[S]) bySerial(counted []bool) []int {
	var order []int
	for i, c := range counted {
		if c {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(p.regions[i].serial, p.regions[j].serial) })
	return order
}

// PROCurveAt returns the (s)PRO curve of [Pixels.PROCurve] with its points at
// the thresholds given, which descend strictly; a pixel is found when its score
// is strictly greater. The first threshold must be at least the highest
// score, and the last one below the lowest, so that the curve runs from (0, 0)
// to (1, 1); otherwise, and where they do not descend, the error is [ErrOption].
// Of the options only Kind counts. Other errors as for [Pixels.PROCurve].
func (p *Pixels[S]) PROCurveAt(thresholds []float64, o PROOptions) (*Curve, error) {
	if i := notDescending(thresholds); i > 0 {
		return nil, fmt.Errorf("metrics: %w: threshold %d is %v, not below the one before", ErrOption, i, thresholds[i])
	}
	v, c, err := p.overlap(o.Kind)
	if err != nil {
		return nil, err
	}
	points, err := p.samples(thresholds, o.Kind)
	if err != nil {
		return nil, err
	}
	if len(points) == 0 || points[0] != (point{0, 0}) || points[len(points)-1] != (point{1, 1}) {
		return nil, fmt.Errorf("metrics: %w: %d thresholds do not go beyond all scores", ErrOption, len(thresholds))
	}
	c.X, c.Y = make([]float64, len(points)), make([]float64, len(points))
	for i, s := range points {
		c.X[i], c.Y[i] = s.fpr, s.pro
	}
	c.Threshold = slices.Clone(thresholds)
	c.name("%s%d thresholds, score above", v.connectivity(), len(thresholds))
	return c, nil
}

// LOCOCurve is the sPRO curve as MVTec LOCO's script samples it, to 1e-9.
// Sampling is that of the pool of all images that p is a part of. Errors as for
// [Pixels.PROCurveAt].
func (p *Pixels[S]) LOCOCurve(sampling *LOCOSampling, o PROOptions) (*Curve, error) {
	c, err := p.PROCurveAt(sampling.Thresholds, o)
	if err != nil {
		return nil, err
	}
	c.name("as MVTec LOCO's script: channels as annotated, thresholds refined to a distance of %v", sampling.MaxDistance)
	return c, nil
}
