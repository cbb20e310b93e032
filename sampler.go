package iad3d

import (
	"cmp"
	"slices"

	"github.com/iad3d/iad3d/memory"
)

// origin says where a row of a bank comes from.
type origin struct {
	Scan int32 // its number in the fit, from 0
	Row  int32 // its number among the scan's rows; those of turned views come last
}

// priority gives every row of a fit a number that looks drawn at random; the rows
// with the lowest ones are kept. Which these are depends on no other row, so that a
// bank can grow later and be the one that a fit of all scans gives.
func (o origin) priority(seed uint64) uint64 {
	return mix(seed ^ mix(uint64(uint32(o.Scan))<<32|uint64(uint32(o.Row))))
}

// rowsOf returns where the rows of a scan begin and end.
func rowsOf(origins []origin, scan int) (from, to int) {
	place := func(scan int) int {
		i, _ := slices.BinarySearchFunc(origins, scan, func(o origin, s int) int { return int(o.Scan) - s })
		return i
	}
	return place(scan), place(scan + 1)
}

// scansOf returns the numbers of the scans that rows come from, ascending.
func scansOf(origins []origin) []int {
	var out []int
	for _, o := range origins {
		if n := int(o.Scan); len(out) == 0 || out[len(out)-1] != n {
			out = append(out, n)
		}
	}
	return out
}

// mix is the finalizer of splitmix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// sampler draws at most keep of the rows it is shown, each with the same chance, in
// memory for a quarter more.
type sampler struct {
	keep    int
	seed    uint64
	rows    memory.Rows
	origins []origin
	seen    int // rows shown
}

func (s *sampler) shown() int { return s.seen }

// add shows rows of a scan, numbered from first on.
func (s *sampler) add(scan, first int, rows *memory.Rows) {
	s.seen += rows.N
	for i := range rows.N {
		s.origins = append(s.origins, origin{int32(scan), int32(first + i)})
	}
	s.rows.Append(&memory.Rows{N: rows.N, D: rows.D, Data: slices.Clone(rows.Data)})
	if s.rows.N > s.keep+s.keep/4 {
		s.thin()
	}
}

// thin keeps the rows of the lowest priority, in the order of their origins.
func (s *sampler) thin() {
	if s.rows.N <= s.keep {
		return
	}
	order := make([]int, s.rows.N)
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Compare(s.origins[a].priority(s.seed), s.origins[b].priority(s.seed))
	})
	s.take(order[:s.keep])
}

// take keeps the rows at these places, in the order of their origins.
func (s *sampler) take(order []int) {
	slices.Sort(order)
	d := s.rows.D
	kept := memory.Rows{N: len(order), D: d, Data: make([]float32, 0, len(order)*d)}
	origins := make([]origin, 0, len(order))
	for _, i := range order {
		kept.Data = append(kept.Data, s.rows.Row(i)...)
		origins = append(origins, s.origins[i])
	}
	s.rows, s.origins = kept, origins
}

// drop takes the rows of some scans away.
func (s *sampler) drop(scans map[int]bool) {
	s.remove(func(o origin) bool { return scans[int(o.Scan)] })
}

// forget takes some rows away.
func (s *sampler) forget(rows map[origin]bool) {
	s.remove(func(o origin) bool { return rows[o] })
}

func (s *sampler) remove(gone func(origin) bool) {
	var order []int
	for i, o := range s.origins {
		if !gone(o) {
			order = append(order, i)
		}
	}
	s.take(order)
}
