package groundtruth

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/iad3d/iad3d/io/scan"
)

// MapPaths finds the anomaly map of every item in a folder of maps, whose files
// have one of the extensions. They lie where the official scripts want them,
// <maps>/<class>/test/<kind>/<stem>; the class and test may be left out, and
// <kind>_<stem>, as iad3d score --out names them, does as well. Eyecandies has no
// folders of kinds: <maps>/<Class>/<stem> will do, with test_public and data
// between them or without. Where the layout does not say which good scans there
// are, every map in the folder good is one, and items are added to the set. A PNG
// beside another file of the same name is taken for a picture of it.
//
// A missing map is an error that names the item; maps of no item are returned,
// so that the caller can say so.
func (s *Set) MapPaths(dir string, exts ...string) (paths []string, unused []string, err error) {
	home, err := s.mapHome(dir)
	if err != nil {
		return nil, nil, err
	}
	flat, err := mapFiles(home, exts)
	if err != nil {
		return nil, nil, err
	}
	kinds, err := scan.Folders(home)
	if err != nil {
		return nil, nil, err
	}
	files := map[string]string{} // by kind/stem
	for _, kind := range kinds {
		found, err := mapFiles(filepath.Join(home, kind), exts)
		if err != nil {
			return nil, nil, err
		}
		for stem, path := range found {
			files[kind+"/"+stem] = path
		}
	}
	if s.GoodUnknown {
		s.goodMaps(files, flat)
	}
	used := map[string]bool{}
	for _, it := range s.Items {
		path := files[it.Name]
		if path == "" {
			path = flat[strings.ReplaceAll(it.Name, "/", "_")]
		}
		if path == "" && s.Layout == Eyecandies {
			path = flat[it.Stem]
		}
		if path == "" {
			return nil, nil, &scan.Error{Path: home, Err: fmt.Errorf("no map of %s: want %s with one of %s", it.Name, filepath.Join(home, it.Kind, it.Stem), strings.Join(exts, ", "))}
		}
		used[path] = true
		paths = append(paths, path)
	}
	for _, found := range []map[string]string{files, flat} {
		for _, path := range found {
			if !used[path] {
				unused = append(unused, path)
			}
		}
	}
	slices.Sort(unused)
	return paths, unused, nil
}

// mapFiles lists the maps of a folder by stem.
func mapFiles(dir string, exts []string) (map[string]string, error) {
	isPNG := func(ext string) bool { return ext == ".png" }
	files, err := byStem(dir, "", slices.DeleteFunc(slices.Clone(exts), isPNG)...)
	if err != nil || !slices.ContainsFunc(exts, isPNG) {
		return files, err
	}
	pictures, err := byStem(dir, "", ".png")
	for stem, path := range pictures {
		if files[stem] == "" {
			files[stem] = path
		}
	}
	return files, err
}

// goodMaps adds an item for each map of a good scan.
func (s *Set) goodMaps(files, flat map[string]string) {
	known := map[string]bool{}
	for _, it := range s.Items {
		known[it.Name] = true
	}
	add := func(stem string) {
		if name := Good + "/" + stem; !known[name] {
			known[name] = true
			s.Items = append(s.Items, Item{Name: name, Kind: Good, Stem: stem})
		}
	}
	for name := range files {
		if stem, ok := strings.CutPrefix(name, Good+"/"); ok {
			add(stem)
		}
	}
	for name := range flat {
		if stem, ok := strings.CutPrefix(name, Good+"_"); ok {
			add(stem)
		}
	}
	slices.SortFunc(s.Items, func(a, b Item) int { return strings.Compare(a.Name, b.Name) })
}

// mapHome finds the folder that holds the maps of the class, or of its kinds.
func (s *Set) mapHome(dir string) (string, error) {
	if !scan.IsFolder(dir) {
		return "", &scan.Error{Path: dir, Err: errors.New("is not a folder")}
	}
	home := dir
	if below := filepath.Join(dir, s.Class); scan.IsFolder(below) {
		home = below
	}
	inner := []string{"test"}
	if s.Layout == Eyecandies {
		inner = []string{"test_public", "data"}
	}
	for _, name := range inner {
		if below := filepath.Join(home, name); scan.IsFolder(below) {
			home = below
		}
	}
	return home, nil
}
