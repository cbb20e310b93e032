package pointcloud

import (
	"context"
	"math"
	"math/bits"
	"slices"

	"github.com/golang/geo/r3"
)

// leafSize is the most points a leaf of the tree holds; 8 to 32 cost the same
// within a few percent on scans of 50 k to 640 k points.
const leafSize = 16

// Tree is a static kd-tree over the valid points of a cloud: a complete binary
// tree of tight bounding boxes over a reordered flat copy of the coordinates.
// It is immutable and safe for concurrent use; no query allocates when its dst
// has room.
//
// Results are exact. A node is skipped only when the distance to its box,
// rounded by the same operations as a point's distance, exceeds the worst
// accepted one; rounding is monotone, so no neighbour, tied ones included, is
// lost.
type Tree struct {
	xyz   []float32 // 3·n, in leaf order
	ids   []int32   // point index of each entry of xyz
	nodes []node    // children of node i at 2i+1 and 2i+2
	inner int       // nodes before this one have children
}

type node struct {
	lo, hi     [3]float32
	start, end int32 // entries of xyz below this node
	first      int32 // lowest point index below this node
}

// entry is a point on its way to its leaf.
type entry struct {
	p  [3]float32
	id int32
}

// NewTree indexes the valid points of c, which must be finite (see
// [Cloud.MarkMissing]). The cloud is not retained.
func NewTree(c *Cloud) *Tree {
	t, err := BuildTree(context.Background(), c)
	if err != nil {
		panic(err) // of a context that does not end
	}
	return t
}

// BuildTree is [NewTree] that the end of ctx ends, with its error: a tree of ten
// million points takes several seconds.
func BuildTree(ctx context.Context, c *Cloud) (*Tree, error) {
	ids := c.ValidIndices()
	t := &Tree{ids: ids}
	if len(ids) == 0 {
		return t, ctx.Err()
	}
	levels := 0
	for n := len(ids); n > leafSize; n = (n + 1) / 2 {
		levels++
	}
	t.inner = 1<<levels - 1
	t.nodes = make([]node, 1<<(levels+1)-1)
	entries := make([]entry, len(ids))
	for i, id := range ids {
		entries[i] = entry{[3]float32(c.XYZ[3*id : 3*id+3]), id}
	}
	t.build(ctx, entries, 0, 0)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t.xyz = make([]float32, 3*len(ids))
	for i := range entries {
		ids[i] = entries[i].id
		copy(t.xyz[3*i:3*i+3], entries[i].p[:])
	}
	return t, nil
}

// Len returns the number of indexed points.
func (t *Tree) Len() int { return len(t.ids) }

// Order returns the indexed points in leaf order: neighbours in the slice are
// neighbours in space, so that visiting points in this order keeps their
// searches in cache. The caller must not modify it.
func (t *Tree) Order() []int32 { return t.ids }

// build parts the entries of node n, which start at start. It stops half way when
// ctx ends.
func (t *Tree) build(ctx context.Context, entries []entry, n, start int) {
	if len(entries) > askAbove && ctx.Err() != nil {
		return
	}
	nd := &t.nodes[n]
	nd.start, nd.end = int32(start), int32(start+len(entries))
	lo, hi, first := entries[0].p, entries[0].p, entries[0].id
	for i := range entries[1:] {
		e := &entries[1+i]
		first = min(first, e.id)
		lo[0], lo[1], lo[2] = min(lo[0], e.p[0]), min(lo[1], e.p[1]), min(lo[2], e.p[2])
		hi[0], hi[1], hi[2] = max(hi[0], e.p[0]), max(hi[1], e.p[1]), max(hi[2], e.p[2])
	}
	nd.lo, nd.hi, nd.first = lo, hi, first
	if n >= t.inner {
		slices.SortFunc(entries, func(a, b entry) int { return int(a.id) - int(b.id) })
		return
	}
	axis := 0
	for d := 1; d < 3; d++ {
		if hi[d]-lo[d] > hi[axis]-lo[axis] {
			axis = d
		}
	}
	mid := (len(entries) + 1) / 2
	selectNth(ctx, entries, axis, mid)
	t.build(ctx, entries[:mid], 2*n+1, start)
	t.build(ctx, entries[mid:], 2*n+2, start+mid)
}

// askAbove is the number of points from which on the context is asked: some 5 ms.
const askAbove = 1 << 16

// selectNth reorders entries so that the n smallest by (p[axis], id) come first.
// The order is total, so equal coordinates cost nothing extra; coordinates that were
// chosen to make pivots bad cost a sort. It stops half way when ctx ends.
func selectNth(ctx context.Context, entries []entry, axis, n int) {
	less := func(a, b *entry) bool {
		va, vb := a.p[axis], b.p[axis]
		return va < vb || va == vb && a.id < b.id
	}
	lo, hi := 0, len(entries)-1
	for rounds := 4 * bits.Len(uint(len(entries))); lo < hi; rounds-- {
		if hi-lo > askAbove && ctx.Err() != nil {
			return
		}
		if rounds == 0 { // two would do were the pivots medians
			slices.SortFunc(entries[lo:hi+1], func(a, b entry) int {
				if less(&a, &b) {
					return -1
				}
				return 1 // no two are equal
			})
			return
		}
		mid := lo + (hi-lo)/2 // median of three as pivot
		a, b, c := &entries[lo], &entries[mid], &entries[hi]
		if less(b, a) {
			*a, *b = *b, *a
		}
		if less(c, a) {
			*a, *c = *c, *a
		}
		if less(c, b) {
			*b, *c = *c, *b
		}
		pivot := *b
		i, j := lo, hi
		for i <= j {
			for less(&entries[i], &pivot) {
				i++
			}
			for less(&pivot, &entries[j]) {
				j--
			}
			if i <= j {
				entries[i], entries[j] = entries[j], entries[i]
				i++
				j--
			}
		}
		switch {
		case n <= j:
			hi = j
		case n >= i:
			lo = i
		default:
			return
		}
	}
}

