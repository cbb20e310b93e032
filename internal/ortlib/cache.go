package ortlib

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// recordName is the file beside an installed library that says which it is.
const recordName = "library.json"

// record is its content.
type record struct {
	File    string `json:"file"` // in the same folder
	SHA256  string `json:"sha256"`
	Size    int64  `json:"size"`
	Version string `json:"version,omitempty"`
	Source  string `json:"source"` // where it came from, for people
}

// installed returns the library of the cache after comparing its hash, nil when
// there is none.
func installed(dir string, look func(string) (string, error)) (*Library, error) {
	if dir == "" {
		var err error
		if dir, err = CacheDir(); err != nil {
			return nil, nil // a user without a home has no cache
		}
	}
	const remedy = "install it again with iad3d ort install"
	path := filepath.Join(dir, recordName)
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var r record
	if err == nil {
		err = json.Unmarshal(content, &r)
	}
	if err == nil && (r.File == "" || filepath.Base(r.File) != r.File || len(r.SHA256) != 2*sha256.Size) {
		err = errors.New("it names no file or hash")
	}
	if err != nil {
		return nil, failed(path, "the record of the installed library cannot be read (%w): %s", err, remedy)
	}
	lib := &Library{Path: filepath.Join(dir, r.File), Place: Cache, SHA256: r.SHA256, Source: r.Source}
	sum, err := HashFile(lib.Path)
	if err != nil {
		return nil, failed(lib.Path, "the installed library cannot be read (%w): %s", err, remedy)
	}
	if sum != r.SHA256 {
		return nil, failed(lib.Path, "it is not the file that was installed (SHA-256 %s, recorded %s): %s", sum, r.SHA256, remedy)
	}
	version, err := look(lib.Path)
	if err != nil {
		return nil, failed(lib.Path, "%w", err)
	}
	if lib.Version = version; version == "" {
		lib.Version = r.Version
	}
	return lib, nil
}

// HashFile returns a file's SHA-256 in hexadecimal digits.
func HashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
