package simd

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// Lengths and offsets that every kernel is tried at: all remainders of its vectors,
// and all places of its slices in a line of the cache.
const (
	maxLength = 70
	maxOffset = 15
	fence     = 32 // entries before and behind that must not change
)

// eachLevel runs test at every level of this processor.
func eachLevel(t *testing.T, test func(t *testing.T)) {
	for _, l := range Levels() {
		t.Run(l.String(), func(t *testing.T) {
			defer Use(l)()
			test(t)
		})
	}
}

// generic runs f by the functions that the kernels must equal.
func generic(f func()) {
	defer Use(Generic)()
	f()
}

// eachPlace calls f for all lengths and offsets.
func eachPlace(f func(n, offset int)) {
	for n := range maxLength + 1 {
		for offset := range maxOffset + 1 {
			f(n, offset)
		}
	}
}

// guarded is a slice of n entries between guards of the value v, offset entries into
// its array.
type guarded[T comparable] struct {
	all   []T
	slice []T
	v     T
}

func newGuarded[T comparable](n, offset int, v T) guarded[T] {
	all := slices.Repeat([]T{v}, offset+n+2*fence)
	return guarded[T]{all, all[fence+offset:][:n:n], v}
}

// intact reports whether the guards are, the last of them from slack on.
func (g guarded[T]) intact(slack int) bool {
	start := len(g.all) - fence - len(g.slice)
	for i, v := range g.all {
		if (i < start || i >= start+len(g.slice)+slack) && v != g.v {
			return false
		}
	}
	return true
}

func TestUse(t *testing.T) {
	best := Levels()[len(Levels())-1]
	restore := Use(Generic)
	if level != Generic {
		t.Error("the level did not change")
	}
	restore()
	if level != best {
		t.Errorf("level %v is in use, want %v", level, best)
	}
	defer Use(200)()
	if level != best {
		t.Errorf("an unknown level became %v, want %v", level, best)
	}
}

func TestWithin(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		eachPlace(func(n, offset int) {
			const room = maxLength + maxOffset + fence
			var xyz [3][]float64
			ids := make([]int32, room)
			for i := range room {
				for d := range xyz {
					v := float64(r.IntN(9)) // whole numbers: many ties with the bound
					if offset%2 == 1 {
						v = r.NormFloat64()
					}
					xyz[d] = append(xyz[d], v)
				}
				ids[i] = int32(r.Uint32() >> 1)
			}
			cut := int32(r.IntN(n + 1))
			o := int32(offset)
			runs := []Run{{o, o + cut}, {o, o}, {o + cut, o + int32(n)}}
			worst := float64(r.IntN(60))
			if offset%2 == 1 {
				worst = r.Float64() * 5
			}
			if n%10 == 0 {
				xyz[1][o] = math.NaN()
			}
			got, want := newGuarded(n+WithinSlack, offset, -1.0), newGuarded(n+WithinSlack, offset, -1.0)
			gotIDs, wantIDs := newGuarded(n+WithinSlack, offset, int32(-1)), newGuarded(n+WithinSlack, offset, int32(-1))
			found := Within(xyz[0], xyz[1], xyz[2], ids, runs, 3, 2, 1, worst, got.slice, gotIDs.slice)
			var expected int
			generic(func() {
				expected = Within(xyz[0], xyz[1], xyz[2], ids, runs, 3, 2, 1, worst, want.slice, wantIDs.slice)
			})
			if found != expected || !slices.Equal(got.slice[:found], want.slice[:found]) || !slices.Equal(gotIDs.slice[:found], wantIDs.slice[:found]) {
				t.Fatalf("%d points from %d: other neighbours", n, offset)
			}
			if !got.intact(0) || !gotIDs.intact(0) {
				t.Fatalf("%d points from %d: written beyond the slack", n, offset)
			}
			for j, d := range want.slice[:expected] {
				if !(d <= worst) || j > 0 && wantIDs.slice[j] == wantIDs.slice[j-1] {
					t.Fatalf("%d points from %d: wrong neighbours", n, offset)
				}
			}
		})
	})
}

func TestWithinPanics(t *testing.T) {
	x := make([]float64, 4)
	for name, r := range map[string]Run{"behind": {0, 5}, "before": {-1, 2}, "backwards": {3, 2}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a run %s is accepted", name)
				}
			}()
			Within(x, x, x, make([]int32, 4), []Run{r}, 0, 0, 0, 1, make([]float64, 20), make([]int32, 20))
		}()
	}
}

// plant appends a random tree over n points.
func plant(r *rand.Rand, nodes []Node, start, n int) []Node {
	at := len(nodes)
	nd := Node{Start: int32(start), End: int32(start + n)}
	for d := range 3 {
		nd.Lo[d] = float64(r.IntN(10))
		nd.Hi[d] = nd.Lo[d] + float64(r.IntN(4))
	}
	nodes = append(nodes, nd)
	if n > 3 {
		half := 1 + r.IntN(n-1)
		nodes = plant(r, nodes, start, half)
		nodes = plant(r, nodes, start+half, n-half)
	}
	nodes[at].Next = int32(len(nodes))
	return nodes
}

