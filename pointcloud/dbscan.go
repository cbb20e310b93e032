package pointcloud

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/iad3d/iad3d/internal/parallel"
)

// Labels of points that belong to no cluster.
const (
	LabelNoise   int32 = -1 // a valid point without enough neighbours
	LabelInvalid int32 = -2 // an invalid point, which is no one's neighbour
)

// DBSCAN groups the valid points of c by density (Ester et al. 1996) and returns
// one label per point: its cluster, from 0, or LabelNoise or LabelInvalid.
//
// A point is core when at least minPoints points, itself included, are strictly
// nearer than eps (in the cloud's unit). Core points nearer than eps to each
// other share a cluster; clusters are numbered by their first core point in
// input order. Another point near a core point takes the lowest cluster in
// reach. This is Open3D 0.16.1 cluster_dbscan, label for label.
//
// Open3D lists every neighbourhood, 1800 points each in a scan of 0.25 mm pitch
// with BTF's eps of 6 mm. Here boxes of the kd-tree that are smaller than eps
// count and connect as a whole, so that time and memory hardly depend on eps.
func DBSCAN(ctx context.Context, c *Cloud, eps float64, minPoints int) ([]int32, error) {
	// The conversion keeps eps2−eps2 from being fused to the rounding error of the square.
	if eps2 := float64(eps * eps); !(eps > 0 && eps2 > 0 && eps2-eps2 == 0) || minPoints < 1 {
		return nil, fmt.Errorf("pointcloud: DBSCAN with eps %g and %d points: want a positive finite eps and at least 1 point", eps, minPoints)
	}
	s := newClusterSearch(c, eps)
	if err := s.findCores(ctx, minPoints); err != nil {
		return nil, err
	}
	if err := s.connect(ctx); err != nil {
		return nil, err
	}
	return s.label(ctx, minPoints)
}

// pairsPerLook is the number of pairs of boxes between two looks at the
// context, a millisecond of work.
const pairsPerLook = 4096

// clusterSearch finds the connected components of the core points, by walking
// pairs of boxes of the tree. As in Tree, bounds of boxes and distances of
// points round alike, so a decision for a box is the one for each of its points.
type clusterSearch struct {
	cloud *Cloud
	tree  *Tree
	eps   float64
	eps2  float64
	core  []bool  // by point
	cores []int32 // number of core points below each node
	// parent links a core point to one of its cluster that comes earlier in the
	// cloud; the first core point of a cluster is its own parent.
	parent []int32
	whole  []bool // whether the core points below a node are known to be one cluster
	steps  int    // pairs of boxes visited, for the look at the context
}

func newClusterSearch(c *Cloud, eps float64) *clusterSearch {
	t := NewTree(c)
	return &clusterSearch{cloud: c, tree: t, eps: eps, eps2: eps * eps, core: make([]bool, c.Len()), cores: make([]int32, len(t.nodes))}
}

// tight reports whether all points below n are neighbours of each other.
func (s *clusterSearch) tight(n int) bool {
	nd := &s.tree.nodes[n]
	return nd.farthest2(nd) < s.eps2
}

// nearest2 is a lower bound of the squared distance of points in two boxes.
func (nd *node) nearest2(o *node) float64 {
	var d [3]float64
	for i := range d {
		d[i] = max(float64(nd.lo[i])-float64(o.hi[i]), float64(o.lo[i])-float64(nd.hi[i]), 0)
	}
	return distance2(d[0], d[1], d[2])
}

// farthest2 is an upper bound of the squared distance of points in two boxes.
func (nd *node) farthest2(o *node) float64 {
	var d [3]float64
	for i := range d {
		d[i] = max(float64(nd.hi[i])-float64(o.lo[i]), float64(o.hi[i])-float64(nd.lo[i]))
	}
	return distance2(d[0], d[1], d[2])
}

