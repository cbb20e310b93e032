package groundtruth_test

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/internal/pointstest"
	"github.com/iad3d/iad3d/io/groundtruth"
	"github.com/iad3d/iad3d/io/scan"
)

// change returns the tree of a layout with some files changed; "-" takes one
// away.
func change(layout groundtruth.Layout, files map[string]string) map[string]string {
	out := map[string]string{}
	for name, content := range trees[layout] {
		out[name] = content
	}
	for name, content := range files {
		out[name] = content
		if content == "-" {
			delete(out, name)
		}
	}
	return out
}

// Whatever does not fit is an error that names the file, when the set is opened
// or its ground truth read.
func TestRefuse(t *testing.T) {
	for _, c := range []struct {
		layout   groundtruth.Layout
		files    map[string]string
		at, says string
	}{
		{groundtruth.MVTec3D, map[string]string{"nut/test/bent/xyz/001.tiff": ""}, "nut/test/bent/gt", "no 001.png for a defective scan"},
		{groundtruth.MVTec3D, map[string]string{"nut/test/good/gt/001.png": "\x01"}, "nut/test/good/gt/001.png", "marks 1 pixels as defective"},
		{groundtruth.MVTecAD, map[string]string{"nut/test/bent/001.png": ""}, "nut/test/bent/001.png", "has no ground truth in"},
		{groundtruth.MVTecAD, map[string]string{"nut/ground_truth/bent/000_mask.PNG.png": "", "nut/ground_truth/bent/000_mask.PNG": ""}, "", ""},
		{groundtruth.LOCO, map[string]string{"nut/defects_config.json": "[]"}, "nut/defects_config.json", "is empty"},
		{groundtruth.LOCO, map[string]string{"nut/ground_truth/logical_anomalies/001/a.txt": ""}, "nut/ground_truth/logical_anomalies/001", "no .png files"},
		{groundtruth.LOCO, map[string]string{"nut/ground_truth/good/001/000.png": "\x01"}, "nut/ground_truth/good", "no ground truth"},
		{groundtruth.LOCO, map[string]string{"nut/ground_truth/logical_anomalies/000/001.png": ""}, "nut/ground_truth/logical_anomalies/000/001.png", "marks no pixel"},
		{groundtruth.LOCO, map[string]string{"nut/ground_truth/logical_anomalies/000/001.png": "\x01\x02"}, "nut/ground_truth/logical_anomalies/000/001.png", "values 1 and 2"},
		{groundtruth.LOCO, map[string]string{"nut/ground_truth/logical_anomalies/000/001.png": "\x63"}, "nut/ground_truth/logical_anomalies/000/001.png", "value 99"},
		{groundtruth.Eyecandies, map[string]string{"Nut/test_public/data/01_metadata.yaml": "-"}, "Nut/test_public/data/01_mask.png", "no 01_metadata.yaml"},
		{groundtruth.Eyecandies, map[string]string{"Nut/test_public/data/01_mask.png": "-"}, "Nut/test_public/data/01_metadata.yaml", "no 01_mask.png"},
		{groundtruth.Eyecandies, map[string]string{"Nut/test_public/data/01_metadata.yaml": "label: x"}, "Nut/test_public/data/01_metadata.yaml", "no field anomalous"},
		{groundtruth.Eyecandies, map[string]string{"Nut/test_public/data/01_metadata.yaml": "anomalous: 1"}, "Nut/test_public/data/01_metadata.yaml", "no field anomalous_bumps"},
	} {
		root := tree(t, change(c.layout, c.files))
		l, dirs, err := groundtruth.Find(c.layout, root)
		if err != nil {
			t.Fatal(err)
		}
		for class, dir := range dirs {
			var s *groundtruth.Set
			if s, err = groundtruth.Open(l, class, dir); err != nil {
				break
			}
			for i := range s.Items {
				if _, err = s.Truth(&s.Items[i]); err != nil {
					break
				}
			}
		}
		if c.says == "" {
			continue
		}
		path := filepath.Join(root, filepath.FromSlash(c.at))
		if _, ok := errors.AsType[*scan.Error](err); !ok || !strings.HasPrefix(err.Error(), path+": ") || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s %v: %v, want %s: … %s", c.layout, c.files, err, path, c.says)
		}
	}
	for _, dir := range []string{t.TempDir(), filepath.Join(t.TempDir(), "gone")} {
		if _, _, err := groundtruth.Find("", dir); err == nil || !strings.HasPrefix(err.Error(), dir) {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

// MVTec LOCO's script asserts the types of the thresholds.
func TestParseDefects(t *testing.T) {
	entry := func(value, threshold, relative string) string {
		return fmt.Sprintf(`[{"defect_name": "a", "pixel_value": %s, "saturation_threshold": %s, "relative_saturation": %s}]`, value, threshold, relative)
	}
	for text, says := range map[string]string{
		entry("255", "1.0", "true"): "",
		entry("1", "1e-1", "true"):  "",
		entry("1", "60", "false"):   "",
		entry("1", "1", "true"):     "decimal fraction",
		entry("1", "1.5", "true"):   "decimal fraction",
		entry("1", "0.0", "true"):   "decimal fraction",
		entry("1", "60.0", "false"): "whole number",
		entry("1", "0", "false"):    "whole number",
		entry("0", "60", "false"):   "pixel_value 0",
		entry("256", "60", "false"): "pixel_value 256",
		entry("1", `"60"`, "false"): "", // json.Number takes a quoted number too
		entry("1", "null", "false"): "want defect_name",
		`[{"defect_name": "a"}]`:    "want defect_name",
		`{}`:                        "defect list",
		`[]`:                        "is empty",
		`[` + entry("1", "2", "false")[1:len(entry("1", "2", "false"))-1] + `,` + entry("1", "2", "false")[1:]: `is that of "a"`,
	} {
		d, err := groundtruth.ParseDefects([]byte(text))
		if says == "" && (err != nil || len(d) != 1) || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%s: %v, %v; want %q", text, d, err, says)
		}
	}
}

func FuzzParseDefects(f *testing.F) {
	f.Add([]byte(config))
	f.Fuzz(func(t *testing.T, data []byte) {
		var defects []groundtruth.Defect
		var err error
		if used := pointstest.Allocated(func() { defects, err = groundtruth.ParseDefects(data) }); used > pointstest.Bound(len(data)) {
			t.Fatalf("%d bytes allocated for %d", used, len(data))
		}
		if err != nil {
			return
		}
		for _, d := range defects {
			if d.PixelValue == 0 || !(d.Threshold > 0) || d.Relative && d.Threshold > 1 || math.IsInf(d.Threshold, 0) {
				t.Errorf("%+v", d)
			}
		}
	})
}
