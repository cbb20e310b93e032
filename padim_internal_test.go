package iad3d

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"github.com/iad3d/iad3d/memory"
)

// methodTolerance is relative: scores are float32 values, of means and triangles that
// are, too.
const methodTolerance = 2e-5

// drawScans draws descriptions of one feature on 4×4 cells: rows of dim values that
// depend on the cell, the scan and each other. Some cells have few rows: 3 none, 7 one,
// 11 that of every third scan.
func drawScans(n, dim int) (Config, []heldScan) {
	c := Config{Cells: 4, Features: []string{FeatureFPFH}, FPFHK: make([]int, 3), Neighbors: 2, Rows: 1000, Alike: 4, Seed: 5}
	r := rand.New(rand.NewPCG(uint64(dim), 3))
	var held []heldScan
	for s := range n {
		rows, cells := &memory.Rows{D: dim}, []int32{}
		tone := r.NormFloat64()
		for cell := range 16 {
			if cell == 3 || cell == 7 && s != 2 || cell == 11 && s%3 != 0 {
				continue
			}
			last := 0.0
			for k := range dim {
				last = 0.5*last + 0.1*r.NormFloat64() + 0.2*tone + 0.05*float64(cell+k%5)
				rows.Data = append(rows.Data, float32(last))
			}
			rows.N++
			cells = append(cells, int32(cell))
		}
		held = append(held, heldScan{number: s, desc: &description{rows: []*memory.Rows{rows}, cells: cells}})
	}
	return c, held
}

func show(l learner, scans []heldScan) {
	for _, s := range scans {
		l.show(s.number, s.desc.rows[0], s.desc.cells)
	}
}

// slowPaDiM returns the scores of a scan by the Gaussians of others, by gonum: its own
// covariance, sums and dense inverse.
func slowPaDiM(t *testing.T, others []heldScan, scan heldScan, picked []int32, ridge float64) []float64 {
	t.Helper()
	values := func(row []float32) []float64 {
		var out []float64
		for _, p := range picked {
			out = append(out, float64(row[p]))
		}
		return out
	}
	at := map[int32][][]float64{} // −1: all
	for _, o := range others {
		for i, cell := range o.desc.cells {
			v := values(o.desc.rows[0].Row(i))
			at[cell], at[-1] = append(at[cell], v), append(at[-1], v)
		}
	}
	d := len(picked)
	var out []float64
	for i, cell := range scan.desc.cells {
		rows := at[cell]
		if len(rows) < 2 || 2*len(rows) < len(others) {
			rows = at[-1]
		}
		table := mat.NewDense(len(rows), d, slices.Concat(rows...))
		cov := mat.NewSymDense(d, nil)
		stat.CovarianceMatrix(cov, table, nil)
		off := mat.NewVecDense(d, values(scan.desc.rows[0].Row(i)))
		for k := range d {
			cov.SetSym(k, k, cov.At(k, k)+ridge)
			off.SetVec(k, off.AtVec(k)-stat.Mean(mat.Col(nil, k, table), nil))
		}
		var inverse mat.Dense
		if err := inverse.Inverse(cov); err != nil {
			t.Fatal(err)
		}
		out = append(out, math.Sqrt(mat.Inner(off, &inverse, off)))
	}
	return out
}

func compare(t *testing.T, what string, got []float32, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d scores, want %d", what, len(got), len(want))
	}
	for i, w := range want {
		if !(math.Abs(float64(got[i])-w) <= methodTolerance*w) {
			t.Errorf("%s: row %d scores %v, want %v", what, i, got[i], w)
		}
	}
}

// TestPaDiM compares scores with gonum's covariance and inverse, and those of held-out
// scans with a fit of the others.
func TestPaDiM(t *testing.T) {
	for _, n := range []int{2, 3, 4, 9, 40} {
		c, held := drawScans(n+1, 99)
		scan, held := held[n], held[:n]
		l := newGaussianLearner(&c, FeatureFPFH)
		if len(l.picked) != padimValues {
			t.Fatalf("%d values of a row", len(l.picked))
		}
		show(l, held)
		j, scores, err := l.learn(t.Context(), &c, held, 0)
		if err != nil {
			t.Fatal(err)
		}
		whole := newMoments(len(l.picked))
		for i := range l.cells {
			whole.plus(&l.cells[i], 1)
		}
		ridge := l.ridge(&whole)
		got, err := j.rate(t.Context(), &c, scan.desc.rows[0], scan.desc.cells)
		if err != nil {
			t.Fatal(err)
		}
		compare(t, "a new scan", got, slowPaDiM(t, held, scan, l.picked, ridge))
		for s := range held {
			others := slices.Delete(slices.Clone(held), s, s+1)
			compare(t, "a held-out scan", scores[s], slowPaDiM(t, others, held[s], l.picked, ridge))
		}
	}
}

