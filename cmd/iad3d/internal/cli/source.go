package cli

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/iad3d/iad3d/io/dataset"
	"github.com/iad3d/iad3d/io/scan"
)

// source is the data set that a command works on.
type source struct{ kind, root, class string }

func (s *source) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.kind, "dataset", "", "kind of data set: "+strings.Join(dataset.Kinds(), ", "))
	f.StringVar(&s.root, "root", "", "folder of the data set, or of one class of it")
	f.StringVar(&s.class, "class", "", "class (kind of part); may be left out where there is only one")
	complete(cmd, "dataset", dataset.Kinds()...)
}

func (s *source) open() (*dataset.Set, error) {
	if !slices.Contains(dataset.Kinds(), s.kind) {
		return nil, usagef("--dataset %q: there is %s", s.kind, strings.Join(dataset.Kinds(), ", "))
	}
	return dataset.Open(s.kind, s.root, s.class)
}

// classes lists the classes of the data set.
func (s *source) classes() ([]string, error) {
	if !slices.Contains(dataset.Kinds(), s.kind) {
		return nil, usagef("--dataset %q: there is %s", s.kind, strings.Join(dataset.Kinds(), ", "))
	}
	return dataset.Classes(s.root)
}

// scanFiles returns the files that arguments stand for: a folder for the .tiff
// files in it, or in its xyz folder where it has one, by name.
func scanFiles(args []string) ([]string, error) {
	var files []string
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil || !info.IsDir() { // reading it will say what is wrong
			files = append(files, arg)
			continue
		}
		dir := arg
		if xyz, err := os.Stat(filepath.Join(arg, "xyz")); err == nil && xyz.IsDir() {
			dir = filepath.Join(arg, "xyz")
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, &scan.Error{Path: dir, Err: err}
		}
		n := len(files)
		for _, e := range entries {
			ext := strings.ToLower(filepath.Ext(e.Name()))
			if !e.IsDir() && (ext == ".tiff" || ext == ".tif") && !strings.HasPrefix(e.Name(), ".") {
				files = append(files, filepath.Join(dir, e.Name()))
			}
		}
		if len(files) == n {
			return nil, &scan.Error{Path: dir, Err: errors.New("no .tiff files")}
		}
	}
	return files, nil
}
