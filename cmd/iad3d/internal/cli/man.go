package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/iad3d/iad3d"
	"github.com/iad3d/iad3d/report"
)

const manLong = `Write the manual pages, one per command, into a folder: iad3d.1, iad3d-score.1 and so
on. "man -l FOLDER/iad3d-score.1" shows one; in /usr/local/share/man/man1 man finds them
by name. "iad3d completion" writes what makes a shell complete commands and flags.`

func (a *app) man() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:     "man --out DIR",
		Short:   "Write manual pages",
		Long:    manLong,
		Example: "  iad3d man --out man1 && man -l man1/iad3d-score.1",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.runMan(cmd.Root(), out) },
	}
	cmd.Flags().StringVar(&out, "out", "", "folder to write")
	require(cmd, "out")
	return cmd
}

func (a *app) runMan(root *cobra.Command, out string) error {
	if err := writableFolder(out); err != nil {
		return err
	}
	root.DisableAutoGenTag = true
	n := 0
	var each func(c *cobra.Command) error
	each = func(c *cobra.Command) error {
		if c.Hidden || c.Name() == "help" {
			return nil
		}
		var b bytes.Buffer
		header := &doc.GenManHeader{Section: "1", Source: "iad3d " + iad3d.Version, Manual: "iad3d"}
		if err := doc.GenMan(c, header, &b); err != nil {
			return err
		}
		name := filepath.Join(out, strings.ReplaceAll(c.CommandPath(), " ", "-")+".1")
		if info, err := os.Lstat(name); err == nil && !info.Mode().IsRegular() {
			return usagef("%s exists and is no file", name)
		} else if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		if err := write(name, func(w io.Writer) error { _, err := w.Write(b.Bytes()); return err }); err != nil {
			return err
		}
		n++
		for _, child := range c.Commands() {
			if err := each(child); err != nil {
				return err
			}
		}
		return nil
	}
	if err := each(root); err != nil {
		return err
	}
	a.note("%s in %s", count(n, "page", "pages"), out)
	return nil
}

func (a *app) schema() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Show the JSON Schema of results",
		Long: `Show the JSON Schema (draft 2020-12) of the lines that score --json prints and that
results.jsonl of score and watch has.`,
		Example: "  iad3d schema > result.schema.json",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprint(a.stdout, report.Schema())
			return err
		},
	}
}
