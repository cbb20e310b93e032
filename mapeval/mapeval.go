// Package mapeval rates anomaly maps, whatever program made them, against the
// ground truth of a test set in one of the field's folder layouts.
//
// Maps are read one at a time and not kept: see [metrics.Pixels] for the memory
// that pooled scores take. The score of a scan is the maximum of its map, as in
// MVTec's scripts.
package mapeval

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/iad3d/iad3d/io/groundtruth"
	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/io/scoremap"
	"github.com/iad3d/iad3d/metrics"
)

// Options say what to rate. The zero value takes the layout that is found, every
// class, and the limits of [DefaultLimits].
type Options struct {
	Layout groundtruth.Layout // empty: found out
	Class  string             // empty: all
	// Limits are the false-positive rates up to which PRO curves are integrated,
	// each above 0 and at most 1; the first one is the headline's.
	Limits []float64
	// Saturation makes the PRO curves sPRO curves; its Area is in mm². Not for
	// MVTec LOCO, which has its own.
	Saturation metrics.Saturation
	// BTF compares at 224×224 as "Back to the Feature" does: see
	// [metrics.AtBTFResolution]. Not for MVTec LOCO, nor with a saturation.
	BTF bool
	// Bootstrap is the number of replicas for confidence intervals; 0: none. They
	// take a second reading of all maps.
	Bootstrap int
	Seed      uint64
	// Curves keeps the curves for drawing.
	Curves bool
	// Progress, when not nil, is called after each map with the number of maps
	// read so far and in all.
	Progress func(done, total int)
}

// ErrOptions is wrapped by errors about options that do not fit together.
var ErrOptions = errors.New("options")

// ErrUndefined is wrapped where the figures of a set are not defined: one
// without good or without defective scans, say.
var ErrUndefined = errors.New("cannot rate")

// DefaultLimits returns the limits for a layout, the headline's first: those of
// the field, and of MVTec LOCO's script.
func DefaultLimits(l groundtruth.Layout) []float64 {
	if l == groundtruth.LOCO {
		return []float64{0.05, 0.01, 0.1, 0.3, 1}
	}
	return metrics.Limits()
}

// Area is one limit's area under the PRO or sPRO curve.
type Area struct {
	Limit float64 `json:"limit"`
	// Official is as the data set's script computes it, with a saturation of one's
	// own at the same thresholds; nil where the script fails, which a note of the
	// report explains.
	Official *float64 `json:"official"`
	Exact    float64  `json:"exact"` // over every distinct score
}

// Optimum is a best threshold.
type Optimum struct {
	Value     float64 `json:"value"`
	Threshold float64 `json:"threshold"`
}

// ImageFigures rate the scans' scores.
type ImageFigures struct {
	AUROC float64 `json:"image_auroc"`
	AP    float64 `json:"image_average_precision"`
	AUPR  float64 `json:"image_aupr_trapezoid"`
	F1Max Optimum `json:"image_f1_max"`
}

// PixelFigures rate all pixels of the scans.
type PixelFigures struct {
	AUROC  float64 `json:"pixel_auroc"`
	AP     float64 `json:"pixel_average_precision"`
	AUPR   float64 `json:"pixel_aupr_trapezoid"`
	F1Max  Optimum `json:"pixel_f1_max"`
	IoUMax Optimum `json:"pixel_iou_max"`
	Areas  []Area  `json:"areas"` // under the PRO or sPRO curve, one for each limit
}

// Kind is one kind of defect against all good scans.
type Kind struct {
	Kind    string `json:"kind"`
	Scans   int    `json:"scans"`
	Regions int    `json:"regions"`
	ImageFigures
	// PixelFigures is nil where the ground truth of the kind has no pixel.
	*PixelFigures
}

// Type is one type of defect in MVTec LOCO's list: the overlap of its channels
// alone, against the false positives of all scans that have one and the good.
type Type struct {
	Type    string `json:"type"`
	Scans   int    `json:"scans"`
	Regions int    `json:"regions"`
	Areas   []Area `json:"areas"`
}

