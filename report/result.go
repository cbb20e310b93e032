package report

import (
	"encoding/json"
	"fmt"
	"io"
	"math"

	"github.com/iad3d/iad3d"
)

// Files names what was written about a scan, as a path or URL of the caller's
// choice; an empty field was not.
type Files struct {
	Map     string `json:"map,omitempty"`
	Heatmap string `json:"heatmap,omitempty"`
}

// line is a result as Line writes it.
type line struct {
	Scan   string     `json:"scan"`
	Source string     `json:"source"`
	Score  float64    `json:"score"`
	Peak   iad3d.Peak `json:"peak"`
	Width  int        `json:"width"`
	Height int        `json:"height"`
	Files  Files      `json:"files,omitzero"`
}

// Line writes a result as one line of JSON, in one Write, with the keys scan,
// source, score, peak (x, y, value), width and height of the map, whose pixels
// peak counts, and files (map, heatmap) where f has any.
func Line(w io.Writer, r *iad3d.Result, f Files) error {
	if err := checkResult(r); err != nil {
		return err
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return wrote(e.Encode(line{r.Name, r.Source, r.Score, r.Peak, r.Map.W, r.Map.H, f}), "result of "+label(r))
}

// checkResult returns an error when r cannot be reported on: no map of one
// channel, a peak outside it, a number that is not finite. The map's values are
// for those to check who read them.
func checkResult(r *iad3d.Result) error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("report: result of %s: %s", label(r), fmt.Sprintf(format, args...))
	}
	m := r.Map
	switch {
	case m == nil:
		return bad("no map")
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
