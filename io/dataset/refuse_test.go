package dataset_test

import (
	"errors"
	"image"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/io/dataset"
	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/rgbd"
)

// checkError asserts that err is a *scan.Error about path in one line, with the
// path once and each of the parts.
func checkError(t *testing.T, err error, path string, parts ...string) {
	t.Helper()
	e, ok := errors.AsType[*scan.Error](err)
	if !ok {
		t.Fatalf("error %v of type %T, want *scan.Error", err, err)
	}
	msg := err.Error()
	if e.Path != path || !strings.HasPrefix(msg, path+": ") || strings.Contains(msg, "\n") || strings.Count(msg+" ", path+" ")+strings.Count(msg, path+":") != 1 {
		t.Errorf("message %q, want one line about %q", msg, path)
	}
	for _, p := range parts {
		if !strings.Contains(msg, p) {
			t.Errorf("message %q lacks %q", msg, p)
		}
	}
}

// Each case breaks a sound class; the error is about the file or folder path.
func TestMVTec3DRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		breakIt func(t *testing.T, at func(rel string) string)
		path    string
		parts   []string
	}{
		"colour without cloud": {
			func(t *testing.T, at func(string) string) { remove(t, at("test/bent/xyz/000.tiff")) },
			"test/bent/rgb/000.png", []string{"belongs to no scan", "xyz/000.tiff"},
		},
		"truth without cloud": {
			func(t *testing.T, at func(string) string) { writePNG(t, at("test/good/gt/007.png"), truth(0)) },
			"test/good/gt/007.png", []string{"belongs to no scan", "xyz/007.tiff"},
		},
		"cloud without colour": {
			func(t *testing.T, at func(string) string) { remove(t, at("train/good/rgb/001.png")) },
			"train/good/xyz/001.tiff", []string{"no colour image", "rgb/001.png"},
		},
		"rgb folder empty": {
			func(t *testing.T, at func(string) string) { remove(t, at("validation/good/rgb/000.png")) },
			"validation/good/xyz/000.tiff", []string{"no colour image"},
		},
		"defect without truth": {
			func(t *testing.T, at func(string) string) { remove(t, at("test/bent/gt/010.png")) },
			"test/bent/xyz/010.tiff", []string{"no ground truth", "gt/010.png", "defective"},
		},
		"defects without a gt folder": {
			func(t *testing.T, at func(string) string) { remove(t, at("test/bent-2/gt")) },
			"test/bent-2/xyz/000.tiff", []string{"no ground truth"},
		},
		"stem twice": {
			func(t *testing.T, at func(string) string) {
				writeXYZ(t, at("train/good/xyz/001.tif"), width, height, 1)
			},
			"train/good/xyz/001.tiff", []string{"is the same scan as", "001.tif"},
		},
		"xyz folder empty": {
			func(t *testing.T, at func(string) string) {
				remove(t, at("train/good"))
				mkdir(t, at("train/good/xyz"))
			},
			"train/good/xyz", []string{"no .tiff files"},
		},
		"no xyz folder": {
			func(t *testing.T, at func(string) string) {
				remove(t, at("test/bent/xyz"))
				remove(t, at("test/bent/rgb"))
				remove(t, at("test/bent/gt"))
			},
			"test/bent", []string{"no xyz folder"},
		},
		"xyz is a file": {
			func(t *testing.T, at func(string) string) {
				remove(t, at("test/bent/xyz"))
				writeFile(t, at("test/bent/xyz"), "")
			},
			"test/bent/xyz", nil,
		},
		"split without folders": {
			func(t *testing.T, at func(string) string) { remove(t, at("validation/good")) },
			"validation", []string{"no folder of scans (good, or the name of a defect)"},
		},
		"defects to train on": {
			func(t *testing.T, at func(string) string) { addScan(t, at(""), "train", "bent", "000", 1) },
			"train/bent", []string{"defective scans in the train split"},
		},
		"no split": {
			func(t *testing.T, at func(string) string) {
				remove(t, at("train"))
				remove(t, at("test"))
				remove(t, at("validation"))
			},
			"", []string{"no train, validation or test folder"},
		},
		"no folder": {
			func(t *testing.T, at func(string) string) { remove(t, at("")) },
			"", nil,
		},
		"ids not JSON": {
			func(t *testing.T, at func(string) string) { writeFile(t, at("class_ids.json"), `{"255": `) },
			"class_ids.json", []string{"class ids: unexpected end of JSON"},
		},
		"id too large": {
			func(t *testing.T, at func(string) string) { writeFile(t, at("class_ids.json"), `{"256": "x"}`) },
			"class_ids.json", []string{`class id "256" is not a number from 0 to 255`},
		},
		"ids are a folder": {
			func(t *testing.T, at func(string) string) {
				remove(t, at("class_ids.json"))
				mkdir(t, at("class_ids.json"))
			},
			"class_ids.json", []string{"not a regular file"},
		},
		"ids too long": {
			func(t *testing.T, at func(string) string) {
				writeFile(t, at("class_ids.json"), strings.Repeat(" ", 1<<20+1))
			},
			"class_ids.json", []string{"more than 1048576 bytes"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			class := filepath.Join(t.TempDir(), "nut")
			makeClass(t, class)
			at := func(rel string) string { return filepath.Join(class, filepath.FromSlash(rel)) }
			c.breakIt(t, at)
			s, err := dataset.OpenMVTec3D(class, "")
			if s != nil {
				t.Error("a set came with the error")
			}
			var parts []string
			for _, p := range c.parts {
				if strings.Contains(p, ".png") || strings.Contains(p, ".tif") && strings.Contains(p, "/") {
					p = filepath.FromSlash(p)
				}
				parts = append(parts, p)
			}
			checkError(t, err, at(c.path), parts...)
			if name == "no folder" && !errors.Is(err, fs.ErrNotExist) {
				t.Error("error does not wrap fs.ErrNotExist")
			}
		})
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
}