// findCores fills core and cores. Points below a tight node with minPoints of
// them are core without a search of their own.
func (s *clusterSearch) findCores(ctx context.Context, minPoints int) error {
	t := s.tree
	if len(t.ids) < minPoints {
		return ctx.Err()
	}
	crowd := make([]bool, len(t.ids))
	for n := range t.nodes {
		if nd := &t.nodes[n]; int(nd.end-nd.start) >= minPoints && !crowd[nd.start] && (minPoints == 1 || s.tight(n)) {
			for i := nd.start; i < nd.end; i++ {
				crowd[i] = true
			}
		}
	}
	scratch := make([][]Neighbor, parallel.Workers(len(t.ids), searchChunk, 0))
	err := parallel.For(ctx, len(t.ids), searchChunk, len(scratch), func(w, lo, hi int) {
		for i, id := range t.ids[lo:hi] {
			if !crowd[lo+i] {
				scratch[w] = t.Hybrid(s.cloud.At(int(id)), s.eps, minPoints, scratch[w])
			}
			s.core[id] = crowd[lo+i] || len(scratch[w]) == minPoints
		}
	})
	if err != nil {
		return err
	}
	for n := len(t.nodes) - 1; n >= 0; n-- {
		if n < t.inner {
			s.cores[n] = s.cores[2*n+1] + s.cores[2*n+2]
			continue
		}
		for _, id := range t.ids[t.nodes[n].start:t.nodes[n].end] {
			if s.core[id] {
				s.cores[n]++
			}
		}
	}
	return nil
}

// root returns the first point of the cluster of core point i as known so far.
func (s *clusterSearch) root(i int32) int32 {
	for s.parent[i] != i {
		s.parent[i] = s.parent[s.parent[i]]
		i = s.parent[i]
	}
	return i
}

func (s *clusterSearch) unite(i, j int32) {
	i, j = s.root(i), s.root(j)
	s.parent[max(i, j)] = min(i, j)
}

// connect fills parent.
func (s *clusterSearch) connect(ctx context.Context) error {
	s.parent = make([]int32, s.cloud.Len())
	for i := range s.parent {
		s.parent[i] = int32(i)
	}
	s.whole = make([]bool, len(s.tree.nodes))
	if len(s.tree.nodes) == 0 {
		return ctx.Err()
	}
	return s.joinWithin(ctx, 0)
}

// joinWithin connects the core points below node n, and notes whether they have become
// one cluster. What is one makes short work of the boxes above: to join it with
// another, one pair of neighbours is enough.
func (s *clusterSearch) joinWithin(ctx context.Context, n int) error {
	switch {
	case s.cores[n] == 0:
		return nil
	case s.tight(n):
		first := s.firstCore(n)
		for _, id := range s.below(n) {
			if s.core[id] {
				s.unite(first, id)
			}
		}
		s.whole[n] = true
		return nil
	case n >= s.tree.inner:
		for p, q := range s.corePairs(n, n) {
			s.unite(p, q)
		}
		first := s.root(s.firstCore(n))
		s.whole[n] = !slices.ContainsFunc(s.below(n), func(id int32) bool { return s.core[id] && s.root(id) != first })
		return nil
	}
	l, r := 2*n+1, 2*n+2
	if err := s.joinWithin(ctx, l); err != nil {
		return err
	}
	if err := s.joinWithin(ctx, r); err != nil {
		return err
	}
	err := s.joinAcross(ctx, l, r)
	s.whole[n] = (s.whole[l] || s.cores[l] == 0) && (s.whole[r] || s.cores[r] == 0) &&
		(s.cores[l] == 0 || s.cores[r] == 0 || s.root(s.firstCore(l)) == s.root(s.firstCore(r)))
	return err
}

// single reports whether the core points below n are known to be one cluster. What lies
// in a tight box was joined as a whole.
func (s *clusterSearch) single(n int) bool { return s.whole[n] || s.tight(n) }

// joinAcross connects core points below a with core points below b, both of which
// joinWithin has seen.
func (s *clusterSearch) joinAcross(ctx context.Context, a, b int) error {
	if err := s.look(ctx); err != nil || s.apart(a, b) {
		return err
	}
	if s.single(a) && s.single(b) {
		p, q := s.firstCore(a), s.firstCore(b)
		if s.root(p) == s.root(q) {
			return nil
		}
		touch, err := s.touch(ctx, a, b)
		if touch {
			s.unite(p, q)
		}
		return err
	}
	a, b = s.widerFirst(a, b)
	if a >= s.tree.inner {
		for p, q := range s.corePairs(a, b) {
			s.unite(p, q)
		}
		return nil
	}
	if err := s.joinAcross(ctx, 2*a+1, b); err != nil {
		return err
	}
	return s.joinAcross(ctx, 2*a+2, b)
}

