package pointcloud

import (
	"context"
	"math"
	"sync"

	"github.com/iad3d/iad3d/internal/parallel"
)

// Places finds the neighbours of some points of a cloud; for those of all points
// there is [FindNeighborhoods]. An organised cloud costs little to prepare, any
// other takes a [Tree]. It is safe for concurrent use.
type Places struct {
	cloud  *Cloud
	tree   func() *Tree
	valid  []int32 // the measured points
	blocks *blocks // of an organised cloud
	first  []int32 // place in blocks of the first point of each square of tileSide pixels
}

// placeReach is how much farther than the neighbourhood before, elsewhere on the same
// surface, a neighbourhood is sought first.
const placeReach = 1.5

// NewPlaces prepares c, which it retains and which must not change any more. Valid
// points must be finite. The end of ctx ends it, with its error.
func NewPlaces(ctx context.Context, c *Cloud) (*Places, error) {
	p := &Places{cloud: c, valid: c.ValidIndices()}
	if !c.Organised() {
		t, err := BuildTree(ctx, c)
		if err != nil {
			return nil, err
		}
		p.tree = func() *Tree { return t }
	} else {
		p.tree = sync.OnceValue(func() *Tree { return NewTree(c) }) // seldom needed
		p.blocks = newBlocks(c, placeSize, p.tree)
		p.first = make([]int32, (c.Height+tileSide-1)/tileSide*p.squares())
		for _, n := range p.blocks.leaves {
			start := p.blocks.nodes[n].Start
			p.first[p.square(p.blocks.ids[start])] = start
		}
	}
	return p, ctx.Err()
}

// squares is the number of squares in a row of them.
func (p *Places) squares() int { return (p.cloud.Width + tileSide - 1) / tileSide }

// square is the one that pixel i is in.
func (p *Places) square(i int32) int {
	y, x := int(i)/p.cloud.Width, int(i)%p.cloud.Width
	return y/tileSide*p.squares() + x/tileSide
}

// at returns the place of the valid point i in blocks.
func (p *Places) at(i int32) int {
	pos := int(p.first[p.square(i)])
	for p.blocks.ids[pos] != i {
		pos++
	}
	return pos
}

// Valid returns the measured points of the cloud, ascending, which the caller must not
// change.
func (p *Places) Valid() []int32 { return p.valid }

// Nearest calls fn(j, near) with the k nearest points of idx[j], a valid point, for
// all j, as [Tree.KNN] finds them: the point itself is among them. fn may run for
// several j at once and must not keep near. workers ≤ 0 means GOMAXPROCS.
func (p *Places) Nearest(ctx context.Context, idx []int32, k, workers int, fn func(j int, near []Neighbor)) error {
	workers = parallel.Workers(len(idx), searchChunk, workers)
	type scratch struct {
		gathered
		near   []Neighbor
		radius float64 // of the neighbourhood before, +Inf for the first
	}
	all := make([]scratch, workers)
	for w := range all {
		all[w].radius = math.Inf(1)
	}
	var b *batches
	if p.blocks != nil && k > 0 {
		b = &batches{search: Search{K: k}, blocks: p.blocks, tree: p.tree, cap2: math.Inf(1)}
		b.prepare(p.cloud)
	}
	return parallel.For(ctx, len(idx), searchChunk, workers, func(w, lo, hi int) {
		s := &all[w]
		for j := lo; j < hi; j++ {
			q := p.cloud.At(int(idx[j]))
			if b == nil {
				s.near = p.tree().KNN(q, k, s.near)
				fn(j, s.near)
				continue
			}
			pos := p.at(idx[j])
			s.lists.reuse(pos)
			if !b.within(pos, s.radius*placeReach, &s.gathered) {
				b.single(pos, &reach{radius: math.Inf(1)}, &s.gathered)
			}
			s.near = s.near[:0]
			for _, i := range s.lists.of(pos) {
				d := p.cloud.At(int(i)).Sub(q)
				s.near = append(s.near, Neighbor{i, distance2(d.X, d.Y, d.Z)})
			}
			if s.radius = math.Inf(1); len(s.near) == k {
				s.radius = math.Sqrt(s.near[k-1].Dist2)
			}
			fn(j, s.near)
		}
	})
}
