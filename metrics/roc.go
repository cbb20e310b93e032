package metrics

import "fmt"

// ROCCurve returns the ROC curve of [ROCAUC]: a point for each distinct defect
// score, and one before it where sound scores alone lie between. Its area is the
// ROC AUC up to rounding.
//
// Errors as for [ROCAUC].
func ROCCurve[S Score](scores []S, labels []bool) (*Curve, error) {
	r, err := rank(scores, labels)
	if err != nil {
		return nil, err
	}
	return r.rocCurve()
}

// PRCurve returns precision over recall: the points of [AveragePrecision], one
// for each distinct defect score. No line is drawn back to recall 0.
//
// Errors as for [AveragePrecision].
func PRCurve[S Score](scores []S, labels []bool) (*Curve, error) {
	r, err := rank(scores, labels)
	if err != nil {
		return nil, err
	}
	return r.prCurve()
}

// ROCCurve is [ROCCurve] of all pixels.
func (p *Pixels[S]) ROCCurve() (*Curve, error) {
	r, err := p.ranking()
	if err != nil {
		return nil, err
	}
	return r.rocCurve()
}

// PRCurve is [PRCurve] of all pixels.
func (p *Pixels[S]) PRCurve() (*Curve, error) {
	r, err := p.ranking()
	if err != nil {
		return nil, err
	}
	return r.prCurve()
}

func (r *ranking[S]) rocCurve() (*Curve, error) {
	if r.defects == 0 || r.ok == 0 {
		return nil, r.oneClass()
	}
	c := &Curve{XAxis: AxisFPR, YAxis: AxisTPR, OKPixels: r.ok, Convention: "ROC: every distinct score, ties grouped"}
	// With t as threshold, fp sound and tp defective samples reach it.
	point := func(fp, tp int, t S) {
		x, y := float64(fp)/float64(r.ok), float64(tp)/float64(r.defects)
		if n := len(c.X); n > 0 && c.X[n-1] == x && c.Y[n-1] == y {
			return
		}
		c.X, c.Y, c.Threshold = append(c.X, x), append(c.Y, y), append(c.Threshold, float64(t))
	}
	found := 0
	point(0, 0, next(r.highest))
	for g, from := range r.from {
		point(r.above[g], found, next(r.defect[from]))
		found += r.size(g)
		point(r.reach[g], found, r.defect[from])
	}
	point(r.ok, r.defects, r.lowest)
	return c, nil
}

func (r *ranking[S]) prCurve() (*Curve, error) {
	if r.defects == 0 {
		return nil, r.oneClass()
	}
	c := &Curve{XAxis: AxisRecall, YAxis: AxisPrecision, OKPixels: r.ok, Convention: "PR: every distinct defect score"}
	found := 0
	for g, from := range r.from {
		found += r.size(g)
		n := r.counts(g, found)
		c.X, c.Y, c.Threshold = append(c.X, n.Recall()), append(c.Y, n.Precision()), append(c.Threshold, float64(r.defect[from]))
	}
	return c, nil
}

// ROCAUCAsLOCO is the image ROC AUC of MVTec LOCO's evaluation script, which is
// wrong where a good and a defective image have the same score: its curve gets a
// point at the first of equal scores, and as good images are counted first the
// value comes out too high. Without such ties it is [ROCAUC]. For comparison
// with published tables only.
func ROCAUCAsLOCO[S Score](scores []S, labels []bool) (Figure, error) {
	r, err := rank(scores, labels)
	if err != nil {
		return Figure{}, err
	}
	if r.defects == 0 || r.ok == 0 {
		return Figure{}, r.oneClass()
	}
	return r.rocAUCAsLOCO(scores, labels)
}

func (r *ranking[S]) rocAUCAsLOCO(scores []S, labels []bool) (Figure, error) {
	var ok []S
	for i, s := range scores {
		if !labels[i] {
			ok = append(ok, s)
		}
	}
	ok, _ = sortTagged(ok, nil)
	// The script walks upwards through good and defective scores, the good ones
	// first among equals, and takes one off before it looks whether to add a
	// point.
	fp, tp := len(ok), r.defects
	x, y := []float64{1}, []float64{1}
	var last S
	for i, j := 0, 0; i < len(ok) || j < len(r.defect); {
		var s S
		if j == len(r.defect) || i < len(ok) && ok[i] <= r.defect[j] {
			s = ok[i]
			i++
			fp--
		} else {
			s = r.defect[j]
			j++
			tp--
		}
		if len(x) == 1 || s != last || i == len(ok) && j == len(r.defect) {
			x, y = append(x, float64(fp)/float64(len(ok))), append(y, float64(tp)/float64(r.defects))
			last = s
		}
	}
	area := 0.0
	for i := len(x) - 1; i > 0; i-- {
		area += float64(0.5 * (y[i-1] + y[i]) * (x[i-1] - x[i]))
	}
	if area < 0 || area > 1 {
		return Figure{}, fmt.Errorf("metrics: area %v", area)
	}
	return Figure{area, ConventionROCAUCLOCO}, nil
}
