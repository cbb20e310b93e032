package iad3d

import (
	"context"
	"maps"
	"math"
	"slices"

	"github.com/iad3d/iad3d/memory"
)

// bank is the memory bank of a feature: rows of sound scans, of which the nearest tell
// how abnormal others are.
type bank struct {
	index   *memory.Index
	origins []origin
	// local is, for each row, the mean distance of the nearest rows of other scans:
	// how far apart sound parts are there. scale is the least local distance that a
	// score is divided by, see [bank.scores].
	local []float32
	scale float64
	// odd is the local distance above which a row is one that its own scan alone has,
	// see [oddShare]; +Inf: none is. The rows of the scans numbered from taught on are
	// taken for sound, whatever others have; 0: of none.
	odd    float64
	taught int
	plain  bool // scores are the distances as they are
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

// oddShare is the share of a bank's rows, those farthest from the rows of other scans,
// that are odd: a scan in ten may be defective, and a defect takes half of the part at
// most. What is like an odd row is not sound for that: it is abnormal by as much as the
// row is farther from other scans than the rest, and the place where one scan differs
// from all says nothing about how much sound parts do. (X. Jiang et al., "SoftPatch",
// NeurIPS 2022, weigh distances by the row's local outlier factor and forget the worst
// 15 %.)
const oddShare = 0.05

// scores returns the abnormality of n rows from their hits in the bank, whose local
// distances are given: the mean distance of the nearest neighbors, and of those that are
// odd what they are more than others, divided by how far apart sound parts are there
// (k-NN distances scaled by local ones: M. Breunig et al., "LOF", SIGMOD 2000) and a
// constant.
func (b *bank) scores(hits []memory.Hit, n, neighbors int, local []float32) []float32 {
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
			if !b.plain {
				sum += max(0, float64(local[h.Row])-b.odd)
			}
		}
		sum /= float64(m)
		if !b.plain {
			around := 0.0
			for _, h := range near {
				around += min(float64(local[h.Row]), b.odd)
			}
			sum /= around/float64(k) + b.scale
		}
		out[i] = float32(sum)
	}
	return out
}

// setScale sets the scale by the median of the local distances and, unless all scans
// are trusted, what is odd by their quantile.
func (b *bank) setScale(feature string, trusting bool) {
	sorted := slices.Clone(b.local)
	slices.Sort(sorted)
	b.odd = math.Inf(1)
	if !trusting {
		b.odd = float64(sorted[int(float64(1-oddShare)*float64(len(sorted)))])
		b.trustTaught(b.local)
	}
	if b.scale = calm(feature) * float64(sorted[len(sorted)/2]); b.scale == 0 {
		b.scale = calm(feature) // sound parts are alike to the last bit
	}
}

// trustTaught makes the local distances of rows that were taught no more than those of
// rows that are not odd.
func (b *bank) trustTaught(local []float32) {
	if b.taught == 0 {
		return
	}
	from, _ := rowsOf(b.origins, b.taught)
	for r := from; r < len(local); r++ {
		local[r] = float32(min(float64(local[r]), b.odd))
	}
}

// nearest searches the bank, without the rows of a scan, -1 for with all.
func (b *bank) nearest(ctx context.Context, c *Config, rows *memory.Rows, neighbors, except int) ([]memory.Hit, error) {
	from, to := rowsOf(b.origins, except)
	return b.index.WithWorkers(c.Workers).Nearest(ctx, rows, neighbors, from, to)
}

// whitened returns a scan's rows as the bank's are.
func (b *bank) whitened(c *Config, rows *memory.Rows) *memory.Rows {
	if b.white == nil {
		return rows
	}
	return b.white.Rows(rows, c.Workers)
}

func (b *bank) rate(ctx context.Context, c *Config, rows *memory.Rows, _ []int32) ([]float32, error) {
	hits, err := b.nearest(ctx, c, b.whitened(c, rows), max(c.Neighbors, localNeighbors), -1)
	if err != nil {
		return nil, err
	}
	return b.scores(hits, rows.N, c.Neighbors, b.local), nil
}

func (b *bank) size() (rows, values int) { return b.index.N, b.index.N * b.index.D() }

// bankLearner makes the bank of a feature.
type bankLearner struct {
	sampler
	feature string
	// old is the bank of a model that is learned further: the learner is shown rows that
	// are whitened as that one's, and rounds them alike. Nil: it is shown them as scans
	// have them.
	old *bank
	// taught is that of the bank to be made.
	taught int
}

func newBankLearner(c *Config, feature string) *bankLearner {
	return &bankLearner{sampler: sampler{keep: c.Rows, seed: c.Seed}, feature: feature}
}

// trusts reports whether no row is odd: a model that was made so is learned further so,
// for its thresholds are.
func (l *bankLearner) trusts(c *Config) bool {
	return c.Trusting || c.Unscaled || l.old != nil && math.IsInf(l.old.odd, 1)
}

func (l *bankLearner) show(scan int, rows *memory.Rows, _ []int32) { l.add(scan, 0, rows) }

