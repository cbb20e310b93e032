package synth

import (
	"context"
	"image"
	"math"
	"math/rand/v2"

	"github.com/golang/geo/r3"

	"github.com/iad3d/iad3d/internal/parallel"
	"github.com/iad3d/iad3d/pointcloud"
)

// sensor is one shot's state of the fringe projector and camera.
type sensor struct {
	seed      uint64  // of the noise of every pixel
	texture   uint64  // of the part's surface
	table     uint64  // of the table's
	ripple    float64 // phase of the error that the fringes leave
	gain      float64 // exposure
	warmth    float64 // white balance
	lampPower float64
}

func newSensor(rng *rand.Rand) *sensor {
	spread := func(a float64) float64 { return 1 + float64(a*symmetric(rng)) }
	return &sensor{
		seed: rng.Uint64(), texture: rng.Uint64(), table: rng.Uint64(), ripple: 2 * math.Pi * rng.Float64(),
		gain: spread(0.05), warmth: spread(0.02), lampPower: spread(0.05),
	}
}

// shot is the state of one pixel on its way through the sensor.
type shot struct {
	p, n    r3.Vector // part frame
	surface colour
	gloss   float64
	facing  float64 // cosine between normal and camera
	facingP float64 // and projector
	shine   float64 // highlight of the projector's light, 0 to 1
	lit     bool
}

// look gathers what the sensor sees at pixel i of a rendering.
func (s *scene) look(f *frame, fl *flaw, b *body, c *sensor, i int) shot {
	var h shot
	h.p = s.point(f, i)
	if f.onPart[i] {
		h.n = gradient(b.solid, h.p)
		h.surface = fl.paint(s.part, c.texture, h.p)
		h.gloss = s.part.gloss
	} else {
		h.n = r3.Vector{Z: 1}
		h.surface = tablePaint(c.table, h.p)
	}
	toEye, toLamp := s.eye.Sub(h.p).Normalize(), s.lamp.Sub(h.p).Normalize()
	if h.facing = h.n.Dot(toEye); h.facing < 0 { // a crease: the samples lie on two sides of it
		h.n, h.facing = toEye, 1
	}
	h.facingP = max(h.n.Dot(toLamp), 0)
	h.lit = h.facingP > 0 && s.lit(b, h.p, h.n)
	if h.lit {
		h.shine = math.Pow(max(h.n.Dot(toEye.Add(toLamp).Normalize()), 0), 140)
	}
	return h
}

// tablePaint is the dark, slightly mottled cloth of the table.
func tablePaint(seed uint64, p r3.Vector) colour {
	weave := float64(0.10*noise(seed, p.X*1.1, p.Y*1.1)) + float64(0.18*noise(seed+1, p.X*0.06, p.Y*0.06))
	return colour{0.034, 0.037, 0.042}.scale(1 + weave)
}

// shade returns the light that reaches the camera from a pixel: a lamp beside
// the projector, a ring around the lens and light from the room.
func (c *sensor) shade(h *shot) colour {
	light := 0.16 + float64(0.38*h.facing)
	if h.lit {
		light += float64(0.62 * h.facingP * c.lampPower)
	}
	v := h.surface.scale(light)
	for k := range v {
		v[k] += float64(h.gloss * h.shine * 1.5)
	}
	return v
}

// The measuring error, in millimetres.
const (
	depthNoise  = 0.045 // standard deviation at the standoff, facing the camera, on a bright surface
	rippleNoise = 0.015 // amplitude of the fringes' error
	jump        = 1.2   // between neighbours, from which on a pixel mixes two surfaces
)

