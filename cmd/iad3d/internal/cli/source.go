package cli

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/iad3d/iad3d/io/dataset"
	"github.com/iad3d/iad3d/io/scan"
)

// source is the data set that a command works on.
type source struct {
	kind, root, class string
	image             int
	unit              string
	flags             *pflag.FlagSet
}

func (s *source) add(cmd *cobra.Command) {
	s.addBare(cmd)
	cmd.Flags().StringVar(&s.unit, "unit", "", "unit of the numbers in cloud files: m or mm (what they say, else m)")
	complete(cmd, "unit", "m", "mm")
}

// addBare adds them without the unit, for commands that have that flag already.
func (s *source) addBare(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.kind, "dataset", "", "kind of data set: "+strings.Join(dataset.Kinds(), ", "))
	f.StringVar(&s.root, "root", "", "folder of the data set, or of one class of it")
	f.StringVar(&s.class, "class", "", "class (kind of part); may be left out where there is only one")
	f.IntVar(&s.image, "image", dataset.DefaultImage, "number of the colour image, of an eyecandies sample")
	s.flags = f
	complete(cmd, "dataset", dataset.Kinds()...)
}

// given reports whether a data set is named.
func (s *source) given() bool {
	return s.kind != "" || s.root != "" || s.class != "" || s.flags.Changed("image")
}

func (s *source) open() (*dataset.Set, error) {
	if err := s.known(); err != nil {
		return nil, err
	}
	var o dataset.Options
	var err error
	if o.Unit, err = unitFlag("unit", s.unit); err != nil {
		return nil, err
	}
	if s.flags.Changed("image") {
		o.Image = &s.image
	}
	set, err := o.Open(s.kind, s.root, s.class)
	if errors.Is(err, dataset.ErrOptions) {
		return nil, usagef("--image %d: %w", s.image, err)
	}
	return set, err
}

// classes lists the classes of the data set.
func (s *source) classes() ([]string, error) {
	if err := s.known(); err != nil {
		return nil, err
	}
	return dataset.ClassesOf(s.kind, s.root)
}

// known refuses a kind of data set that does not exist.
func (s *source) known() error {
	if !slices.Contains(dataset.Kinds(), s.kind) {
		return usagef("--dataset %q: there is %s", s.kind, strings.Join(dataset.Kinds(), " or "))
	}
	return nil
}

// scanFiles returns the files that arguments stand for: a folder for the clouds
// in it by their extensions, or in its xyz folder where it has one, by name. Text
// needs an extension of its own: .txt and .csv files can be anything. Where depth
// images are meant, a folder stands for its .tiff and .png files, or those of its
// depth folder.
func scanFiles(args []string, depth bool) ([]string, error) {
	inner, none := "xyz", "no .tiff, .pcd, .ply or other cloud files"
	exts := slices.DeleteFunc(scan.Extensions(), func(ext string) bool { return ext == ".txt" || ext == ".csv" })
	if depth {
		inner, exts, none = "depth", []string{".tiff", ".tif", ".png"}, "no .png or .tiff files"
	}
	var files []string
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil || !info.IsDir() { // reading it will say what is wrong
			files = append(files, arg)
			continue
		}
		dir := arg
		if info, err := os.Stat(filepath.Join(arg, inner)); err == nil && info.IsDir() {
			dir = filepath.Join(arg, inner)
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, &scan.Error{Path: dir, Err: err}
		}
		n := len(files)
		for _, e := range entries {
			ext := strings.ToLower(filepath.Ext(e.Name()))
			if !e.IsDir() && slices.Contains(exts, ext) && !strings.HasPrefix(e.Name(), ".") {
				files = append(files, filepath.Join(dir, e.Name()))
			}
		}
		if len(files) == n {
			return nil, &scan.Error{Path: dir, Err: errors.New(none)}
		}
	}
	return files, nil
}
