package ortlib

import (
	"bytes"
	"debug/elf"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// put writes a file, whose folder is made.
func put(t *testing.T, content string, path ...string) string {
	t.Helper()
	p := filepath.Join(path...)
	if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o755), os.WriteFile(p, []byte(content), 0o644)); err != nil {
		t.Fatal(err)
	}
	return p
}

// lookFake takes files for libraries whose content is their version, and refuses
// those that say "bad".
func lookFake(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", bare(err)
	}
	if string(b) == "bad" {
		return "", errors.New("it is bad")
	}
	return string(b), nil
}

// libraryName is the plain name of the library here.
func libraryName() string {
	switch runtime.GOOS {
	case "darwin":
		return "libonnxruntime.dylib"
	case "windows":
		return "onnxruntime.dll"
	}
	return "libonnxruntime.so"
}

func TestFindOrder(t *testing.T) {
	dir := t.TempDir()
	explicit, env := put(t, "1", dir, "explicit"), put(t, "2", dir, "env")
	cache := filepath.Join(dir, "cache")
	put(t, "3", cache, "lib")
	put(t, `{"file": "lib", "sha256": "4e07408562bedb8b60ce05c1decfe3ad16b72230967de01f640b7e4729b49fce"}`, cache, recordName)
	program := filepath.Dir(put(t, "4", dir, "program", libraryName()))
	put(t, "bad", dir, "system1", libraryName())
	put(t, "5", dir, "system2", libraryName())
	vars := map[string]string{Variable: env}
	s := Search{
		Explicit: explicit, Getenv: func(name string) string { return vars[name] }, Cache: cache, Program: program,
		System: []string{"", filepath.Join(dir, "system1"), filepath.Join(dir, "none"), filepath.Join(dir, "system2")}, look: lookFake,
	}
	expect := func(version string, place Place) {
		t.Helper()
		lib, err := Find(s)
		if err != nil || lib.Version != version || lib.Place != place || !filepath.IsAbs(lib.Path) {
			t.Errorf("%+v, %v; want version %s, %s", lib, err, version, place)
		}
	}
	refuse := func(says ...string) {
		t.Helper()
		lib, err := Find(s)
		if !errors.Is(err, ErrLibrary) {
			t.Fatalf("%+v, %v", lib, err)
		}
		for _, w := range says {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%v: does not say %q", err, w)
			}
		}
	}
	expect("1", Given)
	s.Explicit = filepath.Join(dir, "nothing") // named, so nothing else will do
	refuse(s.Explicit, "no such file")
	s.Explicit = ""
	expect("2", Environment)
	vars[Variable] = put(t, "bad", dir, "bad")
	refuse("it is bad", Variable)
	vars[Variable] = ""
	expect("3", Cache)
	put(t, "3x", cache, "lib")
	refuse("it is not the file that was installed", "iad3d ort install")
	put(t, "{", cache, recordName)
	refuse(recordName, "cannot be read", "iad3d ort install")
	put(t, `{"file": "../env", "sha256": "4e07408562bedb8b60ce05c1decfe3ad16b72230967de01f640b7e4729b49fce"}`, cache, recordName)
	refuse(recordName, "names no file")
	put(t, `{"file": "gone", "sha256": "4e07408562bedb8b60ce05c1decfe3ad16b72230967de01f640b7e4729b49fce"}`, cache, recordName)
	refuse("gone", "cannot be read", "iad3d ort install")
	os.Remove(filepath.Join(cache, recordName))
	expect("4", Beside)
	os.Remove(filepath.Join(program, libraryName()))
	expect("5", System)
	s.System = s.System[:2]
	refuse("not on this machine", "iad3d ort install", "--ort-library", Variable, "passed over", "it is bad")
	s.System = []string{}
	refuse("not on this machine")
}

func TestNames(t *testing.T) {
	for _, c := range []struct {
		goos, name string
		want       bool
	}{
		{"linux", "libonnxruntime.so", true}, {"linux", "libonnxruntime.so.1", true}, {"linux", "libonnxruntime.so.1.24.1", true},
		{"linux", "libonnxruntime_providers_shared.so", false}, {"linux", "libonnxruntime.so.1.debug", false}, {"linux", "onnxruntime.dll", false},
		{"darwin", "libonnxruntime.dylib", true}, {"darwin", "libonnxruntime.1.24.1.dylib", true}, {"darwin", "libonnxruntime.so", false},
		{"windows", "onnxruntime.dll", true}, {"windows", "ONNXRuntime.dll", true}, {"windows", "DirectML.dll", false},
	} {
		if got := isLibraryName(c.name, c.goos); got != c.want {
			t.Errorf("%s on %s: %v", c.name, c.goos, got)
		}
	}
	for _, c := range []struct {
		a, b string
		want bool
	}{{"1.22.3", "1.23", true}, {"1.23", "1.23", false}, {"1.23.2", "1.23", false}, {"1.9", "1.23", true}, {"2.0", "1.23", false}, {"x", "1.23", false}} {
		if older(c.a, c.b) != c.want {
			t.Errorf("%s older than %s: %v", c.a, c.b, !c.want)
		}
	}
}

// realLibrary returns the content of a library of this machine.
func realLibrary(t *testing.T) []byte {
	t.Helper()
	lib, err := Find(Search{})
	if err != nil {
		t.Skipf("no library to test with: %v", err)
	}
	b, err := os.ReadFile(lib.Path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestExamineRefuses(t *testing.T) {
	dir := t.TempDir()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, says string }{
		{filepath.Join(dir, "none"), "no such file or directory"},
		{dir, "it is a folder"},
		{put(t, "", dir, "empty"), "it is not a whole shared library of this system"},
		{put(t, "#!/bin/sh\n", dir, "script"), "it is not a whole shared library of this system"},
		{put(t, "\x7fELF\x02\x01\x01", dir, "head"), "it is not a whole shared library of this system"},
		{exe, ""},
	} {
		version, err := Examine(c.path)
		if !errors.Is(err, ErrLibrary) || !strings.Contains(err.Error(), c.path+": ") || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %q, %v, want %q", c.path, version, err, c.says)
		}
	}
}

// TestExamineSpoiled spoils a real library in the ways that would make loading it fail
// or crash.
func TestExamineSpoiled(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("spoils an ELF file")
	}
	good := realLibrary(t)
	f, err := elf.NewFile(bytes.NewReader(good))
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	other := byte(elf.EM_AARCH64)
	if f.Machine == elf.EM_AARCH64 {
		other = byte(elf.EM_X86_64)
	}
	replace := func(old, now string) func([]byte) []byte {
		return func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(old), []byte(now)) }
	}
	for _, c := range []struct {
		name  string
		spoil func([]byte) []byte
		says  string
	}{
		{"half", func(b []byte) []byte { return b[:len(b)/2] }, "it is not a whole"},
		{"head alone", func(b []byte) []byte { return b[:4096] }, "it is not a whole"},
		{"other processor", func(b []byte) []byte { b[18] = other; return b }, "another processor"},
		{"no entry point", replace("\x00"+entryPoint+"\x00", "\x00OrtGotApiBase\x00"), "but not ONNX Runtime"},
		{"old", replace("\x00VERS_1.2", "\x00VERS_1.1"), "want 1.23 or newer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := put(t, string(c.spoil(bytes.Clone(good))), t.TempDir(), "lib.so")
			version, err := Examine(path)
			if !errors.Is(err, ErrLibrary) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "iad3d ort install") {
				t.Errorf("%q, %v, want %q", version, err, c.says)
			}
		})
	}
}
