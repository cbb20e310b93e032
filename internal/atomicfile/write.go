// Package atomicfile replaces files so that a reader, or a run after a crash,
// finds either the old content or the new one, never a part.
//
// The content goes to a temporary file in the folder of the target, is forced
// to the disk, and takes the target's name in one rename. A killed run can
// leave its temporary behind; its name is
//
//	.NAME.tmp-HOST-PID-RANDOM
//
// where NAME is the target's name, HOST eight hexadecimal digits made from the
// host's name, PID the writer's process number and RANDOM eight letters and
// digits. The next [Write] to the same target removes such leftovers: those of
// this host whose process is gone, and any that was not written to for an hour.
// Writers at work at the same time, in this process or others, do not disturb
// each other; the last rename wins.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Write makes what the function write produces the content of the file path.
//
// Until write and every step that can fail on a full or broken disk are done
// the old file is untouched, and on error (or a panic in write) the temporary
// is removed. One step comes after the new file took its name: forcing the
// folder's entry to the disk. When only that fails, the error says so, and the
// new content is in place but might not survive a power cut.
//
// The writer given to write is buffered and valid until write returns; an error
// it reports is not lost when write ignores it. An existing file passes its
// permission bits on (not its owner), whether they allow writing or not: as
// with mv, the folder's permission decides. A new file gets 0644 less the umask.
// When path is a symbolic link, the file it points at is replaced; when it is
// something else than a regular file, Write fails.
//
// Errors read "PATH: STEP: CAUSE" and wrap the cause.
func Write(path string, write func(io.Writer) error) error {
	return replace(disk{}, path, write)
}

// newFilePerm is what a new file gets, less the umask.
const newFilePerm fs.FileMode = 0o644

func replace(sys system, path string, write func(io.Writer) error) error {
	failed := func(step string, err error) error {
		return fmt.Errorf("%s: %s: %w", path, step, bare(err))
	}
	target, perm, err := resolve(sys, path)
	if err != nil {
		return failed("look at the old file", err)
	}
	dir, name := filepath.Split(target)
	if name == "" {
		return failed("look at the old file", errors.New("the path names a folder"))
	}
	if dir == "" {
		dir = "."
	}
	removeStale(sys, dir, name)

	createPerm := newFilePerm
	if perm != nil {
		createPerm = *perm
	}
	tmp := filepath.Join(dir, temporaryName(name))
	f, err := sys.create(tmp, createPerm)
	if err != nil {
		return failed("create a temporary file in its folder", err)
	}
	open, renamed := true, false
	defer func() { // also when write panics
		if open {
			f.Close()
		}
		if !renamed {
			sys.remove(tmp)
		}
	}()

	if perm != nil { // creation took the umask off
		if err := f.Chmod(*perm); err != nil {
			return failed("set permissions", err)
		}
	}
	b := bufio.NewWriterSize(f, 1<<16)
	if err := write(b); err != nil {
		return fmt.Errorf("%s: write: %w", path, err)
	}
	if err := b.Flush(); err != nil {
		return failed("write", err)
	}
	if err := f.Sync(); err != nil {
		return failed("sync", err)
	}
	open = false
	if err := f.Close(); err != nil {
		return failed("close", err)
	}
	if err := sys.rename(tmp, target); err != nil {
		return failed("rename", err)
	}
	renamed = true
	if err := sys.syncDir(dir); err != nil {
		return failed("sync its folder", err)
	}
	return nil
}

// resolve follows a symbolic link and returns the file to replace and, when
// there is one, its permission bits.
func resolve(sys system, path string) (target string, perm *fs.FileMode, err error) {
	target = path
	info, err := sys.lstat(path)
	if err == nil && info.Mode().Type() == fs.ModeSymlink {
		if target, err = filepath.EvalSymlinks(path); err == nil {
			info, err = sys.lstat(target)
		} else if errors.Is(err, fs.ErrNotExist) {
			err = errors.New("symbolic link to a file that does not exist")
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return target, nil, nil
	case err != nil:
		return "", nil, err
	case !info.Mode().IsRegular():
		return "", nil, errors.New("not a regular file")
	}
	p := info.Mode().Perm()
	return target, &p, nil
}

// bare drops the path of the temporary that the os package adds: the error
// names the target already.
func bare(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	var l *os.LinkError
	if errors.As(err, &l) {
		return l.Err
	}
	return err
}
