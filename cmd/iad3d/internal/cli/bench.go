package cli

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/internal/bench"
	"github.com/iad3d/iad3d/io/dataset"
)

const benchLong = `Fit and evaluate several methods on the classes of a data set and put the figures into
the tables of the papers: image AUROC, pixel AUROC and AU-PRO, methods × classes, the
mean, and for the paper's own methods and data the published values beside ours.

Methods of the protocol btf, rows of the table of Horwitz and Hoshen, "Back to the
Feature": rgb and depth (through the network of --backbone; without it rgb uses
built-in filters), raw, hog, sift, fpfh, rgb+fpfh. "all" takes those that are possible.
Of the protocol default, combinations of fpfh, surface, normals and rgb; "default", the one
that a fit chooses, and with the same features two other detectors, padim and spade (see
"iad3d fit --help"); or "ablation": the default detector of scans with colour and with
one of its levers off at a time. With --bootstrap every
figure has its 95 % interval, and its difference to the first row's another.

The folder --out gets table.md, table.csv, table.json, and evidence.json with hashes of
scans, backbone and models, settings, seeds and times. Each finished run is kept there
as well: after an interrupt the same command goes on where it was. A run is done again
when the scans, the settings, the backbone or the program have changed.`

type benchOptions struct {
	source
	net          backboneFlags
	methods      string
	protocol     string
	seeds        int
	bootstrap    int
	preprocessed bool
	out          string
}

func (a *app) bench() *cobra.Command {
	var o benchOptions
	cmd := &cobra.Command{
		Use:   "bench --dataset KIND --root DIR [--class NAME,…] [--methods all|ablation|LIST] --out DIR",
		Short: "Compare methods on the classes of a data set",
		Long:  benchLong,
		Example: `  iad3d bench --dataset mvtec3d --root mvtec_3d --backbone wrn50.onnx --out results
  iad3d bench --dataset mvtec3d --root mvtec_3d --class bagel,rope --methods fpfh,sift --out results
  iad3d bench --dataset mvtec3d --root mvtec_3d --protocol default --methods default,padim,spade --out others
  iad3d bench --dataset mvtec3d --root mvtec_3d --protocol default --methods ablation --bootstrap 1000 --out levers`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runBench(cmd.Context(), &o) },
	}
	o.source.add(cmd)
	f := cmd.Flags()
	f.SortFlags = false
	f.Lookup("class").Usage = "classes, joined by commas; all when left out"
	f.StringVar(&o.methods, "methods", "all", "methods, joined by commas; all; ablation")
	o.net.add(cmd)
	f.StringVar(&o.protocol, "protocol", string(iad3d.ProtocolBTF), "settings and evaluation: btf or default")
	f.IntVar(&o.seeds, "seeds", 1, "seeds that methods with random choices are averaged over: 0, 1, …")
	f.IntVar(&o.bootstrap, "bootstrap", 0, "add 95 % intervals from so many replicas of the test scans")
	f.BoolVar(&o.preprocessed, "preprocessed", false, "the scans have no background: compare with the values published for such")
	f.StringVar(&o.out, "out", "", "folder for tables, evidence and finished runs")
	a.addThreads(cmd)
	a.addJSON(cmd, "write the table as a JSON document")
	complete(cmd, "protocol", string(iad3d.ProtocolBTF), string(iad3d.ProtocolDefault))
	require(cmd, "dataset", "root", "out")
	return cmd
}

// maxSeeds and maxReplicas keep a mistyped number from running for weeks.
const (
	maxSeeds    = 100
	maxReplicas = 100_000
)

func (a *app) runBench(ctx context.Context, o *benchOptions) error {
	p, err := a.plan(o)
	if err != nil {
		return err
	}
	net, err := o.net.open()
	if err != nil {
		return err
	}
	defer net.close()
	p.Backbone = net.Backbone
	runs, err := p.Do(ctx, func(r bench.Run) {
		if r.Reused {
			a.note("%s %s, seed %d: taken over from an earlier run", r.Class, r.Method, r.Seed)
		}
	}, func(label string, steps int) (func(int), func()) {
		b := a.progress(label, steps)
		return b.step, b.end
	})
	if err != nil {
		return err
	}
	t := p.Tabulate(runs)
	if err := p.Write(t, runs); err != nil {
		return err
	}
	a.note("tables and evidence are in %s", o.out)
	if a.json {
		return t.JSON(a.stdout)
	}
	return t.Markdown(a.stdout)
}

