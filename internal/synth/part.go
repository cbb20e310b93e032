package synth

import (
	"math"

	"github.com/golang/geo/r3"
)

// colour is a linear RGB value; 1 reflects everything.
type colour [3]float64

func (c colour) scale(f float64) colour { return colour{c[0] * f, c[1] * f, c[2] * f} }

// toward moves c to d by the fraction t.
func (c colour) toward(d colour, t float64) colour {
	return colour{c[0] + float64(t*(d[0]-c[0])), c[1] + float64(t*(d[1]-c[1])), c[2] + float64(t*(d[2]-c[2]))}
}

func (c colour) luminance() float64 {
	return float64(0.2126*c[0]) + float64(0.7152*c[1]) + float64(0.0722*c[2])
}

// part is a solid in its own frame: millimetres, z up, standing on the table
// z = 0 around the z axis.
type part struct {
	name   string
	top    float64 // no point of it is higher
	radius float64 // nor further from the z axis
	solid  field
	albedo colour
	grain  r3.Vector // frequency of the surface texture along x and y, 1/mm; its depth in z
	gloss  float64   // strength of the highlight, 0 = matt
	bend   bend
}

// bend says how a part warps: what lies further than start·radius along a
// direction is moved along another by a parabola.
type bend struct {
	start    float64
	sideways bool // a shaft along x, bent to a side; else a plate lifted off the table in any direction
}

// catalogue lists the parts in the order of Parts.
func catalogue() []*part {
	return []*part{
		{name: "bracket", top: 21, radius: 46, solid: bracket, albedo: colour{0.33, 0.34, 0.36},
			grain: r3.Vector{X: 0.15, Y: 2.5, Z: 0.10}, gloss: 0.30, bend: bend{start: 0.2}},
		{name: "cap", top: 20.8, radius: 29, solid: bottleCap, albedo: colour{0.07, 0.17, 0.45},
			grain: r3.Vector{X: 0.3, Y: 0.3, Z: 0.04}, gloss: 0.22, bend: bend{start: 0.15}},
		{name: "gear", top: 12, radius: 36.5, solid: gear, albedo: colour{0.45, 0.31, 0.10},
			grain: r3.Vector{X: 0.1, Y: 1.8, Z: 0.08}, gloss: 0.3, bend: bend{start: 0.25}},
		{name: "gland", top: 36, radius: 39, solid: gland, albedo: colour{0.42, 0.43, 0.45},
			grain: r3.Vector{X: 0.4, Y: 0.4, Z: 0.05}, gloss: 0.15, bend: bend{start: 0, sideways: true}},
		{name: "washer", top: 7.8, radius: 39.5, solid: washer, albedo: colour{0.46, 0.13, 0.06},
			grain: r3.Vector{X: 1.2, Y: 1.2, Z: 0.08}, gloss: 0.06, bend: bend{start: 0.1}},
	}
}

// paint is the colour of the sound surface at p.
func (k *part) paint(seed uint64, p r3.Vector) colour {
	n := noise(seed, p.X*k.grain.X, p.Y*k.grain.Y) + float64(0.5*noise(seed+1, float64(p.X*k.grain.X*2.3)+p.Z, p.Y*k.grain.Y*2.3))
	return k.albedo.scale(1 + float64(k.grain.Z*n))
}

// bracket is an L of sheet metal with an upright tab, a pressed bead, one
// plain and one countersunk hole: no symmetry.
func bracket(p r3.Vector) float64 {
	// A rectangle less a rounded corner, the edges between them rounded too.
	a, b := max(-4-p.X, 0), max(4-p.Y, 0)
	corner := min(max(-4-p.X, 4-p.Y), 0) + length2(a, b) - 8
	plate := -blend(-rectangle(p.X, p.Y-2, 36, 28, 5), corner, 6)
	d := extrude(plate, p.Z-2.5, 2.5, 0.5)
	bead, _ := segment(p.X, p.Y, -24, -16, -24, 6)
	d = blend(d, length2(bead, p.Z-4)-3.2, 1)
	d = carve(d, length2(p.X+24, p.Y-19)-4)
	sink := length2(p.X-25, p.Y+15)
	d = carve(d, min(sink-4.5, (sink-4.5-(p.Z-2.5))*0.7))
	tab := extrude(rectangle(p.X-2, p.Z-10.5, 11, 10.5, 4), p.Y+24, 2, 0.4)
	return blend(d, tab, 2)
}

