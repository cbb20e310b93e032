package scan

import (
	"os"
	"path/filepath"
	"strings"
)

// What the packages that walk data sets ask of folders.

// IsFolder reports whether path is a folder, or a link to one.
func IsFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// FolderName returns the name of a folder, also for "." and "..".
func FolderName(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	return filepath.Base(dir)
}

// Folders returns the names of the folders in dir, ascending, without hidden
// ones. Links to folders count. Its error is an [*Error].
func Folders(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, &Error{Path: dir, Err: err}
	}
	var names []string
	for _, e := range entries {
		if !Hidden(e.Name()) && IsFolder(filepath.Join(dir, e.Name())) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// Hidden reports whether a name is that of a hidden file or folder; .DS_Store and
// the ._ files of macOS are.
func Hidden(name string) bool { return strings.HasPrefix(name, ".") }
