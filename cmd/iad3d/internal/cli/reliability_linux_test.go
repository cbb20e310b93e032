package cli

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestFullDisk writes to a disk without room, and to one that is read-only: a clear
// error, no temporary, and what was there stays.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Skip("may not mount a small file system: ", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	model, old := filepath.Join(dir, "m.iad3d"), []byte(nil)
	set := []string{"--dataset", "mvtec3d", "--root", testLine(t)}
	commands := map[string][]string{
		"fit":     append([]string{"fit", "--out", model}, set...),
		"score":   {"score", "--model", testModel(t), "--out", filepath.Join(dir, "s"), testScan(t, "bent"), testScan(t, "dent"), testScan(t, "good")},
		"bench":   append([]string{"bench", "--methods", "fpfh", "--out", filepath.Join(dir, "b")}, set...),
		"convert": {"convert", testScan(t, "bent"), filepath.Join(dir, "c.ply")},
	}
	fine(t, append([]string{"fit", "--out", model, "--features", "fpfh", "--rows", "50"}, set...)...)
	old = get(t, model)
	var disk syscall.Statfs_t
	if err := syscall.Statfs(dir, &disk); err != nil {
		t.Fatal(err)
	}
	const room = 8 << 10 // less than any of the commands writes
	put(t, filepath.Join(dir, "filler"), make([]byte, int64(disk.Bavail)*disk.Bsize-room))
	for name, args := range commands {
		r := run(t, args...)
		if r.code != exitInternal || !strings.Contains(r.stderr, "no space left on device") {
			t.Errorf("%s on a full disk: exit code %d, %s", name, r.code, r.stderr)
		}
		if left := leftovers(t, dir); len(left) > 0 {
			t.Errorf("%s: %q left", name, left)
		}
		if string(get(t, model)) != string(old) {
			t.Errorf("%s: the old model changed", name)
		}
	}
	if err := syscall.Mount("none", dir, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skip(err)
	}
	for name, args := range commands {
		r := run(t, args...)
		if r.code != exitUsage || !strings.Contains(r.stderr, "read-only file system") {
			t.Errorf("%s on a read-only disk: exit code %d, %s", name, r.code, r.stderr)
		}
	}
	if string(get(t, model)) != string(old) {
		t.Error("the old model changed")
	}
}
