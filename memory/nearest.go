package memory

import (
	"context"
	"math"

	"github.com/iad3d/iad3d/internal/simd"
)

const (
	// queryChunk is the number of queries a worker takes at a time.
	queryChunk = 4 * simd.BlockRows
	// slabPanels is the number of panels whose values for these are kept at a time.
	slabPanels = 128
	slabRows   = slabPanels * simd.PanelRows
)

// A bank is screened when it has at least screenRows rows, and from screenQueries
// queries on, counted over all calls: less is not worth the preparation.
const (
	screenRows    = 256
	screenQueries = 32
)

// maxGuess is the number of nearest rows from which on no guess is made.
const maxGuess = 16

// search is the scratch space of one goroutine.
type search struct {
	rows   *Rows
	panels *panels      // nil: nothing is screened
	coords *coordinates // of the queries
	values []float32    // of the rows of a slab for query i at i·slabRows
	peaks  []float32    // the largest value of each panel, for query i at i·slabPanels
	query  []float64
	list   []int32
	dist2  []float64
	guess  []Hit
}

func newSearch(rows *Rows, p *panels) *search {
	s := &search{rows: rows, panels: p, query: make([]float64, rows.D), list: make([]int32, 0, slabRows), dist2: make([]float64, distanceBatch)}
	if p != nil {
		s.coords = newCoordinates(p.screen, queryChunk)
		s.values, s.peaks = make([]float32, queryChunk*slabRows), make([]float32, queryChunk*slabPanels)
	}
	return s
}

// nearest fills hits with the k nearest rows of queries lo to hi−1, at most
// queryChunk, ascending, ties to the lowest row. Rows are compared in order; one is
// passed over only when it is certain that its distance, as distance2 computes it,
// does not enter.
func (s *search) nearest(ctx context.Context, q *Rows, lo, hi, k int, hits []Hit) {
	c := s.coords
	if c != nil {
		c.compute(q, lo, hi)
	}
	var found [queryChunk]int
	for start := 0; start < s.rows.N && ctx.Err() == nil; start += slabRows {
		end := min(start+slabRows, s.rows.N)
		if c != nil {
			s.evaluate(start, end, hi-lo)
		}
		for i := range hi - lo {
			copyRow(s.query, q.Row(lo+i))
			best := hits[i*k : (i+1)*k]
			found[i] = len(s.slab(i, start, end, best[:found[i]], k))
		}
	}
	for j := range hits {
		hits[j].Dist = math.Sqrt(hits[j].Dist)
	}
}

// evaluate computes the values of rows start to end−1 for n queries.
func (s *search) evaluate(start, end, n int) {
	width := s.panels.width
	for p := 0; start+p*simd.PanelRows < end; p++ {
		panel := s.panels.panel(start/simd.PanelRows + p)
		for i := 0; i < n; i += simd.BlockRows {
			simd.Products(s.coords.data[i*width:], width, panel, width, s.values[i*slabRows+p*simd.PanelRows:], slabRows, s.peaks[i*slabPanels+p:], slabPanels)
		}
	}
}

// slab enters those of rows start to end−1 that are among the k nearest to query i
// into the ascending list best, whose distances are squared.
func (s *search) slab(i, start, end int, best []Hit, k int) []Hit {
	limit := math.Inf(1)
	if len(best) == k {
		limit = best[k-1].Dist
	}
	if s.coords == nil {
		s.list = s.list[:0]
		for r := start; r < end; r++ {
			s.list = append(s.list, int32(r))
		}
		return s.enter(i, start, best, k, limit)
	}
	peaks := s.peaks[i*slabPanels:][:(end-start+simd.PanelRows-1)/simd.PanelRows]
	if len(best) < k && k <= min(maxGuess, len(peaks)) {
		limit = s.limit(i, start, peaks, k)
	}
	t := s.coords.above(i, limit)
	s.list = s.list[:0]
	for p, peak := range peaks {
		if !(peak > t) {
			continue
		}
		lo := p * simd.PanelRows
		for r, v := range s.values[i*slabRows+lo:][:min(simd.PanelRows, end-start-lo)] {
			if v > t {
				s.list = append(s.list, int32(start+lo+r))
			}
		}
	}
	return s.enter(i, start, best, k, limit)
}

// limit returns a number above the squared distances of k rows of the slab: of the
// rows with the largest values in k panels.
func (s *search) limit(i, start int, peaks []float32, k int) float64 {
	s.guess = s.guess[:0]
	for p, v := range peaks {
		if len(s.guess) < k || -float64(v) < s.guess[k-1].Dist {
			s.guess = insert(s.guess, k, Hit{int32(p), -float64(v)})
		}
	}
	s.list = s.list[:0]
	for _, h := range s.guess {
		r := int(h.Row) * simd.PanelRows
		for values := s.values[i*slabRows:]; values[r] != peaks[h.Row]; r++ {
		}
		s.list = append(s.list, int32(start+r))
	}
	simd.Distances(s.query, s.rows.Data, s.list, s.dist2)
	far := 0.0
	for _, d := range s.dist2[:len(s.list)] {
		far = max(far, d)
	}
	return math.Nextafter(far, math.Inf(1))
}

// distanceBatch is the number of rows that are measured between two looks at their
// values.
const distanceBatch = 64

// enter measures the rows of the list, which are ascending, and enters them.
func (s *search) enter(i, start int, best []Hit, k int, limit float64) []Hit {
	for list := s.list; len(list) > 0; {
		batch := list[:min(distanceBatch, len(list))]
		list = list[len(batch):]
		simd.Distances(s.query, s.rows.Data, batch, s.dist2)
		old := limit
		for j, r := range batch {
			if d := s.dist2[j]; d < limit {
				best = insert(best, k, Hit{r, d})
				if len(best) == k {
					limit = min(limit, best[k-1].Dist)
				}
			}
		}
		if s.coords != nil && limit < old && len(list) > 0 {
			t, kept := s.coords.above(i, limit), list[:0]
			for _, r := range list {
				if s.values[i*slabRows+int(r)-start] > t {
					kept = append(kept, r)
				}
			}
			list = kept
		}
	}
	return best
}

// insert puts a hit into an ascending list of at most k, after its equals; the
// last one falls out of a full list.
func insert(list []Hit, k int, h Hit) []Hit {
	if len(list) < k {
		list = append(list, h)
	}
	j := len(list) - 1
	for ; j > 0 && h.Dist < list[j-1].Dist; j-- {
		list[j] = list[j-1]
	}
	list[j] = h
	return list
}
