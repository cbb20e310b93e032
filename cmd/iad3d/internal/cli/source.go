package cli

import (
	"errors"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/iad3d/iad3d/io/dataset"
	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/rgbd"
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

// unlabelled drops what is known about the scans.
func unlabelled(scans iter.Seq2[*rgbd.Labelled, error]) iter.Seq2[*rgbd.Scan, error] {
	return func(yield func(*rgbd.Scan, error) bool) {
		for l, err := range scans {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(l.Scan, nil) {
				return
			}
		}
	}
}

// scanFiles returns the files that arguments stand for: a folder for the clouds
// in it by their extensions, or in its xyz folder where it has one, by name. Text
// needs an extension of its own: .txt and .csv files can be anything.
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
			if !e.IsDir() && ext != ".txt" && ext != ".csv" && slices.Contains(scan.Extensions(), ext) && !strings.HasPrefix(e.Name(), ".") {
				files = append(files, filepath.Join(dir, e.Name()))
			}
		}
		if len(files) == n {
			return nil, &scan.Error{Path: dir, Err: errors.New("no .tiff, .pcd, .ply or other cloud files")}
		}
	}
	return files, nil
}
