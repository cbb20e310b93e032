package iad3d

import (
	"cmp"
	"context"
	"slices"

	"github.com/iad3d/iad3d/memory"
)

// gallery is the judge of [MethodSPADE].
type gallery struct {
	rows    *memory.Rows
	origins []origin
	means   *memory.Rows // of the rows of each scan of the fit, by its number
}

func (g *gallery) size() (rows, values int) {
	return g.rows.N, g.rows.N*g.rows.D + g.means.N*g.means.D
}

// alike returns the numbers of the most scans that are most alike by the mean of their
// rows, ties to the lowest number, of those with rows in the gallery; except is left out.
func (g *gallery) alike(mean []float32, most, except int) []int {
	type other struct {
		scan int
		far  float64
	}
	var all []other
	for at := 0; at < len(g.origins); {
		scan := int(g.origins[at].Scan)
		_, at = rowsOf(g.origins, scan)
		if scan != except {
			all = append(all, other{scan, distance2(mean, g.means.Row(scan))})
		}
	}
	slices.SortStableFunc(all, func(a, b other) int { return cmp.Compare(a.far, b.far) })
	var out []int
	for _, o := range all[:min(most, len(all))] {
		out = append(out, o.scan)
	}
	return out
}

func (g *gallery) rate(ctx context.Context, c *Config, rows *memory.Rows, _ []int32) ([]float32, error) {
	return g.without(ctx, c, rows, -1)
}

// without rates the rows of a scan by the gallery without one, -1 for with all.
func (g *gallery) without(ctx context.Context, c *Config, rows *memory.Rows, except int) ([]float32, error) {
	out := make([]float32, rows.N)
	if rows.N == 0 {
		return out, nil
	}
	near := &memory.Rows{D: g.rows.D}
	for _, scan := range g.alike(meanRow(rows.Data, rows.D), c.Alike, except) {
		from, to := rowsOf(g.origins, scan)
		near.Append(&memory.Rows{N: to - from, D: near.D, Data: g.rows.Data[from*near.D : to*near.D]})
	}
	if near.N == 0 {
		return out, nil // no other scan has rows
	}
	bank, err := memory.NewBank(near, c.Workers)
	if err != nil {
		return nil, err
	}
	hits, err := bank.Nearest(ctx, rows, c.Neighbors)
	if err != nil {
		return nil, err
	}
	k := len(hits) / rows.N
	for i := range out {
		out[i] = meanDistance(hits[i*k:(i+1)*k], k)
	}
	return out, nil
}

// galleryLearner makes the gallery of a feature.
type galleryLearner struct {
	sampler
	means memory.Rows
}

func newGalleryLearner(c *Config) *galleryLearner {
	return &galleryLearner{sampler: sampler{keep: c.Rows, seed: c.Seed}}
}

func (l *galleryLearner) show(scan int, rows *memory.Rows, _ []int32) {
	l.add(scan, 0, rows)
	l.means.Append(&memory.Rows{N: 1, D: rows.D, Data: meanRow(rows.Data, rows.D)})
}

func (l *galleryLearner) learn(ctx context.Context, c *Config, held []heldScan, i int) (judge, [][]float32, error) {
	l.thin()
	g := &gallery{rows: &l.rows, origins: l.origins, means: &l.means}
	scores := make([][]float32, len(held))
	for s := range held {
		var err error
		if scores[s], err = g.without(ctx, c, held[s].desc.rows[i], held[s].number); err != nil {
			return nil, nil, err
		}
	}
	return g, scores, nil
}
