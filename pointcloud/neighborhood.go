package pointcloud

import (
	"context"
	"fmt"
	"math"

	"github.com/golang/geo/r3"

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

// find runs the search in t around q. prev, when not empty, is the answer of the
// same search around from: by the triangle inequality the k-th neighbour of q is
// no farther than that of from and the way to it, which spares the search most
// candidates when the two are close.
func (s Search) find(t *Tree, q, from r3.Vector, prev []Neighbor) []Neighbor {
	if s.K == 0 {
		return t.Radius(q, s.Radius, prev)
	}
	worst := math.Inf(1)
	if s.Radius > 0 {
		worst = math.Nextafter(s.Radius*s.Radius, 0)
	}
	if len(prev) == s.K {
		reach := math.Sqrt(prev[s.K-1].Dist2) + q.Sub(from).Norm()
		worst = min(worst, reach*reach*boundSlack)
	}
	return t.nearest(q, worst, s.K, prev)
}

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
	t := NewTree(c)
	nb := &Neighborhoods{search: s, order: t.Order(), lists: make([][]int32, c.Len())}
	workers = parallel.Workers(len(nb.order), searchChunk, workers)
	scratch := make([][]Neighbor, workers)
	err := parallel.For(ctx, len(nb.order), searchChunk, workers, func(w, lo, hi int) {
		var flat []int32 // one block per chunk holds the lists of its points
		var ends [searchChunk]int
		var from r3.Vector
		scratch[w] = scratch[w][:0]
		for j, i := range nb.order[lo:hi] {
			q := c.At(int(i))
			scratch[w] = s.find(t, q, from, scratch[w])
			from = q
			if flat == nil {
				flat = make([]int32, 0, (hi-lo)*(len(scratch[w])+1))
			}
			for _, n := range scratch[w] {
				flat = append(flat, n.Index)
			}
			ends[j] = len(flat)
		}
		start := 0
		for j, i := range nb.order[lo:hi] {
			nb.lists[i] = flat[start:ends[j]:ends[j]]
			start = ends[j]
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
