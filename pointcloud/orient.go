package pointcloud

import (
	"container/heap"
	"context"
	"fmt"
	"math"

	"github.com/golang/geo/r3"
)

// defaultOrientK is the number of neighbours of which one hands its side on to a
// point when OrientNormals is given none.
const defaultOrientK = 12

// OrientNormals chooses the signs of normals, 3·N for the valid points of c, so
// that neighbours agree: where a cloud has no viewpoint to turn them to. It
// changes normals in place.
//
// The side spreads along a minimum spanning tree of the k nearest neighbours
// (0: 12) in which the edge between two points costs 1 − |n·n′|, so that it
// crosses creases last (Hoppe et al. 1992, "Surface reconstruction from
// unorganized points", section 3.3). A piece that is not connected to the others
// takes its side from the point nearest to it. Which of the two global choices is
// taken the cloud decides: most normals lead away from the centroid, outwards for
// a closed surface. For a part seen from one side that choice may be the wrong
// one, and on thin walls scanned on both sides the tree can jump across: compare
// what you compute from the normals with that in mind.
func OrientNormals(ctx context.Context, c *Cloud, normals []float64, k, workers int) error {
	if len(normals) != 3*c.Len() {
		return fmt.Errorf("%w: %d normal components for %d points", ErrShape, len(normals), c.Len())
	}
	if k < 0 {
		return fmt.Errorf("pointcloud: orientation by %d neighbours", k)
	}
	if k == 0 {
		k = defaultOrientK
	}
	nb, err := FindNeighborhoods(ctx, c, Search{K: k + 1}, workers)
	if err != nil {
		return err
	}
	s := &spreading{c: c, normals: normals, nb: nb, tree: NewTree(c), done: make([]bool, c.Len())}
	for work, i := range c.ValidIndices() {
		if work%voxelCheck == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if !s.done[i] {
			if from := s.nearestDone(i); from >= 0 {
				s.agree(from, i)
			}
			s.from(i)
		}
	}
	s.outwards()
	return nil
}

// spreading is the state of OrientNormals.
type spreading struct {
	c       *Cloud
	normals []float64
	nb      *Neighborhoods
	tree    *Tree
	done    []bool
	any     bool
	front   edges
	scratch []Neighbor
}

func (s *spreading) normal(i int32) r3.Vector {
	return r3.Vector{X: s.normals[3*i], Y: s.normals[3*i+1], Z: s.normals[3*i+2]}
}

// agree turns the normal of to to the side of from's.
func (s *spreading) agree(from, to int32) {
	if s.normal(from).Dot(s.normal(to)) < 0 {
		s.flip(to)
	}
}

func (s *spreading) flip(i int32) {
	for d := range 3 {
		s.normals[3*i+int32(d)] = -s.normals[3*i+int32(d)]
	}
}

// nearestDone returns the oriented point nearest to i, −1 when there is none or
// none among the nearest thousand.
func (s *spreading) nearestDone(i int32) int32 {
	if !s.any {
		return -1
	}
	for k := 32; k <= 1024; k *= 2 {
		s.scratch = s.tree.KNN(s.c.At(int(i)), k, s.scratch)
		for _, n := range s.scratch {
			if s.done[n.Index] {
				return n.Index
			}
		}
	}
	return -1
}

// from orients all that is connected with i (Prim's algorithm).
func (s *spreading) from(i int32) {
	s.visit(i)
	for len(s.front) > 0 {
		e := heap.Pop(&s.front).(edge)
		if !s.done[e.to] {
			s.agree(e.from, e.to)
			s.visit(e.to)
		}
	}
}

func (s *spreading) visit(i int32) {
	s.done[i], s.any = true, true
	for _, j := range s.nb.Of(int(i)) {
		if !s.done[j] {
			heap.Push(&s.front, edge{1 - math.Abs(s.normal(i).Dot(s.normal(j))), i, j})
		}
	}
}

// outwards turns all normals when most lead towards the centroid.
func (s *spreading) outwards() {
	var centre r3.Vector
	idx := s.c.ValidIndices()
	for _, i := range idx {
		centre = centre.Add(s.c.At(int(i)))
	}
	n := float64(max(1, len(idx)))
	centre = r3.Vector{X: centre.X / n, Y: centre.Y / n, Z: centre.Z / n}
	sum := 0.0
	for _, i := range idx {
		sum += s.normal(i).Dot(s.c.At(int(i)).Sub(centre))
	}
	if sum < 0 {
		for _, i := range idx {
			s.flip(i)
		}
	}
}

// edge leads from an oriented point to one that is not.
type edge struct {
	cost     float64
	from, to int32
}

// edges is a heap, cheapest first; the order is total.
type edges []edge

func (e edges) Len() int { return len(e) }
func (e edges) Less(i, j int) bool {
	a, b := e[i], e[j]
	switch {
	case a.cost != b.cost:
		return a.cost < b.cost
	case a.to != b.to:
		return a.to < b.to
	}
	return a.from < b.from
}
func (e edges) Swap(i, j int) { e[i], e[j] = e[j], e[i] }

// Push implements [heap.Interface].
func (e *edges) Push(x any) { *e = append(*e, x.(edge)) }

// Pop implements [heap.Interface].
func (e *edges) Pop() any {
	old := *e
	x := old[len(old)-1]
	*e = old[:len(old)-1]
	return x
}
