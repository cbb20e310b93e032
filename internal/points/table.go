package points

import (
	"encoding/binary"
	"math"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/pointcloud"
)

// Table collects records into a cloud. It allocates no faster than records come
// unless told that they will, and about twice what the cloud needs at most.
type Table struct {
	cols   []Column
	stride int // of a record
	wide   bool
	fields []string
	rgb    Role // Colour, Packed or Skip
	floats bool // colours are floats: their scale shows at the end
	normal bool
	odd    bool // a coordinate may not be finite

	n       int
	blocks  []*block
	scratch [512]float64
}

// block holds points in the order they came.
type block struct {
	n, room int
	xyz     []float32
	wide    []float64 // instead of xyz
	normals []float64
	rgb     []uint8
	bright  []float32 // instead of rgb
	scalars [][]float32
}

// NewTable returns a table for records of stride bytes with assigned columns.
// Reserve is a number of records that are known to come, else 0.
func NewTable(cols []Column, stride, reserve int) *Table {
	t := &Table{cols: cols, stride: stride}
	for i := range cols {
		switch c := &cols[i]; c.Role {
		case Coordinate:
			t.wide = t.wide || !c.Type.narrow()
			t.odd = t.odd || t.wide
		case Normal:
			t.normal = true
		case Colour:
			t.rgb = Colour
			t.floats = t.floats || c.Type.Float()
		case Packed:
			t.rgb = Packed
		case Scalar:
			t.fields = append(t.fields, c.Name)
		}
	}
	if reserve > 0 {
		t.grow(reserve)
	}
	return t
}

// Len returns the number of records so far.
func (t *Table) Len() int { return t.n }

// blockBytes is about how much a block takes that nobody has promised to fill.
const blockBytes = 256 << 10

func (t *Table) grow(room int) *block {
	if room == 0 {
		per := 12 + 4*len(t.fields)
		if t.wide {
			per += 12
		}
		if t.normal {
			per += 24
		}
		room = max(1, blockBytes/per)
	}
	b := &block{room: room, scalars: make([][]float32, len(t.fields))}
	if t.wide {
		b.wide = make([]float64, 3*room)
	} else {
		b.xyz = make([]float32, 3*room)
	}
	if t.normal {
		b.normals = make([]float64, 3*room)
	}
	if t.floats {
		b.bright = make([]float32, 3*room)
	} else if t.rgb != Skip {
		b.rgb = make([]uint8, 3*room)
	}
	for i := range b.scalars {
		b.scalars[i] = make([]float32, room)
	}
	t.blocks = append(t.blocks, b)
	return b
}

// free returns the block that the next point goes to.
func (t *Table) free() *block {
	if k := len(t.blocks); k > 0 && t.blocks[k-1].n < t.blocks[k-1].room {
		return t.blocks[k-1]
	}
	return t.grow(0)
}

// Add appends whole records.
func (t *Table) Add(records []byte) {
	for len(records) > 0 {
		b := t.free()
		n := min(len(records)/t.stride, b.room-b.n)
		for i := range t.cols {
			if c := &t.cols[i]; c.Role != Skip {
				t.load(b, c, records[c.Offset:], t.stride, b.n, n)
			}
		}
		b.n += n
		t.n += n
		records = records[n*t.stride:]
	}
}

// SetColumn stores n values of column i, of which the first in src is that of
// point from and each one lies stride bytes behind the one before. All records
// of the table must have been reserved; points of which not every column has been set
// have 0 there.
func (t *Table) SetColumn(i, from, n int, src []byte, stride int) {
	b := t.blocks[0]
	if c := &t.cols[i]; c.Role != Skip {
		t.load(b, c, src, stride, from, n)
	}
	b.n = max(b.n, from+n)
	t.n = b.n
}

// load stores n values of a column in b, from its point from on.
func (t *Table) load(b *block, c *Column, src []byte, stride, from, n int) {
	at := 3*from + c.Axis
	exact := c.Type == Float32
	switch {
	case c.Role == Coordinate && exact && b.xyz != nil:
		if !floats(b.xyz[at:], 3, src, stride, n) {
			t.odd = true
		}
		return
	case c.Role == Normal && exact:
		normals := b.normals[at:]
		for i := range n {
			normals[3*i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(src[i*stride:])))
		}
		return
	case c.Role == Scalar && exact:
		floats(b.scalars[c.field][from:], 1, src, stride, n)
		return
	case c.Role == Packed:
		rgb := b.rgb[3*from:]
		for i := range n {
			v := binary.LittleEndian.Uint32(src[i*stride:])
			rgb[3*i], rgb[3*i+1], rgb[3*i+2] = uint8(v>>16), uint8(v>>8), uint8(v)
		}
		return
	case c.Role == Colour && c.Type == Uint8 && b.rgb != nil:
		rgb := b.rgb[at:]
		for i := range n {
			rgb[3*i] = src[i*stride]
		}
		return
	}
	for done := 0; done < n; {
		v := t.scratch[:min(n-done, len(t.scratch))]
		values(v, c.Type, src[done*stride:], stride)
		t.store(b, c, from+done, v)
		done += len(v)
	}
}

