package dataset_test

import (
	"errors"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/internal/golden"
	"github.com/iad3d/iad3d/io/dataset"
	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/io/xyztiff"
)

// The size of the scans made here.
const width, height = 4, 3

func create(t testing.TB, path string) *os.File {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func writeFile(t testing.TB, path, content string) {
	t.Helper()
	if _, err := create(t, path).WriteString(content); err != nil {
		t.Fatal(err)
	}
}

func writePNG(t testing.TB, path string, im image.Image) {
	t.Helper()
	if err := png.Encode(create(t, path), im); err != nil {
		t.Fatal(err)
	}
}

// writeXYZ writes a cloud of which every point is at depth z.
func writeXYZ(t testing.TB, path string, w, h int, z float32) {
	t.Helper()
	im := &xyztiff.Image{Width: w, Height: h, Samples: 3}
	for range w * h {
		im.F32 = append(im.F32, 0, 0, z)
	}
	if err := xyztiff.Encode(create(t, path), im, xyztiff.EncodeOptions{}); err != nil {
		t.Fatal(err)
	}
}

// truth returns a mask with one pixel of the given id.
func truth(id uint8) *image.Gray {
	m := image.NewGray(image.Rect(0, 0, width, height))
	m.SetGray(2, 1, color.Gray{id})
	return m
}

// addScan writes the three files of a scan. A good one has a ground truth in
// the test split only, as in MVTec 3D-AD.
func addScan(t testing.TB, class, split, defect, stem string, id uint8) {
	t.Helper()
	dir := filepath.Join(class, split, defect)
	writeXYZ(t, filepath.Join(dir, "xyz", stem+".tiff"), width, height, 0.5)
	writePNG(t, filepath.Join(dir, "rgb", stem+".png"), image.NewNRGBA(image.Rect(0, 0, width, height)))
	if split == "test" {
		writePNG(t, filepath.Join(dir, "gt", stem+".png"), truth(id))
	}
}

// makeClass writes a class of eight scans.
func makeClass(t testing.TB, class string) {
	t.Helper()
	addScan(t, class, "train", "good", "000", 0)
	addScan(t, class, "train", "good", "001", 0)
	addScan(t, class, "train", "good", "002", 0)
	addScan(t, class, "validation", "good", "000", 0)
	addScan(t, class, "test", "good", "000", 0)
	addScan(t, class, "test", "bent", "000", 255)
	addScan(t, class, "test", "bent", "010", 254)
	addScan(t, class, "test", "bent-2", "000", 253)
	writeFile(t, filepath.Join(class, "class_ids.json"), `{"255": "bent", "253": "bent-2", "0": "good"}`)
	writeFile(t, filepath.Join(class, "calibration", "camera_parameters.json"), "{}")
}

func names(items []dataset.Item) []string {
	var n []string
	for _, it := range items {
		n = append(n, it.Name)
	}
	return n
}

func TestMVTec3DItems(t *testing.T) {
	root := t.TempDir()
	class := filepath.Join(root, "nut")
	makeClass(t, class)
	for _, junk := range []string{
		".DS_Store", "test/.DS_Store", "test/readme.txt", "test/good/xyz/._000.tiff", "test/bent/rgb/._000.png", "test/bent/xyz/Thumbs.db",
		"test/bent/gt/.hidden.png", "test/.ipynb_checkpoints/x", "test/good/preview/000.png",
	} {
		writeFile(t, filepath.Join(class, filepath.FromSlash(junk)), "junk")
	}
	s, err := dataset.OpenMVTec3D(root, "nut")
	if err != nil {
		t.Fatal(err)
	}
	if s.Root != class || s.Class != "nut" || !maps.Equal(s.ClassIDs, map[uint8]string{255: "bent", 253: "bent-2", 0: "good"}) {
		t.Errorf("root %q, class %q, ids %v", s.Root, s.Class, s.ClassIDs)
	}
	for split, want := range map[dataset.Split][]string{
		dataset.Train:      {"good/000", "good/001", "good/002"},
		dataset.Validation: {"good/000"},
		// Python's sorted puts bent-2/xyz before bent/xyz: '-' is less than '/'.
		dataset.Test: {"bent-2/000", "bent/000", "bent/010", "good/000"},
		"other":      nil,
	} {
		if got := names(s.Items(split)); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", split, got, want)
		}
	}
	dir := filepath.Join(class, "test", "bent")
	want := dataset.Item{
		Name: "bent/010", Split: dataset.Test, Defect: "bent",
		XYZ: filepath.Join(dir, "xyz", "010.tiff"), Colour: filepath.Join(dir, "rgb", "010.png"), Truth: filepath.Join(dir, "gt", "010.png"),
	}
	if got := s.Items(dataset.Test)[2]; got != want {
		t.Errorf("item %+v\nwant %+v", got, want)
	}
	if files := want.Files(); !slices.Equal(files, []string{want.XYZ, want.Colour, want.Truth}) {
		t.Errorf("files %q", files)
	}
	if got := s.Items(dataset.Train)[0].Truth; got != "" {
		t.Errorf("truth %q of a scan that has none", got)
	}
	clear(s.Items(dataset.Test))
	if s.Items(dataset.Test)[0].Name == "" {
		t.Error("Items gives away its own slice")
	}
}

