package mapeval

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

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

// official returns the PRO or sPRO curve as the data set's script samples it; nil
// where that fails.
func (f *figurer[S]) official(p *metrics.Pixels[S], kind string) (*metrics.Curve, error) {
	switch {
	case !f.loco:
		return p.PROCurve(metrics.PROOptions{})
	case f.sampling != nil:
		return p.LOCOCurve(f.sampling, metrics.PROOptions{Kind: kind})
	}
	return nil, nil
}

// convention notes that of an area, without its limit and with the saturation.
func (f *figurer[S]) convention(name string, a metrics.Area) {
	text := strings.TrimSuffix(string(a.Convention), fmt.Sprintf(", limit %v", a.Limit))
	switch s := f.o.Saturation; {
	case s.Area > 0:
		text += fmt.Sprintf(", saturation %v mm²", s.Area)
	case s != metrics.Saturation{}:
		text += ", saturation " + s.String()
	}
	f.r.convention(name, metrics.Convention(text))
}

// areas returns the areas up to the limits, of one type of defect or of all.
func (f *figurer[S]) areas(p *metrics.Pixels[S], kind string) ([]Area, error) {
	exact, err := p.PROAreas(metrics.PROOptions{Exact: true, Kind: kind}, f.o.Limits...)
	if err != nil {
		return nil, err
	}
	official, err := f.official(p, kind)
	if err != nil {
		return nil, err
	}
	areas := make([]Area, len(exact))
	for i, e := range exact {
		areas[i] = Area{Limit: e.Limit, Exact: e.Value}
		f.convention("areas.exact", e)
		if official == nil {
			continue
		}
		a, err := official.Area(e.Limit)
		if err != nil {
			return nil, err
		}
		areas[i].Official = &a.Value
		f.convention("areas.official", a)
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
	official, err := f.official(all, "")
	if err != nil {
		return err
	}
	exact, err := all.PROCurve(metrics.PROOptions{Exact: true})
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
	names := p.set.Kinds()
	if len(names) == 1 && !f.loco { // the whole set
		pixel := c.PixelFigures
		c.Kinds = append(c.Kinds, Kind{names[0], c.Defective, c.Regions, c.ImageFigures, &pixel})
		return nil
	}
	for _, kind := range names {
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
