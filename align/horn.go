package align

import (
	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/pointcloud"
)

// pair is a point of the cloud and the point of the reference that it may be.
type pair struct{ p, q r3.Vector }

// times returns f·v. Unlike Mul's, its products cannot be fused with a sum that
// they feed, and every processor gets the same bits.
func times(v r3.Vector, f float64) r3.Vector {
	return r3.Vector{X: float64(f * v.X), Y: float64(f * v.Y), Z: float64(f * v.Z)}
}

// horn returns the rigid motion that brings the p of the listed pairs nearest to
// their q, by least squares (Horn 1987, "Closed-form solution of absolute
// orientation using unit quaternions").
func horn(pairs []pair, idx []int32) pointcloud.Rigid {
	var pm, qm r3.Vector
	for _, i := range idx {
		pm, qm = pm.Add(pairs[i].p), qm.Add(pairs[i].q)
	}
	n := 1 / float64(len(idx))
	pm, qm = times(pm, n), times(qm, n)
	var s [3]r3.Vector // sums of products: row x, y, z of p against q
	for _, i := range idx {
		p, q := pairs[i].p.Sub(pm), pairs[i].q.Sub(qm)
		s[0] = s[0].Add(times(q, p.X))
		s[1] = s[1].Add(times(q, p.Y))
		s[2] = s[2].Add(times(q, p.Z))
	}
	a, b, c := s[1].Z-s[2].Y, s[2].X-s[0].Z, s[0].Y-s[1].X
	d, e, f := s[0].Y+s[1].X, s[2].X+s[0].Z, s[1].Z+s[2].Y
	_, vectors := eigen([]float64{
		s[0].X + s[1].Y + s[2].Z, a, b, c,
		a, s[0].X - s[1].Y - s[2].Z, d, e,
		b, d, s[1].Y - s[0].X - s[2].Z, f,
		c, e, f, s[2].Z - s[0].X - s[1].Y,
	}, 4)
	v := vectors[12:]
	g := pointcloud.FromQuaternion(v[0], v[1], v[2], v[3], r3.Vector{})
	g.T = qm.Sub(g.Rotate(pm))
	return g
}
