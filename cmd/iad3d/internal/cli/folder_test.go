package cli

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/internal/atomicfile"
)

func TestInside(t *testing.T) {
	dir := t.TempDir()
	root := filepath.Join(dir, "root")
	for _, d := range []string{filepath.Join(root, "a"), filepath.Join(dir, "root2")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(filepath.Join(root, "a"), link); err != nil {
		t.Skip(err)
	}
	for path, want := range map[string]bool{
		root:                                       true,
		filepath.Join(root, "a"):                   true,
		filepath.Join(root, "new", "deep"):         true,
		filepath.Join(root, "a", "..", "b"):        true,
		filepath.Join(link, "new"):                 true,
		dir:                                        false,
		filepath.Join(dir, "root2"):                false,
		filepath.Join(dir, "root2", "new"):         false,
		filepath.Join(root, "..", "root2", "else"): false,
	} {
		if got := inside(path, root); got != want {
			t.Errorf("%s in %s: %t", path, root, got)
		}
	}
	if inside(dir, filepath.Join(dir, "missing")) {
		t.Error("inside a folder that does not exist")
	}
	t.Chdir(root)
	if !inside("new", ".") || !inside("new", root) {
		t.Error("relative paths")
	}
}

func TestWritable(t *testing.T) {
	dir := t.TempDir()
	file := put(t, filepath.Join(dir, "file"), []byte("x"))
	unchanged(t, dir)
	for path, want := range map[string]bool{
		file:                            true,
		filepath.Join(dir, "new"):       true,
		filepath.Join(dir, "a", "b"):    true,
		dir:                             false,
		filepath.Join(file, "x"):        false,
		filepath.Join(file, "x", "y"):   false,
		filepath.Join(dir, "nul\x00no"): false,
	} {
		if err := writable(path); (err == nil) != want {
			t.Errorf("%q: %v", path, err)
		} else if err != nil && exitCode(err) != exitUsage {
			t.Errorf("%q: exit code %d", path, exitCode(err))
		}
	}
}

func TestStage(t *testing.T) {
	broken := errors.New("broken")
	fill := func(result error) func(string) error {
		return func(dir string) error {
			put(t, filepath.Join(dir, "sub", "file"), []byte("new"))
			return result
		}
	}
	whole := []string{".", "out", "out/sub", "out/sub/file"}
	for _, test := range []struct {
		name    string
		prepare func(dir string)
		result  error
		want    []string // the tree afterwards
		code    int
	}{
		{"new", func(string) {}, nil, whole, exitFine},
		{"empty", func(dir string) { os.Mkdir(filepath.Join(dir, "out"), 0o755) }, nil, whole, exitFine},
		{"leftovers of killed runs", func(dir string) {
			for range 2 {
				left, err := atomicfile.TemporaryFolder(filepath.Join(dir, "out"))
				if err != nil {
					t.Fatal(err)
				}
				put(t, filepath.Join(left, "sub", "old"), nil)
				parts := strings.Split(filepath.Base(left), "-")
				parts[2] = "2147483646" // no such process
				if err := os.Rename(left, filepath.Join(dir, strings.Join(parts, "-"))); err != nil {
					t.Fatal(err)
				}
			}
		}, nil, whole, exitFine},
		{"somebody's own", func(dir string) { put(t, filepath.Join(dir, ".out.tmp-mine", "its"), nil) }, nil,
			append([]string{".", ".out.tmp-mine", ".out.tmp-mine/its"}, whole[1:]...), exitFine},
		{"broken", func(string) {}, broken, []string{"."}, exitInternal},
		{"broken into empty", func(dir string) { os.Mkdir(filepath.Join(dir, "out"), 0o755) }, broken, []string{".", "out"}, exitInternal},
		{"occupied", func(dir string) { put(t, filepath.Join(dir, "out", "mine"), nil) }, nil, []string{".", "out", "out/mine"}, exitUsage},
		{"a file", func(dir string) { put(t, filepath.Join(dir, "out"), nil) }, nil, []string{".", "out"}, exitUsage},
	} {
		dir := t.TempDir()
		test.prepare(dir)
		err := stage(filepath.Join(dir, "out")+string(filepath.Separator), fill(test.result))
		if (err == nil) != (test.code == exitFine) || err != nil && exitCode(err) != test.code {
			t.Errorf("%s: error %v", test.name, err)
		}
		if got := tree(t, dir); !slices.Equal(got, test.want) {
			t.Errorf("%s: tree %q, want %q", test.name, got, test.want)
		}
	}
}

// TestStageIntoLink holds that a folder reached by a link is filled, not the link
// replaced.
func TestStageIntoLink(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "real"), 0o755); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink("real", link); err != nil {
		t.Skip(err)
	}
	if err := stage(link, func(dir string) error { put(t, filepath.Join(dir, "file"), nil); return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "real", "file")); err != nil {
		t.Error(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v", err)
	}
}

func TestWritableRefuses(t *testing.T) {
	dir := t.TempDir()
	dangling := filepath.Join(dir, "dangling")
	if err := os.Symlink("nowhere", dangling); err != nil {
		t.Skip(err)
	}
	for _, path := range []string{dangling, filepath.Join(dir, strings.Repeat("x", maxName+1))} {
		if err := writable(path); err == nil || exitCode(err) != exitUsage {
			t.Errorf("%q: error %v", path, err)
		}
	}
}
