package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// lively is a disk on which the given processes live.
type lively struct {
	disk
	pids []int
}

func (l lively) alive(pid int) bool { return slices.Contains(l.pids, pid) }

func TestStale(t *testing.T) {
	here, other := host(), "0badc0de"
	const living, dead = 4711, 4712
	name := func(host string, pid int) string { return fmt.Sprintf(".out.tmp-%s-%d-ABCDEFG2", host, pid) }
	for _, c := range []struct {
		what, file string
		age        time.Duration
		removed    bool
	}{
		{"own host, dead", name(here, dead), 0, true},
		{"own host, alive", name(here, living), 0, false},
		{"own host, alive, old", name(here, living), 2 * staleAge, true},
		{"other host", name(other, dead), 0, false},
		{"other host, old", name(other, dead), 2 * staleAge, true},
		{"other host, not old enough", name(other, dead), staleAge - time.Minute, false},
		{"another target", strings.Replace(name(here, dead), "out", "out2", 1), 2 * staleAge, false},
		{"target whose name starts alike", ".out.tmp-" + name(here, dead)[1:], 2 * staleAge, false},
		{"no process number", ".out.tmp-" + here + "-0-ABCDEFG2", 2 * staleAge, false},
		{"somebody's own file", ".out.tmp-backup", 2 * staleAge, false},
		{"the visible file", "out.tmp-" + here + "-4712-ABCDEFG2", 2 * staleAge, false},
	} {
		t.Run(c.what, func(t *testing.T) {
			dir := t.TempDir()
			left := filepath.Join(dir, c.file)
			put(t, left, "left over")
			when := time.Now().Add(-c.age)
			if err := os.Chtimes(left, when, when); err != nil {
				t.Fatal(err)
			}
			if err := replace(lively{pids: []int{living}}, filepath.Join(dir, "out"), content("new")); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(left); errors.Is(err, os.ErrNotExist) != c.removed {
				t.Errorf("removed: %v, want %v", !c.removed, c.removed)
			}
		})
	}
}

func TestStaleFolderStays(t *testing.T) {
	dir := t.TempDir()
	left := filepath.Join(dir, ".out.tmp-"+host()+"-4712-ABCDEFG2")
	if err := os.Mkdir(left, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := replace(lively{}, filepath.Join(dir, "out"), content("new")); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); err != nil {
		t.Error(err)
	}
}

func TestOwnTemporaryMatches(t *testing.T) {
	rest, ok := strings.CutPrefix(temporaryName("out"), prefix("out"))
	m := suffix.FindStringSubmatch(rest)
	if !ok || m == nil || m[1] != host() || m[2] != fmt.Sprint(os.Getpid()) {
		t.Errorf("temporary %q is not recognised: %q", temporaryName("out"), m)
	}
}

// victim, when set in the environment, makes the test binary a writer of that
// path which never ends.
const victim = "ATOMICFILE_VICTIM"

func TestMain(m *testing.M) {
	if path := os.Getenv(victim); path != "" {
		err := Write(path, func(w io.Writer) error {
			w.Write(make([]byte, 1<<20))
			fmt.Println("half way")
			time.Sleep(time.Minute) // killed before
			return nil
		})
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// TestKilled kills a writer half way: the old file stands, and the next Write
// clears what the killed one left.
func TestKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	put(t, path, "old")
	exe, err := os.Executable()
	if err != nil {
		t.Skip(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), victim+"="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if strings.TrimSpace(line) != "half way" {
		t.Fatalf("writer says %q, %v", line, err)
	}
	// While it runs, another Write leaves its temporary alone.
	if err := Write(path, content("between")); err != nil {
		t.Fatal(err)
	}
	if names := listing(t, filepath.Dir(path)); len(names) != 2 {
		t.Errorf("folder of a running writer holds %q, want its temporary and the file", names)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	if got, err := os.ReadFile(path); err != nil || string(got) != "between" {
		t.Errorf("content is %q, %v", got, err)
	}
	if runtime.GOOS == "windows" {
		t.Skip("only the age tells here that the writer is gone")
	}
	if err := Write(path, content("new")); err != nil {
		t.Fatal(err)
	}
	expect(t, path, "new")
}
