package align

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/iad3d/iad3d/fpfh"
	"github.com/iad3d/iad3d/internal/parallel"
)

// candidate says that point a of one cloud may be point b of the other; lower
// distances between their descriptors come first.
type candidate struct {
	a, b int32
	dist float32
}

const (
	matchChunk = 64
	// mostCandidates bounds the pairs that consensus looks at: its work grows with
	// the square.
	mostCandidates = 2000
)

// matches pairs every point of either cloud with the one of the other whose
// descriptor is most like its own; a pair found from both sides is there once.
// Order: ascending by distance, then by a and b.
func matches(ctx context.Context, rowsA, rowsB []float32, workers int) ([]candidate, error) {
	a, b := roots(rowsA), roots(rowsB)
	forward, err := nearestRows(ctx, a, b, workers)
	if err != nil {
		return nil, err
	}
	backward, err := nearestRows(ctx, b, a, workers)
	if err != nil {
		return nil, err
	}
	out := forward
	for _, c := range backward {
		if f := forward[c.b]; f.b != c.a {
			out = append(out, candidate{c.b, c.a, c.dist})
		}
	}
	slices.SortFunc(out, func(x, y candidate) int {
		return cmp.Or(cmp.Compare(x.dist, y.dist), cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b))
	})
	return out[:min(len(out), mostCandidates)], nil
}

// roots takes the square root of every entry: the Euclidean distance of the
// results is Hellinger's of the histograms, which full bins do not dominate.
func roots(rows []float32) [][fpfh.Dim]float32 {
	out := make([][fpfh.Dim]float32, len(rows)/fpfh.Dim)
	for i := range out {
		for j, v := range rows[fpfh.Dim*i:][:fpfh.Dim] {
			out[i][j] = float32(math.Sqrt(float64(v)))
		}
	}
	return out
}

// nearestRows returns for each row of a the nearest of b, ties to the lowest.
func nearestRows(ctx context.Context, a, b [][fpfh.Dim]float32, workers int) ([]candidate, error) {
	out := make([]candidate, len(a))
	err := parallel.For(ctx, len(a), matchChunk, workers, func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			best := candidate{int32(i), 0, math.MaxFloat32}
			for j := range b {
				if d := rowDistance(&a[i], &b[j], best.dist); d < best.dist {
					best.b, best.dist = int32(j), d
				}
			}
			out[i] = best
		}
	})
	return out, err
}

// rowDistance returns the squared distance of two rows, or some number that is
// not below limit when it is not.
func rowDistance(a, b *[fpfh.Dim]float32, limit float32) float32 {
	sum := float32(0)
	for j := 0; j < fpfh.Dim; j += fpfh.Dim / 3 {
		x, y := a[j:j+fpfh.Dim/3], b[j:j+fpfh.Dim/3]
		for k, v := range x {
			d := v - y[k]
			sum += float32(d * d)
		}
		if sum >= limit {
			return sum
		}
	}
	return sum
}