func mkdir(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(path, 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestLoadRefuses(t *testing.T) {
	class := t.TempDir()
	makeClass(t, class)
	at := func(rel string) string { return filepath.Join(class, filepath.FromSlash(rel)) }
	s, err := dataset.OpenMVTec3D(class, "")
	if err != nil {
		t.Fatal(err)
	}
	load := func(split dataset.Split, name string) error {
		t.Helper()
		items := s.Items(split)
		i := slices.IndexFunc(items, func(it dataset.Item) bool { return it.Name == name })
		l, err := s.Load(items[i])
		if l != nil {
			t.Error("a scan came with the error")
		}
		return err
	}
	writePNG(t, at("test/bent/gt/000.png"), image.NewGray(image.Rect(0, 0, height, width)))
	checkError(t, load(dataset.Test, "bent/000"), at("test/bent/gt/000.png"), "ground truth is 3×4", at("test/bent/xyz/000.tiff"), "is 4×3")

	writePNG(t, at("test/good/gt/000.png"), truth(255))
	checkError(t, load(dataset.Test, "good/000"), at("test/good/gt/000.png"), "marks 1 pixels as defective", "labelled good")

	writeFile(t, at("test/bent/gt/010.png"), "not an image")
	checkError(t, load(dataset.Test, "bent/010"), at("test/bent/gt/010.png"), "is a text file, not a PNG image")

	writePNG(t, at("train/good/rgb/000.png"), image.NewNRGBA(image.Rect(0, 0, width+1, height)))
	checkError(t, load(dataset.Train, "good/000"), at("train/good/rgb/000.png"), "5×3", at("train/good/xyz/000.tiff"), "4×3", "registration needed")

	writeXYZ(t, at("train/good/xyz/001.tiff"), width, height, 0)
	err = load(dataset.Train, "good/001")
	checkError(t, err, at("train/good/xyz/001.tiff"), "no measured point: all 12 pixels")
	if !errors.Is(err, rgbd.ErrScan) {
		t.Errorf("%v does not wrap ErrScan", err)
	}

	remove(t, at("train/good/xyz/002.tiff"))
	if err := load(dataset.Train, "good/002"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("file removed after the set was opened: %v", err)
	}
}
