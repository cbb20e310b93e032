package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/io/dataset"
	"github.com/iad3d/iad3d/io/model"
	"github.com/iad3d/iad3d/rgbd"
)

const fitLong = `Fit a model to the sound scans of a class: its train split. The same scans, options
and seed give the same model file, byte for byte.

The protocol chooses the settings and how results are evaluated: "default" is
iad3d's own, "btf" repeats the program of Horwitz and Hoshen, "Back to the
Feature", so that its figures come out. The flags from --size on change single
settings.

Features of the default protocol, each with a memory bank of its own: fpfh (how normals
lie to each other), surface (an image of how the surface bends and slants) and rgb
(colour), the two latter through the network of --backbone, without it through built-in
filters; normals (an image of them) can be asked for. Every
training scan is held out in turn: that weighs the features, names suspect scans, and
sets thresholds that sound scans exceed at the rate of --false-alarms. Features of btf:
fpfh, rgb, depth (through the network), raw, hog, sift, put side by side.

The method says how a feature's descriptors are judged: "bank" is iad3d's own. Two
others are there to be compared with it, for rasters and the default protocol: "padim",
a Gaussian for each cell of the window on the part, and "spade", the nearest descriptors
of those training scans that are most alike as a whole. "iad3d bench" has all three.

Scans may be rasters or loose points, clouds without a raster, but not both in one
model. Loose ones are described by fpfh under the default protocol, and whole: what
lies around the part should not be in them.`

type fitOptions struct {
	source
	net      backboneFlags
	out      string
	protocol string
	method   string
	features string
	unclean  string // share of defective training scans, or auto
	config   iad3d.Config
}

func (a *app) fit() *cobra.Command {
	var o fitOptions
	cmd := &cobra.Command{
		Use:   "fit --dataset KIND --root DIR [--class NAME] --out MODEL",
		Short: "Fit a model to scans of sound parts",
		Long:  fitLong,
		Example: `  iad3d fit --dataset mvtec3d --root mvtec_3d --class bagel --out bagel.iad3d
  iad3d fit --dataset mvtec3d --root mvtec_3d --class bagel --features rgb+fpfh --backbone resnet50.onnx --out bagel.iad3d
  iad3d fit --dataset mvtec3d --root mvtec_3d --class bagel --protocol btf --out bagel-btf.iad3d`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.complete(cmd.Flags()); err != nil {
				return err
			}
			return a.runFit(cmd.Context(), &o)
		},
	}
	o.source.add(cmd)
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.out, "out", "", "model file to write")
	f.StringVar(&o.protocol, "protocol", string(iad3d.ProtocolDefault), "settings and evaluation: default or btf")
	f.StringVar(&o.method, "method", string(iad3d.MethodBank), "how descriptors are judged: bank, padim or spade")
	f.StringVar(&o.features, "features", "", "what describes the surface, joined by +: "+strings.Join(iad3d.Features(), ", ")+" (fpfh+surface+rgb, without colour fpfh+surface; loose scans and btf: fpfh)")
	o.net.add(cmd)
	f.Uint64Var(&o.config.Seed, "seed", 0, "seed of all random choices")
	a.addThreads(cmd)
	a.addJSON(cmd, "write a JSON document about the model")
	c := &o.config
	f.Float64Var(&c.FalseAlarms, "false-alarms", 0, "share of sound scans that may exceed the model's thresholds (0.05)")
	f.StringVar(&o.unclean, "contamination", "0", "share of the training scans, at most 0.3, to leave out as defective, or auto: those that stand out; of the others a fiftieth is forgotten")
	f.IntVar(&c.Size, "size", 0, "side of the working raster, pixels (168, btf 224)")
	f.IntVar(&c.Input, "input", 0, "side of the images a network is given, pixels (448, btf as --size)")
	f.IntVar(&c.Rows, "rows", 0, "most descriptors that the model keeps per feature (64000, spade 16000)")
	f.IntVar(&c.Alike, "alike", 0, "of the method spade: training scans that a scan is compared with (10)")
	f.IntVar(&c.Sketch, "sketch", 0, "most values that describe a network's layer (128)")
	f.IntVar(&c.Cells, "cells", 0, "descriptor cells along that side (56, btf 28)")
	f.IntVar(&c.NormalK, "normal-k", 0, "neighbours of a normal (30)")
	f.IntSliceVar(&c.FPFHK, "fpfh-k", nil, "neighbours of the descriptors, one number or several (40,80,160; btf 100)")
	f.Float64Var(&c.Coreset, "coreset", 0, "of btf and loose scans: share of the descriptors that the model keeps (0.1)")
	f.IntVar(&c.Neighbors, "neighbors", 0, "nearest descriptors that a score is the mean of (1, loose scans 3)")
	f.Float64Var(&c.Top, "top", 0, "share of the part's pixels, the highest, that make a scan's score (0.01, btf none)")
	f.Float64Var(&c.Blur, "blur", 0, "standard deviation of the map's blur, pixels (2.5, btf 4)")
	f.IntVar(&c.Points, "points", 0, "of loose scans: most points they are thinned out to (5000)")
	f.Float64Var(&c.Voxel, "voxel", 0, "of loose scans: side of the voxels for that, metres (chosen by --points)")
	f.IntVar(&c.Centres, "centres", 0, "of loose scans: points that get a descriptor each (3000)")
	f.IntVar(&c.Pool, "pool", 0, "of loose scans: points whose descriptors are averaged in it (32)")
	f.BoolVar(&c.Align, "align", false, "loose scans: lay each on the first one, report how it lies, refuse those that do not fit")
	f.BoolVar(&c.Unscaled, "unscaled", false, "leave distances as they are in place of dividing them by those between sound parts there")
	f.BoolVar(&c.Unwhitened, "unwhitened", false, "compare a network's descriptors of photos as they are in place of by how sound parts differ in them")
	f.BoolVar(&c.Trusting, "trusting", false, "trust all training scans: what only one of them has is as sound as what all have")
	f.BoolVar(&c.KeepPlane, "keep-plane", false, "keep the plane the part lies on (btf: always)")
	complete(cmd, "protocol", string(iad3d.ProtocolDefault), string(iad3d.ProtocolBTF))
	complete(cmd, "method", string(iad3d.MethodBank), string(iad3d.MethodPaDiM), string(iad3d.MethodSPADE))
	complete(cmd, "features", iad3d.Features()...)
	require(cmd, "dataset", "root", "out")
	return cmd
}

