package cli

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/iad3d/iad3d"
)

// versionDocument is what version --json writes.
type versionDocument struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"` // of the source, when known
	Go       string `json:"go"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
}

func (a *app) version() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Show the version of iad3d",
		Example: "  iad3d version --json",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			v := versionDocument{iad3d.Version, revision(), runtime.Version(), runtime.GOOS, runtime.GOARCH}
			if a.json {
				return a.document(v)
			}
			source := ""
			if v.Revision != "" {
				source = ", revision " + v.Revision
			}
			return a.printf("iad3d %s%s (%s, %s/%s)\n", v.Version, source, v.Go, v.OS, v.Arch)
		},
	}
	a.addJSON(cmd, "write a JSON document")
	return cmd
}

// revision returns the commit that the program was built from, with a + when
// files had been changed; empty when the build does not know.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	commit, changed := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = "+"
		}
	}
	return commit + changed
}
