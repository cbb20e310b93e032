package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/inspection"
	"github.com/iad3d/iad3d/internal/watch"
	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/io/xyztiff"
	"github.com/iad3d/iad3d/report"
	"github.com/iad3d/iad3d/rgbd"
)

// watcher works off a folder.
type watcher struct {
	detector *iad3d.Detector
	judge    inspection.Options
	o        *watchOptions
	log      *slog.Logger
	folder   *watch.Folder
	journal  *watch.Journal
	// handled has the files that were looked at by this process and need no record:
	// those with known content under a new time.
	handled map[string]watch.Due
	counts  inspection.Counts
}

// run works until the context ends or, with --once, until nothing is left.
func (w *watcher) run(ctx context.Context) error {
	tick := time.NewTicker(w.o.interval)
	defer tick.Stop()
	for {
		due, waiting, err := w.folder.Look(w.known)
		if err != nil {
			return &scan.Error{Path: w.o.dir, Err: bareError(err)}
		}
		retry := 0
		for i := range due {
			if err := ctx.Err(); err != nil {
				return err
			}
			switch err := w.do(ctx, &due[i]); {
			case errors.Is(err, watch.ErrChanged):
				w.log.Info("not finished", "file", due[i].Path)
				retry++
			case err != nil:
				return err
			}
		}
		if w.o.once && waiting == 0 && retry == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// known tells that a file that looks as it does needs nothing more.
func (w *watcher) known(p string, size int64, modified time.Time) bool {
	h, ok := w.handled[p]
	return ok && h.Size == size && h.Modified.Equal(modified) || w.journal.Unchanged(p, size, modified)
}

// do scores a file and records it, unless its content is recorded already.
func (w *watcher) do(ctx context.Context, d *watch.Due) error {
	start := time.Now()
	f, err := d.Identify()
	if err != nil {
		if errors.Is(err, watch.ErrChanged) {
			return err
		}
		return fmt.Errorf("%w: %w", watch.ErrChanged, err) // it left, or cannot be read yet
	}
	if w.journal.Done(f.Path, f.SHA256) {
		w.handled[f.Path] = *d
		w.log.Info("known", "file", f.Path)
		return nil
	}
	record := report.Record{File: &report.Origin{Path: f.Path, Size: f.Size, Modified: f.Modified, SHA256: f.SHA256}}
	n, s, err := w.score(ctx, d)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if changed := d.Unchanged(); changed != nil {
		return changed
	}
	var files report.Files
	if err == nil {
		files, err = w.write(d, n, s)
	}
	if err != nil && !unfit(err) {
		return err
	}
	record.Time, record.Seconds = time.Now().UTC(), time.Since(start).Seconds()
	var line bytes.Buffer
	if err != nil {
		if err := record.Failure(&line, strings.TrimSuffix(path.Base(f.Path), path.Ext(f.Path)), d.Name, err); err != nil {
			return err
		}
	} else if err := record.Inspection(&line, n, files); err != nil {
		return err
	}
	if err := write(w.name(d)+".json", func(out io.Writer) error { _, err := out.Write(line.Bytes()); return err }); err != nil {
		return err
	}
	if err := w.journal.Append(f, line.Bytes()); err != nil {
		return err
	}
	w.tell(f, n, err, record.Seconds)
	return nil
}

// tell logs what came out.
func (w *watcher) tell(f watch.File, n *inspection.Inspection, err error, seconds float64) {
	if err != nil {
		w.counts.Scans++
		w.counts.Errors++
		w.log.Warn("unusable", "file", f.Path, "error", oneLine(err.Error()))
		return
	}
	w.counts.Add(n.Verdict)
	fields := []any{"file", f.Path, "verdict", verdictWord(n.Verdict), "score", n.Result.Score, "seconds", seconds}
	if n.Found != nil {
		fields = append(fields, "regions", len(n.Found.Regions))
	}
	w.log.Info("scored", fields...)
}

func (w *watcher) score(ctx context.Context, d *watch.Due) (*inspection.Inspection, *rgbd.Scan, error) {
	s, err := readScan(ctx, d.Name, w.o.scan)
	if err != nil {
		return nil, nil, err
	}
	n, err := inspection.Inspect(ctx, w.detector, s, w.judge)
	return n, s, err
}

// name returns the path of the results of a file, without an extension. It follows
// from the file's path and the number of its records, so that work done again after
// a crash writes the same files.
func (w *watcher) name(d *watch.Due) string {
	version := ""
	if k := w.journal.Versions(d.Path); k > 0 {
		version = fmt.Sprintf("-%d", k+1)
	}
	// The extension stays in the name: part.ply and part.pcd are two scans.
	if w.o.out == "" {
		return filepath.Join(w.o.dir, filepath.FromSlash(d.Path)) + version + resultMark
	}
	return filepath.Join(w.o.out, filepath.FromSlash(path.Dir(d.Path)), fileName(path.Base(d.Path))) + version
}

// write writes the files about a scan.
func (w *watcher) write(d *watch.Due, n *inspection.Inspection, s *rgbd.Scan) (report.Files, error) {
	base := w.name(d)
	if n.Result.Map == nil {
		return w.writeLoose(base, n, s)
	}
	low, high := report.Scale([]*iad3d.Result{n.Result})
	o := report.HeatmapOptions{Threshold: w.judge.Thresholds.Pixel}
	if o.Threshold > 0 {
		low, high = report.ThresholdScale(o.Threshold)
	}
	o.Low, o.High = low, high
	if n.Found != nil {
		o.Regions = n.Found.Labels
	}
	f := report.Files{Map: base + ".map.tiff", Heatmap: base + ".png"}
	m := n.Result.Map
	err := write(f.Map, func(out io.Writer) error {
		return xyztiff.Encode(out, &xyztiff.Image{Width: m.W, Height: m.H, Samples: 1, F32: m.Data}, xyztiff.EncodeOptions{})
	})
	if err == nil {
		err = write(f.Heatmap, func(out io.Writer) error { return report.Heatmap(out, s, n.Result, o) })
	}
	if err != nil || !w.o.ply {
		return f, err
	}
	f.Cloud = base + ".scored.ply"
	c, err := report.Cloud(s, n, low, high)
	if err != nil {
		return f, err
	}
	return f, write(f.Cloud, func(out io.Writer) error {
		_, err := scan.Write(out, ".ply", c, scan.WriteOptions{})
		return err
	})
}

// writeLoose writes the points of a loose scan with their scores.
func (w *watcher) writeLoose(base string, n *inspection.Inspection, s *rgbd.Scan) (report.Files, error) {
	f := report.Files{Points: base + ".scored.ply"}
	return f, write(f.Points, func(out io.Writer) error {
		_, err := scan.Write(out, ".ply", scored(s.Cloud, n.Result.Points), scan.WriteOptions{})
		return err
	})
}
