package mapeval

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/iad3d/iad3d/io/groundtruth"
	"github.com/iad3d/iad3d/metrics"
)

// image rates the scores of the good scans and those of one kind; of every kind
// when it is empty.
func (c *Class) image(r *Report, kind string) (f ImageFigures, err error) {
	scores, labels := c.scores(kind)
	auc, err := metrics.ROCAUC(scores, labels)
	if err != nil {
		return f, err
	}
	ap, err := metrics.AveragePrecision(scores, labels)
	if err != nil {
		return f, err
	}
	aupr, err := metrics.AUPRTrapezoid(scores, labels)
	if err != nil {
		return f, err
	}
	f1, err := metrics.F1Max(scores, labels)
	if err != nil {
		return f, err
	}
	r.convention("image_auroc", auc.Convention)
	r.convention("image_average_precision", ap.Convention)
	r.convention("image_aupr_trapezoid", aupr.Convention)
	r.convention("image_f1_max", f1.Convention)
	return ImageFigures{auc.Value, ap.Value, aupr.Value, Optimum{f1.F1, f1.Threshold}}, nil
}

func (c *Class) scores(kind string) (scores []float64, labels []bool) {
	for _, s := range c.Scans {
		if good := s.Kind == groundtruth.Good; good || kind == "" || s.Kind == kind {
			scores, labels = append(scores, s.Score), append(labels, !good)
		}
	}
	return scores, labels
}

// figurer computes pixel figures.
type figurer[S metrics.Score] struct {
	o        Options
	r        *Report
	loco     bool
	sampling *metrics.LOCOSampling // of MVTec LOCO; nil where its script fails
}

// figures rates the pixels of a pool.
func (f *figurer[S]) figures(p *metrics.Pixels[S]) (PixelFigures, error) {
	var v PixelFigures
	auc, err := p.ROCAUC()
	if err != nil {
		return v, err
	}
	ap, err := p.AveragePrecision()
	if err != nil {
		return v, err
	}
	aupr, err := p.AUPRTrapezoid()
	if err != nil {
		return v, err
	}
	f1, err := p.F1Max()
	if err != nil {
		return v, err
	}
	iou, err := p.IoUMax()
	if err != nil {
		return v, err
	}
	f.r.convention("pixel_auroc", auc.Convention)
	f.r.convention("pixel_average_precision", ap.Convention)
	f.r.convention("pixel_aupr_trapezoid", aupr.Convention)
	f.r.convention("pixel_f1_max", f1.Convention)
	f.r.convention("pixel_iou_max", iou.Convention)
	v.AUROC, v.AP, v.AUPR = auc.Value, ap.Value, aupr.Value
	v.F1Max, v.IoUMax = Optimum{f1.F1, f1.Threshold}, Optimum{iou.IoU, iou.Threshold}
	v.Areas, err = f.areas(p, "")
	return v, err
}

// curves returns the PRO or sPRO curves of a pool; official is nil where the
// script fails.
func (f *figurer[S]) curves(p *metrics.Pixels[S], kind string) (official, exact *metrics.Curve, err error) {
	if exact, err = p.PROCurve(metrics.PROOptions{Exact: true, Kind: kind}); err != nil {
		return nil, nil, err
	}
	switch {
	case !f.loco:
		official, err = p.PROCurve(metrics.PROOptions{})
	case f.sampling != nil:
		official, err = p.LOCOCurve(f.sampling, metrics.PROOptions{Kind: kind})
	}
	return official, exact, err
}

// named returns the convention of the area under a curve, without the limit.
func (f *figurer[S]) named(c *metrics.Curve) metrics.Convention {
	name := "AU-" + c.Convention
	switch s := f.o.Saturation; {
	case s.Area > 0:
		name += metrics.Convention(fmt.Sprintf(", saturation %v mm²", s.Area))
	case s != metrics.Saturation{}:
		name += metrics.Convention(", saturation " + s.String())
	}
	return name
}

func (f *figurer[S]) areas(p *metrics.Pixels[S], kind string) ([]Area, error) {
	official, exact, err := f.curves(p, kind)
	if err != nil {
		return nil, err
	}
	var areas []Area
	for _, limit := range f.o.Limits {
		a, err := exact.Area(limit)
		if err != nil {
			return nil, err
		}
		area := Area{Limit: limit, Exact: a.Value}
		f.r.convention("areas.exact", f.named(exact))
		if official != nil {
			if a, err = official.Area(limit); err != nil {
				return nil, err
			}
			area.Official = &a.Value
			f.r.convention("areas.official", f.named(official))
		}
		areas = append(areas, area)
	}
	return areas, nil
}