// Interval is the 95 % bootstrap interval of a figure.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Intervals belong to the exact figures of a class.
type Intervals struct {
	ImageAUROC Interval   `json:"image_auroc"`
	PixelAUROC Interval   `json:"pixel_auroc"`
	Areas      []Interval `json:"areas"` // one for each limit
	Convention string     `json:"convention"`
	// Replicas are what the intervals come from. Those of two reports on the same
	// scans, seed and number belong together one by one: see [metrics.Interval].
	Replicas *metrics.Replicas `json:"-"`
}

// Curve is a curve with its name: image_roc, image_pr, pixel_roc, pixel_pr,
// pro_official, pro_exact; spro_… where regions have a saturation.
type Curve struct {
	Name string
	*metrics.Curve
}

// Scan is one scan with its score.
type Scan struct {
	Name  string  `json:"name"`
	Kind  string  `json:"kind"`
	Score float64 `json:"score"`
}

// Class is one class of the test set.
type Class struct {
	Class     string `json:"class"`
	Good      int    `json:"good"`
	Defective int    `json:"defective"`
	Regions   int    `json:"regions"`
	Pixels    int    `json:"pixels"`
	ImageFigures
	PixelFigures
	Kinds     []Kind     `json:"kinds"`           // by name
	Types     []Type     `json:"types,omitempty"` // of MVTec LOCO, by name
	Intervals *Intervals `json:"intervals,omitempty"`
	Scans     []Scan     `json:"scans"`

	Curves []Curve                   `json:"-"` // where Options ask for them
	loco   map[string]metrics.Figure // image ROC AUC as MVTec LOCO's script, by kind
}

// Report is the outcome. Of several classes the headline figures are the means.
type Report struct {
	Layout     groundtruth.Layout `json:"layout"`
	ImageAUROC float64            `json:"image_auroc"`
	PixelAUROC float64            `json:"pixel_auroc"`
	// AUPRO is the official area (exact where the official is not defined) up to
	// the first limit; in MVTec LOCO the mean of logical and structural anomalies.
	AUPRO float64 `json:"au_pro"`
	// Convention says how the headline figures were computed, Conventions how every
	// figure was, by its JSON name.
	Convention  string            `json:"convention"`
	Conventions map[string]string `json:"conventions"`
	Classes     []*Class          `json:"classes"`
	Notes       []string          `json:"notes"`
}

// Rate rates the maps in folder maps against the ground truth in folder gt. The
// errors wrap [ErrOptions], [ErrUndefined] or are a [*scan.Error].
func Rate(ctx context.Context, mapsDir, gt string, o Options) (*Report, error) {
	layout, dirs, err := groundtruth.Find(o.Layout, gt)
	if err != nil {
		return nil, err
	}
	if err := o.check(layout); err != nil {
		return nil, err
	}
	names := slices.Sorted(maps.Keys(dirs))
	if o.Class != "" {
		if dirs[o.Class] == "" {
			return nil, &scan.Error{Path: gt, Err: fmt.Errorf("no class %q; found %s", o.Class, strings.Join(names, ", "))}
		}
		names = []string{o.Class}
	}
	r := &Report{Layout: layout, Conventions: map[string]string{}, Notes: []string{}}
	var tasks []*task
	total := 0
	for _, name := range names {
		t, err := newTask(layout, name, dirs[name], mapsDir, len(names) > 1)
		if err != nil {
			return nil, err
		}
		if n := len(t.unused); n > 0 {
			r.note("%s: %d maps belong to no scan of the ground truth, the first is %s", name, n, t.unused[0])
		}
		total += len(t.paths)
		tasks = append(tasks, t)
	}
	passes := 1
	if o.Bootstrap > 0 {
		passes = 2
	}
	p := &progress{report: o.Progress, total: passes * total}
	for _, t := range tasks {
		c, err := t.rate(ctx, o, r, p)
		if err != nil {
			return nil, err
		}
		r.Classes = append(r.Classes, c)
	}
	r.headline(o)
	return r, nil
}

