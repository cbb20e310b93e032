package pointcloud

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/golang/geo/r3"
	"github.com/kyroy/kdtree"
	"github.com/kyroy/kdtree/kdrange"
	"github.com/kyroy/kdtree/points"

	"github.com/iad3d/iad3d/internal/golden"
)

// TestOracleDBSCAN: labels and their numbers equal Open3D 0.16.1's exactly (and
// scikit-learn 1.2.1's, as the oracle notes).
func TestOracleDBSCAN(t *testing.T) {
	var j struct {
		DBSCAN []struct {
			Name      string
			Points    golden.Ref
			Eps       float64
			MinPoints int `json:"min_points"`
			Labels    []int32
		}
		Pipeline []cleanScene
	}
	golden.JSON(t, "plane_dbscan/plane_dbscan.json", &j)
	if len(j.DBSCAN) != 10 || len(j.Pipeline) != 3 {
		t.Fatalf("%d clouds and %d scenes, want 10 and 3", len(j.DBSCAN), len(j.Pipeline))
	}
	for _, d := range j.DBSCAN {
		c := &Cloud{XYZ: golden.NPY(t, d.Points.File).Float32s()}
		got, err := DBSCAN(t.Context(), c, d.Eps, d.MinPoints)
		if err != nil || !slices.Equal(got, d.Labels) {
			t.Errorf("%s: labels differ, %v\ngot  %v\nwant %v", d.Name, err, got, d.Labels)
		}
	}
	for _, s := range j.Pipeline {
		c := organised(t, s.PaddedPC)
		c.MarkMissing(Missing{AnyZero: true})
		want := slices.Repeat([]int32{LabelInvalid}, c.Len())
		labels := golden.NPY(t, s.Labels.File).Int32s()
		for k, i := range golden.NPY(t, s.ValidIndex.File).Int32s() {
			want[i] = labels[k]
		}
		got, err := DBSCAN(t.Context(), c, defaultEps, defaultMinPoints)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: labels differ, %v", s.Name, err)
		}
	}
}

// neighborhoodsByKyroy lists every neighbourhood with an index written by others.
func neighborhoodsByKyroy(c *Cloud, eps float64) [][]int32 {
	var pts []kdtree.Point
	for _, i := range c.ValidIndices() {
		p := c.At(int(i))
		pts = append(pts, kyroyPoint{points.NewPoint([]float64{p.X, p.Y, p.Z}, nil), i})
	}
	peer := kdtree.New(pts)
	near := make([][]int32, c.Len())
	for _, i := range c.ValidIndices() {
		q := c.At(int(i))
		for _, b := range peer.RangeSearch(kdrange.New(q.X-eps, q.X+eps, q.Y-eps, q.Y+eps, q.Z-eps, q.Z+eps)) {
			k := b.(kyroyPoint).index
			if p := c.At(int(k)); distance2(p.X-q.X, p.Y-q.Y, p.Z-q.Z) < eps*eps {
				near[i] = append(near[i], k)
			}
		}
	}
	return near
}

// textbookDBSCAN grows one cluster after the other from listed neighbourhoods,
// the procedure of Ester et al.
func textbookDBSCAN(c *Cloud, near [][]int32, minPoints int) []int32 {
	labels := slices.Repeat([]int32{LabelInvalid}, c.Len())
	for _, i := range c.ValidIndices() {
		labels[i] = LabelNoise
	}
	next := int32(0)
	for i := range labels {
		if labels[i] != LabelNoise || len(near[i]) < minPoints {
			continue
		}
		for queue := []int32{int32(i)}; len(queue) > 0; queue = queue[1:] {
			p := queue[0]
			if labels[p] != LabelNoise {
				continue
			}
			labels[p] = next
			if len(near[p]) >= minPoints {
				queue = append(queue, near[p]...)
			}
		}
		next++
	}
	return labels
}

// clusteredCloud has blobs of different density, a surface and scattered points,
// in random order.
func clusteredCloud(r *rand.Rand, n int) *Cloud {
	c := &Cloud{}
	for range n {
		p := r3.Vector{X: r.Float64(), Y: r.Float64(), Z: r.Float64()}
		switch b := r.IntN(8); {
		case b < 4:
			spread := 0.02 * float64(1+b)
			p = r3.Vector{X: 0.2 * float64(b), Y: 0.3, Z: 0.5}.
				Add(r3.Vector{X: r.NormFloat64(), Y: r.NormFloat64(), Z: r.NormFloat64()}.Mul(spread))
		case b < 7:
			p.Z = 0.2 + 0.05*math.Sin(9*p.X)
		}
		c.XYZ = append(c.XYZ, float32(p.X), float32(p.Y), float32(p.Z))
	}
	return c
}

