package xyztiff

import (
	"bufio"
	"io"
)

// packBitsReader decodes PackBits (TIFF 6.0, section 9). Runs may cross rows,
// which the specification forbids writers but libtiff's reader allows too.
type packBitsReader struct {
	r       *bufio.Reader
	run     int // bytes left of the run
	literal bool
	value   byte
}

func (d *packBitsReader) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if d.run == 0 {
			if err := d.start(); err != nil {
				return n, err
			}
			continue
		}
		dst := p[n:min(len(p), n+d.run)]
		if d.literal {
			if k, err := io.ReadFull(d.r, dst); err != nil {
				return n + k, err
			}
		} else {
			for i := range dst {
				dst[i] = d.value
			}
		}
		n += len(dst)
		d.run -= len(dst)
	}
	return n, nil
}

// start reads the head of the next run, or passes over a no-operation.
func (d *packBitsReader) start() error {
	b, err := d.r.ReadByte()
	switch head := int(int8(b)); {
	case err != nil:
		return err
	case head >= 0:
		d.run, d.literal = head+1, true
	case head > -128:
		d.run, d.literal = 1-head, false
		d.value, err = d.r.ReadByte()
	}
	return err
}

// appendPackBits appends the PackBits form of one row to dst.
func appendPackBits(dst, row []byte) []byte {
	const most = 128
	for len(row) > 0 {
		run := 1
		for run < min(len(row), most) && row[run] == row[0] {
			run++
		}
		if run >= 3 || run == len(row) && run > 1 {
			dst = append(dst, byte(1-run), row[0])
			row = row[run:]
			continue
		}
		// A literal goes on to the next three equal bytes: a shorter run in
		// between costs more than it saves.
		end := run
		for end < min(len(row), most) && (end+2 >= len(row) || row[end] != row[end+1] || row[end] != row[end+2]) {
			end++
		}
		dst = append(append(dst, byte(end-1)), row[:end]...)
		row = row[end:]
	}
	return dst
}