func (o *Options) check(layout groundtruth.Layout) error {
	if o.Limits == nil {
		o.Limits = DefaultLimits(layout)
	}
	if len(o.Limits) == 0 {
		return fmt.Errorf("%w: no limit", ErrOptions)
	}
	for _, l := range o.Limits {
		if !(l > 0 && l <= 1) {
			return fmt.Errorf("%w: limit %v, want more than 0 and at most 1", ErrOptions, l)
		}
	}
	set := o.Saturation != metrics.Saturation{}
	switch {
	case set && layout == groundtruth.LOCO:
		return fmt.Errorf("%w: MVTec LOCO has saturations of its own", ErrOptions)
	case set && o.BTF, o.BTF && layout == groundtruth.LOCO:
		return fmt.Errorf("%w: the comparison at %d×%d is for PRO curves without saturation", ErrOptions, metrics.BTFSize, metrics.BTFSize)
	case o.Saturation.Area > 0 && layout == groundtruth.MVTecAD:
		return fmt.Errorf("%w: a saturation in mm² needs clouds, which MVTec AD does not have", ErrOptions)
	case o.Bootstrap < 0 || o.Bootstrap == 1 || o.Bootstrap > 1e6:
		return fmt.Errorf("%w: %d bootstrap replicas, want 2 to 1000000", ErrOptions, o.Bootstrap)
	}
	return nil
}

func (r *Report) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// convention notes how the figure of a JSON name was computed: that of a class,
// which comes before its kinds.
func (r *Report) convention(name string, c metrics.Convention) {
	if _, known := r.Conventions[name]; !known {
		r.Conventions[name] = string(c)
	}
}

// headline averages the classes.
func (r *Report) headline(o Options) {
	n := float64(len(r.Classes))
	which := "official"
	for _, c := range r.Classes {
		if c.Areas[0].Official == nil {
			which = "exact"
		}
	}
	for _, c := range r.Classes {
		r.ImageAUROC += c.ImageFigures.AUROC / n
		r.PixelAUROC += c.PixelFigures.AUROC / n
		if which == "official" {
			r.AUPRO += *c.Areas[0].Official / n
		} else {
			r.AUPRO += c.Areas[0].Exact / n
		}
	}
	parts := []string{
		"image score: maximum of the map",
		r.Conventions["image_auroc"],
		strings.TrimSuffix(r.Conventions["areas."+which], ".") + fmt.Sprintf(", limit %v", o.Limits[0]),
	}
	if r.Layout == groundtruth.LOCO {
		parts = append(parts, "mean of logical and structural anomalies")
	}
	if o.BTF {
		parts = append(parts, fmt.Sprintf("at %d×%d as BTF", metrics.BTFSize, metrics.BTFSize))
	} else {
		parts = append(parts, "at the maps' resolution")
	}
	if len(r.Classes) > 1 {
		parts = append(parts, fmt.Sprintf("mean of %d classes", len(r.Classes)))
	}
	r.Convention = strings.Join(parts, "; ")
}

// progress counts maps.
type progress struct {
	report      func(done, total int)
	done, total int
}

func (p *progress) step() {
	p.done++
	if p.report != nil {
		p.report(p.done, p.total)
	}
}

// task is one class to rate.
type task struct {
	set    *groundtruth.Set
	paths  []string // the map of each item
	unused []string
}

func newTask(layout groundtruth.Layout, class, dir, mapsDir string, several bool) (*task, error) {
	set, err := groundtruth.Open(layout, class, dir)
	if err != nil {
		return nil, err
	}
	t := &task{set: set}
	if several { // the maps of one class must not be taken for another's
		mapsDir = filepath.Join(mapsDir, class)
		if _, err := os.Stat(mapsDir); err != nil {
			return nil, &scan.Error{Path: mapsDir, Err: errors.New("no folder with the maps of this class; to rate one class of several, name it")}
		}
	}
	t.paths, t.unused, err = set.MapPaths(mapsDir, scoremap.Extensions()...)
	return t, err
}
