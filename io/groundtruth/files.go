package groundtruth

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/iad3d/iad3d/io/scan"
)

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// byStem lists the files of dir with one of the extensions and a suffix of the
// stem: path by what is before the suffix. It is empty when there is no such
// folder.
func byStem(dir, suffix string, exts ...string) (map[string]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, &scan.Error{Path: dir, Err: err}
	}
	files := map[string]string{}
	for _, e := range entries {
		ext := filepath.Ext(e.Name())
		stem, ok := strings.CutSuffix(strings.TrimSuffix(e.Name(), ext), suffix)
		if !ok || e.IsDir() || strings.HasPrefix(e.Name(), ".") || !slices.ContainsFunc(exts, func(x string) bool { return strings.EqualFold(x, ext) }) {
			continue
		}
		path := filepath.Join(dir, e.Name())
		if first, twice := files[stem]; twice {
			return nil, &scan.Error{Path: path, Err: fmt.Errorf("is the same scan as %s", first)}
		}
		files[stem] = path
	}
	return files, nil
}

// maxText is the longest text file that is read.
const maxText = 1 << 20

// text reads a small text file.
func text(path string) ([]byte, error) {
	if !isFile(path) { // a pipe could block
		if _, err := os.Stat(path); err != nil {
			return nil, &scan.Error{Path: path, Err: err}
		}
		return nil, &scan.Error{Path: path, Err: errors.New("is not a regular file")}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, &scan.Error{Path: path, Err: err}
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxText+1))
	if err == nil && len(b) > maxText {
		err = fmt.Errorf("is longer than %d bytes", maxText)
	}
	if err != nil {
		return nil, &scan.Error{Path: path, Err: err}
	}
	return b, nil
}