// pixel sets the pixel figures of a class and, where they are wanted, its
// curves.
func pixel[S metrics.Score](c *Class, f *figurer[S], all *metrics.Pixels[S]) (err error) {
	if c.PixelFigures, err = f.figures(all); err != nil || !f.o.Curves {
		return err
	}
	scores, labels := c.scores("")
	add := func(name string, curve *metrics.Curve, err error) error {
		if err == nil && curve != nil {
			if curve.YAxis == metrics.AxisSPRO {
				name = "s" + name
			}
			c.Curves = append(c.Curves, Curve{name, curve})
		}
		return err
	}
	official, exact, err := f.curves(all, "")
	if err != nil {
		return err
	}
	imageROC, err1 := metrics.ROCCurve(scores, labels)
	imagePR, err2 := metrics.PRCurve(scores, labels)
	pixelROC, err3 := all.ROCCurve()
	pixelPR, err4 := all.PRCurve()
	return errors.Join(add("image_roc", imageROC, err1), add("image_pr", imagePR, err2),
		add("pixel_roc", pixelROC, err3), add("pixel_pr", pixelPR, err4),
		add("pro_official", official, nil), add("pro_exact", exact, nil))
}

// kinds sets the figures of each kind of defect and, in MVTec LOCO, of each type
// and the class's areas, which are the means of its kinds there.
func kinds[S metrics.Score](ctx context.Context, c *Class, f *figurer[S], p *pools[S]) error {
	c.Kinds = []Kind{}
	for _, kind := range p.set.Kinds() {
		if err := ctx.Err(); err != nil {
			return err
		}
		pool := p.union(func(k poolKey) bool { return k.kind == kind || k.kind == groundtruth.Good })
		k := Kind{Kind: kind, Regions: pool.Regions()}
		for _, s := range c.Scans {
			if s.Kind == kind {
				k.Scans++
			}
		}
		var err error
		if k.ImageFigures, err = c.image(f.r, kind); err != nil {
			return err
		}
		if k.Regions > 0 {
			v, err := f.figures(pool)
			if err != nil {
				return err
			}
			k.PixelFigures = &v
		}
		c.Kinds = append(c.Kinds, k)
	}
	if !f.loco {
		return nil
	}
	if err := c.locoMeans(f.r); err != nil {
		return err
	}
	for _, name := range p.types() {
		pool := p.union(func(k poolKey) bool { return k.kind == groundtruth.Good || slices.Contains(k.types, name) })
		areas, err := f.areas(pool, name)
		if err != nil {
			return err
		}
		c.Types = append(c.Types, Type{name, pool.Images() - c.Good, pool.RegionsOf(name), areas})
	}
	return nil
}

// locoMeans makes the areas of a class of MVTec LOCO the means of its kinds, and
// keeps the image figures of its script.
func (c *Class) locoMeans(r *Report) error {
	for i := range c.Areas {
		var official, exact []metrics.Figure
		for _, k := range c.Kinds {
			if k.PixelFigures == nil {
				continue
			}
			exact = append(exact, metrics.Figure{Value: k.Areas[i].Exact})
			if v := k.Areas[i].Official; v != nil {
				official = append(official, metrics.Figure{Value: *v})
			}
		}
		mean, err := metrics.Mean(exact...)
		if err != nil {
			return err
		}
		c.Areas[i].Exact = mean.Value
		if c.Areas[i].Official != nil {
			if mean, err = metrics.Mean(official...); err != nil {
				return err
			}
			c.Areas[i].Official = &mean.Value
		}
	}
	c.loco = map[string]metrics.Figure{}
	for _, k := range c.Kinds {
		scores, labels := c.scores(k.Kind)
		v, err := metrics.ROCAUCAsLOCO(scores, labels)
		if err != nil {
			return err
		}
		c.loco[k.Kind] = v
	}
	return nil
}

// types returns the types of defect of MVTec LOCO that occur, by name.
func (p *pools[S]) types() []string {
	var all []string
	p.union(func(k poolKey) bool {
		all = append(all, k.types...)
		return false
	})
	slices.Sort(all)
	return slices.Compact(all)
}
