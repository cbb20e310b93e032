package groundtruth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/iad3d/iad3d/io/scan"
)

const configFile = "defects_config.json"

// Defect is an entry of MVTec LOCO's defects_config.json.
type Defect struct {
	Name       string
	PixelValue uint8 // in the masks, above 0
	// Threshold is the saturation: of the defect's area, above 0 and at most 1,
	// when Relative; in pixels otherwise.
	Threshold float64
	Relative  bool
}

// ParseDefects reads a defects_config.json: a list of entries with defect_name,
// pixel_value (1 to 255, each once), saturation_threshold and
// relative_saturation. As the official script asserts, a relative threshold must
// be written as a decimal fraction from above 0 to 1 (1.0, not 1) and an absolute
// one as a whole number.
func ParseDefects(data []byte) ([]Defect, error) {
	var entries []struct {
		Name      *string      `json:"defect_name"`
		Value     *int         `json:"pixel_value"`
		Threshold *json.Number `json:"saturation_threshold"`
		Relative  *bool        `json:"relative_saturation"`
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&entries); err != nil {
		return nil, fmt.Errorf("defect list: %w", err)
	}
	if len(entries) == 0 {
		return nil, errors.New("defect list is empty")
	}
	seen := map[int]string{}
	var defects []Defect
	for i, e := range entries {
		if e.Name == nil || e.Value == nil || e.Threshold == nil || e.Relative == nil {
			return nil, fmt.Errorf("defect %d of %d: want defect_name, pixel_value, saturation_threshold and relative_saturation", i+1, len(entries))
		}
		fail := func(format string, args ...any) ([]Defect, error) {
			return nil, fmt.Errorf("defect %q: %s", *e.Name, fmt.Sprintf(format, args...))
		}
		if *e.Value < 1 || *e.Value > 255 {
			return fail("pixel_value %d, want 1 to 255", *e.Value)
		}
		if other, twice := seen[*e.Value]; twice {
			return fail("pixel_value %d is that of %q", *e.Value, other)
		}
		seen[*e.Value] = *e.Name
		threshold, err := e.Threshold.Float64()
		fraction := strings.ContainsAny(e.Threshold.String(), ".eE")
		switch {
		case err != nil:
			return fail("saturation_threshold %s", e.Threshold)
		case *e.Relative && (!fraction || threshold <= 0 || threshold > 1):
			return fail("relative saturation_threshold %s, want a decimal fraction above 0.0 and up to 1.0", e.Threshold)
		case !*e.Relative && (fraction || threshold < 1):
			return fail("absolute saturation_threshold %s, want a whole number of pixels", e.Threshold)
		}
		defects = append(defects, Defect{*e.Name, uint8(*e.Value), threshold, *e.Relative})
	}
	return defects, nil
}

func openLOCO(s *Set) error {
	path := filepath.Join(s.Root, configFile)
	b, err := text(path)
	if err != nil {
		return err
	}
	defects, err := ParseDefects(b)
	if err != nil {
		return &scan.Error{Path: path, Err: err}
	}
	s.defects = map[uint8]Defect{}
	for _, d := range defects {
		s.defects[d.PixelValue] = d
	}
	truths := filepath.Join(s.Root, "ground_truth")
	kinds, err := scan.Folders(truths)
	if err != nil {
		return err
	}
	for _, kind := range kinds {
		if kind == Good {
			return &scan.Error{Path: filepath.Join(truths, kind), Err: errors.New("good images have no ground truth in this layout")}
		}
		stems, err := scan.Folders(filepath.Join(truths, kind))
		if err != nil {
			return err
		}
		for _, stem := range stems {
			dir := filepath.Join(truths, kind, stem)
			masks, err := byStem(dir, "", ".png")
			if err != nil {
				return err
			}
			if len(masks) == 0 {
				return &scan.Error{Path: dir, Err: errors.New("no .png files; want one for each defect")}
			}
			it := Item{Name: kind + "/" + stem, Kind: kind, Stem: stem}
			for _, m := range union(masks) {
				it.Masks = append(it.Masks, masks[m])
			}
			s.Items = append(s.Items, it)
		}
	}
	return s.images()
}