// measure returns the depth the sensor reports at pixel i, and false where it
// reports none. Each pixel has a random source of its own, so that neither the
// number of workers nor a flaw elsewhere moves the noise.
func (s *scene) measure(f *frame, c *sensor, h *shot, sound colour, rng *rand.Rand, i int) (float64, bool) {
	chance, blendIn, gauss := rng.Float64(), rng.Float64(), rng.NormFloat64()
	z := f.depth[i]
	if !h.lit {
		return 0, false
	}
	// What the fringes' contrast suffers from: dark or turned surfaces and glare.
	// A stain is left out: that defect is one of colour alone.
	signal := float64(sound.luminance() * h.facingP)
	lost := 0.003 + float64(0.16*math.Exp(-signal/0.035)) +
		float64(0.9*ramp(0.30, 0.08, h.facingP)) + float64(0.9*ramp(0.25, 0.08, h.facing)) +
		float64(0.8*ramp(0.5, 0.9, float64(3*h.gloss*h.shine)))
	if near, step := s.neighbour(f, i); step > jump {
		lost += 0.35
		if blendIn < 0.12 {
			z += (near - z) * blendIn / 0.12
		}
	}
	if chance < lost {
		return 0, false
	}
	sigma := depthNoise * (z / standoff) * (z / standoff) / max(h.facing, 0.2) * (1 + 0.02/(signal+0.02))
	z += float64(sigma*gauss) + float64(rippleNoise*math.Sin(0.9*float64(i%s.size)*224/float64(s.size)+float64(0.35*z)+c.ripple))
	return z, true
}

// neighbour returns the depth of the direct neighbour of pixel i that differs
// most, and by how much.
func (s *scene) neighbour(f *frame, i int) (depth, step float64) {
	y, x, n := i/s.size, i%s.size, s.size
	try := func(j int) {
		if e := math.Abs(f.depth[j] - f.depth[i]); e > step {
			depth, step = f.depth[j], e
		}
	}
	if x > 0 {
		try(i - 1)
	}
	if x < n-1 {
		try(i + 1)
	}
	if y > 0 {
		try(i - n)
	}
	if y < n-1 {
		try(i + n)
	}
	return depth, step
}

// capture takes the shot: the cloud in metres and the colour image.
func (s *scene) capture(ctx context.Context, f *frame, fl *flaw, c *sensor, workers int) (*pointcloud.Cloud, *image.NRGBA, error) {
	n := s.size
	cloud := &pointcloud.Cloud{XYZ: make([]float32, 3*n*n), Valid: make([]bool, n*n), Width: n, Height: n}
	light := make([]colour, n*n)
	b := s.body(fl)
	err := parallel.For(ctx, n, 4, workers, func(_, lo, hi int) {
		var source rand.PCG
		rng := rand.New(&source)
		for i := lo * n; i < hi*n; i++ {
			h := s.look(f, fl, b, c, i)
			light[i] = c.shade(&h)
			sound := h.surface
			if f.onPart[i] {
				sound = s.part.albedo
			}
			source.Seed(c.seed, uint64(i))
			if z, ok := s.measure(f, c, &h, sound, rng, i); ok {
				d := s.ray(i/n, i%n).Mul(z / 1000)
				cloud.XYZ[3*i], cloud.XYZ[3*i+1], cloud.XYZ[3*i+2] = float32(d.X), float32(d.Y), float32(d.Z)
				cloud.Valid[i] = true
			}
		}
	})
	if err != nil {
		return nil, nil, err
	}
	return cloud, s.develop(light, c), nil
}

// develop turns light into an 8-bit image: the lens's blur, exposure, the
// camera's noise and the usual gamma.
func (s *scene) develop(light []colour, c *sensor) *image.NRGBA {
	n := s.size
	img := image.NewNRGBA(image.Rect(0, 0, n, n))
	var source rand.PCG
	rng := rand.New(&source)
	balance := [3]float64{c.warmth, 1, 2 - c.warmth}
	weights := [3]float64{0.15, 0.7, 0.15}
	for y := range n {
		for x := range n {
			var v colour
			for dy := -1; dy <= 1; dy++ {
				row := light[min(max(y+dy, 0), n-1)*n:]
				for dx := -1; dx <= 1; dx++ {
					w := weights[dy+1] * weights[dx+1]
					q := &row[min(max(x+dx, 0), n-1)]
					v[0], v[1], v[2] = v[0]+float64(w*q[0]), v[1]+float64(w*q[1]), v[2]+float64(w*q[2])
				}
			}
			i := y*n + x
			source.Seed(^c.seed, uint64(i))
			for k := range 3 {
				e := float64(255*math.Pow(max(v[k]*c.gain*balance[k], 0), 1/2.2)) + float64(1.3*rng.NormFloat64())
				img.Pix[4*i+k] = uint8(min(max(math.Round(e), 0), 255))
			}
			img.Pix[4*i+3] = 255
		}
	}
	return img
}
