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
	"math"
	"runtime/debug"
	"slices"

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
	out, err := compute(ctx, c, o, []int{math.MaxInt})
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// compute returns the descriptors for each of the list sizes of each.
func compute(ctx context.Context, c *pointcloud.Cloud, o Options, sizes []int) ([][]float32, error) {
	if tiled(c, o) {
		// The lists that normals were estimated from, gigabytes, would otherwise lie beside
		// the descriptors until the next collection.
		debug.FreeOSMemory()
	}
	out := make([][]float32, len(sizes))
	for s := range out {
		out[s] = make([]float32, Dim*c.Len())
	}
	err := each(ctx, c, o, sizes, func(s int, i int32, row *[Dim]float64) {
		dst := out[s][Dim*int(i):][:Dim]
		for j, v := range row {
			dst[j] = float32(v)
		}
	})
	return out, err
}

// ComputeMaps returns the descriptors of an organised cloud at several sizes, one
// Height×Width×33 map for each of ks whose Valid is the cloud's: map j is what
// Compute gives with o.Search.K = ks[j]. Neighbourhoods are searched once, and
// every pair of points is looked at once. Maps of equal ks share their data.
func ComputeMaps(ctx context.Context, c *pointcloud.Cloud, o Options, ks []int) ([]*grid.Map, error) {
	if err := mustHaveRaster(c); err != nil {
		return nil, err
	}
	data, err := ComputeSizes(ctx, c, o, ks)
	if err != nil {
		return nil, err
	}
	maps := make([]*grid.Map, len(ks))
	for j := range ks {
		maps[j] = &grid.Map{H: c.Height, W: c.Width, C: Dim, Data: data[j], Valid: c.Valid}
	}
	return maps, nil
}

// mustHaveRaster returns an error for a cloud without pixels.
func mustHaveRaster(c *pointcloud.Cloud) error {
	if !c.Organised() {
		return fmt.Errorf("fpfh: a map needs an organised cloud, this one has %d points without a raster", c.Len())
	}
	return nil
}

// distinct returns the different ones of ks, ascending.
func distinct(ks []int) ([]int, error) {
	if len(ks) == 0 || slices.Min(ks) < 1 {
		return nil, fmt.Errorf("fpfh: numbers of neighbours %v: want one or more, all positive", ks)
	}
	return slices.Compact(slices.Sorted(slices.Values(ks))), nil
}

// each calls emit once for every size and valid point, from several goroutines;
// row is reused after emit returns. sizes ascends: descriptors of size s are made
// from the first s neighbours of every point.
func each(ctx context.Context, c *pointcloud.Cloud, o Options, sizes []int, emit func(s int, i int32, row *[Dim]float64)) error {
	if tiled(c, o) {
		return eachTiled(ctx, c, o, sizes, tileSize, emit)
	}
	return eachWhole(ctx, c, o, sizes, emit)
}

// tiled reports whether a cloud is described in tiles.
func tiled(c *pointcloud.Cloud, o Options) bool {
	return o.Neighborhoods == nil && c.Len() > tilesAbove
}

func eachWhole(ctx context.Context, c *pointcloud.Cloud, o Options, sizes []int, emit func(s int, i int32, row *[Dim]float64)) error {
	nb, hs, err := prepare(ctx, c, o, sizes)
	if err != nil {
		return err
	}
	order := nb.Order()
	rows := make([][Dim]float64, parallel.Workers(len(order), chunk, o.Workers))
	scratches := make([]scratch, len(rows))
	return parallel.For(ctx, len(order), chunk, len(rows), func(w, lo, hi int) {
		for _, i := range order[lo:hi] {
			list := nb.Of(int(i))
			for s, h := range hs {
				h.row(list[:min(len(list), sizes[s])], i, &rows[w], &scratches[w])
				emit(s, i, &rows[w])
			}
		}
	})
}

// prepare returns the neighbours of all points and their histograms of every size.
func prepare(ctx context.Context, c *pointcloud.Cloud, o Options, sizes []int) (*pointcloud.Neighborhoods, []histograms, error) {
	if len(c.Normals) != 3*c.Len() {
		return nil, nil, ErrNoNormals
	}
	if o.Search == (pointcloud.Search{}) {
		o.Search.K = DefaultK
	}
	nb, err := o.Neighborhoods.Narrow(ctx, c, o.Search, o.Workers)
	if err != nil {
		return nil, nil, err
	}
	hs, err := newHistograms(ctx, c, nb, o, sizes)
	return nb, hs, err
}