func TestDBSCANEqualsTextbook(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 0))
	clouds := testClouds(3)
	delete(clouds, "huge") // a range of 1e30±1e-2 is empty in kyroy's box search
	for i := range 3 {
		clouds[fmt.Sprint("clustered ", i)] = clusteredCloud(r, 100+300*i)
	}
	for name, c := range clouds {
		size := 1.0
		if lo, hi, ok := c.Bounds(); ok && lo != hi {
			size = hi.Sub(lo).Norm()
		}
		radii := []float64{1e-4 * size, 0.01 * size, 0.03 * size, 0.06 * size, 0.2 * size}
		if name == "lattice" || name == "one" {
			radii = []float64{1, math.Sqrt2, 2, 20} // its own distances: the comparison is strict
		}
		for _, eps := range radii {
			near := neighborhoodsByKyroy(c, eps)
			for _, minPoints := range []int{1, 2, 5, 7, 30, 200} {
				got, err := DBSCAN(t.Context(), c, eps, minPoints)
				if want := textbookDBSCAN(c, near, minPoints); err != nil || !slices.Equal(got, want) {
					t.Errorf("%s, eps %g, %d points: labels differ, %v\ngot  %v\nwant %v", name, eps, minPoints, err, got, want)
				}
			}
		}
	}
}

func TestDBSCANEdges(t *testing.T) {
	labels := func(c *Cloud, eps float64, minPoints int) []int32 {
		got, err := DBSCAN(t.Context(), c, eps, minPoints)
		if err != nil {
			t.Error(err)
		}
		return got
	}
	if got := labels(&Cloud{}, 1, 1); len(got) != 0 {
		t.Errorf("empty cloud: %v", got)
	}
	if got := labels(&Cloud{XYZ: make([]float32, 9), Valid: make([]bool, 3)}, 1, 1); !slices.Equal(got, []int32{LabelInvalid, LabelInvalid, LabelInvalid}) {
		t.Errorf("no valid point: %v", got)
	}
	huge := testClouds(1)["huge"]
	if got := labels(huge, 1, 1); !slices.Equal(got, []int32{0, 1, 2, 3}) {
		t.Errorf("points 1e30 apart: %v", got)
	}
	if got := labels(huge, 1e31, 4); !slices.Equal(got, []int32{0, 0, 0, 0}) {
		t.Errorf("points 1e30 apart, eps 1e31: %v", got)
	}
	if got := labels(huge, 1, math.MaxInt); !slices.Equal(got, []int32{-1, -1, -1, -1}) {
		t.Errorf("more points asked for than there are: %v", got)
	}
	pair := &Cloud{XYZ: []float32{0, 0, 0, 0.25, 0, 0}}
	if got := labels(pair, 0.25, 1); !slices.Equal(got, []int32{0, 1}) {
		t.Errorf("two points eps apart: %v", got)
	}
	for _, eps := range []float64{0, -1, math.NaN(), math.Inf(1), 1e-200, 1e200} {
		if _, err := DBSCAN(t.Context(), huge, eps, 3); err == nil {
			t.Errorf("eps %g was accepted", eps)
		}
	}
	for _, n := range []int{0, -1} {
		if _, err := DBSCAN(t.Context(), huge, 1, n); err == nil {
			t.Errorf("%d points were accepted", n)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range testClouds(1) {
		if _, err := DBSCAN(ctx, c, 1, 1); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error %v, want %v", name, err, context.Canceled)
		}
	}
}

// TestDBSCANClumps strings crowds of points about eps apart: whether two touch
// is decided by boxes smaller than eps, some of whose points are not core.
func TestDBSCANClumps(t *testing.T) {
	const eps = 1
	r := rand.New(rand.NewPCG(35, 0))
	for trial := range 400 {
		c := &Cloud{}
		var at r3.Vector
		size := 0.3 * r.Float64()
		for range 2 + r.IntN(3) {
			for range 10 + r.IntN(30) {
				p := at.Add(r3.Vector{X: 2 * size * r.Float64(), Y: size * r.Float64()})
				c.XYZ = append(c.XYZ, float32(p.X), float32(p.Y), 0)
			}
			at = at.Add(r3.Vector{X: eps * (0.9 + 0.2*r.Float64() + 2*size*r.Float64()), Y: size * r.Float64()})
		}
		near := neighborhoodsByKyroy(c, eps)
		for _, minPoints := range []int{1, 20, 25, 30, 35, 40} {
			got, err := DBSCAN(t.Context(), c, eps, minPoints)
			if want := textbookDBSCAN(c, near, minPoints); err != nil || !slices.Equal(got, want) {
				t.Fatalf("trial %d, %d points: labels differ, %v\ngot  %v\nwant %v", trial, minPoints, err, got, want)
			}
		}
	}
}

// TestDBSCANBoxesMislead has two crowds whose boxes are nearer than eps although
// their core points are not.
func TestDBSCANBoxesMislead(t *testing.T) {
	// Two parallel segments, 1.001 apart, that cross their boxes diagonally.
	diagonal := &Cloud{}
	for i := range 32 {
		along, shift := 0.02*(float64(i%16)/7.5-1), 1.001/math.Sqrt2*float64(i/16)
		diagonal.XYZ = append(diagonal.XYZ, float32(shift+along), float32(shift-along), 0)
	}
	// Spots on a line. The one at 0.3 has 48 neighbours; it is not core and must
	// not connect the one at 0 with the one at 1.25, which have 64.
	spots := &Cloud{}
	for _, s := range []struct {
		x float32
		n int
	}{{-0.95, 32}, {0, 16}, {0.3, 16}, {1.25, 16}, {2.2, 48}} {
		for range s.n {
			spots.XYZ = append(spots.XYZ, s.x, 0, 0)
		}
	}
	for _, f := range []struct {
		c             *Cloud
		minPoints, at int // the points from at on are the second cluster
	}{{diagonal, 16, 16}, {spots, 49, 64}} {
		got, err := DBSCAN(t.Context(), f.c, 1, f.minPoints)
		want := append(make([]int32, f.at), slices.Repeat([]int32{1}, f.c.Len()-f.at)...)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("labels %v, %v, want %v", got, err, want)
		}
	}
}

