package onnx

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ErrModel is wrapped by every error that says an ONNX file cannot be used.
var ErrModel = errors.New("unusable ONNX model")

// Model is what an ONNX file says about itself.
type Model struct {
	Path     string
	Size     int64  // bytes, of the file alone
	SHA256   string // of the file and, after it, the files of External in that order
	IR       int64  // version of the file format
	Opset    int64  // version of the standard operators, 0 when it uses none
	Producer string // the program that wrote it, may be empty
	Inputs   []Tensor
	Outputs  []Tensor
	External []string // files that hold weights, relative to the model's folder, sorted

	content []byte
}

// Tensor is an input or an output of a model.
type Tensor struct {
	Name   string
	Type   string // "float32", "int64", …
	Shape  []Dim
	Ranked bool // false when the file does not even give the number of axes
}

// Dim is the size of one axis.
type Dim struct {
	Size int64  // -1: any
	Name string // of a size that may vary; may be empty
}

// String gives the shape as "N×3×224×224", with ? for a nameless size that may vary.
func (t Tensor) String() string {
	if !t.Ranked {
		return "any shape"
	}
	if len(t.Shape) == 0 {
		return "a single value"
	}
	s := make([]string, len(t.Shape))
	for i, d := range t.Shape {
		switch {
		case d.Size > 0:
			s[i] = fmt.Sprint(d.Size)
		case d.Name != "":
			s[i] = d.Name
		default:
			s[i] = "?"
		}
	}
	return strings.Join(s, "×")
}

// maxFile is the most that a protocol buffer can have; larger models keep their
// weights in files beside it.
const maxFile = 2 << 30

// Inspect reads what an ONNX file says about itself: nothing is run, and no
// library is needed. Errors wrap [ErrModel].
func Inspect(path string) (*Model, error) {
	m, err := Read(path)
	if err != nil {
		return nil, err
	}
	m.content = nil
	return m, nil
}

// Read is Inspect that keeps the file's content for [Model.Open].
func Read(path string) (*Model, error) {
	content, err := readFile(path)
	if err != nil {
		return nil, badModel(path, err)
	}
	return newModel(path, content)
}

func badModel(path string, err error) error {
	return fmt.Errorf("%w: %s: %w", ErrModel, path, err)
}

// newModel decodes the content of a file.
func newModel(path string, content []byte) (*Model, error) {
	if bytes.HasPrefix(content, []byte("version https://git-lfs")) {
		return nil, badModel(path, errors.New("it is a Git LFS pointer, not the model: fetch the model with git lfs pull"))
	}
	m, err := decodeModel(content)
	if err != nil {
		return nil, badModel(path, fmt.Errorf("it is not a whole ONNX file: %w", err))
	}
	m.Path, m.Size, m.content = path, int64(len(content)), content
	slices.Sort(m.External)
	h := sha256.New()
	h.Write(content)
	if err := m.hashExternal(h); err != nil {
		return nil, badModel(path, err)
	}
	m.SHA256 = hex.EncodeToString(h.Sum(nil))
	return m, nil
}

// readFile reads a file that may be at most maxFile long.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, reason(err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, reason(err)
	case info.IsDir():
		return nil, errors.New("it is a folder")
	case !info.Mode().IsRegular():
		return nil, errors.New("it is not a regular file")
	case info.Size() == 0:
		return nil, errors.New("it is empty")
	case info.Size() >= maxFile:
		return nil, fmt.Errorf("its %d bytes are more than an ONNX file can have", info.Size())
	}
	content := make([]byte, info.Size())
	if _, err := io.ReadFull(f, content); err != nil {
		return nil, fmt.Errorf("it changed while it was read: %w", reason(err))
	}
	return content, nil
}

// reason drops the path that the os package adds.
func reason(err error) error {
	if p, ok := errors.AsType[*os.PathError](err); ok {
		return p.Err
	}
	return err
}

// addExternal notes a file of weights once.
func (m *Model) addExternal(location string) {
	if !slices.Contains(m.External, location) {
		m.External = append(m.External, location)
	}
}

// hashExternal writes the files of weights to h. They must lie in the model's
// folder: a file from elsewhere must not make the program read, as weights,
// whatever its user can read.
func (m *Model) hashExternal(h io.Writer) error {
	if len(m.External) == 0 {
		return nil
	}
	dir, err := os.OpenRoot(filepath.Dir(m.Path)) // follows no link that leads out
	if err != nil {
		return reason(err)
	}
	defer dir.Close()
	for _, name := range m.External {
		if !filepath.IsLocal(filepath.FromSlash(name)) {
			return fmt.Errorf("it keeps weights in %q, outside its folder: save the model again with its weights inside or beside it", name)
		}
		if err := hashFile(h, dir, filepath.FromSlash(name)); err != nil {
			return fmt.Errorf("its weights in %s, which must lie in the model's folder: %w", name, reason(err))
		}
	}
	return nil
}

func hashFile(h io.Writer, dir *os.Root, name string) error {
	f, err := dir.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("it is not a regular file")
	}
	_, err = io.Copy(h, f)
	return err
}
