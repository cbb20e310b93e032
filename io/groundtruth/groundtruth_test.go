package groundtruth_test

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/internal/golden"
	"github.com/iad3d/iad3d/io/groundtruth"
	"github.com/iad3d/iad3d/io/xyztiff"
)

// tree writes files below a new folder: text, a mask of 4×3 pixels for names
// that end in .png, an empty file for names that end in .npy.
func tree(t testing.TB, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, ".png") {
			err = png.Encode(f, mask(content))
		} else {
			_, err = f.WriteString(content)
		}
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	return root
}

// mask draws a mask of 4×3 pixels: the first ones have the values of the bytes
// of a text, the rest is 0.
func mask(values string) *image.Gray {
	m := image.NewGray(image.Rect(0, 0, 4, 3))
	copy(m.Pix, values)
	return m
}

// one opens the only class below root.
func one(t testing.TB, layout groundtruth.Layout, root string) *groundtruth.Set {
	t.Helper()
	l, dirs, err := groundtruth.Find(layout, root)
	if err != nil {
		t.Fatal(err)
	}
	for class, dir := range dirs {
		s, err := groundtruth.Open(l, class, dir)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	t.Fatal("no class")
	return nil
}

func names(s *groundtruth.Set) (out []string) {
	for _, it := range s.Items {
		out = append(out, it.Name)
	}
	return out
}

const config = `[{"defect_name": "lost", "pixel_value": 1, "saturation_threshold": 2, "relative_saturation": false},
{"defect_name": "odd", "pixel_value": 2, "saturation_threshold": 0.5, "relative_saturation": true}]`

// A small tree of each layout, and the maps for it.
var trees = map[groundtruth.Layout]map[string]string{
	groundtruth.MVTec3D: {
		"nut/test/good/xyz/000.tiff": "", "nut/test/good/xyz/001.tiff": "", "nut/test/good/gt/001.png": "",
		"nut/test/bent/xyz/000.tiff": "", "nut/test/bent/gt/000.png": "\x01\xff",
	},
	groundtruth.MVTecAD: {
		"nut/ground_truth/bent/000_mask.png": "\xff", "nut/ground_truth/cut/004_mask.png": "\xff\xff",
		"nut/test/good/000.png": "", "nut/test/bent/000.png": "", "nut/test/cut/004.png": "",
	},
	groundtruth.LOCO: {
		"nut/defects_config.json":                        config,
		"nut/ground_truth/logical_anomalies/000/000.png": "\x01\x01\x01", "nut/ground_truth/logical_anomalies/000/001.png": "\x00\x02\x02\x02\x02",
		"nut/ground_truth/structural_anomalies/000/000.png": "\x02\x02",
	},
	groundtruth.Eyecandies: {
		"Nut/test_public/data/00_mask.png": "", "Nut/test_public/data/00_metadata.yaml": candyLabel(""),
		"Nut/test_public/data/01_mask.png": "\x01", "Nut/test_public/data/01_metadata.yaml": candyLabel("dents"),
		"Nut/test_public/data/02_mask.png": "\x01", "Nut/test_public/data/02_metadata.yaml": candyLabel("bumps normals"),
		"Nut/test_public/data/01_dents_mask.png": "\x01", "Nut/test_private/data/00_depth.png": "",
	},
}

func TestLayouts(t *testing.T) {
	for layout, c := range map[groundtruth.Layout]struct {
		names, kinds []string
		maps         []string // beside each other, one for each item
		flat         []string // the same by another way of naming
		goodUnknown  bool
	}{
		groundtruth.MVTec3D: {
			[]string{"bent/000", "good/000", "good/001"}, []string{"bent"},
			[]string{"nut/test/bent/000.tiff", "nut/test/good/000.tiff", "nut/test/good/001.tiff"},
			[]string{"bent_000.npy", "good_000.npy", "good_001.npy"}, false,
		},
		groundtruth.MVTecAD: {
			[]string{"bent/000", "cut/004", "good/000"}, []string{"bent", "cut"},
			[]string{"test/bent/000.npz", "test/cut/004.npz", "test/good/000.npz"},
			[]string{"bent/000.TIF", "cut/004.tif", "good/000.tif"}, false,
		},
		groundtruth.LOCO: {
			[]string{"good/000", "good/001", "logical_anomalies/000", "structural_anomalies/000"}, []string{"logical_anomalies", "structural_anomalies"},
			[]string{"nut/test/good/000.tiff", "nut/test/good/001.tiff", "nut/test/logical_anomalies/000.tiff", "nut/test/structural_anomalies/000.tiff"},
			[]string{"nut/good_000.tiff", "nut/good_001.tiff", "nut/logical_anomalies_000.tiff", "nut/structural_anomalies_000.tiff"}, true,
		},
		groundtruth.Eyecandies: {
			[]string{"bumps+normals/02", "dents/01", "good/00"}, []string{"bumps+normals", "dents"},
			[]string{"Nut/test_public/data/02.png", "Nut/test_public/data/01.png", "Nut/test_public/data/00.png"},
			[]string{"bumps+normals_02.tiff", "dents_01.tiff", "good_00.tiff"}, false,
		},
	} {
		root := tree(t, trees[layout])
		for _, asked := range []groundtruth.Layout{"", layout} {
			s := one(t, asked, root)
			if s.Layout != layout || !slices.Equal(s.Kinds(), c.kinds) || s.GoodUnknown != c.goodUnknown {
				t.Errorf("%s: found as %s with kinds %q", layout, s.Layout, s.Kinds())
			}
			for _, set := range [][]string{c.maps, c.flat} {
				s := one(t, asked, s.Root)
				files := map[string]string{"readme.txt": "x"}
				for _, m := range set {
					files[m] = ""
				}
				dir := tree(t, files)
				paths, unused, err := s.MapPaths(dir, ".tiff", ".tif", ".npy", ".npz", ".png")
				if err != nil || len(unused) > 0 || !slices.Equal(names(s), c.names) {
					t.Fatalf("%s: %q, unused %q, %v; want %q", layout, names(s), unused, err, c.names)
				}
				for i, p := range paths {
					if want := filepath.Join(dir, filepath.FromSlash(set[i])); p != want {
						t.Errorf("%s: map of %s is %s, want %s", layout, s.Items[i].Name, p, want)
					}
				}
			}
		}
	}
}

func TestTruth(t *testing.T) {
	for _, c := range []struct {
		layout groundtruth.Layout
		item   string
		want   string // # where defective
	}{
		{groundtruth.MVTec3D, "bent/000", "##.........."},
		{groundtruth.MVTec3D, "good/000", ""},
		{groundtruth.MVTec3D, "good/001", ""},
		{groundtruth.MVTecAD, "cut/004", "##.........."},
		{groundtruth.Eyecandies, "dents/01", "#..........."},
		{groundtruth.Eyecandies, "good/00", ""},
	} {
		s := one(t, c.layout, tree(t, trees[c.layout]))
		i := slices.Index(names(s), c.item)
		truth, err := s.Truth(&s.Items[i])
		if err != nil {
			t.Fatal(err)
		}
		if got := dots(truth.Mask); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.layout, c.item, got, c.want)
		}
	}
	s := one(t, "", tree(t, trees[groundtruth.LOCO]))
	truth, err := s.Truth(&s.Items[0])
	if err != nil || truth.Mask != nil || len(truth.Channels) != 2 || truth.Width != 4 || truth.Height != 3 {
		t.Fatalf("%+v, %v", truth, err)
	}
	a, b := truth.Channels[0], truth.Channels[1]
	if a.Name != "lost" || a.Area != 3 || dots(a.Mask) != "###........." || b.Name != "odd" || b.Area != 4 || b.Threshold != 0.5 || !b.Relative || dots(b.Mask) != ".####......." {
		t.Errorf("%+v, %+v", a, b)
	}
}

