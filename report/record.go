package report

import (
	"io"
	"time"

	"github.com/iad3d/iad3d/inspection"
)

// Origin is the file that a record is about.
type Origin struct {
	Path     string    `json:"path"`
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
	SHA256   string    `json:"sha256"`
}

// Record is what a program that works off a folder adds to a line: when, how long it
// took and which file.
type Record struct {
	Time    time.Time `json:"time"`
	Seconds float64   `json:"seconds"`
	File    *Origin   `json:"file"`
}

// Inspection writes the line of [Inspection] with the record's keys.
func (r *Record) Inspection(w io.Writer, n *inspection.Inspection, f Files) error {
	if err := checkResult(n.Result); err != nil {
		return err
	}
	return encodeAny(w, struct {
		*line
		*Record
	}{inspectionLine(n, f), r}, label(n.Result))
}

// Failure writes the line of [Failure] with the record's keys.
func (r *Record) Failure(w io.Writer, name, source string, why error) error {
	return encodeAny(w, struct {
		failed
		*Record
	}{failed{name, source, "error", why.Error()}, r}, source)
}
