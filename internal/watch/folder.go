package watch

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Options say which files of a folder are meant.
type Options struct {
	// Accept tells by its name, without the folder, whether a file is meant.
	Accept func(name string) bool
	// Enter tells whether a folder below is looked into, by its path below the
	// watched one with slashes; nil for none.
	Enter func(path string) bool
	// Companion returns the file that must be there and finished, too, before a file
	// is due, as an image that belongs to a cloud; "" for none. Nil: none has one.
	Companion func(path string) string
	// Settle is how long size and time of a file must stay the same.
	Settle time.Duration
	// Patience is how long a file waits for its companion, from when it is finished.
	Patience time.Duration
}

// Folder tells when files that arrive in a folder are finished.
type Folder struct {
	dir   string
	o     Options
	seen  map[string]state
	clock func() time.Time
}

// state is a file as it was when last looked at.
type state struct {
	size, companion   int64
	modified, altered time.Time // of the file and its companion
	since             time.Time // when it first looked so
}

// NewFolder watches a folder.
func NewFolder(dir string, o Options) *Folder {
	return &Folder{dir: dir, o: o, seen: map[string]state{}, clock: time.Now}
}

// Due is a finished file.
type Due struct {
	Path     string // below the folder, with slashes
	Name     string // path of the file, to open it by
	Size     int64
	Modified time.Time
}

// Look lists the files that are finished, the oldest first, and the number of those
// that may be later on. A file is finished when size and time have not changed for
// Settle, by this program's clock: whether it was written in place, copied with its
// old time or renamed. skip tells of a file that looks as it does whether it is of
// no more interest.
func (f *Folder) Look(skip func(path string, size int64, modified time.Time) bool) (due []Due, waiting int, err error) {
	now := f.clock()
	found := map[string]bool{}
	err = filepath.WalkDir(f.dir, func(name string, e fs.DirEntry, err error) error {
		rel, relErr := filepath.Rel(f.dir, name)
		if relErr != nil {
			return relErr
		}
		path := filepath.ToSlash(rel)
		switch {
		case err != nil && path != "." && errors.Is(err, fs.ErrNotExist):
			return nil // it left while we looked
		case err != nil:
			return err
		case e.IsDir() && path != "." && (f.o.Enter == nil || !f.o.Enter(path)):
			return fs.SkipDir
		case e.IsDir() || !f.o.Accept(e.Name()):
			return nil
		}
		info, err := os.Stat(name) // of what a link points at
		if err != nil || !info.Mode().IsRegular() {
			return nil
		}
		if skip(path, info.Size(), info.ModTime()) {
			return nil
		}
		found[path] = true
		if f.settled(path, name, info, now) {
			due = append(due, Due{path, name, info.Size(), info.ModTime()})
		} else {
			waiting++
		}
		return nil
	})
	for path := range f.seen {
		if !found[path] {
			delete(f.seen, path)
		}
	}
	slices.SortFunc(due, func(a, b Due) int {
		return cmp.Or(a.Modified.Compare(b.Modified), strings.Compare(a.Path, b.Path))
	})
	return due, waiting, err
}

// settled takes note of how a file looks and tells whether it is due.
func (f *Folder) settled(path, name string, info fs.FileInfo, now time.Time) bool {
	s := state{size: info.Size(), modified: info.ModTime(), since: now}
	complete := true
	if f.o.Companion != nil {
		if c := f.o.Companion(name); c != "" {
			if other, err := os.Stat(c); err == nil {
				s.companion, s.altered = other.Size(), other.ModTime()
			} else {
				complete = false
			}
		}
	}
	if last, ok := f.seen[path]; ok && last.size == s.size && last.companion == s.companion && last.modified.Equal(s.modified) && last.altered.Equal(s.altered) {
		s.since = last.since
	}
	f.seen[path] = s
	wait := f.o.Settle
	if !complete {
		wait += f.o.Patience
	}
	return now.Sub(s.since) >= wait
}

// ErrChanged is wrapped when a file is not what it was when it was due.
var ErrChanged = errors.New("watch: the file has changed")

// Identify reads a file that is due.
func (d *Due) Identify() (File, error) {
	f, err := os.Open(d.Name)
	if err != nil {
		return File{}, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return File{}, err
	}
	if err := d.Unchanged(); err != nil {
		return File{}, err
	}
	return File{Path: d.Path, Size: d.Size, Modified: d.Modified.UTC(), SHA256: hex.EncodeToString(h.Sum(nil))}, nil
}

// Unchanged returns an error wrapping [ErrChanged] unless the file still looks as it
// did when it was due.
func (d *Due) Unchanged() error {
	info, err := os.Stat(d.Name)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrChanged, err)
	}
	if info.Size() != d.Size || !info.ModTime().Equal(d.Modified) {
		return fmt.Errorf("%w: %s", ErrChanged, d.Name)
	}
	return nil
}
