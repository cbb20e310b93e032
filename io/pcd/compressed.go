package pcd

import (
	"bytes"
	"encoding/binary"
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
	starts, strides, full := l.columns(true)
	if plain != full {
		var bare int64
		if starts, strides, bare = l.columns(false); plain != bare {
			return nil, invalid("compressed data: %d bytes when decompressed, want %d for %d points", plain, full, n)
		}
	}
	stream, err := readAll(s, packed)
	if err != nil {
		return nil, invalid("compressed data: %d of %d bytes: %w", len(stream), packed, points.Early(err))
	}
	if plain > likely*packed+allowance {
		if err := checkLZF(stream, plain); err != nil {
			return nil, invalid("compressed data: %w", err)
		}
	}
	body := make([]byte, plain)
	if err := expandLZF(body, stream); err != nil {
		return nil, invalid("compressed data: %w", err)
	}
	t := points.NewTable(l.cols, l.stride, int(n))
	t.AddColumns(body, int(n), starts, strides)
	return t, nil
}

// columns returns where the values of each column begin, how far apart they are,
// and how long all are, with padding fields or without.
func (l *layout) columns(padding bool) (starts, strides []int, total int64) {
	for _, f := range l.h.Fields {
		for k := range f.Count {
			starts = append(starts, int(total)+k*f.Size)
			strides = append(strides, f.Count*f.Size)
		}
		if padding || f.Name != "_" {
			total += int64(f.Count) * int64(f.Size) * int64(l.h.Points)
		}
	}
	return starts, strides, total
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
