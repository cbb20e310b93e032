package dataset_test

import (
	"errors"
	"image"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/io/dataset"
)

// Each case breaks a sound class; the error is about the file path.
func TestEyecandiesRefuses(t *testing.T) {
	master := t.TempDir()
	makeCandy(t, master)
	for name, c := range map[string]struct {
		breakIt func(t *testing.T, at func(rel string) string)
		path    string
		parts   []string
	}{
		"no colour": {
			func(t *testing.T, at func(string) string) { remove(t, at("val/data/00_image_4.png")) },
			"val/data/00_image_4.png", []string{"does not exist, but 00_depth.png does"},
		},
		"no range": {
			func(t *testing.T, at func(string) string) { remove(t, at("test_private/data/399_info_depth.yaml")) },
			"test_private/data/399_info_depth.yaml", []string{"does not exist"},
		},
		"no metadata": {
			func(t *testing.T, at func(string) string) { remove(t, at("test_public/data/00_metadata.yaml")) },
			"test_public/data/00_metadata.yaml", []string{"does not exist"},
		},
		"no mask": {
			func(t *testing.T, at func(string) string) { remove(t, at("test_public/data/12_mask.png")) },
			"test_public/data/12_mask.png", []string{"does not exist"},
		},
		"no samples": {
			func(t *testing.T, at func(string) string) {
				remove(t, at("val/data"))
				mkdir(t, at("val/data"))
			},
			"val/data", []string{"no file named <number>_depth.png"},
		},
		"other digits": {
			func(t *testing.T, at func(string) string) { writeFile(t, at("train/data/0001_depth.png"), "") },
			"train/data/000_depth.png", []string{"3 digits, that of 0001_depth.png 4"},
		},
		"not a number": {
			func(t *testing.T, at func(string) string) { writeFile(t, at("train/data/abc_depth.png"), "") },
			"train/data/abc_depth.png", []string{`"abc" is not a sample's number`},
		},
		"defect to train on": {
			func(t *testing.T, at func(string) string) {
				writeFile(t, at("train/data/002_metadata.yaml"), metadata("11000"))
			},
			"train/data/002_metadata.yaml", []string{"a defective sample (bumps) in the train split"},
		},
		"anomalous by nothing": {
			func(t *testing.T, at func(string) string) {
				writeFile(t, at("test_public/data/00_metadata.yaml"), metadata("10000"))
			},
			"test_public/data/00_metadata.yaml", []string{"by none of the kinds"},
		},
		"good with a bump": {
			func(t *testing.T, at func(string) string) {
				writeFile(t, at("test_public/data/00_metadata.yaml"), metadata("01010"))
			},
			"test_public/data/00_metadata.yaml", []string{"not anomalous, but with bumps and colors"},
		},
		"field missing": {
			func(t *testing.T, at func(string) string) {
				writeFile(t, at("test_public/data/00_metadata.yaml"), metadata("000"))
			},
			"test_public/data/00_metadata.yaml", []string{"no field anomalous_colors"},
		},
		"neither 0 nor 1": {
			func(t *testing.T, at func(string) string) {
				writeFile(t, at("val/data/00_metadata.yaml"), metadata("20000"))
			},
			"val/data/00_metadata.yaml", []string{"field anomalous is neither 0 nor 1"},
		},
		"a list": {
			func(t *testing.T, at func(string) string) {
				writeFile(t, at("val/data/00_metadata.yaml"), "anomalous: [0]\n")
			},
			"val/data/00_metadata.yaml", []string{"field anomalous is neither 0 nor 1"},
		},
		"not YAML": {
			func(t *testing.T, at func(string) string) { writeFile(t, at("val/data/00_metadata.yaml"), "\x00") },
			"val/data/00_metadata.yaml", []string{"yaml"},
		},
		"long": {
			func(t *testing.T, at func(string) string) {
				writeFile(t, at("val/data/00_metadata.yaml"), strings.Repeat("#", 1<<17))
			},
			"val/data/00_metadata.yaml", []string{"more than 65536 bytes"},
		},
		"no split": {
			func(t *testing.T, at func(string) string) {
				for _, s := range []string{"train", "val", "test_public", "test_private"} {
					remove(t, at(s))
				}
			},
			"", []string{"no train, val, test_public or test_private folder with a folder data"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			class := filepath.Join(t.TempDir(), "Lollipop")
			linkTree(t, master, class)
			at := func(rel string) string { return filepath.Join(class, filepath.FromSlash(rel)) }
			c.breakIt(t, at)
			s, err := dataset.Open("eyecandies", class, "")
			if s != nil {
				t.Error("a set came with the error")
			}
			checkError(t, err, at(c.path), c.parts...)
		})
	}
}

// linkTree makes a copy of a tree, of links to its files.
func linkTree(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		}
		b, err := os.ReadFile(path)
		if err != nil || len(b) > 4096 { // a test breaks small files only
			return errors.Join(err, os.Link(path, filepath.Join(to, rel)))
		}
		return os.WriteFile(filepath.Join(to, rel), b, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestEyecandiesLoadRefuses(t *testing.T) {
	class := t.TempDir()
	makeCandy(t, class)
	s, err := dataset.Open("eyecandies", class, "")
	if err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(class, "test_public", "data")
	load := func(i int) error {
		t.Helper()
		l, err := s.Load(s.Items(dataset.Test)[i])
		if l != nil {
			t.Error("a scan came with the error")
		}
		return err
	}
	info := filepath.Join(data, "00_info_depth.yaml")
	for text, part := range map[string]string{
		"":                                      "no normalization with min and max",
		"normalization:\n  max: 4\n":            "no normalization with min and max",
		"normalization: {min: 3, max: 3}":       "depths from 3 to 3 metres",
		"normalization: {min: 0, max: 3}":       "depths from 0 to 3 metres",
		"normalization: {min: 1, max: .inf}":    "depths from 1 to +Inf metres",
		"normalization: {min: .nan, max: 3}":    "depths from NaN",
		"normalization: {min: near, max: 3}":    "near",
		"normalization: 5":                      "yaml",
		strings.Repeat("# ", 1<<16) + rangeYAML: "more than 65536 bytes",
	} {
		writeFile(t, info, text)
		checkError(t, load(0), info, part)
	}
	writeFile(t, info, rangeYAML)
	writePNG(t, filepath.Join(data, "00_mask.png"), mask512(3))
	checkError(t, load(0), filepath.Join(data, "00_mask.png"), "marks 3 pixels", "labelled good")
	writePNG(t, filepath.Join(data, "01_depth.png"), image.NewGray16(image.Rect(0, 0, 256, 256)))
	checkError(t, load(1), filepath.Join(data, "01_depth.png"), "for images of 512×512 pixels, this one is 256×256")
	writePNG(t, filepath.Join(data, "12_depth.png"), image.NewGray(image.Rect(0, 0, 512, 512)))
	checkError(t, load(2), filepath.Join(data, "12_depth.png"), "not a cloud or a 16-bit depth image")
	remove(t, filepath.Join(data, "00_normals.png"))
	_, _, _, err = s.Normals(s.Items(dataset.Test)[0])
	checkError(t, err, filepath.Join(data, "00_normals.png"))
}
