package iad3d

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"

	"github.com/iad3d/iad3d/fusion"
	"github.com/iad3d/iad3d/memory"
)

// mostHeld is the most scans that are held out in turn. It bounds the memory of a
// fit; a rate of false alarms of 0.7 % can be promised from as many.
const mostHeld = 150

// held are scans of a fit whose descriptions are kept, to be scored by what all
// other scans are like.
type held struct {
	seed  uint64
	scans []heldScan
}

type heldScan struct {
	number int // in the fit
	name   string
	desc   *description
	hits   [][]memory.Hit      // of each bank, among the rows of other scans
	at     []func(int32) int32 // translates them
	maps   [][]float32         // smoothed scores in each bank
}

// add keeps a scan, and lets one go when there are too many: which one is as if
// drawn, and depends on the scans' numbers only.
func (h *held) add(number int, name string, d *description) {
	h.scans = append(h.scans, heldScan{number: number, name: name, desc: d})
	if len(h.scans) <= mostHeld {
		return
	}
	worst := 0
	for i, s := range h.scans {
		if (origin{Scan: int32(s.number), Row: -1}).priority(h.seed) > (origin{Scan: int32(h.scans[worst].number), Row: -1}).priority(h.seed) {
			worst = i
		}
	}
	h.scans = slices.Delete(h.scans, worst, worst+1)
}

// search looks for the rows of every held scan among those of all others, and learns
// from it how far apart the banks' own rows are.
func (h *held) search(ctx context.Context, d *Detector) error {
	c := &d.config
	for i := range h.scans {
		h.scans[i].hits = make([][]memory.Hit, len(d.banks))
		h.scans[i].at = make([]func(int32) int32, len(d.banks))
		h.scans[i].maps = nil
	}
	for bi, b := range d.banks {
		b.local = make([]float32, b.rows.Rows().N)
		scans := map[int]*heldScan{}
		for _, o := range b.origins {
			scans[int(o.Scan)] = nil
		}
		for i := range h.scans {
			scans[h.scans[i].number] = &h.scans[i]
		}
		for _, number := range slices.Sorted(maps.Keys(scans)) {
			if err := b.holdOut(ctx, c, bi, number, scans[number]); err != nil {
				return err
			}
		}
		b.setScale()
	}
	return nil
}

// holdOut learns how far a scan's rows in the bank are from those of other scans and,
// where the scan is held, looks for all its rows among these.
func (b *bank) holdOut(ctx context.Context, c *Config, bi, number int, s *heldScan) error {
	sub, at, err := b.without(number, c.Workers)
	if err != nil || sub == nil {
		return err
	}
	from, to := b.of(number)
	if from < to {
		all := b.rows.Rows()
		hits, err := sub.Nearest(ctx, &memory.Rows{N: to - from, D: all.D, Data: all.Data[from*all.D : to*all.D]}, c.Neighbors)
		if err != nil {
			return err
		}
		n := len(hits) / (to - from)
		for r := from; r < to; r++ {
			b.local[r] = meanDistance(hits[(r-from)*n:][:n], c.Neighbors)
		}
	}
	if s != nil {
		s.hits[bi], err = sub.Nearest(ctx, s.desc.rows[bi], max(c.Neighbors, localNeighbors))
		s.at[bi] = at
	}
	return err
}

func meanDistance(hits []memory.Hit, neighbors int) float32 {
	hits = hits[:min(neighbors, len(hits))]
	sum := 0.0
	for _, h := range hits {
		sum += h.Dist
	}
	return float32(sum / float64(len(hits)))
}

// weigh sets the weights of the banks by the levels that held-out scans show, and
// returns what each of these scans comes to.
func (h *held) weigh(ctx context.Context, d *Detector) ([]HeldOut, error) {
	levels := make([]fusion.Level, len(d.banks))
	for bi := range d.banks {
		tops := make([]float64, len(h.scans))
		for i := range h.scans {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			s := &h.scans[i]
			tops[i] = topMean(s.desc.part(s.smooth(d, bi)), d.config.Top)
		}
		levels[bi] = level(tops)
	}
	return h.sum(ctx, d, fusion.Weights(levels, len(h.scans)))
}

