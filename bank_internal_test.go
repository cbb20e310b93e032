package iad3d

import (
	"math"
	"slices"
	"testing"

	"github.com/iad3d/iad3d/memory"
)

// TestOddRows holds what odd rows do to scores: what is like them has their excess on
// top, and divides by no more than sound parts differ; taught rows have none.
func TestOddRows(t *testing.T) {
	fresh := func() *bank {
		b := &bank{local: make([]float32, 100)}
		for r := range b.local {
			b.origins = append(b.origins, origin{Scan: int32(r / 10), Row: int32(r % 10)})
			b.local[r] = 1
		}
		for r := 94; r < 100; r++ {
			b.local[r] = float32(r - 92) // 2 to 7; 3 is the quantile
		}
		return b
	}
	score := func(b *bank, row int32) float64 {
		return float64(b.scores([]memory.Hit{{Row: row, Dist: 0.5}}, 1, 1, b.local)[0])
	}
	for _, c := range []struct {
		name     string
		trusting bool
		taught   int
		row      int32
		want     float64
	}{
		{"an even row", false, 0, 3, 0.5 / (1 + 1)},
		{"at the quantile", false, 0, 95, (0.5 + 0) / (3 + 1)},
		{"an odd row", false, 0, 99, (0.5 + 4) / (3 + 1)},
		{"an odd row that was taught", false, 9, 99, 0.5 / (3 + 1)},
		{"an odd row, others taught", false, 10, 99, (0.5 + 4) / (3 + 1)},
		{"trusting", true, 0, 99, 0.5 / (7 + 1)},
	} {
		b := fresh()
		b.taught = c.taught
		b.setScale(FeatureFPFH, c.trusting)
		if got := score(b, c.row); math.Abs(got-c.want) > 1e-6 {
			t.Errorf("%s: score %v, want %v; odd from %v", c.name, got, c.want, b.odd)
		}
	}
	plain := fresh()
	plain.plain = true
	plain.setScale(FeatureFPFH, false)
	if got := score(plain, 99); got != 0.5 {
		t.Errorf("distances as they are: %v, want 0.5", got)
	}
}

// TestLocalWithout holds that a scan that is held out does not vouch for what is like it:
// local distances are then those of a bank without its rows, or at least the farthest
// that is known where its own are all of the nearest.
func TestLocalWithout(t *testing.T) {
	b := &bank{origins: []origin{{0, 0}, {1, 0}, {1, 1}, {2, 0}}, local: []float32{1, 1, 4, 5}}
	near := [][]memory.Hit{
		{{Row: 1, Dist: 1}, {Row: 3, Dist: 2}, {Row: 2, Dist: 3}},
		{{Row: 0, Dist: 1}, {Row: 3, Dist: 6}},
		{{Row: 3, Dist: 4}, {Row: 0, Dist: 7}},
		{{Row: 1, Dist: 5}, {Row: 2, Dist: 8}},
	}
	for _, c := range []struct {
		without, neighbors int
		want               []float32
	}{
		{0, 1, []float32{1, 6, 4, 5}},
		{1, 1, []float32{2, 1, 4, 8}}, // the last knows no other scan
		{2, 1, []float32{1, 1, 7, 5}},
		{3, 1, []float32{1, 1, 4, 5}}, // has no rows
		{1, 2, []float32{2.5, 1, 4, 8}},
	} {
		if got := b.localWithout(near, c.without, c.neighbors); !slices.Equal(got, c.want) {
			t.Errorf("without %d, of %d neighbours: %v, want %v", c.without, c.neighbors, got, c.want)
		}
	}
	b.taught, b.odd = 2, 3
	if got := b.localWithout(near, 1, 1); got[3] != 3 {
		t.Errorf("a taught row is at %v, want 3", got[3])
	}
}

// TestOddFromFile holds that a model that says nonsense of odd rows is refused.
func TestOddFromFile(t *testing.T) {
	negative := -1.0
	for _, m := range []bankMeta{{Scale: 1, Odd: &negative}, {Scale: 1, Taught: -1}, {Scale: 1, Taught: math.MaxInt32 + 1}} {
		if _, err := bankFrom(nil, &Config{}, m); err == nil {
			t.Errorf("odd %v, taught %d: loads", m.Odd, m.Taught)
		}
	}
}
