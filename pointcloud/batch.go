package pointcloud

import (
	"math"
	"slices"
	"sync"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/internal/simd"
)

// batches finds neighbours for the points of one block after another. Points of a
// block have nearly the same neighbours: one of them, the centre, is searched for
// alone; its k-th neighbour bounds those of the others by the triangle inequality,
// so that one walk through the tree of boxes gathers all that any of them needs,
// and each is answered by a scan of what was gathered. The answers are exact, and
// the same as [Tree]'s.
type batches struct {
	search Search
	blocks *blocks
	tree   func() *Tree // for the blocks whose points have nothing in common
	cap2   float64      // no neighbour is farther, by the radius of the search
	margin float64      // factor between squared radii, see scan
	limit  int          // of the points a walk gathers
}

// newBatches prepares a search. tree is the cloud's, or nil: it is then built when it
// is needed, as it rarely is for an organised cloud.
func newBatches(c *Cloud, s Search, tree *Tree) *batches {
	b := &batches{search: s, cap2: math.Inf(1)}
	b.tree = sync.OnceValue(func() *Tree {
		if tree != nil {
			return tree
		}
		return NewTree(c)
	})
	b.blocks = newBlocks(c, blockSize, b.tree)
	b.prepare(c)
	if s.Radius > 0 {
		b.cap2 = math.Nextafter(s.Radius*s.Radius, 0)
	}
	return b
}

// prepare sets the limits that follow from the search.
func (b *batches) prepare(c *Cloud) {
	b.margin = 1 + 0.8/math.Sqrt(float64(b.search.K))
	b.limit = gatherLimit*min(b.search.K, c.Len()) + 16*b.blocks.size
}

// gatherLimit is how many points, in multiples of k, a batch may gather before its
// points are searched for one by one: a block across a step in depth, or one
// beside a crowd of equal points.
const gatherLimit = 16

// gathered is the scratch space of a worker.
type gathered struct {
	room     []simd.Run
	runs     []simd.Run // of points in the order of blocks, in room
	points   int        // in all runs
	dist2    []float64
	near     []int32
	ranker   ranker
	answered []reach
	answer   []Neighbor
	lists    lists
	expected int // neighbours of a point
}

// lists holds the answers for consecutive positions in the order of blocks.
type lists struct {
	first int // position
	flat  []int32
	at    [][2]int // where the list of each position starts and ends in flat
}

// reset makes room for the positions from first to end−1, with about k neighbours
// each. What was there stays with who took it.
func (l *lists) reset(first, end, k int) {
	l.first = first
	l.flat = make([]int32, 0, (end-first)*k+simd.RankSlack)
	l.at = slices.Grow(l.at[:0], end-first)[:end-first]
}

// reuse makes room for the position pos, where everything was before.
func (l *lists) reuse(pos int) {
	l.first, l.flat = pos, l.flat[:0]
	l.at = slices.Grow(l.at[:0], 1)[:1]
}

// add notes that the list of pos is what flat became.
func (l *lists) add(pos int, flat []int32) {
	l.at[pos-l.first] = [2]int{len(l.flat), len(flat)}
	l.flat = flat
}

// of returns the list of pos.
func (l *lists) of(pos int) []int32 {
	at := l.at[pos-l.first]
	return l.flat[at[0]:at[1]:at[1]]
}

// walk gathers the points of all blocks that are no farther than worst, squared,
// from the box. It returns false when they are more than limit.
func (b *blocks) walk(box *simd.Box, worst float64, limit int, g *gathered) bool {
	limit = min(limit, len(b.ids))
	if room := limit + b.size + 1; len(g.room) < room {
		g.room = make([]simd.Run, room)
	}
	g.runs, g.points = simd.Walk(b.nodes, box, worst, limit, g.room)
	return g.points <= limit
}

// scan answers the query of the point at pos and returns the squared distance of the
// k-th neighbour, +Inf when they are fewer. All points within worst have been
// gathered, and no neighbour is farther.
//
// A neighbourhood is about as large as the one beside it, of radius from: what lies
// within a little more than that is tried first, and is enough when it is k points.
func (b *batches) scan(pos int, worst, from float64, g *gathered) float64 {
	bl, k := b.blocks, b.search.K
	x, y, z := bl.x[pos], bl.y[pos], bl.z[pos]
	room := g.points + simd.WithinSlack
	if len(g.dist2) < room {
		g.dist2, g.near = make([]float64, 2*room), make([]int32, 2*room)
	}
	if try := from * from * b.margin; try < worst {
		if n := simd.Within(bl.x, bl.y, bl.z, bl.ids, g.runs, x, y, z, try, g.dist2, g.near); n >= k {
			flat, dist2 := g.ranker.rank(g.lists.flat, g.dist2[:n], g.near[:n], try, k)
			g.lists.add(pos, flat)
			return dist2
		}
	}
	n := simd.Within(bl.x, bl.y, bl.z, bl.ids, g.runs, x, y, z, worst, g.dist2, g.near)
	flat, dist2 := g.ranker.rank(g.lists.flat, g.dist2[:n], g.near[:n], worst, k)
	g.lists.add(pos, flat)
	return dist2
}

// reach is an answered query, from which the bound of another follows.
type reach struct {
	x, y, z float64
	radius  float64 // of the k-th neighbour; +Inf when there was none
}

// bound returns what the squared distance of the k-th neighbour of (x, y, z) cannot
// exceed.
func (r *reach) bound(x, y, z float64) float64 {
	d := r.radius + math.Sqrt(distance2(x-r.x, y-r.y, z-r.z))
	return d * d * boundSlack
}