func TestMVTec3DLoad(t *testing.T) {
	class := t.TempDir()
	makeClass(t, class)
	s, err := dataset.OpenMVTec3D(class, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, it := range s.Items(dataset.Test) {
		l, err := s.Load(it)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Check(); err != nil {
			t.Error(err)
		}
		if l.Name != it.Name || l.Source != it.XYZ || l.Defect != it.Defect || l.Colour == nil || l.Truth == nil {
			t.Errorf("%+v from %+v", l, it)
		}
		want := map[string]uint8{"bent/000": 255, "bent/010": 254, "bent-2/000": 253}[it.Name]
		if got := l.Truth.GrayAt(2, 1).Y; got != want || l.Anomalous() != (want > 0) {
			t.Errorf("%s: id %d, want %d; anomalous %v", it.Name, got, want, l.Anomalous())
		}
	}
	l, err := s.Load(s.Items(dataset.Train)[0])
	if err != nil || l.Truth != nil {
		t.Errorf("truth %v of a train scan, %v", l.Truth, err)
	}
}

// Preprocessed copies: float64, another name for the extension, no colour, no
// ids, a split left out, a ground truth missing for the good scans.
func TestMVTec3DVariants(t *testing.T) {
	class := t.TempDir()
	im := &xyztiff.Image{Width: 1, Height: 5, Samples: 3, F64: make([]float64, 15)}
	im.F64[14] = 0.25
	for _, p := range []string{"train/good/xyz/a.TIF", "test/good/xyz/b.tif", "test/cut/xyz/c.TIFF"} {
		if err := xyztiff.Encode(create(t, filepath.Join(class, filepath.FromSlash(p))), im, xyztiff.EncodeOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	writePNG(t, filepath.Join(class, "test", "cut", "gt", "c.PNG"), image.NewGray(image.Rect(0, 0, 1, 5)))
	s, err := dataset.Open("mvtec3d", class, "")
	if err != nil {
		t.Fatal(err)
	}
	if got := names(s.Items(dataset.Test)); !slices.Equal(got, []string{"cut/c", "good/b"}) || s.ClassIDs != nil || s.Items(dataset.Validation) != nil {
		t.Errorf("%q, ids %v", got, s.ClassIDs)
	}
	for _, it := range slices.Concat(s.Items(dataset.Train), s.Items(dataset.Test)) {
		l, err := s.Load(it)
		if err != nil {
			t.Fatal(err)
		}
		if l.Colour != nil || l.Cloud.Width != 1 || l.Cloud.Height != 5 || l.Cloud.CountValid() != 1 || (l.Truth != nil) != (it.Defect == "cut") {
			t.Errorf("%s: colour %v, %d×%d, %d valid", it.Name, l.Colour != nil, l.Cloud.Width, l.Cloud.Height, l.Cloud.CountValid())
		}
	}
}

func TestMVTec3DClass(t *testing.T) {
	one, two := t.TempDir(), t.TempDir()
	makeClass(t, filepath.Join(one, "nut"))
	writeFile(t, filepath.Join(one, "papers", "a.txt"), "")
	makeClass(t, filepath.Join(two, "bolt"))
	if err := os.Symlink(filepath.Join(one, "nut"), filepath.Join(two, "nut")); err != nil {
		t.Skip(err)
	}
	for _, c := range []struct{ root, class, want string }{
		{one, "", "nut"},
		{one, "nut", "nut"},
		{filepath.Join(one, "nut"), "", "nut"},
		{filepath.Join(one, "nut"), "nut", "nut"},
		{two, "bolt", "bolt"},
		{two, "nut", "nut"},
	} {
		s, err := dataset.OpenMVTec3D(c.root, c.class)
		if err != nil {
			t.Error(err)
		} else if s.Class != c.want || len(s.Items(dataset.Test)) != 4 {
			t.Errorf("class %q of %q is %q with %d test scans", c.class, c.root, s.Class, len(s.Items(dataset.Test)))
		}
	}
	for root, want := range map[string][]string{one: {"nut"}, two: {"bolt", "nut"}, filepath.Join(one, "nut"): {"nut"}} {
		if got, err := dataset.Classes(root); err != nil || !slices.Equal(got, want) {
			t.Errorf("classes %q, %v, want %q", got, err, want)
		}
	}
	t.Chdir(filepath.Join(one, "nut"))
	if s, err := dataset.OpenMVTec3D(".", ""); err != nil || s.Class != "nut" {
		t.Errorf("in the folder itself: %+v, %v", s, err)
	}
	_, err := dataset.OpenMVTec3D(two, "")
	checkError(t, err, two, "2 classes, choose one of bolt, nut")
	_, err = dataset.OpenMVTec3D(two, "screw")
	checkError(t, err, two, `no class "screw"; found bolt, nut`)
}

func TestKinds(t *testing.T) {
	if got := dataset.Kinds(); !slices.Equal(got, []string{"mvtec3d", "eyecandies", "real3d", "shapenet", "folder", "manifest"}) {
		t.Errorf("kinds %q", got)
	}
	_, err := dataset.Open("mvtec", t.TempDir(), "")
	if err == nil || !strings.Contains(err.Error(), `unknown kind "mvtec"; there are: mvtec3d, eyecandies, real3d, shapenet, folder, manifest`) {
		t.Errorf("error %v", err)
	}
	if _, ok := errors.AsType[*scan.Error](err); ok {
		t.Error("an unknown kind is no problem with a file")
	}
}

// The real class, as its description counts it: 24 train, 4 validation and 7
// test scans each of good and four defects, 400×400 pixels.
func TestMVTec3DReal(t *testing.T) {
	s, err := dataset.OpenMVTec3D(golden.Shared(t, "data/mvtec3d"), "")
	if err != nil {
		t.Fatal(err)
	}
	ids := map[uint8]string{255: "bent", 254: "cut", 253: "hole", 252: "thread", 0: "good"}
	if s.Class != "cable_gland" || !maps.Equal(s.ClassIDs, ids) {
		t.Errorf("class %q, ids %v", s.Class, s.ClassIDs)
	}
	count := make(map[string]int)
	for _, split := range dataset.Splits() {
		for l, err := range s.Scans(t.Context(), split) {
			if err != nil {
				t.Fatal(err)
			}
			count[string(split)]++
			count[string(split)+" "+l.Defect]++
			if err := l.Check(); err != nil {
				t.Error(err)
			}
			if l.Cloud.Width != 400 || l.Cloud.Height != 400 || l.Colour == nil || (l.Truth != nil) != (split == dataset.Test) {
				t.Errorf("%s: %d×%d, colour %v, truth %v", l.Source, l.Cloud.Width, l.Cloud.Height, l.Colour != nil, l.Truth != nil)
			}
			if l.Truth == nil {
				continue
			}
			seen := false
			for _, v := range l.Truth.Pix {
				seen = seen || v > 0
				if v > 0 && (v < 248 || s.ClassIDs[v] != l.Defect) {
					t.Fatalf("%s: id %d in the ground truth", l.Source, v)
				}
			}
			if seen != l.Anomalous() {
				t.Errorf("%s: defect seen %v", l.Source, seen)
			}
		}
	}
	want := map[string]int{
		"train": 24, "train good": 24, "validation": 4, "validation good": 4,
		"test": 35, "test good": 7, "test bent": 7, "test cut": 7, "test hole": 7, "test thread": 7,
	}
	if !maps.Equal(count, want) {
		t.Errorf("counts %v, want %v", count, want)
	}
}