// TestPaDiMOfEqualScans holds that scans without any differences score 0, with numbers
// all the way.
func TestPaDiMOfEqualScans(t *testing.T) {
	c, held := drawScans(1, 99)
	for i := range held[0].desc.rows[0].Data {
		held[0].desc.rows[0].Data[i] = 0.25
	}
	held = append(held, held[0], held[0])
	l := newGaussianLearner(&c, FeatureFPFH)
	show(l, held)
	j, scores, err := l.learn(t.Context(), &c, held, 0)
	if err != nil {
		t.Fatal(err)
	}
	got, err := j.rate(t.Context(), &c, held[0].desc.rows[0], held[0].desc.cells)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, "an equal scan", got, make([]float64, len(got)))
	compare(t, "a held-out scan", scores[1], make([]float64, len(got)))
}

func TestPick(t *testing.T) {
	for _, dim := range []int{1, padimValues, padimValues + 1, 256} {
		p := pick(dim, 7)
		if len(p) != min(dim, padimValues) || !slices.IsSorted(p) || len(slices.Compact(slices.Clone(p))) != len(p) || p[0] < 0 || int(p[len(p)-1]) >= dim {
			t.Errorf("%v of %d", p, dim)
		}
	}
	if slices.Equal(pick(256, 7), pick(256, 8)) {
		t.Error("the seed makes no difference")
	}
}

// slowSPADE returns the scores of a scan by the rows of the others that are most like
// it: all distances, sorted.
func slowSPADE(c *Config, others []heldScan, scan heldScan) []float64 {
	far := func(a, b []float32) float64 { return math.Sqrt(distance2(a, b)) }
	mean := func(s heldScan) []float32 { return meanRow(s.desc.rows[0].Data, s.desc.rows[0].D) }
	others = slices.Clone(others)
	slices.SortStableFunc(others, func(a, b heldScan) int {
		return int(math.Copysign(1, far(mean(a), mean(scan))-far(mean(b), mean(scan))))
	})
	var out []float64
	for i := range scan.desc.cells {
		var all []float64
		for _, o := range others[:min(c.Alike, len(others))] {
			for k := range o.desc.cells {
				all = append(all, far(o.desc.rows[0].Row(k), scan.desc.rows[0].Row(i)))
			}
		}
		slices.Sort(all)
		sum := 0.0
		for _, v := range all[:c.Neighbors] {
			sum += v / float64(c.Neighbors)
		}
		out = append(out, sum)
	}
	return out
}

// TestSPADE compares scores with all distances, and those of held-out scans with a
// gallery of the others.
func TestSPADE(t *testing.T) {
	for _, n := range []int{2, 5, 12} {
		c, held := drawScans(n+1, 30)
		scan, held := held[n], held[:n]
		l := newGalleryLearner(&c)
		show(l, held)
		j, scores, err := l.learn(t.Context(), &c, held, 0)
		if err != nil {
			t.Fatal(err)
		}
		got, err := j.rate(t.Context(), &c, scan.desc.rows[0], scan.desc.cells)
		if err != nil {
			t.Fatal(err)
		}
		compare(t, "a new scan", got, slowSPADE(&c, held, scan))
		for s := range held {
			others := slices.Delete(slices.Clone(held), s, s+1)
			compare(t, "a held-out scan", scores[s], slowSPADE(&c, others, held[s]))
		}
	}
}

// TestSPADEOfFewRows holds that scans whose rows were all thinned out are passed over,
// and that nothing to compare with is no alarm.
func TestSPADEOfFewRows(t *testing.T) {
	c, held := drawScans(30, 30)
	c.Rows, c.Alike = 10, 1
	l := newGalleryLearner(&c)
	show(l, held)
	j, scores, err := l.learn(t.Context(), &c, held, 0)
	if err != nil {
		t.Fatal(err)
	}
	g := j.(*gallery)
	for s := range held {
		best, near := -1, math.Inf(1)
		for _, o := range g.origins {
			if d := distance2(g.means.Row(s), g.means.Row(int(o.Scan))); int(o.Scan) != s && d < near {
				best, near = int(o.Scan), d
			}
		}
		if got := g.alike(g.means.Row(s), 1, s); len(got) != 1 || got[0] != best {
			t.Errorf("scan %d is most like %v, want %d", s, got, best)
		}
		if slices.Min(scores[s]) <= 0 {
			t.Errorf("scan %d scores %v", s, scores[s])
		}
	}
	g.origins = slices.Repeat([]origin{{Scan: 4}}, g.rows.N)
	got, err := g.without(t.Context(), &c, held[4].desc.rows[0], 4)
	if err != nil || slices.Max(got) != 0 {
		t.Errorf("%v, %v", got, err)
	}
}
