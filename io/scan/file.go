package scan

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Error is a problem with an input file or folder: not there, not readable, not
// what it should be. Messages are "path: cause".
type Error struct {
	Path string
	Err  error
}

// Error returns the path and the cause, the path once also where the cause is
// the operating system's and repeats it.
func (e *Error) Error() string {
	return e.Path + ": " + bare(e.Err).Error()
}

func (e *Error) Unwrap() error { return e.Err }

// bare takes operation and path off an error of package os.
func bare(err error) error {
	if p, ok := err.(*fs.PathError); ok {
		return p.Err
	}
	return err
}

// file is a regular file open for reading. Its methods' errors do not name it:
// that is left to Error.
type file struct {
	ctx  context.Context
	f    *os.File
	size int64
}

// open opens a regular file; a pipe or a device, which could block or never
// end, is refused without opening it.
//
// The end of ctx ends reading, with its error.
func open(ctx context.Context, path string) (*file, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, bare(err)
	case info.IsDir():
		return nil, errors.New("is a folder, not a file")
	case !info.Mode().IsRegular():
		return nil, errors.New("is not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, bare(err)
	}
	return &file{ctx, f, info.Size()}, nil
}

func (f *file) close() { f.f.Close() } // read only: nothing can get lost

// ReadAt implements [io.ReaderAt].
func (f *file) ReadAt(p []byte, off int64) (int, error) {
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := f.f.ReadAt(p, off)
	return n, bare(err)
}

// section returns a reader of the whole file.
func (f *file) section() *io.SectionReader { return io.NewSectionReader(f, 0, f.size) }

// head returns up to headSize bytes from the beginning of the file.
func (f *file) head() ([]byte, error) {
	b := make([]byte, min(headSize, f.size))
	n, err := f.ReadAt(b, 0)
	if err == io.EOF {
		err = nil
	}
	return b[:n], err
}

// named reports whether the file's name has one of the extensions, in any case.
func (f *file) named(exts ...string) bool {
	for _, e := range exts {
		if strings.EqualFold(filepath.Ext(f.f.Name()), e) {
			return true
		}
	}
	return false
}
