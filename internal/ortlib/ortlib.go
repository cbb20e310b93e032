// Package ortlib finds and installs ONNX Runtime's shared library, which iad3d
// loads when a backbone is used and never before.
//
// Nothing in this package loads a library; a file is looked at as a file. What
// [Install] puts into the user's cache has its SHA-256 recorded beside it, and
// [Find] compares it each time.
package ortlib

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// Oldest is the oldest version of ONNX Runtime that can be used: the binding
// asks for its API 23.
const Oldest = "1.23"

// Variable is the environment variable that names the library's file.
const Variable = "IAD3D_ORT_LIBRARY"

// ErrLibrary is wrapped by every error that says the library is missing or
// cannot be used.
var ErrLibrary = errors.New("ONNX Runtime")

// Place says where a library was found.
type Place string

// The places, in the order in which [Find] looks.
const (
	Given       Place = "given"       // Search.Explicit
	Environment Place = "environment" // the variable
	Cache       Place = "cache"       // the user's cache, by Install
	Beside      Place = "beside"      // the folder of the program
	System      Place = "system"      // folders of the system's libraries
)

// Library is a library's file.
type Library struct {
	Path    string
	Place   Place
	Version string // "1.24.1"; empty when the file does not tell before it is loaded
	SHA256  string // of the file; empty for one that Install did not put there
	Source  string // where Install got it; empty as SHA256
}

// Search is where [Find] looks; the zero value stands for the places of this
// process and machine.
type Search struct {
	Explicit string              // a file, to be used whatever else there is
	Getenv   func(string) string // nil: os.Getenv
	Cache    string              // empty: CacheDir
	Program  string              // empty: the folder of the running program
	System   []string            // nil: SystemDirs

	look func(path string) (version string, err error) // nil: look
}

// CacheDir returns the folder of the user's cache in which Install puts the
// library.
func CacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "iad3d", "onnxruntime"), nil
}

// SystemDirs returns the folders in which systems keep such libraries. Windows
// has none: what lies in its system folder is too old and not the user's choice.
func SystemDirs() []string {
	switch runtime.GOOS {
	case "darwin":
		return []string{"/opt/homebrew/lib", "/usr/local/lib"}
	case "windows":
		return nil
	}
	dirs := filepath.SplitList(os.Getenv("LD_LIBRARY_PATH"))
	dirs = append(dirs, "/usr/local/lib")
	if triplet := map[string]string{"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}[runtime.GOARCH]; triplet != "" {
		dirs = append(dirs, "/usr/lib/"+triplet)
	}
	return append(dirs, "/usr/lib64", "/usr/lib")
}

// failed makes an error about a library's file.
func failed(path, format string, args ...any) error {
	return fmt.Errorf("%w: %s: %w", ErrLibrary, path, fmt.Errorf(format, args...))
}
