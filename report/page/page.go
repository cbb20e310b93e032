// Package page writes what was found of a batch of scans, or of an evaluation, as
// one HTML file that needs nothing else: no network, no other file, no program but a
// browser. It has a table that sorts, a page per scan with photo, score map and
// regions, and a view of the cloud that turns, coloured by score or deviation.
//
// The pages' programs are in assets; they use WebGL 2 and DecompressionStream,
// which browsers have had since 2023. Scans' clouds are thinned out and compressed,
// and decoded only when they are opened.
package page

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/inspection"
	"github.com/iad3d/iad3d/regions"
	"github.com/iad3d/iad3d/report"
	"github.com/iad3d/iad3d/rgbd"
)

// Fact is a line of what a report says of its own making.
type Fact struct{ Name, Value string }

// Report is a page in the making. Fill in what is known, [Report.Add] each scan, and
// [Report.Write] it.
type Report struct {
	Title string
	// Facts are shown at the top: model, data, command, date.
	Facts []Fact
	// Thresholds and MinArea are those that scans were judged by.
	Thresholds iad3d.Thresholds
	MinArea    float64
	// Config and Provenance are shown as JSON; nil for none.
	Config, Provenance any
	// Evaluation and Curves are of a labelled set; nil for none.
	Evaluation *iad3d.Evaluation
	Curves     []Curve
	// Points is the most points of a scan's cloud that are kept; 0 means 20,000.
	Points int

	scans  []*entry
	scaler report.Scaler
	batch  inspection.Batch
}

// entry is a scan of a report. The JSON is what page.js reads.
type entry struct {
	Name    string            `json:"name"`
	Source  string            `json:"source"`
	Defect  string            `json:"defect,omitempty"`
	Verdict string            `json:"verdict,omitempty"`
	Why     string            `json:"why,omitempty"`
	Score   float64           `json:"score"`
	Peak    float64           `json:"peak"`
	X       int               `json:"x"`
	Y       int               `json:"y"`
	Regions *[]regions.Region `json:"regions,omitempty"`
	Ignored int               `json:"ignored,omitempty"`
	Seconds float64           `json:"seconds"`
	Thumb   *thumb            `json:"thumb,omitempty"`
	Data    bool              `json:"data"` // there is something to open

	Error string `json:"-"`
	photo []byte // JPEG
	blob  []byte // deflated
}

// Search is the text that the table is filtered by.
func (e *entry) Search() string {
	return strings.ToLower(strings.Join([]string{e.Name, e.Source, e.Defect, e.Verdict}, " "))
}

// Count is the number of regions, empty where none were sought.
func (e *entry) Count() string {
	if e.Regions == nil {
		return ""
	}
	return fmt.Sprint(len(*e.Regions))
}

// Area is that of all regions together in mm².
func (e *entry) Area() float64 {
	sum := 0.0
	if e.Regions != nil {
		for _, r := range *e.Regions {
			sum += r.Area
		}
	}
	return sum
}

// ErrLoose is wrapped by errors about clouds without a raster, which a report does
// not show.
var ErrLoose = errors.New("page: a report shows scans with a raster")

// Add takes in a scan and what was found of it. l may be unlabelled.
func (r *Report) Add(ctx context.Context, l *rgbd.Labelled, n *inspection.Inspection, took time.Duration) error {
	if n.Result.Map == nil {
		return fmt.Errorf("%w: %s is loose", ErrLoose, l.Label())
	}
	e := &entry{
		Name: n.Result.Name, Source: n.Result.Source, Defect: l.Defect, Verdict: string(n.Verdict), Why: n.Why,
		Score: n.Result.Score, Peak: float64(n.Result.Peak.Value), X: n.Result.Peak.X, Y: n.Result.Peak.Y,
		Seconds: took.Seconds(), Data: true,
	}
	if e.Name == "" {
		e.Name = l.Label()
	}
	if n.Found != nil {
		all := append([]regions.Region{}, n.Found.Regions...)
		e.Regions, e.Ignored = &all, n.Found.Ignored
	}
	if err := e.pack(ctx, l.Scan, n, r.points()); err != nil {
		return err
	}
	r.scaler.Add(n.Result)
	r.batch.Add(n, took)
	r.scans = append(r.scans, e)
	return nil
}

// AddError takes in a scan that could not be scored.
func (r *Report) AddError(source string, why error) {
	r.batch.AddError()
	r.scans = append(r.scans, &entry{Name: path.Base(strings.ReplaceAll(source, `\`, "/")), Source: source, Verdict: "error", Why: why.Error(), Error: why.Error()})
}

func (r *Report) points() int {
	if r.Points > 0 {
		return r.Points
	}
	return 20_000
}

// scale returns the ends of the colours.
func (r *Report) scale() (low, high float64) {
	if r.Thresholds.Pixel > 0 {
		return report.ThresholdScale(r.Thresholds.Pixel)
	}
	return r.scaler.Scale()
}

// Size returns the bytes of a page without scans, and what the scans take.
func (r *Report) Size() (frame, data int, err error) {
	var all bytes.Buffer
	empty := *r
	empty.scans, empty.batch = nil, inspection.Batch{}
	if err := empty.Write(&all); err != nil {
		return 0, 0, err
	}
	frame = all.Len()
	all.Reset()
	if err := r.Write(&all); err != nil {
		return 0, 0, err
	}
	return frame, all.Len() - frame, nil
}
