package cli

import (
	"context"
	"errors"
	"image"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/io/dataset"
	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/io/xyztiff"
	"github.com/iad3d/iad3d/rgbd"
)

const preprocessLong = `Write a copy of a class, or of single scans, without the background: the plane the
part lies on is removed, and of the rest all but the largest cluster. Removed pixels
are (0, 0, 0) in the cloud and black in the colour image.

A class is written to DIR/CLASS, with all its splits, ground truths and other files;
single scans to DIR/xyz and DIR/rgb. That folder must be new or empty and not lie in
the data set: nothing is ever changed in place. It appears when it is complete; a
scan that cannot be preprocessed, or an interruption, leaves nothing behind.

--btf repeats the preprocessing of Horwitz and Hoshen, "Back to the Feature", whose
figures start from it: pixel for pixel, padded to a square whose side is a multiple
of 100.`

type preprocessOptions struct {
	source
	out string
	iad3d.PreprocessOptions
}

func (a *app) preprocess() *cobra.Command {
	var o preprocessOptions
	cmd := &cobra.Command{
		Use:   "preprocess (--dataset KIND --root DIR [--class NAME] | SCAN...) --out DIR",
		Short: "Write scans without the plane and clutter around the part",
		Long:  preprocessLong,
		Example: `  iad3d preprocess --dataset mvtec3d --root mvtec_3d --class bagel --btf --out mvtec_3d_btf
  iad3d preprocess --out clean mvtec_3d/bagel/test/hole/xyz/000.tiff`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.runPreprocess(cmd.Context(), &o, args) },
	}
	o.source.add(cmd)
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.out, "out", "", "folder to write")
	f.BoolVar(&o.BTF, "btf", false, "as BTF's program does")
	f.IntVar(&o.Pad, "pad", 0, "pad to a square, its side a multiple of this many pixels (none, btf 100)")
	f.Uint64Var(&o.Seed, "seed", 0, "seed of the plane search")
	a.addThreads(cmd)
	a.addJSON(cmd, "write a JSON document about what was written")
	require(cmd, "out")
	return cmd
}

// preprocessDocument is what preprocess --json writes.
type preprocessDocument struct {
	Out     string  `json:"out"`
	Class   string  `json:"class,omitempty"`
	Scans   int     `json:"scans"`
	Removed int     `json:"removed"` // points
	Kept    int     `json:"kept"`
	Seconds float64 `json:"seconds"`
}

func (a *app) runPreprocess(ctx context.Context, o *preprocessOptions, args []string) error {
	start := time.Now()
	set := o.given()
	if set == (len(args) > 0) || set && o.root == "" {
		return usagef("want either --dataset and --root or scans")
	}
	var doc preprocessDocument
	var err error
	if set {
		doc, err = a.preprocessClass(ctx, o)
	} else {
		doc, err = a.preprocessFiles(ctx, o, args)
	}
	if err != nil {
		return err
	}
	doc.Seconds = time.Since(start).Seconds()
	if a.json {
		return a.document(doc)
	}
	return a.printf("%s: %d scans, %d %% of their points removed; %.1f s\n",
		doc.Out, doc.Scans, 100*doc.Removed/max(1, doc.Removed+doc.Kept), doc.Seconds)
}

func (a *app) preprocessClass(ctx context.Context, o *preprocessOptions) (preprocessDocument, error) {
	doc := preprocessDocument{}
	set, err := o.open()
	if err != nil {
		return doc, err
	}
	doc.Class, doc.Out = set.Class, filepath.Join(o.out, set.Class)
	if inside(doc.Out, set.Root) {
		return doc, usagef("--out %s lies in the data set", o.out)
	}
	total := 0
	for _, split := range dataset.Splits() {
		total += len(set.Items(split))
	}
	b := a.progress("preprocess "+set.Class, total)
	defer b.end()
	err = stage(doc.Out, func(dir string) error {
		if err := copyOthers(dir, set.Root); err != nil {
			return err
		}
		for _, split := range dataset.Splits() {
			if len(set.Items(split)) == 0 {
				continue
			}
			for l, err := range set.Scans(ctx, split) {
				if err != nil {
					return err
				}
				if err := doc.store(ctx, filepath.Join(dir, string(split), l.Defect), path.Base(l.Name), l, o.PreprocessOptions); err != nil {
					return err
				}
				b.step(doc.Scans)
			}
		}
		return nil
	})
	return doc, err
}

func (a *app) preprocessFiles(ctx context.Context, o *preprocessOptions, args []string) (preprocessDocument, error) {
	doc := preprocessDocument{Out: o.out}
	files, err := scanFiles(args, false)
	if err != nil {
		return doc, err
	}
	b := a.progress("preprocess", len(files))
	defer b.end()
	taken := names{}
	err = stage(o.out, func(dir string) error {
		for _, file := range files {
			s, err := scan.ReadContext(ctx, file, scan.Options{})
			if err != nil {
				return err
			}
			if err := doc.store(ctx, dir, taken.unique(s.Name), &rgbd.Labelled{Scan: s}, o.PreprocessOptions); err != nil {
				return err
			}
			b.step(doc.Scans)
		}
		return nil
	})
	return doc, err
}

// store preprocesses a scan and writes it to dir in MVTec 3D-AD's layout.
func (doc *preprocessDocument) store(ctx context.Context, dir, name string, l *rgbd.Labelled, o iad3d.PreprocessOptions) error {
	p, err := iad3d.Preprocess(ctx, l.Scan, o)
	if err != nil {
		return err
	}
	doc.Scans++
	doc.Removed += p.Removed
	doc.Kept += p.Kept
	err = write(filepath.Join(dir, "xyz", name+".tiff"), func(w io.Writer) error {
		return xyztiff.Encode(w, xyztiff.FromCloud(p.Scan.Cloud), xyztiff.EncodeOptions{})
	})
	if err != nil {
		return err
	}
	if p.Scan.Colour != nil {
		if err := writePNG(filepath.Join(dir, "rgb", name+".png"), p.Scan.Colour); err != nil {
			return err
		}
	}
	if l.Truth != nil {
		return writePNG(filepath.Join(dir, "gt", name+".png"), p.Truth(l.Truth))
	}
	return nil
}

func writePNG(path string, im image.Image) error {
	return write(path, func(w io.Writer) error { return png.Encode(w, im) })
}

// copyOthers copies what a class's folder holds beside its scans: its own files
// and those of calibration.
func copyOthers(to, from string) error {
	for _, folder := range []string{"", "calibration"} {
		entries, err := os.ReadDir(filepath.Join(from, folder))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return &scan.Error{Path: filepath.Join(from, folder), Err: err}
		}
		for _, e := range entries {
			path := filepath.Join(from, folder, e.Name())
			if info, err := os.Stat(path); err != nil {
				return &scan.Error{Path: path, Err: err}
			} else if !info.Mode().IsRegular() {
				continue
			}
			if err := copyFile(filepath.Join(to, folder, e.Name()), filepath.Join(from, folder, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

func copyFile(to, from string) error {
	f, err := os.Open(from)
	if err != nil {
		return &scan.Error{Path: from, Err: err}
	}
	defer f.Close()
	return write(to, func(w io.Writer) error {
		_, err := io.Copy(w, f)
		return err
	})
}
