package cli

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/io/model"
	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/rgbd"
)

const updateLong = `Add sound scans to a model, or take scans out of it by name, without the scans it was
fitted on. The model is replaced, whole or not at all, unless --out names another file.

Which descriptors a model keeps depends on no other scan: those of the updated model
are the ones that a fit of all scans would keep. Scans that are added are taken for
sound, also where they have what no other has: add one that failed and should not have.
They are held out in turn for the thresholds as in a fit; the weights of the features,
the window on the part and the limits of valid captures stay. When much has been added,
fit again.

Names are those of "iad3d fit --json" and "inspect --json", under calibration.held.
Models of the protocol btf, of loose scans and of the methods padim and spade cannot be
updated.`

type updateOptions struct {
	capture
	out    string
	remove []string
	net    backboneFlags
	scan   scan.Options
}

func (a *app) update() *cobra.Command {
	var o updateOptions
	cmd := &cobra.Command{
		Use:   "update MODEL [SCAN...] [--remove NAME,…] [--out MODEL]",
		Short: "Add sound scans to a model, or remove some",
		Long:  updateLong,
		Example: `  iad3d update bagel.iad3d monday/*.tiff
  iad3d update bagel.iad3d --remove good/017,good/021 --out cleaner.iad3d`,
		Args: someArgs,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if o.scan, err = o.capture.options(cmd); err != nil {
				return err
			}
			return a.runUpdate(cmd.Context(), &o, args[0], args[1:])
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.out, "out", "", "model file to write (MODEL itself)")
	f.StringSliceVar(&o.remove, "remove", nil, "names of scans to take out, joined by commas")
	o.capture.add(cmd)
	o.net.addModel(cmd)
	a.addThreads(cmd)
	a.addJSON(cmd, "write a JSON document about the model")
	return cmd
}

// updateDocument is what update --json writes.
type updateDocument struct {
	Model       string             `json:"model"`
	Bytes       int64              `json:"bytes"`
	SHA256      string             `json:"sha256"`
	Added       []string           `json:"added"`   // names
	Removed     []string           `json:"removed"` // names
	Bank        bankSize           `json:"bank"`
	Provenance  iad3d.Provenance   `json:"provenance"`
	Thresholds  *iad3d.Thresholds  `json:"thresholds"`
	Calibration *iad3d.Calibration `json:"calibration"`
	Seconds     float64            `json:"seconds"`
}

func (a *app) runUpdate(ctx context.Context, o *updateOptions, path string, args []string) error {
	start := time.Now()
	if o.out == "" {
		o.out = path
	}
	if err := modelTarget(o.out); err != nil {
		return err
	}
	files, err := scanFiles(args, o.scan.Camera != nil)
	switch {
	case err != nil:
		return err
	case len(files) == 0 && len(o.remove) == 0:
		return usagef("nothing to do: give scans to add, or --remove NAME")
	case o.rgb != "" && len(files) != 1:
		return usagef("--rgb is the image of one scan, not of %d", len(files))
	}
	d, done, err := o.net.load(path)
	if err != nil {
		return err
	}
	done = sync.OnceFunc(done)
	defer done()
	b := a.progress("update", len(files))
	added := []string{}
	var scans iter.Seq2[*rgbd.Scan, error] = func(yield func(*rgbd.Scan, error) bool) {
		for _, f := range files {
			s, err := readScan(ctx, f, o.scan)
			if err == nil {
				added = append(added, s.Name)
			}
			if !yield(s, err) {
				return
			}
		}
	}
	grown, err := d.Update(ctx, scans, o.remove, iad3d.WithProgress(b.step))
	b.end()
	if err != nil {
		return err
	}
	done() // a file that is mapped cannot be replaced everywhere
	if err := save(grown, o.out); err != nil {
		return err
	}
	head, err := model.ReadHeader(o.out)
	if err != nil {
		return err
	}
	doc := updateDocument{o.out, head.Size, head.SHA256, added, append([]string{}, o.remove...), sizeOf(grown), grown.Provenance(),
		grown.Thresholds(), grown.Calibration(), time.Since(start).Seconds()}
	if a.json {
		a.warnSuspects(doc.Calibration)
		return a.document(doc)
	}
	if err := a.printf("%s: %d scans added, %d removed, %d in all; %d descriptors, %s; %.1f s\n%s\n", doc.Model, len(added), len(doc.Removed),
		doc.Provenance.Scans, doc.Bank.Rows, byteCount(doc.Bytes), doc.Seconds, promise(doc.Thresholds)); err != nil {
		return err
	}
	a.warnSuspects(doc.Calibration)
	return nil
}
