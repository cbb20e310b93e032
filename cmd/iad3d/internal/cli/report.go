package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/inspection"
	"github.com/iad3d/iad3d/io/dataset"
	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/metrics"
	"github.com/iad3d/iad3d/report/page"
	"github.com/iad3d/iad3d/rgbd"
)

const reportLong = `Score scans, or the test split of a data set, and write what was found as one HTML
file to look at: a table that sorts, and a page per scan with photo, score map,
regions in millimetres and a 3-D view of the cloud, coloured by score or deviation,
that turns and zooms. Of a data set there are the figures and curves of eval, too.

The file needs no network and no other file; any browser from 2023 on shows it, and
it prints. Clouds are thinned out to --points points; each scan takes some 100 to
300 kB.

Thresholds are the model's or those given, as for score. Colours then count in
multiples of the pixel threshold; without one they run over the scores of the batch.`

type reportOptions struct {
	source
	capture
	judging    judging
	net        backboneFlags
	model, out string
	title      string
	points     int
	scan       scan.Options
}

func (a *app) report() *cobra.Command {
	var o reportOptions
	cmd := &cobra.Command{
		Use:   "report --model MODEL --out FILE.html (SCAN... | --dataset KIND --root DIR [--class NAME])",
		Short: "Score scans and write a page to look at",
		Long:  reportLong,
		Example: `  iad3d report --model bagel.iad3d --out new.html new/*.tiff
  iad3d report --model bagel.iad3d --min-area 0.5 --out new.html new
  iad3d report --model bagel.iad3d --dataset mvtec3d --root mvtec_3d --class bagel --out bagel.html`,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if o.scan, err = o.capture.options(cmd); err != nil {
				return err
			}
			return a.runReport(cmd.Context(), &o, args)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.model, "model", "", "model file")
	f.StringVar(&o.out, "out", "", "HTML file to write")
	f.StringVar(&o.title, "title", "", "title of the page (what was scored)")
	f.IntVar(&o.points, "points", 20_000, "most points kept of each cloud")
	o.judging.add(cmd)
	o.source.addBare(cmd)
	o.capture.add(cmd)
	o.net.addModel(cmd)
	a.addThreads(cmd)
	require(cmd, "model", "out")
	return cmd
}

// check looks at the flags alone.
func (o *reportOptions) check(args []string) error {
	given := o.source.given()
	switch {
	case given == (len(args) > 0):
		return usagef("want either --dataset and --root or scans")
	case given && (o.kind == "" || o.root == ""):
		return usagef("want both --dataset and --root")
	case given && (len(o.capture.files()) > 0):
		return usagef("--rgb and --intrinsics are about single scans, not data sets")
	case o.points < 100 || o.points > 1_000_000:
		return usagef("--points %d: want 100 to 1000000", o.points)
	}
	return o.judging.check()
}

func (a *app) runReport(ctx context.Context, o *reportOptions, args []string) error {
	if err := o.check(args); err != nil {
		return err
	}
	o.source.unit = o.capture.unit
	var files []string
	var set *dataset.Set
	var err error
	if len(args) > 0 {
		if files, err = scanFiles(args, o.scan.Camera != nil); err == nil && o.rgb != "" && len(files) != 1 {
			err = usagef("--rgb is the image of one scan, not of %d", len(files))
		}
	} else {
		set, err = o.source.open()
	}
	if err != nil {
		return err
	}
	if err := mayReplacePage(o.out); err != nil {
		return err
	}
	d, done, err := o.net.load(o.model)
	if err != nil {
		return err
	}
	defer done()
	if d.Config().Loose {
		return usagef("%s is a model of loose scans, which a report does not show; iad3d score writes their points with scores", o.model)
	}
	judge, _, err := o.judging.options(d)
	if err != nil {
		return err
	}
	r := &page.Report{
		Title: o.title, Thresholds: *judge.Thresholds, MinArea: judge.MinArea, Points: o.points,
		Config: d.Config(), Provenance: d.Provenance(), Facts: o.facts(args, set),
	}
	if r.Title == "" {
		r.Title = o.subject(args, set)
	}
	var bad error
	if set != nil {
		err = a.reportSet(ctx, d, set, judge, r)
	} else {
		bad, err = a.reportFiles(ctx, d, files, o.scan, judge, r)
	}
	if err != nil {
		return err
	}
	if err := write(o.out, func(w io.Writer) error { return r.Write(w) }); err != nil {
		return err
	}
	if info, err := os.Stat(o.out); err == nil {
		a.note("%s: %.1f MB", o.out, float64(info.Size())/1e6)
	}
	return bad
}

// subject names what is scored.
func (o *reportOptions) subject(args []string, set *dataset.Set) string {
	if set != nil {
		return set.Class + ", test"
	}
	if len(args) == 1 {
		return filepath.Base(args[0])
	}
	return count(len(args), "file", "files or folders") + ", " + filepath.Base(args[0]) + " …"
}

