//go:build unix

package atomicfile

import (
	"errors"
	"os"
	"syscall"
)

// syncFolder forces a folder's entries to the disk. Some file systems (FUSE,
// network mounts) do not know the operation; there nothing more can be done.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}

// processAlive asks with signal 0, which is checked but not sent. A process of
// another user answers EPERM.
func processAlive(pid int) bool {
	return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}
