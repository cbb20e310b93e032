package bench

import (
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/internal/atomicfile"
	"github.com/iad3d/iad3d/io/dataset"
	"github.com/iad3d/iad3d/rgbd"
)

// Evidence is what someone who doubts the figures needs to make them again.
type Evidence struct {
	Version  string             `json:"version"`
	Program  string             `json:"revision,omitempty"`
	Go       string             `json:"go"`
	OS       string             `json:"os"`
	Arch     string             `json:"arch"`
	Threads  int                `json:"threads"`
	Finished time.Time          `json:"finished"`
	Dataset  string             `json:"dataset"`
	Root     string             `json:"root"`
	Classes  []ClassEvidence    `json:"classes"`
	Backbone *rgbd.BackboneInfo `json:"backbone,omitempty"`
	Seeds    []uint64           `json:"seeds"`
	Runs     []Run              `json:"runs"`
}

// ClassEvidence identifies the scans of a class.
type ClassEvidence struct {
	Class string `json:"class"`
	Train int    `json:"train_scans"`
	Test  int    `json:"test_scans"`
	// SHA256 is taken over the labels and the file contents of the training and
	// test scans, in their order.
	SHA256 string `json:"sha256"`
}

// Names of the files that Write leaves in the output folder.
const (
	TableMarkdown = "table.md"
	TableCSV      = "table.csv"
	TableJSON     = "table.json"
	EvidenceJSON  = "evidence.json"
)

// Write leaves the table in three forms, and the evidence, in the output folder.
// runs are those of Do.
func (p *Plan) Write(t *Table, runs []Run) error {
	e := Evidence{
		Version: iad3d.Version, Program: p.Program, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH,
		Threads: runtime.GOMAXPROCS(0), Finished: time.Now().UTC().Truncate(time.Second),
		Dataset: p.Dataset, Root: p.Root, Seeds: p.Seeds, Runs: runs,
	}
	if p.Backbone != nil {
		info := p.Backbone.Info()
		e.Backbone = &info
	}
	for _, c := range p.Classes {
		i := slices.IndexFunc(runs, func(r Run) bool { return r.Class == c.Class })
		e.Classes = append(e.Classes, ClassEvidence{c.Class, len(c.Items(dataset.Train)), len(c.Items(dataset.Test)), runs[i].Data})
	}
	for _, f := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{TableMarkdown, t.Markdown}, {TableCSV, t.CSV}, {TableJSON, t.JSON},
		{EvidenceJSON, func(w io.Writer) error { return encode(w, e) }},
	} {
		if err := atomicfile.Write(filepath.Join(p.Out, f.name), f.write); err != nil {
			return err
		}
	}
	return nil
}
