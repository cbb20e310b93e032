package dataset

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/rgbd"
)

// OpenFolder opens one class of scans that lie in folders named after what they
// show, of any format that package scan recognises, in one of two layouts:
//
//	<root>/<class>/train/…  or train/good/…       <root>/<class>/good/…
//	<root>/<class>/test/<good or defect>/…        <root>/<class>/<defect>/…
//	<root>/<class>/validation/good/…
//
// In the second the good scans are those of the train split, and the test split
// has defective ones only. Root may also be the class's folder; an empty class
// stands for the only one there is.
//
// A folder's scans are the files in it, or in its xyz folder where it has one,
// with an extension of [scan.Extensions]; .txt and .csv files count only where
// there are no others. A gt folder beside them may hold ground truth by stem: a
// mask (.png) for scans with a raster, for loose ones a text (.txt) of rows "x y
// z label". Without it a set can be fitted and scored, not evaluated. Hidden
// files are passed over. Items are in the order of their paths, compared byte by
// byte with slashes.
func OpenFolder(root, class string, o Options) (*Set, error) {
	if err := o.noImages("folder"); err != nil {
		return nil, err
	}
	dir, name, err := classFolder(root, class, isFolderClass, noFolderClass)
	if err != nil {
		return nil, err
	}
	s := &Set{Root: dir, Class: name, items: make(map[Split][]Item)}
	if !scan.IsFolder(filepath.Join(dir, string(Train))) {
		return s, s.walkLabels(dir, "")
	}
	for _, sp := range Splits() {
		if at := filepath.Join(dir, string(sp)); scan.IsFolder(at) {
			if err := s.walkLabels(at, sp); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

const noFolderClass = "no good or train folder"

func isFolderClass(dir string) bool {
	return scan.IsFolder(filepath.Join(dir, rgbd.Good)) || scan.IsFolder(filepath.Join(dir, string(Train)))
}

// walkLabels lists the folders in dir as labels, of one split; of the split that
// follows from the label when it is empty.
func (s *Set) walkLabels(dir string, split Split) error {
	labels, err := scan.Folders(dir)
	if err != nil {
		return err
	}
	if split == Train && !slices.Contains(labels, rgbd.Good) {
		s.items[Train], err = labelled(dir, Train, rgbd.Good)
		return err
	}
	for _, label := range labels {
		at, to := filepath.Join(dir, label), split
		switch {
		case split == Train && label != rgbd.Good:
			return &scan.Error{Path: at, Err: fmt.Errorf("defective scans in the train split, which has the folder %s only", rgbd.Good)}
		case split == "" && label == rgbd.Good:
			to = Train
		case split == "":
			to = Test
		}
		more, err := labelled(at, to, label)
		if err != nil {
			return err
		}
		s.items[to] = append(s.items[to], more...)
	}
	for sp := range s.items {
		sortItems(s.items[sp])
	}
	return nil
}

// labelled lists the scans of one folder.
func labelled(dir string, split Split, label string) ([]Item, error) {
	in := dir
	if scan.IsFolder(filepath.Join(dir, "xyz")) {
		in = filepath.Join(dir, "xyz")
	}
	files, err := clouds(in)
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, &scan.Error{Path: in, Err: errors.New("no scans: no file with an extension of a cloud's, as .pcd, .ply or .tiff")}
	}
	truth, err := byStem(filepath.Join(dir, "gt"), ".png", ".txt")
	if err != nil {
		return nil, err
	}
	var items []Item
	for _, stem := range slices.Sorted(maps.Keys(files)) {
		items = append(items, Item{Name: label + "/" + stem, Split: split, Defect: label, XYZ: files[stem], Truth: truth[stem]})
		delete(truth, stem)
	}
	for _, stem := range slices.Sorted(maps.Keys(truth)) {
		return nil, &scan.Error{Path: truth[stem], Err: fmt.Errorf("belongs to no scan: none of that name in %s", in)}
	}
	return items, nil
}

// clouds lists the files of dir that are named as clouds: path by stem.
func clouds(dir string) (map[string]string, error) {
	text := []string{".txt", ".csv"}
	exts := slices.DeleteFunc(scan.Extensions(), func(e string) bool { return slices.Contains(text, e) })
	files, err := byStem(dir, exts...)
	if err == nil && len(files) == 0 {
		files, err = byStem(dir, text...)
	}
	return files, err
}

func sortItems(items []Item) {
	slices.SortFunc(items, func(a, b Item) int { return cmp.Compare(filepath.ToSlash(a.XYZ), filepath.ToSlash(b.XYZ)) })
}

// OpenReal3D opens one class of Real3D-AD (J. Liu et al., "Real3D-AD: A Dataset of
// Point Cloud Anomaly Detection", NeurIPS 2023), or of data in its layout:
//
//	<root>/<class>/train/<stem>.pcd          templates
//	<root>/<class>/test/<n>_<good or defect>….pcd
//	<root>/<class>/gt/<stem>.txt             rows "x y z label", of defective scans
//
// The defect is the word after the first underscore. Labels other than 0 are
// defect. Files may be of any format that package scan recognises. Where the
// points of a ground truth are not those of its scan, in number or place, they
// take the scan's place, as in the authors' program. See [OpenFolder] for root
// and class, and the order.
func OpenReal3D(root, class string, o Options) (*Set, error) {
	return openTemplates("real3d", root, class, rgbd.Good, o)
}

// OpenShapeNet opens one class of Anomaly-ShapeNet (W. Li et al., "Towards Scalable
// 3D Anomaly Detection and Localization", CVPR 2024), or of data in its layout:
//
//	<root>/<class>/train/<class>_template<n>.pcd
//	<root>/<class>/test/<class>_<positive or defect><n>.pcd    positive: sound
//	<root>/<class>/GT/<stem>.txt    rows of x, y, z and label, of defective scans
//
// Otherwise it is as [OpenReal3D].
func OpenShapeNet(root, class string, o Options) (*Set, error) {
	return openTemplates("shapenet", root, class, "positive", o)
}

// openTemplates opens a class of files whose names say what they show; good is
// the word for sound.
func openTemplates(kind, root, class, good string, o Options) (*Set, error) {
	if err := o.noImages(kind); err != nil {
		return nil, err
	}
	dir, name, err := classFolder(root, class, isTemplates, noTemplates)
	if err != nil {
		return nil, err
	}
	s := &Set{Root: dir, Class: name, items: make(map[Split][]Item)}
	truth, err := byStem(filepath.Join(dir, truthFolder(dir)), ".txt")
	if err != nil {
		return nil, err
	}
	for _, sp := range []Split{Train, Test} {
		in := filepath.Join(dir, string(sp))
		files, err := clouds(in)
		if err != nil {
			return nil, err
		}
		if sp == Train && len(files) == 0 {
			return nil, &scan.Error{Path: in, Err: errors.New("no templates: no .pcd files")}
		}
		for _, stem := range slices.Sorted(maps.Keys(files)) {
			it := Item{Name: stem, Split: sp, Defect: rgbd.Good, XYZ: files[stem]}
			if sp == Test {
				it.Defect, it.Truth = defectIn(stem, good), truth[stem]
				if it.Defect != rgbd.Good && it.Truth == "" {
					return nil, &scan.Error{Path: it.XYZ, Err: fmt.Errorf("no ground truth %s for a defective scan (its name does not say %q)", filepath.Join(dir, truthFolder(dir), stem+".txt"), good)}
				}
			}
			s.items[sp] = append(s.items[sp], it)
		}
		sortItems(s.items[sp])
	}
	return s, nil
}

const noTemplates = "no train folder beside a test folder"

func isTemplates(dir string) bool {
	return scan.IsFolder(filepath.Join(dir, string(Train))) && scan.IsFolder(filepath.Join(dir, string(Test)))
}

// truthFolder returns the name of the folder of ground truth: gt or GT.
func truthFolder(dir string) string {
	entries, _ := os.ReadDir(dir) // an error is that of the split's folders, too
	for _, e := range entries {
		if strings.EqualFold(e.Name(), "gt") {
			return e.Name()
		}
	}
	return "gt"
}

// defectIn returns what the name of a scan says that it shows.
func defectIn(stem, good string) string {
	if strings.Contains(strings.ToLower(stem), good) {
		return rgbd.Good
	}
	words := strings.Split(stem, "_")
	word := strings.TrimRight(words[min(1, len(words)-1)], "0123456789")
	if word == "" {
		return "defect"
	}
	return word
}