// plan makes the plan from the flags.
func (a *app) plan(o *benchOptions) (*bench.Plan, error) {
	p := &bench.Plan{
		Dataset: o.kind, Root: o.root, Out: o.out, Program: revision(), Preprocessed: o.preprocessed,
		Config: iad3d.Config{Protocol: iad3d.Protocol(o.protocol)},
	}
	if !slices.Contains(iad3d.Protocols(), p.Config.Protocol) {
		return nil, usagef("--protocol %q: there are %v", o.protocol, iad3d.Protocols())
	}
	if o.seeds < 1 || o.seeds > maxSeeds {
		return nil, usagef("--seeds %d: want 1 to %d", o.seeds, maxSeeds)
	}
	if o.bootstrap != 0 && (o.bootstrap < 2 || o.bootstrap > maxReplicas) {
		return nil, usagef("--bootstrap %d: want 2 to %d", o.bootstrap, maxReplicas)
	}
	p.Bootstrap = o.bootstrap
	for i := range o.seeds {
		p.Seeds = append(p.Seeds, uint64(i))
	}
	var err error
	if p.Methods, err = o.chosen(p.Config.Protocol, o.net.file != ""); err != nil {
		return nil, err
	}
	if err := writableFolder(o.out); err != nil {
		return nil, err
	}
	if err := benchFolder(o.out); err != nil {
		return nil, err
	}
	if p.Classes, err = o.openAll(); err != nil {
		return nil, err
	}
	for _, c := range p.Classes {
		if inside(o.out, c.Root) {
			return nil, usagef("--out %s lies in the data set", o.out)
		}
	}
	return p, nil
}

// chosen returns the methods that were asked for.
func (o *benchOptions) chosen(p iad3d.Protocol, backbone bool) ([]bench.Method, error) {
	all := bench.Methods(p)
	if o.methods == "all" {
		return slices.DeleteFunc(all, func(m bench.Method) bool {
			return m.Needs == bench.MustBackbone && !backbone || m.Key == bench.DefaultKey // that is one of the combinations
		}), nil
	}
	if o.methods == "ablation" {
		if p == iad3d.ProtocolBTF {
			return nil, usagef("--methods ablation needs --protocol default")
		}
		return bench.Ablation([]string{iad3d.FeatureFPFH, iad3d.FeatureSurface, iad3d.FeatureRGB}, backbone), nil
	}
	var keys []string
	for _, m := range all {
		keys = append(keys, m.Key)
	}
	var chosen []bench.Method
	for key := range strings.SplitSeq(o.methods, ",") {
		i := slices.Index(keys, key)
		switch {
		case i < 0:
			known := append([]string{"all"}, keys...)
			if p != iad3d.ProtocolBTF {
				known = slices.Insert(known, 1, "ablation")
			}
			return nil, usagef("--methods %q: there are %s", key, strings.Join(known, ", "))
		case slices.ContainsFunc(chosen, func(m bench.Method) bool { return m.Key == key }):
			return nil, usagef("--methods: %s is there twice", key)
		case all[i].Needs == bench.MustBackbone && !backbone:
			return nil, usagef("method %s needs --backbone", key)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// openAll opens the classes that were asked for, or all.
func (s *source) openAll() ([]*dataset.Set, error) {
	names := strings.Split(s.class, ",")
	if s.class == "" {
		var err error
		if names, err = s.classes(); err != nil {
			return nil, err
		}
	}
	var sets []*dataset.Set
	for i, n := range names {
		if n == "" || slices.Contains(names[:i], n) {
			return nil, usagef("--class %s: an empty name, or one that is there twice", s.class)
		}
		one := *s
		one.class = n
		set, err := one.open()
		if err != nil {
			return nil, err
		}
		sets = append(sets, set)
	}
	return sets, nil
}

// benchFolder refuses a folder that holds anything but an earlier benchmark.
func benchFolder(dir string) error {
	free, err := vacant(dir)
	if err != nil || free {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, bench.RunsFolder)); err != nil {
		return usagef("--out %s is neither empty nor the folder of an earlier benchmark", dir)
	}
	return nil
}
