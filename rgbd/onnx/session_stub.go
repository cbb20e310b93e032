//go:build !cgo || !(linux || darwin || windows)

package onnx

import (
	"fmt"

	"github.com/iad3d/iad3d/internal/ortlib"
)

// Usable reports whether this build of the program can run ONNX Runtime.
const Usable = false

var errBuild = fmt.Errorf("%w: this iad3d was built without cgo and cannot run ONNX Runtime: build it with a C compiler and CGO_ENABLED=1", ErrLibrary)

func load(string) (*ortlib.Library, error) { return nil, errBuild }

// session and runner have no instances in this build.
type session struct{}

func newSession(*Model, string, []string, int) (*session, error) { return nil, errBuild }
func (*session) shapes(int, int) ([][]int64, error)              { return nil, errBuild }
func (*session) use([]layer, int, int)                           {}
func (*session) destroy()                                        {}

type runner struct {
	session *session
	layers  []layer
	out     [][]float32
}

func (*runner) run(int, int, []float32) error { return errBuild }
func (*runner) destroy()                      {}
