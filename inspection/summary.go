package inspection

import (
	"cmp"
	"slices"
	"time"
)

// Counts are the verdicts of a batch.
type Counts struct {
	Scans    int `json:"scans"` // those that could not be scored included
	Pass     int `json:"pass"`
	Fail     int `json:"fail"`
	Invalid  int `json:"invalid"`
	Unjudged int `json:"unjudged"`
	Errors   int `json:"errors"` // scans that could not be scored
}

// Add counts one verdict.
func (c *Counts) Add(v Verdict) {
	c.Scans++
	switch v {
	case Pass:
		c.Pass++
	case Fail:
		c.Fail++
	case Invalid:
		c.Invalid++
	default:
		c.Unjudged++
	}
}

// Timed is a scan with the time it took and its score.
type Timed struct {
	Scan    string  `json:"scan"`
	Score   float64 `json:"score"`
	Verdict Verdict `json:"verdict,omitempty"`
	Seconds float64 `json:"seconds"`
}

// Summary is what a batch came to.
type Summary struct {
	Counts
	// FailRate is that of the scans with a verdict of pass or fail; 0 for none.
	FailRate float64 `json:"fail_rate"`
	// InvalidRate is that of all scans that could be read.
	InvalidRate  float64 `json:"invalid_rate"`
	Seconds      float64 `json:"seconds"` // of all scans, scoring alone
	Regions      int     `json:"regions"`
	MostAbnormal []Timed `json:"most_abnormal"` // by score, descending
	Slowest      []Timed `json:"slowest"`
}

// Batch gathers what [Summary] tells. The zero value is ready for use.
type Batch struct {
	counts  Counts
	regions int
	all     []Timed
}

// Add takes in an inspection that took some time.
func (b *Batch) Add(n *Inspection, took time.Duration) {
	b.counts.Add(n.Verdict)
	b.regions += len(n.Regions())
	name := n.Result.Source
	if name == "" {
		name = n.Result.Name
	}
	b.all = append(b.all, Timed{name, n.Result.Score, n.Verdict, took.Seconds()})
}

// AddError counts a scan that could not be scored.
func (b *Batch) AddError() {
	b.counts.Scans++
	b.counts.Errors++
}

// Counts returns the verdicts so far.
func (b *Batch) Counts() Counts { return b.counts }

// Summary sums up, with at most the given number of scans in each list; ties are
// in the order of Add.
func (b *Batch) Summary(most int) Summary {
	s := Summary{Counts: b.counts, Regions: b.regions}
	if n := s.Pass + s.Fail; n > 0 {
		s.FailRate = float64(s.Fail) / float64(n)
	}
	if n := s.Scans - s.Errors; n > 0 {
		s.InvalidRate = float64(s.Invalid) / float64(n)
	}
	for _, t := range b.all {
		s.Seconds += t.Seconds
	}
	top := func(less func(a, b Timed) int) []Timed {
		all := slices.Clone(b.all)
		slices.SortStableFunc(all, less)
		return append([]Timed{}, all[:min(most, len(all))]...)
	}
	s.MostAbnormal = top(func(a, b Timed) int { return cmp.Compare(b.Score, a.Score) })
	s.Slowest = top(func(a, b Timed) int { return cmp.Compare(b.Seconds, a.Seconds) })
	return s
}
