package memory

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/iad3d/iad3d/internal/cholesky"
)

// correlated draws rows whose values depend on each other and have other sizes.
func correlated(n, d int, seed uint64) *Rows {
	r := rand.New(rand.NewPCG(seed, 8))
	out := &Rows{N: n, D: d}
	for range n {
		last := 0.0
		for j := range d {
			last = 0.8*last + r.NormFloat64()
			out.Data = append(out.Data, float32(last*float64(1+j%5)))
		}
	}
	return out
}

// TestWhitening holds that distances of whitened rows are Mahalanobis distances, by
// gonum: its own covariance and factor.
func TestWhitening(t *testing.T) {
	for _, d := range []int{1, 9, 64, 70, 128, 200} {
		differences, rows := correlated(300, d, 1), correlated(20, d, 2)
		w, err := LearnWhitening(t.Context(), differences, 2)
		if err != nil {
			t.Fatal(err)
		}
		table := mat.NewDense(differences.N, d, nil)
		for i := range differences.N {
			for j, v := range differences.Row(i) {
				table.Set(i, j, float64(v))
			}
		}
		cov := mat.NewSymDense(d, nil)
		cov.SymOuterK(1/float64(differences.N), table.T())
		mean := mat.Trace(cov) / float64(d)
		cov.ScaleSym(1/mean, cov)
		for j := range d {
			cov.SetSym(j, j, cov.At(j, j)+whiteRest)
		}
		var chol mat.Cholesky
		if !chol.Factorize(cov) {
			t.Fatal("gonum finds no factor")
		}
		got := w.Rows(rows, 1)
		for i := range rows.N {
			for k := range i {
				off := mat.NewVecDense(d, nil)
				for j, v := range rows.Row(i) {
					off.SetVec(j, float64(v)-float64(rows.Row(k)[j]))
				}
				var solved mat.VecDense
				if err := chol.SolveVecTo(&solved, off); err != nil {
					t.Fatal(err)
				}
				want := math.Sqrt(mat.Dot(off, &solved))
				// Sums of up to 200 products in single precision.
				if have := math.Sqrt(distance2(got.Row(i), got.Row(k))); math.Abs(have/want-1) > 2e-5 {
					t.Fatalf("%d values: distance %v, want %v", d, have, want)
				}
			}
		}
		for _, workers := range []int{1, 3} {
			v, err := LearnWhitening(t.Context(), differences, workers)
			if err != nil || !slices.Equal(v.Triangle(), w.Triangle()) || !slices.Equal(v.Rows(rows, 3).Data, got.Data) {
				t.Errorf("%d values: %d workers make another whitening (%v)", d, workers, err)
			}
		}
		again, err := NewWhitening(d, slices.Clone(w.Triangle()))
		if err != nil || !slices.Equal(again.Rows(rows, 0).Data, got.Data) {
			t.Errorf("%d values: the triangle makes another whitening (%v)", d, err)
		}
	}
}

// TestWhiteningSlow holds the sums' order: that of the values, in single precision.
func TestWhiteningSlow(t *testing.T) {
	const d = 150
	w, err := LearnWhitening(t.Context(), correlated(400, d, 3), 0)
	if err != nil {
		t.Fatal(err)
	}
	rows := correlated(31, d, 4)
	got := w.Rows(rows, 0)
	for i := range rows.N {
		for k := range d {
			sum := float32(0)
			for j, v := range w.Triangle()[cholesky.Size(k):][:k+1] {
				sum += float32(v * rows.Row(i)[j])
			}
			if got.Row(i)[k] != sum {
				t.Fatalf("value %d of row %d is %v, want %v", k, i, got.Row(i)[k], sum)
			}
		}
	}
}

func TestWhiteningRefuses(t *testing.T) {
	if w, err := LearnWhitening(t.Context(), &Rows{D: 4}, 0); w != nil || err != nil {
		t.Errorf("of nothing: %v %v", w, err)
	}
	if w, err := LearnWhitening(t.Context(), &Rows{N: 2, D: 3, Data: make([]float32, 6)}, 0); w != nil || err != nil {
		t.Errorf("of no difference: %v %v", w, err)
	}
	nan := float32(math.NaN())
	for name, c := range map[string]struct {
		d       int
		inverse []float32
	}{
		"none": {0, nil}, "too few": {2, []float32{1, 0}}, "too many": {1, []float32{1, 0, 1}},
		"NaN": {2, []float32{1, nan, 1}}, "a diagonal of 0": {2, []float32{1, 0, 0}}, "too large": {2, []float32{1, 1e30, 1}},
	} {
		if _, err := NewWhitening(c.d, c.inverse); !errors.Is(err, ErrRows) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func BenchmarkWhitening(b *testing.B) {
	w, err := LearnWhitening(b.Context(), correlated(1000, 256, 5), 0)
	if err != nil {
		b.Fatal(err)
	}
	rows := correlated(1400, 256, 6)
	for b.Loop() {
		w.Rows(rows, 1)
	}
}
