package stl

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"sort"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/pointcloud"
)

// corner returns corner k of triangle i.
func (m *Mesh) corner(i, k int) r3.Vector {
	p := m.XYZ[9*i+3*k : 9*i+3*k+3]
	return r3.Vector{X: float64(p[0]), Y: float64(p[1]), Z: float64(p[2])}
}

// Vertices returns the corners as a cloud, each position once, in the order of
// their first triangle; −0 counts as 0. Those that are not finite are left out.
func (m *Mesh) Vertices() *pointcloud.Cloud {
	m.check()
	// An open-addressing table of 1 + the place of a corner in XYZ, at most half full.
	slots := make([]uint32, 1<<bits.Len(uint(2*len(m.XYZ)/3)))
	first := make([]bool, len(m.XYZ)/3)
	n := 0
	for i := range first {
		p := m.XYZ[3*i : 3*i+3]
		if p[0]-p[0] != 0 || p[1]-p[1] != 0 || p[2]-p[2] != 0 {
			continue
		}
		for at := hash(p); ; at++ {
			slot := &slots[at&uint64(len(slots)-1)]
			if *slot == 0 {
				*slot, first[i] = uint32(i)+1, true
				n++
				break
			}
			if q := m.XYZ[3*(*slot-1):][:3]; p[0] == q[0] && p[1] == q[1] && p[2] == q[2] {
				break
			}
		}
	}
	c := &pointcloud.Cloud{XYZ: make([]float32, 0, 3*n), Unit: m.Unit()}
	for i, f := range first {
		if f {
			c.XYZ = append(c.XYZ, m.XYZ[3*i:3*i+3]...)
		}
	}
	return c
}

// hash mixes the bits of a position; −0 as 0.
func hash(p []float32) uint64 {
	h := uint64(0)
	for _, v := range p {
		h = (h ^ uint64(math.Float32bits(v+0))) * 0x9e3779b97f4a7c15
		h ^= h >> 32
	}
	return h
}

// Sample returns n points of the surface with the normals of their triangles,
// drawn with equal probability per area. The same seed gives the same points.
// It fails with an error wrapping [ErrSurface] when the triangles have no area.
func (m *Mesh) Sample(n int, seed uint64) (*pointcloud.Cloud, error) {
	m.check()
	area := make([]float64, m.Len()) // summed up
	total := 0.0
	for i := range area {
		if a := length(m.cross(i)); a < math.MaxFloat64 { // not NaN
			total += a
		}
		area[i] = total
	}
	if !(total > 0) || total > math.MaxFloat64 {
		return nil, fmt.Errorf("%w: %d triangles without area", ErrSurface, m.Len())
	}
	c := &pointcloud.Cloud{XYZ: make([]float32, 0, 3*n), Normals: make([]float64, 0, 3*n), Unit: m.Unit()}
	rng := rand.New(rand.NewPCG(seed, 0))
	for range n {
		at := rng.Float64() * total
		i := sort.Search(len(area)-1, func(i int) bool { return area[i] > at })
		// Uniform in a triangle: Osada et al., Shape Distributions, 2002, §4.2.
		s, v := math.Sqrt(rng.Float64()), float64(rng.Float64())
		weights := [3]float64{1 - s, float64(s * (1 - v)), float64(s * v)}
		for k := range 3 {
			p := 0.0
			for corner, w := range weights {
				p += float64(w * float64(m.XYZ[9*i+3*corner+k]))
			}
			c.XYZ = append(c.XYZ, float32(p))
		}
		q := m.cross(i)
		l := length(q)
		c.Normals = append(c.Normals, q.X/l, q.Y/l, q.Z/l)
	}
	return c, nil
}

// cross returns twice the area of triangle i times its normal.
func (m *Mesh) cross(i int) r3.Vector {
	a, b := m.corner(i, 1).Sub(m.corner(i, 0)), m.corner(i, 2).Sub(m.corner(i, 0))
	return r3.Vector{
		X: float64(a.Y*b.Z) - float64(a.Z*b.Y),
		Y: float64(a.Z*b.X) - float64(a.X*b.Z),
		Z: float64(a.X*b.Y) - float64(a.Y*b.X),
	}
}

// length is v.Norm() with the same bits on every processor.
func length(v r3.Vector) float64 {
	return math.Sqrt(float64(v.X*v.X) + float64(v.Y*v.Y) + float64(v.Z*v.Z))
}

// bridge is how many times the median distance of neighbours in a row an edge of
// FromCloud's triangles may be long.
const bridge = 10

// FromCloud returns the surface of an organised cloud: two triangles for each
// four pixels in a square that are measured, one where three are, seen from the
// front by a camera that looks along +z. Those with an edge more than 10 times
// as long as the median distance of neighbours in a row are left out: they
// bridge a jump in depth. The offset is not added. It fails with an error
// wrapping [ErrSurface] when the cloud is not organised or has no such
// triangle.
func FromCloud(c *pointcloud.Cloud) (*Mesh, error) {
	if !c.Organised() {
		return nil, fmt.Errorf("%w: STL holds triangles, and a cloud that is not organised has none", ErrSurface)
	}
	limit := bridge * pitch(c)
	m := &Mesh{}
	if c.Unit == pointcloud.Millimetre {
		m.Name = "unit mm"
	}
	add := func(i, j, k int) {
		if !c.IsValid(i) || !c.IsValid(j) || !c.IsValid(k) {
			return
		}
		a, b, d := c.At(i), c.At(j), c.At(k)
		if max(length(a.Sub(b)), length(b.Sub(d)), length(d.Sub(a))) <= limit {
			for _, p := range []int{i, j, k} {
				m.XYZ = append(m.XYZ, c.XYZ[3*p:3*p+3]...)
			}
		}
	}
	w := c.Width
	for y := range c.Height - 1 {
		for x := range w - 1 {
			p := y*w + x
			if !c.IsValid(p) || !c.IsValid(p+w+1) { // the other diagonal
				add(p, p+w, p+1)
				add(p+1, p+w, p+w+1)
				continue
			}
			add(p, p+w, p+w+1)
			add(p, p+w+1, p+1)
		}
	}
	if m.Len() == 0 {
		return nil, fmt.Errorf("%w: no three measured pixels of %d×%d lie together", ErrSurface, c.Width, c.Height)
	}
	return m, nil
}

// pitch returns the median distance of measured neighbours in a row.
func pitch(c *pointcloud.Cloud) float64 {
	var d []float64
	for i := 1; i < c.Len(); i++ {
		if i%c.Width != 0 && c.IsValid(i) && c.IsValid(i-1) {
			d = append(d, length(c.At(i).Sub(c.At(i-1))))
		}
	}
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return d[len(d)/2]
}
