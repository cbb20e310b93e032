package npy

import (
	"io"
	"slices"
)

// Decode reads one array. It reads no further than its last value: files with
// arrays in a row, as numpy.save appends them, take one call each.
func Decode(r io.Reader, o Options) (*Array, error) {
	h, err := DecodeHeader(r, o)
	if err != nil {
		return nil, err
	}
	n, err := size(h, o.maxBytes())
	if err != nil {
		return nil, err
	}
	a := &Array{Shape: h.Shape, Type: h.Type}
	if a.Data, err = values(r, n); err != nil {
		return nil, err
	}
	if h.BigEndian {
		swap(a.Data, h.Type.Size())
	}
	if h.Fortran && len(h.Shape) > 1 {
		a.Data = transpose(a.Data, h.Shape, h.Type.Size(), true)
	}
	if h.Type == Bool {
		for i, b := range a.Data {
			if b > 1 {
				return nil, invalid("value %d of %d: boolean %d", i, len(a.Data), b)
			}
		}
	}
	return a, nil
}

// values reads n bytes, taking memory as they come.
func values(r io.Reader, n int) ([]byte, error) {
	const first = 1 << 20
	data := make([]byte, 0, min(n, first))
	for len(data) < n {
		if len(data) == cap(data) {
			data = slices.Grow(data, min(n-len(data), len(data)))
		}
		from := len(data)
		data = data[:min(n, cap(data))]
		if err := read(r, data[from:], "values"); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// swap reverses the bytes of each value.
func swap(data []byte, size int) {
	if size == 1 {
		return
	}
	for i := 0; i < len(data); i += size {
		slices.Reverse(data[i : i+size])
	}
}

// transpose returns the values in C order of an array in Fortran order, or with
// toC false the other way round.
func transpose(data []byte, shape []int, size int, toC bool) []byte {
	out := make([]byte, len(data))
	// The index of the value in C order counts up; at is its place in Fortran
	// order, whose steps the index of each dimension multiplies.
	step := make([]int, len(shape))
	s := 1
	for d, n := range shape {
		step[d] = s
		s *= n
	}
	index, at := make([]int, len(shape)), 0
	for c := 0; c < len(data); c += size {
		f := at * size
		if toC {
			copy(out[c:c+size], data[f:])
		} else {
			copy(out[f:f+size], data[c:])
		}
		for d := len(shape) - 1; d >= 0; d-- {
			index[d]++
			at += step[d]
			if index[d] < shape[d] {
				break
			}
			at -= step[d] * shape[d]
			index[d] = 0
		}
	}
	return out
}