func dots(mask []bool) string {
	var b strings.Builder
	for _, d := range mask {
		b.WriteByte(map[bool]byte{false: '.', true: '#'}[d])
	}
	return b.String()
}

// A missing map names its scan; what belongs to no scan is told; a picture
// beside a map is none.
func TestMapPaths(t *testing.T) {
	s := one(t, "", tree(t, trees[groundtruth.MVTec3D]))
	dir := tree(t, map[string]string{"test/bent/000.tiff": "", "test/good/000.tiff": ""})
	if _, _, err := s.MapPaths(dir, ".tiff"); err == nil || !strings.Contains(err.Error(), "no map of good/001") || !strings.Contains(err.Error(), filepath.Join("test", "good", "001")) {
		t.Errorf("missing map: %v", err)
	}
	dir = tree(t, map[string]string{"bent_000.tiff": "", "bent_000.png": "", "good_000.tiff": "", "good_001.tiff": "", "bent_009.tiff": ""})
	paths, unused, err := s.MapPaths(dir, ".tiff", ".png")
	if err != nil || !slices.Equal(unused, []string{filepath.Join(dir, "bent_009.tiff")}) || filepath.Ext(paths[0]) != ".tiff" {
		t.Errorf("%q, unused %q, %v", paths, unused, err)
	}
	twice := tree(t, map[string]string{"bent_000.tiff": "", "bent_000.npy": ""})
	if _, _, err := s.MapPaths(twice, ".tiff", ".npy"); err == nil || !strings.Contains(err.Error(), "is the same scan as") {
		t.Errorf("two maps of one scan: %v", err)
	}
}

