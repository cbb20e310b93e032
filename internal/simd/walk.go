package simd

// Node is a box in a tree of boxes that is stored in preorder: a node's children
// follow it. The kernels know its layout.
type Node struct {
	Lo         [3]float64
	Start, End int32 // the points below the node
	Hi         [3]float64
	Next       int32 // the node after the subtree of this one; a leaf's is the next node
	_          int32
}

// Box is an axis-aligned box: x, y, z, 0 of its lower corner, then of its upper one.
type Box [8]float64

// Walk gathers the points of all leaves whose boxes are no farther than worst,
// squared, from box: it stores them as runs, neighbouring leaves joined, and returns
// the runs and the number of points. It stops before a run when there are already
// more points than limit. runs has room for all points it may gather: limit, and
// what the leaves of a run hold.
//
// A box's distance is rounded by the same operations as a point's in Within;
// rounding is monotone, so a point within worst of one in the box, as Within
// computes it, is gathered.
func Walk(nodes []Node, box *Box, worst float64, limit int, runs []Run) ([]Run, int) {
	if level > Generic && len(nodes) > 0 {
		n, points := walk(&nodes[0], len(nodes), box, worst, limit, &runs[0])
		return runs[:n], points
	}
	return walkGeneric(nodes, box, worst, limit, runs)
}

func walkGeneric(nodes []Node, box *Box, worst float64, limit int, runs []Run) ([]Run, int) {
	runs = runs[:0]
	points := 0
	last := int32(-1) // the end of the last run
	for n := 0; n < len(nodes); {
		nd := &nodes[n]
		var d [3]float64
		for axis := range d {
			if below := nd.Lo[axis] - box[4+axis]; below > 0 {
				d[axis] = below
			} else if above := box[axis] - nd.Hi[axis]; above > 0 {
				d[axis] = above
			}
		}
		if float64(d[0]*d[0])+float64(d[1]*d[1])+float64(d[2]*d[2]) > worst {
			n = int(nd.Next)
			continue
		}
		n++
		if int(nd.Next) != n {
			continue
		}
		if nd.Start != last {
			if points > limit {
				break
			}
			runs = append(runs, Run{Start: nd.Start})
		}
		last = nd.End
		points += int(nd.End - nd.Start)
		runs[len(runs)-1].End = last
	}
	return runs, points
}
