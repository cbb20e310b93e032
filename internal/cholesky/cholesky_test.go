package cholesky

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// TestFactor compares with gonum's factor, inverse and solution, of a covariance of fewer
// draws than values, which only the ridge makes regular.
func TestFactor(t *testing.T) {
	const d, n, ridge = 70, 40, 0.3
	r := rand.New(rand.NewPCG(1, 2))
	table := mat.NewDense(n, d, nil)
	for i := range n {
		for j := range d {
			table.Set(i, j, r.NormFloat64()*float64(1+j%7))
		}
	}
	cov := mat.NewSymDense(d, nil)
	cov.SymOuterK(1.0/n, table.T())
	a := make([]float64, Size(d))
	for i := range d {
		for j := range i + 1 {
			a[Size(i)+j] = cov.At(i, j)
		}
		cov.SetSym(i, i, cov.At(i, i)+ridge)
	}
	var chol mat.Cholesky
	if !chol.Factorize(cov) {
		t.Fatal("gonum finds no factor")
	}
	var want mat.TriDense
	chol.LTo(&want)
	var inverse mat.TriDense
	if err := inverse.InverseTri(&want); err != nil {
		t.Fatal(err)
	}
	l := Factor(a, d, ridge)
	inv := Invert(l, d)
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-9*(1+math.Abs(want)) {
			t.Errorf("%s: %v, gonum %v", what, got, want)
		}
	}
	for i := range d {
		for j := range i + 1 {
			near("factor", l[Size(i)+j], want.At(i, j))
			near("inverse", inv[Size(i)+j], inverse.At(i, j))
		}
	}
	x := make([]float64, d)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	v := mat.NewVecDense(d, append([]float64(nil), x...))
	var solved mat.VecDense
	if err := chol.SolveVecTo(&solved, v); err != nil {
		t.Fatal(err)
	}
	near("length", Solve(l, x), mat.Dot(v, &solved))
}