// The areas of a flat cloud of 4×3 points 2 mm apart, and of a flat depth image.
func TestPixelAreas(t *testing.T) {
	root := tree(t, trees[groundtruth.MVTec3D])
	im := &xyztiff.Image{Width: 4, Height: 3, Samples: 3}
	for i := range 12 {
		im.F32 = append(im.F32, 0.002*float32(i%4), 0.002*float32(i/4), 0.5)
	}
	f, err := os.Create(filepath.Join(root, "nut", "test", "bent", "xyz", "000.tiff"))
	if err != nil {
		t.Fatal(err)
	}
	if err := xyztiff.Encode(f, im, xyztiff.EncodeOptions{}); err != nil {
		t.Fatal(err)
	}
	f.Close()
	s := one(t, "", root)
	area, w, h, err := s.PixelAreas(&s.Items[0])
	if err != nil || w != 4 || h != 3 || math.Abs(float64(area[5])-4) > 1e-3 {
		t.Errorf("%v, %d×%d, %v", area, w, h, err)
	}

	root = tree(t, change(groundtruth.Eyecandies, map[string]string{"Nut/test_public/data/01_info_depth.yaml": "normalization:\n  max: 2.000001\n  min: 2.0\n"}))
	depth := image.NewGray16(image.Rect(0, 0, 512, 512))
	for i := range 512 * 512 {
		depth.SetGray16(i%512, i/512, color.Gray16{Y: uint16(i)})
	}
	f, err = os.Create(filepath.Join(root, "Nut", "test_public", "data", "01_depth.png"))
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, depth); err != nil {
		t.Fatal(err)
	}
	f.Close()
	s = one(t, "", root)
	i := slices.Index(names(s), "dents/01")
	area, w, h, err = s.PixelAreas(&s.Items[i])
	if want := math.Pow(2000/711.11, 2); err != nil || w != 512 || h != 512 || math.Abs(float64(area[300*512+200])/want-1) > 1e-3 {
		t.Errorf("%v of 512×512 = %d×%d, %v; want %v", area[:min(1, len(area))], w, h, err, want)
	}
	if _, _, _, err := s.PixelAreas(&s.Items[0]); err == nil {
		t.Error("a scan without depth has a surface")
	}
	loco := one(t, "", tree(t, trees[groundtruth.LOCO]))
	if _, _, _, err := loco.PixelAreas(&loco.Items[0]); err == nil {
		t.Error("a layout without clouds has a surface")
	}
}

// The parts of the real sets that tests have.
func TestRealSets(t *testing.T) {
	s := one(t, "", golden.Shared(t, "data/mvtec3d"))
	if s.Layout != groundtruth.MVTec3D || len(s.Items) != 35 || len(s.Kinds()) != 4 {
		t.Errorf("%s: %d items, kinds %q", s.Layout, len(s.Items), s.Kinds())
	}
	e := one(t, "", golden.Shared(t, "data/eyecandies"))
	if e.Layout != groundtruth.Eyecandies || len(e.Items) != 25 {
		t.Errorf("%s: %d items", e.Layout, len(e.Items))
	}
	for _, s := range []*groundtruth.Set{s, e} {
		for i := range s.Items {
			it := &s.Items[i]
			truth, err := s.Truth(it)
			if err != nil || it.Good() == slices.Contains(truth.Mask, true) {
				t.Errorf("%s: %v", it.Name, err)
			}
			if i > 0 {
				continue
			}
			area, w, h, err := s.PixelAreas(it)
			if err != nil || w != truth.Width || h != truth.Height || len(area) != w*h {
				t.Errorf("%s: %d×%d surface, %d×%d truth, %v", it.Name, w, h, truth.Width, truth.Height, err)
			}
		}
	}
}

func ExampleFind() {
	root, err := os.MkdirTemp("", "groundtruth")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(root)
	dir := filepath.Join(root, "nut", "ground_truth", "bent")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		fmt.Println(err)
		return
	}
	f, err := os.Create(filepath.Join(dir, "000_mask.png"))
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := png.Encode(f, mask("\xff\xff")); err != nil {
		fmt.Println(err)
		return
	}
	f.Close()

	layout, classes, err := groundtruth.Find("", root)
	if err != nil {
		fmt.Println(err)
		return
	}
	for class, dir := range classes {
		s, err := groundtruth.Open(layout, class, dir)
		if err != nil {
			fmt.Println(err)
			return
		}
		for i := range s.Items {
			truth, err := s.Truth(&s.Items[i])
			if err != nil {
				fmt.Println(err)
				return
			}
			fmt.Println(layout, class, s.Items[i].Name, truth.Width, truth.Height, truth.Mask[0])
		}
	}
	// Output: mvtec nut bent/000 4 3 true
}

// candyLabel is the metadata.yaml of a sample with these kinds of defect.
func candyLabel(kinds string) string {
	text := fmt.Sprintf("anomalous: %d\n", min(1, len(kinds)))
	for _, k := range []string{"bumps", "dents", "colors", "normals"} {
		text += fmt.Sprintf("anomalous_%s: %d\n", k, strings.Count(kinds, k))
	}
	return text
}
