package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/iad3d/iad3d/internal/atomicfile"
)

// What a path given on the command line may be written to. All errors are the
// caller's usage errors: they come before any work is done.

// writable checks that a file can be created under path, its folders too.
func writable(path string) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return usagef("%s is a folder; name a file", path)
	case err == nil && !info.Mode().IsRegular():
		return usagef("%s is not a regular file", path)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return usagef("%s: %v", path, cause(err))
	case len(filepath.Base(path)) > maxName:
		return usagef("%s: the name is longer than %d bytes", path, maxName)
	}
	if _, link := os.Lstat(path); err != nil && link == nil {
		return usagef("%s is a symbolic link to a file that does not exist", path)
	}
	return writableFolder(filepath.Dir(path))
}

// maxName is the length of file names that leaves room, of the 255 bytes common
// file systems allow, for what a temporary file adds.
const maxName = 200

// writableFolder checks that files can be created in a folder, which is new or
// exists, and leaves nothing behind.
func writableFolder(path string) error {
	dir, err := existing(path)
	if err != nil {
		return usagef("cannot write to %s: %v", path, err)
	}
	if err := atomicfile.Probe(dir); err != nil {
		return usagef("cannot write to %s: %v", dir, cause(err))
	}
	return nil
}

// existing returns the nearest folder above path, or path, that exists.
func existing(path string) (string, error) {
	for {
		info, err := os.Stat(path)
		switch {
		case err == nil && info.IsDir():
			return path, nil
		case err == nil:
			return "", errors.New(path + " is not a folder")
		case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR):
			return "", errors.New(path + ": " + cause(err).Error())
		}
		up := filepath.Dir(path)
		if up == path {
			return "", errors.New(path + ": " + cause(err).Error())
		}
		path = up
	}
}

// vacant reports whether a folder is new or empty.
func vacant(dir string) (bool, error) {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return true, nil
	case err != nil:
		return false, usagef("%s: %v", dir, cause(err))
	}
	return len(entries) == 0, nil
}

// stage has a folder filled under another name, of its own for every run, and
// gives it the right one when it is complete; after an error nothing is left of
// it, and what a killed run left is cleared by the next. The folder must be new or
// empty.
func stage(dir string, fill func(dir string) error) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	free, err := vacant(dir)
	switch {
	case err != nil:
		return err
	case !free:
		return usagef("%s is not empty", dir)
	}
	if err := writableFolder(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	temporary, err := atomicfile.TemporaryFolder(dir)
	if err != nil {
		return err
	}
	defer os.RemoveAll(temporary)
	if err := fill(temporary); err != nil {
		return err
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Rename(temporary, dir)
}

// inside reports whether path, which need not exist, is the folder dir or lies
// in it, symbolic links resolved.
func inside(path, dir string) bool {
	target, err := os.Stat(dir)
	if err != nil {
		return false
	}
	at, err := filepath.Abs(path)
	if err != nil {
		return false
	}
	if near, err := existing(at); err == nil {
		if at, err = filepath.EvalSymlinks(near); err != nil {
			return false
		}
	}
	for {
		if info, err := os.Stat(at); err == nil && os.SameFile(info, target) {
			return true
		}
		up := filepath.Dir(at)
		if up == at {
			return false
		}
		at = up
	}
}

// sameFolder reports whether both paths are the same existing folder.
func sameFolder(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// cause takes operation and path off an error of package os.
func cause(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}
