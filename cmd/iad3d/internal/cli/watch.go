package cli

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/iad3d/iad3d/inspection"
	"github.com/iad3d/iad3d/internal/watch"
	"github.com/iad3d/iad3d/io/scan"
)

const watchLong = `Score the scans that arrive in a folder, as they arrive. A scan is taken when its file
is finished: when size and time have not changed for --settle, however it was written,
copied or moved there. In MVTec 3D-AD's layout (xyz beside rgb) it waits for its colour
image, at most --patience.

Results are written into --out, or beside the scans with .iad3d in their names: a JSON
file per scan as score --json prints it, score map (float TIFF), heat map (PNG) and,
with --ply, the coloured cloud. With a pixel threshold all pictures have the same
scale, else each its own. results.jsonl (beside: .iad3d-results.jsonl) has all of
them, one line each, and is what the program knows its work by: a scan is in it once,
whatever happens. A program that is killed and started again does no scan twice and
loses none. A file with new content under an old name is another scan, its results get
-2; one that was merely touched is not. A scan that cannot be used is recorded, too,
with verdict "error".

What happens is logged to standard error, as text or, with --log json, as JSON. Stop it
by Ctrl-C or SIGTERM, exit code 130; with --once it ends when all that is there is done.`

type watchOptions struct {
	capture
	model, dir, out  string
	scan             scan.Options
	judging          judging
	failOn           failOn
	net              backboneFlags
	settle, interval time.Duration
	patience         time.Duration
	recursive, once  bool
	ply              bool
	log              string
}

