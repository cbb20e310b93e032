package align

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/fpfh"
	"github.com/iad3d/iad3d/pointcloud"
)

// view is a cloud as alignment sees it: thinned out twice, with normals and
// descriptors.
type view struct {
	fine   *pointcloud.Cloud // for ICP and the residual
	coarse *pointcloud.Cloud // for the first guess
	rows   []float32         // descriptors of coarse
	// sided is true when normals are known to point to the outside or the camera;
	// else all of them may point the wrong way.
	sided bool
}

const (
	// normalReach is the radius, in coarse voxels, of the neighbourhood that a
	// normal is fitted to, featureReach that of a descriptor; normalMost and
	// featureMost bound the neighbours in them.
	normalReach  = 2
	featureReach = 5
	normalMost   = 40
	featureMost  = 120
	// leastPoints is the fewest points, after thinning out, that are worth a try.
	leastPoints = 40
	// A cloud whose spread across its best line is below thin of that along it is
	// a line.
	thin = 1e-3
	// mixed is the share of adjacent points with normals to different sides from
	// which on the sides are taken for chance.
	mixed = 0.05
)

// look prepares c. The voxel sizes are in c's unit.
func look(ctx context.Context, c *pointcloud.Cloud, coarse, fine float64, workers int) (*view, error) {
	v := &view{}
	small, err := pointcloud.VoxelDown(ctx, c, pointcloud.VoxelOptions{Size: fine})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPoints, err)
	}
	given := small.Cloud.Normals
	v.fine = small.Cloud
	v.fine.Normals, err = pointcloud.EstimateNormals(ctx, v.fine, pointcloud.NormalOptions{
		Search: pointcloud.Search{K: normalMost, Radius: normalReach * coarse}, Workers: workers})
	if err != nil {
		return nil, err
	}
	few, err := pointcloud.VoxelDown(ctx, v.fine, pointcloud.VoxelOptions{Size: coarse, Nearest: true})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPoints, err)
	}
	v.coarse = few.Cloud
	if v.coarse.Len() < leastPoints {
		return nil, fmt.Errorf("%w: %d after thinning out to one per %.3g %s, at least %d are needed",
			ErrPoints, v.coarse.Len(), coarse, c.Unit, leastPoints)
	}
	if err := v.orient(ctx, c.Organised(), given, few.Source, workers); err != nil {
		return nil, err
	}
	v.rows, err = fpfh.Compute(ctx, v.coarse, fpfh.Options{
		Search: pointcloud.Search{K: featureMost, Radius: featureReach * coarse}, Workers: workers})
	return v, err
}

// orient settles the signs of the normals: of an organised cloud they point to
// the camera at the origin already; else the normals given decide when they agree
// with each other, and neighbours agree among themselves when not.
func (v *view) orient(ctx context.Context, organised bool, given []float64, source []int32, workers int) error {
	if v.sided = organised; organised {
		return nil
	}
	if given != nil && v.follow(ctx, given, source, workers) {
		v.sided = true
		return nil
	}
	if err := pointcloud.OrientNormals(ctx, v.coarse, v.coarse.Normals, 0, workers); err != nil {
		return err
	}
	tree := pointcloud.NewTree(v.coarse)
	var near []pointcloud.Neighbor
	for i := range v.fine.Len() {
		near = tree.KNN(v.fine.At(i), 1, near)
		turnTo(v.fine.Normals[3*i:3*i+3], v.coarse.Normal(int(near[0].Index)))
	}
	return nil
}

// follow turns the normals to the side of those given and reports whether
// adjacent ones then agree.
func (v *view) follow(ctx context.Context, given []float64, source []int32, workers int) bool {
	for i := range v.fine.Len() {
		turnTo(v.fine.Normals[3*i:3*i+3], r3.Vector{X: given[3*i], Y: given[3*i+1], Z: given[3*i+2]})
	}
	for j, i := range source {
		copy(v.coarse.Normals[3*j:3*j+3], v.fine.Normals[3*i:3*i+3])
	}
	nb, err := pointcloud.FindNeighborhoods(ctx, v.coarse, pointcloud.Search{K: 5}, workers)
	if err != nil {
		return false // the next search says so again
	}
	pairs, apart := 0, 0
	for i := range v.coarse.Len() {
		for _, j := range nb.Of(i)[1:] {
			pairs++
			if v.coarse.Normal(i).Dot(v.coarse.Normal(int(j))) < 0 {
				apart++
			}
		}
	}
	return float64(apart) <= mixed*float64(pairs)
}

func turnTo(n []float64, side r3.Vector) {
	if side.Dot(r3.Vector{X: n[0], Y: n[1], Z: n[2]}) < 0 {
		n[0], n[1], n[2] = -n[0], -n[1], -n[2]
	}
}

// flipped returns the view with all normals turned round. The angle and the
// cosine of FPFH change sign with them, the other cosine does not: two of the
// three histograms are mirrored.
func (v *view) flipped() *view {
	turn := func(c *pointcloud.Cloud) *pointcloud.Cloud {
		d := *c
		d.Normals = make([]float64, len(c.Normals))
		for i, n := range c.Normals {
			d.Normals[i] = -n
		}
		return &d
	}
	const bins = fpfh.Dim / 3
	w := &view{fine: turn(v.fine), coarse: turn(v.coarse), rows: slices.Clone(v.rows), sided: v.sided}
	for i := 0; i < len(w.rows); i += fpfh.Dim {
		slices.Reverse(w.rows[i : i+bins])
		slices.Reverse(w.rows[i+2*bins : i+3*bins])
	}
	return w
}

// voxelFor returns the side of voxels that leave about the wished number of
// points of c, but not less than least.
func voxelFor(ctx context.Context, c *pointcloud.Cloud, points int, least float64) (float64, error) {
	lo, hi, _ := c.Bounds()
	diagonal := hi.Sub(lo).Norm()
	size := max(diagonal/50, least)
	for range 4 { // the number falls with the square of the side, nearly
		v, err := pointcloud.VoxelDown(ctx, c, pointcloud.VoxelOptions{Size: size})
		if err != nil {
			return 0, err
		}
		size = min(max(size*math.Sqrt(float64(v.Cloud.Len())/float64(points)), least, diagonal/5000), diagonal/5)
	}
	return size, nil
}
