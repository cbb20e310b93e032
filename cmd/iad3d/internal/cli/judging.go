package cli

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/inspection"
)

// judging is by what a command makes verdicts.
type judging struct {
	scan, pixel, minArea float64
	cmd                  *cobra.Command
}

func (j *judging) add(cmd *cobra.Command) {
	j.cmd = cmd
	f := cmd.Flags()
	f.Float64Var(&j.scan, "threshold", 0, "score above which a scan fails (the model's, if it has one)")
	f.Float64Var(&j.pixel, "pixel-threshold", 0, "score above which a pixel belongs to a region (the model's, if it has one)")
	f.Float64Var(&j.minArea, "min-area", 0, "tolerance: regions below this many mm² do not count")
}

// check looks at the flags alone.
func (j *judging) check() error {
	for name, v := range map[string]float64{"threshold": j.scan, "pixel-threshold": j.pixel} {
		if j.cmd.Flags().Changed(name) && (!(v > 0) || v-v != 0) {
			return usagef("--%s %v: want a score above 0", name, v)
		}
	}
	if !(j.minArea >= 0) || j.minArea-j.minArea != 0 {
		return usagef("--min-area %v: want mm² from 0 on", j.minArea)
	}
	return nil
}

// options returns what scans of a model are judged by. known tells whether there is
// a threshold at all.
func (j *judging) options(d *iad3d.Detector) (o inspection.Options, known bool, err error) {
	t := d.Thresholds()
	if t == nil {
		t = new(iad3d.Thresholds)
	}
	if j.scan > 0 {
		*t = iad3d.Thresholds{Scan: j.scan, Pixel: t.Pixel} // nobody promises anything of it
	}
	if j.pixel > 0 {
		t.Pixel = j.pixel
	}
	o = inspection.Options{Thresholds: t, MinArea: j.minArea, WholeSurface: d.Config().KeepPlane, Detector: d}
	if j.minArea > 0 && t.Pixel == 0 {
		return o, false, usagef("--min-area is about regions, which need --pixel-threshold: the model has none")
	}
	return o, t.Scan > 0 || t.Pixel > 0, nil
}

// errVerdict is wrapped when scans are such that --fail-on asks for exit code 5.
var errVerdict = errors.New("verdict")

// failOn is which verdicts end the program with exit code 5.
type failOn []string

const (
	onAnomaly = "anomaly"
	onInvalid = "invalid"
)

func (o *failOn) add(cmd *cobra.Command) {
	cmd.Flags().StringSliceVar((*[]string)(o), "fail-on", nil, "end with exit code 5 when a scan is one of: anomaly, invalid")
	complete(cmd, "fail-on", onAnomaly, onInvalid)
}

func (o failOn) check() error {
	for _, s := range o {
		if s != onAnomaly && s != onInvalid {
			return usagef("--fail-on %q: there is anomaly or invalid", s)
		}
	}
	return nil
}

// result returns the error that counts come to; nil for none.
func (o failOn) result(c inspection.Counts) error {
	var what []string
	if slices.Contains(o, onAnomaly) && c.Fail > 0 {
		what = append(what, count(c.Fail, "scan fails", "scans fail"))
	}
	if slices.Contains(o, onInvalid) && c.Invalid > 0 {
		what = append(what, count(c.Invalid, "capture is invalid", "captures are invalid"))
	}
	if what == nil {
		return nil
	}
	return &verdictError{strings.Join(what, ", ")}
}

type verdictError struct{ what string }

func (e *verdictError) Error() string { return e.what }
func (e *verdictError) Unwrap() error { return errVerdict }
