package fpfh

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/iad3d/iad3d/internal/portable"
	"github.com/iad3d/iad3d/pointcloud"
)

// sheet is a wavy organised cloud of side×side points with normals and a few
// missing pixels.
func sheet(t testing.TB, side int) *pointcloud.Cloud {
	r := rand.New(rand.NewPCG(1, 1))
	c := &pointcloud.Cloud{Width: side, Height: side}
	for y := range side {
		for x := range side {
			u, v := float64(x)/float64(side), float64(y)/float64(side)
			z := 0.5 + 0.004*math.Sin(9*u)*math.Cos(7*v) + 2e-5*r.NormFloat64()
			p := [3]float32{float32(0.1 * u), float32(0.1 * v), float32(z)}
			if r.IntN(20) == 0 {
				p = [3]float32{}
			}
			c.XYZ = append(c.XYZ, p[:]...)
		}
	}
	c.MarkMissing(pointcloud.Missing{})
	var err error
	if c.Normals, err = pointcloud.EstimateNormals(t.Context(), c, pointcloud.NormalOptions{}); err != nil {
		t.Fatal(err)
	}
	return c
}

// obvious computes a descriptor from its definition, one point at a time: the
// slow twin of the package.
func obvious(c *pointcloud.Cloud, tree *pointcloud.Tree, i int, s pointcloud.Search, convention Convention) [Dim]float64 {
	neighbours := func(i int) []pointcloud.Neighbor { return tree.KNN(c.At(i), s.K, nil) }
	skip := func(pos, k, i int) bool { return convention == Open3D && pos == 0 || convention == PCL && k == i }
	simple := func(i int) (h [Dim]float64) {
		list := neighbours(i)
		for pos, n := range list {
			if skip(pos, int(n.Index), i) {
				continue
			}
			y, x, f2, f3 := pairFeatures(c.At(i), c.Normal(i), c.At(int(n.Index)), c.Normal(int(n.Index)))
			for block, v := range []float64{(math.Atan2(y, x) + math.Pi) / (2 * math.Pi), (f2 + 1) / 2, (f3 + 1) / 2} {
				h[11*block+min(max(int(math.Floor(11*v)), 0), 10)] += 100 / float64(len(list)-1)
			}
		}
		return h
	}
	var sum [Dim]float64
	for pos, n := range neighbours(i) {
		if skip(pos, int(n.Index), i) || n.Dist2 == 0 {
			continue
		}
		for j, v := range simple(int(n.Index)) {
			sum[j] += v / n.Dist2
		}
	}
	for b := 0; b < Dim; b += 11 {
		total := 0.0
		for _, v := range sum[b : b+11] {
			total += v
		}
		for j := b; j < b+11 && total > 0; j++ {
			sum[j] *= 100 / total
		}
	}
	if convention == Open3D {
		for j, v := range simple(i) {
			sum[j] += v
		}
	}
	return sum
}

func TestComputeEqualsDefinition(t *testing.T) {
	c := sheet(t, 24)
	tree := pointcloud.NewTree(c)
	s := pointcloud.Search{K: 20}
	for _, convention := range []Convention{Open3D, PCL} {
		rows := rows64(t, c, Options{Search: s, Convention: convention})
		for i := range c.Len() {
			want := [Dim]float64{}
			if c.IsValid(i) {
				want = obvious(c, tree, i, s, convention)
			}
			for j, w := range want {
				if math.Abs(rows[i*Dim+j]-w) > exactFloat64 {
					t.Fatalf("convention %d, point %d, bin %d: %v, want %v", convention, i, j, rows[i*Dim+j], w)
				}
			}
		}
	}
}

