package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/internal/bench"
	"github.com/iad3d/iad3d/internal/ortlib"
	"github.com/iad3d/iad3d/internal/synth"
	"github.com/iad3d/iad3d/io/model"
	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/mapeval"
	"github.com/iad3d/iad3d/rgbd"
	"github.com/iad3d/iad3d/rgbd/onnx"
)

// Exit codes, see Run.
const (
	exitFine        = 0
	exitInternal    = 1
	exitUsage       = 2
	exitInput       = 3
	exitModel       = 4
	exitAnomaly     = 5
	exitInterrupted = 130
)

// usageError says that the command line makes no sense.
type usageError struct{ error }

func (e *usageError) Unwrap() error { return e.error }

func usage(err error) error { return &usageError{err} }

func usagef(format string, args ...any) error { return usage(fmt.Errorf(format, args...)) }

// failure is an error of a command that was under way.
type failure struct{ error }

func (e *failure) Unwrap() error { return e.error }

// errReported is wrapped by an error whose parts were printed when they arose.
var errReported = errors.New("already reported")

// conclude reports the outcome of a command and returns the exit code.
func (a *app) conclude(ctx context.Context, cmd *cobra.Command, err error) int {
	if err == nil {
		return exitFine
	}
	_, running := errors.AsType[*failure](err)
	if running && ctx.Err() != nil {
		a.tell("iad3d: interrupted")
		return exitInterrupted
	}
	code := exitUsage
	if running {
		code = exitCode(err)
	}
	switch {
	case errors.Is(err, errReported):
	case code == exitUsage:
		a.tell("iad3d: %v (see %s --help)", plain(err), cmd.CommandPath())
	default:
		a.tell("iad3d: %v", plain(err))
	}
	return code
}

// exitCode tells from an error of the library whose fault it is.
func exitCode(err error) int {
	is := func(targets ...error) bool {
		for _, t := range targets {
			if errors.Is(err, t) {
				return true
			}
		}
		return false
	}
	_, misused := errors.AsType[*usageError](err)
	_, file := errors.AsType[*scan.Error](err)
	switch {
	case misused:
		return exitUsage
	case is(errVerdict):
		return exitAnomaly
	case is(model.ErrModel, onnx.ErrModel): // even where it holds a configuration that makes no sense
		return exitModel
	case is(iad3d.ErrConfig, iad3d.ErrUpdate, iad3d.ErrBackbone, bench.ErrPlan, mapeval.ErrOptions, synth.ErrOptions, synth.ErrOccupied, ortlib.ErrOptions, onnx.ErrOptions):
		return exitUsage
	case file || is(rgbd.ErrScan, iad3d.ErrEvaluate, iad3d.ErrNoScans, mapeval.ErrUndefined, onnx.ErrLibrary):
		return exitInput
	}
	return exitInternal
}

// plain words cobra's messages like ours.
func plain(err error) string {
	s := err.Error()
	if list, ok := strings.CutPrefix(s, "required flag(s) "); ok {
		list = strings.ReplaceAll(strings.TrimSuffix(list, " not set"), `"`, "")
		return "missing --" + strings.ReplaceAll(list, ", ", ", --")
	}
	return s
}
