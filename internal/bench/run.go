package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/internal/atomicfile"
	"github.com/iad3d/iad3d/io/dataset"
	"github.com/iad3d/iad3d/io/model"
	"github.com/iad3d/iad3d/rgbd"
)

// Run is one method on one class with one seed.
type Run struct {
	Class  string `json:"class"`
	Method string `json:"method"`
	Seed   uint64 `json:"seed"`
	// Random says whether the seed makes a difference.
	Random      bool                  `json:"random"`
	Fingerprint string                `json:"fingerprint"` // of all that the figures depend on
	Data        string                `json:"data"`        // SHA-256 of the class's scans, see ClassEvidence
	Config      iad3d.Config          `json:"config"`
	Provenance  iad3d.Provenance      `json:"provenance"`
	BankRows    int                   `json:"bank_rows"`
	ModelSHA256 string                `json:"model_sha256"` // of the model file fit would have written
	Figures     iad3d.Metrics         `json:"figures"`
	Convention  string                `json:"convention"`
	Defects     []iad3d.DefectMetrics `json:"defects"`
	Intervals   *iad3d.Intervals      `json:"intervals,omitempty"`
	Replicas    []iad3d.Metrics       `json:"replicas,omitempty"` // of the bootstrap
	TestScans   int                   `json:"test_scans"`
	FitSeconds  float64               `json:"fit_seconds"`
	EvalSeconds float64               `json:"eval_seconds"` // scoring, reading the scans, and the figures
	Reused      bool                  `json:"-"`            // taken over from an earlier call
}

// RunsFolder is where the finished runs are kept, below the output folder.
const RunsFolder = "runs"

// Do carries out the plan and returns the runs by class, method and seed in the
// order of the plan. each, when not nil, sees every run when it is done. Runs
// that the output folder holds already are not repeated.
func (p *Plan) Do(ctx context.Context, each func(Run), progress func(label string, steps int) (step func(int), end func())) ([]Run, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(p.Out, RunsFolder), 0o755); err != nil {
		return nil, err
	}
	var runs []Run
	for _, set := range p.Classes {
		data, err := digest(set)
		if err != nil {
			return nil, err
		}
		for _, m := range p.Methods {
			for _, seed := range p.Seeds {
				r, err := p.one(ctx, set, m, seed, data, progress)
				if err != nil {
					return nil, err
				}
				runs = append(runs, *r)
				if each != nil {
					each(*r)
				}
				if !r.Random {
					break
				}
			}
		}
	}
	return runs, nil
}

// one takes a run over from an earlier call or carries it out.
func (p *Plan) one(ctx context.Context, set *dataset.Set, m Method, seed uint64, data string, progress func(string, int) (func(int), func())) (*Run, error) {
	fingerprint, err := p.fingerprint(m, seed, data)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(p.Out, RunsFolder, fmt.Sprintf("%s_%s_%d.json", set.Class, m.Key, seed))
	if r, err := readRun(path); err != nil {
		return nil, err
	} else if r != nil && r.Fingerprint == fingerprint {
		r.Reused = true
		return r, nil
	}
	r := &Run{Class: set.Class, Method: m.Key, Seed: seed, Fingerprint: fingerprint, Data: data}
	opts := func(step func(int)) []iad3d.Option {
		o := []iad3d.Option{iad3d.WithProgress(step)}
		if b := p.backbone(m); b != nil {
			o = append(o, iad3d.WithBackbone(b))
		}
		return o
	}
	start := time.Now()
	step, end := progress("fit "+set.Class+" "+m.Key, len(set.Items(dataset.Train)))
	d, err := iad3d.Fit(ctx, p.config(m, seed), rgbd.WithoutLabels(set.Scans(ctx, dataset.Train)), opts(step)...)
	end()
	if err != nil {
		return nil, fmt.Errorf("%s, %s: %w", set.Class, m.Key, err)
	}
	r.FitSeconds = time.Since(start).Seconds()
	r.Config, r.Provenance = d.Config(), d.Provenance()
	r.BankRows, _ = d.BankSize()
	r.Random = r.Provenance.Projection > 0
	if r.ModelSHA256, err = p.modelDigest(d); err != nil {
		return nil, err
	}
	start = time.Now()
	step, end = progress("score "+set.Class+" "+m.Key, len(set.Items(dataset.Test)))
	e, err := d.Evaluate(ctx, set.Scans(ctx, dataset.Test), nil, iad3d.WithProgress(step), iad3d.WithIntervals(p.Bootstrap, 0))
	end()
	if err != nil {
		return nil, fmt.Errorf("%s, %s: %w", set.Class, m.Key, err)
	}
	r.EvalSeconds = time.Since(start).Seconds()
	r.Figures, r.Convention, r.Defects, r.TestScans = e.Metrics, e.Convention, e.Defects, len(e.Scans)
	if r.Intervals = e.Intervals; e.Intervals != nil {
		for i, v := range e.Intervals.Replicas.ImageAUROC {
			r.Replicas = append(r.Replicas, iad3d.Metrics{ImageAUROC: v, PixelAUROC: e.Intervals.Replicas.PixelAUROC[i], AUPRO: e.Intervals.Replicas.AUPRO[0][i]})
		}
	}
	return r, atomicfile.Write(path, func(w io.Writer) error { return encode(w, r) })
}

// readRun reads the record of a run; nil when there is none, or one of another
// version of the program that this one cannot read.
func readRun(path string) (*Run, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var r Run
	if json.Unmarshal(text, &r) != nil {
		return nil, nil
	}
	return &r, nil
}

// modelDigest returns the SHA-256 of the model's file, which it does not keep:
// those of a whole set take gigabytes.
func (p *Plan) modelDigest(d *iad3d.Detector) (string, error) {
	path := filepath.Join(p.Out, RunsFolder, ".model")
	defer os.Remove(path)
	if err := d.Save(path); err != nil {
		return "", err
	}
	head, err := model.ReadHeader(path)
	if err != nil {
		return "", err
	}
	return head.SHA256, nil
}

func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