func (o *reportOptions) facts(args []string, set *dataset.Set) []page.Fact {
	data := strings.Join(args[:min(len(args), 5)], " ")
	if len(args) > 5 {
		data += " …"
	}
	if set != nil {
		data = o.kind + " " + o.root + ", class " + set.Class + ", test"
	}
	return []page.Fact{
		{Name: "scans", Value: data}, {Name: "model", Value: o.model}, {Name: "program", Value: "iad3d " + iad3d.Version},
		{Name: "made", Value: time.Now().Format("2006-01-02 15:04:05 -0700")},
	}
}

// reportFiles adds files.
func (a *app) reportFiles(ctx context.Context, d *iad3d.Detector, files []string, so scan.Options, judge inspection.Options, r *page.Report) (bad, err error) {
	b := a.progress("score", len(files))
	defer b.end()
	scored, i, doubted := 0, 0, false
	for n, err := range inspectFiles(ctx, d, files, so, judge) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		path := files[i]
		if n.doubt != "" && !doubted { // one warning is enough
			doubted = true
			a.note("%s", n.doubt)
		}
		if err == nil {
			err = r.Add(ctx, &rgbd.Labelled{Scan: n.scan}, n.Inspection, n.took)
			scored++
		}
		switch {
		case err != nil && ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil && exitCode(err) == exitInput:
			a.tell("iad3d: %v", err)
			bad = errors.Join(errReported, err)
			r.AddError(path, err)
		case err != nil:
			return nil, err
		}
		i++
		b.step(i)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if scored == 0 {
		return nil, bad // nothing to look at
	}
	return bad, nil
}

// reportSet adds the test split of a data set, with its evaluation.
func (a *app) reportSet(ctx context.Context, d *iad3d.Detector, set *dataset.Set, judge inspection.Options, r *page.Report) error {
	b := a.progress("score "+set.Class, len(set.Items(dataset.Test)))
	defer b.end()
	var pixels metrics.Pixels[float32]
	complete := true // all truth is at the maps' size
	start := time.Now()
	e, err := d.Evaluate(ctx, set.Scans(ctx, dataset.Test), func(l *rgbd.Labelled, result *iad3d.Result) error {
		n, err := inspection.Judge(ctx, l.Scan, result, judge)
		if err != nil {
			return err
		}
		took := time.Since(start)
		if truth, ok := truthOf(l, result); ok && complete {
			if err := pixels.Add(metrics.FromMap(result.Map, truth)); err != nil {
				return err
			}
		} else {
			complete = false
		}
		err = r.Add(ctx, l, n, took)
		start = time.Now()
		return err
	}, iad3d.WithProgress(b.step))
	if err != nil {
		return err
	}
	r.Evaluation = e
	return addCurves(r, e, &pixels, complete)
}

// truthOf returns the defect pixels of a scan where they are at the map's size.
func truthOf(l *rgbd.Labelled, r *iad3d.Result) ([]bool, bool) {
	if l.Truth == nil {
		return nil, !l.Anomalous()
	}
	if r.Map == nil || l.Truth.Rect.Dx() != r.Map.W || l.Truth.Rect.Dy() != r.Map.H {
		return nil, false
	}
	truth := make([]bool, len(r.Map.Data))
	for i := range truth {
		truth[i] = l.Truth.GrayAt(l.Truth.Rect.Min.X+i%r.Map.W, l.Truth.Rect.Min.Y+i/r.Map.W).Y != 0
	}
	return truth, true
}

// addCurves adds the curves that the figures are areas under.
func addCurves(r *page.Report, e *iad3d.Evaluation, pixels *metrics.Pixels[float32], complete bool) error {
	var scores []float64
	var labels []bool
	for _, s := range e.Scans {
		scores, labels = append(scores, s.Score), append(labels, s.Defect != rgbd.Good)
	}
	image, err := metrics.ROCCurve(scores, labels)
	if err != nil {
		return err
	}
	roc := page.Curve{Title: "ROC curves", Lines: []page.Line{{Name: "scans", Curve: image}}}
	if !complete || !slices.Contains(labels, true) {
		r.Curves = append(r.Curves, roc)
		return nil
	}
	pixel, err := pixels.ROCCurve()
	if err != nil {
		return err
	}
	roc.Lines = append(roc.Lines, page.Line{Name: "pixels", Curve: pixel})
	pro, err := pixels.PROCurve(metrics.PROOptions{})
	if err != nil {
		return err
	}
	r.Curves = append(r.Curves, roc, page.Curve{
		Title: "per-region overlap, up to the limit of AU-PRO", Limit: metrics.OfficialLimit, Lines: []page.Line{{Name: "all defects", Curve: pro}},
	})
	return nil
}

// mayReplacePage refuses to write over a file that is none of this program's pages.
func mayReplacePage(path string) error {
	switch info, err := os.Stat(path); {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.IsDir():
		return usagef("--out %s is a folder; name a file", path)
	case info.Size() == 0:
		return nil
	}
	return marked(path, `<meta name="generator" content="iad3d">`)
}
