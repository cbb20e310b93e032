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

// expandLZF decompresses a stream that checkLZF has found to fill dst.
func expandLZF(dst, src []byte) {
	at := 0
	for i := 0; i < len(src); {
		c := int(src[i])
		i++
		if c < lzfLiteral {
			c++
			copy(dst[at:at+c], src[i:i+c])
			i += c
			at += c
			continue
		}
		length := c>>5 + 2
		if length == 9 {
			length += int(src[i])
			i++
		}
		from := at - (c&31)<<8 - int(src[i]) - 1
		i++
		if d := at - from; d >= length {
			copy(dst[at:at+length], dst[from:from+length])
		} else { // the copy reads what it has written: by doubling
			for done := 0; done < length; {
				done += copy(dst[at+done:at+length], dst[from:at+done])
			}
		}
		at += length
	}
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
