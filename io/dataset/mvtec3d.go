package dataset

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/rgbd"
)

// OpenMVTec3D opens one class of MVTec 3D-AD (P. Bergmann, X. Jin,
// D. Sattlegger, C. Steger, "The MVTec 3D-AD Dataset for Unsupervised 3D Anomaly
// Detection and Localization", 2022), or of any data in its layout:
//
//	<root>/<class>/{train,validation,test}/<good or defect>/xyz/<stem>.tiff
//	                                                       /rgb/<stem>.png
//	                                                       /gt/<stem>.png
//	<root>/<class>/class_ids.json
//
// An empty class stands for the only one there is. Root may also be the
// class's folder; class is then empty or that folder's name.
//
// Splits may be absent, but not all. A split has at least one folder of scans,
// and every such folder an xyz folder that is not empty; train has the folder
// good only. Where there is an rgb folder every scan has its image in it,
// where there is none the scans are geometry only. Defective scans have a ground
// truth, good ones may. An image that belongs to no scan is an error. Extensions
// count in any case, .tif as .tiff. Hidden files and folders, other extensions
// and other folders beside xyz, rgb and gt are passed over.
//
// Items are in the order of their cloud's path within the class folder, compared
// byte by byte with slashes: that of Python's sorted(glob("test/*/xyz/*.tiff")),
// which the reference programs use.
func OpenMVTec3D(root, class string) (*Set, error) {
	dir, name, err := classFolder(root, class, isClass, noMVTec3D)
	if err != nil {
		return nil, err
	}
	if isEyecandies(dir) && !scan.IsFolder(filepath.Join(dir, string(Train), rgbd.Good)) {
		return nil, &scan.Error{Path: dir, Err: errors.New("is laid out like a class of Eyecandies, not of MVTec 3D-AD")}
	}
	s := &Set{Root: dir, Class: name, items: make(map[Split][]Item)}
	if s.ClassIDs, err = readClassIDs(filepath.Join(dir, "class_ids.json")); err != nil {
		return nil, err
	}
	for _, sp := range Splits() {
		if !scan.IsFolder(filepath.Join(dir, string(sp))) {
			continue
		}
		if s.items[sp], err = walkSplit(filepath.Join(dir, string(sp)), sp); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// noMVTec3D is said of a folder that neither is a class nor has one.
const noMVTec3D = "no train, validation or test folder"

func isClass(dir string) bool {
	return slices.ContainsFunc(Splits(), func(s Split) bool { return scan.IsFolder(filepath.Join(dir, string(s))) })
}

func walkSplit(dir string, split Split) ([]Item, error) {
	defects, err := scan.Folders(dir)
	if err != nil {
		return nil, err
	}
	if len(defects) == 0 {
		return nil, &scan.Error{Path: dir, Err: fmt.Errorf("no folder of scans (%s, or the name of a defect)", rgbd.Good)}
	}
	var items []Item
	for _, d := range defects {
		if split == Train && d != rgbd.Good {
			return nil, &scan.Error{Path: filepath.Join(dir, d), Err: fmt.Errorf("defective scans in the train split, which has the folder %s only", rgbd.Good)}
		}
		more, err := walkScans(filepath.Join(dir, d), split, d)
		if err != nil {
			return nil, err
		}
		items = append(items, more...)
	}
	slices.SortFunc(items, func(a, b Item) int { return cmp.Compare(filepath.ToSlash(a.XYZ), filepath.ToSlash(b.XYZ)) })
	return items, nil
}

// walkScans pairs the files of one folder of scans by their stems.
func walkScans(dir string, split Split, defect string) ([]Item, error) {
	xyz, err := byStem(filepath.Join(dir, "xyz"), ".tiff", ".tif")
	if err != nil {
		return nil, err
	}
	rgb, err := byStem(filepath.Join(dir, "rgb"), ".png")
	if err != nil {
		return nil, err
	}
	gt, err := byStem(filepath.Join(dir, "gt"), ".png")
	if err != nil {
		return nil, err
	}
	switch {
	case xyz == nil:
		return nil, &scan.Error{Path: dir, Err: errors.New("no xyz folder")}
	case len(xyz) == 0:
		return nil, &scan.Error{Path: filepath.Join(dir, "xyz"), Err: errors.New("no .tiff files")}
	}
	for _, images := range []map[string]string{rgb, gt} {
		for _, stem := range slices.Sorted(maps.Keys(images)) {
			if xyz[stem] == "" {
				return nil, &scan.Error{Path: images[stem], Err: fmt.Errorf("belongs to no scan: no %s", filepath.Join(dir, "xyz", stem+".tiff"))}
			}
		}
	}
	var items []Item
	for _, stem := range slices.Sorted(maps.Keys(xyz)) {
		it := Item{Name: defect + "/" + stem, Split: split, Defect: defect, XYZ: xyz[stem], Colour: rgb[stem], Truth: gt[stem]}
		switch {
		case rgb != nil && it.Colour == "":
			return nil, &scan.Error{Path: it.XYZ, Err: fmt.Errorf("no colour image %s", filepath.Join(dir, "rgb", stem+".png"))}
		case defect != rgbd.Good && it.Truth == "":
			return nil, &scan.Error{Path: it.XYZ, Err: fmt.Errorf("no ground truth %s for a defective scan", filepath.Join(dir, "gt", stem+".png"))}
		}
		items = append(items, it)
	}
	return items, nil
}

// byStem lists the files of dir with one of the extensions: path by stem. It
// returns nil when there is no such folder.
func byStem(dir string, exts ...string) (map[string]string, error) {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, &scan.Error{Path: dir, Err: err}
	}
	files := make(map[string]string)
	for _, e := range entries {
		ext := filepath.Ext(e.Name())
		if scan.Hidden(e.Name()) || e.IsDir() || !slices.ContainsFunc(exts, func(x string) bool { return strings.EqualFold(x, ext) }) {
			continue
		}
		stem := strings.TrimSuffix(e.Name(), ext)
		p := filepath.Join(dir, e.Name())
		if first, twice := files[stem]; twice {
			return nil, &scan.Error{Path: p, Err: fmt.Errorf("is the same scan as %s", first)}
		}
		files[stem] = p
	}
	return files, nil
}