func (a *app) watch() *cobra.Command {
	var o watchOptions
	cmd := &cobra.Command{
		Use:   "watch DIR --model MODEL [--out DIR]",
		Short: "Score scans as they arrive in a folder",
		Long:  watchLong,
		Example: `  iad3d watch incoming --model bagel.iad3d --out results
  iad3d watch incoming --model bagel.iad3d --min-area 0.5 --log json
  iad3d watch incoming --model bagel.iad3d --out results --once --fail-on anomaly`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("want one folder, not %d", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			o.dir = args[0]
			if err := o.check(); err != nil {
				return err
			}
			if o.scan, err = o.capture.options(cmd); err != nil {
				return err
			}
			return a.runWatch(cmd.Context(), &o)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.model, "model", "", "model file")
	f.StringVar(&o.out, "out", "", "folder for results (beside the scans)")
	f.DurationVar(&o.settle, "settle", 2*time.Second, "how long a file must stay the same to be finished")
	f.DurationVar(&o.interval, "interval", time.Second, "time from one look at the folder to the next")
	f.DurationVar(&o.patience, "patience", 10*time.Second, "how long a scan waits for its colour image")
	f.BoolVar(&o.recursive, "recursive", false, "look into the folders below, too")
	f.BoolVar(&o.once, "once", false, "end when all that is there is done")
	f.BoolVar(&o.ply, "ply", false, "write each cloud coloured by score, too")
	f.StringVar(&o.log, "log", "text", "form of the log: text or json")
	complete(cmd, "log", "text", "json")
	o.judging.add(cmd)
	o.failOn.add(cmd)
	o.capture.add(cmd)
	o.net.addModel(cmd)
	a.addThreads(cmd)
	require(cmd, "model")
	return cmd
}

// check looks at the flags alone.
func (o *watchOptions) check() error {
	switch {
	case o.settle < 0 || o.patience < 0 || o.interval < 10*time.Millisecond:
		return usagef("--settle %v, --patience %v, --interval %v: want times from 0 on, and 10ms between looks", o.settle, o.patience, o.interval)
	case o.log != "text" && o.log != "json":
		return usagef("--log %q: there is text or json", o.log)
	case o.rgb != "":
		return usagef("--rgb is the image of one scan")
	case len(o.failOn) > 0 && !o.once:
		return usagef("--fail-on goes with --once: a watch has no end to have an exit code")
	}
	return errors.Join(o.judging.check(), o.failOn.check())
}

func (a *app) runWatch(ctx context.Context, o *watchOptions) error {
	info, err := os.Stat(o.dir)
	if err != nil {
		return &scan.Error{Path: o.dir, Err: bareError(err)}
	}
	if !info.IsDir() {
		return usagef("%s is not a folder", o.dir)
	}
	d, done, err := o.net.load(o.model)
	if err != nil {
		return err
	}
	defer done()
	judge, judged, err := o.judging.options(d)
	if err != nil {
		return err
	}
	if slices.Contains(o.failOn, onAnomaly) && !judged {
		return usagef("--fail-on anomaly needs --threshold or --pixel-threshold: %s has none", o.model)
	}
	w := &watcher{detector: d, judge: judge, o: o, log: a.logger(o.log), handled: map[string]watch.Due{}}
	journal := filepath.Join(o.dir, ".iad3d-"+resultsFile)
	if o.out != "" {
		if sameFolder(o.dir, o.out) {
			return usagef("--out %s is the watched folder; leave it out for results beside the scans", o.out)
		}
		if err := writableFolder(o.out); err != nil {
			return err
		}
		if err := os.MkdirAll(o.out, 0o755); err != nil {
			return err
		}
		journal = filepath.Join(o.out, resultsFile)
	}
	switch w.journal, err = watch.OpenJournal(journal); {
	case errors.Is(err, watch.ErrBusy):
		return usage(err)
	case errors.Is(err, watch.ErrJournal):
		return usagef("%w; choose another folder by --out", err)
	case err != nil:
		return err
	}
	defer w.journal.Close()
	w.folder = watch.NewFolder(o.dir, w.files())
	w.log.Info("watching", "dir", o.dir, "model", o.model, "recorded", w.journal.Records())
	if err := w.run(ctx); err != nil {
		return err
	}
	return o.failOn.result(w.counts)
}

// logger returns what the events of a watch are logged to.
func (a *app) logger(form string) *slog.Logger {
	level := slog.LevelInfo
	if a.quiet {
		level = slog.LevelWarn
	}
	o := &slog.HandlerOptions{Level: level}
	if form == "json" {
		return slog.New(slog.NewJSONHandler(a.stderr, o))
	}
	return slog.New(slog.NewTextHandler(a.stderr, o))
}

// resultMark is in the names of results beside scans, so that no map is taken for a
// scan.
const resultMark = ".iad3d"

// files says which files are scans, in the manner of scanFiles.
func (w *watcher) files() watch.Options {
	o := w.o
	depth := o.scan.Camera != nil
	exts := slices.DeleteFunc(scan.Extensions(), func(ext string) bool { return ext == ".txt" || ext == ".csv" })
	inner := "xyz"
	if depth {
		exts, inner = []string{".tiff", ".tif", ".png"}, "depth"
	}
	out, _ := filepath.Abs(o.out)
	return watch.Options{
		Settle: o.settle, Patience: o.patience,
		Accept: func(name string) bool {
			stem := strings.TrimSuffix(name, filepath.Ext(name))
			return slices.Contains(exts, strings.ToLower(filepath.Ext(name))) && !strings.HasPrefix(name, ".") &&
				!strings.HasSuffix(stem, resultMark) && !strings.Contains(stem, resultMark+".")
		},
		Enter: func(below string) bool {
			if abs, err := filepath.Abs(filepath.Join(o.dir, filepath.FromSlash(below))); err == nil && o.out != "" && abs == out {
				return false
			}
			base := path.Base(below)
			return !strings.HasPrefix(base, ".") && (below == inner || o.recursive && base != "rgb" && base != "gt")
		},
		Companion: func(name string) string {
			dir := filepath.Dir(name)
			rgb := filepath.Join(filepath.Dir(dir), "rgb")
			if filepath.Base(dir) != inner {
				return ""
			}
			if info, err := os.Stat(rgb); err != nil || !info.IsDir() {
				return ""
			}
			return filepath.Join(rgb, scan.Stem(name)+".png")
		},
	}
}

// unfit reports whether an error is the scan's own, and no reason to stop.
func unfit(err error) bool { return exitCode(err) == exitInput }

// bareError drops the path that the os package puts before an error.
func bareError(err error) error {
	if e, ok := errors.AsType[*os.PathError](err); ok {
		return e.Err
	}
	return err
}

// verdictWord names a verdict in the log.
func verdictWord(v inspection.Verdict) string {
	if v == inspection.Unjudged {
		return "none"
	}
	return string(v)
}
