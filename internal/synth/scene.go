package synth

import (
	"context"
	"math"
	"math/rand/v2"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/internal/parallel"
)

// The rig, in millimetres: a camera above the table and a projector beside it.
const (
	standoff = 450.0 // from the camera to the table
	view     = 112.0 // side of the square of the table that the camera sees
)

// projector is where the fringes come from, in the camera's frame.
var projector = r3.Vector{X: -135, Y: -25}

// TruthEpsilon is the change of depth, in millimetres, from which on a pixel of
// the noiseless rendering counts as defective; about the noise of the sensor.
const TruthEpsilon = 0.1

// stainEpsilon is the same for the colour, whose channels go from 0 to 1.
const stainEpsilon = 0.02

// pose places a part before the camera: its axes and its origin in the camera's
// frame (x right, y down, z forward).
type pose struct {
	x, y, z r3.Vector
	origin  r3.Vector
}

// newPose turns the part by angle on the table, moves it there by (dx, dy),
// and tilts table and part together by rx and ry, all in radians and mm.
func newPose(angle, dx, dy, rx, ry, away float64) pose {
	tilt := func(v r3.Vector) r3.Vector {
		s, c := math.Sincos(rx)
		v.Y, v.Z = float64(c*v.Y)-float64(s*v.Z), float64(s*v.Y)+float64(c*v.Z)
		s, c = math.Sincos(ry)
		v.X, v.Z = float64(c*v.X)+float64(s*v.Z), float64(c*v.Z)-float64(s*v.X)
		return v
	}
	s, c := math.Sincos(angle)
	// The table's y and z axes point against the camera's.
	q := pose{
		x:      tilt(r3.Vector{X: c, Y: -s}),
		y:      tilt(r3.Vector{X: -s, Y: -c}),
		z:      tilt(r3.Vector{Z: -1}),
		origin: tilt(r3.Vector{X: dx, Y: -dy}),
	}
	q.origin.Z += away
	return q
}

// toPart turns a direction of the camera's frame into the part's.
func (q *pose) toPart(v r3.Vector) r3.Vector {
	return r3.Vector{X: q.x.Dot(v), Y: q.y.Dot(v), Z: q.z.Dot(v)}
}

// scene is one part in front of the camera.
type scene struct {
	part *part
	pose pose
	size int     // pixels per side
	f    float64 // focal length, pixels
	eye  r3.Vector
	lamp r3.Vector // camera and projector in the part's frame
}

// newScene draws a pose.
func newScene(k *part, size int, rng *rand.Rand) *scene {
	spread := func(a float64) float64 { return float64(a * symmetric(rng)) }
	const degree = math.Pi / 180
	s := &scene{part: k, size: size, f: focal(size)}
	s.pose = newPose(spread(20*degree), spread(4), spread(4), spread(2*degree), spread(2*degree), standoff+spread(4))
	s.eye = s.pose.toPart(s.pose.origin.Mul(-1))
	s.lamp = s.pose.toPart(projector.Sub(s.pose.origin))
	return s
}

// symmetric draws a number from [-1, 1). Float64 ends in a product.
func symmetric(rng *rand.Rand) float64 { return float64(2*float64(rng.Float64())) - 1 }

// focal is the focal length in pixels of an image of size×size pixels.
func focal(size int) float64 { return float64(size) * standoff / view }

// ray returns pixel (y, x)'s ray in the camera's frame, of unit length in z, so
// that depth times ray is the point. Pixel centres have whole coordinates.
func (s *scene) ray(y, x int) r3.Vector {
	c := float64(float64(s.size-1) / 2)
	return r3.Vector{X: (float64(x) - c) / s.f, Y: (float64(y) - c) / s.f, Z: 1}
}

// frame is a noiseless rendering. depth is along the optical axis in mm, finite
// everywhere: what is not the part is the table.
type frame struct {
	depth  []float64
	onPart []bool
}

// render traces the sound part, or with a flaw the defective one. sound, needed
// with a flaw, is the rendering without it: only rays that pass through the
// flaw's ball are traced again.
func (s *scene) render(ctx context.Context, fl *flaw, sound *frame, workers int) (*frame, error) {
	n := s.size
	out := &frame{depth: make([]float64, n*n), onPart: make([]bool, n*n)}
	b := s.body(fl)
	if fl != nil {
		copy(out.depth, sound.depth)
		copy(out.onPart, sound.onPart)
	}
	err := parallel.For(ctx, n, 4, workers, func(_, lo, hi int) {
		for y := lo; y < hi; y++ {
			for x := range n {
				d := s.pose.toPart(s.ray(y, x))
				if fl != nil && !meets(s.eye, d, fl.centre, fl.reach) {
					continue
				}
				i := y*n + x
				if t, hit := b.trace(s.eye, d); hit {
					out.depth[i], out.onPart[i] = t, true
				} else {
					out.depth[i], out.onPart[i] = -s.eye.Z/d.Z, false
				}
			}
		}
	})
	return out, err
}

