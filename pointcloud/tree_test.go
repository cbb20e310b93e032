package pointcloud

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/golang/geo/r3"
	"github.com/kyroy/kdtree"
	"github.com/kyroy/kdtree/kdrange"
	"github.com/kyroy/kdtree/points"
)

// bruteForce is the obvious search that the tree must equal.
func bruteForce(c *Cloud, q r3.Vector, s Search) []Neighbor {
	var all []Neighbor
	for i := range c.Len() {
		if !c.IsValid(i) {
			continue
		}
		p := c.At(i)
		d := distance2(p.X-q.X, p.Y-q.Y, p.Z-q.Z)
		if s.Radius == 0 || d < s.Radius*s.Radius {
			all = append(all, Neighbor{int32(i), d})
		}
	}
	slices.SortFunc(all, func(a, b Neighbor) int {
		return cmp.Or(cmp.Compare(a.Dist2, b.Dist2), cmp.Compare(a.Index, b.Index))
	})
	if s.K > 0 {
		all = all[:min(s.K, len(all))]
	}
	return all
}

// clouds that stress a search in different ways.
func testClouds(seed uint64) map[string]*Cloud {
	r := rand.New(rand.NewPCG(seed, 1))
	surface := &Cloud{}
	for range 700 {
		x, y := r.Float64()*0.1, r.Float64()*0.1
		surface.XYZ = append(surface.XYZ, float32(x), float32(y), float32(0.5+0.02*math.Sin(60*x)+1e-4*r.NormFloat64()))
	}
	lattice := &Cloud{} // every distance tied many times
	for i := range 9 * 9 * 9 {
		lattice.XYZ = append(lattice.XYZ, float32(i%9), float32(i/9%9), float32(i/81))
	}
	duplicates := &Cloud{}
	for range 300 {
		duplicates.XYZ = append(duplicates.XYZ, float32(r.IntN(3)), float32(r.IntN(3)), 0)
	}
	line := &Cloud{}
	for i := range 200 {
		line.XYZ = append(line.XYZ, float32(i%50), 0, 0)
	}
	holes := surface.Clone()
	holes.Valid = make([]bool, holes.Len())
	for i := range holes.Valid {
		holes.Valid[i] = r.IntN(3) > 0
		if !holes.Valid[i] {
			holes.XYZ[3*i] = float32(math.NaN())
		}
	}
	return map[string]*Cloud{
		"surface": surface, "lattice": lattice, "duplicates": duplicates, "line": line, "holes": holes,
		"all equal": {XYZ: slices.Repeat([]float32{1, 2, 3}, 300)},
		"one":       {XYZ: []float32{1, 2, 3}},
		"empty":     {},
		"huge":      {XYZ: []float32{1e30, 0, 0, -1e30, 1e30, 0, 1e-30, 0, 0, 0, 0, 1e30}},
	}
}

func TestTreeEqualsBruteForce(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for name, c := range testClouds(1) {
		t.Run(name, func(t *testing.T) {
			tree := NewTree(c)
			if tree.Len() != c.CountValid() {
				t.Fatalf("tree holds %d points, want %d", tree.Len(), c.CountValid())
			}
			lo, hi, _ := c.Bounds()
			size := hi.Sub(lo).Norm()
			var dst []Neighbor
			for trial := range 400 {
				q := r3.Vector{X: r.NormFloat64(), Y: r.NormFloat64(), Z: r.NormFloat64()}
				if c.Len() > 0 && trial%4 > 0 {
					q = c.At(r.IntN(c.Len()))
				}
				if math.IsNaN(q.X) {
					continue
				}
				k := 1 + r.IntN(c.Len()+5)
				for _, s := range []Search{{K: k}, {Radius: size * r.Float64() * 0.3}, {K: k, Radius: size * r.Float64() * 0.3}, {K: k, Radius: 1}} {
					if s.K == 0 && s.Radius == 0 {
						continue
					}
					switch {
					case s.K == 0:
						dst = tree.Radius(q, s.Radius, dst)
					case s.Radius == 0:
						dst = tree.KNN(q, s.K, dst)
					default:
						dst = tree.Hybrid(q, s.Radius, s.K, dst)
					}
					if want := bruteForce(c, q, s); !slices.Equal(dst, want) {
						t.Fatalf("query %v, search %+v:\ngot  %v\nwant %v", q, s, dst, want)
					}
					if s.K > 0 {
						s.K = 1
						r := s.Radius
						if r == 0 {
							r = math.Inf(1)
						}
						want := bruteForce(c, q, s)
						if got, ok := tree.Nearest(q, r); ok != (len(want) > 0) || ok && got != want[0] {
							t.Fatalf("query %v, nearest within %v: %v, want %v", q, r, got, want)
						}
					}
				}
			}
		})
	}
}

func TestTreeRefusesNothing(t *testing.T) {
	tree := NewTree(testClouds(1)["surface"])
	nan := r3.Vector{X: math.NaN()}
	for name, got := range map[string][]Neighbor{
		"k 0": tree.KNN(r3.Vector{}, 0, nil), "k -1": tree.KNN(r3.Vector{}, -1, nil),
		"NaN": tree.KNN(nan, 3, nil), "NaN radius": tree.Radius(r3.Vector{}, math.NaN(), nil),
		"radius 0": tree.Radius(r3.Vector{}, 0, nil), "radius of NaN": tree.Radius(nan, 1, nil),
		"hybrid 0": tree.Hybrid(r3.Vector{}, 0, 3, nil),
	} {
		if len(got) != 0 {
			t.Errorf("%s: got %d neighbours, want none", name, len(got))
		}
	}
	if got := tree.KNN(r3.Vector{}, math.MaxInt, nil); len(got) != tree.Len() {
		t.Errorf("k = MaxInt: %d neighbours, want all %d", len(got), tree.Len())
	}
}

