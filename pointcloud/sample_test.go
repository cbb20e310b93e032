package pointcloud

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/golang/geo/r3"
)

// farthestBrute is the definition that Tree.Farthest must equal.
func farthestBrute(c *Cloud, n, first int) (sample []int32, radii []float64) {
	dist := make([]float64, c.Len())
	for i := range dist {
		dist[i] = math.Inf(1)
	}
	next := -1
	for i := range dist {
		if c.IsValid(i) && next < 0 {
			next = i
		}
	}
	if first >= 0 {
		next = first
	}
	for r := math.Inf(1); next >= 0 && len(sample) < n && r > 0; {
		sample, radii = append(sample, int32(next)), append(radii, math.Sqrt(r))
		q := c.At(next)
		next, r = -1, 0
		for i := range dist {
			if !c.IsValid(i) {
				continue
			}
			d := c.At(i).Sub(q)
			dist[i] = min(dist[i], distance2(d.X, d.Y, d.Z))
			if dist[i] > r {
				next, r = i, dist[i]
			}
		}
	}
	return sample, radii
}

func TestFarthestEqualsBruteForce(t *testing.T) {
	for name, c := range testClouds(11) {
		tree := NewTree(c)
		for _, n := range []int{0, 1, 2, 17, 150, c.Len() + 3} {
			for _, first := range []int{-1, c.Len() - 1} {
				if first >= 0 && !c.IsValid(first) {
					continue
				}
				got, radii, err := tree.Farthest(t.Context(), n, int32(first))
				if err != nil {
					t.Fatal(err)
				}
				want, wantRadii := farthestBrute(c, n, first)
				if !slices.Equal(got, want) || !slices.Equal(radii, wantRadii) {
					t.Fatalf("%s, %d from %d:\ngot  %v\nwant %v", name, n, first, got, want)
				}
			}
		}
	}
}