// leaf answers the queries of leaf number l; the answers are added to the lists of g.
// last is any query answered before, or has the radius +Inf; it becomes this leaf's
// centre.
func (b *batches) leaf(l int, last *reach, g *gathered) {
	bl := b.blocks
	nd := &bl.nodes[bl.leaves[l]]
	centre := bl.centre(nd)
	b.single(centre, last, g)
	if nd.End-nd.Start == 1 {
		return
	}
	g.answered = append(g.answered[:0], *last)
	worst := 0.0
	for j := nd.Start; j < nd.End; j++ {
		worst = max(worst, last.bound(bl.x[j], bl.y[j], bl.z[j]))
	}
	worst = min(worst, b.cap2)
	box := simd.Box{nd.Lo[0], nd.Lo[1], nd.Lo[2], 0, nd.Hi[0], nd.Hi[1], nd.Hi[2], 0}
	together := bl.walk(&box, worst, b.limit, g)
	for j := int(nd.Start); j < int(nd.End); j++ {
		if j == centre {
			continue
		}
		x, y, z := bl.x[j], bl.y[j], bl.z[j]
		from := nearest(g.answered, x, y, z)
		if together {
			dist2 := b.scan(j, min(worst, from.bound(x, y, z)), from.radius, g)
			g.answered = append(g.answered, reach{x, y, z, math.Sqrt(dist2)})
			continue
		}
		at := *from
		b.single(j, &at, g)
		g.answered = append(g.answered, at)
	}
}

// nearest returns the answered query nearest to (x, y, z).
func nearest(answered []reach, x, y, z float64) *reach {
	best, least := 0, math.Inf(1)
	for j := range answered {
		a := &answered[j]
		if d := distance2(x-a.x, y-a.y, z-a.z); d < least {
			best, least = j, d
		}
	}
	return &answered[best]
}

// within answers the query of the point at pos if its k nearest lie within a radius,
// and reports whether they do. Such a guess saves the search for a bound.
func (b *batches) within(pos int, radius float64, g *gathered) bool {
	bl, worst := b.blocks, radius*radius
	x, y, z := bl.x[pos], bl.y[pos], bl.z[pos]
	if math.IsInf(worst, 1) || !bl.walk(&simd.Box{x, y, z, 0, x, y, z, 0}, worst, b.limit, g) || g.points < b.search.K {
		return false
	}
	kept := g.lists.flat
	if math.IsInf(b.scan(pos, worst, math.Inf(1), g), 1) {
		g.lists.flat = kept
		return false
	}
	return true
}

// single answers the query of the point at pos by a walk of its own, bounded by
// from, or by the points next to it in the order of blocks; and by the kd-tree
// where both bounds let too much in. from becomes the answered query.
func (b *batches) single(pos int, from *reach, g *gathered) {
	bl := b.blocks
	x, y, z := bl.x[pos], bl.y[pos], bl.z[pos]
	box := simd.Box{x, y, z, 0, x, y, z, 0}
	worst := min(b.cap2, from.bound(x, y, z))
	found := !math.IsInf(worst, 1) && bl.walk(&box, worst, b.limit, g)
	if !found {
		worst = min(worst, bl.around(pos, b.search.K, g))
		found = !math.IsInf(worst, 1) && bl.walk(&box, worst, b.limit, g)
	}
	if found {
		*from = reach{x, y, z, math.Sqrt(b.scan(pos, worst, from.radius, g))}
		return
	}
	// An outlier, or a step in depth: the k-th neighbour may still be much nearer
	// than the bound.
	for try := worst / 1024; try < worst && bl.walk(&box, try, 4*b.limit, g); try *= 4 {
		kept := g.lists.flat
		if dist2 := b.scan(pos, try, math.Inf(1), g); !math.IsInf(dist2, 1) {
			*from = reach{x, y, z, math.Sqrt(dist2)}
			return
		}
		g.lists.flat = kept
	}
	g.answer = b.tree().nearest(r3.Vector{X: x, Y: y, Z: z}, worst, b.search.K, g.answer)
	flat := g.lists.flat
	for _, n := range g.answer {
		flat = append(flat, n.Index)
	}
	g.lists.add(pos, flat)
	*from = reach{x, y, z, math.Inf(1)}
	if k := b.search.K; len(g.answer) == k {
		from.radius = math.Sqrt(g.answer[k-1].Dist2)
	}
}

// centre returns the position of the point of nd nearest to the middle of its box.
func (b *blocks) centre(nd *simd.Node) int {
	x, y, z := float64((nd.Lo[0]+nd.Hi[0])*0.5), float64((nd.Lo[1]+nd.Hi[1])*0.5), float64((nd.Lo[2]+nd.Hi[2])*0.5)
	best, least := int(nd.Start), math.Inf(1)
	for j := int(nd.Start); j < int(nd.End); j++ {
		if d := distance2(b.x[j]-x, b.y[j]-y, b.z[j]-z); d < least {
			best, least = j, d
		}
	}
	return best
}

// around bounds the squared distance of the k-th neighbour of the point at pos: any
// k points do, and those near pos in the order of blocks are near in space. It
// returns +Inf when there are fewer than k.
func (b *blocks) around(pos, k int, g *gathered) float64 {
	n := len(b.ids)
	if n < k {
		return math.Inf(1)
	}
	start := max(0, min(pos-k, n-2*k))
	end := min(n, start+2*k)
	g.answer = g.answer[:0]
	for j := start; j < end; j++ {
		d := distance2(b.x[j]-b.x[pos], b.y[j]-b.y[pos], b.z[j]-b.z[pos])
		g.answer = append(g.answer, Neighbor{b.ids[j], d})
	}
	selectNearest(g.answer, k)
	return g.answer[k-1].Dist2
}
