package atomicfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

func content(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

func put(t *testing.T, path, s string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(s), 0o644); err != nil {
		t.Fatal(err)
	}
}

// expect fails unless the folder of path holds path alone, with content s.
func expect(t *testing.T, path, s string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != s {
		t.Errorf("content is %.40q, want %.40q", got, s)
	}
	if names := listing(t, filepath.Dir(path)); len(names) != 1 {
		t.Errorf("folder holds %q, want one file", names)
	}
}

func listing(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	for _, s := range []string{"new", "replaced by something longer", "", strings.Repeat("beyond the buffer ", 1<<14)} {
		if err := Write(path, content(s)); err != nil {
			t.Fatal(err)
		}
		expect(t, path, s)
	}
}

func TestRelativePath(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := Write("out", content("x")); err != nil {
		t.Fatal(err)
	}
	expect(t, "out", "x")
}

// broken is a disk on which one step fails.
type broken struct {
	disk
	step string
}

var errInjected = errors.New("injected")

func (b broken) fails(step string) error {
	if b.step == step {
		return &fs.PathError{Op: step, Path: "/the/temporary", Err: errInjected}
	}
	return nil
}

func (b broken) create(path string, perm fs.FileMode) (file, error) {
	if err := b.fails("create"); err != nil {
		return nil, err
	}
	f, err := b.disk.create(path, perm)
	return &brokenFile{file: f, b: b}, err
}

func (b broken) rename(from, to string) error {
	if err := b.fails("rename"); err != nil {
		return err
	}
	return b.disk.rename(from, to)
}

func (b broken) syncDir(dir string) error {
	if err := b.fails("syncDir"); err != nil {
		return err
	}
	return b.disk.syncDir(dir)
}

type brokenFile struct {
	file
	b       broken
	written int
}

// roomOnDisk lies beyond the buffer of Write: earlier parts do reach the disk.
const roomOnDisk = 100_000

func (f *brokenFile) Write(p []byte) (int, error) {
	if over := f.written + len(p) - roomOnDisk; over > 0 {
		if err := f.b.fails("write"); err != nil {
			n, _ := f.file.Write(p[:len(p)-over])
			f.written += n
			return n, err
		}
		if f.b.step == "short write" { // a writer that breaks io.Writer's promise
			return f.file.Write(p[:len(p)-over])
		}
	}
	n, err := f.file.Write(p)
	f.written += n
	return n, err
}

func (f *brokenFile) Chmod(m fs.FileMode) error {
	if err := f.b.fails("chmod"); err != nil {
		return err
	}
	return f.file.Chmod(m)
}

func (f *brokenFile) Sync() error {
	if err := f.b.fails("sync"); err != nil {
		return err
	}
	return f.file.Sync()
}

func (f *brokenFile) Close() error {
	err := f.file.Close()
	if e := f.b.fails("close"); e != nil {
		return e
	}
	return err
}

// TestEveryStepFails breaks one step at a time.
func TestEveryStepFails(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", roomOnDisk/8)
	for _, c := range []struct {
		step, says string
		cause      error
		replaced   bool // the one step after the rename
	}{
		{step: "create", says: "create a temporary file in its folder: injected"},
		{step: "chmod", says: "set permissions: injected"},
		{step: "write", says: "write: "},
		{step: "short write", says: "write: ", cause: io.ErrShortWrite},
		{step: "sync", says: "sync: injected"},
		{step: "close", says: "close: injected"},
		{step: "rename", says: "rename: injected"},
		{step: "syncDir", says: "sync its folder: injected", replaced: true},
	} {
		for _, pieces := range []int{1, 1000} { // past the buffer at once, and through it
			t.Run(fmt.Sprintf("%s/%d", c.step, pieces), func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "out")
				put(t, path, "old")
				err := replace(broken{step: c.step}, path, func(w io.Writer) error {
					for i := range pieces {
						n := len(long) / pieces
						if _, err := io.WriteString(w, long[i*n:(i+1)*n]); err != nil {
							return err
						}
					}
					return nil
				})
				want := errInjected
				if c.cause != nil {
					want = c.cause
				}
				if !errors.Is(err, want) || !strings.HasPrefix(err.Error(), path+": "+c.says) {
					t.Errorf("error is %v, want one of step %q wrapping %v", err, c.says, want)
				}
				if c.replaced {
					n := len(long) / pieces * pieces
					expect(t, path, long[:n])
				} else {
					expect(t, path, "old")
				}
			})
		}
	}
}