// bank returns the bank of what the sampler holds, which lacks local distances yet.
func (l *bankLearner) bank(ctx context.Context, c *Config) (*bank, error) {
	l.thin()
	b := &bank{origins: l.origins, plain: c.Unscaled, taught: l.taught}
	var steps *memory.Steps
	if l.old != nil {
		b.white, steps = l.old.white, &l.old.index.Steps
	}
	var err error
	b.index, err = memory.NewIndex(ctx, &l.rows, steps, c.Workers)
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

// whiten returns the bank of whitened rows; b, whose rows they are, where nothing differs.
func (b *bank) whiten(ctx context.Context, c *Config, all *memory.Rows) (*bank, error) {
	apart := &memory.Rows{D: all.D}
	numbers := scansOf(b.origins)
	n := min(len(numbers), max(whiteScans, (whiteRows*len(numbers)+all.N-1)/all.N))
	for i := range n {
		number := numbers[i*len(numbers)/n]
		from, to := rowsOf(b.origins, number)
		rows := &memory.Rows{N: to - from, D: all.D, Data: all.Data[from*all.D : to*all.D]}
		hits, err := b.nearest(ctx, c, rows, 1, number)
		if err != nil || hits == nil {
			return b, err
		}
		for r, h := range hits {
			like := all.Row(int(h.Row))
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
	out := &bank{origins: b.origins, plain: b.plain, white: w}
	out.index, err = memory.NewIndex(ctx, w.Rows(all, c.Workers), nil, c.Workers)
	return out, err
}

// alone returns the bank of a single scan, scaled by the distances between its own
// neighbouring rows: it can rank, but knows nothing of how parts differ.
func (l *bankLearner) alone(ctx context.Context, c *Config) (*bank, error) {
	b, err := l.bank(ctx, c)
	if err != nil {
		return nil, err
	}
	hits, err := b.nearest(ctx, c, b.index.Table(0, b.index.N), 1+localNeighbors, -1)
	if err != nil {
		return nil, err
	}
	b.local = make([]float32, b.index.N)
	k := len(hits) / len(b.local)
	for r := range b.local {
		b.local[r] = meanDistance(hits[r*k:][min(1, k-1):k], localNeighbors)
	}
	b.setScale(l.feature, true)
	return b, nil
}

func (l *bankLearner) learn(ctx context.Context, c *Config, held []heldScan, i int) (judge, [][]float32, error) {
	b, err := l.bank(ctx, c)
	if err == nil && l.old == nil && c.whitens(l.feature) {
		b, err = b.whiten(ctx, c, &l.rows)
	}
	if err != nil {
		return nil, nil, err
	}
	hits, near, err := b.holdOut(ctx, c, held, i)
	if err != nil {
		return nil, nil, err
	}
	b.setScale(l.feature, l.trusts(c))
	scores := make([][]float32, len(held))
	for s := range held {
		scores[s] = b.scores(hits[s], held[s].desc.rows[i].N, c.Neighbors, b.localWithout(near, held[s].number, c.Neighbors))
	}
	return b, scores, nil
}

// holdOut returns what the rows of every held scan, the i-th of its description, find
// among those of all others, and learns from it how far apart the bank's own rows are:
// near has, for each of these, what it finds among those of other scans.
func (b *bank) holdOut(ctx context.Context, c *Config, held []heldScan, i int) (out, near [][]memory.Hit, err error) {
	b.local = make([]float32, b.index.N)
	out, near = make([][]memory.Hit, len(held)), make([][]memory.Hit, b.index.N)
	scans := map[int]int{} // places in held, −1 for none
	for _, number := range scansOf(b.origins) {
		scans[number] = -1
	}
	for s := range held {
		scans[held[s].number] = s
	}
	for _, number := range slices.Sorted(maps.Keys(scans)) {
		if err := b.learnLocal(ctx, c, number, near); err != nil {
			return nil, nil, err
		}
		if s := scans[number]; s >= 0 {
			if out[s], err = b.nearest(ctx, c, b.whitened(c, held[s].desc.rows[i]), max(c.Neighbors, localNeighbors), number); err != nil {
				return nil, nil, err
			}
		}
	}
	return out, near, nil
}

// learnLocal learns how far a scan's rows are from those of other scans, and keeps what
// they find there in near.
func (b *bank) learnLocal(ctx context.Context, c *Config, scan int, near [][]memory.Hit) error {
	from, to := rowsOf(b.origins, scan)
	hits, err := b.nearest(ctx, c, b.index.Table(from, to), max(c.Neighbors, localNeighbors), scan)
	if err != nil || hits == nil {
		return err
	}
	n := len(hits) / (to - from)
	for r := from; r < to; r++ {
		near[r] = hits[(r-from)*n:][:n]
		b.local[r] = meanDistance(near[r], c.Neighbors)
	}
	return nil
}

// localWithout returns the local distances that the bank had without a scan: one that is
// held out must not vouch for what is like it. Where too few rows of yet other scans are
// among the nearest, the farthest of these stands for the missing.
func (b *bank) localWithout(near [][]memory.Hit, scan, neighbors int) []float32 {
	local := slices.Clone(b.local)
	from, to := rowsOf(b.origins, scan)
	of := func(h memory.Hit) bool { return int(h.Row) >= from && int(h.Row) < to }
	for r, hits := range near {
		if !slices.ContainsFunc(hits[:min(neighbors, len(hits))], of) {
			continue
		}
		others := slices.DeleteFunc(slices.Clone(hits), of)
		for len(others) < len(hits) {
			others = append(others, hits[len(hits)-1])
		}
		local[r] = meanDistance(others, neighbors)
	}
	b.trustTaught(local)
	return local
}

func meanDistance(hits []memory.Hit, neighbors int) float32 {
	hits = hits[:min(neighbors, len(hits))]
	sum := 0.0
	for _, h := range hits {
		sum += h.Dist
	}
	return float32(sum / float64(len(hits)))
}