// look counts a pair of boxes and looks at the context now and then.
func (s *clusterSearch) look(ctx context.Context) error {
	if s.steps++; s.steps%pairsPerLook == 0 {
		return ctx.Err()
	}
	return nil
}

// touch reports whether a core point below a is a neighbour of one below b.
func (s *clusterSearch) touch(ctx context.Context, a, b int) (bool, error) {
	if err := s.look(ctx); err != nil || s.apart(a, b) {
		return false, err
	}
	if s.tree.nodes[a].farthest2(&s.tree.nodes[b]) < s.eps2 {
		return true, nil
	}
	a, b = s.widerFirst(a, b)
	if a >= s.tree.inner {
		for range s.corePairs(a, b) {
			return true, nil
		}
		return false, nil
	}
	if found, err := s.touch(ctx, 2*a+1, b); found || err != nil {
		return found, err
	}
	return s.touch(ctx, 2*a+2, b)
}

// apart reports that no core point below a can be a neighbour of one below b.
func (s *clusterSearch) apart(a, b int) bool {
	return s.cores[a] == 0 || s.cores[b] == 0 || s.tree.nodes[a].nearest2(&s.tree.nodes[b]) >= s.eps2
}

// widerFirst swaps a and b so that the first is the better one to split: the
// one with children, the wider one if both have.
func (s *clusterSearch) widerFirst(a, b int) (int, int) {
	na, nb := &s.tree.nodes[a], &s.tree.nodes[b]
	if a >= s.tree.inner || b < s.tree.inner && nb.farthest2(nb) > na.farthest2(na) {
		return b, a
	}
	return a, b
}

// corePairs yields the core points of leaf a and of leaf b that are neighbours; of one
// leaf every pair once.
func (s *clusterSearch) corePairs(a, b int) iter.Seq2[int32, int32] {
	return func(yield func(p, q int32) bool) {
		others := s.below(b)
		for i, p := range s.below(a) {
			if !s.core[p] {
				continue
			}
			if a == b {
				others = s.below(a)[i+1:]
			}
			at := s.cloud.At(int(p))
			for _, q := range others {
				d := s.cloud.At(int(q)).Sub(at)
				if s.core[q] && distance2(d.X, d.Y, d.Z) < s.eps2 && !yield(p, q) {
					return
				}
			}
		}
	}
}

// below returns the points below node n.
func (s *clusterSearch) below(n int) []int32 {
	nd := &s.tree.nodes[n]
	return s.tree.ids[nd.start:nd.end]
}

// firstCore returns a core point below node n, which must have one.
func (s *clusterSearch) firstCore(n int) int32 {
	ids := s.below(n)
	return ids[slices.IndexFunc(ids, func(id int32) bool { return s.core[id] })]
}

// label numbers the clusters and gives the points at their borders to them.
func (s *clusterSearch) label(ctx context.Context, minPoints int) ([]int32, error) {
	labels := make([]int32, s.cloud.Len())
	var clusters int32
	for i := range labels {
		switch {
		case !s.cloud.IsValid(i):
			labels[i] = LabelInvalid
		case !s.core[i]:
			labels[i] = LabelNoise
		default:
			first := s.root(int32(i))
			if int(first) == i {
				labels[i] = clusters
				clusters++
			} else {
				labels[i] = labels[first]
			}
		}
	}
	if clusters == 0 {
		return labels, ctx.Err()
	}
	ids := s.tree.ids
	scratch := make([][]Neighbor, parallel.Workers(len(ids), searchChunk, 0))
	err := parallel.For(ctx, len(ids), searchChunk, len(scratch), func(w, lo, hi int) {
		for _, id := range ids[lo:hi] {
			if s.core[id] {
				continue
			}
			best := LabelNoise
			// A point that is not core has fewer than minPoints neighbours, so these are all.
			scratch[w] = s.tree.Hybrid(s.cloud.At(int(id)), s.eps, minPoints, scratch[w])
			for _, n := range scratch[w] {
				if l := n.Index; s.core[l] && (best == LabelNoise || labels[l] < best) {
					best = labels[l]
				}
			}
			labels[id] = best
		}
	})
	if err != nil {
		return nil, err
	}
	return labels, nil
}
