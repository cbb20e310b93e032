package synth

import (
	"math"
	"math/rand/v2"

	"github.com/golang/geo/r3"
)

// flaw is one defect of one part, in the part's frame. Outside the ball around
// centre the part's surface and colour are as they were.
type flaw struct {
	centre r3.Vector
	reach  float64            // radius of the ball, mm
	rise   float64            // how far the part may now stick out of its top and radius
	params map[string]float64 // what was drawn, for the record; millimetres and degrees
	solid  field              // the part with the defect
	stain  func(p r3.Vector) float64
	dye    colour
}

// paint is the colour of the part at p, the stain included.
func (f *flaw) paint(k *part, seed uint64, p r3.Vector) colour {
	c := k.paint(seed, p)
	if f == nil || f.stain == nil {
		return c
	}
	return c.toward(f.dye, f.stain(p))
}

// spot is where a flaw is put: a point of the surface, its normal and two
// tangents, with what the flaw's numbers are drawn from.
type spot struct {
	part    *part
	at      r3.Vector
	n, u, v r3.Vector
	rng     *rand.Rand
}

func newSpot(k *part, at, n r3.Vector, rng *rand.Rand) spot {
	u := n.Ortho()
	turn := 2 * math.Pi * rng.Float64()
	v := n.Cross(u)
	s, c := math.Sincos(turn)
	u, v = move(u.Mul(c), v, s), move(v.Mul(c), u, -s)
	return spot{part: k, at: at, n: n, u: u, v: v, rng: rng}
}

// between draws a number from [lo, hi).
func (s spot) between(lo, hi float64) float64 { return lo + float64((hi-lo)*s.rng.Float64()) }

// local returns p along the two tangents and the normal.
func (s spot) local(p r3.Vector) (u, v, n float64) {
	q := p.Sub(s.at)
	return q.Dot(s.u), q.Dot(s.v), q.Dot(s.n)
}

// place says where a kind of defect may sit.
type place uint8

const (
	onFace place = iota // on a surface that camera and projector see well
	onRim               // where the part's outline meets the table
	onBody              // anywhere: the defect is of the whole part
)

// kind is one kind of defect.
type kind struct {
	name  string
	place place
	make  func(s spot) *flaw
}

// kinds lists the defects in the order of Defects.
func kinds() []kind {
	return []kind{
		{"bent", onBody, bent},
		{"bump", onFace, bump},
		{"crack", onFace, crack},
		{"dent", onFace, dent},
		{"hole", onFace, hole},
		{"missing", onRim, missing},
		{"stained", onFace, stained},
	}
}

// hollow is the smooth bell (1−ρ²)² over an ellipse of half axes a and b in the
// tangent plane: 1 in its middle, 0 from its edge on.
func (s spot) hollow(p r3.Vector, a, b float64) float64 {
	u, v, n := s.local(p)
	c := max(a, b)
	rest := 1 - u*u/(a*a) - v*v/(b*b) - n*n/(c*c)
	if rest <= 0 {
		return 0
	}
	return rest * rest
}

// dent presses the surface in.
func dent(s spot) *flaw {
	a := s.between(3.2, 6.5)
	b := a * s.between(0.7, 1)
	depth := min(s.between(0.7, 2), 0.4*b)
	base := s.part.solid
	return &flaw{
		centre: s.at, reach: a,
		params: map[string]float64{"depth": depth, "radius_u": a, "radius_v": b},
		solid: func(p r3.Vector) float64 {
			d := base(p)
			if w := s.hollow(p, a, b); w > 0 {
				return (d + float64(depth*w)) * 0.6 // the bell's slope adds up to 0.65
			}
			return d
		},
	}
}

// bump raises the surface.
func bump(s spot) *flaw {
	a := s.between(2.6, 5)
	b := a * s.between(0.7, 1)
	height := min(s.between(0.7, 1.8), 0.4*b)
	base := s.part.solid
	return &flaw{
		centre: s.at, reach: a, rise: height,
		params: map[string]float64{"height": height, "radius_u": a, "radius_v": b},
		solid: func(p r3.Vector) float64 {
			d := base(p)
			if away := p.Sub(s.at).Norm() - a; away > 0 {
				// The bump may be nearer than the part: at best `away`, and
				// never by more than its height.
				return min(d, max(d-height, away+0.05))
			}
			return max((d-float64(height*s.hollow(p, a, b)))*0.6, d-height)
		},
	}
}

// hole drills into the part, or through it where it is thin.
func hole(s spot) *flaw {
	r := s.between(1.5, 3)
	depth := s.between(3, 8)
	phase := s.between(0, 2*math.Pi)
	base := s.part.solid
	return &flaw{
		centre: s.at, reach: length2(1.2*r, depth),
		params: map[string]float64{"radius": r, "depth": depth},
		solid: func(p r3.Vector) float64 {
			u, v, n := s.local(p)
			d := length2(u, v)
			if d > 2*r {
				return base(p)
			}
			wall := float64(r * (1 + float64(0.08*math.Sin(float64(3*math.Atan2(v, u))+phase)))) // a ragged edge
			return carve(base(p), max((d-wall)*0.9, -depth-n, n-r))
		},
	}
}

