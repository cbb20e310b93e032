// Package fpfh computes Fast Point Feature Histograms: 33 numbers that describe
// how the surface bends around a point.
//
// The paper is R. B. Rusu, N. Blodow, M. Beetz, "Fast Point Feature Histograms
// (FPFH) for 3D Registration", ICRA 2009. The two programs that the field uses
// differ in details; both conventions are offered, see [Convention].
package fpfh

import (
	"context"
	"errors"
	"fmt"

	"github.com/iad3d/iad3d/grid"
	"github.com/iad3d/iad3d/internal/parallel"
	"github.com/iad3d/iad3d/pointcloud"
)

// Dim is the length of a descriptor: 11 bins for each of the features f1 (the
// angle θ), f2 (v·n) and f3 (φ), in this order.
const Dim = 3 * bins

// DefaultK is the number of neighbours, the point included, that Options.Search
// means when it is zero: BTF's.
const DefaultK = 100

// chunk is the number of points a worker takes at a time.
const chunk = 256

// Convention is the program whose descriptors are computed.
type Convention uint8

const (
	// Open3D follows Open3D 0.16.1: the neighbours' weighted histograms scaled
	// to 100 per feature, plus the point's own histogram, so that each feature
	// sums to 200. The first neighbour of a search is taken for the point itself.
	Open3D Convention = iota
	// PCL follows PCL 1.13: the point's own histogram is not added, each feature
	// sums to 100, and the neighbour skipped is the one with the point's index.
	// PCL computes in float32, this package in float64.
	PCL
)

// Options chooses convention and neighbours. The zero value is Open3D's
// convention on the 100 nearest neighbours.
type Options struct {
	Convention Convention
	Search     pointcloud.Search
	// Neighborhoods saves the search when it covers Search.
	Neighborhoods *pointcloud.Neighborhoods
	Workers       int // ≤ 0: GOMAXPROCS
}

// ErrNoNormals is returned for a cloud without normals.
var ErrNoNormals = errors.New("fpfh: the cloud has no normals; estimate them first")

// Compute returns the descriptors of all points of c, N×33, row i at 33·i; rows
// of invalid points are zero. Entries are at least 0; with the Open3D convention
// each block of 11 sums to 200, or to 100 where every neighbour coincides with
// the point, or to 0 where it has none. c must have normals, unit length at
// valid points; their signs matter.
//
// With equal normals the result agrees with Open3D 0.16.1 to 1e-9 before it is
// rounded to float32, except for pairs whose two normals make the same angle
// with their connecting line up to rounding: there rounding chooses the source
// in either program.
func Compute(ctx context.Context, c *pointcloud.Cloud, o Options) ([]float32, error) {
	out := make([]float32, Dim*c.Len())
	err := each(ctx, c, o, func(i int32, row *[Dim]float64) {
		dst := out[Dim*int(i):][:Dim]
		for j, v := range row {
			dst[j] = float32(v)
		}
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ComputeMap is Compute for an organised cloud, as a Height×Width×33 map whose
// Valid is the cloud's.
func ComputeMap(ctx context.Context, c *pointcloud.Cloud, o Options) (*grid.Map, error) {
	if !c.Organised() {
		return nil, fmt.Errorf("fpfh: a map needs an organised cloud, this one has %d points without a raster", c.Len())
	}
	data, err := Compute(ctx, c, o)
	if err != nil {
		return nil, err
	}
	return &grid.Map{H: c.Height, W: c.Width, C: Dim, Data: data, Valid: c.Valid}, nil
}

// each calls emit once for every valid point, from several goroutines; row is
// reused after emit returns.
func each(ctx context.Context, c *pointcloud.Cloud, o Options, emit func(i int32, row *[Dim]float64)) error {
	if len(c.Normals) != 3*c.Len() {
		return ErrNoNormals
	}
	if o.Search == (pointcloud.Search{}) {
		o.Search.K = DefaultK
	}
	nb, err := o.Neighborhoods.Narrow(ctx, c, o.Search, o.Workers)
	if err != nil {
		return err
	}
	s, err := simple(ctx, c, nb, o)
	if err != nil {
		return err
	}
	order := nb.Order()
	rows := make([][Dim]float64, parallel.Workers(len(order), chunk, o.Workers))
	terms := make([][]term, len(rows))
	return parallel.For(ctx, len(order), chunk, len(rows), func(w, lo, hi int) {
		for _, i := range order[lo:hi] {
			terms[w] = s.weighted(c, nb.Of(int(i)), i, &rows[w], terms[w])
			emit(i, &rows[w])
		}
	})
}

// spfh holds the simplified histograms, unscaled: counts of neighbours per bin,
// at most their number in each block.
type spfh struct {
	counts     [][Dim]float32 // whole numbers
	pairs      []int32        // neighbours counted
	convention Convention
}

// simple computes the simplified point feature histograms of all valid points.
func simple(ctx context.Context, c *pointcloud.Cloud, nb *pointcloud.Neighborhoods, o Options) (*spfh, error) {
	s := &spfh{
		counts:     make([][Dim]float32, c.Len()),
		pairs:      make([]int32, c.Len()),
		convention: o.Convention,
	}
	order := nb.Order()
	err := parallel.For(ctx, len(order), chunk, o.Workers, func(_, lo, hi int) {
		for _, i := range order[lo:hi] {
			list := nb.Of(int(i))
			if len(list) < 2 {
				continue
			}
			p, m := c.At(int(i)), c.Normal(int(i))
			h := &s.counts[i]
			for pos, k := range list {
				if s.isSelf(pos, k, i) {
					continue
				}
				b1, b2, b3 := pairBins(p, m, c.At(int(k)), c.Normal(int(k)))
				h[b1]++
				h[bins+b2]++
				h[2*bins+b3]++
			}
			s.pairs[i] = int32(len(list) - 1)
		}
	})
	return s, err
}

// isSelf reports whether the neighbour k at position pos of point i's list is
// what the convention takes for the point itself.
func (s *spfh) isSelf(pos int, k, i int32) bool {
	if s.convention == PCL {
		return k == i
	}
	return pos == 0
}

// weighted stores the descriptor of point i: the neighbours' histograms
// weighted by the inverse squared distance, each block scaled to 100, plus the
// point's own in the Open3D convention. terms is scratch space.
func (s *spfh) weighted(c *pointcloud.Cloud, list []int32, i int32, row *[Dim]float64, terms []term) []term {
	*row = [Dim]float64{}
	terms = terms[:0]
	if len(list) < 2 {
		return terms
	}
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
	own := 0.0
	if s.convention == Open3D {
		own = 100 / float64(s.pairs[i])
	}
	for b := 0; b < Dim; b += bins {
		block := (*[bins]float64)(row[b:])
		sumBlock(terms, b, block)
		sum := 0.0
		for _, v := range block {
			sum += v
		}
		scale := 0.0
		if sum != 0 {
			scale = 100 / sum
		}
		for j, v := range block {
			block[j] = float64(v*scale) + float64(own*float64(s.counts[i][b+j]))
		}
	}
	return terms
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
