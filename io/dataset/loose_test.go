package dataset_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/io/dataset"
	"github.com/iad3d/iad3d/io/scan"
	"github.com/iad3d/iad3d/rgbd"
)

// put writes a file and its folders.
func put(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// points returns a PCD file of n loose points (i, 0, 1) m.
func points(n int) string {
	s := fmt.Sprintf("VERSION .7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH %d\nHEIGHT 1\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS %d\nDATA ascii\n", n, n)
	for i := range n {
		s += fmt.Sprintf("%d 0 1\n", i)
	}
	return s
}

// labelRows returns the rows of n points of which those from first on are defective.
func labelRows(n, first int, sep string) string {
	s := ""
	for i := range n {
		label := 0
		if i >= first {
			label = 1
		}
		s += strings.Join([]string{fmt.Sprint(i), "0.0", "1.0", fmt.Sprint(label)}, sep) + "\n"
	}
	return s
}

func namesIn(s *dataset.Set, split dataset.Split) []string {
	var out []string
	for _, it := range s.Items(split) {
		out = append(out, it.Name+" "+it.Defect)
	}
	return out
}

func load(t *testing.T, s *dataset.Set, i int) *rgbd.Labelled {
	t.Helper()
	l, err := s.Load(s.Items(dataset.Test)[i])
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestTemplates opens the layouts of Real3D-AD and Anomaly-ShapeNet.
func TestTemplates(t *testing.T) {
	for _, c := range []struct {
		kind, gt, sep, template, good, bad string
	}{
		{"real3d", "gt", " ", "1_template", "2_good", "10_bulge_cut"},
		{"shapenet", "GT", ",", "cap0_template0", "cap0_positive1", "cap0_bulge10"},
	} {
		root := t.TempDir()
		dir := filepath.Join(root, "cap0")
		put(t, filepath.Join(dir, "train", c.template+".pcd"), points(9))
		put(t, filepath.Join(dir, "test", c.good+".pcd"), points(8))
		bad := put(t, filepath.Join(dir, "test", c.bad+".pcd"), points(7))
		gt := put(t, filepath.Join(dir, c.gt, c.bad+".txt"), labelRows(7, 5, c.sep))
		put(t, filepath.Join(root, "readme", "x.txt"), "")
		if got, err := dataset.ClassesOf(c.kind, root); err != nil || !slices.Equal(got, []string{"cap0"}) {
			t.Errorf("classes %q, %v", got, err)
		}
		for _, at := range []string{root, dir} {
			s, err := dataset.Open(c.kind, at, "")
			if err != nil {
				t.Fatal(err)
			}
			test := []string{c.good + " good", c.bad + " bulge"}
			slices.Sort(test)
			if got := namesIn(s, dataset.Test); !slices.Equal(got, test) {
				t.Errorf("test %q, want %q", got, test)
			}
			if got := namesIn(s, dataset.Train); !slices.Equal(got, []string{c.template + " good"}) || s.Class != "cap0" {
				t.Errorf("train %q of %q", got, s.Class)
			}
			i := slices.Index(test, c.bad+" bulge")
			l := load(t, s, i)
			if want := []bool{false, false, false, false, false, true, true}; !slices.Equal(l.PointTruth, want) || l.Truth != nil || l.Cloud.Len() != 7 {
				t.Errorf("truth %v", l.PointTruth)
			}
			if l := load(t, s, 1-i); l.PointTruth != nil || l.Cloud.Len() != 8 {
				t.Errorf("truth of a good scan %v", l.PointTruth)
			}
		}
		// Other points than the scan's take its place.
		put(t, gt, labelRows(6, 5, c.sep))
		s, err := dataset.Open(c.kind, dir, "")
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(s.Items(dataset.Test), func(it dataset.Item) bool { return it.XYZ == bad })
		if l := load(t, s, i); l.Cloud.Len() != 6 || len(l.PointTruth) != 6 || l.Cloud.Fields != nil {
			t.Errorf("%d points, truth %v", l.Cloud.Len(), l.PointTruth)
		}
		put(t, gt, "1 2 3\n4 5 6\n")
		if _, err := s.Load(s.Items(dataset.Test)[i]); err == nil || !strings.Contains(err.Error(), gt+": no labels") {
			t.Errorf("error %v", err)
		}
		if err := os.Remove(gt); err != nil {
			t.Fatal(err)
		}
		if _, err := dataset.Open(c.kind, dir, ""); err == nil || !strings.Contains(err.Error(), "no ground truth") {
			t.Errorf("error %v", err)
		}
	}
}

func TestFolder(t *testing.T) {
	root := t.TempDir()
	put(t, filepath.Join(root, "good", "b.pcd"), points(9))
	put(t, filepath.Join(root, "good", "a.xyz"), "0 0 1\n1 0 1\n")
	put(t, filepath.Join(root, "good", "notes.txt"), "not a cloud")
	put(t, filepath.Join(root, "bent", "c.pcd"), points(4))
	put(t, filepath.Join(root, "bent", "d.pcd"), points(4))
	put(t, filepath.Join(root, "bent", "gt", "d.txt"), labelRows(4, 3, " "))
	s, err := dataset.Open("folder", root, "")
	if err != nil {
		t.Fatal(err)
	}
	if got := namesIn(s, dataset.Train); !slices.Equal(got, []string{"good/a good", "good/b good"}) {
		t.Errorf("train %q", got)
	}
	if got := namesIn(s, dataset.Test); !slices.Equal(got, []string{"bent/c bent", "bent/d bent"}) {
		t.Errorf("test %q", got)
	}
	if l := load(t, s, 0); l.PointTruth != nil || !l.Anomalous() {
		t.Errorf("truth %v", l.PointTruth)
	}
	if l := load(t, s, 1); !slices.Equal(l.PointTruth, []bool{false, false, false, true}) {
		t.Errorf("truth %v", l.PointTruth)
	}
	put(t, filepath.Join(root, "bent", "gt", "e.txt"), labelRows(4, 3, " "))
	if _, err := dataset.Open("folder", root, ""); err == nil || !strings.Contains(err.Error(), "belongs to no scan") {
		t.Errorf("error %v", err)
	}

	root = t.TempDir()
	put(t, filepath.Join(root, "gear", "train", "a.ply"), "")
	put(t, filepath.Join(root, "gear", "test", "good", "b.ply"), "")
	put(t, filepath.Join(root, "gear", "test", "dent", "xyz", "c.tiff"), "")
	if s, err = dataset.Open("folder", root, "gear"); err != nil {
		t.Fatal(err)
	}
	if a, b := namesIn(s, dataset.Train), namesIn(s, dataset.Test); !slices.Equal(a, []string{"good/a good"}) || !slices.Equal(b, []string{"dent/c dent", "good/b good"}) {
		t.Errorf("train %q, test %q", a, b)
	}
	if _, err := dataset.Open("folder", t.TempDir(), ""); err == nil || !strings.Contains(err.Error(), "no good or train folder") {
		t.Errorf("error %v", err)
	}
	one := 1
	if _, err := (dataset.Options{Image: &one}).Open("folder", root, ""); !errors.Is(err, dataset.ErrOptions) {
		t.Errorf("error %v", err)
	}
}

func TestManifest(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "scans", "a.pcd"), points(5))
	put(t, filepath.Join(dir, "scans", "b.pcd"), points(5))
	put(t, filepath.Join(dir, "scans", "b.txt"), labelRows(5, 4, " "))
	for name, text := range map[string]string{
		"list.csv":  "\ufeffPath, split,label,truth,note\nscans/a.pcd,train,,,\nscans/a.pcd,test,good,,x\nscans/b.pcd,test,dent,scans/b.txt,\n",
		"semi.csv":  "path;split;label;truth\r\nscans/a.pcd;train;good;\r\nscans/a.pcd;test;good;\r\nscans/b.pcd;test;dent;scans/b.txt\r\n",
		"list.yaml": "- {path: scans/a.pcd, split: train}\n- {path: scans/a.pcd, split: test, label: good}\n- path: scans/b.pcd\n  split: test\n  label: dent\n  truth: scans/b.txt\n",
	} {
		path := put(t, filepath.Join(dir, name), text)
		s, err := dataset.Open("manifest", path, "")
		if err != nil {
			t.Fatal(err)
		}
		if s.Class != strings.TrimSuffix(name, filepath.Ext(name)) || len(s.Items(dataset.Train)) != 1 {
			t.Errorf("%s: class %q", name, s.Class)
		}
		if got := namesIn(s, dataset.Test); !slices.Equal(got, []string{"good/a good", "dent/b dent"}) {
			t.Errorf("%s: test %q", name, got)
		}
		if l := load(t, s, 1); !slices.Equal(l.PointTruth, []bool{false, false, false, false, true}) {
			t.Errorf("%s: truth %v", name, l.PointTruth)
		}
	}
	for text, want := range map[string]string{
		"":                               "no first line of columns",
		"path,split\na,test\n":           `no column "label"`,
		"path,split,label\n":             "lists no scan",
		"path,split,label\na,holdout,x":  `scan 1: split "holdout"`,
		"path,split,label\na,train,bent": `label "bent" in the train split`,
		"path,split,label\n,test,bent":   "scan 1: no path",
		"path,split,label\na,test\n":     "wrong number of fields",
	} {
		path := put(t, filepath.Join(dir, "bad.csv"), text)
		_, err := dataset.Open("manifest", path, "")
		if e, ok := errors.AsType[*scan.Error](err); !ok || e.Path != path || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
	path := put(t, filepath.Join(dir, "bad.yaml"), "- {path: a, split: test, lable: x}\n")
	if _, err := dataset.Open("manifest", path, ""); err == nil || !strings.Contains(err.Error(), "lable") {
		t.Errorf("error %v", err)
	}
	if _, err := dataset.Open("manifest", filepath.Join(dir, "none.csv"), ""); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

// TestTruthDoesNotFit: a good scan has no defects, a raster no labels of points.
func TestTruthDoesNotFit(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "a.pcd"), points(5))
	put(t, filepath.Join(dir, "raster.pcd"), strings.Replace(strings.Replace(points(6), "WIDTH 6", "WIDTH 3", 1), "HEIGHT 1", "HEIGHT 2", 1))
	put(t, filepath.Join(dir, "t.txt"), labelRows(5, 4, " "))
	put(t, filepath.Join(dir, "m.png"), "")
	path := put(t, filepath.Join(dir, "l.csv"), "path,split,label,truth\na.pcd,test,good,t.txt\nraster.pcd,test,bent,t.txt\na.pcd,test,bent,m.png\n")
	s, err := dataset.Open("manifest", path, "")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"t.txt: marks 1 points as defective, but the scan is labelled good", "has a raster of 3×2 pixels", "m.png: ground truth is a mask, but the scan is loose points"} {
		if _, err := s.Load(s.Items(dataset.Test)[i]); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
