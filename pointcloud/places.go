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
	blocks *blocks // of an organised cloud
	at     []int32 // place of each point in blocks
}

// NewPlaces prepares c, which it retains and which must not change any more. Valid
// points must be finite. The end of ctx ends it, with its error.
func NewPlaces(ctx context.Context, c *Cloud) (*Places, error) {
	p := &Places{cloud: c}
	if !c.Organised() {
		t, err := BuildTree(ctx, c)
		if err != nil {
			return nil, err
		}
		p.tree = func() *Tree { return t }
	} else {
		p.tree = sync.OnceValue(func() *Tree { return NewTree(c) }) // seldom needed
		p.blocks = newBlocks(c, p.tree)
		p.at = make([]int32, c.Len())
		for pos, i := range p.blocks.ids {
			p.at[i] = int32(pos)
		}
	}
	return p, ctx.Err()
}

// Nearest calls fn(j, near) with the k nearest points of idx[j], a valid point, for
// all j, as [Tree.KNN] finds them: the point itself is among them. fn may run for
// several j at once and must not keep near. workers ≤ 0 means GOMAXPROCS.
func (p *Places) Nearest(ctx context.Context, idx []int32, k, workers int, fn func(j int, near []Neighbor)) error {
	workers = parallel.Workers(len(idx), searchChunk, workers)
	type scratch struct {
		gathered
		near []Neighbor
	}
	all := make([]scratch, workers)
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
			pos := int(p.at[idx[j]])
			s.lists.reuse(pos)
			b.single(pos, &reach{radius: math.Inf(1)}, &s.gathered)
			s.near = s.near[:0]
			for _, i := range s.lists.of(pos) {
				d := p.cloud.At(int(i)).Sub(q)
				s.near = append(s.near, Neighbor{i, distance2(d.X, d.Y, d.Z)})
			}
			fn(j, s.near)
		}
	})
}
