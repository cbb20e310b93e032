package memory

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/iad3d/iad3d/internal/parallel"
)

// coresetChunk is the number of rows compared with a new pick at a time.
const coresetChunk = 4096

// Coreset is a subset of rows that covers the rest.
type Coreset struct {
	Index  []int32 // in the order of selection
	Radius float64 // largest distance of any row to its nearest selected one
}

// Greedy selects up to n rows farthest-first: row 0, then each time the row
// farthest from all selected ones, ties to the lowest index. This is the greedy
// k-centre of T. F. Gonzalez (1985), whose radius is at most twice the optimum,
// as PatchCore and BTF use it; distances are exact, so the picks are those of
// the reference programs in full precision.
//
// It stops early when every row coincides with a selected one; the reference
// would go on returning row 0. workers ≤ 0 means GOMAXPROCS.
func Greedy(ctx context.Context, rows *Rows, n, workers int) (*Coreset, error) {
	if err := rows.check(); err != nil {
		return nil, err
	}
	if n <= 0 {
		return nil, fmt.Errorf("memory: coreset of %d rows", n)
	}
	n = min(n, rows.N)
	nearest := slices.Repeat([]float64{math.Inf(1)}, rows.N) // squared distance to the selected rows
	type candidate struct {
		row   int32
		dist2 float64
	}
	best := make([]candidate, (rows.N+coresetChunk-1)/coresetChunk)
	set := &Coreset{Index: make([]int32, 0, n)}
	next := candidate{row: 0}
	for {
		set.Index = append(set.Index, next.row)
		pick := rows.Row(int(next.row))
		err := parallel.For(ctx, rows.N, coresetChunk, workers, func(_, lo, hi int) {
			far := candidate{dist2: -1}
			for i := lo; i < hi; i++ {
				d := nearest[i]
				if d > 0 {
					if e := distance2(rows.Row(i), pick); e < d {
						d = e
						nearest[i] = d
					}
				}
				if d > far.dist2 {
					far = candidate{int32(i), d}
				}
			}
			best[lo/coresetChunk] = far
		})
		if err != nil {
			return nil, err
		}
		next = best[0]
		for _, c := range best[1:] {
			if c.dist2 > next.dist2 {
				next = c
			}
		}
		if len(set.Index) == n || next.dist2 == 0 {
			set.Radius = math.Sqrt(next.dist2)
			return set, nil
		}
	}
}
