package groundtruth

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/iad3d/iad3d/io/scan"
)

func openMVTec3D(s *Set) error {
	test := filepath.Join(s.Root, "test")
	kinds, err := scan.Folders(test)
	if err != nil {
		return err
	}
	for _, kind := range kinds {
		dir := filepath.Join(test, kind)
		gt, err := byStem(filepath.Join(dir, "gt"), "", ".png")
		if err != nil {
			return err
		}
		xyz, err := byStem(filepath.Join(dir, "xyz"), "", ".tiff", ".tif")
		if err != nil {
			return err
		}
		rgb, err := byStem(filepath.Join(dir, "rgb"), "", ".png")
		if err != nil {
			return err
		}
		for _, stem := range union(gt, xyz, rgb) {
			it := Item{Name: kind + "/" + stem, Kind: kind, Stem: stem, xyz: xyz[stem]}
			if gt[stem] != "" {
				it.Masks = []string{gt[stem]}
			} else if kind != Good {
				return &scan.Error{Path: filepath.Join(dir, "gt"), Err: fmt.Errorf("no %s.png for a defective scan", stem)}
			}
			s.Items = append(s.Items, it)
		}
	}
	s.GoodUnknown = !slices.ContainsFunc(s.Items, func(it Item) bool { return it.Good() })
	return nil
}

func openMVTecAD(s *Set) error {
	truths := filepath.Join(s.Root, "ground_truth")
	kinds, err := scan.Folders(truths)
	if err != nil {
		return err
	}
	for _, kind := range kinds {
		masks, err := byStem(filepath.Join(truths, kind), "_mask", ".png")
		if err != nil {
			return err
		}
		if kind == Good {
			continue // some programs write empty masks there
		}
		for _, stem := range union(masks) {
			s.Items = append(s.Items, Item{Name: kind + "/" + stem, Kind: kind, Stem: stem, Masks: []string{masks[stem]}})
		}
	}
	return s.images()
}

// images compares the items with the images of the test folder, where there is
// one, and adds the good ones.
func (s *Set) images() error {
	test := filepath.Join(s.Root, "test")
	s.GoodUnknown = true
	if !scan.IsFolder(test) {
		return nil
	}
	kinds, err := scan.Folders(test)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, it := range s.Items {
		known[it.Name] = true
	}
	for _, kind := range kinds {
		images, err := byStem(filepath.Join(test, kind), "", ".png", ".jpg", ".jpeg", ".bmp")
		if err != nil {
			return err
		}
		for _, stem := range union(images) {
			name := kind + "/" + stem
			switch {
			case kind == Good:
				s.GoodUnknown = false
				s.Items = append(s.Items, Item{Name: name, Kind: Good, Stem: stem})
			case !known[name]:
				return &scan.Error{Path: images[stem], Err: fmt.Errorf("has no ground truth in %s", filepath.Join(s.Root, "ground_truth", kind))}
			}
		}
	}
	return nil
}

// union returns the keys of all maps, ascending.
func union(sets ...map[string]string) []string {
	all := map[string]bool{}
	for _, m := range sets {
		for k := range m {
			all[k] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}