// TestIgnoredWriteError has a writer that does not look at its errors.
func TestIgnoredWriteError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	put(t, path, "old")
	err := replace(broken{step: "write"}, path, func(w io.Writer) error {
		w.Write(bytes.Repeat([]byte("x"), 2*roomOnDisk))
		return nil
	})
	if !errors.Is(err, errInjected) {
		t.Errorf("error is %v, want the one the writer ignored", err)
	}
	expect(t, path, "old")
}

func TestWriterFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	put(t, path, "old")
	mine := &fs.PathError{Op: "open", Path: "input", Err: fs.ErrNotExist}
	err := Write(path, func(w io.Writer) error {
		io.WriteString(w, "half of it")
		return mine
	})
	if want := path + ": write: " + mine.Error(); err == nil || err.Error() != want || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error is %v, want %s", err, want)
	}
	expect(t, path, "old")

	func() {
		defer func() {
			if recover() == nil {
				t.Error("the writer's panic was swallowed")
			}
		}()
		Write(path, func(io.Writer) error { panic("broken caller") })
	}()
	expect(t, path, "old")
}

func TestPermissions(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("permission bits are a Unix notion")
	}
	dir := t.TempDir()
	perm := func(path string) fs.FileMode {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode().Perm()
	}
	// What the umask leaves of 0644, seen on a file made by the standard library.
	plain := filepath.Join(dir, "plain")
	put(t, plain, "")
	path := filepath.Join(dir, "out")
	if err := Write(path, content("x")); err != nil {
		t.Fatal(err)
	}
	if got, want := perm(path), perm(plain); got != want {
		t.Errorf("new file has %v, want %v", got, want)
	}
	for _, p := range []fs.FileMode{0o600, 0o666, 0o777, 0o444} {
		if err := os.Chmod(path, p); err != nil {
			t.Fatal(err)
		}
		if err := Write(path, content("y")); err != nil {
			t.Fatal(err)
		}
		if got := perm(path); got != p {
			t.Errorf("replaced file has %v, want %v", got, p)
		}
	}
}

func TestSymbolicLink(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	target, link := filepath.Join(elsewhere, "target"), filepath.Join(dir, "link")
	if err := os.Symlink(target, link); err != nil {
		t.Skip(err)
	}
	if err := Write(link, content("x")); err == nil || !strings.Contains(err.Error(), "symbolic link to a file that does not exist") {
		t.Errorf("error for a dangling link is %v", err)
	}
	put(t, target, "old")
	if err := Write(link, content("new")); err != nil {
		t.Fatal(err)
	}
	expect(t, target, "new")
	if info, err := os.Lstat(link); err != nil || info.Mode().Type() != fs.ModeSymlink {
		t.Errorf("the link became %v, %v", info, err)
	}
}

func TestRefusedTargets(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ path, says string }{
		{dir, "not a regular file"},
		{filepath.Join(dir, "missing") + string(filepath.Separator), "the path names a folder"},
		{filepath.Join(dir, "missing", "out"), "create a temporary file in its folder"},
		{"", "the path names a folder"},
	} {
		called := false
		err := Write(c.path, func(io.Writer) error { called = true; return nil })
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: error is %v, want %q", c.path, err, c.says)
		}
		if called {
			t.Errorf("%q: content was made for nothing", c.path)
		}
	}
	if names := listing(t, dir); len(names) != 0 {
		t.Errorf("folder holds %q", names)
	}
}

func TestReadOnlyFolder(t *testing.T) {
	if os.Getuid() <= 0 {
		t.Skip("needs an ordinary user on Unix: the superuser may write anywhere")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "out")
	err := Write(path, content("x"))
	if want := path + ": create a temporary file in its folder: permission denied"; !errors.Is(err, fs.ErrPermission) || err.Error() != want {
		t.Errorf("error is %v, want %s", err, want)
	}
}

// TestConcurrentWriters checks that a reader never sees a part and that writers
// leave each other's temporaries alone.
func TestConcurrentWriters(t *testing.T) {
	const writers, rounds = 4, 10
	path := filepath.Join(t.TempDir(), "out")
	whole := func(w int) string { return strings.Repeat(string(rune('a'+w)), 10_000) }
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for range rounds {
				if err := Write(path, content(whole(w))); err != nil {
					t.Error(err)
				}
				got, err := os.ReadFile(path)
				if err != nil || len(got) == 0 || string(got) != whole(int(got[0]-'a')) {
					t.Errorf("read %d bytes, %v", len(got), err)
				}
			}
		})
	}
	wg.Wait()
	if names := listing(t, filepath.Dir(path)); len(names) != 1 {
		t.Errorf("folder holds %q", names)
	}
}
