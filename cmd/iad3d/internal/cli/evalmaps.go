package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/iad3d/iad3d/io/groundtruth"
	"github.com/iad3d/iad3d/mapeval"
	"github.com/iad3d/iad3d/metrics"
	"github.com/iad3d/iad3d/report/curve"
)

// mapsOptions are the flags of eval --maps.
type mapsOptions struct {
	maps, gt, layout string
	limits           []float64
	saturation       string
	btf              bool
	bootstrap        int
	seed             uint64
	official, curves string
}

// modelFlags and mapsFlags are what belongs to one way of eval only.
var (
	modelFlags = []string{"model", "dataset", "root", "image", "backbone", "ort-library", "out"}
	mapsFlags  = []string{"maps", "gt", "layout", "limits", "saturation", "btf", "official-json", "curves"}
)

const autoLayout = "auto"

func (o *mapsOptions) add(cmd *cobra.Command) {
	layouts := []string{autoLayout}
	for _, l := range groundtruth.Layouts() {
		layouts = append(layouts, string(l))
	}
	f := cmd.Flags()
	f.StringVar(&o.maps, "maps", "", "folder of anomaly maps to rate (TIFF, NPY, NPZ, PNG), in place of a model")
	f.StringVar(&o.gt, "gt", "", "folder of their ground truth: the data set, or one class of it")
	f.StringVar(&o.layout, "layout", autoLayout, "layout of the ground truth: "+strings.Join(layouts, ", "))
	f.Float64SliceVar(&o.limits, "limits", nil, "false-positive rates to integrate PRO curves to, the headline's first (0.3,0.1,0.05,0.01; loco 0.05,0.01,0.1,0.3,1)")
	f.Lookup("limits").DefValue = "" // the text above says it
	f.StringVar(&o.saturation, "saturation", "", "rate sPRO: a region counts as found from 25px, 0.3 (of it) or 4mm2 on")
	f.BoolVar(&o.btf, "btf", false, "compare at 224×224 as BTF does")
	f.IntVar(&o.bootstrap, "bootstrap", 0, "add 95 % intervals from so many replicas of the set")
	f.Uint64Var(&o.seed, "seed", 0, "seed of the bootstrap")
	f.StringVar(&o.official, "official-json", "", "write the document of the data set's official script to this file")
	f.StringVar(&o.curves, "curves", "", "folder for ROC, precision-recall and PRO curves: PNG, SVG, CSV")
	complete(cmd, "layout", layouts...)
}

// evalMode tells which way of eval the flags mean, and refuses a mixture.
func evalMode(flags *pflag.FlagSet) (maps bool, err error) {
	maps = flags.Changed("maps") || flags.Changed("gt")
	need, others, way := []string{"model", "dataset", "root"}, mapsFlags, "--model"
	if maps {
		need, others, way = []string{"maps", "gt"}, modelFlags, "--maps"
	}
	for _, name := range others {
		if flags.Changed(name) {
			return maps, usagef("--%s does not go with %s", name, way)
		}
	}
	var missing []string
	for _, name := range need {
		if !flags.Changed(name) {
			missing = append(missing, "--"+name)
		}
	}
	if len(missing) > 0 {
		return maps, usagef("missing %s", strings.Join(missing, ", "))
	}
	return maps, nil
}

// parseSaturation reads 25px, 0.3 or 4mm2.
func parseSaturation(text string) (s metrics.Saturation, err error) {
	if text == "" {
		return s, nil
	}
	field, number := &s.Share, text
	if n, ok := strings.CutSuffix(text, "px"); ok {
		field, number = &s.Pixels, n
	} else if n, ok := strings.CutSuffix(strings.Replace(text, "mm²", "mm2", 1), "mm2"); ok {
		field, number = &s.Area, n
	}
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || !(v > 0) || v-v != 0 || field == &s.Share && v > 1 {
		return s, usagef("--saturation %s: want pixels (25px), a share of the region up to 1 (0.3) or an area (4mm2)", text)
	}
	*field = v
	return s, nil
}

// mapsDocument is what eval --maps --json writes.
type mapsDocument struct {
	Maps string `json:"maps"`
	GT   string `json:"gt"`
	*mapeval.Report
	Seconds float64 `json:"seconds"`
}

func (a *app) runEvalMaps(ctx context.Context, o *mapsOptions, class string) error {
	start := time.Now()
	opts := mapeval.Options{Layout: groundtruth.Layout(o.layout), Class: class, Limits: o.limits, BTF: o.btf, Bootstrap: o.bootstrap, Seed: o.seed, Curves: o.curves != ""}
	switch {
	case o.layout == autoLayout:
		opts.Layout = ""
	case !slices.Contains(groundtruth.Layouts(), opts.Layout):
		return usagef("--layout %q: there is %s, %v", o.layout, autoLayout, groundtruth.Layouts())
	}
	var err error
	if opts.Saturation, err = parseSaturation(o.saturation); err != nil {
		return err
	}
	if o.official != "" {
		if err := writable(o.official); err != nil {
			return err
		}
	}
	if o.curves != "" {
		if inside(o.curves, o.gt) || inside(o.curves, o.maps) {
			return usagef("--curves %s lies among the maps or the ground truth", o.curves)
		}
		if err := writableFolder(o.curves); err != nil {
			return err
		}
	}
	// Most of the memory is scores that stay: little of it should wait for the
	// collector.
	defer debug.SetGCPercent(debug.SetGCPercent(50))
	var b *bar
	opts.Progress = func(done, total int) {
		if b == nil { // the total is known only now
			b = a.progress("rate maps", total)
		}
		b.step(done)
	}
	r, err := mapeval.Rate(ctx, o.maps, o.gt, opts)
	if b != nil {
		b.end()
	}
	if err != nil {
		return err
	}
	for _, n := range r.Notes {
		a.note("%s", n)
	}
	if o.official != "" {
		if err := write(o.official, func(w io.Writer) error { return mapeval.OfficialJSON(w, r) }); err != nil {
			return err
		}
	}
	if o.curves != "" {
		if err := drawCurves(o.curves, r); err != nil {
			return err
		}
		a.note("curves are in %s", o.curves)
	}
	doc := mapsDocument{o.maps, o.gt, r, time.Since(start).Seconds()}
	if a.json {
		return a.document(doc)
	}
	return a.printMaps(doc)
}

