package xyztiff

import (
	"encoding/binary"
	"math"
)

// Rows of samples on their way between the file and an Image. A row of bytes
// holds little-endian words here; other orders are swapped on the way in or
// out. An image's samples stand at, at+stride, at+2·stride …

var le = binary.LittleEndian

func isBig(o binary.ByteOrder) bool { return o == binary.BigEndian }

// swap reverses the bytes of each word of size bytes.
func swap(row []byte, size int) {
	switch size {
	case 2:
		for ; len(row) >= 2; row = row[2:] {
			row[0], row[1] = row[1], row[0]
		}
	case 4:
		for ; len(row) >= 4; row = row[4:] {
			le.PutUint32(row, binary.BigEndian.Uint32(row))
		}
	case 8:
		for ; len(row) >= 8; row = row[8:] {
			le.PutUint64(row, binary.BigEndian.Uint64(row))
		}
	}
}

// setWords stores the words of row as samples.
func (im *Image) setWords(at, stride int, row []byte) {
	switch {
	case im.F32 != nil:
		if stride == 1 {
			dst := im.F32[at:][:len(row)/4]
			for i := range dst {
				dst[i] = math.Float32frombits(le.Uint32(row[4*i:]))
			}
			return
		}
		for ; len(row) >= 4; row = row[4:] {
			im.F32[at] = math.Float32frombits(le.Uint32(row))
			at += stride
		}
	case im.F64 != nil:
		for ; len(row) >= 8; row = row[8:] {
			im.F64[at] = math.Float64frombits(le.Uint64(row))
			at += stride
		}
	default:
		for ; len(row) >= 2; row = row[2:] {
			im.U16[at] = le.Uint16(row)
			at += stride
		}
	}
}

// words fills row with samples, the inverse of setWords.
func (im *Image) words(at, stride int, row []byte) {
	switch {
	case im.F32 != nil:
		for ; len(row) >= 4; row = row[4:] {
			le.PutUint32(row, math.Float32bits(im.F32[at]))
			at += stride
		}
	case im.F64 != nil:
		for ; len(row) >= 8; row = row[8:] {
			le.PutUint64(row, math.Float64bits(im.F64[at]))
			at += stride
		}
	default:
		for ; len(row) >= 2; row = row[2:] {
			le.PutUint16(row, im.U16[at])
			at += stride
		}
	}
}

// setPlanes stores n samples from a row of byte planes: first the most
// significant byte of every word of the row, then the next one, and so on.
func (im *Image) setPlanes(at, stride, n int, row []byte) {
	if im.F32 != nil {
		w := len(row) / 4
		a, b, c, d := row[:w], row[w:][:w], row[2*w:][:w], row[3*w:][:w]
		for i := range n {
			v := uint32(a[i])<<24 | uint32(b[i])<<16 | uint32(c[i])<<8 | uint32(d[i])
			im.F32[at] = math.Float32frombits(v)
			at += stride
		}
		return
	}
	w := len(row) / 8
	for i := range n {
		var v uint64
		for k := i; k < len(row); k += w {
			v = v<<8 | uint64(row[k])
		}
		im.F64[at] = math.Float64frombits(v)
		at += stride
	}
}

// toPlanes turns the little-endian words of src into byte planes in dst.
func toPlanes(dst, src []byte, size int) {
	w := len(src) / size
	for i := range w {
		for k := range size {
			dst[k*w+i] = src[i*size+size-1-k]
		}
	}
}

// doWords replaces each word by its difference to the word of the same sample
// one pixel before, modulo its size: the horizontal predictor (TIFF 6.0,
// section 14), which libtiff also applies to the bits of floats.
func doWords(row []byte, size, samples int) {
	back := samples * size
	switch size {
	case 2:
		for i := len(row) - 2; i >= back; i -= 2 {
			le.PutUint16(row[i:], le.Uint16(row[i:])-le.Uint16(row[i-back:]))
		}
	case 4:
		for i := len(row) - 4; i >= back; i -= 4 {
			le.PutUint32(row[i:], le.Uint32(row[i:])-le.Uint32(row[i-back:]))
		}
	case 8:
		for i := len(row) - 8; i >= back; i -= 8 {
			le.PutUint64(row[i:], le.Uint64(row[i:])-le.Uint64(row[i-back:]))
		}
	}
}

// undoWords is the inverse of doWords.
func undoWords(row []byte, size, samples int) {
	back := samples * size
	switch size {
	case 2:
		for i := back; i < len(row); i += 2 {
			le.PutUint16(row[i:], le.Uint16(row[i:])+le.Uint16(row[i-back:]))
		}
	case 4:
		for i := back; i < len(row); i += 4 {
			le.PutUint32(row[i:], le.Uint32(row[i:])+le.Uint32(row[i-back:]))
		}
	case 8:
		for i := back; i < len(row); i += 8 {
			le.PutUint64(row[i:], le.Uint64(row[i:])+le.Uint64(row[i-back:]))
		}
	}
}

// doBytes replaces each byte of a row of planes by its difference to the byte
// samples before it: the second half of the floating-point predictor (Technical
// Note 3). It runs on from one plane into the next, as in libtiff.
func doBytes(row []byte, samples int) {
	for i := len(row) - 1; i >= samples; i-- {
		row[i] -= row[i-samples]
	}
}

// undoBytes is the inverse of doBytes.
func undoBytes(row []byte, samples int) {
	for i := samples; i < len(row); i++ {
		row[i] += row[i-samples]
	}
}
