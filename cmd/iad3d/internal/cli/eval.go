package cli

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/io/dataset"
	"github.com/iad3d/iad3d/report"
	"github.com/iad3d/iad3d/rgbd"
)

const evalLong = `Score the test split of a class and rate the scores against its ground truth: ROC AUC
of the scans and of their pixels, and AU-PRO, for all defects and for each kind
against all good scans.

With --out the scores of all scans (scores.csv), the whole evaluation
(evaluation.json), and each scan's score map and heat map are written.

Of loose scans, clouds without a raster, points take the place of pixels, clusters of
defect points that of regions, and PLY and PCD files with the points' scores that of maps.

With --maps and --gt, rate the anomaly maps of any program instead, in the official
folder layouts of MVTec 3D-AD, MVTec AD, MVTec LOCO and Eyecandies, as their scripts
do and over every threshold. The folder of maps has that of the data set's test
split, maps in place of scans: MAPS/CLASS/test/KIND/000.tiff; CLASS and test may be
left out, and so may folders where files are called KIND_000.tiff, as --out and
iad3d score name them.`

type evalOptions struct {
	source
	net        backboneFlags
	model, out string
	mapsOptions
}

func (a *app) eval() *cobra.Command {
	var o evalOptions
	cmd := &cobra.Command{
		Use:   "eval (--model MODEL --dataset KIND --root DIR | --maps DIR --gt DIR) [--class NAME] [--json]",
		Short: "Rate a model, or anyone's anomaly maps, on a labelled test set",
		Long:  evalLong,
		Example: `  iad3d eval --model bagel.iad3d --dataset mvtec3d --root mvtec_3d --class bagel
  iad3d eval --model bagel.iad3d --dataset mvtec3d --root mvtec_3d --class bagel --json --out results
  iad3d eval --maps their_maps --gt mvtec_3d
  iad3d eval --maps their_maps --gt mvtec_loco --class pushpins --official-json metrics.json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			maps, err := evalMode(cmd.Flags())
			switch {
			case err != nil:
				return err
			case maps:
				return a.runEvalMaps(cmd.Context(), &o.mapsOptions, o.class)
			}
			return a.runEval(cmd.Context(), &o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.model, "model", "", "model file")
	o.source.add(cmd)
	o.net.addModel(cmd)
	f.StringVar(&o.out, "out", "", "folder for scores.csv, evaluation.json, score maps and heat maps")
	o.mapsOptions.add(cmd)
	a.addThreads(cmd)
	a.addJSON(cmd, "write a JSON document")
	return cmd
}

// evalDocument is what eval --json writes.
type evalDocument struct {
	Class   string `json:"class"`
	Model   string `json:"model"`
	Dataset string `json:"dataset"`
	Root    string `json:"root"`
	*iad3d.Evaluation
	Seconds float64 `json:"seconds"`
}

func (a *app) runEval(ctx context.Context, o *evalOptions) error {
	start := time.Now()
	set, err := o.source.open()
	if err != nil {
		return err
	}
	var g *gallery
	if o.out != "" {
		if inside(o.out, set.Root) {
			return usagef("--out %s lies in the data set", o.out)
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
	if g != nil { // the tables come last: where they are, the maps beside them are theirs
		for _, name := range []string{scoresFile, evaluationFile} {
			if err := os.Remove(filepath.Join(o.out, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	e, err := a.evaluate(ctx, d, set, g, set.Class, o.intervals()...)
	if err != nil {
		return err
	}
	doc := evalDocument{set.Class, o.model, o.kind, o.root, e, time.Since(start).Seconds()}
	if g != nil {
		if err := writeEvaluation(o.out, doc); err != nil {
			return err
		}
		a.note("scores.csv, evaluation.json and the results of each scan are in %s", o.out)
	}
	if a.json {
		return a.document(doc)
	}
	if err := a.printf("%s by %s\n", doc.Class, doc.Model); err != nil {
		return err
	}
	if err := report.Text(a.stdout, e); err != nil {
		return err
	}
	return a.printf("%.1f s\n", doc.Seconds)
}

// intervals are the options for confidence intervals, where they are asked for.
func (o *mapsOptions) intervals() []iad3d.Option {
	if o.bootstrap == 0 {
		return nil
	}
	return []iad3d.Option{iad3d.WithIntervals(o.bootstrap, o.seed)}
}

// evaluate rates a detector on the test split; with a gallery it draws that too.
func (a *app) evaluate(ctx context.Context, d *iad3d.Detector, set *dataset.Set, g *gallery, label string, opts ...iad3d.Option) (*iad3d.Evaluation, error) {
	items := set.Items(dataset.Test)
	b := a.progress("score "+label, len(items))
	defer b.end()
	done := 0
	each := func(_ *rgbd.Labelled, r *iad3d.Result) error {
		item := items[done]
		done++
		if g == nil {
			return nil
		}
		_, err := g.add(r, func() (*rgbd.Labelled, error) { return set.Load(item) })
		return err
	}
	e, err := d.Evaluate(ctx, set.Scans(ctx, dataset.Test), each, append(opts, iad3d.WithProgress(b.step))...)
	if err != nil || g == nil {
		return e, err
	}
	b.end()
	b = a.progress("heat maps "+label, len(items))
	defer b.end()
	_, _, err = g.draw(ctx, b.step)
	return e, err
}

// Names of the tables of an evaluation.
const (
	scoresFile     = "scores.csv"
	evaluationFile = "evaluation.json"
)

// writeEvaluation writes the tables of an evaluation into a folder.
func writeEvaluation(dir string, doc evalDocument) error {
	err := write(filepath.Join(dir, scoresFile), func(w io.Writer) error { return report.CSV(w, doc.Evaluation) })
	if err != nil {
		return err
	}
	return write(filepath.Join(dir, evaluationFile), func(w io.Writer) error { return encode(w, doc) })
}
