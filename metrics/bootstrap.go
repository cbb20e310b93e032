package metrics

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Bootstrap estimates how much the figures of a test set would vary with other
// scans (Efron 1979): replicas of the set are drawn from its scans with
// replacement, good and defective ones apart, so that their numbers stay, and
// whole scans, because the pixels of one are not independent.
//
// Image figures of a replica are exact. Curves over pixels are sampled at fixed
// thresholds ([Pixels.BootstrapThresholds]), for which counts are kept for each
// scan: the replicas' spread is what is wanted of them, the figure itself comes
// from [Pixels].
type Bootstrap[S Score] struct {
	thresholds []float64
	scans      []scanCounts
	good       []int // indices of good scans
	defective  []int
	regions    int
}

// scanCounts is one scan's share of the curves, at each threshold.
type scanCounts struct {
	score       float64
	ok, defects int
	regions     int
	fp, tp      []int32
	overlap     []float64 // sum over its regions
}

// BootstrapThresholds returns some 600 thresholds, descending, for [Bootstrap]:
// most are spread over the false-positive rate, ever closer towards 0, the
// others over the defect scores. Errors as for [Pixels.ROCAUC].
func (p *Pixels[S]) BootstrapThresholds() ([]float64, error) {
	const overFPR, overDefects = 512, 128
	r, err := p.ranking()
	if err != nil {
		return nil, err
	}
	if r.defects == 0 || r.ok == 0 {
		return nil, r.oneClass()
	}
	keys := make([]uint64, 0, overFPR+overDefects)
	lo, hi := key(r.lowest), key(r.highest)
	for i := range overFPR {
		share := float64(i) / overFPR
		want := int(share * share * share * float64(r.ok)) // sound scores above it, at most
		l, h := lo, hi
		for l < h {
			if mid := l + (h-l)/2; above(p.runs, mid) <= want {
				h = mid
			} else {
				l = mid + 1
			}
		}
		keys = append(keys, l)
		hi = l // the next one is not above it
	}
	for i := range overDefects {
		keys = append(keys, key(r.defect[int(uint64(i)*uint64(len(r.defect))/overDefects)]))
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	slices.Reverse(keys)
	t := make([]float64, len(keys))
	for i, k := range keys {
		t[i] = float64(score[S](k))
	}
	return t, nil
}

// NewBootstrap returns a bootstrap without scans. Thresholds that do not descend
// strictly are an [ErrOption].
func NewBootstrap[S Score](thresholds []float64) (*Bootstrap[S], error) {
	if i := notDescending(thresholds); i > 0 || len(thresholds) == 0 {
		return nil, fmt.Errorf("metrics: %w: %d thresholds that do not descend", ErrOption, len(thresholds))
	}
	return &Bootstrap[S]{thresholds: thresholds}, nil
}

// Add adds a scan with its score as a whole. The order of scans decides what a
// seed draws. Errors as for [Pixels.Add]; [ErrNotFinite] for the score.
func (b *Bootstrap[S]) Add(m Image[S], score float64, defective bool) error {
	if score-score != 0 {
		return fmt.Errorf("metrics: scan %d: %w: %v", len(b.scans), ErrNotFinite, score)
	}
	p := Pixels[S]{images: len(b.scans)} // so that errors name the scan
	if err := p.Add(m); err != nil {
		return err
	}
	if _, err := p.ranking(); err != nil {
		return err
	}
	s := scanCounts{
		score: score, ok: p.ok, defects: p.defects, regions: len(p.regions),
		fp: make([]int32, len(b.thresholds)), tp: make([]int32, len(b.thresholds)), overlap: make([]float64, len(b.thresholds)),
	}
	v := &overlap[S]{pool: &p, counted: make([]bool, len(p.regions)), n: len(p.regions), found: make([]int32, len(p.regions)), next: len(p.defect)}
	for i := range v.counted {
		v.counted[i] = true
	}
	p.walk(b.thresholds, v, func(i, fp int, overlap float64) {
		s.fp[i], s.overlap[i] = int32(fp), overlap
		s.tp[i] = int32(p.defectsAbove(keyBelow[S](b.thresholds[i])))
	})
	if defective {
		b.defective = append(b.defective, len(b.scans))
	} else {
		b.good = append(b.good, len(b.scans))
	}
	b.scans = append(b.scans, s)
	b.regions += s.regions
	return nil
}

// Replicas are the figures of the replicas of a set, in the order drawn. The
// same scans in the same order, seed and number give the same draws whatever
// the scores: the differences of two methods' replicas, one by one, show whether
// one is better (see [Interval]).
type Replicas struct {
	ImageAUROC []float64
	PixelAUROC []float64
	AUPRO      [][]float64 // for each limit
	Limits     []float64
	Convention Convention
}

// Replicas draws n replicas and computes the area under the (s)PRO curve up to
// each of the limits. Errors: [ErrOption] for fewer than 2 or more than a million
// replicas or a limit out of range, [ErrOneClass] unless there are good and
// defective scans, [ErrNoRegion] without a defect pixel, [ErrNoOKPixel].
func (b *Bootstrap[S]) Replicas(n int, seed uint64, limits ...float64) (*Replicas, error) {
	ok := 0
	for _, s := range b.scans {
		ok += s.ok
	}
	switch {
	case n < 2 || n > 1e6:
		return nil, fmt.Errorf("metrics: %w: %d replicas, want 2…1000000", ErrOption, n)
	case len(b.good) == 0 || len(b.defective) == 0:
		return nil, fmt.Errorf("metrics: %w: %d defective, %d good scans", ErrOneClass, len(b.defective), len(b.good))
	case b.regions == 0:
		return nil, fmt.Errorf("metrics: %w in %d scans", ErrNoRegion, len(b.scans))
	case ok == 0:
		return nil, fmt.Errorf("metrics: %w in %d scans", ErrNoOKPixel, len(b.scans))
	}
	for _, l := range limits {
		if !(l > 0 && l <= 1) {
			return nil, fmt.Errorf("metrics: %w: limit %v, want 0 < limit ≤ 1", ErrOption, l)
		}
	}
	r := &Replicas{
		Limits: slices.Clone(limits), AUPRO: make([][]float64, len(limits)),
		Convention: Convention(fmt.Sprintf("bootstrap: scans drawn with replacement, good and defective apart, %d replicas, seed %d; pixel curves at %d thresholds", n, seed, len(b.thresholds))),
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	order := make([]int, len(b.scans)) // by score, for the image figure
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		if b.scans[i].score < b.scans[j].score {
			return -1
		}
		return bit(b.scans[i].score > b.scans[j].score)
	})
	times := make([]int, len(b.scans))
	for range n {
		if err := b.draw(rng, times); err != nil {
			return nil, err
		}
		r.ImageAUROC = append(r.ImageAUROC, b.imageAUROC(order, times))
		fpr, tpr, pro := b.curves(times)
		auc, err := areaUpTo(fpr, tpr, 1)
		if err != nil {
			return nil, err
		}
		r.PixelAUROC = append(r.PixelAUROC, min(auc, 1))
		for i, l := range limits {
			a, err := areaUpTo(fpr, pro, l)
			if err != nil {
				return nil, err
			}
			r.AUPRO[i] = append(r.AUPRO[i], min(a/l, 1))
		}
	}
	return r, nil
}

