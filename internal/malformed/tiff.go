package malformed

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// entry is one of a TIFF directory. Values of more than 4 bytes (8 in a BigTIFF) go
// behind the directory, unless at says where they are claimed to be.
type entry struct {
	tag, typ uint16
	values   []uint64
	count    *uint64 // claimed, nil for the number of values
	at       *uint64
}

// tiff is a file of 4×3 pixels of three floats in two strips.
type tiff struct {
	big     bool
	entries []entry
	data    []byte
	next    uint64  // offset of the next directory
	first   *uint64 // claimed offset of the first one
	number  *uint64 // claimed number of entries
}

const (
	short, long, long8 = 3, 4, 16

	tiffWidth, tiffHeight = 4, 3
	tiffData              = 512 // where the data begin, in every file
)

func claim(v uint64) *uint64 { return &v }

func newTIFF() *tiff {
	t := &tiff{entries: []entry{
		{tag: 256, typ: short, values: []uint64{tiffWidth}},
		{tag: 257, typ: short, values: []uint64{tiffHeight}},
		{tag: 258, typ: short, values: []uint64{32, 32, 32}},
		{tag: 259, typ: short, values: []uint64{1}},
		{tag: 262, typ: short, values: []uint64{2}},
		{tag: 273, typ: long, values: []uint64{tiffData, tiffData + 96}},
		{tag: 277, typ: short, values: []uint64{3}},
		{tag: 278, typ: short, values: []uint64{2}},
		{tag: 279, typ: long, values: []uint64{96, 48}},
		{tag: 284, typ: short, values: []uint64{1}},
		{tag: 339, typ: short, values: []uint64{3, 3, 3}},
	}}
	for i := range tiffWidth * tiffHeight * 3 {
		t.data = binary.LittleEndian.AppendUint32(t.data, math.Float32bits(float32(1+i)))
	}
	return t
}

// set replaces the entry of its tag, or adds it.
func (t *tiff) set(e entry) *tiff {
	if i := slices.IndexFunc(t.entries, func(o entry) bool { return o.tag == e.tag }); i >= 0 {
		t.entries[i] = e
	} else {
		t.entries = append(t.entries, e)
	}
	return t
}

func (t *tiff) del(tag uint16) *tiff {
	t.entries = slices.DeleteFunc(t.entries, func(e entry) bool { return e.tag == tag })
	return t
}

func (t *tiff) of(tag uint16) entry {
	return t.entries[slices.IndexFunc(t.entries, func(e entry) bool { return e.tag == tag })]
}

func sizeOf(typ uint16) int {
	switch typ {
	case short:
		return 2
	case long:
		return 4
	case long8:
		return 8
	}
	return 1
}

func put(b []byte, size int, v uint64) []byte {
	for i := range size {
		b = append(b, byte(v>>(8*i)))
	}
	return b
}

func (t *tiff) bytes() []byte {
	word, head, b := 4, 8, []byte("II*\x00")
	if t.big {
		word, head, b = 8, 16, []byte("II+\x00\x08\x00\x00\x00")
	}
	at := uint64(head)
	if t.first != nil {
		at = *t.first
	}
	b = put(b, word, at)
	n := uint64(len(t.entries))
	number := n
	if t.number != nil {
		number = *t.number
	}
	b = put(b, []int{2, 8}[word/8], number)
	values := len(b) + len(t.entries)*(4+2*word) + word // where values that do not fit go
	var behind []byte
	for _, e := range t.entries {
		count := uint64(len(e.values))
		if e.count != nil {
			count = *e.count
		}
		b = put(put(put(b, 2, uint64(e.tag)), 2, uint64(e.typ)), word, count)
		var v []byte
		for _, x := range e.values {
			v = put(v, sizeOf(e.typ), x)
		}
		switch {
		case e.at != nil:
			b = put(b, word, *e.at)
		case len(v) > word:
			b = put(b, word, uint64(values+len(behind)))
			behind = append(behind, v...)
		default:
			b = append(b, append(v, make([]byte, word-len(v))...)...)
		}
	}
	b = append(put(b, word, t.next), behind...)
	return append(append(b, make([]byte, tiffData-len(b))...), t.data...)
}

