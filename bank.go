package iad3d

import (
	"context"
	"slices"

	"github.com/iad3d/iad3d/memory"
)

// bank is what a detector remembers of one feature, or of several side by side.
type bank struct {
	feature string // "" of several
	rows    *memory.Bank
	// The following are of rasters with the default protocol, otherwise empty.
	origins []origin
	// local is, for each row, the mean distance of the nearest rows of other scans:
	// how far apart sound parts are there. scale is the least local distance that a
	// score is divided by, see [bank.scores].
	local []float32
	scale float64
	plain bool // scores are the distances as they are
	// weight is the factor of the feature's scores in the sum; see [fusion.Weights].
	weight float64
}

// localNeighbors is the number of nearest rows whose local distances are averaged.
const localNeighbors = 5

// calm is how many times the median local distance is added to the local distance
// that scores are divided by: the more, the less scores depend on the place. What a
// sensor of shape measures varies with the place, much more at edges and on gloss
// than on calm faces; in colour a calm face is where stains show.
func calm(feature string) float64 {
	if feature == FeatureRGB {
		return 3
	}
	return 1
}

// scores returns the abnormality of n rows from their hits in the bank: the mean
// distance of the nearest neighbors, divided by how far apart sound parts are there
// (k-NN distances scaled by local ones: M. Breunig et al., "LOF", SIGMOD 2000) and a
// constant. Without local distances it is the mean distance. at translates a hit's
// row into the bank's; nil for the bank itself.
func (b *bank) scores(hits []memory.Hit, n, neighbors int, at func(int32) int32) []float32 {
	out := make([]float32, n)
	if n == 0 || len(hits) == 0 {
		return out // of a bank that has no rows of another scan
	}
	k := len(hits) / n
	for i := range out {
		near := hits[i*k : (i+1)*k]
		sum, m := 0.0, min(neighbors, k)
		for _, h := range near[:m] {
			sum += h.Dist
		}
		sum /= float64(m)
		if b.local != nil && !b.plain {
			around := 0.0
			for _, h := range near {
				row := h.Row
				if at != nil {
					row = at(row)
				}
				around += float64(b.local[row])
			}
			sum /= around/float64(k) + b.scale
		}
		out[i] = float32(sum)
	}
	return out
}

// of returns where the rows of a scan begin and end.
func (b *bank) of(scan int) (from, to int) {
	place := func(scan int) int {
		i, _ := slices.BinarySearchFunc(b.origins, scan, func(o origin, s int) int { return int(o.Scan) - s })
		return i
	}
	return place(scan), place(scan + 1)
}

// setScale sets the scale by the median of the local distances.
func (b *bank) setScale() {
	sorted := slices.Clone(b.local)
	slices.Sort(sorted)
	if b.scale = calm(b.feature) * float64(sorted[len(sorted)/2]); b.scale == 0 {
		b.scale = calm(b.feature) // sound parts are alike to the last bit
	}
}

// without returns the bank without the rows of a scan, and how to translate a row of
// it into one of b; nil when nothing is left.
func (b *bank) without(scan, workers int) (*memory.Bank, func(int32) int32, error) {
	from, to := b.of(scan)
	all := b.rows.Rows()
	if to-from == all.N {
		return nil, nil, nil
	}
	rest := &memory.Rows{N: all.N - (to - from), D: all.D, Data: make([]float32, 0, (all.N-(to-from))*all.D)}
	rest.Data = append(rest.Data, all.Data[:from*all.D]...)
	rest.Data = append(rest.Data, all.Data[to*all.D:]...)
	sub, err := memory.NewBank(rest, workers)
	return sub, func(row int32) int32 {
		if int(row) < from {
			return row
		}
		return row + int32(to-from)
	}, err
}

// nearest searches the bank for rows.
func (b *bank) nearest(ctx context.Context, rows *memory.Rows, neighbors int) ([]memory.Hit, error) {
	if b.local != nil {
		neighbors = max(neighbors, localNeighbors)
	}
	return b.rows.Nearest(ctx, rows, neighbors)
}
