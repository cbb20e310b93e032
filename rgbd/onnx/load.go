//go:build cgo && (linux || darwin || windows)

package onnx

import (
	"fmt"
	"strings"
	"sync"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/iad3d/iad3d/internal/ortlib"
)

// Usable reports whether this build of the program can run ONNX Runtime.
const Usable = true

// loaded is the library of the process. It is a variable of the package because
// the binding can load one library in the life of a process.
var loaded struct {
	sync.Mutex
	library *ortlib.Library // nil: none yet
}

// load loads the library, or returns the one that is loaded already.
func load(explicit string) (*ortlib.Library, error) {
	loaded.Lock()
	defer loaded.Unlock()
	lib := loaded.library
	if lib != nil && (explicit == "" || explicit == lib.Path) {
		return lib, nil
	}
	found, err := ortlib.Find(ortlib.Search{Explicit: explicit})
	if err != nil {
		return nil, err
	}
	if lib != nil {
		if lib.Path == found.Path {
			return lib, nil
		}
		return nil, fmt.Errorf("%w: %s cannot be loaded beside %s, which is in use", ErrLibrary, found.Path, lib.Path)
	}
	ort.SetSharedLibraryPath(found.Path)
	if err := ort.InitializeEnvironment(ort.WithLogLevelFatal()); err != nil {
		return nil, fmt.Errorf("%w: %s: %s", ErrLibrary, found.Path, explain(err))
	}
	found.Version = ort.GetVersion()
	loaded.library = found
	return found, nil
}

// explain words the binding's errors.
func explain(err error) string {
	s := err.Error()
	if strings.Contains(s, "Error setting ORT API base: 2") {
		return "it is older than ONNX Runtime " + ortlib.Oldest + ": get a newer one with iad3d ort install"
	}
	if i := strings.LastIndex(s, "\": "); i >= 0 { // before it, the path again
		s = s[i+3:]
	}
	return "it cannot be loaded: " + s
}
