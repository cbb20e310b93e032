package pointcloud

// Neighbor is one answer of a search. Dist2 is the squared Euclidean distance
// in the cloud's unit squared, computed in float64 from the float32
// coordinates, so that the order of neighbours is that of Open3D.
type Neighbor struct {
	Index int32 // point index in the cloud the tree was built from
	Dist2 float64
}

// before orders neighbours: ascending distance, ties by ascending index.
func (n Neighbor) before(o Neighbor) bool {
	return n.Dist2 < o.Dist2 || n.Dist2 == o.Dist2 && n.Index < o.Index
}

// partition splits s, of at least 3 neighbours, by a median of three: everything
// in s[:j+1] comes before everything in s[i:], and j+1 == i or the one neighbour
// between is in its place.
func partition(s []Neighbor) (j, i int) {
	mid, hi := len(s)/2, len(s)-1
	if s[mid].before(s[0]) {
		s[mid], s[0] = s[0], s[mid]
	}
	if s[hi].before(s[0]) {
		s[hi], s[0] = s[0], s[hi]
	}
	if s[hi].before(s[mid]) {
		s[hi], s[mid] = s[mid], s[hi]
	}
	pivot := s[mid]
	i, j = 0, hi
	for i <= j {
		for s[i].before(pivot) {
			i++
		}
		for pivot.before(s[j]) {
			j--
		}
		if i <= j {
			s[i], s[j] = s[j], s[i]
			i++
			j--
		}
	}
	return j, i
}

// selectNearest reorders s so that its k nearest come first, the farthest of
// them at k−1. The order is total: distances may be tied, neighbours never are.
func selectNearest(s []Neighbor, k int) {
	n := k - 1
	for len(s) > insertionSize {
		j, i := partition(s)
		switch {
		case n <= j:
			s = s[:j+1]
		case n >= i:
			s, n = s[i:], n-i
		default:
			return
		}
	}
	sortNeighbors(s)
}

// insertionSize is the length up to which insertion beats partitioning.
const insertionSize = 12

// sortNeighbors sorts ascending, ties by the lowest index; compared in place it
// takes a third of the time of the library's sort with a comparison function.
func sortNeighbors(s []Neighbor) {
	for len(s) > insertionSize {
		j, i := partition(s)
		sortNeighbors(s[i:])
		s = s[:j+1]
	}
	for i := 1; i < len(s); i++ {
		c := s[i]
		j := i
		for ; j > 0 && c.before(s[j-1]); j-- {
			s[j] = s[j-1]
		}
		s[j] = c
	}
}
