// Package groundtruth lists the test sets of the field by their ground truth, in
// the official folder layouts, and finds the anomaly maps that a program made of
// them. No scan is needed, only labels and masks; where there are clouds, the
// surface of pixels is known too.
//
// It is apart from package dataset, which reads scans: MVTec AD and MVTec LOCO
// have none, their evaluation does not need images, and the ground truth of LOCO
// is not one mask. Every problem with a file or folder is a [*scan.Error].
package groundtruth

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/iad3d/iad3d/io/scan"
)

// Layout is a way to arrange a test set in folders.
type Layout string

const (
	// MVTec3D is MVTec 3D-AD's: <class>/test/<kind>/gt/<stem>.png beside xyz/ and
	// rgb/. A mask of a good scan may be absent.
	MVTec3D Layout = "mvtec3d"
	// MVTecAD is MVTec AD's: <class>/ground_truth/<kind>/<stem>_mask.png, images in
	// <class>/test/<kind>/<stem>.png.
	MVTecAD Layout = "mvtec"
	// LOCO is MVTec LOCO's: <class>/ground_truth/<folder>/<stem>/*.png, one for each
	// defect, <class>/defects_config.json, images in <class>/test/<folder>/<stem>.png.
	LOCO Layout = "loco"
	// Eyecandies is <Class>/test_public/data/<stem>_mask.png with
	// <stem>_metadata.yaml.
	Eyecandies Layout = "eyecandies"
)

// layouts holds what is special to each: how its class folder is known and what
// is in it. The order is that in which they are tried.
var layouts = []struct {
	Layout
	is   func(dir string) bool
	open func(s *Set) error
}{
	{LOCO, func(dir string) bool { return isFile(filepath.Join(dir, configFile)) }, openLOCO},
	{MVTecAD, func(dir string) bool {
		return scan.IsFolder(filepath.Join(dir, "ground_truth")) && !isFile(filepath.Join(dir, configFile))
	}, openMVTecAD},
	{Eyecandies, func(dir string) bool { return scan.IsFolder(filepath.Join(dir, "test_public")) }, openEyecandies},
	{MVTec3D, func(dir string) bool {
		return scan.IsFolder(filepath.Join(dir, "test")) && !scan.IsFolder(filepath.Join(dir, "ground_truth"))
	}, openMVTec3D},
}

// Layouts returns the layouts there are.
func Layouts() []Layout { return []Layout{MVTec3D, MVTecAD, LOCO, Eyecandies} }

// Good is the kind of a sound scan.
const Good = "good"

// Item is one scan of a test set.
type Item struct {
	Name  string // unique in its class: "bent/003"
	Kind  string // of defect; Good for a sound scan
	Stem  string // "003"
	Masks []string
	xyz   string // cloud, or depth image
	info  string // metadata that belong to it
}

// Good reports whether the item is a sound scan.
func (it *Item) Good() bool { return it.Kind == Good }

// Set is one class of a test set.
type Set struct {
	Layout Layout
	Class  string
	Root   string // the class's folder
	Items  []Item // by name
	// GoodUnknown says that the folders do not tell which good scans there are:
	// their maps do.
	GoodUnknown bool

	defects map[uint8]Defect // of LOCO, by pixel value
}

// Kinds returns the kinds of defect in the set, by name.
func (s *Set) Kinds() []string {
	var kinds []string
	for _, it := range s.Items {
		if !it.Good() && !slices.Contains(kinds, it.Kind) {
			kinds = append(kinds, it.Kind)
		}
	}
	slices.Sort(kinds)
	return kinds
}

// Find returns the layout and the class folders in root, or root itself where it
// is the folder of a class: path by class name. An empty layout stands for that
// of the first class found.
func Find(layout Layout, root string) (Layout, map[string]string, error) {
	if !scan.IsFolder(root) {
		return "", nil, &scan.Error{Path: root, Err: errors.New("is not a folder")}
	}
	names, err := scan.Folders(root)
	if err != nil {
		return "", nil, err
	}
	for _, l := range layouts {
		if layout != "" && l.Layout != layout {
			continue
		}
		if l.is(root) {
			return l.Layout, map[string]string{scan.FolderName(root): root}, nil
		}
		classes := map[string]string{}
		for _, n := range names {
			if dir := filepath.Join(root, n); l.is(dir) {
				classes[n] = dir
			}
		}
		if len(classes) > 0 {
			return l.Layout, classes, nil
		}
	}
	if layout != "" && !slices.Contains(Layouts(), layout) {
		return "", nil, fmt.Errorf("groundtruth: unknown layout %q", layout)
	}
	what := "of any known layout"
	if layout != "" {
		what = "of the layout " + string(layout)
	}
	return "", nil, &scan.Error{Path: root, Err: fmt.Errorf("no class folder %s, neither here nor one level down", what)}
}

// Open lists the class in folder dir, which [Find] returned.
func Open(layout Layout, class, dir string) (*Set, error) {
	s := &Set{Layout: layout, Class: class, Root: dir}
	for _, l := range layouts {
		if l.Layout != layout {
			continue
		}
		if err := l.open(s); err != nil {
			return nil, err
		}
		slices.SortFunc(s.Items, func(a, b Item) int { return strings.Compare(a.Name, b.Name) })
		if len(s.Items) == 0 {
			return nil, &scan.Error{Path: dir, Err: errors.New("no labelled test scan")}
		}
		return s, nil
	}
	return nil, fmt.Errorf("groundtruth: unknown layout %q", layout)
}