func TestSameBits(t *testing.T) {
	c := sheet(t, 40)
	shared, err := pointcloud.FindNeighborhoods(t.Context(), c, pointcloud.Search{K: 60}, 0)
	if err != nil {
		t.Fatal(err)
	}
	want, err := Compute(t.Context(), c, Options{Search: pointcloud.Search{K: 50}, Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []Options{{Workers: 2}, {Workers: 7}, {Workers: 3, Neighborhoods: shared}} {
		o.Search.K = 50
		got, err := Compute(t.Context(), c, o)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d workers, shared lists %v: other bits", o.Workers, o.Neighborhoods != nil)
		}
	}
}

// TestComputeMaps holds that several sizes at once are the sizes one by one.
func TestComputeMaps(t *testing.T) {
	c := sheet(t, 30)
	for _, convention := range []Convention{Open3D, PCL} {
		for _, radius := range []float64{0, 0.02} {
			ks := []int{40, 1, 9, 2, 40, 25}
			maps, err := ComputeMaps(t.Context(), c, Options{Convention: convention, Search: pointcloud.Search{Radius: radius}}, ks)
			if err != nil {
				t.Fatal(err)
			}
			for j, k := range ks {
				want, err := Compute(t.Context(), c, Options{Convention: convention, Search: pointcloud.Search{K: k, Radius: radius}})
				if err != nil {
					t.Fatal(err)
				}
				if m := maps[j]; m.H != 30 || m.W != 30 || m.C != Dim || !slices.Equal(m.Data, want) {
					t.Errorf("convention %d, radius %v, k %d: other descriptors", convention, radius, k)
				}
			}
		}
	}
}

// TestRigidMotion holds what the descriptor is for: it does not change when the
// cloud is turned and moved.
func TestRigidMotion(t *testing.T) {
	c := sheet(t, 24)
	sin, cos := math.Sincos(0.7)
	moved := c.Clone()
	for i := range c.Len() {
		if p, n := c.At(i), c.Normal(i); c.IsValid(i) {
			moved.XYZ[3*i], moved.XYZ[3*i+1] = float32(cos*p.X-sin*p.Y+0.01), float32(sin*p.X+cos*p.Y)
			moved.Normals[3*i], moved.Normals[3*i+1] = cos*n.X-sin*n.Y, sin*n.X+cos*n.Y
		}
	}
	o := Options{Search: pointcloud.Search{K: 20}}
	d := compare(t, rows64(t, moved, o), rows64(t, c, o), 0.5)
	// Rounding the moved points to float32 moves pairs that lie on a bin's edge.
	if d.share < 0.5 || d.mean > 0.5 {
		t.Errorf("descriptors changed: %v", d)
	}
}

func TestErrors(t *testing.T) {
	c := sheet(t, 8)
	if _, err := Compute(t.Context(), &pointcloud.Cloud{XYZ: c.XYZ}, Options{}); !errors.Is(err, ErrNoNormals) {
		t.Errorf("error %v, want %v", err, ErrNoNormals)
	}
	if _, err := Compute(t.Context(), c, Options{Search: pointcloud.Search{K: -1}}); err == nil {
		t.Error("a negative k is accepted")
	}
	loose := c.Clone()
	loose.Width, loose.Height = 0, 0
	if _, err := ComputeMaps(t.Context(), loose, Options{}, []int{9}); err == nil {
		t.Error("a map of an unorganised cloud")
	}
	for _, ks := range [][]int{nil, {0}, {9, -1}} {
		if _, err := ComputeMaps(t.Context(), c, Options{}, ks); err == nil {
			t.Errorf("sizes %v are accepted", ks)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Compute(ctx, c, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	if rows, err := Compute(t.Context(), &pointcloud.Cloud{Normals: []float64{}}, Options{}); err != nil || len(rows) != 0 {
		t.Errorf("an empty cloud gives %v, %v", rows, err)
	}
}

// TestAngleBin compares the shortcut with the arc tangent, on the bins' edges and
// beside them above all.
func TestAngleBin(t *testing.T) {
	exact := func(y, x float64) int { return bin((portable.Atan2(y, x) + math.Pi) / (2 * math.Pi)) }
	check := func(y, x float64) {
		if got, want := angleBin(y, x), exact(y, x); got != want {
			t.Fatalf("angleBin(%v, %v) = %d, want %d", y, x, got, want)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		check(r.NormFloat64(), r.NormFloat64())
	}
	for k := range 12 {
		for _, off := range []float64{0, 1e-16, 1e-12, 1e-7, 1e-5, 1e-4, 1e-3} {
			for _, sign := range []float64{-1, 1} {
				y, x := math.Sincos(2*math.Pi*float64(k)/11 - math.Pi + sign*off)
				check(y, x)
				check(math.Nextafter(y, 2), x)
			}
		}
	}
	zero, inf, nan := math.Copysign(0, -1), math.Inf(1), math.NaN()
	for _, y := range []float64{0, zero, 1, -1, 5e-324, inf, -inf, nan} {
		for _, x := range []float64{0, zero, 1, -1, 5e-324, inf, -inf, nan} {
			check(y, x)
		}
	}
}

// FuzzPair looks for a pair that leaves the histograms.
func FuzzPair(f *testing.F) {
	f.Add(0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0)
	f.Add(1e30, -1e-30, 1.0, 0.0, 0.0, 0.0, math.NaN(), math.Inf(1), 1.0)
	f.Fuzz(func(t *testing.T, px, py, pz, mx, my, mz, nx, ny, nz float64) {
		c := &pointcloud.Cloud{XYZ: []float32{float32(px), float32(py), float32(pz), 0, 0, 0}, Normals: []float64{mx, my, mz, nx, ny, nz}}
		b1, b2, b3 := pairBins(c.At(0), c.Normal(0), c.At(1), c.Normal(1))
		for _, b := range []int{b1, b2, b3} {
			if b < 0 || b >= bins {
				t.Errorf("bin %d", b)
			}
		}
	})
}

func BenchmarkCompute(b *testing.B) {
	c := sheet(b, 224)
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprint("workers=", workers), func(b *testing.B) {
			for b.Loop() {
				if _, err := Compute(b.Context(), c, Options{Workers: workers}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(c.CountValid()), "µs/point")
		})
	}
}

func BenchmarkComputeMaps(b *testing.B) {
	c := sheet(b, 224)
	for b.Loop() {
		if _, err := ComputeMaps(b.Context(), c, Options{Workers: 1}, []int{40, 80, 160}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(c.CountValid()), "µs/point")
}

func ExampleCompute() {
	// A flat grid: all normals are equal, every pair falls into the middle bins.
	c := &pointcloud.Cloud{}
	for i := range 49 {
		c.XYZ = append(c.XYZ, float32(i%7), float32(i/7), 1)
		c.Normals = append(c.Normals, 0, 0, -1)
	}
	rows, err := Compute(context.Background(), c, Options{Search: pointcloud.Search{K: 9}})
	if err != nil {
		panic(err)
	}
	fmt.Println(rows[5], rows[16], rows[27])
	// Output: 200 200 200
}
