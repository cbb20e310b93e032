package dataset

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/iad3d/iad3d/io/scan"
)

// Classes returns the names of the classes of MVTec 3D-AD in folder root,
// ascending: its folders that have a split in them. When root is itself the
// folder of a class, its name is the only one.
func Classes(root string) ([]string, error) { return classesIn(root, isClass, noMVTec3D) }

// ClassesOf is [Classes] for a data set of any of the [Kinds].
func ClassesOf(kind, root string) ([]string, error) {
	for _, l := range layouts {
		if l.kind == kind {
			return l.classes(root)
		}
	}
	return nil, unknown(kind)
}

// classesIn lists the classes by what makes a folder one; none is what a folder
// without them lacks.
func classesIn(root string, isClass func(dir string) bool, none string) ([]string, error) {
	if isClass(root) {
		return []string{scan.FolderName(root)}, nil
	}
	names, err := scan.Folders(root)
	if err != nil {
		return nil, err
	}
	classes := slices.DeleteFunc(names, func(n string) bool { return !isClass(filepath.Join(root, n)) })
	if len(classes) == 0 {
		return nil, &scan.Error{Path: root, Err: errors.New(none + ", neither here nor one level down")}
	}
	return classes, nil
}

// classFolder finds the folder of a class and its name.
func classFolder(root, class string, isClass func(dir string) bool, none string) (dir, name string, err error) {
	classes, err := classesIn(root, isClass, none)
	if err != nil {
		return "", "", err
	}
	switch {
	case class == "" && len(classes) == 1:
		class = classes[0]
	case class == "":
		return "", "", &scan.Error{Path: root, Err: fmt.Errorf("%d classes, choose one of %s", len(classes), strings.Join(classes, ", "))}
	case !slices.Contains(classes, class):
		return "", "", &scan.Error{Path: root, Err: fmt.Errorf("no class %q; found %s", class, strings.Join(classes, ", "))}
	}
	if isClass(root) {
		return root, class, nil
	}
	return filepath.Join(root, class), class, nil
}
