package iad3d

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/iad3d/iad3d/fusion"
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
	scores [][]float32 // of each channel's rows, by what all other scans make
	maps   [][]float32 // these, smoothed
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

// weigh sets the weights of the channels by the levels that held-out scans show, and
// returns what each of these scans comes to.
func (h *held) weigh(ctx context.Context, d *Detector) ([]HeldOut, error) {
	levels := make([]fusion.Level, len(d.channels))
	for ci := range d.channels {
		tops := make([]float64, len(h.scans))
		for i := range h.scans {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			s := &h.scans[i]
			tops[i] = topMean(s.desc.part(s.smooth(d, ci)), d.config.Top)
		}
		levels[ci] = level(tops)
	}
	return h.sum(ctx, d, fusion.Weights(levels, len(h.scans)))
}

// sum sets the weights of the channels and returns what each held-out scan comes to.
func (h *held) sum(ctx context.Context, d *Detector, weights []float64) ([]HeldOut, error) {
	for ci, ch := range d.channels {
		ch.weight = weights[ci]
	}
	out := make([]HeldOut, len(h.scans))
	for i := range h.scans {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s := &h.scans[i]
		sum := make([]float32, s.desc.workH*s.desc.workW)
		for ci, ch := range d.channels {
			for p, v := range s.smooth(d, ci) {
				sum[p] += float32(float64(v) * ch.weight)
			}
		}
		out[i] = HeldOut{Scan: s.number, Name: s.name, Score: topMean(s.desc.part(sum), d.config.Top), Peak: slices.Max(sum)}
	}
	return out, nil
}

// smooth returns the map of a held-out scan's scores in one channel.
func (s *heldScan) smooth(d *Detector, i int) []float32 {
	if s.maps[i] == nil {
		s.maps[i] = d.config.smooth(s.desc, s.scores[i]).Data
	}
	return s.maps[i]
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
// defective forgets: a scan in ten is, and a defect takes a fifth of the part.
const doubt = 0.02

// doubtful returns the rows of the held-out scans, of every feature alike, that lie
// where the weighed and smoothed scores are highest: where other scans have nothing
// like it. Should a scan be defective it is there, and its defect would otherwise be
// what the like of it is compared with. Sound parts have such places as well and are
// little the worse for it as long as other scans show them (X. Jiang et al.,
// "SoftPatch", NeurIPS 2022, forget 15 % of the patches by their local outlier factor).
// The better half of the scans, by their scores, is trusted.
func (h *held) doubtful(d *Detector, scores []HeldOut) map[origin]bool {
	middle := middleScore(scores)
	type place struct {
		origin
		score float64
	}
	var all []place
	n := 0
	for i := range h.scans {
		s := &h.scans[i]
		n += s.desc.rows[0].N
		if scores[i].Score <= middle {
			continue
		}
		for row := range s.desc.rows[0].N {
			cell := row
			if s.desc.cells != nil {
				cell = int(s.desc.cells[row])
			}
			y := (2*(cell/s.desc.cellW) + 1) * s.desc.workH / (2 * s.desc.cellH)
			x := (2*(cell%s.desc.cellW) + 1) * s.desc.workW / (2 * s.desc.cellW)
			p := place{origin: origin{Scan: int32(s.number), Row: int32(row)}}
			for ci, ch := range d.channels {
				p.score += float64(float64(s.smooth(d, ci)[y*s.desc.workW+x]) * ch.weight)
			}
			all = append(all, p)
		}
	}
	slices.SortStableFunc(all, func(a, b place) int { return cmp.Compare(b.score, a.score) })
	out := map[origin]bool{}
	for _, p := range all[:min(len(all), int(doubt*float64(n)))] {
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
	mid := middleScore(scores)
	off := make([]float64, len(scores))
	for i, s := range scores {
		off[i] = math.Abs(s.Score - mid)
	}
	limit := mid + float64(suspicious*toSigma*median(off))
	var out []int
	for i, s := range scores {
		if s.Score > limit {
			out = append(out, i)
		}
	}
	return out
}

// middleScore returns the median of the scores.
func middleScore(scores []HeldOut) float64 {
	v := make([]float64, len(scores))
	for i, s := range scores {
		v[i] = s.Score
	}
	return median(v)
}

// median sorts v.
func median(v []float64) float64 {
	slices.Sort(v)
	return (v[len(v)/2] + v[(len(v)-1)/2]) / 2
}
