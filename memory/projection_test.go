package memory

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/iad3d/iad3d/internal/golden"
)

// Values of scikit-learn 1.2.1's johnson_lindenstrauss_min_dim.
func TestProjectedDimAgainstScikitLearn(t *testing.T) {
	for _, c := range []struct{ n, at9, at5, at1 int }{
		{1, 0, 0, 0}, {2, 17, 33, 594}, {3, 27, 52, 941}, {10, 56, 110, 1973}, {784, 164, 319, 5712},
		{2352, 191, 372, 6654}, {18816, 243, 472, 8436}, {191296, 300, 583, 10424},
		{283000, 309, 602, 10759}, {1000000, 341, 663, 11841}, {2000000000, 528, 1027, 18356},
	} {
		for eps, want := range map[float64]int{0.9: c.at9, 0.5: c.at5, 0.1: c.at1} {
			if got := ProjectedDim(c.n, eps); got != want {
				t.Errorf("%d rows, distortion %v: %d values, want %d", c.n, eps, got, want)
			}
		}
	}
	if got := ProjectedDim(10, 1e-200); got != math.MaxInt32 {
		t.Errorf("distortion 1e-200: %d values", got)
	}
}

func TestProjectIsTheSparseProduct(t *testing.T) {
	const d, dim = 400, 90
	rows := random(7, d, 1)
	got, err := Project(t.Context(), rows, dim, 5, 3)
	if err != nil {
		t.Fatal(err)
	}
	m := newSigns(d, dim, 5)
	plus, minus := 0, 0
	for k := range dim {
		entry := make([]float64, d)
		for _, j := range m.plus[k] {
			entry[j]++
			plus++
		}
		for _, j := range m.minus[k] {
			entry[j]--
			minus++
		}
		for i := range rows.N {
			sum := 0.0
			for j, v := range rows.Row(i) {
				// √(1/density)/√dim, scikit-learn's way to write the entry.
				sum += entry[j] * math.Sqrt(math.Sqrt(d)) / math.Sqrt(dim) * float64(v)
			}
			if math.Abs(sum-float64(got.Row(i)[k])) > 1e-6*(1+math.Abs(sum)) { // float32
				t.Fatalf("row %d, value %d: %v, want %v", i, k, got.Row(i)[k], sum)
			}
		}
	}
	// Of d·dim entries 1/√d are not 0, half of them positive: within 5 deviations.
	n := float64(d*dim) / math.Sqrt(d)
	if math.Abs(float64(plus+minus)-n) > 5*math.Sqrt(n) || math.Abs(float64(plus-minus)) > 5*math.Sqrt(n) {
		t.Errorf("%d entries +, %d −, want %v of each", plus, minus, n/2)
	}
}

// The lemma promises the factors for the dimension it asks for.
func TestProjectKeepsDistances(t *testing.T) {
	for name, rows := range map[string]*Rows{"dense": random(60, 3000, 1), "sparse": sparse(60, 3000)} {
		for _, eps := range []float64{0.9, 0.3} {
			p, err := Project(t.Context(), rows, ProjectedDim(rows.N, eps), 1, 0)
			if err != nil {
				t.Fatal(err)
			}
			mean, low, high := 0.0, math.Inf(1), 0.0
			for i := range rows.N {
				for j := range i {
					ratio := distance2(p.Row(i), p.Row(j)) / distance2(rows.Row(i), rows.Row(j))
					mean += ratio / float64(rows.N*(rows.N-1)/2)
					low, high = min(low, ratio), max(high, ratio)
				}
			}
			t.Logf("%s rows, distortion %v, %d values: factors %.2f to %.2f, mean %.3f", name, eps, p.D, low, high, mean)
			if low < 1-eps || high > 1+eps || math.Abs(mean-1) > eps/5 {
				t.Errorf("%s rows, distortion %v: factors %v to %v, mean %v", name, eps, low, high, mean)
			}
		}
	}
}

// sparse rows have a tenth of their values only, as rectified features do.
func sparse(n, d int) *Rows {
	rows := random(n, d, 2)
	for i, v := range rows.Data {
		rows.Data[i] = max(v-1.28, 0)
	}
	return rows
}