// complete makes the configuration from the flags. A number given as 0 would
// silently become the default.
func (o *fitOptions) complete(flags *pflag.FlagSet) error {
	for _, name := range []string{"false-alarms", "size", "input", "rows", "alike", "sketch", "cells", "normal-k", "coreset", "neighbors", "top", "blur", "points", "voxel", "centres", "pool"} {
		if f := flags.Lookup(name); f.Changed && f.Value.String() == "0" {
			return usagef("--%s 0: want more than 0", name)
		}
	}
	o.config.Protocol, o.config.Method = iad3d.Protocol(o.protocol), iad3d.Method(o.method)
	if o.features != "" {
		o.config.Features = strings.Split(o.features, "+")
	}
	if o.unclean == "auto" {
		o.config.Contamination = iad3d.ContaminationAuto
		return nil
	}
	share, err := strconv.ParseFloat(o.unclean, 64)
	if err != nil || !(share >= 0 && share <= 0.3) {
		return usagef("--contamination %s: want auto or a number from 0 to 0.3", o.unclean)
	}
	o.config.Contamination = share
	return nil
}

// bankSize is the size of a model's memory bank, or of what it has in its place.
type bankSize struct {
	Rows   int `json:"rows"`
	Values int `json:"values"`
}

func sizeOf(d *iad3d.Detector) bankSize {
	rows, values := d.BankSize()
	return bankSize{rows, values}
}

// fitDocument is what fit --json writes.
type fitDocument struct {
	Model      string           `json:"model"`
	Bytes      int64            `json:"bytes"`
	SHA256     string           `json:"sha256"`
	Class      string           `json:"class"`
	Bank       bankSize         `json:"bank"`
	Config     iad3d.Config     `json:"config"`
	Provenance iad3d.Provenance `json:"provenance"`
	// Null where the model has none: the btf protocol, loose scans, a single scan.
	Thresholds  *iad3d.Thresholds  `json:"thresholds"`
	Calibration *iad3d.Calibration `json:"calibration"`
	Seconds     float64            `json:"seconds"`
}

