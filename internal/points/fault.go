// Package points holds what the readers and writers of point files share: typed
// columns and their meaning, the table that collects them into a cloud, lines
// and numbers of text files, and errors.
//
// A reader describes the fields of a point as columns of a record and hands over
// records in little-endian order, whatever the file's encoding; text becomes
// such records too. So one path decides what a value means, and the same points
// give the same cloud from every format.
package points

import (
	"errors"
	"fmt"
	"io"
)

// fault is an error that belongs to a class but does not repeat its words.
type fault struct {
	format     string
	class, err error
}

func (f *fault) Error() string   { return f.format + ": " + f.err.Error() }
func (f *fault) Unwrap() []error { return []error{f.class, f.err} }

// Fault returns an error that reads "format: message", wraps class and whatever
// the message wraps.
func Fault(format string, class error, message string, args ...any) error {
	return &fault{format, class, fmt.Errorf(message, args...)}
}

// Early returns io.ErrUnexpectedEOF for io.EOF, and other errors as they are.
func Early(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
