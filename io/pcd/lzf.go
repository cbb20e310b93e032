package pcd

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/iad3d/iad3d/internal/points"
)

// LZF is the format of Marc Lehmann's liblzf. A control byte below 32 is followed
// by that many bytes and one more, to copy. Others repeat what was there before:
// their upper 3 bits are the length less 2, or 7 with the rest of the length in the
// next byte, and their lower 5 bits with a byte more the distance less 1.
const (
	lzfLiteral  = 32
	lzfDistance = 1 << 13
	lzfLength   = 2 + 7 + 255
)

var (
	errLZFEarly = errors.New("ends within a code")
	errLZFBack  = errors.New("refers to what is before the beginning")
)

// checkLZF walks through a stream and returns an error unless it makes exactly n
// bytes.
func checkLZF(src []byte, n int64) error {
	out := int64(0)
	for i := 0; i < len(src); {
		at := i
		c := int(src[i])
		i++
		var err error
		switch {
		case c < lzfLiteral:
			i += c + 1
			out += int64(c) + 1
			if i > len(src) {
				err = errLZFEarly
			}
		default:
			length := c>>5 + 2
			if length == 9 && i < len(src) {
				length += int(src[i])
				i++
			}
			if i >= len(src) {
				err = errLZFEarly
				break
			}
			if back := int64(c&31)<<8 + int64(src[i]) + 1; back > out {
				err = errLZFBack
			}
			i++
			out += int64(length)
		}
		if err != nil {
			return fmt.Errorf("byte %d of %d: %w", at+1, len(src), err)
		}
	}
	if out != n {
		return fmt.Errorf("gives %d bytes, want %d", out, n)
	}
	return nil
}

const (
	word  = 16
	slack = lzfLiteral // bytes behind the end that a move may spoil
)

// expander decompresses a stream through a window that holds what the codes refer
// to and what the caller has not taken yet.
type expander struct {
	src        *points.Source
	left, size int64 // bytes of the stream still to read, and of all
	out        int64 // bytes so far
	buf        []byte
	start, end int // of what has not been taken
}

// newExpander returns an expander of a stream of size bytes, for a caller that
// takes unit bytes at once at most.
func newExpander(src *points.Source, size int64, unit int) *expander {
	return &expander{src: src, left: size, size: size, buf: make([]byte, lzfDistance+max(64<<10, 2*unit)+lzfLength+slack)}
}

// fill decompresses until the window is full or the stream ends; then, with
// nothing more to give, it returns io.EOF.
func (z *expander) fill() error {
	keep := min(z.start, max(0, z.end-lzfDistance))
	copy(z.buf, z.buf[keep:z.end])
	z.start, z.end = z.start-keep, z.end-keep
	before := z.end
	for z.left > 0 && z.end+lzfLength+slack <= len(z.buf) {
		// What is buffered, and more only when a code may be cut.
		n := z.src.Buffered()
		if n < 2*lzfLiteral {
			n = z.src.Size()
		}
		src, err := z.src.Peek(int(min(z.left, int64(n))))
		last := int64(len(src)) == z.left
		if err != nil && !last {
			return fmt.Errorf("%d of %d bytes: %w", z.size-z.left+int64(len(src)), z.size, points.Early(err))
		}
		used, err := z.expand(src, last)
		if err != nil {
			return fmt.Errorf("byte %d of %d: %w", z.size-z.left+int64(used)+1, z.size, err)
		}
		if _, err := z.src.Discard(used); err != nil {
			return err
		}
		z.left -= int64(used)
	}
	if z.end == before {
		return io.EOF
	}
	z.out += int64(z.end - before)
	return nil
}

// expand decompresses the codes of src until the window is full; last says that
// the stream ends with src, so that no code may be cut. It returns how many
// bytes it used, or where the code is that is wrong.
func (z *expander) expand(src []byte, last bool) (used int, err error) {
	dst, at := z.buf, z.end
	full := len(dst) - lzfLength - slack
	sure := len(src) - lzfLiteral - 1 // up to there no code is cut
	i := 0
	for i < len(src) && at <= full && (i < sure || last) {
		begin := i
		c := int(src[i])
		i++
		if c < lzfLiteral {
			c++
			if i+lzfLiteral <= len(src) { // with what follows, in two moves
				to, from := dst[at:at+lzfLiteral:at+lzfLiteral], src[i:i+lzfLiteral:i+lzfLiteral]
				move(to[0:word], from[0:word])
				move(to[word:2*word], from[word:2*word])
			} else if c > len(src)-i {
				return begin, errLZFEarly
			} else {
				copy(dst[at:], src[i:i+c])
			}
			i += c
			at += c
			continue
		}
		length := c>>5 + 2
		if length == 9 && i < len(src) {
			length += int(src[i])
			i++
		}
		if i >= len(src) {
			return begin, errLZFEarly
		}
		back := (c&31)<<8 + int(src[i]) + 1
		i++
		switch {
		case back > at: // the window has all that a distance can reach
			return begin, errLZFBack
		case back < word:
			to, from := dst[at:at+length], dst[at-back:]
			for k := range to {
				to[k] = from[k]
			}
		case length <= word: // most are
			move(dst[at:at+word], dst[at-back:at-back+word])
		default: // in whole words, with what follows
			for k := 0; k < length; k += word {
				move(dst[at+k:at+k+word], dst[at-back+k:at-back+k+word])
			}
		}
		at += length
	}
	z.end = at
	return i, nil
}

// move copies a word.
func move(to, from []byte) {
	_, _ = to[word-1], from[word-1]
	a, b := binary.LittleEndian.Uint64(from), binary.LittleEndian.Uint64(from[8:])
	binary.LittleEndian.PutUint64(to, a)
	binary.LittleEndian.PutUint64(to[8:], b)
}

// appendLZF appends the compressed form of src to dst. It has the same output on
// every machine; like liblzf it looks for one earlier place only.
func appendLZF(dst, src []byte) []byte {
	const bits = 16
	table := make([]uint32, 1<<bits) // 1 + position
	literal := func(from, to int) {
		for from < to {
			k := min(lzfLiteral, to-from)
			dst = append(dst, byte(k-1))
			dst = append(dst, src[from:from+k]...)
			from += k
		}
	}
	begin := 0
	for i := 0; i+4 <= len(src); {
		word := binary.LittleEndian.Uint32(src[i:]) << 8 // three bytes
		hash := word * 2654435761 >> (32 - bits)
		ref := int(table[hash]) - 1
		table[hash] = uint32(i) + 1
		if ref < 0 || i-ref > lzfDistance || src[ref] != src[i] || src[ref+1] != src[i+1] || src[ref+2] != src[i+2] {
			i++
			continue
		}
		length := 3
		for limit := min(lzfLength, len(src)-i); length < limit && src[ref+length] == src[i+length]; {
			length++
		}
		literal(begin, i)
		back := i - ref - 1
		if length-2 < 7 {
			dst = append(dst, byte((length-2)<<5|back>>8))
		} else {
			dst = append(dst, byte(7<<5|back>>8), byte(length-9))
		}
		dst = append(dst, byte(back))
		i += length
		begin = i
	}
	literal(begin, len(src))
	return dst
}
