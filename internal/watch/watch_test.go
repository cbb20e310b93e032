package watch

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func put(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func record(t *testing.T, j *Journal, path, sum string) {
	t.Helper()
	f := File{Path: path, Size: 3, Modified: time.Unix(100, 5).UTC(), SHA256: sum}
	line, err := json.Marshal(map[string]any{"file": f})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Append(f, append(line, '\n')); err != nil {
		t.Fatal(err)
	}
}

func journal(t *testing.T, path string) *Journal {
	t.Helper()
	j, err := OpenJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func TestJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.jsonl")
	j := journal(t, path)
	if _, err := OpenJournal(path); !errors.Is(err, ErrBusy) {
		t.Errorf("opened twice: %v", err)
	}
	record(t, j, "a", "1")
	record(t, j, "a", "2")
	record(t, j, "b", "1")
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = journal(t, path)
	defer j.Close()
	if j.Records() != 3 || j.Versions("a") != 2 || j.Versions("c") != 0 || !j.Done("a", "1") || j.Done("b", "2") {
		t.Errorf("%+v", j.done)
	}
	if !j.Unchanged("a", 3, time.Unix(100, 5)) || j.Unchanged("a", 3, time.Unix(100, 6)) || j.Unchanged("c", 3, time.Unix(100, 5)) {
		t.Error("Unchanged")
	}
}

// TestTornLine cuts a journal at every byte, as a crash may, and goes on with it.
func TestTornLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.jsonl")
	j := journal(t, path)
	record(t, j, "a", "1")
	record(t, j, "b", "2")
	j.Close()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) {
		put(t, path, string(whole[:n]))
		j := journal(t, path)
		want := strings.Count(string(whole[:n]), "\n")
		if j.Records() != want {
			t.Fatalf("of %d bytes %d records, want %d", n, j.Records(), want)
		}
		record(t, j, "c", "3")
		j.Close()
		j = journal(t, path)
		if j.Records() != want+1 || !j.Done("c", "3") {
			t.Fatalf("after %d bytes the next record is lost", n)
		}
		j.Close()
	}
}

func TestNoJournal(t *testing.T) {
	for _, text := range []string{"mine\n", "{}\n", `{"file":{"path":"a"}}` + "\n\n" + `{"file":{"path":"a"}}` + "\n", "[]\n"} {
		path := put(t, filepath.Join(t.TempDir(), "j"), text)
		if _, err := OpenJournal(path); !errors.Is(err, ErrJournal) {
			t.Errorf("%q: %v", text, err)
		}
		if b, _ := os.ReadFile(path); string(b) != text {
			t.Errorf("%q was changed", text)
		}
	}
}

// watched is a folder with a clock of its own.
type watched struct {
	*Folder
	t   *testing.T
	dir string
	now time.Time
}

func newWatched(t *testing.T, o Options) *watched {
	w := &watched{t: t, dir: t.TempDir(), now: time.Unix(1000, 0)}
	o.Accept = func(name string) bool { return strings.HasSuffix(name, ".ply") }
	o.Settle = 2 * time.Second
	w.Folder = NewFolder(w.dir, o)
	w.clock = func() time.Time { return w.now }
	return w
}

// look moves the clock on and returns the paths that are due.
func (w *watched) look(after time.Duration) ([]string, int) {
	w.t.Helper()
	w.now = w.now.Add(after)
	due, waiting, err := w.Look(func(path string, _ int64, _ time.Time) bool { return path == "known.ply" })
	if err != nil {
		w.t.Fatal(err)
	}
	var paths []string
	for _, d := range due {
		paths = append(paths, d.Path)
	}
	return paths, waiting
}

func TestSettles(t *testing.T) {
	w := newWatched(t, Options{Enter: func(p string) bool { return p == "in" }})
	name := put(t, filepath.Join(w.dir, "a.ply"), "x")
	put(t, filepath.Join(w.dir, "b.txt"), "x")
	put(t, filepath.Join(w.dir, "known.ply"), "x")
	put(t, filepath.Join(w.dir, "in", "c.ply"), "x")
	put(t, filepath.Join(w.dir, "out", "d.ply"), "x")
	old := time.Unix(5, 0)
	if err := os.Chtimes(filepath.Join(w.dir, "in", "c.ply"), old, old); err != nil { // as cp -p leaves it
		t.Fatal(err)
	}
	if got, n := w.look(0); len(got) != 0 || n != 2 {
		t.Errorf("at once: %q, %d", got, n)
	}
	put(t, name, "xx") // goes on growing
	if got, n := w.look(2 * time.Second); !slices.Equal(got, []string{"in/c.ply"}) || n != 1 {
		t.Errorf("after 2 s: %q, %d", got, n)
	}
	if got, _ := w.look(1900 * time.Millisecond); !slices.Equal(got, []string{"in/c.ply"}) {
		t.Errorf("after 3.9 s: %q", got)
	}
	if got, n := w.look(200 * time.Millisecond); !slices.Equal(got, []string{"in/c.ply", "a.ply"}) || n != 0 {
		t.Errorf("after 4.1 s: %q, %d", got, n)
	}
}

func TestCompanion(t *testing.T) {
	w := newWatched(t, Options{Patience: 10 * time.Second, Companion: func(name string) string { return strings.TrimSuffix(name, ".ply") + ".png" }})
	put(t, filepath.Join(w.dir, "a.ply"), "x")
	put(t, filepath.Join(w.dir, "b.ply"), "x")
	w.look(0)
	if got, n := w.look(3 * time.Second); len(got) != 0 || n != 2 {
		t.Errorf("without images: %q, %d", got, n)
	}
	put(t, filepath.Join(w.dir, "a.png"), "i")
	w.look(0)
	if got, _ := w.look(2 * time.Second); !slices.Equal(got, []string{"a.ply"}) {
		t.Errorf("with one: %q", got)
	}
	if got, _ := w.look(7 * time.Second); !slices.Equal(got, []string{"a.ply", "b.ply"}) {
		t.Errorf("at the end of patience: %q", got)
	}
}

func TestIdentify(t *testing.T) {
	w := newWatched(t, Options{})
	name := put(t, filepath.Join(w.dir, "a.ply"), "abc")
	w.look(0)
	w.now = w.now.Add(3 * time.Second)
	due, _, err := w.Look(func(string, int64, time.Time) bool { return false })
	if err != nil || len(due) != 1 {
		t.Fatal(due, err)
	}
	f, err := due[0].Identify()
	// printf abc | sha256sum
	if err != nil || f.Path != "a.ply" || f.Size != 3 || f.SHA256 != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Errorf("%+v %v", f, err)
	}
	put(t, name, "abcd")
	if _, err := due[0].Identify(); !errors.Is(err, ErrChanged) {
		t.Error(err)
	}
	os.Remove(name)
	if err := due[0].Unchanged(); !errors.Is(err, ErrChanged) {
		t.Error(err)
	}
	if _, _, err := NewFolder(filepath.Join(w.dir, "none"), Options{}).Look(nil); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
