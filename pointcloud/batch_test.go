package pointcloud

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/iad3d/iad3d/internal/simd"
)

// rasters are organised clouds that stress the search by blocks in different ways.
func rasters() map[string]*Cloud {
	r := rand.New(rand.NewPCG(21, 22))
	raster := func(w, h int, at func(x, y int) (float64, float64, float64)) *Cloud {
		c := &Cloud{Width: w, Height: h}
		for y := range h {
			for x := range w {
				px, py, pz := at(x, y)
				c.XYZ = append(c.XYZ, float32(px), float32(py), float32(pz))
			}
		}
		c.MarkMissing(Missing{})
		return c
	}
	noise := func() float64 { return 2e-5 * r.NormFloat64() }
	sheet := func(x, y int) (float64, float64, float64) {
		u, v := float64(x)/1000, float64(y)/1000
		return u, v, 0.5 + 0.004*math.Sin(90*u)*math.Cos(70*v) + noise()
	}
	return map[string]*Cloud{
		"sheet": raster(51, 37, sheet),
		"holes": raster(40, 50, func(x, y int) (float64, float64, float64) {
			if r.IntN(3) == 0 || x/10 == 3 {
				return 0, 0, 0
			}
			return sheet(x, y)
		}),
		"step": raster(64, 32, func(x, y int) (float64, float64, float64) { // seen in perspective
			z := 0.5 + noise()
			if x+y/3 > 37 {
				z = 0.3 + noise()
			}
			return float64(x-32) * z / 500, float64(y-16) * z / 500, z
		}),
		"outliers": raster(50, 50, func(x, y int) (float64, float64, float64) {
			px, py, pz := sheet(x, y)
			if r.IntN(40) == 0 {
				pz += 0.2 * r.NormFloat64()
			}
			return px, py, pz
		}),
		"noise": raster(30, 30, func(int, int) (float64, float64, float64) {
			return r.NormFloat64(), r.NormFloat64(), r.NormFloat64()
		}),
		"lattice": raster(40, 40, func(x, y int) (float64, float64, float64) { return float64(x), float64(y), 1 }),
		"crowd": raster(40, 50, func(x, y int) (float64, float64, float64) { // many equal points
			if x > 15 {
				return 1, 1, 1
			}
			return sheet(x, y)
		}),
		"row":    raster(200, 1, sheet),
		"column": raster(1, 77, sheet),
		"pixel":  raster(1, 1, sheet),
		"none":   raster(9, 9, func(int, int) (float64, float64, float64) { return 0, 0, 0 }),
	}
}

// TestNeighborhoodsEqualTree compares the search by blocks with one query after
// another of the kd-tree, at every level of kernels and from any number of workers.
func TestNeighborhoodsEqualTree(t *testing.T) {
	clouds := rasters()
	for name, c := range testClouds(7) {
		clouds["unorganised "+name] = c
	}
	searches := []Search{{K: 1}, {K: 2}, {K: 7}, {K: 30}, {K: 100}, {K: 400}, {K: 100_000},
		{K: 30, Radius: 0.004}, {K: 30, Radius: 0.1}, {K: 300, Radius: 0.006}}
	for name, c := range clouds {
		tree := NewTree(c)
		for _, s := range searches {
			if s.K > 100 && c.CountValid() > 1000 {
				continue
			}
			want := make([][]int32, c.Len())
			var dst []Neighbor
			for i := range c.Len() {
				if !c.IsValid(i) {
					continue
				}
				if s.Radius > 0 {
					dst = tree.Hybrid(c.At(i), s.Radius, s.K, dst)
				} else {
					dst = tree.KNN(c.At(i), s.K, dst)
				}
				for _, n := range dst {
					want[i] = append(want[i], n.Index)
				}
			}
			for _, l := range simd.Levels() {
				restore := simd.Use(l)
				for _, workers := range []int{1, 3} {
					nb, err := FindNeighborhoods(t.Context(), c, s, workers)
					if err != nil {
						t.Fatal(err)
					}
					for i := range c.Len() {
						if !slices.Equal(nb.Of(i), want[i]) {
							t.Fatalf("%s, %+v, %v, point %d:\ngot  %v\nwant %v", name, s, l, i, nb.Of(i), want[i])
						}
					}
					if got := slices.Sorted(slices.Values(nb.Order())); !slices.Equal(got, c.ValidIndices()) {
						t.Fatalf("%s: the order has %d points, want %d", name, len(got), c.CountValid())
					}
				}
				restore()
			}
		}
	}
}