// bottleCap is a domed screw cap with a knurled side, a groove and three raised
// bars: 3-fold by its mark, 48-fold by its knurls.
func bottleCap(p r3.Vector) float64 {
	const curvature = 75 // radius of the dome
	r := length2(p.X, p.Y)
	if r > 31 {
		return max(r-29, p.Z-20.8)
	}
	dome := math.Sqrt(float64(r*r)+float64((p.Z+curvature-19.6)*(p.Z+curvature-19.6))) - curvature
	side := r - 27.6
	if r > 24 && p.Z < 17 {
		side += float64(0.55 * math.Cos(48*math.Atan2(p.Y, p.X)) * ramp(16, 14, p.Z))
		side *= 0.65 // the knurls' slope
	}
	d := -blend(-dome, -side, 3)               // a rounded shoulder
	d = carve(d, (length2(r-20, dome)-1)*0.88) // the two lengths are not at right angles
	if r < 17 && p.Z > 15 {
		x, y := sector(p.X, p.Y, 3)
		bar, _ := segment(x, y, 5, 0, 13, 0)
		d = blend(d, max(bar-2, dome-0.9), 0.5)
	}
	return max(d, -p.Z)
}

// gear is a spur gear with 18 teeth, a recessed web with six holes, a hub and a
// bore: 6-fold.
func gear(p r3.Vector) float64 {
	const root, tip = 31.0, 36.0
	r := length2(p.X, p.Y)
	wheel := r - root
	if r > root-2 {
		x, y := sector(p.X, p.Y, 18)
		// Flanks lean by 20°, as on a common rack.
		tooth := max(x-tip, float64(math.Abs(y)*0.94)+float64((x-root)*0.34)-3.2)
		wheel = min(wheel, tooth)
	}
	d := extrude(wheel, p.Z-4.5, 4.5, 0.4)
	d = carve(d, extrude(math.Abs(r-19.5)-7, p.Z-8, 3.2, 0.6))
	d = min(d, extrude(r-11, p.Z-6, 6, 0.5))
	if r > 12 && r < 27 {
		x, y := sector(p.X, p.Y, 6)
		d = carve(d, length2(x-19.5, y)-3.6)
	}
	return carve(d, r-6)
}

// gland is a cable gland lying on a flat of its hexagon: a cap nut, a collar, a
// second hexagon, a thread and slotted fingers around a bore.
func gland(p r3.Vector) float64 {
	const apothem = 17.0
	z := p.Z - apothem
	r := length2(p.Y, z)
	if r > 22 {
		return r - 20
	}
	hex := hexagon(p.Y, z, apothem)
	chamfer := func(x, half float64) float64 {
		return max(hex, math.Abs(x)-half, (r+float64(0.6*math.Abs(x))-18.9-float64(0.6*half))*0.857)
	}
	d := chamfer(p.X+20, 6)
	d = min(d, chamfer(p.X+5.5, 4))
	d = min(d, extrude(r-14.5, p.X+11, 5, 0.5))
	d = min(d, extrude(r-15.5, p.X+27, 3, 1.5))
	if p.X > -4 {
		thread := max(r-12.7, p.X-23, -2-p.X)
		if r > 11 {
			// A helix of 4 mm pitch; 0.7 makes up for its slope.
			groove := float64(0.65 * math.Cos(float64(2*math.Pi*p.X/4)+math.Atan2(p.Y, z)))
			thread = max((r-12.2+groove)*0.7, p.X-23, -2-p.X)
		}
		d = min(d, thread)
	}
	if p.X > 18 {
		finger := extrude(r-11, p.X-27, 8, 0.6)
		x, y := sector(p.Y, z, 12)
		slot := max(math.Abs(y)-1.1, 25.5-p.X, 6-x)
		d = min(d, carve(finger, slot))
	}
	return carve(d, r-8.3)
}

// washer is a flat ring with a sealing bead: any rotation leaves it as it is.
func washer(p r3.Vector) float64 {
	r := length2(p.X, p.Y)
	ring := rectangle(r-28.5, p.Z-2.75, 10.5, 2.75, 0.9)
	bead := length2(r-28.5, p.Z-5.2) - 2.4
	return blend(ring, bead, 0.8)
}