// draw sets how often each scan occurs in the next replica, which has a defect
// region and a sound pixel: one without is drawn again.
func (b *Bootstrap[S]) draw(rng *rand.Rand, times []int) error {
	for range 10_000 {
		clear(times)
		ok, regions := 0, 0
		for _, class := range [][]int{b.good, b.defective} {
			for range class {
				i := class[rng.IntN(len(class))]
				times[i]++
				ok += b.scans[i].ok
				regions += b.scans[i].regions
			}
		}
		if ok > 0 && regions > 0 {
			return nil
		}
	}
	return fmt.Errorf("metrics: %w in 10000 draws of %d scans", ErrNoRegion, len(b.scans))
}

// imageAUROC is the ROC AUC of a replica's scans, in ascending order.
func (b *Bootstrap[S]) imageAUROC(order, times []int) float64 {
	defective := make([]bool, len(b.scans))
	for _, i := range b.defective {
		defective[i] = true
	}
	twice, below := 0, 0 // of the pairs won; good scans below the group
	for from := 0; from < len(order); {
		var n [2]int
		to := from
		for ; to < len(order) && b.scans[order[to]].score == b.scans[order[from]].score; to++ {
			n[bit(defective[order[to]])] += times[order[to]]
		}
		twice += n[1] * (2*below + n[0])
		below += n[0]
		from = to
	}
	return float64(twice) / float64(2*len(b.good)*len(b.defective))
}

// curves returns a replica's rates at the thresholds, from 0 to 1.
func (b *Bootstrap[S]) curves(times []int) (fpr, tpr, pro []float64) {
	k := len(b.thresholds)
	fp, tp, overlap := make([]int, k), make([]int, k), make([]float64, k)
	ok, defects, regions := 0, 0, 0
	for i, w := range times {
		if w == 0 {
			continue
		}
		s := &b.scans[i]
		ok, defects, regions = ok+w*s.ok, defects+w*s.defects, regions+w*s.regions
		for j := range k {
			fp[j] += w * int(s.fp[j])
			tp[j] += w * int(s.tp[j])
			overlap[j] += float64(float64(w) * s.overlap[j])
		}
	}
	fpr, tpr, pro = make([]float64, 1, k+2), make([]float64, 1, k+2), make([]float64, 1, k+2)
	for j := range k {
		fpr = append(fpr, float64(fp[j])/float64(ok))
		tpr = append(tpr, float64(tp[j])/float64(defects))
		pro = append(pro, min(overlap[j]/float64(regions), 1))
	}
	return append(fpr, 1), append(tpr, 1), append(pro, 1)
}

// Bounds is an interval in which a figure, or a difference of two, lies with a
// probability.
type Bounds struct {
	Low, High float64
	Level     float64 // the probability
}

// Interval returns the percentile interval of replicas: of their middle part,
// level (0.95, say) of all, the lowest and the highest value, interpolated
// linearly. Errors: [ErrEmpty]; [ErrNotFinite]; [ErrOption] unless
// 0 < level < 1.
func Interval(replicas []float64, level float64) (Bounds, error) {
	switch {
	case len(replicas) == 0:
		return Bounds{}, fmt.Errorf("metrics: interval: %w", ErrEmpty)
	case !(level > 0 && level < 1):
		return Bounds{}, fmt.Errorf("metrics: %w: level %v, want 0 < level < 1", ErrOption, level)
	case notFinite(replicas) >= 0:
		return Bounds{}, fmt.Errorf("metrics: interval: %w", ErrNotFinite)
	}
	v := slices.Sorted(slices.Values(replicas))
	at := func(q float64) float64 {
		x := float64(q * float64(len(v)-1))
		i := int(math.Floor(x))
		if i >= len(v)-1 {
			return v[len(v)-1]
		}
		return v[i] + float64((x-float64(i))*(v[i+1]-v[i]))
	}
	return Bounds{at(float64((1 - level) / 2)), at(float64((1 + level) / 2)), level}, nil
}
