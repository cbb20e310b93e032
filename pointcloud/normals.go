package pointcloud

import (
	"context"
	"math"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/internal/parallel"
	"github.com/iad3d/iad3d/internal/simd"
)

// Orientation says what decides the sign of a normal.
type Orientation uint8

const (
	// OrientViewpoint turns normals towards NormalOptions.Viewpoint, by default
	// the origin: the camera of a depth sensor.
	OrientViewpoint Orientation = iota
	// OrientNone leaves the sign to the eigenvector's construction, which is
	// Open3D's, sign for sign. BTF works on such normals.
	OrientNone
)

// DefaultNormalK is the number of neighbours a normal is fitted to when
// NormalOptions.Search is zero: BTF's.
const DefaultNormalK = 30

// NormalOptions chooses the neighbours and the sign of normals. The zero value
// fits 30 nearest neighbours and turns normals towards the origin.
type NormalOptions struct {
	Search      Search
	Orientation Orientation
	Viewpoint   r3.Vector
	// Undefined follows PCL where a point has fewer than 3 neighbours or
	// neighbours on one line: its normal is NaN. Without it such a point gets
	// Open3D's answer, a vector that is always finite.
	Undefined bool
	// Neighborhoods saves the search when it covers Search.
	Neighborhoods *Neighborhoods
	Workers       int // ≤ 0: GOMAXPROCS
}

// collinearRatio is the ratio of the middle to the largest eigenvalue of a
// neighbourhood's covariance below which its points count as lying on one line.
const collinearRatio = 1e-12

// EstimateNormals returns 3·N components: at each valid point the unit normal
// of the plane fitted to its neighbours by total least squares, zero at invalid
// points. Neighbourhoods of fewer than three points give (0,0,1) before
// orientation.
//
// It follows Open3D 0.16.1 EstimateNormals: directions agree to 1e-15 and, with
// OrientNone, signs do wherever rounding does not decide them.
func EstimateNormals(ctx context.Context, c *Cloud, o NormalOptions) ([]float64, error) {
	if o.Search == (Search{}) {
		o.Search.K = DefaultNormalK
	}
	nb, err := o.Neighborhoods.Narrow(ctx, c, o.Search, o.Workers)
	if err != nil {
		return nil, err
	}
	normals := make([]float64, 3*c.Len())
	err = parallel.For(ctx, len(nb.order), searchChunk, o.Workers, func(_, lo, hi int) {
		for _, i := range nb.order[lo:hi] {
			list := nb.lists[i]
			var n r3.Vector
			cov, flat := covariance(c, list), len(list) < 3
			if o.Undefined && (flat || cov.collinear()) {
				n = r3.Vector{X: math.NaN(), Y: math.NaN(), Z: math.NaN()}
			} else {
				n = cov.smallestEigenvector()
				if n == (r3.Vector{}) {
					n.Z = 1
				}
				if o.Orientation == OrientViewpoint && n.Dot(o.Viewpoint.Sub(c.At(int(i)))) < 0 {
					n = n.Mul(-1)
				}
			}
			normals[3*i], normals[3*i+1], normals[3*i+2] = n.X, n.Y, n.Z
		}
	})
	if err != nil {
		return nil, err
	}
	return normals, nil
}

// covariance is the mean of products minus the product of means, in the
// reference's order of operations; the identity for fewer than 3 points.
func covariance(c *Cloud, list []int32) symmetric3 {
	if len(list) < 3 {
		return symmetric3{xx: 1, yy: 1, zz: 1}
	}
	var sums [9]float64
	simd.Moments(c.XYZ, list, &sums)
	x, y, z, xx, xy, xz, yy, yz, zz := sums[0], sums[1], sums[2], sums[3], sums[4], sums[5], sums[6], sums[7], sums[8]
	n := float64(len(list))
	x, y, z = x/n, y/n, z/n
	return symmetric3{
		xx: xx/n - float64(x*x), xy: xy/n - float64(x*y), xz: xz/n - float64(x*z),
		yy: yy/n - float64(y*y), yz: yz/n - float64(y*z), zz: zz/n - float64(z*z),
	}
}

// collinear reports whether the covariance has one direction only: the sum of
// its principal 2×2 minors (λ1λ2 + λ1λ3 + λ2λ3) is negligible beside the
// square of its trace.
func (m *symmetric3) collinear() bool {
	minors := float64(m.xx*m.yy) - float64(m.xy*m.xy) + float64(m.xx*m.zz) - float64(m.xz*m.xz) + float64(m.yy*m.zz) - float64(m.yz*m.yz)
	trace := m.xx + m.yy + m.zz
	return minors <= collinearRatio*trace*trace
}
