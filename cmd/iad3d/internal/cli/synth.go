package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/iad3d/iad3d/internal/synth"
)

const synthLong = `Make the scans of an inspection line: procedural parts under a simulated 3-D sensor,
sound ones and ones with a defect, with colour and exact ground truth, in the
layout of MVTec 3D-AD. The same options and seed give the same files.

With --loose the parts are clouds without a raster, each turned at random, without
the table and without colour, as PCD files in the layout of Real3D-AD (--dataset
real3d), with the ground truth of each point. Defects of colour alone are left out.

A part's folder must be new, empty, or made with the same options.`

type synthOptions struct {
	synth.Options
	out   string
	loose bool
}

func (a *app) synth() *cobra.Command {
	var o synthOptions
	cmd := &cobra.Command{
		Use:   "synth --out DIR",
		Short: "Make a synthetic data set",
		Long:  synthLong,
		Example: `  iad3d synth --out line
  iad3d synth --out clouds --loose --parts gear
  iad3d synth --out line --parts gear,washer --defects dent,crack --per-defect 5 --size 400 --seed 7`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runSynth(cmd.Context(), &o) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.out, "out", "", "folder to write")
	f.Uint64Var(&o.Seed, "seed", 0, "seed of all random choices")
	f.IntVar(&o.Size, "size", 224, "pixels along each side of a scan")
	f.StringSliceVar(&o.Parts, "parts", nil, "parts to make, of "+strings.Join(synth.Parts(), ", ")+" (all)")
	f.StringSliceVar(&o.Defects, "defects", nil, "defects to make, of "+strings.Join(synth.Defects(), ", ")+" (all)")
	f.BoolVar(&o.loose, "loose", false, "make loose points, not rasters")
	f.IntVar(&o.Train, "train", 12, "sound scans to fit on, per part")
	f.IntVar(&o.Validation, "validation", 2, "sound validation scans per part")
	f.IntVar(&o.Good, "good", 4, "sound test scans per part")
	f.IntVar(&o.PerDefect, "per-defect", 1, "test scans of each defect per part")
	a.addThreads(cmd)
	a.addJSON(cmd, "write a JSON document about what was made")
	require(cmd, "out")
	return cmd
}

// synthDocument is what synth --json writes.
type synthDocument struct {
	Out     string      `json:"out"`
	Seed    uint64      `json:"seed"`
	Size    int         `json:"size"`
	Parts   []madeClass `json:"parts"`
	Seconds float64     `json:"seconds"`
}

// madeClass counts the scans of a class.
type madeClass struct {
	Name       string `json:"name"`
	Train      int    `json:"train"`
	Validation int    `json:"validation"`
	Test       int    `json:"test"`
}

func (a *app) runSynth(ctx context.Context, o *synthOptions) error {
	start := time.Now()
	w := o.Options
	for _, n := range []*int{&w.Train, &w.Validation, &w.Good, &w.PerDefect} {
		if *n < 0 {
			return usagef("%d scans: want 0 or more", *n)
		}
		if *n == 0 {
			*n = -1 // none; the library's 0 is its default
		}
	}
	if w.Size == 0 {
		return usagef("--size 0: want more than 0")
	}
	if o.loose {
		o.Validation = 0
		if o.Defects == nil {
			o.Defects = synth.ShapeDefects()
		}
	}
	if err := a.makeLine(ctx, o.out, w, o.loose); err != nil {
		return err
	}
	parts, defects := o.Parts, len(o.Defects)
	if parts == nil {
		parts = synth.Parts()
	}
	if o.Defects == nil {
		defects = len(synth.Defects())
	}
	doc := synthDocument{Out: o.out, Seed: o.Seed, Size: o.Size, Parts: []madeClass{}}
	total := 0
	for _, p := range parts {
		m := madeClass{p, o.Train, o.Validation, o.Good + o.PerDefect*defects}
		total += m.Train + m.Validation + m.Test
		doc.Parts = append(doc.Parts, m)
	}
	doc.Seconds = time.Since(start).Seconds()
	if a.json {
		return a.document(doc)
	}
	return a.printf("%s: %d scans of %s; %.1f s\n", o.out, total, strings.Join(parts, ", "), doc.Seconds)
}

// makeLine writes a synthetic data set.
func (a *app) makeLine(ctx context.Context, dir string, o synth.Options, loose bool) error {
	if err := writableFolder(dir); err != nil {
		return err
	}
	var b *bar
	defer func() {
		if b != nil {
			b.end()
		}
	}()
	make := synth.Write
	if loose {
		make = synth.WriteLoose
	}
	return make(ctx, dir, o, func(done, total int) {
		if b == nil {
			b = a.progress("make scans", total)
		}
		b.step(done)
	})
}
