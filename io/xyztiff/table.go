package xyztiff

import (
	"cmp"
	"math"
	"slices"
)

// extent is where the stored bytes of a strip or tile lie in the file.
type extent struct{ at, n int64 }

// extents reads the table of strips or tiles. Every extent lies in the file, is
// not empty, and shares no byte with another one: besides being damage, sharing
// would let a small file demand any amount of decompression.
func (d *directory) extents(h *Header) ([]extent, error) {
	l := h.layout()
	offsets, counts := uint16(tagStripOffsets), uint16(tagStripByteCounts)
	if h.Tiled {
		offsets, counts = tagTileOffsets, tagTileByteCounts
	}
	n := l.chunks()
	if f, ok := d.fields[offsets]; ok && f.count < uint64(n) {
		return nil, invalid("offsets of %d %ss, %d needed", f.count, l.name, n)
	}
	table := make([]extent, n)
	huge := -1
	clamp := func(i int, v uint64) int64 {
		if v > math.MaxInt64 {
			huge = i
			return math.MaxInt64
		}
		return int64(v)
	}
	if err := d.values(offsets, n, func(i int, v uint64) { table[i].at = clamp(i, v) }); err != nil {
		return nil, err
	}
	if d.has(counts) || n > 1 || h.Compression != Uncompressed {
		if err := d.values(counts, n, func(i int, v uint64) { table[i].n = clamp(i, v) }); err != nil {
			return nil, err
		}
	} else {
		table[0].n = math.MaxInt64 // a lone uncompressed strip needs no count
	}
	if huge >= 0 {
		return nil, invalid("%s %d of %d: beyond any file", l.name, huge+1, n)
	}
	for i := range table {
		e := &table[i]
		if h.Compression == Uncompressed {
			// What a writer counts beyond the last row is of no interest.
			need := int64(l.chunk(i).rows) * int64(l.rowBytes())
			if e.n < need {
				return nil, invalid("%s %d of %d: %d bytes, %d needed", l.name, i+1, n, e.n, need)
			}
			e.n = need
		}
		if e.n == 0 {
			return nil, invalid("%s %d of %d: no data", l.name, i+1, n)
		}
		if e.at > d.src.size || e.n > d.src.size-e.at {
			return nil, invalid("%s %d of %d: %d bytes at offset %d of a file of %d bytes", l.name, i+1, n, e.n, e.at, d.src.size)
		}
	}
	return table, disjoint(table, l.name)
}

// disjoint returns an error when two extents overlap.
func disjoint(table []extent, name string) error {
	ascending := func(i, j int) bool { return table[i].at+table[i].n <= table[j].at }
	i := 1
	for i < len(table) && ascending(i-1, i) {
		i++
	}
	if i >= len(table) {
		return nil // the usual order
	}
	order := make([]int32, len(table))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Compare(table[a].at, table[b].at) })
	for k := 1; k < len(order); k++ {
		a, b := int(order[k-1]), int(order[k])
		if !ascending(a, b) {
			a, b = min(a, b), max(a, b)
			return invalid("%ss %d and %d of %d overlap", name, a+1, b+1, len(table))
		}
	}
	return nil
}