// sum sets the weights of the banks and returns what each held-out scan comes to.
func (h *held) sum(ctx context.Context, d *Detector, weights []float64) ([]HeldOut, error) {
	for bi, b := range d.banks {
		b.weight = weights[bi]
	}
	out := make([]HeldOut, len(h.scans))
	for i := range h.scans {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s := &h.scans[i]
		sum := make([]float32, s.desc.workH*s.desc.workW)
		for bi, b := range d.banks {
			for p, v := range s.smooth(d, bi) {
				sum[p] += float32(float64(v) * b.weight)
			}
		}
		out[i] = HeldOut{Scan: s.number, Name: s.name, Score: topMean(s.desc.part(sum), d.config.Top), Peak: slices.Max(sum)}
	}
	return out, nil
}

// smooth returns the map of a held-out scan's scores in one bank.
func (s *heldScan) smooth(d *Detector, bi int) []float32 {
	if s.maps == nil {
		s.maps = make([][]float32, len(d.banks))
	}
	if s.maps[bi] == nil {
		scores := d.banks[bi].scores(s.hits[bi], s.desc.rows[bi].N, d.config.Neighbors, s.at[bi])
		s.maps[bi] = d.config.smooth(s.desc, scores).Data
	}
	return s.maps[bi]
}

// level returns mean and standard deviation of all but the highest seventh: a few
// training scans that are defective would make the very feature that sees it count
// for less.
func level(v []float64) fusion.Level {
	var l fusion.Level
	v = slices.Sorted(slices.Values(v))
	v = v[:len(v)-len(v)/7]
	for _, x := range v {
		l.Mean += x / float64(len(v))
	}
	for _, x := range v {
		l.Spread += float64((x-l.Mean)*(x-l.Mean)) / float64(max(1, len(v)-1))
	}
	l.Spread = math.Sqrt(l.Spread)
	return l
}

// doubt is the share of the held-out scans' rows that a fit of scans that may be
// defective forgets.
const doubt = 0.1

// doubtful returns the rows of the held-out scans, of every feature alike, that lie
// where the weighed and smoothed scores are highest: where other scans have nothing
// like it. Should a scan be defective it is there, and its defect would otherwise be
// what the like of it is compared with. Sound parts have such places as well and are
// little the worse for it as long as other scans show them (X. Jiang et al.,
// "SoftPatch", NeurIPS 2022, forget 15 % of the patches by their local outlier factor).
func (h *held) doubtful(d *Detector) map[origin]bool {
	type place struct {
		origin
		score float64
	}
	var all []place
	for i := range h.scans {
		s := &h.scans[i]
		for row := range s.desc.rows[0].N {
			cell := row
			if s.desc.cells != nil {
				cell = int(s.desc.cells[row])
			}
			y := (2*(cell/s.desc.cellW) + 1) * s.desc.workH / (2 * s.desc.cellH)
			x := (2*(cell%s.desc.cellW) + 1) * s.desc.workW / (2 * s.desc.cellW)
			p := place{origin: origin{Scan: int32(s.number), Row: int32(row)}}
			for bi, b := range d.banks {
				p.score += float64(float64(s.smooth(d, bi)[y*s.desc.workW+x]) * b.weight)
			}
			all = append(all, p)
		}
	}
	slices.SortStableFunc(all, func(a, b place) int { return cmp.Compare(b.score, a.score) })
	out := map[origin]bool{}
	for _, p := range all[:int(doubt*float64(len(all)))] {
		out[p.origin] = true
	}
	return out
}

// toSigma turns a median absolute deviation into a standard deviation.
const toSigma = 1.4826

// suspicious is by how many robust standard deviations the score of a training scan
// exceeds the median of all when it is reported.
const suspicious = 4

// suspects returns the places of the scans whose scores stand out from the others',
// by median and median absolute deviation; with fewer than six none does.
func suspects(scores []HeldOut) []int {
	if len(scores) < 6 {
		return nil
	}
	v := make([]float64, len(scores))
	for i, s := range scores {
		v[i] = s.Score
	}
	mid := median(slices.Clone(v))
	off := make([]float64, len(v))
	for i := range v {
		off[i] = math.Abs(v[i] - mid)
	}
	limit := mid + float64(suspicious*toSigma*median(off))
	var out []int
	for i := range v {
		if v[i] > limit {
			out = append(out, i)
		}
	}
	return out
}

// median sorts v.
func median(v []float64) float64 {
	slices.Sort(v)
	return (v[len(v)/2] + v[(len(v)-1)/2]) / 2
}
