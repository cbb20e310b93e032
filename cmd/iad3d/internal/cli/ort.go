package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/iad3d/iad3d/internal/ortlib"
	"github.com/iad3d/iad3d/rgbd/onnx"
)

const ortLong = `ONNX Runtime is the library that runs image backbones. iad3d needs it for nothing
else, loads it only then, and looks for it in this order: --ort-library, the
environment variable ` + ortlib.Variable + `, the user's cache (where install puts it),
the folder of the program, the system's folders.`

func (a *app) ort() *cobra.Command {
	return a.group("ort", "Install or check ONNX Runtime, which runs backbones", ortLong, `  iad3d ort install
  iad3d ort check`, a.ortInstall(), a.ortCheck())
}

// group makes a command that only holds others.
func (a *app) group(name, short, long, example string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: name, Short: short, Long: long, Example: example,
		Args:                  a.noCommand,
		RunE:                  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		DisableFlagsInUseLine: true,
	}
	for _, c := range commands {
		c.RunE = a.started(c.RunE)
		cmd.AddCommand(c)
	}
	return cmd
}

const ortInstallLong = `Get ONNX Runtime's shared library and put it into the user's cache.

Without flags it comes from a package that holds it, by Go's module download or
npm's pack, whichever is there; no script of a package is run. Its SHA-256 must be
the one that this program knows. --from and --url take a library, or a .tgz archive
with one, of your own; give its --sha256 to have it compared. What was put in place
is recorded with its SHA-256, which is compared again whenever it is loaded.`

func (a *app) ortInstall() *cobra.Command {
	var o ortlib.InstallOptions
	cmd := &cobra.Command{
		Use:   "install [--via npm|go | --from FILE | --url URL] [--sha256 HEX]",
		Short: "Get the library",
		Long:  ortInstallLong,
		Example: `  iad3d ort install
  iad3d ort install --via npm
  iad3d ort install --from onnxruntime-linux-x64-1.24.1.tgz`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runOrtInstall(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar((*string)(&o.Via), "via", "", "client that downloads a package: npm or go (whichever is there)")
	f.StringVar(&o.From, "from", "", "file to install: a library, or a .tgz archive with one")
	f.StringVar(&o.URL, "url", "", "address to download such a file from")
	f.StringVar(&o.SHA256, "sha256", "", "what the file of --from or --url must have, 64 hexadecimal digits")
	a.addJSON(cmd, "write a JSON document about the library")
	complete(cmd, "via", string(ortlib.ViaNPM), string(ortlib.ViaGo))
	return cmd
}

// libraryDocument is what install --json and check --json write.
type libraryDocument struct {
	File    string `json:"file"`
	Place   string `json:"place"`             // "given", "environment", "cache", "beside", "system"
	Version string `json:"version,omitempty"` // of ONNX Runtime
	SHA256  string `json:"sha256"`
	Source  string `json:"source,omitempty"` // where install got it
	// Tested says that the library was loaded and ran a network correctly.
	Tested bool `json:"tested"`
}

func documentOf(lib *ortlib.Library, tested bool) libraryDocument {
	return libraryDocument{lib.Path, string(lib.Place), lib.Version, lib.SHA256, lib.Source, tested}
}

func (a *app) runOrtInstall(ctx context.Context, o ortlib.InstallOptions) error {
	o.Fetching = func(what string) { a.note("fetching %s", what) }
	lib, err := ortlib.Install(ctx, o)
	if err != nil {
		return err
	}
	if a.json {
		return a.document(documentOf(lib, false))
	}
	return a.libraryTable(lib)
}

// libraryTable describes a library.
func (a *app) libraryTable(lib *ortlib.Library, more ...[2]string) error {
	version := lib.Version
	if version == "" {
		version = "not told before it is loaded"
	}
	rows := [][2]string{{"library", lib.Path}, {"found", placeOf(lib)}, {"version", version}, {"sha256", lib.SHA256}}
	if lib.Source != "" {
		rows = append(rows, [2]string{"source", lib.Source})
	}
	return a.table(append(rows, more...))
}

// placeOf says why a library is the one to be used.
func placeOf(lib *ortlib.Library) string {
	switch lib.Place {
	case ortlib.Given:
		return "named by --ort-library"
	case ortlib.Environment:
		return "named by " + ortlib.Variable
	case ortlib.Cache:
		return "in the user's cache, as it was installed"
	case ortlib.Beside:
		return "beside the program"
	}
	return "in a folder of the system"
}

const ortCheckLong = `Say which ONNX Runtime library backbones would use and why, load it, and run a
small network through it whose results are known.`

func (a *app) ortCheck() *cobra.Command {
	var library string
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Say which library is used, and test it",
		Long:  ortCheckLong,
		Example: `  iad3d ort check
  iad3d ort check --ort-library /opt/onnxruntime/lib/libonnxruntime.so`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runOrtCheck(cmd.Context(), library) },
	}
	addLibrary(cmd, &library)
	a.addJSON(cmd, "write a JSON document about the library")
	return cmd
}

// addLibrary gives a command the flag that names ONNX Runtime's library.
func addLibrary(cmd *cobra.Command, library *string) {
	cmd.Flags().StringVar(library, "ort-library", "", "file of ONNX Runtime's shared library (see iad3d ort --help)")
}

func (a *app) runOrtCheck(ctx context.Context, library string) error {
	lib, err := onnx.Check(ctx, library)
	if err != nil {
		return err
	}
	if a.json {
		return a.document(documentOf(lib, true))
	}
	return a.libraryTable(lib,
		[2]string{"interface", fmt.Sprintf("%s, asked for 23", api(lib.Version))},
		[2]string{"test", "a network of two convolutions gave the right values"})
}

// api returns the version of ONNX Runtime's interface: the second number of its
// own.
func api(version string) string {
	if n := strings.Split(version, "."); len(n) > 1 {
		return n[1]
	}
	return "unknown"
}
