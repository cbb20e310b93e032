package dataset_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/internal/pointstest"
	"github.com/iad3d/iad3d/io/dataset"
	"github.com/iad3d/iad3d/io/scan"
)

// itemBytes is about what an Item takes, with its names: the decoded size of a line.
const itemBytes = 400

// refusedOrBounded holds that an error is a *scan.Error about something below dir,
// and that memory stays within its bounds: 16 MiB and 8 times the size of what was
// read, and 4 times what came of it.
func refusedOrBounded(t *testing.T, dir string, used uint64, size int, s *dataset.Set, err error) {
	t.Helper()
	if err != nil {
		if e, ok := errors.AsType[*scan.Error](err); !ok || !strings.HasPrefix(e.Path, dir) || strings.Contains(err.Error(), "\n") {
			t.Fatalf("error %v of type %T", err, err)
		}
		if used > pointstest.Bound(size) {
			t.Fatalf("%d bytes allocated for %d", used, size)
		}
		return
	}
	n := 0
	for _, sp := range dataset.Splits() {
		for _, it := range s.Items(sp) {
			n++
			if it.Split != sp || it.Name == "" || it.XYZ == "" && it.Depth == "" {
				t.Fatalf("item %+v", it)
			}
		}
	}
	if used > pointstest.Bound(size)+uint64(4*itemBytes*n) {
		t.Fatalf("%d bytes allocated for %d items of %d bytes", used, n, size)
	}
}

// FuzzManifest: no manifest makes OpenManifest panic or cost much.
func FuzzManifest(f *testing.F) {
	f.Add(false, []byte("path,split,label,truth,colour\na.pcd,train,good,,\nb.pcd,test,dent,b.txt,b.png\n"))
	f.Add(false, []byte("\ufeffpath;split;label\n\"a;b.pcd\";validation;good\n"))
	f.Add(true, []byte("- {path: a.pcd, split: train}\n- path: b.pcd\n  split: test\n  label: dent\n  truth: b.txt\n"))
	f.Add(true, []byte("- &a {path: a, split: train}\n- *a\n- <<: *a\n"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, list bool, b []byte) {
		path := filepath.Join(dir, "m.csv")
		if list {
			path = filepath.Join(dir, "m.yaml")
		}
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		var s *dataset.Set
		var err error
		used := pointstest.Allocated(func() { s, err = dataset.OpenManifest(path, "", dataset.Options{}) })
		refusedOrBounded(t, dir, used, len(b), s, err)
	})
}

// FuzzWalk: folders of any names, links that go round and files where folders should
// be make no walker panic or run for ever.
func FuzzWalk(f *testing.F) {
	f.Add(uint8(0), []byte("part/train/good/xyz/000.tiff\npart/test/good/xyz/000.tiff\npart/test/bent/xyz/000.tiff\npart/test/bent/gt/000.png\n"))
	f.Add(uint8(2), []byte("good/a.pcd\ndent/b.pcd\ndent/gt/b.txt\n"))
	f.Add(uint8(7), []byte("part/train/1.pcd\npart/test/1_good.pcd\npart/test/2_hole.pcd\npart/gt/2_hole.txt\n"))
	f.Add(uint8(6), []byte("part/train/data/00_depth.png\npart/train/data/00_info_depth.yaml\npart/train/data/00_image_0.png\npart/test_public/data/00_metadata.yaml\n"))
	f.Add(uint8(5), []byte("part/train/good\n@part/train\n@part/test/good/xyz\n"))
	f.Fuzz(func(t *testing.T, which uint8, b []byte) {
		dir := t.TempDir()
		lines := strings.Split(string(b), "\n")
		if len(lines) > 40 {
			return
		}
		for _, l := range lines {
			link := strings.HasPrefix(l, "@")
			l = strings.TrimPrefix(l, "@")
			if l == "" || len(l) > 200 || !filepath.IsLocal(l) || strings.ContainsRune(l, 0) {
				continue
			}
			path := filepath.Join(dir, l)
			if os.MkdirAll(filepath.Dir(path), 0o755) != nil { // a file is in the way
				continue
			}
			if link {
				os.Symlink(dir, path)
			} else if _, err := os.Lstat(path); err != nil {
				os.WriteFile(path, []byte("1 2 3\n"), 0o644)
			}
		}
		open := []func(root, class string, o dataset.Options) (*dataset.Set, error){
			func(root, class string, _ dataset.Options) (*dataset.Set, error) {
				return dataset.OpenMVTec3D(root, class)
			},
			dataset.OpenEyecandies, dataset.OpenFolder, dataset.OpenReal3D, dataset.OpenShapeNet,
		}[which%5]
		class := []string{"", "part"}[which/5%2]
		var s *dataset.Set
		var err error
		used := pointstest.Allocated(func() { s, err = open(dir, class, dataset.Options{}) })
		refusedOrBounded(t, dir, used, 200*len(lines), s, err)
	})
}

// FuzzEyecandiesLabel: of a metadata.yaml.
func FuzzEyecandiesLabel(f *testing.F) {
	f.Add([]byte("anomalous: 1\nanomalous_bumps: 1\nanomalous_dents: 0\nanomalous_colors: 0\nanomalous_normals: 1\n"))
	f.Add([]byte("anomalous: false\nanomalous_bumps: &a 0\nanomalous_dents: *a\nanomalous_colors: 0.0\nanomalous_normals: [0]\n"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(dir, "metadata.yaml")
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		var label string
		var err error
		used := pointstest.Allocated(func() { label, err = dataset.EyecandiesLabel(path) })
		if used > pointstest.Bound(len(b)) {
			t.Fatalf("%d bytes allocated for %d", used, len(b))
		}
		if e, ok := errors.AsType[*scan.Error](err); err != nil && (!ok || e.Path != path) || err == nil && label == "" {
			t.Fatalf("%q, %v", label, err)
		}
	})
}

// TestManifestBounds: manifests that are made to cost memory are refused at once.
func TestManifestBounds(t *testing.T) {
	dir := t.TempDir()
	row := "a,train,\n"
	for name, c := range map[string]struct{ file, text, says string }{
		"rows without a path": {"m.csv", "path,split,label\n" + strings.Repeat(",,\n", 10<<20), "scan 1: no path"},
		"too many rows":       {"m.csv", "path,split,label\n" + strings.Repeat(row, 1<<17+1), "lists more than 131072 scans"},
		"too long a list":     {"m.yaml", "[" + strings.Repeat("a,", 1<<20) + "]", "more than 131072 bytes of YAML; as CSV there may be more"},
		"a list of nothing":   {"m.yaml", "[" + strings.Repeat("a,", 1<<16-8) + "]", "is no map of path"},
		"a second document":   {"m.yaml", "- {path: a, split: train}\n---\n- {path: b, split: train}\n", "more than one document"},
	} {
		path := filepath.Join(dir, c.file)
		if err := os.WriteFile(path, []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		var err error
		used := pointstest.Allocated(func() { _, err = dataset.OpenManifest(path, "", dataset.Options{}) })
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %.200v, want %q", name, err, c.says)
		}
		bound := pointstest.Bound(len(c.text))
		if name == "too many rows" { // refused after so many sound ones
			bound += 4 * itemBytes << 17
		}
		if t.Logf("%s: %.1f MiB for %.1f", name, float64(used)/(1<<20), float64(len(c.text))/(1<<20)); used > bound {
			t.Errorf("%s: %d bytes allocated for %d", name, used, len(c.text))
		}
	}
}
