package memory

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/iad3d/iad3d/internal/parallel"
	"github.com/iad3d/iad3d/internal/portable"
)

// Options says what a bank keeps. The zero value keeps every row.
type Options struct {
	// Fraction of the rows that the coreset keeps, in (0, 1]; 0 keeps all. Of N
	// rows max(1, ⌊Fraction·N⌋) remain.
	Fraction float64
	// Project makes the coreset look at rows that were projected, by [Project], to
	// ProjectedDim(N, Distortion) values where that is less than their length, as
	// BTF's program does to save time. Otherwise it looks at the rows as they are.
	Project bool
	Seed    uint64 // of the projection
	Workers int    // ≤ 0: GOMAXPROCS
}

// Bank is an immutable table of rows to be searched, safe for concurrent use.
type Bank struct {
	rows      *Rows
	radius    float64
	projected int // length of the rows the coreset looked at, 0: of these
	workers   int
	*searches
}

// searches are those of a bank that run no more, to be used again, without a screen and
// with one. A [sync.Pool] would keep the rows of banks that are gone, too, until the
// second collection: one that holds many scans out makes as many banks, and the memory
// that is kept would raise what the collector waits for, again and again.
type searches struct {
	plain, screened chan *search
	preparing       sync.Mutex // of panels
	prepared        bool
	panels          *panels      // nil: not prepared, or there can be none
	asked           atomic.Int64 // queries so far
}

// take returns a search of rows, one of those that are free if there is one.
func take(free chan *search, rows *Rows, p *panels) *search {
	select {
	case s := <-free:
		return s
	default:
		return newSearch(rows, p)
	}
}

// give makes a search free, or lets it go where there are enough.
func give(free chan *search, s *search) {
	select {
	case free <- s:
	default:
	}
}

// Build thins rows to the coreset that [Greedy] selects and returns the bank of
// what is left: always rows as they were given, also where projected ones were
// looked at to choose them. The bank does not retain rows.
func Build(ctx context.Context, rows *Rows, o Options) (*Bank, error) {
	if !(o.Fraction >= 0 && o.Fraction <= 1) {
		return nil, fmt.Errorf("memory: coreset fraction %v is not in [0, 1]", o.Fraction)
	}
	if o.Fraction == 0 || o.Fraction == 1 {
		return NewBank(&Rows{N: rows.N, D: rows.D, Data: slices.Clone(rows.Data)}, o.Workers)
	}
	from, projected := rows, 0
	if dim := ProjectedDim(rows.N, Distortion); o.Project && dim > 0 && dim < rows.D {
		var err error
		if from, err = Project(ctx, rows, dim, o.Seed, o.Workers); err != nil {
			return nil, err
		}
		projected = dim
	}
	set, err := Greedy(ctx, from, max(1, int(o.Fraction*float64(rows.N))), o.Workers)
	if err != nil {
		return nil, err
	}
	if projected > 0 {
		if set.Radius, err = set.reach(ctx, rows, o.Workers); err != nil {
			return nil, err
		}
	}
	kept := &Rows{N: len(set.Index), D: rows.D, Data: make([]float32, 0, len(set.Index)*rows.D)}
	for _, i := range set.Index {
		kept.Data = append(kept.Data, rows.Row(int(i))...)
	}
	return newBank(kept, set.Radius, projected, o.Workers), nil
}

// NewBank returns a bank of exactly these rows, which it retains and which must
// not change any more.
func NewBank(rows *Rows, workers int) (*Bank, error) {
	if err := rows.Check(); err != nil {
		return nil, err
	}
	return newBank(rows, 0, 0, workers), nil
}

func newBank(rows *Rows, radius float64, projected, workers int) *Bank {
	n := runtime.GOMAXPROCS(0)
	return &Bank{rows: rows, radius: radius, projected: projected, workers: workers,
		searches: &searches{plain: make(chan *search, n), screened: make(chan *search, n)}}
}

// WithWorkers returns the bank with another number of goroutines for a search, ≤ 0:
// GOMAXPROCS. The two share everything else.
func (b *Bank) WithWorkers(n int) *Bank {
	c := *b
	c.workers = n
	return &c
}

// Rows returns the bank's table; the caller must not modify it.
func (b *Bank) Rows() *Rows { return b.rows }

// Radius returns the largest distance of a row given to Build to the bank row
// that stands for it; 0 when nothing was left out. That is the nearest bank row
// or, where the coreset was chosen among projected rows, the one nearest to it
// there, so that the true covering radius can be smaller, by a fifth at most where
// it was measured (cable_gland of MVTec 3D-AD, ResNet-50 and FPFH). The distance
// is between the rows as they are in either case.
func (b *Bank) Radius() float64 { return b.radius }

