package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/iad3d/iad3d/internal/ortlib"
	"github.com/iad3d/iad3d/rgbd/onnx"
)

// needLibrary skips the test where ONNX Runtime cannot be had, and returns its
// file.
func needLibrary(t *testing.T) string {
	t.Helper()
	if !onnx.Usable {
		t.Skip("built without cgo: ONNX Runtime cannot be loaded")
	}
	lib, err := ortlib.Find(ortlib.Search{})
	if err != nil {
		t.Skipf("no library to test with: %v", err)
	}
	return lib.Path
}

// ownCache gives the test a user's cache of its own.
func ownCache(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"XDG_CACHE_HOME", "HOME", "LocalAppData"} {
		t.Setenv(name, dir)
	}
	t.Setenv(ortlib.Variable, "")
	cache, err := ortlib.CacheDir()
	if err != nil || !strings.HasPrefix(cache, dir) {
		t.Fatalf("cache %s, %v", cache, err)
	}
	return cache
}

func TestOrtHelp(t *testing.T) {
	for _, name := range []string{"ort", "ort install", "ort check", "backbone", "backbone inspect"} {
		args := append(strings.Fields(name), "--help")
		golden(t, "help/"+strings.ReplaceAll(name, " ", "-")+".txt", fine(t, args...))
	}
	if fine(t, "ort") != fine(t, "ort", "--help") {
		t.Error("ort and ort --help differ")
	}
}

func TestOrtUsage(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"ort", "instal"}, `unknown command "instal", perhaps install (see iad3d ort --help)`},
		{[]string{"ort", "frobnicate"}, `unknown command "frobnicate" (see iad3d ort --help)`},
		{[]string{"ort", "install", "x"}, `unexpected argument "x" (see iad3d ort install --help)`},
		{[]string{"ort", "install", "--via", ""}, `--via is empty (see iad3d ort install --help)`},
		{[]string{"ort", "install", "--via", "apt"}, `client "apt": there is npm and go (see iad3d ort install --help)`},
		{[]string{"ort", "install", "--via", "npm", "--from", "x"}, `exclude each other (see iad3d ort install --help)`},
		{[]string{"ort", "install", "--from", "x", "--sha256", "12"}, `SHA-256 "12": want 64 hexadecimal digits`},
		{[]string{"ort", "install", "--url", "http://host/x"}, `not encrypted: give the file's --sha256`},
		{[]string{"ort", "check", "--nonsense"}, `unknown flag: --nonsense (see iad3d ort check --help)`},
		{[]string{"ort", "check", "x"}, `unexpected argument "x" (see iad3d ort check --help)`},
		{[]string{"backbone", "inspect"}, `want one file, not 0 (see iad3d backbone inspect --help)`},
		{[]string{"backbone", "inspect", "--layers", "", "x"}, `--layers is empty (see iad3d backbone inspect --help)`},
	} {
		refuse(t, exitUsage, []string{test.want}, test.args...)
	}
}

func TestOrtInstallFile(t *testing.T) {
	file := needLibrary(t)
	content := get(t, file)
	sum := sha256.Sum256(content)
	hash := hex.EncodeToString(sum[:])
	cache := ownCache(t)
	refuse(t, exitInput, []string{"its SHA-256 is " + hash, "not the file you expect"}, "ort", "install", "--from", file, "--sha256", strings.Repeat("0", 64))
	refuse(t, exitInput, []string{"no such file or directory"}, "ort", "install", "-q", "--from", filepath.Join(cache, "none"))
	text := put(t, filepath.Join(t.TempDir(), "text.so"), []byte("text"))
	refuse(t, exitInput, []string{"file text.so: it is not a whole shared library"}, "ort", "install", "-q", "--from", text)
	if len(tree(t, cache)) > 1 {
		t.Errorf("a failure left %q", tree(t, cache))
	}
	d := document[libraryDocument](t, "ort", "install", "-q", "--from", file, "--sha256", hash)
	if d.SHA256 != hash || d.Place != "cache" || filepath.Dir(d.File) != cache || d.Tested || d.Source != "file "+filepath.Base(file) {
		t.Errorf("%+v", d)
	}
	found, err := ortlib.Find(ortlib.Search{})
	if err != nil || found.Path != d.File || found.SHA256 != hash {
		t.Errorf("found %+v, %v", found, err)
	}
}

func TestOrtCheck(t *testing.T) {
	needLibrary(t)
	d := document[libraryDocument](t, "ort", "check")
	if !d.Tested || len(d.SHA256) != 64 || d.Version == "" || d.File == "" {
		t.Errorf("%+v", d)
	}
	text := fine(t, "ort", "check")
	for _, s := range []string{d.File, d.Version, d.SHA256, "gave the right values"} {
		if !strings.Contains(text, s) {
			t.Errorf("does not say %q:\n%s", s, text)
		}
	}
	// One library in the life of a process.
	copied := put(t, filepath.Join(t.TempDir(), "copy.so"), get(t, d.File))
	refuse(t, exitInput, []string{copied + " cannot be loaded beside " + d.File}, "ort", "check", "--ort-library", copied)
}

func TestOrtCheckRefuses(t *testing.T) {
	dir := t.TempDir()
	if !onnx.Usable {
		refuse(t, exitInput, []string{"built without cgo", "CGO_ENABLED=1"}, "ort", "check")
		return
	}
	for _, c := range []struct{ path, says string }{
		{filepath.Join(dir, "none.so"), "no such file or directory"},
		{dir, "it is a folder"},
		{put(t, filepath.Join(dir, "text.so"), []byte("text")), "it is not a whole shared library of this system"},
	} {
		if runtime.GOOS == "windows" && strings.HasPrefix(c.says, "no such") {
			c.says = "none.so"
		}
		refuse(t, exitInput, []string{c.path, c.says}, "ort", "check", "--ort-library", c.path)
		if c.path != dir && !strings.Contains(run(t, "ort", "check", "--ort-library", c.path).stderr, "iad3d ort install") {
			t.Errorf("%s: no remedy", c.path)
		}
	}
}
