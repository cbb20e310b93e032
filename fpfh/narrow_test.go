package fpfh

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/internal/simd"
	"github.com/iad3d/iad3d/pointcloud"
)

// hardClouds have pairs that rounding decides, pairs without a frame, and normals
// that are not numbers or not of unit length.
func hardClouds(t *testing.T) map[string]*pointcloud.Cloud {
	wavy := sheet(t, 28)
	lattice := &pointcloud.Cloud{}
	for i := range 400 {
		lattice.XYZ = append(lattice.XYZ, float32(i%20), float32(i/20), float32(i%3))
		lattice.Normals = append(lattice.Normals, float64(i%2), 0, float64(1-i%2))
	}
	equal := &pointcloud.Cloud{XYZ: slices.Repeat([]float32{1, 2, 3}, 90)}
	equal.Normals = slices.Repeat([]float64{0, 0.6, 0.8}, 90)
	undefined := wavy.Clone()
	for i := range undefined.Len() {
		if i%7 == 0 {
			undefined.Normals[3*i+i%3] = math.NaN()
		}
	}
	long := wavy.Clone()
	for i := range long.Normals {
		long.Normals[i] *= 1.1
	}
	return map[string]*pointcloud.Cloud{"wavy": wavy, "lattice": lattice, "equal": equal, "undefined": undefined, "long normals": long}
}

// TestNarrowEqualsWide holds that the kernels give the bits of the computation pair
// by pair, whatever the level, for one and for several sizes of lists.
func TestNarrowEqualsWide(t *testing.T) {
	for name, c := range hardClouds(t) {
		for _, convention := range []Convention{Open3D, PCL} {
			for _, sizes := range [][]int{{100}, {255}, {1, 2, 9, 40}} {
				nb, err := pointcloud.FindNeighborhoods(t.Context(), c, pointcloud.Search{K: sizes[len(sizes)-1]}, 0)
				if err != nil {
					t.Fatal(err)
				}
				o := Options{Convention: convention}
				slow, err := newWide(t.Context(), c, nb, o, sizes)
				if err != nil {
					t.Fatal(err)
				}
				for _, l := range simd.Levels() {
					restore := simd.Use(l)
					fast, err := newNarrow(t.Context(), c, nb, o, sizes)
					if err != nil {
						t.Fatal(err)
					}
					var sc scratch
					for _, i := range nb.Order() {
						for s, size := range sizes {
							list := nb.Of(int(i))
							list = list[:min(size, len(list))]
							var got, want [Dim]float64
							fast[s].row(list, i, &got, &sc)
							slow[s].row(list, i, &want, &sc)
							if !equalBits(got[:], want[:]) {
								t.Fatalf("%s, %v, convention %d, %d neighbours, point %d:\ngot  %v\nwant %v", name, l, convention, size, i, got, want)
							}
						}
					}
					restore()
				}
			}
		}
	}
}

func equalBits(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(x, y float64) bool { return math.Float64bits(x) == math.Float64bits(y) })
}

// TestManyNeighbours holds that lists too long for bytes are counted too, and that
// the same lists cut to what fits give the same.
func TestManyNeighbours(t *testing.T) {
	c := sheet(t, 24)
	maps, err := ComputeMaps(t.Context(), c, Options{}, []int{255, 256, 400})
	if err != nil {
		t.Fatal(err)
	}
	for j, k := range []int{255, 256} {
		want, err := Compute(t.Context(), c, Options{Search: pointcloud.Search{K: k}})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(maps[j].Data, want) {
			t.Errorf("%d neighbours: other descriptors", k)
		}
	}
	if slices.Equal(maps[1].Data, maps[2].Data) {
		t.Error("400 neighbours describe as 256 do")
	}
}

// TestDecidedBinsAreExact compares the kernels' bins with the exact ones, beside the
// bins' edges above all.
func TestDecidedBinsAreExact(t *testing.T) {
	for _, l := range simd.Levels() {
		t.Run(l.String(), func(t *testing.T) {
			defer simd.Use(l)()
			r := rand.New(rand.NewPCG(41, 42))
			undecided := 0
			const trials, pairs = 2000, 64
			for range trials {
				c := &pointcloud.Cloud{}
				var points []simd.Oriented
				var list []int32
				spread := math.Exp(-8 * r.Float64())
				for i := range int32(pairs + 1) {
					n := r3.Vector{X: spread * r.NormFloat64(), Y: spread * r.NormFloat64(), Z: 1}.Normalize()
					p := r3.Vector{X: r.NormFloat64(), Y: r.NormFloat64(), Z: spread * r.NormFloat64()}
					switch {
					case i > 0 && i%4 == 0: // f3 beside an edge
						p = edge(r, c)
					case i%5 == 1:
						n = c.Normal(0)
					case i > 0 && i%9 == 2: // f1 near an edge, where normals are turned about the line
						n = turned(r, c.Normal(0), p.Sub(c.At(0)))
					}
					c.XYZ = append(c.XYZ, float32(p.X), float32(p.Y), float32(p.Z))
					c.Normals = append(c.Normals, n.X, n.Y, n.Z)
					points = append(points, simd.Oriented{float32(p.X), float32(p.Y), float32(p.Z), 0, float32(n.X), float32(n.Y), float32(n.Z), 0})
					if i > 0 {
						list = append(list, i)
					}
				}
				var b simd.Bins
				simd.PairBins(points, 0, list, &b)
				for j, k := range list {
					if b[0][j] == simd.Undecided {
						undecided++
						continue
					}
					b1, b2, b3 := pairBins(c.At(0), c.Normal(0), c.At(int(k)), c.Normal(int(k)))
					if got := [3]int{int(b[0][j]), int(b[1][j]), int(b[2][j])}; got != [3]int{b1, b2, b3} {
						t.Fatalf("pair %v, %v: bins %v, want %v", points[0], points[k], got, [3]int{b1, b2, b3})
					}
				}
			}
			if share := float64(undecided) / (trials * pairs); share > 0.5 {
				t.Errorf("%.3f of the pairs are undecided", share)
			}
		})
	}
}

// edge returns a point that the normal of point 0 sees at nearly the angle of an edge
// between two bins of f3.
func edge(r *rand.Rand, c *pointcloud.Cloud) r3.Vector {
	n := c.Normal(0)
	side := n.Cross(r3.Vector{X: r.NormFloat64(), Y: r.NormFloat64(), Z: 0.1}).Normalize()
	cos := 2*float64(1+r.IntN(10))/11 - 1 + math.Pow(10, -3-7*r.Float64())*r.NormFloat64()
	return c.At(0).Add(n.Mul(cos)).Add(side.Mul(math.Sqrt(1 - cos*cos)))
}

// turned returns n turned about the line's normal by nearly an odd number of
// half bins, so that f1 lies beside an edge.
func turned(r *rand.Rand, n, line r3.Vector) r3.Vector {
	v := line.Cross(n).Normalize()
	w := n.Cross(v)
	angle := (2*float64(r.IntN(11)) - 11) * math.Pi / 11
	angle += math.Pow(10, -2-6*r.Float64()) * r.NormFloat64()
	sin, cos := math.Sincos(angle)
	return n.Mul(cos).Add(w.Mul(sin)).Normalize()
}