// tableStep is the distance below which points of a curve's table are left out:
// many millions would not serve anyone.
const tableStep = 1e-4

var curveTitles = map[string]string{
	"image_roc": "ROC of scans", "image_pr": "precision and recall of scans", "pixel_roc": "ROC of pixels",
	"pixel_pr": "precision and recall of pixels", "pro": "PRO", "spro": "sPRO",
}

// drawCurves writes a picture and a table of each curve of each class.
func drawCurves(dir string, r *mapeval.Report) error {
	taken := names{}
	for _, c := range r.Classes {
		var figures []curve.Figure
		byName := map[string]int{}
		for _, l := range c.Curves {
			name := strings.TrimSuffix(strings.TrimSuffix(l.Name, "_official"), "_exact")
			i, ok := byName[name]
			if !ok {
				i = len(figures)
				byName[name] = i
				figures = append(figures, curve.Figure{Title: c.Class + ", " + curveTitles[name]})
			}
			figures[i].Lines = append(figures[i].Lines, curve.Line{Name: strings.ReplaceAll(l.Name, "_", " "), Curve: l.Curve})
		}
		for name, i := range byName {
			f := figures[i]
			file := filepath.Join(dir, taken.unique(c.Class+"_"+name))
			table := slices.Clone(f.Lines)
			for k := range table {
				table[k].Curve = table[k].Thin(tableStep)
			}
			if strings.HasSuffix(name, "pro") {
				f.Limit = c.Areas[0].Limit
			}
			for ext, encode := range map[string]func(io.Writer) error{
				".png": func(w io.Writer) error { return curve.PNG(w, f) },
				".svg": func(w io.Writer) error { return curve.SVG(w, f) },
				".csv": func(w io.Writer) error { return curve.CSV(w, table...) },
			} {
				if err := write(file+ext, encode); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// printMaps writes the report for people.
func (a *app) printMaps(doc mapsDocument) error {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	limits := doc.Classes[0].Areas
	name := "AU-PRO"
	if strings.HasPrefix(doc.Conventions["areas.exact"], "AU-sPRO") {
		name = "AU-sPRO"
	}
	fmt.Fprintf(w, "\tscans\tregions\timage AUROC\tpixel AUROC\t")
	for _, l := range limits {
		fmt.Fprintf(w, "%s@%v\texact\t", name, l.Limit)
	}
	fmt.Fprintln(w)
	row := func(label string, scans, regions int, image float64, pixel *float64, areas []mapeval.Area) {
		fmt.Fprintf(w, "%s\t%d\t%d\t%s\t%s\t", oneLine(label), scans, regions, places(&image), places(pixel))
		for i := range limits {
			if areas == nil {
				fmt.Fprint(w, "-\t-\t")
				continue
			}
			fmt.Fprintf(w, "%s\t%s\t", places(areas[i].Official), places(&areas[i].Exact))
		}
		fmt.Fprintln(w)
	}
	for _, c := range doc.Classes {
		for _, k := range c.Kinds {
			if k.PixelFigures == nil {
				row(c.Class+" "+k.Kind, k.Scans, k.Regions, k.ImageFigures.AUROC, nil, nil)
				continue
			}
			row(c.Class+" "+k.Kind, k.Scans, k.Regions, k.ImageFigures.AUROC, &k.PixelFigures.AUROC, k.Areas)
		}
		row(c.Class, c.Defective, c.Regions, c.ImageFigures.AUROC, &c.PixelFigures.AUROC, c.Areas)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, c := range doc.Classes {
		fmt.Fprintf(&b, "%s: against %d good scans, %d pixels in all", oneLine(c.Class), c.Good, c.Pixels)
		fmt.Fprintf(&b, "; pixel AP %.4f, F1-max %.4f at %.6g, IoU-max %.4f\n", c.PixelFigures.AP, c.PixelFigures.F1Max.Value, c.PixelFigures.F1Max.Threshold, c.IoUMax.Value)
		if i := c.Intervals; i != nil {
			fmt.Fprintf(&b, "  image AUROC %.4f to %.4f, pixel AUROC %.4f to %.4f", i.ImageAUROC.Low, i.ImageAUROC.High, i.PixelAUROC.Low, i.PixelAUROC.High)
			for k, area := range i.Areas {
				fmt.Fprintf(&b, ", %s@%v %.4f to %.4f", name, c.Areas[k].Limit, area.Low, area.High)
			}
			fmt.Fprintf(&b, " (%s)\n", i.Convention)
		}
	}
	fmt.Fprintf(&b, "headline: image AUROC %.4f, pixel AUROC %.4f, %s %.4f\n%s\nexact: %s\n%.1f s\n",
		doc.ImageAUROC, doc.PixelAUROC, name, doc.AUPRO, doc.Convention, doc.Conventions["areas.exact"], doc.Seconds)
	_, err := a.stdout.Write(b.Bytes())
	return err
}

// places formats a figure to four places, "-" for none.
func places(v *float64) string {
	if v == nil {
		return "-"
	}
	return strconv.FormatFloat(*v, 'f', 4, 64)
}
