package pcd

import (
	"encoding/binary"
	"errors"
	"fmt"
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

// expandLZF decompresses a stream that must fill dst.
func expandLZF(dst, src []byte) error {
	at := 0
	for i := 0; i < len(src); {
		begin := i
		c := int(src[i])
		i++
		if c < lzfLiteral {
			c++
			if i+lzfLiteral <= len(src) && at+lzfLiteral <= len(dst) { // with what follows, in one move
				to, from := dst[at:at+lzfLiteral:at+lzfLiteral], src[i:i+lzfLiteral:i+lzfLiteral]
				move(to[0:16], from[0:16])
				move(to[16:32], from[16:32])
			} else if c > len(src)-i || c > len(dst)-at {
				return lzfFault(dst, src, begin)
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
			return lzfFault(dst, src, begin)
		}
		back := (c&31)<<8 + int(src[i]) + 1
		i++
		if back > at || length > len(dst)-at {
			return lzfFault(dst, src, begin)
		}
		if length <= word && back >= word && len(dst)-at >= word { // most are short
			move(dst[at:at+word], dst[at-back:at-back+word])
		} else {
			expandMatch(dst, at, back, length)
		}
		at += length
	}
	if at != len(dst) {
		return lzfFault(dst, src, len(src))
	}
	return nil
}

const word = 16

// move copies a word.
func move(to, from []byte) {
	_, _ = to[15], from[15]
	a, b := binary.LittleEndian.Uint64(from), binary.LittleEndian.Uint64(from[8:])
	binary.LittleEndian.PutUint64(to, a)
	binary.LittleEndian.PutUint64(to[8:], b)
}

// expandMatch repeats length bytes from back bytes before place at on.
func expandMatch(dst []byte, at, back, length int) {
	if back >= word && length+word <= len(dst)-at { // with what follows, in whole words
		for from, end := at-back, at+length; at < end; at, from = at+word, from+word {
			move(dst[at:at+word], dst[from:from+word])
		}
		return
	}
	to, from := dst[at:at+length], dst[at-back:]
	for k := range to {
		to[k] = from[k]
	}
}

// lzfFault returns the error of a stream that does not fill dst, found at byte i.
func lzfFault(dst, src []byte, i int) error {
	if err := checkLZF(src, int64(len(dst))); err != nil {
		return err
	}
	panic(fmt.Sprintf("pcd: LZF of %d bytes for %d is sound, but not at byte %d", len(src), len(dst), i))
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