// Projected returns the length of the projected rows that the coreset was chosen
// by; 0 when it was chosen by the rows themselves, or none was.
func (b *Bank) Projected() int { return b.projected }

// Hit is a bank row and its Euclidean distance from a query.
type Hit struct {
	Row  int32
	Dist float64
}

// Nearest returns the k bank rows nearest to each row of q, ascending, ties to
// the lowest row: hits of query i stand at i·k. Distances are exact to float64
// rounding; a row that is in the bank is at distance 0. k is cut to the number
// of rows in the bank.
func (b *Bank) Nearest(ctx context.Context, q *Rows, k int) ([]Hit, error) {
	if k <= 0 {
		return nil, fmt.Errorf("memory: %d nearest rows", k)
	}
	if q.N == 0 {
		return nil, nil
	}
	if err := q.Check(); err != nil {
		return nil, err
	}
	if q.D != b.rows.D {
		return nil, fmt.Errorf("%w: queries have %d values, the bank's rows %d", ErrRows, q.D, b.rows.D)
	}
	k = min(k, b.rows.N)
	hits := make([]Hit, q.N*k)
	free, panels, err := b.ready(ctx, q.N)
	if err != nil {
		return nil, err
	}
	err = parallel.For(ctx, q.N, queryChunk, b.workers, func(_, lo, hi int) {
		s := take(free, b.rows, panels)
		s.nearest(ctx, q, lo, hi, k, hits[lo*k:hi*k])
		give(free, s)
	})
	if err != nil {
		return nil, err
	}
	return hits, nil
}

// ready returns where free searches for n more queries are, and what they screen by.
func (b *Bank) ready(ctx context.Context, n int) (chan *search, *panels, error) {
	if b.rows.N < screenRows || b.asked.Add(int64(n)) < screenQueries {
		return b.plain, nil, nil
	}
	b.preparing.Lock()
	defer b.preparing.Unlock()
	if !b.prepared {
		p, err := newPanels(ctx, b.rows, b.workers)
		if err != nil {
			return nil, nil, err
		}
		b.panels, b.prepared = p, true
	}
	return b.screened, b.panels, nil
}

// MinScoreRows is the number of rows that ImageScore needs.
const MinScoreRows = 3

// ErrSmallBank is returned by ImageScore for a bank of fewer than MinScoreRows.
var ErrSmallBank = errors.New("the image score needs a bank of at least 3 rows")

// ImageScore is the abnormality of a whole scan.
type ImageScore struct {
	Value  float64 // Weight · Star
	Weight float64 // in [0.5, 1] up to rounding
	Star   float64 // the largest distance of a query to its nearest row
	Query  int     // the query it belongs to, the first on ties
}

// ImageScore computes the reweighted maximum of BTF's program from the hits
// that Nearest returned for q; the nearest one of each query counts. With m* the bank row nearest
// to the query at the largest distance s*, and m2, m3 the second and third
// nearest bank rows to m*,
//
//	w = 1 − exp(s*/√D) / (exp(|q−m2|/√D) + exp(|q−m3|/√D)),  score = w·s*.
//
// PatchCore's equation 7 has m* in the denominator too; BTF leaves it out.
// Agreement with the reference in float64: 1e-9 relative, but for its √D, which
// it rounds to float32.
func (b *Bank) ImageScore(ctx context.Context, q *Rows, hits []Hit) (ImageScore, error) {
	if b.rows.N < MinScoreRows {
		return ImageScore{}, fmt.Errorf("%w, this one has %d", ErrSmallBank, b.rows.N)
	}
	if q.N == 0 || len(hits) == 0 || len(hits)%q.N != 0 {
		return ImageScore{}, fmt.Errorf("%w: %d hits for %d queries", ErrRows, len(hits), q.N)
	}
	k := len(hits) / q.N
	s := ImageScore{Star: -1}
	for i := range q.N {
		if d := hits[i*k].Dist; d > s.Star {
			s.Star, s.Query = d, i
		}
	}
	match := b.rows.Row(int(hits[s.Query*k].Row))
	near, err := b.Nearest(ctx, &Rows{N: 1, D: b.rows.D, Data: match}, 3)
	if err != nil {
		return ImageScore{}, err
	}
	scale := math.Sqrt(float64(b.rows.D))
	sum := 0.0 // of exp((|q−m|−s*)/√D): the quotient without its overflow
	for _, h := range near[1:] {
		d := math.Sqrt(distance2(q.Row(s.Query), b.rows.Row(int(h.Row))))
		sum += portable.Exp((d - s.Star) / scale)
	}
	s.Weight = 1 - 1/sum
	s.Value = s.Weight * s.Star
	return s, nil
}