// store puts values of a column at points from on.
func (t *Table) store(b *block, c *Column, from int, v []float64) {
	at := 3*from + c.Axis
	switch c.Role {
	case Coordinate:
		for i, x := range v {
			if b.wide != nil {
				b.wide[at+3*i] = x
			} else {
				b.xyz[at+3*i] = float32(x)
			}
		}
	case Normal:
		for i, x := range v {
			b.normals[at+3*i] = x
		}
	case Colour:
		scale := 1.0
		if c.Type == Uint16 {
			scale = 257
		}
		for i, x := range v {
			if b.bright != nil {
				b.bright[at+3*i] = float32(x / scale)
			} else {
				b.rgb[at+3*i] = clamp(x / scale)
			}
		}
	case Scalar:
		for i, x := range v {
			b.scalars[c.field][from+i] = float32(x)
		}
	}
}

// clamp returns the nearest 8-bit value; 0 for NaN.
func clamp(v float64) uint8 {
	if !(v > 0) {
		return 0
	}
	return uint8(min(255, math.RoundToEven(v)))
}

// Cloud returns the points as a cloud of w×h pixels, unorganised when either is
// 0. Points that are not finite are missing, and those of an organised cloud
// that are (0, 0, 0). Coordinates collected as float64 get an Offset by
// [pointcloud.OffsetFor] unless a float32 holds every one of them exactly. The
// table must not be used any more.
func (t *Table) Cloud(w, h int) *pointcloud.Cloud {
	c := &pointcloud.Cloud{}
	if w > 0 && h > 0 {
		c.Width, c.Height = w, h
	}
	if t.wide {
		t.narrow(c)
	} else {
		c.XYZ = join(t, 3, func(b *block) []float32 { return b.xyz })
	}
	if t.odd || c.Width > 0 {
		markMissing(c)
	}
	if t.normal {
		c.Normals = join(t, 3, func(b *block) []float64 { return b.normals })
	}
	switch {
	case t.floats:
		c.RGB = t.eightBit()
	case t.rgb != Skip:
		c.RGB = join(t, 3, func(b *block) []uint8 { return b.rgb })
	}
	for i, name := range t.fields {
		c.Fields = append(c.Fields, pointcloud.Field{Name: name, Values: join(t, 1, func(b *block) []float32 { return b.scalars[i] })})
	}
	return c
}

// join returns the values of all blocks, k per point.
func join[T any](t *Table, k int, of func(*block) []T) []T {
	if len(t.blocks) == 1 {
		b := t.blocks[0]
		return of(b)[: k*b.n : k*b.n]
	}
	all := make([]T, 0, k*t.n)
	for _, b := range t.blocks {
		all = append(all, of(b)[:k*b.n]...)
	}
	return all
}

// narrow sets XYZ and Offset from coordinates collected as float64.
func (t *Table) narrow(c *pointcloud.Cloud) {
	inf := math.Inf(1)
	lo, hi := [3]float64{inf, inf, inf}, [3]float64{-inf, -inf, -inf}
	exact := true
	missing := func(p []float64) bool {
		return p[0]-p[0] != 0 || p[1]-p[1] != 0 || p[2]-p[2] != 0 || c.Width > 0 && p[0] == 0 && p[1] == 0 && p[2] == 0
	}
	for _, b := range t.blocks {
		for i := 0; i < 3*b.n; i += 3 {
			p := b.wide[i : i+3]
			if missing(p) {
				continue
			}
			for k, v := range p {
				exact = exact && float64(float32(v)) == v
				lo[k], hi[k] = min(lo[k], v), max(hi[k], v)
			}
		}
	}
	if !exact {
		c.Offset = pointcloud.OffsetFor(r3.Vector{X: lo[0], Y: lo[1], Z: lo[2]}, r3.Vector{X: hi[0], Y: hi[1], Z: hi[2]})
	}
	moved := c.Offset != (r3.Vector{})
	o := [3]float64{c.Offset.X, c.Offset.Y, c.Offset.Z}
	c.XYZ = make([]float32, 0, 3*t.n)
	for _, b := range t.blocks {
		for i := 0; i < 3*b.n; i += 3 {
			p := b.wide[i : i+3]
			if moved && missing(p) {
				nan := float32(math.NaN())
				c.XYZ = append(c.XYZ, nan, nan, nan)
				continue
			}
			c.XYZ = append(c.XYZ, float32(p[0]-o[0]), float32(p[1]-o[1]), float32(p[2]-o[2]))
		}
	}
}

// markMissing sets Valid where a point is missing, and leaves it nil where none
// is.
func markMissing(c *pointcloud.Cloud) {
	zeros := c.Width > 0 && c.Offset == (r3.Vector{})
	for i := 0; i < len(c.XYZ); i += 3 {
		p := c.XYZ[i : i+3 : i+3]
		// A difference of 0 with itself has any number that is finite.
		if (p[0]-p[0])+(p[1]-p[1])+(p[2]-p[2]) == 0 && !(zeros && p[0] == 0 && p[1] == 0 && p[2] == 0) {
			continue
		}
		if c.Valid == nil {
			c.Valid = make([]bool, len(c.XYZ)/3)
			for k := range c.Valid {
				c.Valid[k] = true
			}
		}
		c.Valid[i/3] = false
	}
}

// eightBit returns colours that are floats from 0 to 1, or to 255 when one is
// above 1.
func (t *Table) eightBit() []uint8 {
	scale := 255.0
	for _, b := range t.blocks {
		for _, v := range b.bright[:3*b.n] {
			if v > 1 {
				scale = 1
			}
		}
	}
	rgb := make([]uint8, 0, 3*t.n)
	for _, b := range t.blocks {
		for _, v := range b.bright[:3*b.n] {
			rgb = append(rgb, clamp(float64(v)*scale))
		}
	}
	return rgb
}
