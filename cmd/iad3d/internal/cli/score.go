package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/inspection"
	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/report"
	"github.com/iad3d/iad3d/rgbd"
)

const scoreLong = `Score scans with a model: how abnormal each one is as a whole, and where most. Scores
have no unit; those of one model compare, and with the default protocol sound scans
with a raster come to about 1.

A scan is an organised cloud: an xyz TIFF, three float samples per pixel, or a PCD,
PLY or text file with a raster; or a depth image, a 16-bit PNG or a TIFF of one
sample per pixel, with the camera file that --intrinsics names: width, height, fx,
fy, cx, cy in YAML or JSON, or what Open3D or RealSense write. Its colour image, for
pictures and for models with the feature rgb, is taken from ../rgb beside a folder
named xyz or depth, from --rgb, or from the cloud. A folder stands for the clouds in
it, or in its xyz folder; with --intrinsics for the .png and .tiff files in it, or in
its depth folder.

A model that was fitted on loose scans, clouds without a raster, scores such clouds:
PCD, PLY, STL, OBJ and text. With --out it writes of each the points with their scores
as a field, in a PLY and a PCD file, instead of map and picture.

With --out each scan's score map is written as a float32 TIFF and, after the last
scan, a heat map as a PNG; all heat maps of one call have the same colour scale.
Files are named after the scan: test/bent/xyz/003.tiff gives bent_003.tiff and
bent_003.png, a second scan of that name bent_003-2. results.jsonl has all results,
summary.json counts, rates, the most abnormal and the slowest scans; with --ply there
is the cloud coloured by score, for CloudCompare and MeshLab, in bent_003.ply.

With a threshold, the model's or --threshold, each scan gets a verdict: pass, fail or,
whatever its score, invalid capture. With a pixel threshold, the model's or
--pixel-threshold, places above it are measured: area in mm², centroid in mm in the
sensor's frame, height against the sound part or else the surface around in mm, positive
towards the sensor. --regions shows them; --json and regions.csv have them all. Without a scan
threshold a scan fails when it has a region; with --min-area a scan whose regions are
all smaller passes. Heat maps then count in multiples of the pixel threshold, on a
scale that no batch changes. --fail-on anomaly makes the exit code 5 when a scan fails.

A capture that is not like those of the fit, with too few points, too much noise, from
another distance or at another density, is called invalid, with the reason (--json:
"invalid"): its score is one of the capture rather than of the part.

A scan that cannot be used is reported on standard error and the others are still
scored; the exit code is then 3.`

type scoreOptions struct {
	capture
	model, out string
	net        backboneFlags
	scan       scan.Options
	judging    judging
	failOn     failOn
	regions    bool
	ply        bool
	junit      string
}

func (a *app) score() *cobra.Command {
	var o scoreOptions
	cmd := &cobra.Command{
		Use:   "score --model MODEL [--out DIR] [--json] SCAN...",
		Short: "Score scans with a model",
		Long:  scoreLong,
		Example: `  iad3d score --model bagel.iad3d mvtec_3d/bagel/test/hole/xyz/000.tiff
  iad3d score --model bagel.iad3d --out results --json mvtec_3d/bagel/test/hole
  iad3d score --model bagel.iad3d --out results --rgb part7.png part7.tiff
  iad3d score --model bagel.iad3d --rgb part7.jpg --intrinsics camera.yaml depth7.png
  iad3d score --model bagel.iad3d --min-area 0.5 --regions new
  iad3d score --model bagel.iad3d --fail-on anomaly --junit scans.xml new || echo reject`,
		Args: someArgs,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if err := o.checkVerdict(); err != nil {
				return err
			}
			if o.scan, err = o.capture.options(cmd); err != nil {
				return err
			}
			return a.runScore(cmd.Context(), &o, args)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.model, "model", "", "model file")
	f.StringVar(&o.out, "out", "", "folder for score maps and heat maps")
	o.judging.add(cmd)
	o.failOn.add(cmd)
	f.BoolVar(&o.regions, "regions", false, "show the regions below each scan")
	f.BoolVar(&o.ply, "ply", false, "with --out, write each cloud coloured by score, too")
	f.StringVar(&o.junit, "junit", "", "JUnit XML file to write, a test case per scan")
	o.capture.add(cmd)
	o.net.addModel(cmd)
	a.addThreads(cmd)
	a.addJSON(cmd, "write one JSON object per scan and line")
	require(cmd, "model")
	return cmd
}

