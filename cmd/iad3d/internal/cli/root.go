// Package cli is the command line of iad3d: flags in, one call of the library,
// results out.
//
// Standard output carries results only; with --json one JSON document, or one
// line per scan from score. Messages and progress go to standard error. A
// command that fails says why in one line that begins with "iad3d: " and ends
// with the code that [Run] documents.
package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/vbauerster/mpb/v8"
)

// Run executes the program with the given arguments, the program's name not
// among them, and returns its exit code:
//
//	0    fine
//	1    internal: a fault of the program, or results that could not be written
//	2    usage: unknown command or flag, missing or senseless value
//	3    bad input: a scan or data set that is missing, damaged or unfit, or
//	     ONNX Runtime's library, which a backbone needs ("iad3d ort install")
//	4    bad model: a model file that is missing, damaged or too new, or an ONNX
//	     file that is missing, damaged or not usable as a backbone
//	5    a scan fails, or its capture is invalid, and --fail-on asked for it
//	130  interrupted by SIGINT or SIGTERM, or by the end of ctx
//
// A panic of the calling goroutine is reported with its stack and gives 1.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (code int) {
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(stderr, "iad3d: internal error, please report it: %v\n%s", p, debug.Stack())
			code = exitInternal
		}
	}()
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once

	a := &app{stdout: stdout, stderr: stderr}
	root := a.root()
	root.SetArgs(append([]string{}, args...)) // for nil cobra takes the program's own
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	return a.conclude(ctx, cmd, err)
}

// app is what the commands have in common.
type app struct {
	stdout, stderr io.Writer
	live           *mpb.Progress // the progress on display; nil when there is none

	quiet   bool
	json    bool
	threads int
}

const rootLong = `iad3d finds what is abnormal in 3-D scans of parts: fit a model to scans of sound
parts, then score new scans with it.

Exit codes: 0 fine, 1 internal, 2 usage, 3 bad input, 4 bad model, 5 anomaly found
(with --fail-on anomaly), 130 interrupted.`

// root returns the command tree.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "iad3d",
		Short: "Find what is abnormal in 3-D scans of parts",
		Long:  rootLong,
		Example: `  iad3d demo
  iad3d fit --dataset mvtec3d --root mvtec_3d --class bagel --out bagel.iad3d
  iad3d score --model bagel.iad3d --out results mvtec_3d/bagel/test/hole/xyz/000.tiff
  iad3d eval --model bagel.iad3d --dataset mvtec3d --root mvtec_3d --class bagel`,
		Args:                       a.noCommand,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SuggestionsMinimumDistance: 2,
		DisableFlagsInUseLine:      true,
		SilenceErrors:              true,
		SilenceUsage:               true,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return badFlag(err) })
	root.PersistentFlags().BoolVarP(&a.quiet, "quiet", "q", false, "no progress and no messages but errors")
	for _, c := range []*cobra.Command{
		a.fit(), a.update(), a.score(), a.eval(), a.report(), a.watch(), a.bench(), a.preprocess(), a.synth(), a.inspect(), a.convert(), a.demo(), a.schema(), a.man(), a.version(),
		a.ort(), a.backbone(),
	} {
		c.RunE = a.started(c.RunE)
		root.AddCommand(c)
	}
	return root
}

// noCommand is met with arguments that begin with no command.
func (a *app) noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	near := cmd.SuggestionsFor(args[0])
	if len(near) == 0 {
		return usagef("unknown command %q", args[0])
	}
	return usagef("unknown command %q, perhaps %s", args[0], strings.Join(near, " or "))
}

// started marks what a command returns as its own error: all others come from
// the command line's interpretation. An empty value, as of a shell variable that
// is not set, is refused; an empty class is one that was left out. It also applies --threads.
func (a *app) started(run func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if a.threads < 0 {
			return usagef("--threads %d: want 0 (all) or more", a.threads)
		}
		var empty error
		cmd.Flags().Visit(func(f *pflag.Flag) {
			if v := f.Value.String(); (v == "" || v == "[]") && f.Name != "class" {
				empty = usagef("--%s is empty", f.Name)
			}
		})
		if empty != nil {
			return empty
		}
		if a.threads > 0 { // more than there are would only cost memory
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(min(a.threads, runtime.NumCPU())))
		}
		if err := run(cmd, args); err != nil {
			return &failure{err}
		}
		return nil
	}
}

// addJSON and addThreads give a command these flags.
func (a *app) addJSON(cmd *cobra.Command, what string) {
	cmd.Flags().BoolVar(&a.json, "json", false, what)
}

func (a *app) addThreads(cmd *cobra.Command) {
	cmd.Flags().IntVar(&a.threads, "threads", 0, "processor cores to use, 0 = all; results do not depend on it")
}

// document writes v as the JSON document of a command.
func (a *app) document(v any) error { return encode(a.stdout, v) }

// encode writes v as indented JSON.
func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// printf writes a result for people.
func (a *app) printf(format string, args ...any) error {
	_, err := fmt.Fprintf(a.stdout, format, args...)
	return err
}

// tell writes a message to standard error, above a progress bar where there is
// one.
func (a *app) tell(format string, args ...any) {
	w := a.stderr
	if a.live != nil {
		w = a.live
	}
	fmt.Fprintln(w, oneLine(fmt.Sprintf(format, args...)))
}

// note is tell for what --quiet leaves out.
func (a *app) note(format string, args ...any) {
	if !a.quiet {
		a.tell(format, args...)
	}
}

// oneLine joins the lines of a text.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}