// crack is a jagged groove that follows the surface and narrows to its bottom
// and ends.
func crack(s spot) *flaw {
	const deep = 6.0 // the groove keeps to what lies this near to the tangent plane
	type corner struct{ u, v, along float64 }
	width, depth := s.between(0.55, 0.95), s.between(1, 2.5)
	size := s.between(12, 24)
	heading := 0.0
	line := []corner{{u: -size / 2}}
	for last := line[0]; last.along < size; {
		step := min(s.between(1.5, 4), size-last.along+0.1)
		heading = float64(0.6*heading) + s.between(-0.8, 0.8)
		sin, cos := math.Sincos(heading)
		last = corner{last.u + float64(step*cos), last.v + float64(step*sin), last.along + step}
		line = append(line, last)
	}
	total := line[len(line)-1].along
	reach := 0.0
	for _, c := range line {
		reach = max(reach, length2(c.u, c.v)+width)
	}
	base := s.part.solid
	return &flaw{
		centre: s.at, reach: length2(reach, deep),
		params: map[string]float64{"length": total, "width": 2 * width, "depth": depth},
		solid: func(p r3.Vector) float64 {
			d := base(p)
			u, v, n := s.local(p)
			if length2(u, v) > reach+1 || math.Abs(n) > deep {
				return d
			}
			side, at := math.Inf(1), 0.0
			for i := 1; i < len(line); i++ {
				a, b := line[i-1], line[i]
				if e, t := segment(u, v, a.u, a.v, b.u, b.v); e < side {
					side, at = e, (a.along+float64(t*(b.along-a.along)))/total
				}
			}
			half := float64(width * (0.35 + float64(2.6*at*(1-at))) * (1 + float64(0.6*min(max(d/depth, -1), 0))))
			return carve(d, max(side-half, -d-depth)*0.7)
		},
	}
}

// missing breaks a piece out of the outline, all the way down to the table.
func missing(s spot) *flaw {
	r := s.between(4.5, 8)
	phase, lean := s.between(0, 2*math.Pi), s.between(-0.15, 0.15)
	top := s.part.top
	base := s.part.solid
	return &flaw{
		centre: r3.Vector{X: s.at.X, Y: s.at.Y, Z: top / 2},
		reach:  length2(float64(1.3*r)+float64(0.15*top), top/2),
		params: map[string]float64{"radius": r},
		solid: func(p r3.Vector) float64 {
			d := base(p)
			x, y := p.X-s.at.X+float64(lean*(p.Z-float64(top/2))), p.Y-s.at.Y
			far := length2(x, y)
			if far > 1.5*r || d > 2 {
				return d
			}
			a := math.Atan2(y, x)
			edge := 1 + float64(0.1*math.Sin(float64(3*a)+phase)) + float64(0.06*math.Sin(float64(7*a)-float64(2*phase)+float64(0.8*p.Z))) + float64(0.03*math.Sin(1.9*p.Z))
			return max(d, (float64(r*edge)-far)*0.6)
		},
	}
}

// bent warps the part to one side by a parabola.
func bent(s spot) *flaw {
	k := s.part
	dir, shift := r3.Vector{X: 1}, r3.Vector{Z: 1}
	amount := s.between(2, 4.5)
	angle := s.between(-math.Pi, math.Pi)
	sin, cos := math.Sincos(angle)
	if k.bend.sideways {
		shift = r3.Vector{Y: cos, Z: math.Abs(sin)}
	} else {
		dir = r3.Vector{X: cos, Y: sin}
	}
	start := float64(k.bend.start * k.radius)
	arm := k.radius - start
	rate := amount / (arm * arm)
	base := k.solid
	return &flaw{
		centre: r3.Vector{Z: k.top / 2}, reach: length2(k.radius, k.top) + amount, rise: amount,
		params: map[string]float64{"amount": amount, "direction": angle * 180 / math.Pi, "start": start},
		solid: func(p r3.Vector) float64 {
			along := p.Dot(dir) - start
			if along <= 0 {
				// Only the bent half can be nearer than the field says.
				return base(p) * 0.75
			}
			along = min(along, 1.2*arm)
			return base(move(p, shift, -rate*along*along)) * 0.75
		},
	}
}

// stained leaves a patch of another colour; the surface is as it was.
func stained(s spot) *flaw {
	r := s.between(3.5, 7)
	seed := s.rng.Uint64()
	dyes := []colour{{0.035, 0.025, 0.02}, {0.20, 0.08, 0.03}, {0.62, 0.60, 0.52}}
	dye := dyes[s.rng.IntN(len(dyes))]
	return &flaw{
		centre: s.at, reach: 1.5 * r, solid: s.part.solid, dye: dye,
		params: map[string]float64{"radius": r, "dye_red": dye[0], "dye_green": dye[1], "dye_blue": dye[2]},
		stain: func(p r3.Vector) float64 {
			u, v, n := s.local(p)
			edge := float64(r * (1 + float64(0.3*noise(seed, u*0.35, v*0.35)) + float64(0.12*noise(seed+1, u*1.1, v*1.1))))
			far := math.Sqrt(float64(u*u) + float64(v*v) + float64(n*n))
			return 0.85 * ramp(edge, edge-0.8, far)
		},
	}
}