type kyroyPoint struct {
	*points.Point
	index int32
}

// TestTreeEqualsKyroy compares with an index written by others. kyroy/kdtree
// orders ties by chance, so the distances are compared, and the sets where the
// last distance is not tied.
func TestTreeEqualsKyroy(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	c := testClouds(2)["surface"]
	var pts []kdtree.Point
	for i := range c.Len() {
		p := c.At(i)
		pts = append(pts, kyroyPoint{points.NewPoint([]float64{p.X, p.Y, p.Z}, nil), int32(i)})
	}
	peer, tree := kdtree.New(pts), NewTree(c)
	for range 200 {
		q := c.At(r.IntN(c.Len())).Add(r3.Vector{X: 1e-3 * r.NormFloat64(), Y: 1e-3 * r.NormFloat64()})
		k := 1 + r.IntN(60)
		got := tree.KNN(q, k, nil)
		want := peer.KNN(points.NewPoint([]float64{q.X, q.Y, q.Z}, nil), k)
		if len(got) != len(want) {
			t.Fatalf("%d neighbours, kyroy finds %d", len(got), len(want))
		}
		for i, w := range want {
			if w.(kyroyPoint).index != got[i].Index {
				t.Fatalf("neighbour %d of %v: %d, kyroy finds %d", i, q, got[i].Index, w.(kyroyPoint).index)
			}
		}
		rad := 0.01 * r.Float64()
		box := peer.RangeSearch(kdrange.New(q.X-rad, q.X+rad, q.Y-rad, q.Y+rad, q.Z-rad, q.Z+rad))
		inside := 0
		for _, b := range box {
			p := c.At(int(b.(kyroyPoint).index))
			if distance2(p.X-q.X, p.Y-q.Y, p.Z-q.Z) < rad*rad {
				inside++
			}
		}
		if got := tree.Radius(q, rad, nil); len(got) != inside {
			t.Fatalf("%d points within %v, kyroy finds %d", len(got), rad, inside)
		}
	}
}

func TestTreeQueriesDoNotAllocate(t *testing.T) {
	c := testClouds(1)["surface"]
	tree := NewTree(c)
	dst := make([]Neighbor, 0, c.Len())
	q := c.At(17)
	if n := testing.AllocsPerRun(20, func() {
		dst = tree.KNN(q, 100, dst)
		dst = tree.Hybrid(q, 0.02, 100, dst)
		dst = tree.Radius(q, 0.02, dst)
	}); n != 0 {
		t.Errorf("%v allocations per query, want none", n)
	}
}

// TestTiesAreCheap holds that equal points are not all looked at: each search of
// 30,000 would otherwise visit every one of them, minutes in all.
func TestTiesAreCheap(t *testing.T) {
	c := &Cloud{XYZ: slices.Repeat([]float32{-1, -1, -1}, 30_000)}
	nb, err := FindNeighborhoods(t.Context(), c, Search{K: 50}, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i := range c.Len() {
		for j, n := range nb.Of(i) {
			if n != int32(j) {
				t.Fatalf("neighbour %d of point %d is %d, want the lowest indices", j, i, n)
			}
		}
	}
}

func TestNeighborhoods(t *testing.T) {
	for name, c := range testClouds(7) {
		wide, err := FindNeighborhoods(t.Context(), c, Search{K: 40}, 3)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []Search{{K: 40}, {K: 10}, {K: 10, Radius: 0.02}, {K: 60}, {Radius: 0.01}} {
			nb, err := wide.Narrow(t.Context(), c, s, 2)
			if err != nil {
				t.Fatal(err)
			}
			for i := range c.Len() {
				var want []int32
				if c.IsValid(i) {
					for _, n := range bruteForce(c, c.At(i), s) {
						want = append(want, n.Index)
					}
				}
				if !slices.Equal(nb.Of(i), want) {
					t.Fatalf("%s, %+v, point %d: %v, want %v", name, s, i, nb.Of(i), want)
				}
			}
		}
	}
	for _, s := range []Search{{}, {K: -1}, {Radius: -1}, {Radius: math.NaN(), K: 3}} {
		if _, err := FindNeighborhoods(t.Context(), &Cloud{}, s, 0); err == nil {
			t.Errorf("search %+v is accepted", s)
		}
	}
}

func FuzzTree(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9}, uint8(3), float32(1))
	f.Add([]byte{0, 0, 0, 0, 0, 0, 255, 0, 0}, uint8(1), float32(0.5))
	f.Fuzz(func(t *testing.T, raw []byte, k uint8, radius float32) {
		c := &Cloud{}
		for i := 0; i+3 <= min(len(raw), 600); i += 3 { // coarse coordinates: many ties
			c.XYZ = append(c.XYZ, float32(raw[i]>>4), float32(raw[i+1]>>5), float32(raw[i+2]>>6))
		}
		if c.Len() == 0 {
			return
		}
		tree := NewTree(c)
		for _, q := range []r3.Vector{c.At(0), c.At(c.Len() - 1), {X: 3.5, Y: 1, Z: -2}} {
			if got, want := tree.KNN(q, int(k), nil), bruteForce(c, q, Search{K: int(k)}); k > 0 && !slices.Equal(got, want) {
				t.Fatalf("KNN(%v, %d) = %v, want %v", q, k, got, want)
			}
			r := math.Abs(float64(radius))
			if !(r > 0) {
				continue
			}
			if got, want := tree.Radius(q, r, nil), bruteForce(c, q, Search{Radius: r}); !slices.Equal(got, want) {
				t.Fatalf("Radius(%v, %v) = %v, want %v", q, r, got, want)
			}
		}
	})
}
