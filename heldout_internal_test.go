package iad3d

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/iad3d/iad3d/memory"
)

// TestSamplerForgetsOrder holds that which rows are kept depends on no other row: all
// at once, or thinned out on the way, or with scans that are dropped later.
func TestSamplerForgetsOrder(t *testing.T) {
	table := func(scan, n int) *memory.Rows {
		r := &memory.Rows{N: n, D: 2}
		for i := range n {
			r.Data = append(r.Data, float32(scan), float32(i))
		}
		return r
	}
	few, all := &sampler{keep: 50, seed: 9}, &sampler{keep: 1 << 20, seed: 9}
	for scan := range 20 {
		few.add(scan, 0, table(scan, 10+scan))
		all.add(scan, 0, table(scan, 10+scan))
	}
	few.thin()
	if few.rows.N != 50 || few.seen != all.seen || all.rows.N != all.seen {
		t.Fatalf("%d rows of %d", few.rows.N, few.seen)
	}
	all.keep = 50
	all.thin()
	if !slices.Equal(few.rows.Data, all.rows.Data) || !slices.Equal(few.origins, all.origins) {
		t.Error("another sample on the way")
	}
	for i, o := range few.origins {
		if few.rows.Row(i)[0] != float32(o.Scan) || few.rows.Row(i)[1] != float32(o.Row) {
			t.Fatalf("row %d is not of %+v", i, o)
		}
	}
	few.drop(map[int]bool{3: true, 19: true})
	for _, o := range few.origins {
		if o.Scan == 3 || o.Scan == 19 {
			t.Errorf("%+v is still there", o)
		}
	}
}

// TestThresholdsKeepTheirPromise draws sound scores of a skewed law many times: the
// share of new ones above the threshold is in the mean what is promised.
func TestThresholdsKeepTheirPromise(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 7))
	score := func() float64 { return math.Exp(0.5 * r.NormFloat64()) }
	for _, n := range []int{10, 20, 50, 200} {
		const draws, rate = 4000, 0.05
		above, promised := 0.0, 0.0
		for range draws {
			d := &Detector{calibration: &Calibration{}}
			for range n {
				s := score()
				d.calibration.Held = append(d.calibration.Held, HeldOut{Score: s, Peak: float32(s)})
			}
			th, err := d.ThresholdsAt(rate)
			if err != nil {
				t.Fatal(err)
			}
			// The exact share of the law above the threshold.
			above += 0.5 * math.Erfc(math.Log(th.Scan)/0.5/math.Sqrt2) / draws
			promised = th.Promised
		}
		if math.Abs(above-promised) > 0.004 {
			t.Errorf("%d scans: %.4f above the threshold, promised %.4f", n, above, promised)
		}
		if n >= 20 && promised > rate || n < 19 && promised < rate {
			t.Errorf("%d scans promise %.4f", n, promised)
		}
	}
}

func TestSuspects(t *testing.T) {
	scores := make([]HeldOut, 12)
	for i := range scores {
		scores[i].Score = 1 + 0.01*float64(i)
	}
	if got := suspects(scores); len(got) != 0 {
		t.Errorf("%v of an even set", got)
	}
	scores[4].Score = 2
	if got := suspects(scores); !slices.Equal(got, []int{4}) {
		t.Errorf("%v", got)
	}
	if got := suspects(scores[:5]); got != nil {
		t.Errorf("%v of five", got)
	}
}

// TestDoubtful holds that the highest places of the worse half of the scans are
// forgotten, two in a hundred of all, and none of scans that are all alike.
func TestDoubtful(t *testing.T) {
	const side, scans = 10, 4
	var h held
	var scores []HeldOut
	for s := range scans {
		desc := &description{rows: []*memory.Rows{{N: side * side}}, cellH: side, cellW: side, workH: side, workW: side}
		m := make([]float32, side*side)
		for i := range m {
			m[i] = float32(s)
		}
		m[7], m[42] = 20+float32(s), 10 // the same in every scan, but one of them higher in the later
		h.scans = append(h.scans, heldScan{number: 5 + s, desc: desc, maps: [][]float32{m}})
		scores = append(scores, HeldOut{Scan: 5 + s, Score: float64(s)})
	}
	d := &Detector{channels: []*channel{{weight: 1}}}
	got := h.doubtful(d, scores)
	// Eight of 400: both places of the last two scans, and the first of the others of the last.
	want := []origin{{7, 7}, {7, 42}, {8, 7}, {8, 42}, {8, 0}, {8, 1}, {8, 2}, {8, 3}}
	if len(got) != len(want) {
		t.Errorf("%d places are forgotten, want %d", len(got), len(want))
	}
	for _, o := range want {
		if !got[o] {
			t.Errorf("%+v is kept; forgotten are %v", o, got)
		}
	}
	for i := range scores {
		scores[i].Score = 1
	}
	if got := h.doubtful(d, scores); len(got) != 0 {
		t.Errorf("%v of scans that are alike", got)
	}
}
