package xyztext

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/iad3d/iad3d/internal/points"
)

const (
	// sampleSize is how much of a file is looked at, and sampleRows how many of the
	// rows in it.
	sampleSize = 64 << 10
	sampleRows = 200
)

// DecodeHeader finds out what the file in r looks like.
func DecodeHeader(r io.Reader, o Options) (Header, error) {
	s := points.NewSource(r)
	h, err := readHeader(s, o)
	return h, s.Blame("xyztext", err)
}

// readHeader looks ahead and takes nothing from s.
func readHeader(s *points.Source, o Options) (Header, error) {
	head, err := s.Peek(sampleSize)
	if err != nil && err != io.EOF {
		return Header{}, err
	}
	if len(bytes.TrimSpace(head)) == 0 {
		return Header{}, invalid("the file is empty")
	}
	f := finder{h: Header{Points: -1}, whole: err == io.EOF, o: o}
	if err := f.find(head); err != nil {
		return Header{}, err
	}
	return f.h, nil
}

// finder works out a Header.
type finder struct {
	h       Header
	o       Options
	whole   bool     // the sample is the whole file
	comment []string // comments before the first row
	names   string   // the line of names
	rows    [][]byte // the first rows, as lines
	line    int
}

var mark = []byte("\xef\xbb\xbf") // UTF-8's byte order mark

func (f *finder) find(head []byte) error {
	sub := points.NewSource(bytes.NewReader(head))
	for len(f.rows) < sampleRows {
		line, err := sub.Line()
		if err == points.ErrLong {
			return tooLarge("line %d: %w", sub.Number(), err)
		}
		if err != nil {
			break
		}
		if !f.whole && sub.Buffered() == 0 && len(f.rows) > 0 {
			break // the sample ends within it
		}
		f.line = sub.Number()
		if err := f.add(bytes.TrimSpace(bytes.TrimPrefix(line, mark))); err != nil {
			return err
		}
	}
	if len(f.rows) == 0 {
		return invalid("no line of numbers in the first %d bytes", len(head))
	}
	return f.settle()
}

// commentText returns what a comment says.
func commentText(line []byte) (string, bool) {
	for _, sign := range []string{"#", "//", "%"} {
		if rest, ok := bytes.CutPrefix(line, []byte(sign)); ok {
			return strings.TrimSpace(string(rest)), true
		}
	}
	return "", false
}

// add takes a line of the sample.
func (f *finder) add(line []byte) error {
	if len(line) == 0 {
		return nil
	}
	if text, ok := commentText(line); ok {
		if len(f.rows) == 0 {
			f.comment = append(f.comment, text)
		}
		return nil
	}
	line = bytes.Clone(line)
	if len(f.rows) > 0 {
		f.rows = append(f.rows, line)
		return nil
	}
	if n, err := strconv.ParseInt(string(line), 10, 64); err == nil && n >= 0 && f.h.Points < 0 && f.names == "" {
		f.h.Points = n
		f.h.skipped = f.line
		return nil
	}
	if err := f.separator(line); err != nil {
		switch {
		case f.names != "" && !namesAxis(f.names):
			return invalid("line %d is neither names nor numbers: %s", f.h.skipped, points.Quote(f.names))
		case f.names != "" || f.h.Points >= 0 || !strings.ContainsFunc(string(line), unicode.IsLetter):
			return invalid("line %d: %w", f.line, err)
		}
		f.names = string(line)
		f.h.skipped = f.line
		return nil
	}
	f.rows = append(f.rows, line)
	return nil
}

// namesAxis reports whether a line has a word x, y or z.
func namesAxis(line string) bool {
	words := strings.FieldsFunc(line, func(r rune) bool { return !unicode.IsLetter(r) })
	return slices.ContainsFunc(words, func(w string) bool {
		role, _ := points.Known(w)
		return role == points.Coordinate
	})
}

// separator finds out how the values of a row are written.
func (f *finder) separator(row []byte) error {
	try := func(sep byte, comma bool) error {
		f.h.Separator, f.h.DecimalComma = sep, comma
		cells := f.h.split(nil, row)
		if len(cells) < 3 {
			return fmt.Errorf("%d values in %s, want 3 or more: x, y, z", len(cells), points.Quote(string(row)))
		}
		var scratch []byte
		for _, c := range cells {
			if _, err := points.ParseFloat(f.h.number(&scratch, c)); err != nil && len(c) > 0 {
				return err
			}
		}
		return nil
	}
	if bytes.IndexByte(row, ';') >= 0 {
		return try(';', bytes.IndexByte(row, ',') >= 0)
	}
	if bytes.IndexByte(row, ',') < 0 {
		return try(' ', false)
	}
	if err := try(' ', true); err == nil {
		return nil
	}
	return try(',', false)
}