// checkVerdict looks at the flags that verdicts are made by.
func (o *scoreOptions) checkVerdict() error {
	if o.ply && o.out == "" {
		return usagef("--ply goes with --out")
	}
	return errors.Join(o.judging.check(), o.failOn.check())
}

func (a *app) runScore(ctx context.Context, o *scoreOptions, args []string) error {
	files, err := scanFiles(args, o.scan.Camera != nil)
	if err != nil {
		return err
	}
	if o.rgb != "" && len(files) != 1 {
		return usagef("--rgb is the image of one scan, not of %d", len(files))
	}
	var g *gallery
	if o.out != "" {
		for _, f := range append(o.capture.files(), files...) {
			if sameFolder(filepath.Dir(f), o.out) {
				return usagef("--out %s is the folder of %s; choose another", o.out, f)
			}
		}
		if g, err = newGallery(o.out, o.out); err != nil {
			return err
		}
		if err := mayReplaceBatch(o.out); err != nil {
			return err
		}
	}
	d, done, err := o.net.load(o.model)
	if err != nil {
		return err
	}
	defer done()
	judge, judged, err := o.judging.options(d)
	switch {
	case err != nil:
		return err
	case len(o.failOn) > 0 && !judged && slices.Contains(o.failOn, onAnomaly):
		return usagef("--fail-on anomaly needs --threshold or --pixel-threshold: %s has none", o.model)
	case o.regions && judge.Thresholds.Pixel == 0:
		return usagef("--regions needs --pixel-threshold: %s has none", o.model)
	}
	if g != nil {
		g.judge, g.ply = &judge, o.ply
	}

	// An image that neither the model nor a picture needs takes longer to decode than the
	// cloud.
	o.scan.NoColour = g == nil && o.rgb == "" && !slices.Contains(d.Config().Features, iad3d.FeatureRGB)
	r := scoreRun{app: a, detector: d, gallery: g, judge: judge, scan: o.scan, table: scoreTable{app: a, judged: judged, regions: o.regions}}
	bad, err := r.files(ctx, files)
	if err != nil {
		return err
	}
	if err := a.finishScore(ctx, o, g, &r); err != nil {
		return err
	}
	if bad != nil {
		return bad
	}
	return o.failOn.result(r.batch.sum.Counts())
}

// finishScore writes what can be written only when all scans are scored.
func (a *app) finishScore(ctx context.Context, o *scoreOptions, g *gallery, r *scoreRun) error {
	if g != nil && r.detector.Config().Loose {
		a.note("points with their scores are in %s", o.out)
	}
	if g != nil && len(g.pages) > 0 {
		b := a.progress("heat maps", len(g.pages))
		defer b.end()
		low, high, err := g.draw(ctx, b.step)
		if err != nil {
			return err
		}
		b.end()
		a.note("score maps and heat maps are in %s; colours run from %s to %s", o.out, number(low), number(high))
	}
	if g != nil {
		if err := r.batch.write(o.out, o.model, r.judge); err != nil {
			return err
		}
	}
	if o.junit != "" {
		if err := write(o.junit, func(w io.Writer) error { return report.JUnit(w, "iad3d", r.batch.cases) }); err != nil {
			return err
		}
	}
	if r.table.judged {
		a.tellSummary(r.batch.sum.Summary(listed))
	}
	return nil
}

// scoreRun is one call of score.
type scoreRun struct {
	app      *app
	detector *iad3d.Detector
	gallery  *gallery // nil without --out
	judge    inspection.Options
	scan     scan.Options
	table    scoreTable
	batch    batch
	doubted  bool // a unit
}

// files scores files and writes a line for each. What could not be used is
// reported on the way; bad then wraps the last such error.
func (r *scoreRun) files(ctx context.Context, files []string) (bad, err error) {
	a := r.app
	b := &bar{app: a}
	if !isTerminal(a.stdout) { // else the lines are progress enough
		b = a.progress("score", len(files))
	}
	defer b.end()
	for _, path := range files {
		r.table.width = max(r.table.width, utf8.RuneCountInString(path))
	}
	i := 0
	for n, err := range inspectFiles(ctx, r.detector, files, r.scan, r.judge) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		path := files[i]
		if n.doubt != "" && !r.doubted { // one warning is enough
			r.doubted = true
			a.note("%s", n.doubt)
		}
		if err == nil {
			err = r.add(ctx, n, path)
		}
		switch {
		case err != nil && ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil && exitCode(err) == exitInput:
			a.tell("iad3d: %v", err)
			bad = errors.Join(errReported, err)
			if err := r.batch.addError(path, err); err != nil {
				return nil, err
			}
		case err != nil:
			return nil, err
		}
		i++
		b.step(i)
	}
	return bad, ctx.Err()
}

