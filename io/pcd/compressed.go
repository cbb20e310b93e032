package pcd

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/iad3d/iad3d/internal/points"
)

// Data that claim to shrink by more than this are walked through before anything
// of their size is allocated.
const likely, allowance = 4, 1 << 20

// compressed reads data as PCL's writeBinaryCompressed makes them: the sizes of
// the compressed and the plain data, 4 bytes each, and an LZF stream that holds
// all values of the first field, then all of the second, and so on.
func (l *layout) compressed(s *points.Source) (*points.Table, error) {
	n := int64(l.h.Points)
	var sizes [8]byte
	if k, err := io.ReadFull(s, sizes[:]); err != nil {
		if n == 0 && k == 0 && err == io.EOF {
			return points.NewTable(l.cols, l.stride, 0), nil
		}
		return nil, invalid("compressed data: %w", points.Early(err))
	}
	packed, plain := int64(binary.LittleEndian.Uint32(sizes[:])), int64(binary.LittleEndian.Uint32(sizes[4:]))
	padding := true // stored
	full, bare := l.plain(true), l.plain(false)
	if plain != full {
		if padding = false; plain != bare {
			return nil, invalid("compressed data: %d bytes when decompressed, want %d for %d points", plain, full, n)
		}
	}
	unlikely := plain > likely*packed+allowance
	if int64(s.Promised(packed, 1)) < packed || unlikely {
		stream, err := readAll(s, packed)
		if err != nil {
			return nil, invalid("compressed data: %d of %d bytes: %w", len(stream), packed, points.Early(err))
		}
		if unlikely {
			if err := checkLZF(stream, plain); err != nil {
				return nil, invalid("compressed data: %w", err)
			}
		}
		s = points.NewSource(bytes.NewReader(stream))
	}
	t, err := l.expand(s, packed, plain, padding)
	if err != nil {
		return nil, invalid("compressed data: %w", err)
	}
	return t, nil
}

// plain returns the bytes of all points, with padding fields or without.
func (l *layout) plain(padding bool) (total int64) {
	for _, f := range l.h.Fields {
		if padding || f.Name != "_" {
			total += int64(f.Count) * int64(f.Size) * int64(l.h.Points)
		}
	}
	return total
}

// expand decompresses the stream of packed bytes in s, of which plain come.
func (l *layout) expand(s *points.Source, packed, plain int64, padding bool) (*points.Table, error) {
	unit := 0
	for _, f := range l.h.Fields {
		unit = max(unit, f.Count*f.Size)
	}
	n := l.h.Points
	z := newExpander(s, packed, unit)
	t := points.NewTable(l.cols, l.stride, n)
	column := 0
	for _, f := range l.h.Fields {
		unit := f.Count * f.Size
		for done := 0; done < n && (padding || f.Name != "_"); {
			k := min(n-done, (z.end-z.start)/unit)
			if k == 0 {
				switch err := z.fill(); {
				case err == io.EOF:
					return nil, fmt.Errorf("gives %d bytes, want %d", z.out, plain)
				case err != nil:
					return nil, err
				}
				continue
			}
			for j := range f.Count {
				t.SetColumn(column+j, done, k, z.buf[z.start+j*f.Size:z.end], unit)
			}
			z.start += k * unit
			done += k
		}
		column += f.Count
	}
	if z.start < z.end || z.fill() != io.EOF {
		return nil, fmt.Errorf("gives more than %d bytes", plain)
	}
	return t, nil
}

// readAll reads n bytes, in one piece where the file is known to have them.
func readAll(s *points.Source, n int64) ([]byte, error) {
	if int64(s.Promised(n, 1)) == n {
		b := make([]byte, n)
		k, err := io.ReadFull(s, b)
		return b[:k], err
	}
	var b bytes.Buffer
	k, err := io.CopyN(&b, s, n)
	return b.Bytes()[:k], err
}