// split appends the cells of a row to dst.
func (h *Header) split(dst [][]byte, row []byte) [][]byte {
	if h.Separator == ' ' {
		return points.Words(dst, row)
	}
	row = bytes.TrimSpace(row)
	if k := len(row); k > 0 && h.trailing && row[k-1] == h.Separator {
		row = row[:k-1]
	}
	for {
		i := bytes.IndexByte(row, h.Separator)
		if i < 0 {
			return append(dst, bytes.TrimSpace(row))
		}
		dst = append(dst, bytes.TrimSpace(row[:i]))
		row = row[i+1:]
	}
}

// number returns a cell with a decimal point, by way of scratch.
func (h *Header) number(scratch *[]byte, cell []byte) []byte {
	if !h.DecimalComma {
		return cell
	}
	i := bytes.IndexByte(cell, ',')
	if i < 0 || bytes.IndexByte(cell, '.') >= 0 {
		return cell
	}
	*scratch = append((*scratch)[:0], cell...)
	(*scratch)[i] = '.'
	return *scratch
}

// settle gives the columns their meaning.
func (f *finder) settle() error {
	h := &f.h
	var sample [][][]byte
	for i, row := range f.rows {
		cells := h.split(nil, row)
		if i > 0 && len(cells) != len(sample[0]) {
			break // decoding will say so
		}
		sample = append(sample, cells)
	}
	n := len(sample[0])
	f.readNames(n)
	if !h.Named && !slices.ContainsFunc(sample, func(cells [][]byte) bool { return len(cells[n-1]) > 0 }) {
		h.trailing = true
		n--
		for i := range sample {
			sample[i] = sample[i][:n]
		}
		f.readNames(n)
	}
	if n < 3 {
		return invalid("%d values in %s, want 3 or more: x, y, z", n, points.Quote(string(f.rows[0])))
	}
	if n > points.MaxFields {
		return tooLarge("%d columns, at most %d are read", n, points.MaxFields)
	}
	if f.names != "" && !h.Named {
		return invalid("line %d: %s names not as many columns as there are values in the first row, %d", h.skipped, points.Quote(f.names), n)
	}
	g := guess{h: h, sample: sample}
	if h.Named {
		g.named()
	} else {
		g.unnamed()
	}
	for i := range h.cols {
		h.cols[i].Offset = h.stride
		h.stride += h.cols[i].Type.Size()
	}
	if err := points.Assign(h.cols); err != nil {
		return invalid("columns %s: %w", points.Quote(strings.Join(h.Columns, " ")), err)
	}
	for _, text := range f.comment {
		var w, ht int64
		if text == "unit mm" {
			h.Millimetre = true
		} else if k, err := fmt.Sscanf(text, "raster %d %d", &w, &ht); err == nil && k == 2 {
			if w < 1 || ht < 1 || w > f.o.maxPoints()/ht {
				return tooLarge("raster of %d × %d points, at most %d are read", w, ht, f.o.maxPoints())
			}
			h.Width, h.Height = int(w), int(ht)
		}
	}
	return nil
}

// readNames takes the names of n columns from the line or the comment that has
// them.
func (f *finder) readNames(n int) {
	lines := f.comment
	if f.names != "" {
		lines = []string{f.names}
	}
	for _, text := range lines {
		for _, sep := range []byte{f.h.Separator, ',', ';', '\t', ' '} {
			var names []string
			switch sep {
			case ' ':
				names = strings.Fields(text)
			default:
				names = strings.Split(strings.TrimSuffix(strings.TrimSpace(text), string(sep)), string(sep))
			}
			if len(names) != n {
				continue
			}
			mm, found := false, 0
			for i, name := range names {
				name = strings.Trim(strings.TrimSpace(name), `"'`)
				if k := strings.IndexAny(name, "[("); k > 0 && strings.ContainsAny(name, "])") && name[0]|0x20 >= 'x' && name[0]|0x20 <= 'z' {
					mm = mm || strings.Contains(name[k:], "mm")
					name = strings.TrimSpace(name[:k])
				}
				if role, _ := points.Known(name); role == points.Coordinate {
					found++
				}
				names[i] = name
			}
			if f.names != "" || found == 3 {
				f.h.Columns, f.h.Named, f.h.Millimetre = names, true, mm
				return
			}
		}
	}
}