func tiffFiles() []File {
	m := maker{format: TIFF}
	sound := newTIFF().bytes()
	bad := func(what string, class Class, fn func(t *tiff)) {
		t := newTIFF()
		fn(t)
		m.add(class, what, t.bytes())
	}

	// The first bytes.
	for n, what := range map[int]string{2: "a byte order alone", 4: "a signature alone", 7: "half an offset", 8: "a header alone"} {
		m.add(Invalid, what, sound[:n])
	}
	for what, head := range map[string]string{"both byte orders": "IM*\x00", "version 41": "II\x29\x00", "version 44": "II\x2c\x00", "the other byte order's version": "II\x00*"} {
		m.add(Invalid, what, edit(sound, func(b []byte) { copy(b, head) }))
	}
	size := uint64(len(sound))
	for _, at := range []uint64{0, 1, size - 1, size, 1 << 31, 1<<32 - 1} {
		bad(fmt.Sprintf("directory at %d", at), Invalid, func(t *tiff) { t.first = claim(at) })
	}
	for _, n := range []uint64{0, 100, 1<<16 - 1} {
		bad(fmt.Sprintf("directory of %d entries", n), Invalid, func(t *tiff) { t.number = claim(n) })
	}

	// Every tag that is read, with a type that is none of an unsigned number, without
	// a value, with more than the file holds, and with values beyond the end.
	for _, tag := range []uint16{256, 257, 258, 259, 273, 277, 278, 279, 284, 339} {
		for _, typ := range []uint16{0, 2, 5, 6, 11, 12, 0xffff} {
			bad(fmt.Sprintf("tag %d of type %d", tag, typ), Invalid, func(t *tiff) {
				e := t.of(tag)
				e.typ = typ
				t.set(e)
			})
		}
		bad(fmt.Sprintf("tag %d without a value", tag), Invalid, func(t *tiff) {
			e := t.of(tag)
			e.count = claim(0)
			t.set(e)
		})
		for _, n := range []uint64{1 << 31, 1<<32 - 1} {
			bad(fmt.Sprintf("tag %d of %d values", tag, n), Invalid, func(t *tiff) {
				e := t.of(tag)
				e.count, e.at = claim(n), claim(8)
				t.set(e)
			})
		}
	}
	for _, tag := range []uint16{258, 273, 279, 339} {
		for _, at := range []uint64{size, size - 1, 1 << 31, 1<<32 - 1} {
			bad(fmt.Sprintf("values of tag %d at %d", tag, at), Invalid, func(t *tiff) {
				e := t.of(tag)
				e.at = claim(at)
				t.set(e)
			})
		}
	}
	for _, tag := range []uint16{256, 257, 273, 279} {
		bad(fmt.Sprintf("no tag %d", tag), Invalid, func(t *tiff) { t.del(tag) })
	}

	// Values that make no sense, or that are not read.
	one := func(tag, typ uint16, v ...uint64) func(*tiff) {
		return func(t *tiff) { t.set(entry{tag: tag, typ: typ, values: v}) }
	}
	for _, c := range []struct {
		what  string
		class Class
		fn    func(*tiff)
	}{
		{"width 0", Invalid, one(256, long, 0)},
		{"height 0", Invalid, one(257, long, 0)},
		{"width of 2³²−1", TooLarge, one(256, long, 1<<32-1)},
		{"height of 2³²−1", TooLarge, one(257, long, 1<<32-1)},
		{"width and height of 2³¹", TooLarge, func(t *tiff) { one(256, long, 1<<31)(t); one(257, long, 1<<31)(t) }},
		{"no sample", Unsupported, one(277, short, 0)},
		{"two samples", Unsupported, one(277, short, 2)},
		{"65535 samples", Unsupported, one(277, short, 65535)},
		{"no bit", Unsupported, one(258, short, 0, 0, 0)},
		{"8 bits", Unsupported, one(258, short, 8, 8, 8)},
		{"samples of different sizes", Unsupported, one(258, short, 32, 64, 32)},
		{"integers", Unsupported, one(339, short, 1, 1, 1)},
		{"signed integers", Unsupported, one(339, short, 2, 2, 2)},
		{"complex numbers", Unsupported, one(339, short, 6, 6, 6)},
		{"samples of different kinds", Unsupported, one(339, short, 3, 1, 3)},
		{"compression 0", Invalid, one(259, short, 0)},
		{"JPEG", Unsupported, one(259, short, 7)},
		{"compression 65535", Unsupported, one(259, short, 65535)},
		{"planar configuration 0", Invalid, one(284, short, 0)},
		{"planar configuration 3", Invalid, one(284, short, 3)},
		{"strips of no row", Invalid, one(278, short, 0)},
		{"strips of one row, two given", Invalid, one(278, short, 1)},
		{"planes, strips of one", Invalid, one(284, short, 2)},
		{"one offset for two strips", Invalid, one(273, long, tiffData)},
		{"one count for two strips", Invalid, one(279, long, 96)},
		{"a strip of no bytes", Invalid, one(279, long, 96, 0)},
		{"a strip a byte short", Invalid, one(279, long, 96, 47)},
		{"a strip at the end of the file", Invalid, one(273, long, tiffData, size)},
		{"a strip half beyond the end", Invalid, one(273, long, tiffData, size-24)},
		{"a strip at 2³²−1", Invalid, one(273, long, tiffData, 1<<32-1)},
		{"the same strip twice", Invalid, one(273, long, tiffData, tiffData)},
		{"strips that share a byte", Invalid, one(273, long, tiffData, tiffData+95)},
		{"strips and tiles", Invalid, func(t *tiff) { one(322, short, 16)(t); one(323, short, 16)(t) }},
		{"tiles of no width", Invalid, func(t *tiff) { tiles(t, 0, 16) }},
		{"tiles of 17 pixels", Invalid, func(t *tiff) { tiles(t, 17, 16) }},
		{"tiles of 2³² pixels", TooLarge, func(t *tiff) { tiles(t, 1<<32-16, 1<<32-16) }},
		{"strips of a raster that is not there", Invalid, func(t *tiff) { one(256, long, 5000)(t); one(257, long, 5000)(t); one(278, long, 5000)(t) }},
		{"more strips than can be", TooLarge, func(t *tiff) { one(257, long, 1<<23)(t); one(278, long, 1)(t) }},
	} {
		bad(c.what, c.class, c.fn)
	}

	// BigTIFF counts with 64 bits.
	huge := func(what string, class Class, fn func(t *tiff)) {
		t := newTIFF()
		t.big = true
		fn(t)
		m.add(class, "BigTIFF: "+what, t.bytes())
	}
	huge("directory at 2⁶⁴−1", Invalid, func(t *tiff) { t.first = claim(math.MaxUint64) })
	huge("directory at 2⁶³", Invalid, func(t *tiff) { t.first = claim(1 << 63) })
	huge("2⁶⁴−1 entries", Invalid, func(t *tiff) { t.number = claim(math.MaxUint64) })
	huge("entries whose size overflows", Invalid, func(t *tiff) { t.number = claim(math.MaxUint64/20 + 2) })
	huge("width of 2⁶³", TooLarge, one(256, long8, 1<<63))
	huge("width × height of 2⁶⁴", TooLarge, func(t *tiff) { one(256, long8, 1<<32)(t); one(257, long8, 1<<32)(t) })
	huge("a strip at 2⁶⁴−1", Invalid, one(273, long8, tiffData, math.MaxUint64))
	huge("a strip of 2⁶⁴−1 bytes beyond the end", Invalid, func(t *tiff) { one(273, long8, tiffData, 1<<40)(t) })
	huge("2⁶¹ offsets, whose size overflows", Invalid, func(t *tiff) { t.set(entry{tag: 273, typ: long8, count: claim(1 << 61), at: claim(8)}) })
	m.add(Invalid, "BigTIFF: offsets of 4 bytes", edit(func() []byte { t := newTIFF(); t.big = true; return t.bytes() }(), func(b []byte) { b[4] = 4 }))
	return m.files
}

// tiles turns the strips into tiles.
func tiles(t *tiff, w, h uint64) {
	t.del(273).del(278).del(279)
	t.set(entry{tag: 322, typ: long, values: []uint64{w}}).set(entry{tag: 323, typ: long, values: []uint64{h}})
	t.set(entry{tag: 324, typ: long, values: []uint64{tiffData}}).set(entry{tag: 325, typ: long, values: []uint64{144}})
}

func tiffSound() []Sound {
	plain := newTIFF().bytes()
	loop := newTIFF()
	loop.next = 8
	sub := newTIFF()
	sub.set(entry{tag: 330, typ: 13, count: claim(1), at: claim(8)})
	big := newTIFF()
	big.big = true
	return []Sound{
		{TIFF, "plain", plain, len(plain)},
		{TIFF, "a directory that is its own successor", loop.bytes(), len(plain)},
		{TIFF, "a directory that is its own child", sub.bytes(), len(plain)},
		{TIFF, "BigTIFF", big.bytes(), len(plain)},
	}
}