// TestDBSCANStopsMidway ends the context while boxes are being joined.
func TestDBSCANStopsMidway(t *testing.T) {
	s := newClusterSearch(clusteredCloud(rand.New(rand.NewPCG(34, 0)), 2000), 0.02)
	if err := s.findCores(t.Context(), 6); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, s.steps = range []int{pairsPerLook - 1, pairsPerLook - 40, pairsPerLook - 300} {
		if err := s.connect(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want %v", err, context.Canceled)
		}
	}
}

func TestDBSCANIsDeterministic(t *testing.T) {
	c := clusteredCloud(rand.New(rand.NewPCG(32, 0)), 4000)
	before := c.Clone()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	want, err := DBSCAN(t.Context(), c, 0.02, 6)
	if err != nil {
		t.Fatal(err)
	}
	runtime.GOMAXPROCS(4)
	got, err := DBSCAN(t.Context(), c, 0.02, 6)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("labels depend on GOMAXPROCS; %v", err)
	}
	if !slices.Equal(c.XYZ, before.XYZ) || c.Valid != nil {
		t.Error("the input was changed")
	}
}

// scanLike is a dome of 400×400 points at a pitch of 0.25 mm with measurement
// noise and 2 % of strays.
func scanLike() *Cloud {
	r := rand.New(rand.NewPCG(33, 0))
	c := &Cloud{Width: 400, Height: 400}
	for i := range 400 * 400 {
		x, y := 2.5e-4*float64(i%400-200), 2.5e-4*float64(i/400-200)
		z := 0.5 - 0.02*math.Cos(30*x)*math.Cos(30*y) + 2e-5*r.NormFloat64()
		if r.IntN(50) == 0 {
			z += 0.05 * r.NormFloat64()
		}
		c.XYZ = append(c.XYZ, float32(x), float32(y), float32(z))
	}
	return c
}

func BenchmarkDBSCAN(b *testing.B) {
	c := scanLike()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DBSCAN(b.Context(), c, defaultEps, defaultMinPoints); err != nil {
			b.Fatal(err)
		}
	}
}
