package xyztiff

import (
	"bufio"
	"errors"
	"io"
)

const (
	lzwClear = 256
	lzwEnd   = 257
	lzwBits  = 12
)

var errCode = errors.New("LZW code out of range")

// lzwReader decodes TIFF's LZW (TIFF 6.0, section 13): most significant bit
// first, and code widths that grow one code early. golang.org/x/image/tiff/lzw
// does the same, and the tests compare the two, but it allocates 20 KB for each
// strip and cannot be reset.
type lzwReader struct {
	r       *bufio.Reader
	bits    uint32 // the low nbits are valid
	nbits   uint
	width   uint
	next    int // code that the next string gets
	last    int // code before, or -1 after a Clear
	err     error
	pending []byte // what did not fit the last Read

	// String c is string prefix[c] followed by suffix[c].
	prefix  [1 << lzwBits]uint16
	suffix  [1 << lzwBits]byte
	first   [1 << lzwBits]byte
	length  [1 << lzwBits]uint16
	scratch [1 << lzwBits]byte
}

func (l *lzwReader) reset(r *bufio.Reader) {
	l.r, l.bits, l.nbits, l.err, l.pending = r, 0, 0, nil, nil
	if l.length[0] == 0 {
		for i := range 256 {
			l.first[i], l.suffix[i], l.length[i] = byte(i), byte(i), 1
		}
	}
	l.clear()
}

func (l *lzwReader) clear() { l.width, l.next, l.last = 9, lzwEnd+1, -1 }

func (l *lzwReader) Read(p []byte) (int, error) {
	n := copy(p, l.pending)
	l.pending = l.pending[n:]
	for n < len(p) {
		code, err := l.nextCode()
		if err != nil {
			return n, err
		}
		k := int(l.length[code])
		if k <= len(p)-n {
			l.expand(p[n:n+k], code)
			n += k
			continue
		}
		l.expand(l.scratch[:k], code)
		l.pending = l.scratch[:k]
		c := copy(p[n:], l.pending)
		l.pending = l.pending[c:]
		n += c
	}
	return n, nil
}

// nextCode reads up to the next code of a string and enters the new string that
// this code completes.
func (l *lzwReader) nextCode() (int, error) {
	for l.err == nil {
		for l.nbits < l.width {
			b, err := l.r.ReadByte()
			if err != nil {
				if err == io.EOF {
					err = io.ErrUnexpectedEOF
				}
				l.err = err
				return 0, err
			}
			l.bits = l.bits<<8 | uint32(b)
			l.nbits += 8
		}
		l.nbits -= l.width
		code := int(l.bits >> l.nbits & (1<<l.width - 1))
		switch {
		case code == lzwClear:
			l.clear()
		case code == lzwEnd:
			l.err = io.EOF
		case l.last < 0 && code < lzwClear:
			l.last = code
			return code, nil
		case l.last >= 0 && (code < l.next || code == l.next && l.next < 1<<lzwBits):
			l.enter(code)
			l.last = code
			return code, nil
		default:
			l.err = errCode
		}
	}
	return 0, l.err
}

// enter adds the string before plus the first byte of the string of code, which
// may be the very string that is added.
func (l *lzwReader) enter(code int) {
	if l.next == 1<<lzwBits {
		return
	}
	head := l.first[l.last]
	if code < l.next {
		l.suffix[l.next] = l.first[code]
	} else {
		l.suffix[l.next] = head
	}
	l.prefix[l.next] = uint16(l.last)
	l.first[l.next] = head
	l.length[l.next] = l.length[l.last] + 1
	l.next++
	if l.next == 1<<l.width-1 && l.width < lzwBits {
		l.width++
	}
}

// expand writes the string of code, whose length dst has.
func (l *lzwReader) expand(dst []byte, code int) {
	for i := len(dst) - 1; i >= 0; i-- {
		dst[i] = l.suffix[code]
		code = int(l.prefix[code])
	}
}