func (a *app) runFit(ctx context.Context, o *fitOptions) error {
	// The rows of all scans are most of what a fit holds: as much again for garbage
	// would be too much.
	defer debug.SetGCPercent(debug.SetGCPercent(40))
	start := time.Now()
	if err := modelTarget(o.out); err != nil {
		return err
	}
	set, err := o.source.open()
	if err != nil {
		return err
	}
	net, err := o.net.open()
	if err != nil {
		return err
	}
	defer net.close()
	d, err := a.fitSet(ctx, set, o.config, "fit "+set.Class, net.options()...)
	if err != nil {
		return err
	}
	if err := save(d, o.out); err != nil {
		return err
	}
	head, err := model.ReadHeader(o.out)
	if err != nil {
		return err
	}
	doc := fitDocument{o.out, head.Size, head.SHA256, set.Class, sizeOf(d), d.Config(), d.Provenance(), d.Thresholds(), d.Calibration(), time.Since(start).Seconds()}
	if a.json {
		a.warnCalibration(&doc.Config, doc.Thresholds, doc.Calibration)
		return a.document(doc)
	}
	what := "descriptors"
	if doc.Config.Method == iad3d.MethodPaDiM {
		what = "Gaussians"
	}
	if err := a.printf("%s: %s; %d %s of %d scans of %s, %s; %.1f s\n", doc.Model, strings.Join(doc.Config.Features, "+"),
		doc.Bank.Rows, what, doc.Provenance.Scans, doc.Class, byteCount(doc.Bytes), doc.Seconds); err != nil {
		return err
	}
	if t := doc.Thresholds; t != nil {
		if err := a.printf("%s\n", promise(t)); err != nil {
			return err
		}
	}
	a.warnCalibration(&doc.Config, doc.Thresholds, doc.Calibration)
	return nil
}

// promise says what a model's thresholds are worth.
func promise(t *iad3d.Thresholds) string {
	return fmt.Sprintf("threshold %.4g: of %d sound scans held out in turn, false alarms in at most %.3g %% promised", t.Scan, t.Scans, 100*t.Promised)
}

// warnCalibration warns of too few scans for the rate that was asked for, of thresholds
// that leave out what stands out, and of training scans that may be defective.
func (a *app) warnCalibration(fitted *iad3d.Config, t *iad3d.Thresholds, c *iad3d.Calibration) {
	if t != nil && t.Promised > t.FalseAlarms+1e-9 {
		a.note("%d scans are too few to promise false alarms in %.3g %% only: fit at least %d", t.Scans, 100*t.FalseAlarms, int(math.Ceil(1/t.FalseAlarms-1e-9))-1)
	}
	if c == nil {
		return
	}
	if fitted.Contamination != 0 {
		a.note("--contamination leaves out what stands out: should all scans be sound, some more than promised will fail; fit without it then")
	}
	if len(c.Left) > 0 {
		a.note("left out as defective: %s", strings.Join(c.Left, ", "))
	}
	a.warnSuspects(c)
}

func (a *app) warnSuspects(c *iad3d.Calibration) {
	if len(c.Suspects) > 0 {
		a.note("look at these training scans, they stand out from the others: %s", strings.Join(c.Suspects, ", "))
	}
}

// fitSet fits a detector to the train split.
func (a *app) fitSet(ctx context.Context, set *dataset.Set, c iad3d.Config, label string, opts ...iad3d.Option) (*iad3d.Detector, error) {
	b := a.progress(label, len(set.Items(dataset.Train)))
	defer b.end()
	return iad3d.Fit(ctx, c, a.doubting(rgbd.WithoutLabels(set.Scans(ctx, dataset.Train)), set.Unit != nil), append(opts, iad3d.WithProgress(b.step))...)
}

// modelTarget checks, before a long fit, that a model can be written under path
// and that nothing else is there.
func modelTarget(path string) error {
	if err := writable(path); err != nil {
		return err
	}
	if info, err := os.Stat(path); err == nil && info.Size() > 0 {
		if _, err := model.ReadHeader(path); errors.Is(err, model.ErrNotModel) {
			return usagef("%s exists and is not a model; it is not overwritten", path)
		}
	}
	return nil
}

// save writes a model, its folder too where that is missing.
func save(d *iad3d.Detector, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return d.Save(path)
}
