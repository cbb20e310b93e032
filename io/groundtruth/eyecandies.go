package groundtruth

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/iad3d/iad3d/io/dataset"
	"github.com/iad3d/iad3d/io/scan"
)

func openEyecandies(s *Set) error {
	dir := filepath.Join(s.Root, "test_public", "data")
	masks, err := byStem(dir, "_mask", ".png")
	if err != nil {
		return err
	}
	for stem := range masks { // 03_bumps_mask.png is no scan of its own
		if strings.Contains(stem, "_") {
			delete(masks, stem)
		}
	}
	labels, err := byStem(dir, "_metadata", ".yaml", ".yml")
	if err != nil {
		return err
	}
	depth, err := byStem(dir, "_depth", ".png")
	if err != nil {
		return err
	}
	for _, stem := range union(masks, labels) {
		switch {
		case masks[stem] == "":
			return &scan.Error{Path: labels[stem], Err: fmt.Errorf("no %s_mask.png beside it", stem)}
		case labels[stem] == "":
			return &scan.Error{Path: masks[stem], Err: fmt.Errorf("no %s_metadata.yaml beside it", stem)}
		}
		kind, err := dataset.EyecandiesLabel(labels[stem])
		if err != nil {
			return err
		}
		s.Items = append(s.Items, Item{
			Name: kind + "/" + stem, Kind: kind, Stem: stem, Masks: []string{masks[stem]},
			xyz: depth[stem], info: filepath.Join(dir, stem+"_info_depth.yaml"),
		})
	}
	return nil
}
