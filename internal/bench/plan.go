package bench

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/io/dataset"
	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/rgbd"
)

// Plan says what is run.
type Plan struct {
	Dataset string // its kind, for the record
	Root    string // where it is, for the record
	Classes []*dataset.Set
	Methods []Method
	// Config is what all methods share; Features and Seed are set for each run.
	Config   iad3d.Config
	Backbone rgbd.Backbone // nil: none
	// Seeds are the seeds that a method with random choices runs with; the figures
	// are the means over them. A method without runs with the first.
	Seeds []uint64
	// Bootstrap is the number of replicas for confidence intervals, 0: none. The
	// differences to the first method have intervals as well.
	Bootstrap int
	// Preprocessed says that the scans have lost their background, so that the
	// published figures for such scans are set beside.
	Preprocessed bool
	Out          string // folder
	Program      string // revision of the program, where it is known
}

// ErrPlan is wrapped when a plan makes no sense.
var ErrPlan = errors.New("cannot benchmark")

func (p *Plan) check() error {
	switch {
	case len(p.Classes) == 0 || len(p.Methods) == 0 || len(p.Seeds) == 0:
		return fmt.Errorf("%w: %d classes, %d methods, %d seeds", ErrPlan, len(p.Classes), len(p.Methods), len(p.Seeds))
	}
	for _, m := range p.Methods {
		if m.Needs == MustBackbone && p.Backbone == nil {
			return fmt.Errorf("%w: method %s: %w: none is given", ErrPlan, m.Key, iad3d.ErrBackbone)
		}
	}
	for _, c := range p.Classes {
		for _, s := range []dataset.Split{dataset.Train, dataset.Test} {
			if len(c.Items(s)) == 0 {
				return &scan.Error{Path: c.Root, Err: fmt.Errorf("no scans in the %s split", s)}
			}
		}
	}
	return nil
}

// config returns the configuration of a method's run.
func (p *Plan) config(m Method, seed uint64) iad3d.Config {
	c := p.Config
	c.Features, c.Seed = m.Features, seed
	if m.Change != nil {
		m.Change(&c)
	}
	return c
}

// backbone returns what a method's run is given.
func (p *Plan) backbone(m Method) rgbd.Backbone {
	if m.Needs == NoBackbone {
		return nil
	}
	return p.Backbone
}

// fingerprint is the SHA-256 of everything that the figures of a run depend on.
func (p *Plan) fingerprint(m Method, seed uint64, data string) (string, error) {
	c := p.config(m, seed)
	if b := p.backbone(m); b != nil {
		info := b.Info()
		info.Name = "" // of a file, which may be renamed
		c.Backbone = &info
	}
	text, err := json.Marshal(struct {
		Version, Program, Data string
		Config                 iad3d.Config
		Bootstrap              int `json:",omitempty"`
	}{iad3d.Version, p.Program, data, c, p.Bootstrap})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// digest is the SHA-256 over the labels and the contents of the files of the
// training and test scans of a class, in their order.
func digest(c *dataset.Set) (string, error) {
	all := sha256.New()
	for _, split := range []dataset.Split{dataset.Train, dataset.Test} {
		for _, it := range c.Items(split) {
			fmt.Fprintf(all, "%s %s %s\n", split, it.Name, it.Defect)
			for _, path := range it.Files() {
				f, err := os.Open(path)
				if err != nil {
					return "", &scan.Error{Path: path, Err: err}
				}
				sum := sha256.New()
				_, err = io.Copy(sum, f)
				f.Close()
				if err != nil {
					return "", &scan.Error{Path: path, Err: err}
				}
				all.Write(sum.Sum(nil))
			}
		}
	}
	return hex.EncodeToString(all.Sum(nil)), nil
}