// add takes in what became of the scan at path.
func (r *scoreRun) add(ctx context.Context, n inspected, path string) error {
	var f report.Files
	if r.gallery != nil {
		var err error
		f, err = r.gallery.add(n.Result, func() (*rgbd.Labelled, error) {
			s, err := readScan(ctx, path, r.scan)
			return &rgbd.Labelled{Scan: s}, err
		})
		if err != nil {
			return err
		}
	}
	if err := r.batch.add(n.Inspection, f, n.took); err != nil {
		return err
	}
	return r.table.add(n.Inspection, f)
}

// inspected is what became of a file.
type inspected struct {
	*inspection.Inspection
	scan  *rgbd.Scan
	took  time.Duration
	doubt string // of the unit of its numbers
}

// inspectFiles reads, scores and judges files, several at a time.
func inspectFiles(ctx context.Context, d *iad3d.Detector, files []string, o scan.Options, judge inspection.Options) iter.Seq2[inspected, error] {
	return iad3d.Batch(ctx, d, slices.Values(files), func(ctx context.Context, d *iad3d.Detector, path string) (n inspected, err error) {
		start := time.Now()
		if n.scan, err = readScan(ctx, path, o); err != nil {
			return n, err
		}
		if o.Unit == nil {
			n.doubt = unitDoubt(n.scan)
		}
		n.Inspection, err = inspection.Inspect(ctx, d, n.scan, judge)
		n.took = time.Since(start)
		return n, err
	})
}

// scoreTable writes results as they come.
type scoreTable struct {
	app     *app
	width   int  // of the widest path
	judged  bool // there are verdicts
	regions bool // are shown
	started bool
}

func (t *scoreTable) add(n *inspection.Inspection, f report.Files) error {
	r := n.Result
	if t.app.json {
		return report.Inspection(t.app.stdout, n, f)
	}
	const row, verdict = "%-*s  %9s  %9s", "  %-7s  %7s"
	head := func(cells ...any) string {
		s := fmt.Sprintf(row, append([]any{t.width}, cells[:3]...)...)
		if t.judged {
			s += fmt.Sprintf(verdict, cells[3:5]...)
		}
		return s
	}
	if !t.started {
		t.started = true
		if err := t.app.printf("%s  %s\n", head("scan", "score", "peak", "verdict", "regions"), "at x, y"); err != nil {
			return err
		}
	}
	at := strconv.Itoa(r.Peak.X) + ", " + strconv.Itoa(r.Peak.Y)
	if p := r.Peak.Point; p != nil {
		at = fmt.Sprintf("%.6g, %.6g, %.6g (point %d)", p.Position[0], p.Position[1], p.Position[2], p.Index)
	}
	for i, reason := range r.Invalid {
		if i == 0 {
			at += "  invalid capture: " + reason.String()
		} else {
			at += "; " + reason.String()
		}
	}
	regions := "-"
	if n.Found != nil {
		regions = strconv.Itoa(len(n.Found.Regions))
	}
	if err := t.app.printf("%s  %s\n", head(r.Source, number(r.Score), number(float64(r.Peak.Value)), string(n.Verdict), regions), at); err != nil || !t.regions {
		return err
	}
	return t.listRegions(n)
}

// listRegions writes a line for each region.
func (t *scoreTable) listRegions(n *inspection.Inspection) error {
	for _, g := range n.Regions() {
		height := ""
		if h := g.Height; h != nil {
			doubt := ""
			if !h.Certain {
				doubt = " (uncertain)"
			}
			height = fmt.Sprintf(", height %+.2f mm%s", h.Height, doubt)
		}
		shares := ""
		for _, s := range g.Shares {
			shares += fmt.Sprintf(", %s %.0f %%", s.Name, 100*s.Share)
		}
		if g.Missing > 0 {
			shares += fmt.Sprintf(", %.0f %% without data", 100*g.Missing)
		}
		err := t.app.printf("  region %d: %.3g mm² at (%.2f, %.2f, %.2f) mm%s, score up to %s%s\n",
			g.ID, g.Area, g.Centroid[0], g.Centroid[1], g.Centroid[2], height, number(float64(g.Peak.Value)), shares)
		if err != nil {
			return err
		}
	}
	return nil
}

// number formats a score for reading.
func number(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }
