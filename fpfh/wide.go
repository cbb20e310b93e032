package fpfh

import (
	"context"

	"github.com/iad3d/iad3d/internal/parallel"
	"github.com/iad3d/iad3d/pointcloud"
)

// wide holds the simplified histograms of points with any number of neighbours,
// unscaled: counts of neighbours per bin, at most their number in each block. It
// is computed pair by pair, as the definition says, and [narrow] is tested
// against it.
type wide struct {
	cloud      *pointcloud.Cloud
	counts     [][Dim]float32 // whole numbers
	pairs      []int32        // neighbours counted
	convention Convention
}

// newWide computes the simplified point feature histograms of all valid points for
// each list size. The counts of a size are those of the next smaller one and what
// the further neighbours add.
func newWide(ctx context.Context, c *pointcloud.Cloud, nb *pointcloud.Neighborhoods, o Options, sizes []int) ([]histograms, error) {
	out := make([]wide, len(sizes))
	hs := make([]histograms, len(sizes))
	for s := range out {
		out[s] = wide{
			cloud:      c,
			counts:     make([][Dim]float32, c.Len()),
			pairs:      make([]int32, c.Len()),
			convention: o.Convention,
		}
		hs[s] = &out[s]
	}
	order := nb.Order()
	err := parallel.For(ctx, len(order), chunk, o.Workers, func(_, lo, hi int) {
		for _, i := range order[lo:hi] {
			list := nb.Of(int(i))
			p, m := c.At(int(i)), c.Normal(int(i))
			var h [Dim]float32
			done := 0
			for s, size := range sizes {
				size = min(size, len(list))
				if size < 2 {
					continue
				}
				for ; done < size; done++ {
					k := list[done]
					if out[s].isSelf(done, k, i) {
						continue
					}
					b1, b2, b3 := pairBins(p, m, c.At(int(k)), c.Normal(int(k)))
					h[b1]++
					h[bins+b2]++
					h[2*bins+b3]++
				}
				out[s].counts[i], out[s].pairs[i] = h, int32(size-1)
			}
		}
	})
	return hs, err
}

// isSelf reports whether the neighbour k at position pos of point i's list is
// what the convention takes for the point itself.
func (s *wide) isSelf(pos int, k, i int32) bool {
	if s.convention == PCL {
		return k == i
	}
	return pos == 0
}

func (s *wide) row(list []int32, i int32, row *[Dim]float64, sc *scratch) {
	*row = [Dim]float64{}
	if len(list) < 2 {
		return
	}
	terms := sc.terms[:0]
	c := s.cloud
	p := c.At(int(i))
	for pos, k := range list {
		if s.isSelf(pos, k, i) || s.pairs[k] == 0 {
			continue
		}
		d := c.At(int(k)).Sub(p)
		if dist2 := float64(d.X*d.X) + float64(d.Y*d.Y) + float64(d.Z*d.Z); dist2 != 0 {
			terms = append(terms, term{&s.counts[k], 100 / float64(s.pairs[k]) / dist2})
		}
	}
	sc.terms = terms
	for b := 0; b < Dim; b += bins {
		sumBlock(terms, b, (*[bins]float64)(row[b:]))
	}
	own := 0.0
	if s.convention == Open3D {
		own = 100 / float64(s.pairs[i])
	}
	finish(row, own, &s.counts[i])
}

// term is a neighbour's share in a descriptor.
type term struct {
	counts *[Dim]float32
	weight float64
}

// sumBlock stores in out the weighted sums of counts b to b+10. The sums are
// spelt out so that they stay in registers: this loop is where most of the time
// of a descriptor goes.
func sumBlock(terms []term, b int, out *[bins]float64) {
	var s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10 float64
	for _, t := range terms {
		h, w := (*[bins]float32)(t.counts[b:]), t.weight
		s0 += float64(w * float64(h[0]))
		s1 += float64(w * float64(h[1]))
		s2 += float64(w * float64(h[2]))
		s3 += float64(w * float64(h[3]))
		s4 += float64(w * float64(h[4]))
		s5 += float64(w * float64(h[5]))
		s6 += float64(w * float64(h[6]))
		s7 += float64(w * float64(h[7]))
		s8 += float64(w * float64(h[8]))
		s9 += float64(w * float64(h[9]))
		s10 += float64(w * float64(h[10]))
	}
	*out = [bins]float64{s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10}
}
