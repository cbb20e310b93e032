package atomicfile

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// system is what Write asks of the operating system, so that tests can make any
// step fail.
type system interface {
	lstat(path string) (fs.FileInfo, error)
	create(path string, perm fs.FileMode) (file, error) // fails when path exists
	rename(from, to string) error
	remove(path string) error
	syncDir(dir string) error
	alive(pid int) bool // true when the system cannot tell
}

// file is the part of *os.File that Write uses.
type file interface {
	io.WriteCloser
	Chmod(fs.FileMode) error
	Sync() error
}

// disk is the real system.
type disk struct{}

func (disk) lstat(path string) (fs.FileInfo, error) { return os.Lstat(path) }
func (disk) rename(from, to string) error           { return os.Rename(from, to) }
func (disk) remove(path string) error               { return os.Remove(path) }
func (disk) alive(pid int) bool                     { return processAlive(pid) }
func (disk) syncDir(dir string) error               { return syncFolder(filepath.Clean(dir)) }

func (disk) create(path string, perm fs.FileMode) (file, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return nil, err // not f: a nil *os.File is not a nil file
	}
	return f, nil
}
