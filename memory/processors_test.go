package memory

import (
	"runtime"
	"slices"
	"testing"
	"weak"
)

// Results do not depend on the number of processors.
func TestSameOnAnyProcessors(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	rows, q := surface(3*coresetChunk+5, 40), surface(7*queryChunk+5, 40)
	q.Append(&Rows{N: 9, D: 40, Data: rows.Data[:9*40]})
	var hits []Hit
	var set *Coreset
	var projected *Rows
	for n := 1; n <= 8; n++ {
		runtime.GOMAXPROCS(n)
		bank, err := NewBank(rows, 0)
		if err != nil {
			t.Fatal(err)
		}
		h, err := bank.Nearest(t.Context(), q, 3)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Greedy(t.Context(), rows, 300, 0)
		if err != nil {
			t.Fatal(err)
		}
		p, err := Project(t.Context(), rows, 7, 1, 0)
		if err != nil {
			t.Fatal(err)
		}
		if n > 1 && (!slices.Equal(h, hits) || !slices.Equal(s.Index, set.Index) || !slices.Equal(s.Owner, set.Owner) || s.Radius != set.Radius || !slices.Equal(p.Data, projected.Data)) {
			t.Fatalf("%d processors give other results", n)
		}
		hits, set, projected = h, s, p
	}
}

// TestForgottenBank holds that the rows of a bank that nobody uses any more are
// garbage at once.
func TestForgottenBank(t *testing.T) {
	gone := func() weak.Pointer[Rows] {
		rows := random(2*screenRows, 100, 3)
		bank, err := NewBank(rows, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{1, screenQueries} {
			if _, err := bank.Nearest(t.Context(), random(n, 100, 4), 2); err != nil {
				t.Fatal(err)
			}
		}
		return weak.Make(rows)
	}()
	runtime.GC()
	if gone.Value() != nil {
		t.Error("the rows are still there")
	}
}
