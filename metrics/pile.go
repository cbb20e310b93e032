package metrics

import (
	"math/bits"
	"slices"
)

const (
	chunkBits = 13
	chunkLen  = 1 << chunkBits // 32 KiB of float32
	chunkMask = chunkLen - 1
)

// pile collects many scores and sorts them. Chunks of one size let it grow
// without copying and be sorted with little scratch, so that 70 million float32
// cost 4 bytes each and hardly more. Value i is
// chunks[i>>chunkBits][i&chunkMask].
type pile[S Score] struct {
	chunks [][]S // each has the capacity chunkLen; all but the last are full
	n      int
}

// add appends finite scores.
func (p *pile[S]) add(scores []S) {
	for len(scores) > 0 {
		at := p.n & chunkMask
		if at == 0 {
			p.chunks = append(p.chunks, make([]S, 0, chunkLen))
		}
		last := &p.chunks[p.n>>chunkBits]
		k := min(len(scores), chunkLen-at)
		*last = append(*last, scores[:k]...)
		p.n += k
		scores = scores[k:]
	}
}

// descending calls fn with the place and the key of each value of a sorted pile,
// from the top.
func (p *pile[S]) descending(fn func(i int, k uint64)) {
	i := 0
	for _, c := range slices.Backward(p.chunks) {
		for j := len(c) - 1; j >= 0; j-- {
			fn(i, key(c[j]))
			i++
		}
	}
}

// sortBlock is how many values are brought together for radixSort: they and its
// scratch fit a second-level cache of 2 MiB.
const sortBlock = 1 << 18

// sort puts the values in ascending order. Groups of more than block values are
// first spread over as many chunk lists as their leading bits say, each chunk
// being reused as soon as it has been read.
func (p *pile[S]) sort(block int) {
	lo, hi := ^uint64(0), uint64(0)
	for _, c := range p.chunks {
		l, h := orderRange(c)
		lo, hi = min(lo, l), max(hi, h)
	}
	if p.n < 2 || lo == hi {
		return
	}
	s := pileSort[S]{block: block}
	s.a, s.b = make([]S, 0, min(block, p.n)), make([]S, min(block, p.n))
	s.out.chunks = make([][]S, 0, len(p.chunks))
	s.sort(p.chunks, p.n, lo, bits.Len64(hi-lo))
	p.chunks = s.out.chunks
}

type pileSort[S Score] struct {
	block int
	a, b  []S   // scratch
	free  [][]S // empty chunks
	out   pile[S]
}

// sort appends the n values of the chunks, whose orders lie in
// [base, base+1<<width), to out. It takes the chunks over.
func (s *pileSort[S]) sort(chunks [][]S, n int, base uint64, width int) {
	switch {
	case n == 0:
	case width == 0: // all equal
		for _, c := range chunks {
			s.emit(c)
			s.free = append(s.free, c)
		}
	case n <= s.block:
		vals := s.a
		for _, c := range chunks {
			vals = append(vals, c...)
		}
		s.free = append(s.free, chunks...)
		if n < 256 { // less than the counters of one radix pass
			slices.Sort(vals)
		} else {
			vals, _ = radixSort(vals, s.b[:n], nil, nil, base, width)
		}
		s.emit(vals)
	default:
		s.spread(chunks, n, base, width)
	}
}

// spread distributes the values by their leading bits and sorts each group.
// The chunks that the groups leave half full are its only extra memory: at most
// 512 of them, fewer for fewer values.
func (s *pileSort[S]) spread(chunks [][]S, n int, base uint64, width int) {
	digit := min(bits.Len(uint(n)/uint(s.block))+2, 9, width)
	shift := width - digit
	type group struct {
		full [][]S
		open []S
	}
	groups := make([]group, 1<<digit)
	for _, c := range chunks {
		for _, v := range c {
			g := &groups[(order(v)-base)>>shift]
			if len(g.open) == cap(g.open) {
				if g.open != nil {
					g.full = append(g.full, g.open)
				}
				g.open = s.chunk()
			}
			g.open = append(g.open, v)
		}
		s.free = append(s.free, c)
	}
	for i := range groups {
		g := &groups[i]
		n := len(g.full)*chunkLen + len(g.open)
		if g.open != nil {
			g.full = append(g.full, g.open)
		}
		s.sort(g.full, n, base+uint64(i)<<shift, shift)
		groups[i] = group{}
	}
}

// chunk returns an empty chunk.
func (s *pileSort[S]) chunk() []S {
	last := len(s.free) - 1
	if last < 0 {
		return make([]S, 0, chunkLen)
	}
	c := s.free[last]
	s.free = s.free[:last]
	return c[:0]
}

// emit appends sorted values to out.
func (s *pileSort[S]) emit(vals []S) {
	for len(vals) > 0 {
		at := s.out.n & chunkMask
		if at == 0 {
			s.out.chunks = append(s.out.chunks, s.chunk())
		}
		last := &s.out.chunks[s.out.n>>chunkBits]
		k := min(len(vals), chunkLen-at)
		*last = append(*last, vals[:k]...)
		s.out.n += k
		vals = vals[k:]
	}
}
