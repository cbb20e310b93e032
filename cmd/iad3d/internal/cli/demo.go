package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/internal/synth"
	"github.com/iad3d/iad3d/io/dataset"
	"github.com/iad3d/iad3d/report"
)

const demoLong = `Try everything on made-up scans: make a synthetic inspection line, fit a model to the
sound scans of each part, score and evaluate the others, and draw heat maps beside
the photos. Nothing is fetched from anywhere.

The folder must be new, empty, or one that demo wrote before.`

type demoOptions struct {
	out  string
	seed uint64
	line synth.Options
}

func (a *app) demo() *cobra.Command {
	o := demoOptions{line: demoLine()}
	cmd := &cobra.Command{
		Use:     "demo [--out DIR]",
		Short:   "Make scans, fit, score, evaluate and draw, in one go",
		Long:    demoLong,
		Example: "  iad3d demo\n  iad3d demo --out /tmp/demo --seed 7",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.runDemo(cmd.Context(), &o) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.out, "out", "iad3d-demo", "folder to write")
	f.Uint64Var(&o.seed, "seed", 1, "seed of the scans")
	a.addThreads(cmd)
	a.addJSON(cmd, "write a JSON document")
	return cmd
}

// demoLine is small enough for a minute on two processor cores.
func demoLine() synth.Options {
	return synth.Options{
		Size: 224, Train: 8, Validation: -1, Good: 4, PerDefect: 1, Parts: synth.Parts(),
	}
}

// demoMark is the file that says that a folder is demo's.
const demoMark = "demo.json"

// demoDocument is what demo --json writes.
type demoDocument struct {
	Out     string     `json:"out"`
	Seed    uint64     `json:"seed"`
	Parts   []demoPart `json:"parts"`
	Seconds float64    `json:"seconds"`
}

// demoPart is what demo found out about one part.
type demoPart struct {
	Class    string `json:"class"`
	Model    string `json:"model"`
	Heatmaps string `json:"heatmaps"` // folder
	*iad3d.Evaluation
}

func (a *app) runDemo(ctx context.Context, o *demoOptions) error {
	start := time.Now()
	o.line.Seed = o.seed
	if err := claim(o.out); err != nil {
		return err
	}
	line := filepath.Join(o.out, "line")
	if err := a.makeLine(ctx, line, o.line, false); errors.Is(err, synth.ErrOccupied) {
		return usagef("%s holds a demo with another seed or of another version; choose another folder with --out", o.out)
	} else if err != nil {
		return err
	}
	doc := demoDocument{Out: o.out, Seed: o.seed}
	for _, name := range o.line.Parts {
		p, err := a.demoPart(ctx, o.out, line, name)
		if err != nil {
			return err
		}
		doc.Parts = append(doc.Parts, p)
	}
	doc.Seconds = time.Since(start).Seconds()
	var text strings.Builder
	if err := doc.text(&text); err != nil {
		return err
	}
	table := filepath.Join(o.out, "table.txt")
	err := write(table, func(w io.Writer) error {
		_, err := io.WriteString(w, text.String())
		return err
	})
	if err != nil {
		return err
	}
	if a.json {
		return a.document(doc)
	}
	if err := a.printf("%s\nWhere to look, after %.0f s:\n", text.String(), doc.Seconds); err != nil {
		return err
	}
	err = a.table([][2]string{
		{"  " + filepath.Join(o.out, "heatmaps"), "each test scan and, beside it, what was found"},
		{"  " + filepath.Join(o.out, "maps"), "the score maps, float TIFF"},
		{"  " + filepath.Join(o.out, "line"), "the scans, in MVTec 3D-AD's layout"},
		{"  " + filepath.Join(o.out, "models"), "the models"},
		{"  " + table, "the tables above"},
	})
	if err != nil {
		return err
	}
	first := doc.Parts[0]
	return a.printf("Next: iad3d score --model %s %s\n", first.Model, filepath.Join(line, first.Class, "test", first.Defects[0].Defect))
}

// claim makes sure that the folder is demo's to write to.
func claim(dir string) error {
	free, err := vacant(dir)
	if err != nil {
		return err
	}
	mark := filepath.Join(dir, demoMark)
	if _, err := os.Stat(mark); !free && err != nil {
		return usagef("%s is not empty and was not written by demo; choose another folder with --out", dir)
	}
	if err := writableFolder(dir); err != nil {
		return err
	}
	return write(mark, func(w io.Writer) error {
		return json.NewEncoder(w).Encode(map[string]string{"generator": "iad3d demo", "version": iad3d.Version})
	})
}

// demoPart fits, saves, evaluates and draws one part.
func (a *app) demoPart(ctx context.Context, out, line, name string) (demoPart, error) {
	p := demoPart{
		Class:    name,
		Model:    filepath.Join(out, "models", name+".iad3d"),
		Heatmaps: filepath.Join(out, "heatmaps", name),
	}
	set, err := dataset.OpenMVTec3D(line, name)
	if err != nil {
		return p, err
	}
	d, err := a.fitSet(ctx, set, iad3d.Config{}, "fit "+name)
	if err != nil {
		return p, err
	}
	if err := save(d, p.Model); err != nil {
		return p, err
	}
	g, err := newGallery(p.Heatmaps, filepath.Join(out, "maps", name))
	if err != nil {
		return p, err
	}
	p.Evaluation, err = a.evaluate(ctx, d, set, g, name)
	return p, err
}

// text writes the figures by part and by defect.
func (doc *demoDocument) text(w io.Writer) error {
	var parts []report.NamedEvaluation
	for _, p := range doc.Parts {
		parts = append(parts, report.NamedEvaluation{Name: p.Class, Evaluation: p.Evaluation})
	}
	if err := report.Summary(w, parts); err != nil {
		return err
	}
	const row = "%-9s%13s%13s%8s\n"
	fmt.Fprintf(w, "\n"+row, "defect", "image AUROC", "pixel AUROC", "AU-PRO")
	for i, first := range doc.Parts[0].Defects { // every part has the same ones
		var mean iad3d.Metrics
		for _, p := range doc.Parts {
			m := p.Defects[i]
			mean.ImageAUROC += m.ImageAUROC
			mean.PixelAUROC += m.PixelAUROC
			mean.AUPRO += m.AUPRO
		}
		n := float64(len(doc.Parts))
		f := func(sum float64) string { return strconv.FormatFloat(sum/n, 'f', 4, 64) }
		fmt.Fprintf(w, row, first.Defect, f(mean.ImageAUROC), f(mean.PixelAUROC), f(mean.AUPRO))
	}
	_, err := fmt.Fprintln(w, "means over the parts; stained changes the colour only")
	return err
}
