package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// childArgs, when set in the environment, makes the test binary the program itself,
// with these arguments, so that it can be killed.
const childArgs = "IAD3D_TEST_ARGS"

func init() {
	if args := os.Getenv(childArgs); args != "" {
		os.Exit(Run(context.Background(), strings.Split(args, "\x1f"), os.Stdin, os.Stdout, os.Stderr))
	}
}

// start runs the program in a process of its own.
func start(t *testing.T, args []string) (cmd *exec.Cmd, output *bytes.Buffer) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Skip(err)
	}
	cmd = exec.Command(exe)
	cmd.Env = append(os.Environ(), childArgs+"="+strings.Join(args, "\x1f"))
	output = new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = output, output
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	return cmd, output
}

// waited returns a channel that is closed when a process has ended.
func waited(cmd *exec.Cmd) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		cmd.Wait()
		close(done)
	}()
	return done
}

// finish runs the program in a process of its own to its end.
func finish(t *testing.T, args []string) time.Duration {
	t.Helper()
	began := time.Now()
	cmd, output := start(t, args)
	if err := cmd.Wait(); err != nil {
		t.Fatalf("iad3d %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return time.Since(began)
}

// long reports whether tests of minutes are wanted: make check-long.
func long() bool { return os.Getenv("IAD3D_LONG") != "" }

// sums maps the files below dir, but for temporaries, to the hashes of their content.
func sums(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() && temporary(e.Name()) {
			return fs.SkipDir
		}
		if err != nil || e.IsDir() || temporary(e.Name()) {
			return err
		}
		b, err := os.ReadFile(path)
		all[path] = fmt.Sprintf("%x", sha256.Sum256(b))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// temporary tells what a run may leave only when it is killed.
func temporary(name string) bool {
	return strings.Contains(name, ".tmp-") || strings.Contains(name, "probe") || name == ".model"
}

// leftovers lists the temporaries below dir.
func leftovers(t *testing.T, dir string) (left []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && temporary(e.Name()) {
			left = append(left, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return left
}

// strike waits for a moment: any, or in every second round one when a temporary is
// there, which is when there is something to break.
func strike(t *testing.T, round int, out string, took time.Duration, rng *rand.Rand, done <-chan struct{}) {
	if round%2 == 0 {
		select {
		case <-time.After(time.Duration(rng.Int64N(int64(took) * 11 / 10))):
		case <-done:
		}
		return
	}
	until := time.Now().Add(2 * took)
	skip := rng.IntN(6) // not always the first
	for time.Now().Before(until) {
		if len(quietly(out)) > 0 {
			if skip == 0 {
				time.Sleep(time.Duration(rng.IntN(1000)) * time.Microsecond)
				return
			}
			skip--
		}
		select {
		case <-done:
			return
		case <-time.After(50 * time.Microsecond):
		}
	}
}

// quietly is leftovers of a folder at which somebody is at work.
func quietly(dir string) (left []string) {
	filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && temporary(e.Name()) {
			left = append(left, path)
		}
		return nil
	})
	return left
}

// TestKilled kills each command at many moments. Every output is that of the old run
// or of the new one, whole; and after the next run, which goes through, everything
// is the new one's and no temporary is left.
func TestKilled(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs Unix processes")
	}
	if testing.Short() {
		t.Skip("seconds per command")
	}
	rounds := 4
	if long() {
		rounds = 100
	}
	for _, v := range victims(t) {
		t.Run(v.name, func(t *testing.T) {
			reference := t.TempDir()
			if v.old != nil {
				finish(t, v.old(reference))
			}
			before := sums(t, reference)
			took := finish(t, v.new(reference))
			after := sums(t, reference)
			rng := rand.New(rand.NewPCG(7, uint64(rounds)))
			struck, temporaries, round := 0, 0, 0
			for ; struck < rounds && round < 5*rounds; round++ {
				out := t.TempDir()
				if err := os.CopyFS(out, os.DirFS(reference)); err != nil {
					t.Fatal(err)
				}
				if v.old != nil {
					finish(t, v.old(out))
				}
				if v.clear != "" { // give it something to do
					os.RemoveAll(filepath.Join(out, v.clear))
				}
				cmd, _ := start(t, v.new(out))
				done := waited(cmd)
				strike(t, round, out, took, rng, done)
				cmd.Process.Kill()
				<-done
				if !cmd.ProcessState.Success() {
					struck++
				}
				temporaries += len(leftovers(t, out))
				for path, sum := range sums(t, out) {
					rel := strings.Replace(path, out, reference, 1)
					if v.varies != nil && v.varies(path) {
						if err := intact(path, get(t, path)); err != nil {
							t.Fatalf("round %d: %s: %v", round, path, err)
						}
					} else if sum != before[rel] && sum != after[rel] {
						t.Fatalf("round %d: %s is neither old nor new", round, path)
					}
				}
				if round%5 > 0 && struck < rounds {
					continue
				}
				if v.old == nil {
					os.RemoveAll(filepath.Join(out, v.clear))
				}
				finish(t, v.new(out))
				if left := leftovers(t, out); len(left) > 0 {
					t.Fatalf("round %d: %q left after the next run", round, left)
				}
				got := sums(t, out)
				if len(got) != len(after) {
					t.Fatalf("round %d: %d files after the next run, want %d", round, len(got), len(after))
				}
				for path, sum := range got {
					if (v.varies == nil || !v.varies(path)) && sum != after[strings.Replace(path, out, reference, 1)] {
						t.Fatalf("round %d: %s is not the new one after the next run", round, path)
					}
				}
			}
			if struck < rounds/2 {
				t.Errorf("only %d of %d runs were killed before their end", struck, round)
			}
			t.Logf("%d of %d runs were killed before their end, %d temporaries were left and cleared", struck, round, temporaries)
		})
	}
}

// exitWithin is how long a command may go on after a signal. The bound is for a
// machine that does nothing else.
const exitWithin = 2 * time.Second

// TestSignals: after SIGINT or SIGTERM every command that works ends with code 130,
// soon, with nothing half-written and no temporary.
func TestSignals(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs Unix signals")
	}
	if testing.Short() {
		t.Skip("seconds per command")
	}
	rounds := 3
	if long() {
		rounds = 30
	}
	all := victims(t)
	varies := map[string]func(string) bool{}
	commands := map[string]func(string) []string{}
	for _, v := range all {
		commands[v.name], varies[v.name] = v.new, v.varies
	}
	varies["demo"], varies["synth"] = always, always
	commands["synth"] = func(out string) []string {
		return []string{"synth", "--size", "96", "--train", "4", "--out", filepath.Join(out, "line")}
	}
	commands["demo"] = func(out string) []string { return []string{"demo", "--out", filepath.Join(out, "demo")} }
	names := make([]string, 0, len(commands))
	for name := range commands {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(8, uint64(len(name))))
			took := 2 * time.Second // of the long ones
			after := map[string]string{}
			reference := t.TempDir()
			if name != "demo" && name != "synth" {
				took = finish(t, commands[name](reference))
				after = sums(t, reference)
			}
			interrupted, slowest := 0, time.Duration(0)
			for round := range rounds {
				out := t.TempDir()
				cmd, output := start(t, commands[name](out))
				done := waited(cmd)
				// The runtime needs some milliseconds before it listens to signals.
				select {
				case <-done:
				case <-time.After(30*time.Millisecond + time.Duration(rng.Int64N(int64(took)))):
				}
				sent := time.Now()
				cmd.Process.Signal([]os.Signal{syscall.SIGINT, syscall.SIGTERM}[round%2])
				select {
				case <-done:
				case <-time.After(10 * exitWithin):
					t.Fatal("still at work")
				}
				delay := time.Since(sent)
				switch code := cmd.ProcessState.ExitCode(); code {
				case exitInterrupted:
					interrupted++
					slowest = max(slowest, delay)
				case exitFine: // done before
				case -1:
					if delay > 100*time.Millisecond {
						t.Errorf("killed by the signal: %s", output)
					} // before it listened
				default:
					t.Errorf("exit code %d: %s", code, output)
				}
				if delay > exitWithin {
					t.Errorf("ended %v after the signal", delay)
				}
				if left := leftovers(t, out); len(left) > 0 {
					t.Errorf("%q are left", left)
				}
				for path, sum := range sums(t, out) {
					if v := varies[name]; v != nil && v(path) {
						if err := intact(path, get(t, path)); err != nil {
							t.Errorf("%s: %v", path, err)
						}
					} else if sum != after[strings.Replace(path, out, reference, 1)] {
						t.Errorf("%s is not what a whole run writes", path)
					}
				}
			}
			t.Logf("%d of %d interrupted, the slowest after %s ms", interrupted, rounds, strconv.FormatInt(slowest.Milliseconds(), 10))
		})
	}
}