func TestFarthestRefuses(t *testing.T) {
	tree := NewTree(testClouds(1)["holes"])
	if _, _, err := tree.Farthest(t.Context(), 3, 1<<20); !errors.Is(err, ErrFirst) {
		t.Errorf("a first point that is not there: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := tree.Farthest(ctx, 3, -1); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// decorated returns a cloud with normals, colours and missing points.
func decorated(seed uint64) *Cloud {
	r := rand.New(rand.NewPCG(seed, 2))
	c := testClouds(seed)["holes"]
	for range c.Len() {
		n := r3.Vector{X: r.NormFloat64(), Y: r.NormFloat64(), Z: r.NormFloat64()}.Normalize()
		c.Normals = append(c.Normals, n.X, n.Y, n.Z)
		c.RGB = append(c.RGB, uint8(r.IntN(256)), uint8(r.IntN(256)), uint8(r.IntN(256)))
	}
	return c
}

func TestVoxelDownEqualsDefinition(t *testing.T) {
	for _, size := range []float64{1e-6, 0.003, 0.02, 5} {
		c := decorated(5)
		lo, _, _ := c.Bounds()
		v, err := VoxelDown(t.Context(), c, VoxelOptions{Size: size})
		if err != nil {
			t.Fatal(err)
		}
		near, err := VoxelDown(t.Context(), c, VoxelOptions{Size: size, Nearest: true})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(v.Of, near.Of) || v.Cloud.Len() != len(v.Count) || v.Cloud.Check() != nil || near.Cloud.Check() != nil {
			t.Fatalf("size %g: parts do not fit together", size)
		}
		members := make([][]int, v.Cloud.Len())
		cells := map[[3]int]int32{}
		for i := range c.Len() {
			if !c.IsValid(i) {
				if v.Of[i] != -1 {
					t.Fatalf("missing point %d in voxel %d", i, v.Of[i])
				}
				continue
			}
			p := c.At(i)
			cell := [3]int{int(math.Floor((p.X - lo.X + size/2) / size)), int(math.Floor((p.Y - lo.Y + size/2) / size)), int(math.Floor((p.Z - lo.Z + size/2) / size))}
			if n, ok := cells[cell]; ok && n != v.Of[i] {
				t.Fatalf("point %d is in voxel %d, its cell's is %d", i, v.Of[i], n)
			} else if !ok && int(v.Of[i]) != len(cells) {
				t.Fatalf("point %d opens voxel %d, want %d", i, v.Of[i], len(cells))
			}
			cells[cell] = v.Of[i]
			members[v.Of[i]] = append(members[v.Of[i]], i)
		}
		for j, m := range members {
			var p, n r3.Vector
			var rgb [3]float64
			for _, i := range m {
				p, n = p.Add(c.At(i)), n.Add(c.Normal(i))
				for k := range rgb {
					rgb[k] += float64(c.RGB[3*i+k]) / float64(len(m))
				}
			}
			p, n = p.Mul(1/float64(len(m))), n.Normalize()
			if v.Cloud.At(j).Sub(p).Norm() > 1e-7 || v.Cloud.Normal(j).Sub(n).Norm() > 1e-12 || int(v.Count[j]) != len(m) {
				t.Fatalf("voxel %d: %v, want %v", j, v.Cloud.At(j), p)
			}
			for k := range rgb {
				if math.Abs(float64(v.Cloud.RGB[3*j+k])-rgb[k]) > 0.5+1e-9 {
					t.Fatalf("voxel %d: colour %v, want %v", j, v.Cloud.RGB[3*j:3*j+3], rgb)
				}
			}
			kept := int(near.Source[j])
			if !slices.Contains(m, kept) || near.Cloud.At(j) != c.At(kept) || near.Cloud.Normal(j) != c.Normal(kept) {
				t.Fatalf("voxel %d keeps point %d, not one of its own", j, kept)
			}
			for _, i := range m {
				if d, best := c.At(i).Sub(p).Norm(), c.At(kept).Sub(p).Norm(); d < best-1e-12 {
					t.Fatalf("voxel %d keeps point %d, %d is nearer", j, kept, i)
				}
			}
		}
	}
}

func TestVoxelDownRefuses(t *testing.T) {
	c := testClouds(1)["surface"]
	for _, size := range []float64{0, -1, math.NaN(), math.Inf(1), 1e-12} {
		if _, err := VoxelDown(t.Context(), c, VoxelOptions{Size: size}); !errors.Is(err, ErrVoxel) {
			t.Errorf("size %g: %v", size, err)
		}
	}
	if v, err := VoxelDown(t.Context(), &Cloud{}, VoxelOptions{Size: 1}); err != nil || v.Cloud.Len() != 0 {
		t.Errorf("empty cloud: %v", err)
	}
}

func TestPoolMeanAndInterpolateEqualDefinition(t *testing.T) {
	const dim, k = 3, 5
	r := rand.New(rand.NewPCG(8, 8))
	for name, c := range testClouds(3) {
		if c.CountValid() == 0 {
			continue
		}
		tree := NewTree(c)
		rows, values := make([]float32, dim*c.Len()), make([]float64, c.Len())
		for i := range rows {
			rows[i] = r.Float32()
		}
		for i := range values {
			values[i] = r.NormFloat64()
		}
		at := testClouds(4)["holes"]
		at = &Cloud{XYZ: slices.Concat(at.XYZ, c.XYZ), Valid: slices.Repeat([]bool{true}, at.Len()+c.Len())}
		at.MarkMissing(Missing{})
		pooled, err := PoolMean(t.Context(), tree, rows, dim, at, k, 3)
		if err != nil {
			t.Fatal(err)
		}
		spread, err := Interpolate(t.Context(), tree, values, at, k, 3)
		if err != nil {
			t.Fatal(err)
		}
		for i := range at.Len() {
			var mean [dim]float64
			weighted := 0.0
			if at.IsValid(i) {
				near := bruteForce(c, at.At(i), Search{K: k})
				var sum, total, same, count float64
				for _, n := range near {
					for j := range mean {
						mean[j] += float64(rows[dim*int(n.Index)+j]) / float64(len(near))
					}
					if n.Dist2 == 0 {
						same, count = same+values[n.Index], count+1
					}
					sum, total = sum+values[n.Index]/n.Dist2, total+1/n.Dist2
				}
				if weighted = sum / total; count > 0 {
					weighted = same / count
				}
			}
			for j := range mean {
				if math.Abs(mean[j]-float64(pooled[dim*i+j])) > 1e-7 {
					t.Fatalf("%s: point %d: pooled %v, want %v", name, i, pooled[dim*i:dim*i+dim], mean)
				}
			}
			if math.Abs(spread[i]-weighted) > 1e-9 {
				t.Fatalf("%s: point %d: interpolated %v, want %v", name, i, spread[i], weighted)
			}
		}
	}
}

func TestPoolMeanAndInterpolateRefuse(t *testing.T) {
	c := testClouds(1)["surface"]
	tree, none := NewTree(c), NewTree(&Cloud{})
	if _, err := PoolMean(t.Context(), tree, make([]float32, 5), 3, c, 4, 0); !errors.Is(err, ErrShape) {
		t.Errorf("too few rows: %v", err)
	}
	if _, err := Interpolate(t.Context(), tree, make([]float64, 5), c, 4, 0); !errors.Is(err, ErrShape) {
		t.Errorf("too few values: %v", err)
	}
	if _, err := Interpolate(t.Context(), none, nil, c, 4, 0); !errors.Is(err, ErrShape) {
		t.Errorf("no values: %v", err)
	}
	if _, err := PoolMean(t.Context(), tree, nil, 0, c, 4, 0); err == nil {
		t.Error("rows of no values are accepted")
	}
	if _, err := Interpolate(t.Context(), tree, make([]float64, c.Len()), c, 0, 0); err == nil {
		t.Error("no neighbours are accepted")
	}
}
