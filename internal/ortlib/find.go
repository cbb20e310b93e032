package ortlib

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Find returns the library to use: the explicit one, else that of the
// environment variable, of the cache, of the program's folder, of the system. One
// that was named, or installed, but cannot be used is an error; in the other two
// places it is passed over. Errors wrap [ErrLibrary] and say what to do.
func Find(s Search) (*Library, error) {
	if s.look == nil {
		s.look = look
	}
	if s.Explicit != "" {
		return s.named(s.Explicit, Given)
	}
	getenv := s.Getenv
	if getenv == nil {
		getenv = os.Getenv
	}
	if path := getenv(Variable); path != "" {
		lib, err := s.named(path, Environment)
		if err != nil {
			return nil, fmt.Errorf("%w (from the environment variable %s)", err, Variable)
		}
		return lib, nil
	}
	lib, err := installed(s.Cache, s.look)
	if lib != nil || err != nil {
		return lib, err
	}
	var passed []error
	for _, dir := range s.programDirs() {
		if lib, err := s.inFolder(dir, Beside); lib != nil {
			return lib, nil
		} else if err != nil {
			passed = append(passed, err)
		}
	}
	dirs := s.System
	if dirs == nil {
		dirs = SystemDirs()
	}
	for _, dir := range dirs {
		if lib, err := s.inFolder(dir, System); lib != nil {
			return lib, nil
		} else if err != nil {
			passed = append(passed, err)
		}
	}
	missing := fmt.Errorf("%w: its shared library is not on this machine: get it with iad3d ort install, or name it with --ort-library or %s", ErrLibrary, Variable)
	if len(passed) > 0 {
		return nil, fmt.Errorf("%w (passed over: %w)", missing, passed[0])
	}
	return nil, missing
}

// named looks at a file that the user named.
func (s *Search) named(path string, place Place) (*Library, error) {
	path, err := filepath.Abs(path) // the system would look in its own folders for a bare name
	if err != nil {
		return nil, failed(path, "%w", err)
	}
	version, err := s.look(path)
	if err != nil {
		return nil, failed(path, "%w", err)
	}
	return &Library{Path: path, Place: place, Version: version}, nil
}

func (s *Search) programDirs() []string {
	if s.Program != "" {
		return []string{s.Program}
	}
	exe, err := os.Executable()
	if err != nil {
		return nil
	}
	dirs := []string{filepath.Dir(exe)}
	if real, err := filepath.EvalSymlinks(exe); err == nil && filepath.Dir(real) != dirs[0] {
		dirs = append(dirs, filepath.Dir(real))
	}
	return dirs
}

// inFolder returns the usable library of a folder whose name comes first, nil
// and perhaps a reason when there is none.
func (s *Search) inFolder(dir string, place Place) (*Library, error) {
	if !filepath.IsAbs(dir) { // an empty or relative LD_LIBRARY_PATH
		return nil, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		if isLibraryName(e.Name(), runtime.GOOS) {
			names = append(names, e.Name())
		}
	}
	slices.SortFunc(names, func(a, b string) int { // the plain name before those with a version
		if d := len(a) - len(b); d != 0 {
			return d
		}
		return strings.Compare(b, a)
	})
	var first error
	for _, name := range names {
		lib, err := s.named(filepath.Join(dir, name), place)
		if err == nil {
			return lib, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

// isLibraryName reports whether a file is called like ONNX Runtime's library.
func isLibraryName(name, goos string) bool {
	numbered := func(s string) bool { return strings.Trim(s, ".0123456789") == "" }
	switch goos {
	case "windows":
		return strings.EqualFold(name, "onnxruntime.dll")
	case "darwin":
		rest, ok := strings.CutPrefix(name, "libonnxruntime")
		rest, so := strings.CutSuffix(rest, ".dylib")
		return ok && so && numbered(rest)
	}
	rest, ok := strings.CutPrefix(name, "libonnxruntime.so")
	return ok && numbered(rest)
}

// errNotRegular is shared by the looks at files.
var errNotRegular = errors.New("it is not a regular file")
