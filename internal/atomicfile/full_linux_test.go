package atomicfile

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"syscall"
	"testing"
)

// smallDisk mounts a file system of size bytes on a new folder.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skip("may not mount a small file system: ", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// TestFullDisk: on a disk without room the old file stays, the error says why, and
// nothing else is left.
func TestFullDisk(t *testing.T) {
	path := filepath.Join(smallDisk(t, "256k"), "out")
	put(t, path, "old")
	for _, size := range []int{300 << 10, 1 << 20, 64 << 20} {
		err := Write(path, func(w io.Writer) error {
			_, err := w.Write(bytes.Repeat([]byte("x"), size))
			return err
		})
		if !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%d bytes: error is %v", size, err)
		}
		expect(t, path, "old")
	}
	if err := Write(path, content("new")); err != nil {
		t.Fatal(err)
	}
	expect(t, path, "new")
}

// TestReadOnlyDisk is TestReadOnlyFolder for the superuser, too.
func TestReadOnlyDisk(t *testing.T) {
	dir := smallDisk(t, "64k")
	path := filepath.Join(dir, "out")
	put(t, path, "old")
	if err := syscall.Mount("none", dir, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skip(err)
	}
	if err := Write(path, content("new")); !errors.Is(err, syscall.EROFS) {
		t.Errorf("error is %v", err)
	}
	expect(t, path, "old")
	if err := Probe(dir); !errors.Is(err, syscall.EROFS) {
		t.Errorf("probe: %v", err)
	}
}
