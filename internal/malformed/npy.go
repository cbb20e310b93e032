package malformed

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
)

// npyOf returns an array of version 1 with the given dictionary.
func npyOf(head, values string) []byte {
	head += "\n"
	b := binary.LittleEndian.AppendUint16([]byte("\x93NUMPY\x01\x00"), uint16(len(head)))
	return append(append(b, head...), values...)
}

const npySix = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"

func npySound() []Sound {
	b, z := npyOf(npySix, floats(1, 2, 3, 4, 5, 6)), npzOf(zip.Deflate, "a.npy", npyOf(npySix, floats(1, 2, 3, 4, 5, 6)))
	return []Sound{{NPY, "plain", b, len(b)}, {NPZ, "deflated", z, len(z)}}
}

func npyFiles() []File {
	m := maker{format: NPY}
	values := floats(1, 2, 3, 4, 5, 6)
	sound := npyOf(npySix, values)
	for i := range 6 {
		m.add(Invalid, fmt.Sprintf("byte %d of the signature", i), edit(sound, func(b []byte) { b[i] ^= 0x20 }))
	}
	for _, v := range []byte{0, 4, 255} {
		m.add(Unsupported, fmt.Sprintf("version %d", v), edit(sound, func(b []byte) { b[6] = v }))
	}
	m.add(Invalid, "a header of 0 bytes", edit(sound, func(b []byte) { b[8], b[9] = 0, 0 }))
	m.add(Invalid, "a header of 65535 bytes", edit(sound, func(b []byte) { b[8], b[9] = 255, 255 }))
	m.add(TooLarge, "a header of 2³²−1 bytes", []byte("\x93NUMPY\x02\x00\xff\xff\xff\xff{"))
	m.add(Invalid, "a header of 65536 bytes that are not there", []byte("\x93NUMPY\x03\x00\x00\x00\x01\x00{"))
	for _, head := range []string{
		"", "{", "}", "{}", "()", "{'descr': '<f4'}", "{'descr': '<f4', 'fortran_order': False}", "{'fortran_order': False, 'shape': (6,)}", "{'descr': '<f4', 'shape': (6,)}",
		npySix + " 1", npySix + npySix, "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (6,)}", "{'descr': '<f4', 'fortran_order': False, 'shape': (6,), 'more': 1}",
		"{'descr' '<f4', 'fortran_order': False, 'shape': (6,)}", "{'descr': '<f4' 'fortran_order': False, 'shape': (6,)}", "{'descr: '<f4', 'fortran_order': False, 'shape': (6,)}",
		"{'descr': <f4, 'fortran_order': False, 'shape': (6,)}", "{'descr': '<f4', 'fortran_order': false, 'shape': (6,)}", "{'descr': '<f4', 'fortran_order': 0, 'shape': (6,)}",
		"__import__('os').system('true')", "{'descr': '<f4', 'fortran_order': False, 'shape': __import__('os')}",
	} {
		m.add(Invalid, fmt.Sprintf("header %q", head), npyOf(head, values))
	}
	for _, shape := range []string{"6", "(6", "6,)", "(-6,)", "(2, -3)", "(-2, -3)", "(2.0, 3)", "(6e0,)", "(x,)", "(, 6)", "('6',)", "(99999999999999999999,)", "[2, 3]", "(2 3)", "None"} {
		m.add(Invalid, "shape "+shape, npyOf("{'descr': '<f4', 'fortran_order': False, 'shape': "+shape+", }", values))
	}
	for _, shape := range []string{"(4611686018427387904, 4)", "(4294967296, 4294967296)", "(9223372036854775807,)", "(1099511627776,)", "(2147483647, 2147483647, 2147483647)", "(0, 4294967296, 4294967296)"} {
		m.add(TooLarge, "shape "+shape, npyOf("{'descr': '<f4', 'fortran_order': False, 'shape': "+shape+", }", values))
	}
	m.add(Unsupported, "100 dimensions", npyOf("{'descr': '<f4', 'fortran_order': False, 'shape': ("+strings.Repeat("1, ", 100)+"), }", values))
	for _, descr := range []string{"''", "'f'", "'<'", "'|O'", "'O'", "'<f16'", "'<c8'", "'<U10'", "'|S8'", "'<M8[ns]'", "'=f4'", "'|f4'", "'<f3'", "'<f-4'", "[('x', '<f4')]", "'<V4'"} {
		m.add(Unsupported, "type "+descr, npyOf("{'descr': "+descr+", 'fortran_order': False, 'shape': (6,), }", values))
	}
	for _, shape := range []string{"(7,)", "(3, 3)", "(1000000,)", "(200000000,)"} {
		m.add(Invalid, "shape "+shape+", six values there", npyOf("{'descr': '<f4', 'fortran_order': False, 'shape': "+shape+", }", values))
	}
	return m.files
}

