package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/iad3d/iad3d/internal/synth"
)

var update = flag.Bool("update", false, "write the golden files in testdata")

// fixture is a small inspection line and a model of it, made once for all tests,
// which must not write to it.
var fixture struct {
	dir                string
	line, model, plain func() (string, error)
}

func TestMain(m *testing.M) {
	if os.Getenv(programEnv) != "" { // a test wants the program as a process of its own
		os.Exit(Run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	flag.Parse()
	dir, err := os.MkdirTemp("", "iad3d-cli-")
	if err != nil {
		panic(err)
	}
	fixture.dir = dir
	fixture.line = sync.OnceValues(func() (string, error) {
		line := filepath.Join(dir, "line")
		return line, synth.Write(context.Background(), line, synth.Options{
			Seed: 3, Size: 64, Train: 3, Validation: 1, Good: 2, Parts: []string{"gear"}, Defects: []string{"bent", "dent"},
		}, nil)
	})
	fitted := func(name string, flags ...string) func() (string, error) {
		return sync.OnceValues(func() (string, error) {
			line, err := fixture.line()
			if err != nil {
				return "", err
			}
			model := filepath.Join(dir, name)
			args := append([]string{"fit", "--dataset", "mvtec3d", "--root", line, "--out", model}, flags...)
			var stderr bytes.Buffer
			if Run(context.Background(), args, nil, &bytes.Buffer{}, &stderr) != 0 {
				return "", errors.New(stderr.String())
			}
			return model, nil
		})
	}
	fixture.model = fitted("gear.iad3d", fixtureFlags...)
	fixture.plain = fitted("plain.iad3d", "--protocol", "btf")
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// fixtureFlags are those of testModel: scans without colour can be scored with it.
var fixtureFlags = []string{"--features", "fpfh"}

// programEnv makes the test program behave as iad3d.
const programEnv = "IAD3D_TEST_PROGRAM"

// program prepares iad3d as a process.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), programEnv+"=1")
	return cmd
}

// testLine returns the folder of the line: class gear, 3 training, 1 validation
// and 4 test scans (bent, dent, 2 good).
func testLine(t *testing.T) string {
	t.Helper()
	line, err := fixture.line()
	if err != nil {
		t.Fatal(err)
	}
	return line
}

// testModel returns a model file fitted to the line with fixtureFlags. It has
// thresholds of its own.
func testModel(t *testing.T) string {
	t.Helper()
	return fixed(t, fixture.model)
}

// plainModel returns a model file without thresholds, of the btf protocol.
func plainModel(t *testing.T) string {
	t.Helper()
	return fixed(t, fixture.plain)
}

func fixed(t *testing.T, file func() (string, error)) string {
	t.Helper()
	path, err := file()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// testScan returns a scan's file of the line: test/<defect>/xyz/000.tiff.
func testScan(t *testing.T, defect string) string {
	return filepath.Join(testLine(t), "gear", "test", defect, "xyz", "000.tiff")
}

// outcome is what a run of the program left.
type outcome struct {
	code           int
	stdout, stderr string
}

func run(t *testing.T, args ...string) outcome {
	t.Helper()
	return runContext(t.Context(), args...)
}

func runContext(ctx context.Context, args ...string) outcome {
	var stdout, stderr bytes.Buffer
	code := Run(ctx, args, strings.NewReader(""), &stdout, &stderr)
	return outcome{code, stdout.String(), stderr.String()}
}

// fine runs the program, which must succeed and be silent on standard error but
// for notes.
func fine(t *testing.T, args ...string) string {
	t.Helper()
	r := run(t, args...)
	if r.code != exitFine || strings.Contains(r.stderr, "iad3d:") {
		t.Fatalf("iad3d %s: exit code %d\n%s", strings.Join(args, " "), r.code, r.stderr)
	}
	return r.stdout
}

// document runs the program with --json and decodes the one document.
func document[T any](t *testing.T, args ...string) T {
	t.Helper()
	var v T
	d := json.NewDecoder(strings.NewReader(fine(t, append(args, "--json")...)))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	if d.More() {
		t.Fatal("more than one document on standard output")
	}
	return v
}

// refuse runs the program, which must fail with the code and one line, begin
// with "iad3d: ", contain all of says, and leave standard output empty.
func refuse(t *testing.T, code int, says []string, args ...string) {
	t.Helper()
	r := run(t, args...)
	if r.code != code {
		t.Errorf("iad3d %s: exit code %d, want %d", strings.Join(args, " "), r.code, code)
	}
	if r.stdout != "" {
		t.Errorf("iad3d %s: standard output %q", strings.Join(args, " "), r.stdout)
	}
	if !strings.HasPrefix(r.stderr, "iad3d: ") || strings.Index(r.stderr, "\n") != len(r.stderr)-1 {
		t.Errorf("iad3d %s: not one line: %q", strings.Join(args, " "), r.stderr)
	}
	for _, s := range says {
		if !strings.Contains(r.stderr, s) {
			t.Errorf("iad3d %s: %q does not say %q", strings.Join(args, " "), r.stderr, s)
		}
	}
}

// tree lists everything below a folder, with slashes, sorted.
func tree(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		all = append(all, filepath.ToSlash(rel))
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return all
}

// unchanged fails the test when something was added to or taken from a folder
// until it ends.
func unchanged(t *testing.T, dir string) {
	before := tree(t, dir)
	t.Cleanup(func() {
		if after := tree(t, dir); !slices.Equal(before, after) {
			t.Errorf("%s: %q became %q", dir, before, after)
		}
	})
}

func put(t *testing.T, path string, content []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func get(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// golden compares a text with a file in testdata, which -update writes.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		put(t, path, []byte(got))
	}
	if want := string(get(t, path)); got != want {
		t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
	}
}

func TestHelp(t *testing.T) {
	golden(t, "help/iad3d.txt", fine(t))
	if fine(t) != fine(t, "--help") || fine(t) != fine(t, "help") {
		t.Error("no arguments, help and --help differ")
	}
	for _, name := range []string{"fit", "score", "eval", "report", "watch", "bench", "preprocess", "synth", "inspect", "convert", "demo", "version"} {
		help := fine(t, name, "--help")
		golden(t, "help/"+name+".txt", help)
		if !strings.Contains(help, "\nExamples:\n  iad3d "+name) {
			t.Errorf("%s: no example", name)
		}
	}
}

func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if s := fine(t, "completion", shell); !strings.Contains(s, "iad3d") {
			t.Errorf("%s: %q", shell, s)
		}
	}
	if s := fine(t, "__complete", "fit", "--protocol", ""); !strings.HasPrefix(s, "default\nbtf\n") {
		t.Errorf("protocols: %q", s)
	}
}

func TestUsage(t *testing.T) {
	fit := []string{"fit", "--dataset", "mvtec3d", "--root", "x", "--out", filepath.Join(t.TempDir(), "m.iad3d")}
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"fitt"}, `unknown command "fitt", perhaps fit (see iad3d --help)`},
		{[]string{"frobnicate"}, `unknown command "frobnicate" (see iad3d --help)`},
		{[]string{"--nonsense"}, `unknown flag: --nonsense (see iad3d --help)`},
		{[]string{"fit"}, `missing --dataset, --root, --out (see iad3d fit --help)`},
		{[]string{"fit", "--nonsense"}, `unknown flag: --nonsense (see iad3d fit --help)`},
		{append(fit, "--seed", "-1"), `--seed -1: want a whole number from 0 on (see iad3d fit --help)`},
		{append(fit, "--coreset", "x"), `--coreset x: want a number (see iad3d fit --help)`},
		{append(fit, "--size", "1.5"), `--size 1.5: want a whole number (see iad3d fit --help)`},
		{append(fit, "--fpfh-k", "40,x"), `--fpfh-k 40,x: want whole numbers joined by commas (see iad3d fit --help)`},
		{append(fit, "--json=x"), `--json x: want true or false (see iad3d fit --help)`},
		{append(fit, "--out"), `flag needs an argument: --out (see iad3d fit --help)`},
		{append(fit, "--blur", "0"), `--blur 0: want more than 0 (see iad3d fit --help)`},
		{append(fit, "--threads", "-1"), `--threads -1: want 0 (all) or more (see iad3d fit --help)`},
		{append(fit, "bagel"), `unexpected argument "bagel" (see iad3d fit --help)`},
		{[]string{"fit", "--dataset", "x", "--root", "x", "--out", "x"}, `--dataset "x": there is mvtec3d or eyecandies or real3d or shapenet or folder or manifest (see iad3d fit --help)`},
		{[]string{"score", "a.tiff"}, `missing --model (see iad3d score --help)`},
		{[]string{"score", "--model", "m"}, `no scan given (see iad3d score --help)`},
		{[]string{"score", "--model", "m", "--rgb", "c", "a", "b"}, `--rgb is the image of one scan, not of 2 (see iad3d score --help)`},
		{[]string{"eval", "--model", "m"}, `missing --dataset, --root (see iad3d eval --help)`},
		{[]string{"preprocess"}, `missing --out (see iad3d preprocess --help)`},
		{[]string{"preprocess", "--out", "x"}, `want either --dataset and --root or scans (see iad3d preprocess --help)`},
		{[]string{"preprocess", "--out", "x", "--root", "x", "a"}, `want either --dataset and --root or scans (see iad3d preprocess --help)`},
		{[]string{"preprocess", "--out", "x", "--dataset", "mvtec3d"}, `want either --dataset and --root or scans (see iad3d preprocess --help)`},
		{[]string{"synth"}, `missing --out (see iad3d synth --help)`},
		{[]string{"synth", "--out", "x", "--train", "-1"}, `-1 scans: want 0 or more (see iad3d synth --help)`},
		{[]string{"synth", "--out", "x", "--size", "0"}, `--size 0: want more than 0 (see iad3d synth --help)`},
		{[]string{"inspect"}, `want one file, not 0 (see iad3d inspect --help)`},
		{[]string{"inspect", "a", "b"}, `want one file, not 2 (see iad3d inspect --help)`},
		{[]string{"convert", "a"}, `want two files, IN and OUT, not 1 (see iad3d convert --help)`},
		{[]string{"convert", "a", "b.docx"}, `b.docx: ".docx" is no extension of a format that can be written; there are .tiff .tif .pcd .ply .stl .obj .xyz .txt .asc .csv .npy .pts (see iad3d convert --help)`},
		{[]string{"convert", "--unit", "inch", "a", "b.ply"}, `--unit "inch": want m or mm (see iad3d convert --help)`},
		{[]string{"convert", "--to=", "a", "b.ply"}, `--to is empty (see iad3d convert --help)`},
		{[]string{"convert", "--surface", "-1", "a", "b.ply"}, `--surface -1: want 0 to 134217728 (see iad3d convert --help)`},
		{[]string{"demo", "x"}, `unexpected argument "x" (see iad3d demo --help)`},
		{[]string{"version", "x"}, `unexpected argument "x" (see iad3d version --help)`},
	} {
		refuse(t, exitUsage, nil, test.args...)
		if got, want := run(t, test.args...).stderr, "iad3d: "+test.want+"\n"; got != want {
			t.Errorf("iad3d %s:\n got %swant %s", strings.Join(test.args, " "), got, want)
		}
	}
}

// brokenWriter fails, as a full disk behind a redirection does, or panics.
type brokenWriter struct{ panics bool }

func (w brokenWriter) Write([]byte) (int, error) {
	if w.panics {
		panic("broken")
	}
	return 0, errors.New("no space left on device")
}

func TestInternal(t *testing.T) {
	for _, args := range [][]string{{"version"}, {"version", "--json"}, {"inspect", testModel(t)}} {
		var stderr bytes.Buffer
		if code := Run(t.Context(), args, nil, brokenWriter{}, &stderr); code != exitInternal {
			t.Errorf("%v: exit code %d", args, code)
		}
		if got := stderr.String(); got != "iad3d: no space left on device\n" {
			t.Errorf("%v: %q", args, got)
		}
	}
	var stderr bytes.Buffer
	if code := Run(t.Context(), []string{"version"}, nil, brokenWriter{panics: true}, &stderr); code != exitInternal {
		t.Errorf("panic: exit code %d", code)
	}
	if !strings.HasPrefix(stderr.String(), "iad3d: internal error, please report it: broken\n") {
		t.Errorf("panic: %q", stderr.String())
	}
}
