package pointcloud

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/golang/geo/r3"
)

// ErrFirst is returned when farthest-point sampling is to begin with a point
// that the tree does not hold.
var ErrFirst = errors.New("pointcloud: the first point of a sample is not indexed")

// Farthest returns n points of the tree, spread as evenly as can be had greedily:
// each is the one farthest from all before it, ties by the lowest index. The
// first one is first, or the lowest index when first is negative. radii[j] is the
// distance of point j from the nearest one before it (infinite for the first):
// every indexed point is within radii[len−1] of one of the sample, and no two of
// the sample are closer than that.
//
// The result is exact, that of the n·N distances (Eldar et al. 1997, "The
// farthest point strategy for progressive image sampling"); boxes of the tree
// that a new point cannot bring nearer are skipped, so that the time grows with
// n much slower than that. It is shorter than n when the tree holds fewer
// different points.
//
// The work is serial: it costs less than building the tree.
func (t *Tree) Farthest(ctx context.Context, n int, first int32) (sample []int32, radii []float64, err error) {
	if n <= 0 || len(t.ids) == 0 {
		return nil, nil, ctx.Err()
	}
	f := &farthest{tree: t, dist2: make([]float64, len(t.ids)), far: make([]farPoint, len(t.nodes))}
	start := int32(-1) // entry of the first point
	if first < 0 {
		first = t.nodes[0].first
	}
	for e, id := range t.ids {
		f.dist2[e] = math.Inf(1)
		if id == first {
			start = int32(e)
		}
	}
	if start < 0 {
		return nil, nil, fmt.Errorf("%w: %d", ErrFirst, first)
	}
	for i := range f.far {
		f.far[i] = farPoint{entry: -1, dist2: math.Inf(1)}
	}
	n = min(n, len(t.ids))
	sample, radii = make([]int32, 0, n), make([]float64, 0, n)
	next := farPoint{entry: start, dist2: math.Inf(1)}
	for {
		sample = append(sample, t.ids[next.entry])
		radii = append(radii, math.Sqrt(next.dist2))
		if len(sample) == n {
			return sample, radii, nil
		}
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		p := t.xyz[3*next.entry : 3*next.entry+3]
		f.update(0, r3.Vector{X: float64(p[0]), Y: float64(p[1]), Z: float64(p[2])})
		if next = f.far[0]; next.dist2 == 0 {
			return sample, radii, nil
		}
	}
}

// farthest holds, per entry of the tree, the squared distance from the sample,
// and per node the entry where that is largest.
type farthest struct {
	tree  *Tree
	dist2 []float64
	far   []farPoint
}

type farPoint struct {
	entry int32
	dist2 float64
}

// update takes a new point of the sample into account below node n. A node whose
// box is no nearer to it than its farthest point is to the sample stays as it is:
// distances to box and points round alike.
func (f *farthest) update(n int, p r3.Vector) {
	t := f.tree
	nd := &t.nodes[n]
	if nd.distance2(p.X, p.Y, p.Z) >= f.far[n].dist2 {
		return
	}
	if n < t.inner {
		l, r := 2*n+1, 2*n+2
		f.update(l, p)
		f.update(r, p)
		if a, b := f.far[l], f.far[r]; b.dist2 > a.dist2 || b.dist2 == a.dist2 && t.ids[b.entry] < t.ids[a.entry] {
			f.far[n] = b
		} else {
			f.far[n] = a
		}
		return
	}
	best := farPoint{entry: -1, dist2: -1}
	for e := nd.start; e < nd.end; e++ { // a leaf's entries ascend by index
		pt := t.xyz[3*e : 3*e+3 : 3*e+3]
		d := min(f.dist2[e], distance2(float64(pt[0])-p.X, float64(pt[1])-p.Y, float64(pt[2])-p.Z))
		f.dist2[e] = d
		if d > best.dist2 {
			best = farPoint{e, d}
		}
	}
	f.far[n] = best
}
