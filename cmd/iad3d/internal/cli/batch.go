package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/inspection"
	"github.com/iad3d/iad3d/regions"
	"github.com/iad3d/iad3d/report"
)

// Names of the files that tell of a whole batch.
const (
	resultsFile = "results.jsonl"
	summaryFile = "summary.json"
	regionsFile = "regions.csv"
)

// listed is the number of scans in the lists of a summary.
const listed = 5

// batch keeps of each scan what files about all of them need.
type batch struct {
	sum   inspection.Batch
	cases []report.Case
	lines bytes.Buffer // of results.jsonl
}

// add takes in a scan.
func (b *batch) add(n *inspection.Inspection, f report.Files, took time.Duration) error {
	b.sum.Add(n, took)
	b.cases = append(b.cases, report.Case{Source: n.Result.Source, Inspection: light(n), Took: took})
	return report.Inspection(&b.lines, n, f)
}

// addError takes in a scan that could not be scored.
func (b *batch) addError(source string, why error) error {
	b.sum.AddError()
	b.cases = append(b.cases, report.Case{Source: source, Err: why})
	return report.Failure(&b.lines, filepath.Base(source), source, why)
}

// light returns an inspection without its rasters.
func light(n *inspection.Inspection) *inspection.Inspection {
	c := *n
	r := *n.Result
	r.Map, r.Points = nil, nil
	c.Result = &r
	if n.Found != nil {
		c.Found = &regions.Found{Regions: n.Found.Regions, Ignored: n.Found.Ignored}
	}
	return &c
}

// inspections returns those of the scans that could be scored.
func (b *batch) inspections() []*inspection.Inspection {
	var all []*inspection.Inspection
	for _, c := range b.cases {
		if c.Inspection != nil {
			all = append(all, c.Inspection)
		}
	}
	return all
}

// summaryDocument is what summary.json holds.
type summaryDocument struct {
	Generator  string            `json:"generator"`
	Model      string            `json:"model"`
	Thresholds *iad3d.Thresholds `json:"thresholds,omitempty"`
	MinArea    float64           `json:"min_area_mm2,omitempty"`
	inspection.Summary
}

func summaryOf(b *batch, model string, o inspection.Options) summaryDocument {
	doc := summaryDocument{Generator: "iad3d " + iad3d.Version, Model: model, MinArea: o.MinArea, Summary: b.sum.Summary(listed)}
	if o.Thresholds != nil && *o.Thresholds != (iad3d.Thresholds{}) {
		doc.Thresholds = o.Thresholds
	}
	return doc
}

// write writes the files of a batch into a folder, unless no scan could be scored.
func (b *batch) write(dir, model string, o inspection.Options) error {
	files := []struct {
		name    string
		content func(io.Writer) error
	}{
		{resultsFile, func(w io.Writer) error { _, err := w.Write(b.lines.Bytes()); return err }},
		{summaryFile, func(w io.Writer) error { return encode(w, summaryOf(b, model, o)) }},
		{regionsFile, func(w io.Writer) error { return report.Regions(w, b.inspections()) }},
	}
	switch {
	case b.sum.Counts().Scans == b.sum.Counts().Errors:
		return nil
	case o.Thresholds == nil || o.Thresholds.Pixel == 0:
		files = files[:2]
	}
	for _, f := range files {
		if err := write(filepath.Join(dir, f.name), f.content); err != nil {
			return err
		}
	}
	return nil
}

// mayReplaceBatch refuses to write over files of those names that are not an
// earlier run's.
func mayReplaceBatch(dir string) error {
	for _, f := range [][2]string{{resultsFile, `{"scan":`}, {summaryFile, `"generator": "iad3d`}, {regionsFile, "scan,verdict,region,"}} {
		if err := marked(filepath.Join(dir, f[0]), f[1]); err != nil {
			return err
		}
	}
	return nil
}

// marked refuses a file that has content without a mark near its beginning.
func marked(path, mark string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, 4096))
	if err != nil {
		return err
	}
	if len(head) > 0 && !bytes.Contains(head, []byte(mark)) {
		return usagef("%s exists and was not written by iad3d; it is not replaced", path)
	}
	return nil
}

// tellSummary says on standard error what a batch came to. Of a single scan its line
// says it all.
func (a *app) tellSummary(s inspection.Summary) {
	if s.Scans < 2 {
		return
	}
	parts := []string{count(s.Scans, "scan", "scans") + ": " + fmt.Sprintf("%d pass, %d fail, %d invalid", s.Pass, s.Fail, s.Invalid)}
	if s.Unjudged > 0 {
		parts = append(parts, fmt.Sprintf("%d without a verdict", s.Unjudged))
	}
	if s.Errors > 0 {
		parts = append(parts, fmt.Sprintf("%d unusable", s.Errors))
	}
	if s.Pass+s.Fail > 0 {
		parts = append(parts, fmt.Sprintf("%.1f %% fail", 100*s.FailRate))
	}
	a.note("%s", strings.Join(parts, ", "))
	if s.Scans-s.Errors < 2 {
		return
	}
	list := func(all []inspection.Timed, show func(t inspection.Timed) string) string {
		var out []string
		for _, t := range all[:min(3, len(all))] {
			out = append(out, t.Scan+" ("+show(t)+")")
		}
		return strings.Join(out, ", ")
	}
	a.note("most abnormal: %s", list(s.MostAbnormal, func(t inspection.Timed) string { return number(t.Score) }))
	a.note("slowest: %s", list(s.Slowest, func(t inspection.Timed) string { return fmt.Sprintf("%.2f s", t.Seconds) }))
}

// count writes a number with its noun.
func count(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}
