package groundtruth

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

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
		kind, err := eyecandiesKind(labels[stem])
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

// eyecandiesKinds are the kinds of anomaly, in the order in which a name joins
// them.
var eyecandiesKinds = []string{"bumps", "dents", "colors", "normals"}

// eyecandiesKind reads the label of a sample: good, or its kinds of anomaly
// joined by +.
func eyecandiesKind(path string) (string, error) {
	values, err := settings(path)
	if err != nil {
		return "", err
	}
	anomalous, ok := values["anomalous"]
	if !ok || anomalous != 0 && anomalous != 1 {
		return "", &scan.Error{Path: path, Err: errors.New("no anomalous: 0 or 1")}
	}
	if anomalous == 0 {
		return Good, nil
	}
	var kinds []string
	for _, kind := range eyecandiesKinds {
		if values["anomalous_"+kind] != 0 {
			kinds = append(kinds, kind)
		}
	}
	if len(kinds) == 0 {
		return "", &scan.Error{Path: path, Err: errors.New("anomalous without a kind of anomaly")}
	}
	return strings.Join(kinds, "+"), nil
}

// settings reads the lines "key: number" of a YAML file, which is all that
// Eyecandies' have beside the heads of groups.
func settings(path string) (map[string]float64, error) {
	b, err := text(path)
	if err != nil {
		return nil, err
	}
	values := map[string]float64{}
	for line := range strings.Lines(string(b)) {
		key, value, ok := strings.Cut(line, ":")
		v, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if ok && err == nil && v-v == 0 {
			values[strings.TrimSpace(key)] = v
		}
	}
	return values, nil
}