// npzOf returns an archive of one entry.
func npzOf(method uint16, name string, data []byte) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: method})
	if err == nil {
		_, err = w.Write(data)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		panic(err) // of a buffer
	}
	return b.Bytes()
}

func npzFiles() []File {
	m := maker{format: NPZ}
	array := npyOf(npySix, floats(1, 2, 3, 4, 5, 6))
	stored := npzOf(zip.Store, "a.npy", array)
	at := bytes.Index(stored, array)
	dir := bytes.Index(stored, []byte("PK\x01\x02"))
	end := bytes.Index(stored, []byte("PK\x05\x06"))
	u32 := func(at int, v uint32) []byte {
		return edit(stored, func(b []byte) { binary.LittleEndian.PutUint32(b[at:], v) })
	}
	m.text(Invalid, "empty", "")
	m.text(Invalid, "a signature alone", "PK\x03\x04")
	m.add(Invalid, "no directory", stored[:dir])
	m.add(Invalid, "no end of the directory", stored[:end])
	m.add(Invalid, "a value changed", edit(stored, func(b []byte) { b[at+len(array)-1] ^= 1 }))
	m.add(Invalid, "a wrong checksum", u32(dir+16, 12345))
	m.add(Invalid, "an entry of 2³²−2 bytes", u32(dir+20, 1<<32-2))
	m.add(Invalid, "an entry behind the end", u32(dir+42, 1<<31))
	m.add(Invalid, "a directory behind the end", u32(end+16, 1<<31))
	m.add(Invalid, "a directory of 2³¹ bytes", u32(end+12, 1<<31))
	m.add(Invalid, "a thousand entries, one there", edit(stored, func(b []byte) { binary.LittleEndian.PutUint16(b[end+10:], 1000) }))
	m.add(Unsupported, "compression method 99", edit(stored, func(b []byte) { b[dir+10] = 99 }))
	m.add(Invalid, "an array cut", npzOf(zip.Deflate, "a.npy", array[:len(array)-1]))
	m.add(Invalid, "more than an array", npzOf(zip.Deflate, "a.npy", append(array[:len(array):len(array)], 0)))
	m.add(Invalid, "no array", npzOf(zip.Deflate, "a.npy", nil))
	m.add(Invalid, "no NPY", npzOf(zip.Deflate, "a.npy", []byte("this is no array")))
	m.add(TooLarge, "an array of 2⁴² bytes", npzOf(zip.Deflate, "a.npy", npyOf("{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776,), }", "")))
	m.add(Invalid, "a bomb of 64 MiB behind an array", npzOf(zip.Deflate, "a.npy", append(array[:len(array):len(array)], make([]byte, bombSize)...)))
	m.add(Invalid, "a bomb that is not whole", npzOf(zip.Deflate, "a.npy", npyOf("{'descr': '|u1', 'fortran_order': False, 'shape': (67108865,), }", string(make([]byte, bombSize)))))
	return m.files
}
