package numpyrandom_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/iad3d/iad3d/internal/golden"
	"github.com/iad3d/iad3d/internal/numpyrandom"
)

// The expected draws are numpy 1.24.2's, see testdata/numpyrandom/generate.py.
func TestDraws(t *testing.T) {
	var file struct {
		Draws []struct {
			Seed     uint32
			Uniform  []float64
			Below    []int
			Perm     []int32
			Binomial [][3]json.RawMessage
		}
	}
	text, err := os.ReadFile(filepath.Join(golden.Root(), "testdata", "numpyrandom", "draws.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Draws) != 3 {
		t.Fatalf("%d seeds", len(file.Draws))
	}
	for _, c := range file.Draws {
		s := numpyrandom.New(c.Seed)
		for i, want := range c.Uniform {
			if got := s.Float64(); got != want {
				t.Errorf("seed %d, uniform %d: %v, want %v", c.Seed, i, got, want)
			}
		}
		for i, n := range []int{1, 2, 3, 1000, 1024, 1025, 1 << 31} {
			if got := s.Below(n); got != c.Below[i] {
				t.Errorf("seed %d, below %d: %d, want %d", c.Seed, n, got, c.Below[i])
			}
		}
		if got := s.Perm(20); !slices.Equal(got, c.Perm) {
			t.Errorf("seed %d, permutation %v, want %v", c.Seed, got, c.Perm)
		}
		for _, b := range c.Binomial {
			var n int
			var p float64
			var want []int
			for i, into := range []any{&n, &p, &want} {
				if err := json.Unmarshal(b[i], into); err != nil {
					t.Fatal(err)
				}
			}
			for i, w := range want {
				if got := s.Binomial(n, p); got != w {
					t.Errorf("seed %d, binomial(%d, %v) %d: %d, want %d", c.Seed, n, p, i, got, w)
				}
			}
		}
	}
}

// Whatever the branch, mean and variance are the distribution's, within five
// deviations of what 20,000 draws give.
func TestBinomialMoments(t *testing.T) {
	const draws = 20_000
	for _, c := range []struct {
		n int
		p float64
	}{{1, .5}, {40, .25}, {200, .5}, {5000, .01}, {5000, .4}, {1 << 30, 1e-3}} {
		s := numpyrandom.New(11)
		mean, square := 0.0, 0.0
		want := float64(c.n) * c.p
		variance := want * (1 - c.p)
		for range draws {
			k := s.Binomial(c.n, c.p)
			if k < 0 || k > c.n {
				t.Fatalf("binomial(%d, %v) = %d", c.n, c.p, k)
			}
			d := float64(k) - want
			mean += d / draws
			square += d * d / draws
		}
		if math.Abs(mean) > 5*math.Sqrt(variance/draws) {
			t.Errorf("binomial(%d, %v): mean off by %v", c.n, c.p, mean)
		}
		if math.Abs(square/variance-1) > 5*math.Sqrt(3./draws) {
			t.Errorf("binomial(%d, %v): variance %v, want %v", c.n, c.p, square, variance)
		}
	}
}
