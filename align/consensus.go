package align

import (
	"cmp"
	"context"
	"math"
	"math/bits"
	"slices"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/internal/parallel"
	"github.com/iad3d/iad3d/pointcloud"
)

// The constants of consensus; lengths are in coarse voxels.
const (
	lengthSlack  = 1.0 // how far two distances that should be equal may differ
	angleSlack   = 0.3 // the same for the cosine of two normals
	leastLength  = 3.0 // pairs of points nearer than this say little
	seeds        = 60  // groups that become a pose
	seedRadius   = 3.0 // seeds whose both ends are this near are one
	groupSize    = 30  // pairs in a group
	consensusRow = 32  // rows of the matrix a worker takes at a time
)

// poses turns candidate pairs into rigid motions from a to b, the most promising
// first.
//
// It is the second-order spatial compatibility of SC²-PCR (Chen, Sun, Yang, Tao,
// CVPR 2022): two pairs are compatible when the motion can be rigid, that is when
// both clouds agree on the distance between the points and on the angle between
// the normals; two pairs support each other by the number of pairs that are
// compatible with both. Wrong pairs agree with a right one by chance, but
// hardly with the same others. Nothing is drawn at random.
func poses(ctx context.Context, a, b *pointcloud.Cloud, c []candidate, voxel float64, workers int) ([]pointcloud.Rigid, error) {
	n := len(c)
	pairs := make([]pair, n)
	normals := make([]pair, n)
	for i, x := range c {
		pairs[i] = pair{a.At(int(x.a)), b.At(int(x.b))}
		normals[i] = pair{a.Normal(int(x.a)), b.Normal(int(x.b))}
	}
	words := (n + 63) / 64
	matrix := make([]uint64, n*words)
	err := parallel.For(ctx, n, consensusRow, workers, func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			row := matrix[i*words : (i+1)*words]
			for j := range i {
				if compatible(&pairs[i], &pairs[j], &normals[i], &normals[j], voxel) {
					row[j/64] |= 1 << (j % 64)
				}
			}
		}
	})
	if err != nil {
		return nil, err
	}
	for i := range n { // the upper half
		for j := range members(matrix[i*words : i*words+(i+63)/64]) {
			if j < i {
				matrix[j*words+i/64] |= 1 << (i % 64)
			}
		}
	}
	support := make([]int64, n)
	err = parallel.For(ctx, n, consensusRow, workers, func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			row := matrix[i*words : (i+1)*words]
			for j := range members(row) {
				support[i] += int64(common(row, matrix[j*words:(j+1)*words]))
			}
		}
	})
	if err != nil {
		return nil, err
	}
	order := make([]int32, n)
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(i, j int32) int { return cmp.Or(cmp.Compare(support[j], support[i]), cmp.Compare(i, j)) })

	var out []pointcloud.Rigid
	var chosen []int32
	for _, i := range order {
		if len(chosen) == seeds || support[i] == 0 {
			break
		}
		if slices.ContainsFunc(chosen, func(j int32) bool {
			return pairs[i].p.Sub(pairs[j].p).Norm() < seedRadius*voxel && pairs[i].q.Sub(pairs[j].q).Norm() < seedRadius*voxel
		}) {
			continue
		}
		chosen = append(chosen, i)
		if group := groupOf(int(i), matrix, words); len(group) >= 3 {
			out = append(out, horn(pairs, group))
		}
	}
	return out, nil
}

// compatible reports whether one rigid motion can make both pairs.
func compatible(x, y, nx, ny *pair, voxel float64) bool {
	if math.Abs(nx.p.Dot(ny.p)-nx.q.Dot(ny.q)) >= angleSlack {
		return false
	}
	p, q := math.Sqrt(x.p.Sub(y.p).Norm2()), math.Sqrt(x.q.Sub(y.q).Norm2())
	return p >= leastLength*voxel && math.Abs(p-q) <= lengthSlack*voxel
}

// members yields the set bits of a row, ascending.
func members(row []uint64) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for w, word := range row {
			for ; word != 0; word &= word - 1 {
				if !yield(64*w + bits.TrailingZeros64(word)) {
					return
				}
			}
		}
	}
}

func common(a, b []uint64) int {
	n := 0
	for w, x := range a {
		n += bits.OnesCount64(x & b[w])
	}
	return n
}

// groupOf returns seed i and the pairs that it has most in common with.
func groupOf(i int, matrix []uint64, words int) []int32 {
	type backer struct {
		index int32
		count int
	}
	var all []backer
	row := matrix[i*words : (i+1)*words]
	for j := range members(row) {
		all = append(all, backer{int32(j), common(row, matrix[j*words:(j+1)*words])})
	}
	slices.SortFunc(all, func(x, y backer) int { return cmp.Or(cmp.Compare(y.count, x.count), cmp.Compare(x.index, y.index)) })
	group := []int32{int32(i)}
	for _, x := range all[:min(len(all), groupSize)] {
		group = append(group, x.index)
	}
	return group
}

// agreement is the share of points of a, moved by g, that have a point of b
// within reach whose normal is not turned away.
func agreement(a *pointcloud.Cloud, b *Target, g pointcloud.Rigid, reach float64) float64 {
	hits := 0
	for i := range a.Len() {
		near, ok := b.tree.Nearest(g.Apply(a.At(i)), reach)
		if ok && g.Rotate(a.Normal(i)).Dot(b.cloud.Normal(int(near.Index))) > turned {
			hits++
		}
	}
	return float64(hits) / float64(a.Len())
}

// apart reports whether two poses of points around centre differ by more than
// angle (radians) or length.
func apart(g, h pointcloud.Rigid, centre r3.Vector, angle, length float64) bool {
	return g.After(h.Inverse()).Angle().Radians() > angle || g.Apply(centre).Sub(h.Apply(centre)).Norm() > length
}
