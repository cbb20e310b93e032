// Package watch is what a program needs that works off a folder into which files
// arrive: it knows which files are finished, and, from a journal on the disk, which
// were worked off, so that a program that is killed and started again does none
// twice and loses none.
//
// # Once
//
// A file is what its path and its content say. Its record is appended to the journal,
// and forced to the disk, when its results are written: a program that dies before
// that does the work again, to the same end; one that dies after it does not. A
// journal thus has one record per file. A file that is overwritten with other
// content is another one; one that is touched, or copied once more, is not.
package watch

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// File identifies what was worked off. It is part of each record of a journal, under
// the key "file".
type File struct {
	Path     string    `json:"path"` // below the watched folder, with slashes
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
	SHA256   string    `json:"sha256"` // of the content, 64 hexadecimal digits
}

// Journal is a file of one JSON object per line, each with a "file". Only one
// process at a time has it.
type Journal struct {
	file    *os.File
	unlock  func() error
	records int
	done    map[string][]File // by path
}

// ErrBusy is wrapped when another process has the journal.
var ErrBusy = errors.New("watch: in use by another process")

// ErrJournal is wrapped when a file is no journal.
var ErrJournal = errors.New("watch: not a journal")

// OpenJournal opens a journal, which is made if it is missing. A last line without
// an end, as of a program that was killed while it wrote, is taken off. Any other
// line that is no record is an error: it was not this program that wrote it.
func OpenJournal(path string) (*Journal, error) {
	unlock, err := lock(path + ".lock")
	if err != nil {
		return nil, err
	}
	j := &Journal{unlock: unlock, done: map[string][]File{}}
	if j.file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644); err == nil {
		if err = j.read(); err == nil {
			return j, nil
		}
		j.file.Close()
	}
	unlock()
	return nil, err
}

// read reads the records and leaves the file at its end.
func (j *Journal) read() error {
	r := bufio.NewReaderSize(j.file, 1<<16)
	var at int64
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if err == io.EOF {
			if len(line) > 0 {
				err = j.file.Truncate(at)
			} else {
				err = nil
			}
			if err == nil {
				_, err = j.file.Seek(at, io.SeekStart)
			}
			return err
		}
		if err != nil {
			return err
		}
		var record struct {
			File *File `json:"file"`
		}
		if err := json.Unmarshal(line, &record); err != nil || record.File == nil || record.File.Path == "" {
			return fmt.Errorf("%w: %s: line %d is no record", ErrJournal, j.file.Name(), n)
		}
		j.remember(*record.File)
		at += int64(len(line))
	}
}

func (j *Journal) remember(f File) {
	j.records++
	j.done[f.Path] = append(j.done[f.Path], f)
}

// Records returns the number of records.
func (j *Journal) Records() int { return j.records }

// Versions returns how many contents of a path were worked off.
func (j *Journal) Versions(path string) int { return len(j.done[path]) }

// Unchanged reports whether a path was worked off and has the size and time of the
// last record since.
func (j *Journal) Unchanged(path string, size int64, modified time.Time) bool {
	all := j.done[path]
	if len(all) == 0 {
		return false
	}
	last := all[len(all)-1]
	return last.Size == size && last.Modified.Equal(modified)
}

// Done reports whether a path was worked off with this content.
func (j *Journal) Done(path, sha256 string) bool {
	for _, f := range j.done[path] {
		if f.SHA256 == sha256 {
			return true
		}
	}
	return false
}

// Append adds a record, a line of JSON with an end and with f under "file", and
// forces it to the disk.
func (j *Journal) Append(f File, line []byte) error {
	if i := bytes.IndexByte(line, '\n'); i < 0 || i != len(line)-1 {
		panic("watch: a record is one line")
	}
	if _, err := j.file.Write(line); err != nil {
		return err
	}
	if err := j.file.Sync(); err != nil {
		return err
	}
	j.remember(f)
	return nil
}

// Close lets go of the journal.
func (j *Journal) Close() error { return errors.Join(j.file.Close(), j.unlock()) }
