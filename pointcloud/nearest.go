package pointcloud

import (
	"math"

	"github.com/golang/geo/r3"
)

// Nearest returns the indexed point nearest to q, ties by the lowest index, if it
// is nearer than r (strictly; +Inf for any): Hybrid for a single neighbour, in
// half the time.
func (t *Tree) Nearest(q r3.Vector, r float64) (Neighbor, bool) {
	if len(t.ids) == 0 || !(r > 0) || math.IsNaN(q.X+q.Y+q.Z) {
		return Neighbor{}, false
	}
	best := Neighbor{Index: math.MaxInt32, Dist2: math.Inf(1)}
	if !math.IsInf(r, 1) {
		best.Dist2 = math.Nextafter(r*r, 0)
	}
	x, y, z := q.X, q.Y, q.Z
	var stack [maxDepth]pending
	stack[0] = pending{0, t.nodes[0].distance2(x, y, z)}
	for top := 1; top > 0; {
		top--
		n := int(stack[top].node)
		if d := stack[top].dist2; d > best.Dist2 || d == best.Dist2 && t.nodes[n].first > best.Index {
			continue
		}
		for n < t.inner {
			l, r := 2*n+1, 2*n+2
			dl, dr := t.nodes[l].distance2(x, y, z), t.nodes[r].distance2(x, y, z)
			if dr < dl {
				l, r, dl, dr = r, l, dr, dl
			}
			if dr <= best.Dist2 {
				stack[top] = pending{int32(r), dr}
				top++
			}
			if n = l; dl > best.Dist2 {
				break
			}
		}
		if n < t.inner {
			continue
		}
		nd := &t.nodes[n]
		for e := nd.start; e < nd.end; e++ {
			pt := t.xyz[3*e : 3*e+3 : 3*e+3]
			d := distance2(float64(pt[0])-x, float64(pt[1])-y, float64(pt[2])-z)
			if d < best.Dist2 || d == best.Dist2 && t.ids[e] < best.Index {
				best = Neighbor{t.ids[e], d}
			}
		}
	}
	if best.Index == math.MaxInt32 {
		return Neighbor{}, false
	}
	return best, true
}
