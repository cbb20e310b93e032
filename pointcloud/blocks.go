package pointcloud

import (
	"slices"

	"github.com/iad3d/iad3d/internal/simd"
)

const (
	// tileSide is the side, in pixels, of the squares an organised cloud is cut
	// into before their points are parted in space.
	tileSide = 8
	// blockSize is the most points of a block in which all points are searched for
	// together.
	blockSize = 16
	// placeSize is that where single points are: a square as it is, which costs
	// nothing to part.
	placeSize = tileSide * tileSide
)

// blocks groups the valid points of a cloud into compact blocks, each with its
// bounding box, under a tree of boxes. An organised cloud is cut along its raster,
// which costs next to nothing; only the squares of tileSide pixels are parted in
// space, so that a block does not reach across a step in depth. Other clouds take
// the leaves of their kd-tree.
type blocks struct {
	size    int         // most points of a block
	ids     []int32     // valid points, block by block
	x, y, z []float64   // their coordinates
	nodes   []simd.Node // preorder
	leaves  []int32     // nodes that are leaves, in order
}

// newBlocks groups the points of c, at most size to a block. An unorganised cloud
// takes the leaves of t.
func newBlocks(c *Cloud, size int, t func() *Tree) *blocks {
	b := &blocks{size: size}
	n := 0
	if c.Organised() {
		n = c.CountValid()
		b.ids = make([]int32, 0, n+tileSide) // some to write in vain
		b.grow(n)
		b.cut(c, 0, c.Height, 0, c.Width)
	} else if tree := t(); tree.Len() > 0 {
		n = tree.Len()
		b.ids = tree.ids
		b.grow(n)
		b.adopt(c, tree, 0)
	}
	b.x, b.y, b.z = make([]float64, n), make([]float64, n), make([]float64, n)
	for j, i := range b.ids {
		p := (*[3]float32)(c.XYZ[3*i:])
		b.x[j], b.y[j], b.z[j] = float64(p[0]), float64(p[1]), float64(p[2])
	}
	return b
}

// grow makes room for the nodes of n points in blocks that are two thirds full.
func (b *blocks) grow(n int) {
	b.leaves = make([]int32, 0, n*3/(2*b.size)+1)
	b.nodes = make([]simd.Node, 0, 2*cap(b.leaves))
}

// cut appends the subtree of rows y0 to y1−1 and columns x0 to x1−1, unless they
// hold no point.
func (b *blocks) cut(c *Cloud, y0, y1, x0, x1 int) {
	h, w := y1-y0, x1-x0
	n := b.open()
	switch {
	case h <= tileSide && w <= tileSide:
		start := len(b.ids)
		for y := y0; y < y1; y++ {
			b.ids = c.appendValid(b.ids, y*c.Width+x0, y*c.Width+x1)
		}
		b.nodes = b.nodes[:n]
		if len(b.ids) > start {
			b.part(c, start, len(b.ids))
		}
		return
	case h >= w:
		mid := y0 + halfTiles(h)
		b.cut(c, y0, mid, x0, x1)
		b.cut(c, mid, y1, x0, x1)
	default:
		mid := x0 + halfTiles(w)
		b.cut(c, y0, y1, x0, mid)
		b.cut(c, y0, y1, mid, x1)
	}
	if len(b.nodes) == n+1 {
		b.nodes = b.nodes[:n]
		return
	}
	b.close(n)
}

// appendValid appends the measured points from start to end−1.
func (c *Cloud) appendValid(ids []int32, start, end int) []int32 {
	n := len(ids)
	ids = slices.Grow(ids, end-start)[:n+end-start]
	for i := start; i < end; i++ {
		ids[n] = int32(i)
		if c.Valid == nil || c.Valid[i] {
			n++
		}
	}
	return ids[:n]
}

// halfTiles returns about half of n, a multiple of tileSide.
func halfTiles(n int) int { return (n + 2*tileSide - 1) / (2 * tileSide) * tileSide }

// part appends the subtree of the points start to end−1 of ids: halved across the
// longest side of their box until they fit into a block.
func (b *blocks) part(c *Cloud, start, end int) {
	n := b.open()
	nd := &b.nodes[n]
	nd.Start, nd.End = int32(start), int32(end)
	ids := b.ids[start:end]
	lo, hi := simd.Bounds(c.XYZ, ids)
	axis := 0
	for d := range 3 {
		nd.Lo[d], nd.Hi[d] = float64(lo[d]), float64(hi[d])
		if nd.Hi[d]-nd.Lo[d] > nd.Hi[axis]-nd.Lo[axis] {
			axis = d
		}
	}
	if len(ids) <= b.size {
		b.seal(n)
		return
	}
	mid := (nd.Lo[axis] + nd.Hi[axis]) / 2
	left := 0
	for j, i := range ids {
		if float64(c.XYZ[3*int(i)+axis]) < mid {
			ids[j], ids[left] = ids[left], i
			left++
		}
	}
	if left == 0 || left == len(ids) { // all points are equal
		left = len(ids) / 2
	}
	b.part(c, start, start+left)
	b.part(c, start+left, end)
	b.nodes[n].Next = int32(len(b.nodes))
}

// adopt appends the subtree of node n of a kd-tree.
func (b *blocks) adopt(c *Cloud, t *Tree, n int) {
	own := b.open()
	from := &t.nodes[n]
	if n < t.inner {
		b.adopt(c, t, 2*n+1)
		b.adopt(c, t, 2*n+2)
		b.close(own)
		return
	}
	nd := &b.nodes[own]
	nd.Start, nd.End = from.start, from.end
	for d := range 3 {
		nd.Lo[d], nd.Hi[d] = float64(from.lo[d]), float64(from.hi[d])
	}
	b.seal(own)
}

// open appends a node and returns its number.
func (b *blocks) open() int {
	b.nodes = append(b.nodes, simd.Node{})
	return len(b.nodes) - 1
}

// seal makes node n, the last one, a leaf.
func (b *blocks) seal(n int) {
	b.nodes[n].Next = int32(n + 1)
	b.leaves = append(b.leaves, int32(n))
}

// close ends the subtree of node n: its box is the one around its children.
func (b *blocks) close(n int) {
	nd := &b.nodes[n]
	nd.Next = int32(len(b.nodes))
	first := &b.nodes[n+1]
	nd.Lo, nd.Hi, nd.Start = first.Lo, first.Hi, first.Start
	for m := n + 1; m < len(b.nodes); m = int(b.nodes[m].Next) {
		child := &b.nodes[m]
		nd.End = child.End
		for d := range 3 {
			nd.Lo[d], nd.Hi[d] = min(nd.Lo[d], child.Lo[d]), max(nd.Hi[d], child.Hi[d])
		}
	}
}
