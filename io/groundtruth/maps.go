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
// kinds: <maps>/<Class>/<stem>, with test_public and data between them or
// without. Where the layout does not say which good scans there are, every map in
// the folder good is one, and items are added to the set.
//
// A missing map is an error that names the item; maps of no item are returned,
// so that the caller can say so.
func (s *Set) MapPaths(dir string, exts ...string) (paths []string, unused []string, err error) {
	home, err := s.mapHome(dir)
	if err != nil {
		return nil, nil, err
	}
	files := map[string]string{} // by name, kind/stem
	add := func(prefix, folder string) error {
		found, err := byStem(folder, "", exts...)
		for stem, path := range found {
			files[prefix+stem] = path
		}
		return err
	}
	if s.Layout != Eyecandies {
		kinds, err := folders(home)
		if err != nil {
			return nil, nil, err
		}
		for _, kind := range kinds {
			if err := add(kind+"/", filepath.Join(home, kind)); err != nil {
				return nil, nil, err
			}
		}
	}
	flat := map[string]string{}
	if s.Layout == Eyecandies || len(files) == 0 {
		if flat, err = byStem(home, "", exts...); err != nil {
			return nil, nil, err
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
		if path == "" {
			return nil, nil, &scan.Error{Path: home, Err: fmt.Errorf("no map of %s (%s%s)", it.Name, it.Name, strings.Join(exts, ", "+it.Name))}
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
	if !isFolder(dir) {
		return "", &scan.Error{Path: dir, Err: errors.New("is not a folder")}
	}
	home := dir
	if below := filepath.Join(dir, s.Class); isFolder(below) {
		home = below
	}
	inner := []string{"test"}
	if s.Layout == Eyecandies {
		inner = []string{"test_public", "data"}
	}
	for _, name := range inner {
		if below := filepath.Join(home, name); isFolder(below) {
			home = below
		}
	}
	return home, nil
}
