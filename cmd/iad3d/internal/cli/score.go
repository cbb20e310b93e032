package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/report"
	"github.com/iad3d/iad3d/rgbd"
)

const scoreLong = `Score scans with a model: how abnormal each one is as a whole, and where most. Scores
of one model compare with each other; they have no unit.

A scan is an organised cloud: an xyz TIFF, three float samples per pixel, or a PCD,
PLY or text file with a raster; or a depth image, a 16-bit PNG or a TIFF of one
sample per pixel, with the camera file that --intrinsics names: width, height, fx,
fy, cx, cy in YAML or JSON, or what Open3D or RealSense write. Its colour image, used
for pictures only, is taken from ../rgb beside a folder named xyz or depth, from
--rgb, or from the cloud. A folder stands for the clouds in it, or in its xyz folder;
with --intrinsics for the .png and .tiff files in it, or in its depth folder.

A model that was fitted on loose scans, clouds without a raster, scores such clouds:
PCD, PLY, STL, OBJ and text. With --out it writes of each the points with their scores
as a field, in a PLY and a PCD file, instead of map and picture.

With --out each scan's score map is written as a float32 TIFF and, after the last
scan, a heat map as a PNG; all heat maps of one call have the same colour scale.
Files are named after the scan: test/bent/xyz/003.tiff gives bent_003.tiff and
bent_003.png, a second scan of that name bent_003-2.

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
  iad3d score --model bagel.iad3d --rgb part7.jpg --intrinsics camera.yaml depth7.png`,
		Args: someArgs,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
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
	o.capture.add(cmd)
	o.net.addModel(cmd)
	a.addThreads(cmd)
	a.addJSON(cmd, "write one JSON object per scan and line")
	require(cmd, "model")
	return cmd
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
	}
	d, done, err := o.net.load(o.model)
	if err != nil {
		return err
	}
	defer done()

	bad, err := a.scoreFiles(ctx, d, g, files, o.scan)
	if err != nil {
		return err
	}
	if g != nil && d.Config().Loose {
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
	return bad
}

// scoreFiles scores files and writes a line for each. What could not be used is
// reported on the way; bad then wraps the last such error.
func (a *app) scoreFiles(ctx context.Context, d *iad3d.Detector, g *gallery, files []string, o scan.Options) (bad, err error) {
	b := &bar{app: a}
	if !isTerminal(a.stdout) { // else the lines are progress enough
		b = a.progress("score", len(files))
	}
	defer b.end()
	t := scoreTable{app: a}
	for _, path := range files {
		t.width = max(t.width, utf8.RuneCountInString(path))
	}
	declared := o.Unit != nil
	look := func(s *rgbd.Scan) { declared = a.doubtUnit(s, declared) || declared } // one warning is enough
	for i, path := range files {
		r, f, err := scoreFile(ctx, d, g, path, o, look)
		if err == nil {
			err = t.add(r, f)
		}
		switch {
		case err != nil && ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil && exitCode(err) == exitInput:
			a.tell("iad3d: %v", err)
			bad = errors.Join(errReported, err)
		case err != nil:
			return nil, err
		}
		b.step(i + 1)
	}
	return bad, nil
}

func scoreFile(ctx context.Context, d *iad3d.Detector, g *gallery, path string, o scan.Options, look func(*rgbd.Scan)) (*iad3d.Result, report.Files, error) {
	var f report.Files
	s, err := readScan(ctx, path, o)
	if err != nil {
		return nil, f, err
	}
	look(s)
	r, err := d.Score(ctx, s)
	if err != nil {
		return nil, f, err
	}
	if g != nil {
		f, err = g.add(r, func() (*rgbd.Labelled, error) {
			s, err := readScan(ctx, path, o)
			return &rgbd.Labelled{Scan: s}, err
		})
	}
	return r, f, err
}

// scoreTable writes results as they come.
type scoreTable struct {
	app     *app
	width   int // of the widest path
	started bool
}

func (t *scoreTable) add(r *iad3d.Result, f report.Files) error {
	if t.app.json {
		return report.Line(t.app.stdout, r, f)
	}
	const row = "%-*s  %9s  %9s  %s\n"
	if !t.started {
		t.started = true
		if err := t.app.printf(row, t.width, "scan", "score", "peak", "at x, y"); err != nil {
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
	return t.app.printf(row, t.width, r.Source, number(r.Score), number(float64(r.Peak.Value)), at)
}

// number formats a score for reading.
func number(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }
