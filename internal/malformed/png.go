package malformed

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
)

// chunk is one of a PNG file.
type chunk struct {
	name string
	data []byte
}

const pngSignature = "\x89PNG\r\n\x1a\n"

func pngOf(chunks ...chunk) []byte {
	b := []byte(pngSignature)
	for _, c := range chunks {
		b = binary.BigEndian.AppendUint32(b, uint32(len(c.data)))
		at := len(b)
		b = append(append(b, c.name...), c.data...)
		b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[at:]))
	}
	return b
}

// ihdr is the header chunk; rest is bits, colour type, compression, filter and
// interlacing.
func ihdr(w, h uint32, rest ...byte) chunk {
	return chunk{"IHDR", append(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h), rest...)}
}

// pixels are the rows of a 4×3 image of 16 bits, each after its filter.
func pixels(filter byte) []byte {
	var b []byte
	for y := range 3 {
		b = append(b, filter)
		for x := range 4 {
			b = binary.BigEndian.AppendUint16(b, uint16(1000*y+x))
		}
	}
	return b
}

var iend = chunk{"IEND", nil}

func pngSound() []Sound {
	b := pngOf(ihdr(4, 3, 16, 0, 0, 0, 0), chunk{"IDAT", deflated(pixels(0))}, iend)
	return []Sound{{PNG, "plain", b, len(b)}}
}

func pngFiles() []File {
	m := maker{format: PNG}
	head, data := ihdr(4, 3, 16, 0, 0, 0, 0), chunk{"IDAT", deflated(pixels(0))}
	sound := pngOf(head, data, iend)
	of := func(class Class, what string, chunks ...chunk) { m.add(class, what, pngOf(chunks...)) }
	for i := range pngSignature {
		m.add(Invalid, fmt.Sprintf("byte %d of the signature", i), edit(sound, func(b []byte) { b[i] ^= 0x20 }))
	}
	m.text(Invalid, "the signature alone", pngSignature)
	of(Invalid, "nothing but the end", iend)
	of(Invalid, "no header", data, iend)
	of(Invalid, "a header of 12 bytes", chunk{"IHDR", head.data[:12]}, data, iend)
	of(Invalid, "a header of 14 bytes", chunk{"IHDR", append(head.data[:13:13], 0)}, data, iend)
	of(Invalid, "two headers", head, head, data, iend)
	of(Invalid, "no pixels", head, iend)
	of(Invalid, "no end", head, data)
	of(Invalid, "an unknown critical chunk without pixels", head, chunk{"CRIT", []byte{1}}, iend)
	of(Invalid, "width 0", ihdr(0, 3, 16, 0, 0, 0, 0), data, iend)
	of(Invalid, "height 0", ihdr(4, 0, 16, 0, 0, 0, 0), data, iend)
	of(Invalid, "width of 2³¹", ihdr(1<<31, 3, 16, 0, 0, 0, 0), data, iend)
	of(Invalid, "height of 2³²−1", ihdr(4, 1<<32-1, 16, 0, 0, 0, 0), data, iend)
	of(TooLarge, "2³¹−1 pixels squared", ihdr(1<<31-1, 1<<31-1, 16, 0, 0, 0, 0), data, iend)
	of(TooLarge, "65536 pixels squared", ihdr(1<<16, 1<<16, 16, 0, 0, 0, 0), data, iend)
	of(Invalid, "16384 pixels squared that are not there", ihdr(1<<14, 1<<14, 16, 0, 0, 0, 0), data, iend)
	for _, bits := range []byte{0, 1, 2, 4, 8, 15, 17, 32, 255} {
		of(Unsupported, fmt.Sprintf("%d bits", bits), ihdr(4, 3, bits, 0, 0, 0, 0), data, iend)
	}
	for _, colour := range []byte{2, 3, 4, 6} {
		of(Unsupported, fmt.Sprintf("colour type %d", colour), ihdr(4, 3, 16, colour, 0, 0, 0), data, iend)
	}
	for _, colour := range []byte{1, 5, 7, 255} {
		of(Invalid, fmt.Sprintf("colour type %d", colour), ihdr(4, 3, 16, colour, 0, 0, 0), data, iend)
	}
	of(Invalid, "compression method 1", ihdr(4, 3, 16, 0, 1, 0, 0), data, iend)
	of(Invalid, "filter method 1", ihdr(4, 3, 16, 0, 0, 1, 0), data, iend)
	of(Invalid, "interlace method 2", ihdr(4, 3, 16, 0, 0, 0, 2), data, iend)
	of(Invalid, "interlaced by the header alone", ihdr(40, 30, 16, 0, 0, 0, 1), data, iend)
	for _, filter := range []byte{5, 128, 255} {
		of(Invalid, fmt.Sprintf("filter %d", filter), head, chunk{"IDAT", deflated(pixels(filter))}, iend)
	}
	z := data.data
	for what, b := range map[string][]byte{
		"no bytes":              nil,
		"a zlib header alone":   z[:2],
		"no zlib header":        z[2:],
		"cut":                   z[:len(z)/2],
		"a wrong checksum":      edit(z, func(b []byte) { b[len(b)-1] ^= 1 }),
		"a row short":           deflated(pixels(0)[:18]),
		"a byte short":          deflated(pixels(0)[:26]),
		"a row too many":        deflated(append(pixels(0), pixels(0)[:9]...)),
		"a preset dictionary":   {0x78, 0xbb, 0, 0, 0, 1, 0x03, 0},
		"a reserved block type": {0x78, 0x9c, 0x07, 0, 0, 0, 0, 0},
		"garbage":               slices.Repeat([]byte{0xa5}, 60),
		"a bomb":                deflated(make([]byte, bombSize)),
	} {
		of(Invalid, "pixels: "+what, head, chunk{"IDAT", b}, iend)
	}
	of(Invalid, "pixels in two runs", head, chunk{"IDAT", z[:10]}, chunk{"tEXt", []byte("a\x00b")}, chunk{"IDAT", z[10:]}, iend)
	of(Invalid, "a bomb of 256 MiB that is not whole", ihdr(1<<14, 1<<13, 16, 0, 0, 0, 0), chunk{"IDAT", deflated(make([]byte, bombSize))}, iend)
	of(Unsupported, "a transparent grey", head, chunk{"tRNS", []byte{0, 1}}, data, iend)
	for i, name := range []string{"IHDR", "IDAT", "IEND"} {
		at := slices.Index(sound, 'I') // each chunk: length, name, data, checksum
		for range i {
			at += 8 + int(binary.BigEndian.Uint32(sound[at-4:])) + 4
		}
		n := int(binary.BigEndian.Uint32(sound[at-4:]))
		m.add(Invalid, name+": a wrong checksum", edit(sound, func(b []byte) { b[at+4+n] ^= 1 }))
		for _, n := range []uint32{1 << 16, 1<<31 - 1, 1 << 31, 1<<32 - 1} {
			m.add(Invalid, fmt.Sprintf("%s of %d bytes", name, n), edit(sound, func(b []byte) { binary.BigEndian.PutUint32(b[at-4:], n) }))
		}
	}
	return m.files
}
