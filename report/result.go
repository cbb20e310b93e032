package report

import (
	"encoding/json"
	"fmt"
	"io"
	"math"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/align"
	"github.com/iad3d/iad3d/inspection"
	"github.com/iad3d/iad3d/regions"
)

// Files names what was written about a scan, as a path or URL of the caller's
// choice; an empty field was not.
type Files struct {
	Map     string `json:"map,omitempty"`
	Points  string `json:"points,omitempty"` // the scores of a loose scan's points
	Heatmap string `json:"heatmap,omitempty"`
	Cloud   string `json:"cloud,omitempty"` // coloured by score
}

// line is a result as Line writes it.
type line struct {
	Scan   string     `json:"scan"`
	Source string     `json:"source"`
	Score  float64    `json:"score"`
	Peak   iad3d.Peak `json:"peak"`
	Width  int        `json:"width"` // of the map; 0 of a loose scan
	Height int        `json:"height"`
	Points int        `json:"points,omitempty"` // of a loose scan
	Files  Files      `json:"files,omitzero"`

	Fit     *fit     `json:"fit,omitempty"`     // of a loose scan that was aligned
	Invalid []string `json:"invalid,omitempty"` // reasons, in words

	Verdict    inspection.Verdict `json:"verdict,omitempty"`
	Why        string             `json:"why,omitempty"`
	Thresholds *iad3d.Thresholds  `json:"thresholds,omitempty"`
	MinArea    float64            `json:"min_area_mm2,omitempty"`
	// Regions is nil where none were looked for.
	Regions *[]regions.Region `json:"regions,omitempty"`
	Ignored int               `json:"regions_ignored,omitempty"`
}

// fit is how a scan lies on the reference.
type fit struct {
	RMS         float64       `json:"rms_mm"`
	Overlap     float64       `json:"overlap"`
	Rotation    [3][3]float64 `json:"rotation"` // rows: from the scan's axes to the reference's
	Translation [3]float64    `json:"translation_mm"`
}

func fitOf(f *align.Fit) *fit {
	if f == nil {
		return nil
	}
	const mm = 1000
	out := &fit{RMS: f.RMS * mm, Overlap: f.Overlap, Translation: [3]float64{f.Pose.T.X * mm, f.Pose.T.Y * mm, f.Pose.T.Z * mm}}
	for i, row := range f.Pose.R {
		out.Rotation[i] = [3]float64{row.X, row.Y, row.Z}
	}
	return out
}

// Line writes a result as one line of JSON, in one Write, with the keys scan,
// source, score, peak (x, y, value), width and height of the map, whose pixels
// peak counts, and files (map, heatmap, points, cloud) where f has any. Of a loose
// scan x, y, width and height are 0, points is the number of its points, and peak has
// its point (index, position); one that was aligned has its pose, residual and
// overlap under fit. An invalid capture has its reasons under invalid. [Schema] is
// the JSON Schema of it.
func Line(w io.Writer, r *iad3d.Result, f Files) error {
	return encodeLine(w, lineOf(r, f), r)
}

// Inspection writes the line of [Line] with what was decided and found: verdict and
// why, thresholds and min_area_mm2 where there are any, regions (a list, empty
// where there is none) with lengths in millimetres, and regions_ignored.
func Inspection(w io.Writer, n *inspection.Inspection, f Files) error {
	return encodeLine(w, inspectionLine(n, f), n.Result)
}

func inspectionLine(n *inspection.Inspection, f Files) *line {
	l := lineOf(n.Result, f)
	l.Verdict, l.Why, l.MinArea = n.Verdict, n.Why, n.MinArea
	if n.Thresholds != (iad3d.Thresholds{}) {
		l.Thresholds = &n.Thresholds
	}
	if n.Found != nil {
		all := append([]regions.Region{}, n.Found.Regions...)
		l.Regions, l.Ignored = &all, n.Found.Ignored
	}
	return l
}

func lineOf(r *iad3d.Result, f Files) *line {
	l := &line{Scan: r.Name, Source: r.Source, Score: r.Score, Peak: r.Peak, Points: len(r.Points), Files: f, Fit: fitOf(r.Fit)}
	for _, reason := range r.Invalid {
		l.Invalid = append(l.Invalid, reason.String())
	}
	if r.Map != nil {
		l.Width, l.Height = r.Map.W, r.Map.H
	}
	return l
}

func encodeLine(w io.Writer, l *line, r *iad3d.Result) error {
	if err := checkResult(r); err != nil {
		return err
	}
	return encodeAny(w, l, label(r))
}

// checkResult returns an error when r cannot be reported on: neither points nor a
// map of one channel, a peak outside, a number that is not finite. The map's and
// points' values are for those to check who read them.
func checkResult(r *iad3d.Result) error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("report: result of %s: %s", label(r), fmt.Sprintf(format, args...))
	}
	m := r.Map
	switch p := r.Peak.Point; {
	case m == nil && len(r.Points) == 0:
		return bad("no map and no points")
	case m == nil && (p == nil || p.Index < 0 || p.Index >= len(r.Points)):
		return bad("the peak is none of %d points", len(r.Points))
	case m == nil && !(finite(p.Position[0]) && finite(p.Position[1]) && finite(p.Position[2])):
		return bad("peak at %v", p.Position)
	case m == nil:
	case m.H <= 0 || m.W <= 0 || m.C != 1 || len(m.Data) != m.H*m.W || m.Valid != nil && len(m.Valid) != m.H*m.W:
		return bad("%d values and %d flags do not make a %d×%d×%d score map", len(m.Data), len(m.Valid), m.H, m.W, m.C)
	case r.Peak.X < 0 || r.Peak.X >= m.W || r.Peak.Y < 0 || r.Peak.Y >= m.H:
		return bad("peak (%d, %d) lies outside the map of %d×%d pixels", r.Peak.X, r.Peak.Y, m.W, m.H)
	case !finite(r.Score):
		return bad("score is %g", r.Score)
	case !finite(float64(r.Peak.Value)):
		return bad("peak value is %g", r.Peak.Value)
	}
	return nil
}

// label names a result in messages.
func label(r *iad3d.Result) string {
	switch {
	case r.Source != "":
		return r.Source
	case r.Name != "":
		return r.Name
	}
	return "a scan"
}

// wrote says what could not be written; nil for nil.
func wrote(err error, what string) error {
	if err != nil {
		return fmt.Errorf("report: writing %s: %w", what, err)
	}
	return nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// failed is a scan that could not be scored.
type failed struct {
	Scan    string `json:"scan"`
	Source  string `json:"source"`
	Verdict string `json:"verdict"`
	Error   string `json:"error"`
}

// Failure writes the line of a scan that could not be scored: scan, source, verdict
// "error" and error.
func Failure(w io.Writer, name, source string, why error) error {
	return encodeAny(w, failed{name, source, "error", why.Error()}, source)
}

func encodeAny(w io.Writer, v any, of string) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return wrote(e.Encode(v), "result of "+of)
}