// distance2 keeps its products from being fused into the sums: the bound of a
// box and the distance of a point must round alike on every machine.
func distance2(dx, dy, dz float64) float64 {
	return float64(dx*dx) + float64(dy*dy) + float64(dz*dz)
}

func (nd *node) distance2(x, y, z float64) float64 {
	dx := max(float64(nd.lo[0])-x, x-float64(nd.hi[0]), 0)
	dy := max(float64(nd.lo[1])-y, y-float64(nd.hi[1]), 0)
	dz := max(float64(nd.lo[2])-z, z-float64(nd.hi[2]), 0)
	return distance2(dx, dy, dz)
}

// pending is a node that may still hold neighbours.
type pending struct {
	node  int32
	dist2 float64
}

// maxDepth bounds the search stack: 2^31 points in leaves of 16 are 27 levels.
const maxDepth = 32

// KNN returns the k indexed points nearest to q, ascending, ties by the lowest
// index; the query point itself is among them when it is indexed. It returns
// fewer when the tree holds fewer, and none for k ≤ 0 or a NaN query. The
// result reuses dst's storage.
func (t *Tree) KNN(q r3.Vector, k int, dst []Neighbor) []Neighbor {
	return t.nearest(q, math.Inf(1), k, dst)
}

// Hybrid is KNN restricted to points with Dist2 < r², strictly, as Open3D's
// hybrid search.
func (t *Tree) Hybrid(q r3.Vector, r float64, k int, dst []Neighbor) []Neighbor {
	if !(r > 0) {
		return dst[:0]
	}
	return t.nearest(q, math.Nextafter(r*r, 0), k, dst)
}

// nearest gathers candidates with Dist2 ≤ worst in dst; whenever there are twice
// as many as wanted, the k nearest are selected and the farthest of them becomes
// the new worst. That costs a few comparisons per candidate, where a heap would
// cost their logarithm. Nodes of tied distance are left out by their lowest
// index: thousands of equal points, as some sensors write for missing ones, must
// not all be looked at.
func (t *Tree) nearest(q r3.Vector, worst float64, k int, dst []Neighbor) []Neighbor {
	dst = dst[:0]
	k = min(k, len(t.ids))
	if k <= 0 || math.IsNaN(q.X+q.Y+q.Z) {
		return dst
	}
	room := k + max(k, leafSize)
	dst = slices.Grow(dst, room)
	x, y, z := q.X, q.Y, q.Z
	last := int32(math.MaxInt32) // index of the farthest neighbour kept, once there are k
	var stack [maxDepth]pending
	stack[0] = pending{0, t.nodes[0].distance2(x, y, z)}
	for top := 1; top > 0; {
		top--
		n := int(stack[top].node)
		if d := stack[top].dist2; d > worst || d == worst && t.nodes[n].first > last {
			continue
		}
		for n < t.inner { // descend to the nearer child, keep the other for later
			l, r := 2*n+1, 2*n+2
			dl, dr := t.nodes[l].distance2(x, y, z), t.nodes[r].distance2(x, y, z)
			if dr < dl {
				l, r, dl, dr = r, l, dr, dl
			}
			if dr <= worst {
				stack[top] = pending{int32(r), dr}
				top++
			}
			if n = l; dl > worst {
				break
			}
		}
		if n < t.inner {
			continue
		}
		nd := &t.nodes[n]
		ids := t.ids[nd.start:nd.end]
		if len(dst)+len(ids) > room {
			selectNearest(dst, k)
			dst = dst[:k]
			worst, last = dst[k-1].Dist2, dst[k-1].Index
		}
		pts := t.xyz[3*nd.start : 3*nd.end]
		for i, id := range ids {
			j := 3 * i
			pt := pts[j : j+3 : j+3]
			d := distance2(float64(pt[0])-x, float64(pt[1])-y, float64(pt[2])-z)
			if d < worst || d == worst && id < last {
				dst = append(dst, Neighbor{id, d})
			}
		}
	}
	if len(dst) > k {
		selectNearest(dst, k)
		dst = dst[:k]
	}
	sortNeighbors(dst)
	return dst
}

// Radius returns all indexed points with Dist2 < r², strictly, ascending, ties
// by the lowest index. The result reuses dst's storage.
func (t *Tree) Radius(q r3.Vector, r float64, dst []Neighbor) []Neighbor {
	dst = dst[:0]
	if len(t.ids) == 0 || !(r > 0) || math.IsNaN(q.X+q.Y+q.Z) {
		return dst
	}
	x, y, z, limit := q.X, q.Y, q.Z, r*r
	var stack [maxDepth]int32
	for top := 1; top > 0; {
		top--
		n := int(stack[top])
		nd := &t.nodes[n]
		if nd.distance2(x, y, z) >= limit {
			continue
		}
		if n < t.inner {
			stack[top], stack[top+1] = int32(2*n+2), int32(2*n+1)
			top += 2
			continue
		}
		for i := nd.start; i < nd.end; i++ {
			pt := t.xyz[3*i : 3*i+3 : 3*i+3]
			d := distance2(float64(pt[0])-x, float64(pt[1])-y, float64(pt[2])-z)
			if d < limit {
				dst = append(dst, Neighbor{t.ids[i], d})
			}
		}
	}
	sortNeighbors(dst)
	return dst
}
