package regions

import (
	"cmp"
	"maps"
	"slices"

	"github.com/iad3d/iad3d/grid"
)

// Extent says what the measured pixels of a region are.
type Extent string

const (
	// ByGeometry is where the scan lies off the sound part, or was not measured where
	// the sound part always is.
	ByGeometry Extent = "geometry"
	// ByColour is where its colour differs from the sound part's.
	ByColour Extent = "colour"
	// ByMap is where the score map is above half of its peak over the level around: there
	// are no sound captures, or they do not differ.
	ByMap Extent = "map"
)

const (
	leastPiece  = 8    // pixels: smaller ones are noise
	leastShare  = 0.02 // of an outline, that must stand out within it
	leastFellow = 0.05 // of the largest piece: smaller ones do not belong to the region
	bridge      = 0.01 // of the raster's longer side: pieces that near are one region
	span        = 0.04 // the same, over pixels of which nothing is known
	inside      = 0.5  // of a coloured piece, that must lie in the outlines to be a fellow
)

// extents returns the areas that the outlines come from: what differs from the sound
// part and touches them, or else the cores of the map. No two share a pixel.
func (s *surveyor) extents(m *grid.Map, outlines []*area, threshold float32, diff *comparison) []*area {
	var found []*area
	taken := make([]bool, s.cloud.Len())
	keep := func(a *area, by Extent) {
		a.pixels = slices.DeleteFunc(a.pixels, func(i int32) bool { return taken[i] })
		if len(a.pixels) == 0 {
			return
		}
		for _, i := range a.pixels {
			taken[i] = true
		}
		a.region.Extent = by
		found = append(found, a)
	}
	pending := outlines
	blind := make([]bool, s.cloud.Len()) // neither the scan nor all captures saw anything
	explain := func(evidence []bool, by Extent) {
		for _, a := range s.groups(evidence, blind, by, pending) {
			for _, o := range a.outlines {
				o.explained = true
			}
			keep(a, by)
		}
		pending = slices.DeleteFunc(slices.Clone(pending), func(o *area) bool { return o.explained })
	}
	if diff != nil {
		for i := range blind {
			blind[i] = !s.cloud.IsValid(i) && !diff.gone[i]
		}
		explain(s.standing(diff), ByGeometry)
		if diff.tint != nil {
			explain(s.tinted(diff), ByColour)
		}
	}
	base := levelAround(m, s.outlines, s.surface)
	for _, o := range pending {
		for _, core := range cores(m, o, threshold, base) {
			keep(&area{pixels: core, outlines: []*area{o}}, ByMap)
		}
	}
	s.shareOut(found)
	return found
}

// groups joins the flagged pixels that belong to outlines to areas: pieces that are near
// to each other, or have nothing between them but blind pixels, as where a slot of the
// part or its shadow cuts through a defect. Outlines in which too little is flagged get
// none.
func (s *surveyor) groups(evidence, blind []bool, by Extent, outlines []*area) []*area {
	w, h := s.cloud.Width, s.cloud.Height
	place := make([]int32, len(evidence)) // of outlines, from 1
	for k, o := range outlines {
		for _, i := range o.pixels {
			place[i] = int32(k + 1)
		}
	}
	pieces := slices.DeleteFunc(flood(evidence, w, h), func(p []int32) bool { return len(p) < leastPiece })
	kept := make([]bool, len(evidence))
	within := make([]int, len(outlines)) // flagged pixels in each outline
	for _, p := range pieces {
		for _, i := range p {
			kept[i] = true
			if k := place[i]; k > 0 {
				within[k-1]++
			}
		}
	}
	side := float64(max(w, h))
	joined := dilated(kept, nil, w, h, max(1, int(bridge*side)/2))
	for i, ok := range dilated(kept, blind, w, h, int(span*side)/2) {
		joined[i] = joined[i] || ok
	}
	clusters := flood(joined, w, h)
	number := make([]int32, len(evidence))
	for c, p := range clusters {
		for _, i := range p {
			number[i] = int32(c)
		}
	}
	members := make([][][]int32, len(clusters))
	for _, p := range pieces {
		c := number[p[0]]
		members[c] = append(members[c], p)
	}
	var out []*area
	for _, list := range members {
		largest, most := 0, 0
		in := make([]int, len(list)) // of each piece, the pixels in outlines
		for k, p := range list {
			for _, i := range p {
				if place[i] > 0 {
					in[k]++
				}
			}
			largest, most = max(largest, len(p)), max(most, in[k])
		}
		a := &area{}
		touched := map[int32]int{}
		for k, p := range list {
			if float64(len(p)) < leastFellow*float64(largest) || in[k] == 0 {
				continue
			}
			if by == ByColour && in[k] < most && float64(in[k]) < inside*float64(len(p)) {
				continue // a highlight at the outline's edge
			}
			a.pixels = append(a.pixels, p...)
			for _, i := range p {
				if place[i] > 0 {
					touched[place[i]-1]++
				}
			}
		}
		for _, k := range slices.Sorted(maps.Keys(touched)) {
			o, all := outlines[k], within[k]
			if all >= leastPiece && float64(all) >= leastShare*float64(len(o.pixels)) && float64(touched[k]) >= leastFellow*float64(all) {
				a.outlines = append(a.outlines, o)
			}
		}
		if len(a.outlines) > 0 {
			slices.Sort(a.pixels)
			out = append(out, a)
		}
	}
	return out
}