// point returns pixel i of a rendering in the part's frame.
func (s *scene) point(f *frame, i int) r3.Vector {
	return move(s.eye, s.pose.toPart(s.ray(i/s.size, i%s.size)), f.depth[i])
}

// meets reports whether the line o + t·d passes through a ball.
func meets(o, d, centre r3.Vector, radius float64) bool {
	q := centre.Sub(o)
	t := q.Dot(d) / d.Norm2()
	return move(q, d, -t).Norm2() <= radius*radius
}

// body is a solid inside a cylinder that stands on the table.
type body struct {
	solid       field
	top, radius float64
}

// body returns the solid in front of the camera; fl is nil for a sound part.
func (s *scene) body(fl *flaw) *body {
	if fl == nil {
		return &body{s.part.solid, s.part.top, s.part.radius}
	}
	return &body{fl.solid, s.part.top + fl.rise, s.part.radius + fl.rise}
}

// trace walks the ray o + t·d, t ≥ 0, to where it enters the solid (sphere
// tracing: Hart 1996). It gives up where the ray leaves the cylinder around it.
//
// Only a change of sign counts as a hit, which is then located by false
// position. To stop at a small distance instead, as is usual, would be off by a
// tenth of a millimetre and more on walls along the line of sight.
func (b *body) trace(o, d r3.Vector) (t float64, hit bool) {
	const (
		creep = 0.004 // mm: the least step, so the deepest cut through an edge that is overlooked
		near  = 1e-5  // mm: a surface is reached
		steps = 2000
	)
	t, end, ok := b.span(o, d)
	if !ok {
		return 0, false
	}
	scale := 1 / d.Norm()
	before, out := t, 0.0
	for range steps {
		if t > end {
			return 0, false
		}
		e := b.solid(move(o, d, t))
		if e < 0 {
			break
		}
		before, out = t, e
		t += float64(max(e, creep) * scale)
	}
	in := b.solid(move(o, d, t))
	if in >= 0 { // out of steps
		return 0, false
	}
	for range 20 {
		m := before + (t-before)*out/(out-in)
		e := b.solid(move(o, d, m))
		if e < 0 {
			t, in = m, e
		} else {
			before, out = m, e
		}
		if math.Abs(e) < near {
			return m, true
		}
	}
	return t, true
}

// span returns the part of the ray o + t·d, t ≥ 0, inside the cylinder.
func (b *body) span(o, d r3.Vector) (t, end float64, ok bool) {
	if d.Z == 0 {
		return 0, 0, false
	}
	t, end = (b.top-o.Z)/d.Z, -o.Z/d.Z
	if t > end {
		t, end = end, t
	}
	across := float64(d.X*d.X) + float64(d.Y*d.Y)
	outside := float64(o.X*o.X) + float64(o.Y*o.Y) - float64(b.radius*b.radius)
	if across == 0 {
		return max(t, 0), end, outside <= 0
	}
	half := float64(o.X*d.X) + float64(o.Y*d.Y)
	root := float64(half*half) - float64(across*outside)
	if root < 0 {
		return 0, 0, false
	}
	root = math.Sqrt(root)
	t, end = max(t, (-half-root)/across, 0), min(end, (-half+root)/across)
	return t, end, t <= end
}

// lit reports whether the projector sees a point of the scene.
func (s *scene) lit(b *body, p, normal r3.Vector) bool {
	from := move(p, normal, 0.3)
	_, hit := b.trace(from, s.lamp.Sub(from))
	return !hit
}

// differences lists, ascending, the pixels at which two noiseless renderings of
// the same pose differ: the ground truth of the flaw.
func (s *scene) differences(sound, bad *frame, fl *flaw, seed uint64) []int {
	var at []int
	for i, z := range bad.depth {
		if math.Abs(z-sound.depth[i]) > TruthEpsilon {
			at = append(at, i)
		} else if fl.stain != nil && bad.onPart[i] {
			p := s.point(bad, i)
			if p.Sub(fl.centre).Norm() > fl.reach {
				continue
			}
			a, b := s.part.paint(seed, p), fl.paint(s.part, seed, p)
			if max(math.Abs(a[0]-b[0]), math.Abs(a[1]-b[1]), math.Abs(a[2]-b[2])) > stainEpsilon {
				at = append(at, i)
			}
		}
	}
	return at
}