// TestBlocksHoldTheirPoints looks at the tree of boxes itself.
func TestBlocksHoldTheirPoints(t *testing.T) {
	for name, c := range rasters() {
		b := newBlocks(c, blockSize, func() *Tree { return NewTree(c) })
		covered := 0
		for n := range b.nodes {
			nd := &b.nodes[n]
			if int(nd.Next) <= n || int(nd.Next) > len(b.nodes) || nd.End <= nd.Start {
				t.Fatalf("%s: node %d: %+v", name, n, *nd)
			}
			for j := nd.Start; j < nd.End; j++ {
				for d, v := range []float64{b.x[j], b.y[j], b.z[j]} {
					if v < nd.Lo[d] || v > nd.Hi[d] || v != float64(c.XYZ[3*b.ids[j]+int32(d)]) {
						t.Fatalf("%s: point %d is not in the box of node %d", name, j, n)
					}
				}
			}
			if int(nd.Next) == n+1 { // a leaf
				if int(nd.Start) != covered || nd.End-nd.Start > blockSize {
					t.Fatalf("%s: leaf %d: points %d to %d after %d", name, n, nd.Start, nd.End, covered)
				}
				covered = int(nd.End)
			}
		}
		if covered != c.CountValid() {
			t.Errorf("%s: the leaves hold %d points, want %d", name, covered, c.CountValid())
		}
	}
}

// TestCrowdIsCheap holds that equal points, as some sensors write for missing ones,
// are not compared each with each.
func TestCrowdIsCheap(t *testing.T) {
	c := &Cloud{Width: 200, Height: 200, XYZ: slices.Repeat([]float32{1, 2, 3}, 40_000)}
	start := time.Now()
	nb, err := FindNeighborhoods(t.Context(), c, Search{K: 30}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 30*time.Second { // 0.1 s when nothing disturbs
		t.Errorf("40 000 equal points took %v", took)
	}
	for i := range 30 {
		if nb.Of(39_999)[i] != int32(i) {
			t.Fatalf("neighbours %v, want the lowest indices", nb.Of(39_999))
		}
	}
}

// TestRanker compares with a sort by the order of neighbours, ties and crowds
// included.
func TestRanker(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	var rk ranker
	for trial := range 3000 {
		n := 1 + r.IntN(200)
		if trial%50 == 0 {
			n = 3000
		}
		var dist2 []float64
		var ids []int32
		var want []Neighbor
		for _, id := range r.Perm(n) {
			d := r.Float64()
			switch trial % 4 {
			case 1:
				d = float64(r.IntN(9))
			case 2:
				d = math.Exp(-40 * d)
			case 3:
				d = 0
			}
			dist2, ids = append(dist2, d), append(ids, int32(id))
			want = append(want, Neighbor{int32(id), d})
		}
		sortNeighbors(want)
		worst := want[n-1].Dist2 * (1 + r.Float64())
		k := 1 + r.IntN(n+20)
		for _, l := range simd.Levels() {
			restore := simd.Use(l)
			got, last := rk.rank([]int32{-5}, dist2, ids, worst, k)
			restore()
			if len(got) != 1+min(k, n) || got[0] != -5 {
				t.Fatalf("%d of %d: %d neighbours", k, n, len(got)-1)
			}
			for j, id := range got[1:] {
				if id != want[j].Index {
					t.Fatalf("%v, trial %d, %d of %d: place %d is %d, want %d", l, trial, k, n, j, id, want[j].Index)
				}
			}
			if wantLast := math.Inf(1); k <= n && last != want[k-1].Dist2 || k > n && last != wantLast {
				t.Fatalf("trial %d, %d of %d: the last at %v", trial, k, n, last)
			}
		}
	}
}
