package iad3d

import (
	"context"
	"maps"
	"slices"

	"github.com/iad3d/iad3d/memory"
)

// bank is the memory bank of a feature, or of several side by side: rows of sound
// scans, of which the nearest tell how abnormal others are.
type bank struct {
	rows *memory.Bank
	// The following are of rasters with the default protocol, otherwise empty.
	origins []origin
	// local is, for each row, the mean distance of the nearest rows of other scans:
	// how far apart sound parts are there. scale is the least local distance that a
	// score is divided by, see [bank.scores].
	local []float32
	scale float64
	plain bool // scores are the distances as they are
	// white maps a scan's rows to those that are compared; nil: they are.
	white *memory.Whitening
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

// setScale sets the scale by the median of the local distances.
func (b *bank) setScale(feature string) {
	sorted := slices.Clone(b.local)
	slices.Sort(sorted)
	if b.scale = calm(feature) * float64(sorted[len(sorted)/2]); b.scale == 0 {
		b.scale = calm(feature) // sound parts are alike to the last bit
	}
}

// without returns the bank without the rows of a scan, and how to translate a row of
// it into one of b; nil when nothing is left.
func (b *bank) without(scan, workers int) (*memory.Bank, func(int32) int32, error) {
	from, to := rowsOf(b.origins, scan)
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
func (b *bank) nearest(ctx context.Context, c *Config, rows *memory.Rows) ([]memory.Hit, error) {
	neighbors := c.Neighbors
	if b.local != nil {
		neighbors = max(neighbors, localNeighbors)
	}
	return b.rows.WithWorkers(c.Workers).Nearest(ctx, rows, neighbors)
}

// whitened returns a scan's rows as the bank's are.
func (b *bank) whitened(c *Config, rows *memory.Rows) *memory.Rows {
	if b.white == nil {
		return rows
	}
	return b.white.Rows(rows, c.Workers)
}

func (b *bank) rate(ctx context.Context, c *Config, rows *memory.Rows, _ []int32) ([]float32, error) {
	hits, err := b.nearest(ctx, c, b.whitened(c, rows))
	if err != nil {
		return nil, err
	}
	return b.scores(hits, rows.N, c.Neighbors, nil), nil
}

func (b *bank) size() (rows, values int) {
	t := b.rows.Rows()
	return t.N, t.N * t.D
}

// bankLearner makes the bank of a feature.
type bankLearner struct {
	sampler
	feature string
	// old is the bank of a model that is learned further: the learner is shown rows that
	// are whitened as that one's. Nil: it is shown them as scans have them.
	old *bank
}

func newBankLearner(c *Config, feature string) *bankLearner {
	return &bankLearner{sampler: sampler{keep: c.Rows, seed: c.Seed}, feature: feature}
}

func (l *bankLearner) show(scan int, rows *memory.Rows, _ []int32) { l.add(scan, 0, rows) }

// bank returns the bank of what the sampler holds, which lacks local distances yet.
func (l *bankLearner) bank(c *Config) (*bank, error) {
	l.thin()
	rows, err := memory.NewBank(&l.rows, c.Workers)
	b := &bank{rows: rows, origins: l.origins, plain: c.Unscaled}
	if l.old != nil {
		b.white = l.old.white
	}
	return b, err
}

// whitens reports whether the rows of a feature are whitened: those that a network makes
// of photos, whose many values tell much the same, light and gloss above all. Images of
// the shape have neither.
func (c *Config) whitens(feature string) bool {
	return !c.Unwhitened && c.Backbone != nil && feature == FeatureRGB
}

// A whitening is learned from whiteScans scans, or as many more as have about whiteRows
// rows in the bank: the directions are known badly from few times as many rows as a row
// has values.
const (
	whiteScans = 32
	whiteRows  = 4096
)

// whiten returns the bank of whitened rows; b itself where nothing differs.
func (b *bank) whiten(ctx context.Context, c *Config) (*bank, error) {
	all := b.rows.Rows()
	apart := &memory.Rows{D: all.D}
	numbers := scansOf(b.origins)
	n := min(len(numbers), max(whiteScans, (whiteRows*len(numbers)+all.N-1)/all.N))
	for i := range n {
		number := numbers[i*len(numbers)/n]
		others, at, err := b.without(number, c.Workers)
		if err != nil || others == nil {
			return b, err
		}
		from, to := rowsOf(b.origins, number)
		rows := &memory.Rows{N: to - from, D: all.D, Data: all.Data[from*all.D : to*all.D]}
		hits, err := others.Nearest(ctx, rows, 1)
		if err != nil {
			return nil, err
		}
		for r, h := range hits {
			like := all.Row(int(at(h.Row)))
			for j, v := range rows.Row(r) {
				apart.Data = append(apart.Data, v-like[j])
			}
		}
		apart.N += rows.N
	}
	w, err := memory.LearnWhitening(ctx, apart, c.Workers)
	if w == nil || err != nil {
		return b, err
	}
	rows, err := memory.NewBank(w.Rows(all, c.Workers), c.Workers)
	return &bank{rows: rows, origins: b.origins, plain: b.plain, white: w}, err
}

// alone returns the bank of a single scan, scaled by the distances between its own
// neighbouring rows: it can rank, but knows nothing of how parts differ.
func (l *bankLearner) alone(ctx context.Context, c *Config) (*bank, error) {
	b, err := l.bank(c)
	if err != nil {
		return nil, err
	}
	hits, err := b.rows.Nearest(ctx, b.rows.Rows(), 1+localNeighbors)
	if err != nil {
		return nil, err
	}
	n := b.rows.Rows().N
	b.local = make([]float32, n)
	k := len(hits) / n
	for r := range b.local {
		b.local[r] = meanDistance(hits[r*k:][min(1, k-1):k], localNeighbors)
	}
	b.setScale(l.feature)
	return b, nil
}

func (l *bankLearner) learn(ctx context.Context, c *Config, held []heldScan, i int) (judge, [][]float32, error) {
	b, err := l.bank(c)
	if err == nil && l.old == nil && c.whitens(l.feature) {
		b, err = b.whiten(ctx, c)
	}
	if err != nil {
		return nil, nil, err
	}
	found, err := b.holdOut(ctx, c, held, i)
	if err != nil {
		return nil, nil, err
	}
	b.setScale(l.feature)
	scores := make([][]float32, len(held))
	for s, f := range found {
		scores[s] = b.scores(f.hits, held[s].desc.rows[i].N, c.Neighbors, f.at)
	}
	return b, scores, nil
}

// found is what a held-out scan's rows found among those of other scans.
type found struct {
	hits []memory.Hit      // nil when there are no other rows
	at   func(int32) int32 // translates a hit's row into the bank's
}

// holdOut looks for the rows of every held scan, the i-th of its description, among
// those of all others, and learns from it how far apart the bank's own rows are.
func (b *bank) holdOut(ctx context.Context, c *Config, held []heldScan, i int) ([]found, error) {
	b.local = make([]float32, b.rows.Rows().N)
	out := make([]found, len(held))
	scans := map[int]int{} // places in held, −1 for none
	for _, number := range scansOf(b.origins) {
		scans[number] = -1
	}
	for s := range held {
		scans[held[s].number] = s
	}
	for _, number := range slices.Sorted(maps.Keys(scans)) {
		sub, at, err := b.without(number, c.Workers)
		if err != nil {
			return nil, err
		}
		if sub == nil {
			continue
		}
		if err := b.learnLocal(ctx, c, number, sub); err != nil {
			return nil, err
		}
		if s := scans[number]; s >= 0 {
			hits, err := sub.Nearest(ctx, b.whitened(c, held[s].desc.rows[i]), max(c.Neighbors, localNeighbors))
			if err != nil {
				return nil, err
			}
			out[s] = found{hits, at}
		}
	}
	return out, nil
}

// learnLocal learns how far a scan's rows are from those of other scans.
func (b *bank) learnLocal(ctx context.Context, c *Config, scan int, others *memory.Bank) error {
	from, to := rowsOf(b.origins, scan)
	if from == to {
		return nil
	}
	all := b.rows.Rows()
	hits, err := others.Nearest(ctx, &memory.Rows{N: to - from, D: all.D, Data: all.Data[from*all.D : to*all.D]}, c.Neighbors)
	if err != nil {
		return err
	}
	n := len(hits) / (to - from)
	for r := from; r < to; r++ {
		b.local[r] = meanDistance(hits[(r-from)*n:][:n], c.Neighbors)
	}
	return nil
}

func meanDistance(hits []memory.Hit, neighbors int) float32 {
	hits = hits[:min(neighbors, len(hits))]
	sum := 0.0
	for _, h := range hits {
		sum += h.Dist
	}
	return float32(sum / float64(len(hits)))
}
