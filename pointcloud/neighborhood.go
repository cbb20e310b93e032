package pointcloud

import (
	"context"
	"fmt"
	"math"

	"github.com/iad3d/iad3d/internal/parallel"
)

// searchChunk is the number of points a worker takes at a time, a few
// milliseconds of work: the latency of a cancelled context.
const searchChunk = 512

// Search says which points count as neighbours: the K nearest (the point
// itself included), those nearer than Radius (strictly, in the cloud's unit),
// or, with both set, the K nearest of those nearer than Radius, which is
// Open3D's hybrid search. At least one must be positive.
type Search struct {
	K      int
	Radius float64
}

func (s Search) check() error {
	if s.K < 0 || !(s.Radius >= 0) || s.K == 0 && s.Radius == 0 {
		return fmt.Errorf("pointcloud: search %+v: K or Radius must be positive and neither negative", s)
	}
	return nil
}

// covers reports whether lists found by s hold every neighbour that o asks for.
func (s Search) covers(o Search) bool {
	k := s.K == 0 || o.K > 0 && s.K >= o.K
	r := s.Radius == 0 || o.Radius > 0 && s.Radius >= o.Radius
	return k && r
}

// boundSlack outweighs the rounding of a bound taken from another query.
const boundSlack = 1 + 1e-9

// Neighborhoods lists the neighbours of every valid point of a cloud. It is
// found once and shared: normals use the first 30 of the 100 neighbours that
// FPFH needs.
type Neighborhoods struct {
	search Search
	order  []int32
	lists  [][]int32
}

// FindNeighborhoods searches around every valid point of c. workers ≤ 0 means
// GOMAXPROCS; the result does not depend on it.
func FindNeighborhoods(ctx context.Context, c *Cloud, s Search, workers int) (*Neighborhoods, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if s.K == 0 {
		return withinRadius(ctx, c, s, workers)
	}
	var tree *Tree
	if !c.Organised() {
		var err error
		if tree, err = BuildTree(ctx, c); err != nil {
			return nil, err
		}
	}
	b := newBatches(c, s, tree)
	bl := b.blocks
	nb := &Neighborhoods{search: s, order: bl.ids, lists: make([][]int32, c.Len())}
	workers = parallel.Workers(len(bl.leaves), leafChunk, workers)
	scratch := make([]gathered, workers)
	for w := range scratch {
		scratch[w].expected = min(s.K, len(bl.ids), 256)
	}
	err := parallel.For(ctx, len(bl.leaves), leafChunk, workers, func(w, lo, hi int) {
		start, end := int(bl.nodes[bl.leaves[lo]].Start), int(bl.nodes[bl.leaves[hi-1]].End)
		g := &scratch[w]
		g.lists.reset(start, end, g.expected)
		last := reach{radius: math.Inf(1)}
		for l := lo; l < hi; l++ {
			b.leaf(l, &last, g)
		}
		for pos := start; pos < end; pos++ {
			nb.lists[bl.ids[pos]] = g.lists.of(pos)
		}
		g.expected = len(g.lists.of(end - 1))
	})
	if err != nil {
		return nil, err
	}
	return nb, nil
}

// leafChunk is the number of blocks a worker takes at a time.
const leafChunk = 32

// withinRadius is FindNeighborhoods for a search without a K.
func withinRadius(ctx context.Context, c *Cloud, s Search, workers int) (*Neighborhoods, error) {
	t, err := BuildTree(ctx, c)
	if err != nil {
		return nil, err
	}
	nb := &Neighborhoods{search: s, order: t.Order(), lists: make([][]int32, c.Len())}
	workers = parallel.Workers(len(nb.order), searchChunk, workers)
	scratch := make([][]Neighbor, workers)
	err = parallel.For(ctx, len(nb.order), searchChunk, workers, func(w, lo, hi int) {
		for _, i := range nb.order[lo:hi] {
			scratch[w] = t.Radius(c.At(int(i)), s.Radius, scratch[w])
			list := make([]int32, len(scratch[w]))
			for j, n := range scratch[w] {
				list[j] = n.Index
			}
			nb.lists[i] = list
		}
	})
	if err != nil {
		return nil, err
	}
	return nb, nil
}

// Of returns the neighbours of point i, ascending by distance, ties by index;
// nil for an invalid point. The caller must not modify the list.
func (n *Neighborhoods) Of(i int) []int32 { return n.lists[i] }

// Order returns the valid points in an order that keeps neighbours together.
// The caller must not modify it.
func (n *Neighborhoods) Order() []int32 { return n.order }

// Narrow returns the neighbourhoods that search s would find in c, the cloud n
// was found in; it shares n's lists where n covers s and searches anew where
// not. n may be nil.
func (n *Neighborhoods) Narrow(ctx context.Context, c *Cloud, s Search, workers int) (*Neighborhoods, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if n == nil || !n.search.covers(s) {
		return FindNeighborhoods(ctx, c, s, workers)
	}
	if n.search == s {
		return n, nil
	}
	out := &Neighborhoods{search: s, order: n.order, lists: make([][]int32, len(n.lists))}
	err := parallel.For(ctx, len(n.order), searchChunk, workers, func(_, lo, hi int) {
		for _, i := range n.order[lo:hi] {
			list := n.lists[i]
			if s.K > 0 {
				list = list[:min(s.K, len(list))]
			}
			if s.Radius > 0 {
				p := c.At(int(i))
				for len(list) > 0 {
					d := c.At(int(list[len(list)-1])).Sub(p)
					if distance2(d.X, d.Y, d.Z) < s.Radius*s.Radius {
						break
					}
					list = list[:len(list)-1]
				}
			}
			out.lists[i] = list
		}
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
