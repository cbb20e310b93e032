package fpfh

import (
	"context"
	"runtime"
	"slices"

	"github.com/iad3d/iad3d/internal/parallel"
	"github.com/iad3d/iad3d/pointcloud"
)

// Clouds of more than tilesAbove points whose neighbours are not known yet are
// described tile by tile: the lists of neighbours and the histograms of ten million
// points would take gigabytes.
const (
	tilesAbove = 2 << 20
	tileSize   = 1 << 19
)

// eachTiled is each, for a tile of size points at a time. A tile is computed as a
// cloud of its own, with all neighbours of its points and all neighbours of these:
// what a descriptor is made of. The points keep their order, by which ties are
// decided, so that every descriptor has the bits that each gives.
func eachTiled(ctx context.Context, c *pointcloud.Cloud, o Options, sizes []int, size int, emit func(s int, i int32, row *[Dim]float64)) error {
	if len(c.Normals) != 3*c.Len() {
		return ErrNoNormals
	}
	if o.Search == (pointcloud.Search{}) {
		o.Search.K = DefaultK
	}
	tree, err := pointcloud.BuildTree(ctx, c)
	if err != nil {
		return err
	}
	t := &tiler{c: c, tree: tree, search: o.Search, workers: o.Workers, place: make([]place, c.Len())}
	order := tree.Order() // neighbours in it are neighbours in space
	for lo := 0; lo < len(order); lo += size {
		ids, err := t.gather(ctx, order[lo:min(lo+size, len(order))])
		if err != nil {
			return err
		}
		err = eachWhole(ctx, t.cloud(ids), o, sizes, func(s int, i int32, row *[Dim]float64) {
			if t.place[ids[i]] == inTile {
				emit(s, ids[i], row)
			}
		})
		if err != nil {
			return err
		}
		for _, i := range ids {
			t.place[i] = elsewhere
		}
		// A tile leaves hundreds of megabytes of lists. Beside the gigabytes in use, which
		// take no time to mark, the collector would let them add up to as much again.
		runtime.GC()
	}
	return nil
}

// place is where a point is, as seen from a tile.
type place uint8

const (
	elsewhere place = iota
	inTile
	beside // needed for the tile's points
)

type tiler struct {
	c       *pointcloud.Cloud
	tree    *pointcloud.Tree
	search  pointcloud.Search
	workers int
	place   []place
}

// gather returns the points of a tile and those that their descriptors are made of,
// ascending.
func (t *tiler) gather(ctx context.Context, tile []int32) ([]int32, error) {
	for _, i := range tile {
		t.place[i] = inTile
	}
	near, err := t.around(ctx, tile)
	if err != nil {
		return nil, err
	}
	far, err := t.around(ctx, near)
	if err != nil {
		return nil, err
	}
	ids := slices.Concat(tile, near, far)
	slices.Sort(ids)
	return ids, nil
}

// around returns the neighbours of the points ids that were elsewhere, and notes that
// they are beside the tile.
func (t *tiler) around(ctx context.Context, ids []int32) ([]int32, error) {
	found := make([][]int32, (len(ids)+chunk-1)/chunk)
	scratch := make([][]pointcloud.Neighbor, parallel.Workers(len(ids), chunk, t.workers))
	err := parallel.For(ctx, len(ids), chunk, len(scratch), func(w, lo, hi int) {
		var list []int32
		for _, i := range ids[lo:hi] {
			scratch[w] = t.neighbors(i, scratch[w])
			for _, n := range scratch[w] {
				if t.place[n.Index] == elsewhere {
					list = append(list, n.Index)
				}
			}
		}
		slices.Sort(list)
		found[lo/chunk] = slices.Clip(slices.Compact(list))
	})
	if err != nil {
		return nil, err
	}
	var out []int32
	for _, list := range found {
		for _, i := range list {
			if t.place[i] == elsewhere {
				t.place[i] = beside
				out = append(out, i)
			}
		}
	}
	return out, nil
}

func (t *tiler) neighbors(i int32, dst []pointcloud.Neighbor) []pointcloud.Neighbor {
	q, s := t.c.At(int(i)), t.search
	switch {
	case s.K == 0:
		return t.tree.Radius(q, s.Radius, dst)
	case s.Radius > 0:
		return t.tree.Hybrid(q, s.Radius, s.K, dst)
	}
	return t.tree.KNN(q, s.K, dst)
}

// cloud returns the points ids, all valid, with their normals.
func (t *tiler) cloud(ids []int32) *pointcloud.Cloud {
	c := &pointcloud.Cloud{XYZ: make([]float32, 0, 3*len(ids)), Normals: make([]float64, 0, 3*len(ids)), Unit: t.c.Unit}
	for _, i := range ids {
		c.XYZ = append(c.XYZ, t.c.XYZ[3*i:3*i+3]...)
		c.Normals = append(c.Normals, t.c.Normals[3*i:3*i+3]...)
	}
	return c
}
