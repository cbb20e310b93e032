package points

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// ErrLong is the error of a line that is longer than [Source.Line] takes.
var ErrLong = errors.New("line of more than 64 KiB")

const sourceSize = 64 << 10

// Source reads a file once, from its beginning. It keeps apart what is wrong
// with the file and what is wrong with the reader.
type Source struct {
	*bufio.Reader
	in    counter
	size  int64 // of the file; -1 when the reader does not tell
	line  int   // number of the last line, from 1
	cr    bool  // lines end with a single CR
	known bool  // how lines end
}

type counter struct {
	r    io.Reader
	read int64
	err  error // of the reader, other than io.EOF
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.read += int64(n)
	if err != nil && err != io.EOF {
		c.err = err
	}
	return n, err
}

// NewSource returns a source of what r has left. Where r can seek, its size is
// taken from that.
func NewSource(r io.Reader) *Source {
	s := &Source{in: counter{r: r}, size: -1}
	if k, ok := r.(io.Seeker); ok {
		if at, err := k.Seek(0, io.SeekCurrent); err == nil {
			if end, err := k.Seek(0, io.SeekEnd); err == nil && end >= at {
				s.size = end - at
			}
			if _, err := k.Seek(at, io.SeekStart); err != nil {
				s.in.err, s.in.r = err, bytes.NewReader(nil)
			}
		}
	}
	s.Reader = bufio.NewReaderSize(&s.in, sourceSize)
	return s
}

// Blame returns the reader's own error, "format: error", where it has one, else
// err.
func (s *Source) Blame(format string, err error) error {
	if err != nil && s.in.err != nil {
		return fmt.Errorf("%s: %w", format, s.in.err)
	}
	return err
}

// Promised returns how many of n records of size bytes the file is long enough
// for; 0 when that is not known.
func (s *Source) Promised(n, size int64) int {
	if s.size < 0 || size <= 0 {
		return 0
	}
	rest := s.size - s.Consumed()
	return int(min(n, max(0, rest)/size))
}

// Consumed returns how many bytes have been read.
func (s *Source) Consumed() int64 { return s.in.read - int64(s.Buffered()) }

// Number returns the number of the line that Line gave last, from 1.
func (s *Source) Number() int { return s.line }

// Line returns the next line without its end, valid until the next read. Lines
// end with LF, CR LF or, when the first one does, CR. The last one needs no end;
// after it the error is io.EOF. A line of 64 KiB or more gives [ErrLong].
func (s *Source) Line() ([]byte, error) {
	if !s.known {
		s.known = true
		head, _ := s.Peek(sourceSize)
		if i := bytes.IndexAny(head, "\r\n"); i >= 0 && head[i] == '\r' && !(i+1 < len(head) && head[i+1] == '\n') {
			s.cr = true
		}
	}
	end := byte('\n')
	if s.cr {
		end = '\r'
	}
	line, err := s.ReadSlice(end)
	switch {
	case err == bufio.ErrBufferFull:
		s.line++
		return nil, ErrLong
	case len(line) == 0:
		return nil, err
	case err == nil:
		line = line[:len(line)-1]
	case err != io.EOF:
		return nil, err
	}
	s.line++
	if k := len(line); k > 0 && line[k-1] == '\r' {
		line = line[:k-1]
	}
	return line, nil
}

// Records reads n records of size bytes each, in pieces of whole records through
// one buffer of about 64 KiB, and hands them to fn. When the file ends early it
// returns the number of whole records and of bytes of the next one.
func (s *Source) Records(n int64, size int, fn func(piece []byte)) (whole int64, part int, err error) {
	per := max(1, int64(sourceSize/size))
	buf := make([]byte, min(n, per)*int64(size))
	for whole < n {
		piece := buf[:min(n-whole, per)*int64(size)]
		k, err := io.ReadFull(s, piece)
		fn(piece[:k/size*size])
		whole += int64(k / size)
		if err != nil {
			return whole, k % size, Early(err)
		}
	}
	return whole, 0, nil
}

// Words appends the parts of a line that blanks separate to dst.
func Words(dst [][]byte, line []byte) [][]byte {
	for i := 0; i < len(line); {
		for i < len(line) && (line[i] == ' ' || line[i] == '\t' || line[i] == '\r' || line[i] == '\v' || line[i] == '\f') {
			i++
		}
		start := i
		for i < len(line) && !(line[i] == ' ' || line[i] == '\t' || line[i] == '\r' || line[i] == '\v' || line[i] == '\f') {
			i++
		}
		if i > start {
			dst = append(dst, line[start:i])
		}
	}
	return dst
}
