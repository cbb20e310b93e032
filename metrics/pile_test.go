package metrics

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"
)

// spreads are the distributions that a radix sort has to cope with.
func spreads(rng *rand.Rand) map[string]func() float64 {
	return map[string]func() float64{
		"uniform":   rng.Float64,
		"signed":    rng.NormFloat64,
		"all equal": func() float64 { return 0.25 },
		"two":       func() float64 { return float64(rng.IntN(2)) },
		"8 bits":    func() float64 { return float64(rng.IntN(256)) / 255 },
		"zeros":     func() float64 { return math.Copysign(0, rng.Float64()-0.5) },
		"some zero": func() float64 { return []float64{0, math.Copysign(0, -1), -1, 1}[rng.IntN(4)] },
		"outliers":  func() float64 { return rng.Float64() * []float64{1, 1, 1e-40, 1e38, -1e38}[rng.IntN(5)] },
		"denormals": func() float64 { return math.Float64frombits(rng.Uint64N(1000)) },
		"any bits":  func() float64 { return math.Float64frombits(rng.Uint64() &^ (1 << 61)) }, // bit 61 cleared: finite, also as float32
	}
}

func TestPileSort(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 1))
	for name, draw := range spreads(rng) {
		for _, n := range []int{0, 1, 2, 300, chunkLen, 3*chunkLen + 5} {
			for _, block := range []int{40, sortBlock} {
				scores := make([]float64, n)
				for i := range scores {
					scores[i] = draw()
				}
				testPile(t, name, scores, block, rng)
				testPile(t, name, toFloat32(scores), block, rng)
			}
		}
	}
}

func testPile[S Score](t *testing.T, name string, scores []S, block int, rng *rand.Rand) {
	t.Helper()
	var p pile[S]
	for rest := scores; len(rest) > 0; { // in pieces, some longer than a chunk
		k := min(len(rest), rng.IntN(chunkLen*5/4))
		p.add(rest[:k])
		rest = rest[k:]
	}
	p.sort(block)
	want := slices.Clone(scores)
	slices.Sort(want)
	got := slices.Concat(p.chunks...)
	if p.n != len(scores) || !slices.Equal(got, want) {
		t.Fatalf("%s: %d values in blocks of %d are not sorted", name, len(scores), block)
	}
	r := pack(&p)
	if r.n != len(want) {
		t.Fatalf("%s: run of %d values, want %d", name, r.n, len(want))
	}
	testRun(t, name, r, want, rng)
}

// testRun compares a run with the ascending values that are in it.
func testRun[S Score](t *testing.T, name string, r *sortedRun, want []S, rng *rand.Rand) {
	t.Helper()
	if len(want) == 0 {
		c := r.top()
		if n := c.pass(0, false); n != 0 {
			t.Fatalf("%s: %d values pass in an empty run", name, n)
		}
		return
	}
	if score[S](r.first[0]) != want[len(want)-1] || score[S](r.last) != want[0] {
		t.Fatalf("%s: run from %v to %v, want %v to %v", name, score[S](r.first[0]), score[S](r.last), want[len(want)-1], want[0])
	}
	// One cursor goes down through a few values, in both ways of counting.
	for range 5 {
		c := r.top()
		picks := make([]S, 1+rng.IntN(40))
		for i := range picks {
			picks[i] = want[rng.IntN(len(want))]
			if rng.IntN(4) == 0 {
				picks[i] = next(picks[i])
			}
		}
		slices.SortFunc(picks, func(a, b S) int { return cmp.Compare(b, a) })
		for _, v := range slices.Compact(picks) {
			over := len(want) - sort.Search(len(want), func(i int) bool { return want[i] > v })
			reach := len(want) - sort.Search(len(want), func(i int) bool { return want[i] >= v })
			if got := c.pass(key(v), true); got != over {
				t.Fatalf("%s: %d values > %v, want %d", name, got, v, over)
			}
			if got := c.pass(key(v), false); got != reach {
				t.Fatalf("%s: %d values ≥ %v, want %d", name, got, v, reach)
			}
			if got := above([]*sortedRun{r}, key(v)); got != over {
				t.Fatalf("%s: above counts %d values > %v, want %d", name, got, v, over)
			}
		}
		if got := c.pass(0, true); got != len(want) {
			t.Fatalf("%s: %d values in all, want %d", name, got, len(want))
		}
	}
}

// order must agree with < on every pair of neighbouring and distant values.
func TestOrder(t *testing.T) {
	up := []float64{-math.MaxFloat64, -1e300, -1.5, -1, -math.SmallestNonzeroFloat64, math.Copysign(0, -1), 0,
		math.SmallestNonzeroFloat64, 1e-300, 1, math.Nextafter(1, 2), 2, math.MaxFloat64}
	up32 := []float32{-math.MaxFloat32, -2, -math.SmallestNonzeroFloat32, float32(math.Copysign(0, -1)), 0,
		math.SmallestNonzeroFloat32, 1, math.Nextafter32(1, 2), math.MaxFloat32}
	for i := 1; i < len(up); i++ {
		if order(up[i-1]) >= order(up[i]) {
			t.Errorf("order of %v is not below that of %v", up[i-1], up[i])
		}
	}
	for i := 1; i < len(up32); i++ {
		if order(up32[i-1]) >= order(up32[i]) {
			t.Errorf("order of float32 %v is not below that of %v", up32[i-1], up32[i])
		}
	}
}

func TestSortTagged(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 1))
	for name, draw := range spreads(rng) {
		for _, n := range []int{0, 1, 2, 5000} {
			vals, tags := make([]float64, n), make([]int32, n)
			for i := range vals {
				vals[i], tags[i] = draw(), int32(i)
			}
			want := slices.Clone(tags)
			slices.SortStableFunc(want, func(i, j int32) int { return cmp.Compare(order(vals[i]), order(vals[j])) })
			in := slices.Clone(vals)
			vals, tags = sortTagged(vals, tags)
			if !slices.Equal(tags, want) {
				t.Fatalf("%s: %d values: tags out of order", name, n)
			}
			for i, tag := range tags {
				if vals[i] != in[tag] {
					t.Fatalf("%s: value %d parted from its tag", name, i)
				}
			}
		}
	}
}

// Scores as maps have them take little more than a byte each: docs/metrics.md promises
// as much for large sets.
func TestPackedSize(t *testing.T) {
	var p pile[float32]
	for _, m := range inspection(4, 400, 61) {
		p.add(m.Scores)
	}
	r := pack(&p)
	if size := len(r.data) + 16*len(r.first); float64(size) > 1.3*float64(r.n) {
		t.Errorf("%d bytes for %d scores", size, r.n)
	}
}