// The matrices are scikit-learn 1.2.1's, see testdata/numpyrandom/generate.py.
func TestProjectionAgainstScikitLearn(t *testing.T) {
	var file struct {
		Matrices []struct {
			Seed         uint64
			D, Dim       int
			Nonzero, Sum int
			Scale        float64
			SHA256       string
		}
	}
	text, err := os.ReadFile(filepath.Join(golden.Root(), "testdata", "numpyrandom", "draws.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Matrices) == 0 {
		t.Fatal("no matrices")
	}
	for _, c := range file.Matrices {
		m := newSigns(c.D, c.Dim, c.Seed)
		entries := make([]byte, c.D*c.Dim) // int8, row by row
		nonzero, sum := 0, 0
		for k := range c.Dim {
			for _, j := range m.plus[k] {
				entries[k*c.D+int(j)] = 1
			}
			for _, j := range m.minus[k] {
				entries[k*c.D+int(j)] = 255
			}
			nonzero += len(m.plus[k]) + len(m.minus[k])
			sum += len(m.plus[k]) - len(m.minus[k])
		}
		if got := fmt.Sprintf("%x", sha256.Sum256(entries)); got != c.SHA256 || nonzero != c.Nonzero || sum != c.Sum {
			t.Errorf("seed %d, %d×%d: %d entries, sum %d, digest %s, want %d, %d, %s", c.Seed, c.Dim, c.D, nonzero, sum, got, c.Nonzero, c.Sum, c.SHA256)
		}
		if math.Abs(m.scale/c.Scale-1) > 1e-14 {
			t.Errorf("seed %d, %d×%d: entries of %v, want %v", c.Seed, c.Dim, c.D, m.scale, c.Scale)
		}
	}
}

func TestBuildProjected(t *testing.T) {
	rows := random(400, 700, 9)
	o := Options{Fraction: 0.1, Project: true, Seed: 3, Workers: 1}
	bank, err := Build(t.Context(), rows, o)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Project(t.Context(), rows, 147, 3, 1) // what scikit-learn says for 400 rows
	if err != nil {
		t.Fatal(err)
	}
	set, err := Greedy(t.Context(), p, 40, 1)
	if err != nil {
		t.Fatal(err)
	}
	radius := 0.0
	for i, place := range set.Owner {
		d, first := math.Inf(1), int32(0)
		for k, j := range set.Index {
			if e := distance2(p.Row(i), p.Row(int(j))); e < d {
				d, first = e, int32(k)
			}
		}
		if place != first {
			t.Fatalf("row %d belongs to pick %d, want %d", i, place, first)
		}
		radius = max(radius, plainDistance(rows.Row(i), rows.Row(int(set.Index[place]))))
	}
	if math.Abs(bank.Radius()-radius) > 1e-9 {
		t.Errorf("radius %v, want %v", bank.Radius(), radius)
	}
	for k, i := range set.Index {
		if !slices.Equal(bank.Rows().Row(k), rows.Row(int(i))) {
			t.Fatalf("bank row %d is not row %d as given", k, i)
		}
	}
	hits, err := bank.Nearest(t.Context(), rows, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i, h := range hits {
		if h.Dist > bank.Radius()+1e-9 {
			t.Fatalf("row %d is %v from the bank, beyond its radius %v", i, h.Dist, bank.Radius())
		}
	}
	if bank.Projected() != 147 {
		t.Errorf("chosen by %d values", bank.Projected())
	}
	o.Workers = 5
	again, err := Build(t.Context(), rows, o)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(again.Rows().Data, bank.Rows().Data) || again.Radius() != bank.Radius() {
		t.Error("the bank depends on the number of workers")
	}
	o.Seed++
	other, err := Build(t.Context(), rows, o)
	if err != nil {
		t.Fatal(err)
	}
	if slices.Equal(other.Rows().Data, bank.Rows().Data) {
		t.Error("two seeds give the same bank")
	}
}

// BTF's program catches scikit-learn's error and goes on with the rows as they
// are where the dimension would not fall: 33 values, or one row.
func TestBuildDoesNotProjectShortRows(t *testing.T) {
	for _, rows := range []*Rows{random(400, 33, 1), random(1, 900, 1)} {
		plain, err := Build(t.Context(), rows, Options{Fraction: 0.1})
		if err != nil {
			t.Fatal(err)
		}
		projected, err := Build(t.Context(), rows, Options{Fraction: 0.1, Project: true, Seed: 8})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(plain.Rows().Data, projected.Rows().Data) || plain.Radius() != projected.Radius() || projected.Projected() != 0 {
			t.Errorf("%d rows of %d values are not treated as they are", rows.N, rows.D)
		}
	}
}

func TestProjectRefuses(t *testing.T) {
	rows := random(20, 900, 1)
	for _, eps := range []float64{-0.1, 0, 1, math.NaN(), math.Inf(1)} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("distortion %v is accepted", eps)
				}
			}()
			ProjectedDim(20, eps)
		}()
	}
	if _, err := Project(t.Context(), rows, 0, 0, 0); err == nil {
		t.Error("a projection to no values is accepted")
	}
	if _, err := Project(t.Context(), &Rows{D: 3}, 2, 0, 0); !errors.Is(err, ErrRows) {
		t.Errorf("no rows: error %v, want %v", err, ErrRows)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Build(ctx, rows, Options{Fraction: 0.5, Project: true}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

func BenchmarkBuildProjected(b *testing.B) {
	rows := sparse(18816, 1569)
	for b.Loop() {
		if _, err := Build(b.Context(), rows, Options{Fraction: 0.1, Project: true, Workers: 1}); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleProject() {
	rows := &Rows{N: 2, D: 10_000, Data: make([]float32, 20_000)}
	for i := range 10_000 {
		rows.Data[i] = 0.01 // two points at distance 1
	}
	p, err := Project(context.Background(), rows, ProjectedDim(18816, Distortion), 1, 0)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%d values, distance %.1f\n", p.D, plainDistance(p.Row(0), p.Row(1)))
	// Output: 243 values, distance 1.0
}
