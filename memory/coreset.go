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

// pruneSlack outweighs the rounding of the distances that the triangle inequality
// is applied to, of rows of up to millions of values.
const pruneSlack = 1 + 1e-6

// Coreset is a subset of rows that covers the rest.
type Coreset struct {
	Index  []int32 // in the order of selection
	Radius float64 // largest distance of any row to its nearest selected one
	Owner  []int32 // for each row, the place in Index of that one; the first on ties
}

// reach returns the largest distance, between these rows, of any to its owner.
func (c *Coreset) reach(ctx context.Context, rows *Rows, workers int) (float64, error) {
	far := make([]float64, (rows.N+coresetChunk-1)/coresetChunk)
	err := parallel.For(ctx, rows.N, coresetChunk, workers, func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			d := distance2(rows.Row(i), rows.Row(int(c.Index[c.Owner[i]])))
			far[lo/coresetChunk] = max(far[lo/coresetChunk], d)
		}
	})
	if err != nil {
		return 0, err
	}
	return math.Sqrt(slices.Max(far)), nil
}

// Greedy selects up to n rows farthest-first: row 0, then each time the row
// farthest from all selected ones, ties to the lowest index. This is the greedy
// k-centre of T. F. Gonzalez (1985), whose radius is at most twice the optimum,
// as PatchCore and BTF use it; distances are exact, so the picks are those of
// the reference programs in full precision, for rows that these do not project
// first (see [Project]).
//
// A row is not compared with a new pick that is at least twice as far from the
// selected row nearest to it as the row itself is: by the triangle inequality
// the pick cannot be nearer. That changes no pick.
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
	owner := make([]int32, rows.N)                           // which of them is nearest, by rank
	apart := make([]float64, n)                              // a quarter of the squared distance of each to the new pick
	type candidate struct {
		row   int32
		dist2 float64
	}
	best := make([]candidate, (rows.N+coresetChunk-1)/coresetChunk)
	set := &Coreset{Index: make([]int32, 0, n), Owner: owner}
	next := candidate{row: 0}
	for {
		rank := int32(len(set.Index))
		set.Index = append(set.Index, next.row)
		pick := rows.Row(int(next.row))
		for r, i := range set.Index[:rank] {
			apart[r] = distance2(rows.Row(int(i)), pick) / 4
		}
		err := parallel.For(ctx, rows.N, coresetChunk, workers, func(_, lo, hi int) {
			far := candidate{dist2: -1}
			for i := lo; i < hi; i++ {
				d := nearest[i]
				if rank == 0 || apart[owner[i]] < d*pruneSlack {
					if e := distance2Below(rows.Row(i), pick, d); e < d {
						d = e
						nearest[i], owner[i] = d, rank
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