// flood returns the 8-connected sets of flagged pixels, each ascending, in the order
// of their first pixels.
func flood(flags []bool, w, h int) [][]int32 {
	m := &grid.Map{H: h, W: w, C: 1, Data: make([]float32, len(flags))}
	for i, ok := range flags {
		if ok {
			m.Data[i] = 1
		}
	}
	areas, _ := connected(m, 0)
	out := make([][]int32, len(areas))
	for k, a := range areas {
		out[k] = a.pixels
	}
	return out
}

// dilated flags the pixels within r king's moves of flagged ones, moves over pixels of
// over where that is given.
func dilated(flags, over []bool, w, h, r int) []bool {
	out := slices.Clone(flags)
	var front, next []int32
	for i, ok := range flags {
		if ok {
			front = append(front, int32(i))
		}
	}
	for range r {
		next = next[:0]
		for _, i := range front {
			around(int(i), w, h, func(j int) {
				if !out[j] && (over == nil || over[j]) {
					out[j] = true
					next = append(next, int32(j))
				}
			})
		}
		front, next = next, front
	}
	return out
}

// shareOut gives every pixel of the outlines to the nearest area of its outline.
func (s *surveyor) shareOut(areas []*area) {
	w, h := s.cloud.Width, s.cloud.Height
	owner := make([]int32, len(s.outlines))
	var queue []int32
	for k, a := range areas {
		for _, i := range a.pixels {
			l := s.outlines[i]
			if l > 0 && owner[i] == 0 && slices.ContainsFunc(a.outlines, func(o *area) bool { return o.label == l }) {
				owner[i] = int32(k + 1)
				queue = append(queue, i)
			}
		}
	}
	for q := 0; q < len(queue); q++ {
		i := queue[q]
		around(int(i), w, h, func(j int) {
			if s.outlines[j] == s.outlines[i] && owner[j] == 0 {
				owner[j] = owner[i]
				queue = append(queue, int32(j))
			}
		})
	}
	for i, k := range owner {
		if k > 0 {
			areas[k-1].outline = append(areas[k-1].outline, int32(i))
		}
	}
}

// levelAround returns the median of the map on the part outside all outlines, 0 where
// there is nothing.
func levelAround(m *grid.Map, outlines []int32, surface []bool) float32 {
	var v []float32
	for i, x := range m.Data {
		if outlines[i] == 0 && (surface == nil || surface[i]) {
			v = append(v, x)
		}
	}
	if len(v) == 0 {
		return 0
	}
	slices.Sort(v)
	return v[len(v)/2]
}

// cores returns what of an outline is above half of a peak's height over the level
// around, for each peak that is separate: two are where the saddle between them is
// below half of the lower one's height.
func cores(m *grid.Map, a *area, threshold, base float32) [][]int32 {
	half := func(peak float32) float32 { return max(threshold, base+float32((peak-base)/2)) }
	order := slices.Clone(a.pixels)
	slices.SortStableFunc(order, func(i, j int32) int { return cmp.Compare(m.Data[j], m.Data[i]) })
	place := make(map[int32]int32, len(order)) // in order, of the pixels so far
	parent := make([]int32, len(order))        // of the trees that these form; a root is its tree's highest pixel
	root := func(k int32) int32 {
		for parent[k] != k {
			parent[k] = parent[parent[k]]
			k = parent[k]
		}
		return k
	}
	var out [][]int32
	cut := func(k int32) {
		level := half(m.Data[order[k]])
		core := []int32{order[k]}
		in := map[int32]bool{order[k]: true}
		for q := 0; q < len(core); q++ {
			around(int(core[q]), m.W, m.H, func(j int) {
				if !in[int32(j)] && m.Data[j] > level {
					in[int32(j)] = true
					core = append(core, int32(j))
				}
			})
		}
		slices.Sort(core)
		out = append(out, core)
	}
	for n, i := range order {
		me := int32(n)
		place[i], parent[n] = me, me
		around(int(i), m.W, m.H, func(j int) {
			p, ok := place[int32(j)]
			if !ok {
				return
			}
			high, low := root(p), root(me)
			if high == low {
				return
			}
			if high > low {
				high, low = low, high
			}
			if low != me && m.Data[i] <= half(m.Data[order[low]]) {
				cut(low)
			}
			parent[low] = high
		})
	}
	cut(0)
	return out
}
