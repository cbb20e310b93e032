package memory

import (
	"math"
	"slices"
)

// witnesses is the number of values per row that are compared before the whole
// row is.
const witnesses = 64

// boundSlack takes off a lower bound of a squared distance what rounding may
// have added to it, and to the distance from it, in rows of up to millions of
// values.
const boundSlack = 1 - 1e-9

// witness holds, of each bank row, the values that vary most over the bank: the
// squared distance of two rows over these alone is a lower bound of the whole
// one. In rows that join descriptors of different scales it is most of it.
type witness struct {
	column []int32
	value  []float32 // of row r at r·witnesses
}

// newWitness returns nil for rows too short to profit.
func newWitness(rows *Rows) *witness {
	if rows.D < 3*witnesses {
		return nil
	}
	sum, square := make([]float64, rows.D), make([]float64, rows.D)
	n := 0.0
	for r := 0; r < rows.N; r += 1 + rows.N/4096 { // a sample is enough
		n++
		for j, v := range rows.Row(r) {
			sum[j] += float64(v)
			square[j] += float64(float64(v) * float64(v))
		}
	}
	w := &witness{make([]int32, rows.D), make([]float32, 0, witnesses*rows.N)}
	for j := range w.column {
		w.column[j] = int32(j)
		square[j] -= float64(sum[j] * sum[j] / n)
	}
	slices.SortStableFunc(w.column, func(a, b int32) int {
		switch {
		case square[a] > square[b]:
			return -1
		case square[a] < square[b]:
			return 1
		}
		return 0
	})
	w.column = slices.Clone(w.column[:witnesses])
	slices.Sort(w.column)
	for r := range rows.N {
		w.value = w.take(w.value, rows.Row(r))
	}
	return w
}

// take appends the witness values of a row.
func (w *witness) take(dst, row []float32) []float32 {
	for _, j := range w.column {
		dst = append(dst, row[j])
	}
	return dst
}

// search is the scratch space of one goroutine.
type search struct {
	bank  *Bank
	query []float32
	bound []float64 // per bank row, of its squared distance
	guess []Hit
}

// maxGuess is the number of nearest rows from which on no guess is made.
const maxGuess = 16

// nearest fills best with the nearest rows, ascending, ties to the lowest row.
// All rows are compared in order; one is passed over only when it is certain
// that its distance, as distance2 computes it, does not enter.
func (s *search) nearest(q []float32, best []Hit) {
	rows, w := s.bank.rows, s.bank.witness
	limit := math.Inf(1)
	if w != nil {
		s.query = w.take(s.query[:0], q)
		s.bound = s.bound[:0]
		for r := range rows.N {
			s.bound = append(s.bound, boundSlack*distance2(s.query, w.value[r*witnesses:][:witnesses]))
		}
		if len(best) <= maxGuess {
			limit = s.limit(q, len(best))
		}
	}
	found := best[:0]
	for r := range rows.N {
		if len(found) == len(best) {
			limit = min(limit, found[len(found)-1].Dist)
		}
		if w != nil && s.bound[r] >= limit {
			continue
		}
		if d := distance2Below(q, rows.Row(r), limit); d < limit {
			found = insert(found, len(best), Hit{int32(r), d})
		}
	}
	for j := range best {
		best[j].Dist = math.Sqrt(best[j].Dist)
	}
}

// limit returns a number above the squared distances of the k nearest rows: it
// takes the rows with the k lowest bounds for them.
func (s *search) limit(q []float32, k int) float64 {
	s.guess = s.guess[:0]
	for r, b := range s.bound {
		if len(s.guess) < k || b < s.guess[k-1].Dist {
			s.guess = insert(s.guess, k, Hit{int32(r), b})
		}
	}
	far := 0.0
	for _, h := range s.guess {
		far = max(far, distance2(q, s.bank.rows.Row(int(h.Row))))
	}
	return math.Nextafter(far, math.Inf(1))
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