func TestWalk(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for n := range maxLength + 1 {
			for range 50 {
				var nodes []Node
				if n > 0 {
					nodes = plant(r, nil, 0, n)
				}
				box := Box{1, 2, 3, math.NaN(), 2, 5, 4, math.NaN()}
				worst, limit := float64(r.IntN(40)), r.IntN(n+2)
				got, want := newGuarded(limit+4, n%16, Run{-1, -1}), make([]Run, limit+4)
				runs, points := Walk(nodes, &box, worst, limit, got.slice)
				generic(func() {
					var p int
					if want, p = Walk(nodes, &box, worst, limit, want); p != points {
						t.Fatalf("%d points, want %d", points, p)
					}
				})
				if !slices.Equal(runs, want) {
					t.Fatalf("runs %v, want %v", runs, want)
				}
				if !got.intact(0) {
					t.Fatal("written outside the runs")
				}
			}
		}
	})
}

// scene makes oriented points; every so many are special.
func scene(r *rand.Rand, n int) []Oriented {
	points := make([]Oriented, n)
	for i := range points {
		p := &points[i]
		var length float32
		for d := range 3 {
			p[d], p[4+d] = float32(r.NormFloat64()), float32(0.2*r.NormFloat64())
		}
		p[6]++
		for d := 4; d < 7; d++ {
			length += p[d] * p[d]
		}
		for d := 4; d < 7; d++ {
			p[d] /= sqrt(length)
		}
		switch r.IntN(30) {
		case 0: // coincident
			copy(p[:3], points[0][:3])
		case 1: // the same normal
			copy(p[4:], points[0][4:])
		case 2: // in the direction of the normal
			for d := range 3 {
				p[d] = points[0][d] + points[0][4+d]
			}
		case 3:
			p[4] = float32(math.NaN())
		case 4: // on a lattice: bins' edges
			for d := range 3 {
				p[d], p[4+d] = float32(math.Round(float64(p[d]))), float32(d/2)
			}
		}
	}
	return points
}

func TestPairBins(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		undecided, pairs := 0, 0
		eachPlace(func(n, offset int) {
			points := scene(r, 90)
			list := newGuarded(n, offset, int32(-1))
			for j := range list.slice {
				list.slice[j] = int32(r.IntN(len(points)))
			}
			var got, want Bins
			for f := range got {
				for j := range got[f] {
					got[f][j] = 77
				}
			}
			i := r.IntN(2)
			PairBins(points, i, list.slice, &got)
			generic(func() { PairBins(points, i, list.slice, &want) })
			for j := range n {
				if got[0][j] != want[0][j] || want[0][j] != Undecided && (got[1][j] != want[1][j] || got[2][j] != want[2][j]) {
					t.Fatalf("%d pairs from %d, pair %d: bins %d %d %d, want %d %d %d", n, offset, j,
						got[0][j], got[1][j], got[2][j], want[0][j], want[1][j], want[2][j])
				}
				pairs++
				if want[0][j] == Undecided {
					undecided++
				}
			}
			for f := range got {
				for j := (n + 15) / 16 * 16; j < len(got[f]); j++ {
					if got[f][j] != 77 {
						t.Fatalf("%d pairs: written at %d", n, j)
					}
				}
			}
			if !list.intact(0) {
				t.Fatal("the list changed")
			}
		})
		if undecided*4 > pairs {
			t.Errorf("%d of %d pairs are undecided", undecided, pairs)
		}
	})
}

func TestCount(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 8))
		for n := range MaxPairs + 1 {
			var b Bins
			for f := range b {
				for j := range b[f] {
					b[f][j] = uint8(r.IntN(11))
					if n%50 == 0 { // all alike: the largest count
						b[f][j] = uint8(n / 50)
					}
				}
			}
			counts := newGuarded(33, n%16, uint8(99))
			Count(&b, n, (*[33]uint8)(counts.slice))
			var want [33]uint8
			for f := range b {
				for _, v := range b[f][:n] {
					want[11*f+int(v)]++
				}
			}
			if !slices.Equal(counts.slice, want[:]) {
				t.Fatalf("%d pairs: counts %v, want %v", n, counts.slice, want)
			}
			if !counts.intact(0) {
				t.Fatalf("%d pairs: written outside the counts", n)
			}
		}
	})
}

func TestWeigh(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(9, 10))
		rows := make([]Histogram, 100)
		for i := range rows {
			h := &rows[i]
			for j := range h.Counts {
				h.Counts[j] = uint8(r.UintN(256))
			}
			h.Pairs = uint8(r.UintN(256)) // 0 among them
			h.XYZ = [3]float64{r.NormFloat64(), r.NormFloat64(), r.NormFloat64()}
			if i%9 == 0 {
				h.XYZ = [3]float64{1, 2, 3}
			}
		}
		eachPlace(func(n, offset int) {
			list := newGuarded(n, offset, int32(-1))
			for j := range list.slice {
				list.slice[j] = int32(r.IntN(len(rows)))
			}
			sums, want := newGuarded(33, offset, -1.0), [33]float64{}
			at := [3]float64{1, 2, 3}
			Weigh(rows, list.slice, &at, (*[33]float64)(sums.slice))
			for _, k := range list.slice {
				h := &rows[k]
				x, y, z := h.XYZ[0]-1, h.XYZ[1]-2, h.XYZ[2]-3
				if d := float64(x*x) + float64(y*y) + float64(z*z); d != 0 && h.Pairs != 0 {
					for j, c := range h.Counts {
						want[j] += float64(100 / float64(h.Pairs) / d * float64(c))
					}
				}
			}
			if !slices.Equal(sums.slice, want[:]) {
				t.Fatalf("%d neighbours from %d: sums %v, want %v", n, offset, sums.slice, want)
			}
			if !sums.intact(0) || !list.intact(0) {
				t.Fatal("written outside the sums")
			}
		})
	})
}
