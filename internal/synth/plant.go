package synth

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"

	"github.com/golang/geo/r3"
)

// planted is a flaw that a scan shows.
type planted struct {
	flaw   *flaw
	frame  *frame // the noiseless rendering with it
	at     []int  // the pixels it changes, ascending
	spot   r3.Vector
	normal r3.Vector
}

// errNoPlace says that no spot was found at which a defect shows.
var errNoPlace = errors.New("no place where the defect shows")

// leastPixels is the number of pixels a defect must change in an image of
// size×size pixels.
func leastPixels(size int) int {
	const at224 = 20
	return max(3, at224*size*size/(224*224))
}

// plant draws spots and sizes until the defect shows, and returns the first
// that does.
func (s *scene) plant(ctx context.Context, k kind, sound *frame, c *sensor, rng *rand.Rand, workers int) (*planted, error) {
	const tries = 60
	open := s.open(sound, k.place)
	if len(open) == 0 {
		return nil, errNoPlace
	}
	b := s.body(nil)
	for range tries {
		i := open[rng.IntN(len(open))]
		p := s.point(sound, i)
		n := gradient(s.part.solid, p)
		if k.place == onFace && !s.seen(b, p, n) {
			continue
		}
		fl := k.make(newSpot(s.part, p, n, rng))
		bad, err := s.render(ctx, fl, sound, workers)
		if err != nil {
			return nil, err
		}
		at := s.differences(sound, bad, fl, c.texture)
		if len(at) >= leastPixels(s.size) {
			return &planted{flaw: fl, frame: bad, at: at, spot: p, normal: n}, nil
		}
	}
	return nil, errNoPlace
}

// seen reports whether camera and projector see a point well.
func (s *scene) seen(b *body, p, n r3.Vector) bool {
	const facing = 0.5
	return n.Dot(s.eye.Sub(p).Normalize()) > facing && n.Dot(s.lamp.Sub(p).Normalize()) > facing && s.lit(b, p, n)
}

// open lists the pixels a defect may be put at: for the rim those near the
// table, for a face those a little away from it. Which of these are seen well
// is asked only of the ones that are drawn.
func (s *scene) open(f *frame, where place) []int {
	n := s.size
	margin := max(1, n/64)
	var at []int
	for i, on := range f.onPart {
		if y, x := i/n, i%n; !on || y < margin || x < margin || y >= n-margin || x >= n-margin {
			continue
		}
		inside := f.onPart[i-margin] && f.onPart[i+margin] && f.onPart[i-margin*n] && f.onPart[i+margin*n]
		if where == onBody || inside == (where == onFace) {
			at = append(at, i)
		}
	}
	return at
}

// finding is what truth.json says of one defective scan. Positions are in
// millimetres in the camera's frame unless they say otherwise.
type finding struct {
	Scan    string             `json:"scan"` // "dent/000"
	Defect  string             `json:"defect"`
	ClassID uint8              `json:"class_id"`
	Params  map[string]float64 `json:"parameters"` // what was drawn: millimetres and degrees
	Pixels  int                `json:"pixels"`     // marked in the ground truth
	// SpotPart is the drawn position and NormalPart the surface's normal there,
	// in the part's frame; a bent part is so as a whole, and they mean nothing.
	SpotPart   [3]float64 `json:"spot_part_mm"`
	NormalPart [3]float64 `json:"normal_part"`
	// Centroid is the mean of the marked pixels' points on the defective surface.
	Centroid [3]float64 `json:"centroid_mm"`
	// Area is that of the marked pixels seen along the optical axis: the sum of
	// (z/f)², with z the sound surface's depth.
	Area float64 `json:"area_mm2"`
	// Height is the largest change along the optical axis in the marked pixels,
	// positive towards the camera; 0 for a stain.
	Height float64 `json:"height_mm"`
}

// find measures a planted flaw on the noiseless renderings.
func (s *scene) find(j job, sound *frame, p *planted, id uint8) *finding {
	v := &finding{
		Scan: j.name(), Defect: j.defect, ClassID: id, Params: p.flaw.params, Pixels: len(p.at),
		SpotPart:   [3]float64{micro(p.spot.X), micro(p.spot.Y), micro(p.spot.Z)},
		NormalPart: [3]float64{micro(p.normal.X), micro(p.normal.Y), micro(p.normal.Z)},
	}
	var sum r3.Vector
	for _, i := range p.at {
		sum = move(sum, s.ray(i/s.size, i%s.size), p.frame.depth[i])
		side := sound.depth[i] / s.f
		v.Area += float64(side * side)
		if h := sound.depth[i] - p.frame.depth[i]; math.Abs(h) > math.Abs(v.Height) {
			v.Height = h
		}
	}
	sum = sum.Mul(1 / float64(len(p.at)))
	v.Centroid = [3]float64{micro(sum.X), micro(sum.Y), micro(sum.Z)}
	v.Area, v.Height = micro(v.Area), micro(v.Height)
	for name, x := range v.Params {
		v.Params[name] = micro(x)
	}
	return v
}

// micro rounds to six decimals, for a legible record.
func micro(x float64) float64 { return math.Round(x*1e6) / 1e6 }
